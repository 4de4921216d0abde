"""The audit itself: what was found, as numbers for a machine and as arrays for the fit that follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit import copies, shortcuts, words
from bioautofeat.audit.novelty import novelty_auc
from bioautofeat.audit.part import Part, class_codes, label_values
from bioautofeat.evaluation.splits import keys_of_sequences
from bioautofeat.sequences import Sequences

__all__ = ["APART", "Audit", "TestAudit", "audit"]

Array = NDArray[Any]
APART = 0.65
"""From which AUC on a test part is called another kind of data than the training part."""


@dataclass(frozen=True)
class TestAudit:
    """What is wrong with a test part, beside its training part.

    Parameters
    ----------
    exact, reverse_complement, near : ndarray of bool, shape (n,)
        Test records whose sequence, whose other strand, half of whose words stand in the training part; an
        exact copy is near, too.
    conflicting : ndarray of bool, shape (n,)
        Exact copies with a label that no training record of that sequence has.
    shift_auc : float
        How well training and test records are told apart; .5 for not at all.
    novelty_auc : float, optional
        Chance that a test record that is no copy is less related to the training part than its records are to each
        other (:mod:`bioautofeat.audit.novelty`); .5 for as much.  None where it was not looked for, or cannot be told.
    same_ids : int
        Identifiers that stand in both parts.
    copies : tuple of (str, str)
        Some exact copies: id in the test part, id in the training part.
    """

    __test__ = False  # a class of the audit, not of a test suite

    exact: NDArray[np.bool_]
    reverse_complement: NDArray[np.bool_]
    near: NDArray[np.bool_]
    conflicting: NDArray[np.bool_]
    shift_auc: float
    novelty_auc: float | None
    same_ids: int
    copies: tuple[tuple[str, str], ...]

    @property
    def clean(self) -> NDArray[np.bool_]:
        """Test records that are no copy of any kind."""
        return ~(self.exact | self.reverse_complement | self.near)

    def as_dict(self) -> dict[str, Any]:
        """The counts, as ``audit.json`` holds them."""
        counts = {
            name: int(getattr(self, name).sum()) for name in ("exact", "reverse_complement", "near", "conflicting")
        }
        apart = {"shift_auc": self.shift_auc, "novelty_auc": self.novelty_auc}
        return {
            "records": len(self.exact), **counts, "clean": int(self.clean.sum()), "same_ids": self.same_ids, **apart
        }  # fmt: skip


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Parameters
    ----------
    records : int
    letters : mapping of str to int
        Letters of the training part; ``other`` counts those outside the alphabet.
    lengths : mapping of str to number
    classes : mapping
        Records of each class, or ``min``, ``median`` and ``max`` under regression; empty without labels.
    duplicates : int
        Training records whose sequence an earlier one has.
    conflicts : int
        Distinct sequences under two labels, training and test records together.
    conflict_ids : tuple of tuple of str
        Identifiers of some of them.
    group : ndarray of int, shape (n,)
        Group of related training records.
    identical : ndarray of int, shape (n,)
        Number of each training record's sequence.
    keys : ndarray of uint64, shape (n,)
    shortcuts : mapping
    test : TestAudit, optional
    """

    records: int
    letters: Mapping[str, int]
    lengths: Mapping[str, float]
    classes: Mapping[str, Any]
    duplicates: int
    conflicts: int
    conflict_ids: tuple[tuple[str, ...], ...]
    group: NDArray[np.int64]
    identical: NDArray[np.int64]
    keys: NDArray[np.uint64]
    shortcuts: Mapping[str, Mapping[str, float]]
    test: TestAudit | None = None

    @property
    def group_sizes(self) -> NDArray[np.int64]:
        """Records of each group."""
        return np.bincount(self.group)

    def as_dict(self) -> dict[str, Any]:
        """The audit as ``audit.json`` and ``check --format json`` hold it."""
        sizes = self.group_sizes
        return {
            "records": self.records,
            "letters": dict(self.letters),
            "lengths": dict(self.lengths),
            "classes": dict(self.classes),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "conflict_ids": [list(ids) for ids in self.conflict_ids],
            "groups": int((sizes > 1).sum()),
            "group_sizes": {
                "all_groups": len(sizes),
                "records_in_groups": int(sizes[sizes > 1].sum()),
                "largest": int(sizes.max(initial=0)),
            },
            "shortcuts": {name: dict(values) for name, values in self.shortcuts.items()},
            "test": None if self.test is None else self.test.as_dict(),
        }


def audit(training: Part, test: Part | None = None, *, task: str = "classification", relations: bool = True) -> Audit:
    """Look the data over.

    Parameters
    ----------
    training, test : Part
        Labels may be missing.
    task : {"classification", "regression"}
        Under regression a sequence with two values is no conflict.
    relations : bool
        Search near copies and groups; without it only identical sequences are found.

    Notes
    -----
    Time and memory grow with the number of letters, not with the number of pairs; see
    :mod:`bioautofeat.audit.words` for what is approximate above 8 million words.
    """
    seqs = training.sequences
    keys = keys_of_sequences(seqs)
    identical = copies.identical_groups(keys)
    group = words.related_groups(seqs) if relations else identical
    group = words.join_pairs(group, np.arange(len(group)), _first_of(identical)) if relations else group
    clashes = [] if task == "regression" else _conflicts(training, test, keys)
    return Audit(
        records=len(training),
        letters=_letters(seqs),
        lengths=_lengths(seqs),
        classes=_classes(training, task),
        duplicates=copies.n_repeats(keys),
        conflicts=len(clashes),
        conflict_ids=tuple(clashes[:20]),
        group=np.unique(group, return_inverse=True)[1].astype(np.int64),
        identical=identical,
        keys=keys,
        shortcuts=_shortcuts(training, task, group, keys),
        test=None if test is None else _test_part(training, test, keys, task, group if relations else None),
    )


def _first_of(numbers: Array) -> NDArray[np.int64]:
    """Row of the first record with the same number."""
    return np.unique(numbers, return_index=True)[1][numbers].astype(np.int64)


def _letters(seqs: Sequences) -> dict[str, int]:
    counts = np.bincount(seqs.codes[seqs.offsets[0] : seqs.offsets[-1]], minlength=seqs.alphabet.size + 1)
    names = [*seqs.alphabet.symbols, "other"]
    return {name: int(count) for name, count in zip(names, counts, strict=True)}


def _lengths(seqs: Sequences) -> dict[str, float]:
    lengths = seqs.lengths
    if not len(lengths):
        return {"min": 0, "median": 0, "mean": 0, "max": 0}
    return {
        "min": int(lengths.min()),
        "median": float(np.median(lengths)),
        "mean": float(lengths.mean()),
        "max": int(lengths.max()),
    }


def _classes(training: Part, task: str) -> dict[str, Any]:
    if not training.labels:
        return {}
    if task == "regression":
        values = label_values(training.require_labels(), training.sequences.ids, training.origin)
        return {"min": float(values.min()), "median": float(np.median(values)), "max": float(values.max())}
    return dict(sorted(Counter(str(label) for label in training.labels if label is not None).items()))


def _conflicts(training: Part, test: Part | None, keys: Array) -> list[tuple[str, ...]]:
    """Identifiers of the records of each sequence under two labels."""
    labels, ids = list(training.labels or [None] * len(training)), list(training.sequences.ids)
    if test is not None:
        keys = np.concatenate([keys, keys_of_sequences(test.sequences)])
        labels += test.labels or [None] * len(test)
        ids += test.sequences.ids
    return [tuple(ids[i] for i in rows[:10]) for rows in copies.conflicting_rows(keys, labels)]


def _shortcuts(training: Part, task: str, group: Array, keys: Array) -> dict[str, dict[str, float]]:
    known = np.array([i for i, label in enumerate(training.labels) if label is not None], np.int64)
    labels = [str(training.labels[i]) for i in known]
    if len(known) < 10 or len(set(labels)) < 2:
        return {}
    part = training.sequences.take(known)
    if task == "regression":
        return shortcuts.shortcuts(part, label_values(labels, part.ids, training.origin), group[known], keys[known], 0)
    classes = sorted(set(labels))
    return shortcuts.shortcuts(part, class_codes(labels, classes), group[known], keys[known], len(classes))


def _test_part(training: Part, test: Part, keys: Array, task: str, group: Array | None) -> TestAudit:
    """The test part beside the training part; without groups, relations are not looked for."""
    test_keys = keys_of_sequences(test.sequences)
    exact = copies.in_training(keys, test_keys)
    first = {key: row for row, key in reversed(list(enumerate(keys.tolist())))} if exact.any() else {}
    examples = np.flatnonzero(exact)[:20]
    turned = copies.reversed_in_training(keys, test.sequences, exact)
    near = exact if group is None else words.near_copies(training.sequences, test.sequences) | exact
    new = np.flatnonzero(~(near | turned))
    return TestAudit(
        exact=exact,
        reverse_complement=turned,
        near=near,
        conflicting=_contradicted(training, test, keys, test_keys)
        if task == "classification"
        else np.zeros(len(test), bool),
        shift_auc=shortcuts.shift_auc(training.sequences, test.sequences, keys, test_keys),
        novelty_auc=None
        if group is None
        else novelty_auc(training.sequences, test.sequences.take(new), group, keys, test_keys[new]),
        same_ids=len(set(training.sequences.ids) & set(test.sequences.ids)),
        copies=tuple(
            (test.sequences.ids[i], training.sequences.ids[first[int(test_keys[i])]]) for i in examples.tolist()
        ),
    )


def _contradicted(training: Part, test: Part, keys: Array, test_keys: Array) -> NDArray[np.bool_]:
    """Test records whose label no training record of the same sequence has."""
    found = np.zeros(len(test), bool)
    if not training.labels or not test.labels:
        return found
    labels: dict[int, set[str]] = {}
    for key, label in zip(keys.tolist(), training.labels, strict=True):
        if label is not None:
            labels.setdefault(key, set()).add(label)
    for i, (key, own) in enumerate(zip(test_keys.tolist(), test.labels, strict=True)):
        found[i] = own is not None and key in labels and own not in labels[key]
    return found
