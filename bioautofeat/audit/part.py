"""Records with their labels: what an audit, a fit and an evaluation start from."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import BioautofeatWarning, LabelError
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

__all__ = ["Part", "check_classes", "class_codes", "label_numbers", "label_values"]


@dataclass(frozen=True)
class Part:
    """A part of the data.

    Parameters
    ----------
    sequences : Sequences
    labels : tuple of (str or None)
        One a record; empty where no labels are known.
    file : str
        The sequence file as the user named it.
    label_source : str
        Where the labels come from, for messages.
    features : FeatureTable, optional
        Columns made elsewhere, one row a record in the same order.
    """

    sequences: Sequences
    labels: tuple[str | None, ...] = ()
    file: str = "input"
    label_source: str = ""
    features: FeatureTable | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def origin(self) -> str:
        """The file to name when a label is wrong."""
        return self.label_source if self.label_source not in ("", "header") else self.file

    def require_labels(self) -> list[str]:
        """The labels, every one of them; :class:`LabelError` naming a record without."""
        if not self.labels:
            raise LabelError(
                f"{self.file}: no labels; give --labels header, --labels FILE (columns id, label), or CLASS=FILE inputs"
            )
        missing = [i for i, label in enumerate(self.labels) if label is None]
        if missing:
            raise LabelError(
                f"{self.origin}: {len(missing)} of {len(self)} records have no label, e.g. {self.sequences.ids[missing[0]]!r}; "
                "add rows for them or remove the records"
            )
        return [str(label) for label in self.labels]


def class_codes(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Place of each label among the classes."""
    place = {name: code for code, name in enumerate(classes)}
    return np.array([place[label] for label in labels], np.int64)


def label_numbers(labels: Sequence[str], ids: Sequence[str], origin: str) -> NDArray[np.float64]:
    """Labels as finite numbers; :class:`LabelError` naming the first record whose label is none."""
    values = np.empty(len(labels))
    for i, label in enumerate(labels):
        number = _number(label)
        if number is None or not math.isfinite(number):
            raise LabelError(
                f"{origin}: the label of {ids[i]!r} is {label!r}, not a finite number, as regression needs"
            )
        values[i] = number
    return values


def label_values(labels: Sequence[str], ids: Sequence[str], origin: str) -> NDArray[np.float64]:
    """As :func:`label_numbers`, of records that a model can be trained on: enough of them, and not all of one value."""
    values = label_numbers(labels, ids, origin)
    if len(values) < 5 or values.min() == values.max():
        what = f"only {len(values)} records" if len(values) < 5 else f"every label is {labels[0]}"
        raise LabelError(f"{origin}: {what}; regression needs at least 5 records and values that differ")
    return values


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None


def check_classes(labels: Sequence[str], origin: str) -> tuple[str, ...]:
    """The classes, sorted, of labels that a classifier can be trained and judged on.

    Raises
    ------
    LabelError
        For numbers with many values, a single class, a class with one record, as many classes as records.
    """
    counts = Counter(labels)
    numbers = [_number(label) for label in counts]
    if all(number is not None for number in numbers):
        whole = all(float(number).is_integer() for number in numbers if number is not None and math.isfinite(number))
        if len(counts) > (50 if whole else 10) or (len(counts) > 10 and len(counts) > len(labels) / 3):
            raise LabelError(
                f"{origin}: {len(counts)} different numbers as labels: they look continuous; use --task regression, "
                "or write classes as words"
            )
    classes = tuple(sorted(counts))
    if len(classes) < 2:
        raise LabelError(f"{origin}: every record has the class {classes[0]!r}; at least two classes are needed")
    rare = min(classes, key=lambda name: (counts[name], name))
    if len(classes) > len(labels) / 2:
        raise LabelError(
            f"{origin}: {len(classes)} classes for {len(labels)} records (class {rare!r} has {counts[rare]}); "
            "a class needs at least 2 records"
        )
    if counts[rare] < 2:
        raise LabelError(
            f"{origin}: class {rare!r} has {counts[rare]} record; it cannot be in a training and a test part: "
            "add records of it, or remove it"
        )
    return classes


def warn_of_rare(labels: Sequence[str], n_folds: int, wanted: int, origin: str) -> None:
    """One warning where classes are too small for the folds wanted, or very uneven."""
    counts = Counter(labels)
    rare = min(counts, key=lambda name: (counts[name], name))
    common = max(counts, key=lambda name: (counts[name], name))
    if n_folds < wanted:
        warnings.warn(
            f"{origin}: class {rare!r} has only {counts[rare]} records in separate groups; {n_folds} folds instead of {wanted}"
            f"{f' ({len(counts)} classes)' if len(counts) > 10 else ''}",
            BioautofeatWarning,
            stacklevel=2,
        )
    elif counts[common] >= 5 * counts[rare]:
        warnings.warn(
            f"{origin}: the classes are uneven: {counts[rare]} records of {rare!r}, {counts[common]} of {common!r}",
            BioautofeatWarning,
            stacklevel=2,
        )
