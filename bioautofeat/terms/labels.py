"""Labelled training records: their classes, and which table describes a record that was one of them.

A table that has counted a record's own words tells that record's label.  So a training record is described by a table
that has not seen it: the table of all folds but its own (``folds`` of 2 or more), or the whole table less the record
itself (``folds = 0``, leave-one-out, as iLearn does).  A record is taken for a training record when both its id and its
letters are those of one (iLearn goes by the name alone); any other is described by the table of all training records.
Two training records with the same id and the same letters are one in this respect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import LabelError, ModelError
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training

__all__ = ["Classes", "Labelled", "Members", "labelled", "record_keys"]


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes of training records.

    Parameters
    ----------
    names : tuple of str
        By number where all are numbers, else by text; what a column's name may not hold is written ``-``.
    codes : ndarray of int64, shape (n,)
        Place of each record's class in ``names``.

    Examples
    --------
    >>> Classes.of(np.array(["10", "2", "10"]))
    Classes(names=('2', '10'), codes=array([1, 0, 1]))
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, labels: NDArray[Any]) -> Classes:
        """Classes from labels; values (float) are split at their median into ``low`` (the median too) and ``high``.

        Raises
        ------
        LabelError
            Where there are not two classes.
        """
        if labels.dtype.kind == "f":
            names, codes = ["low", "high"], (labels > np.median(labels)).astype(np.int64) if len(labels) else labels
        else:
            texts = np.array([str(label) for label in labels.tolist()], dtype=np.str_)
            distinct, codes = np.unique(texts, return_inverse=True)
            order = _order(distinct)
            names, codes = _column_names(distinct[order].tolist()), np.argsort(order)[codes].astype(np.int64)
        if len(np.unique(codes)) < 2:
            raise LabelError("a descriptor that learns from labels needs records of at least two classes (--labels)")
        return cls(tuple(names), codes)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """How the names of each contrast's columns begin: one contrast for two classes, else each class with the rest."""
        return ("",) if len(self.names) == 2 else tuple(f"{name}." for name in self.names)


def _order(distinct: NDArray[np.str_]) -> NDArray[np.int64]:
    """Order of class names: of their numbers, where all are numbers."""
    try:
        return np.argsort([float(text) for text in distinct.tolist()], kind="stable")
    except ValueError:
        return np.arange(len(distinct))


def _column_names(texts: list[str]) -> list[str]:
    """Texts as columns' names may hold them, distinct."""
    names: list[str] = []
    for text in texts:
        name = re.sub(r"[^A-Za-z0-9_.+-]", "-", text) or "-"
        names.append(name if name not in names else f"{name}.{len(names) + 1}")
    return names


def record_keys(seqs: Sequences, ids: bool = True) -> NDArray[np.uint64]:
    """A number for each record from its letters (and its id), the same wherever the record stands; shape ``(n,)``."""
    letters, bounds = seqs.codes.tobytes(), seqs.offsets.tolist()
    heads = [name.encode() + b"\0" for name in seqs.ids] if ids else [b""] * len(seqs)
    digests = [
        blake2b(head + letters[start:stop], digest_size=8).digest()
        for head, start, stop in zip(heads, bounds[:-1], bounds[1:], strict=True)
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def _folds(seqs: Sequences, codes: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Fold of each record: copies together, classes spread evenly, whatever the order of the records."""
    distinct, inverse = np.unique(record_keys(seqs, ids=False), return_inverse=True)
    lowest = np.full(len(distinct), codes.max())
    np.minimum.at(lowest, inverse, codes)
    rank = np.empty(len(distinct), np.int64)
    rank[np.lexsort((distinct, lowest))] = np.arange(len(distinct))
    return rank[inverse] % folds


@dataclass(frozen=True, eq=False)
class Members:
    """The training records of a fitted term, known by a hash of id and letters, and the table for each.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        In rising order.
    tables : ndarray of int64, shape (n,)
        Number of the table that describes the record; table 0 describes all others.
    """

    keys: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    tables: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        sound = (
            self.keys.dtype == np.uint64 and self.tables.dtype == np.int64
            and self.keys.ndim == 1 and self.keys.shape == self.tables.shape
            and (not len(self.tables) or int(self.tables.min()) >= 0) and bool(np.all(self.keys[:-1] <= self.keys[1:]))
        )  # fmt: skip
        if not sound:
            raise ModelError("the list of training records in the model is damaged")

    @classmethod
    def of(cls, seqs: Sequences, tables: NDArray[np.int64]) -> Members:
        """The members, from training records and the table of each."""
        keys = record_keys(seqs)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], tables[order].astype(np.int64))

    @property
    def highest(self) -> int:
        """The highest number of a table."""
        return int(self.tables.max()) if len(self.tables) else 0

    def ranges(self, seqs: Sequences) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where in ``keys`` the training records that are this record begin and end, shapes ``(n,)``."""
        wanted = record_keys(seqs)
        left = np.searchsorted(self.keys, wanted, side="left")
        return left.astype(np.int64), np.searchsorted(self.keys, wanted, side="right").astype(np.int64)

    def which(self, seqs: Sequences) -> NDArray[np.int64]:
        """Number of the table that describes each record."""
        if not len(self.keys):
            return np.zeros(len(seqs), np.int64)
        wanted = record_keys(seqs)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.tables[place], 0)


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled training records, ready to be counted.

    Parameters
    ----------
    sequences : Sequences
    classes : Classes
    folds : int
        0 for leave-one-out.
    fold : ndarray of int64, shape (n,)
        Fold of each record (0 for leave-one-out).
    """

    sequences: Sequences
    classes: Classes
    folds: int
    fold: NDArray[np.int64]

    @property
    def groups(self) -> NDArray[np.int64]:
        """Fold and class of each record as one number, fold outer."""
        return self.fold * len(self.classes.names) + self.classes.codes

    @property
    def n_groups(self) -> int:
        """Number of folds (at least 1) times classes."""
        return max(1, self.folds) * len(self.classes.names)

    @property
    def n_tables(self) -> int:
        """One table for other records, and one for each fold (for each class, when one is left out)."""
        return 1 + (self.folds or len(self.classes.names))

    def members(self) -> Members:
        """The records with the number of their table: 1 + fold, or 1 + class when one is left out."""
        return Members.of(self.sequences, 1 + (self.fold if self.folds else self.classes.codes))

    def by_table(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """From counts by group (first axis): counts by class of all records, then of all but each fold.

        Returns
        -------
        ndarray, shape (1 + folds, classes, ...)
        """
        by_fold = counts.reshape(max(1, self.folds), len(self.classes.names), *counts.shape[1:])
        whole = by_fold.sum(axis=0, keepdims=True)
        return np.concatenate([whole, whole - by_fold]) if self.folds else whole


def labelled(term: Term, training: Training, folds: int) -> Labelled:
    """The labelled records that a term learns from; :class:`NotFittedError` where there are none."""
    if training.sequences is None or training.labels is None:
        raise term.not_fitted()
    if len(training.labels) != len(training.sequences):
        raise LabelError(f"{len(training.labels)} labels for {len(training.sequences)} training records")
    classes = Classes.of(np.asarray(training.labels))
    fold = _folds(training.sequences, classes.codes, folds) if folds else np.zeros(len(training.sequences), np.int64)
    return Labelled(training.sequences, classes, folds, fold)
