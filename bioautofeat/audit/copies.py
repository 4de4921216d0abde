"""The same sequence twice: within a part, under two labels, in the training and the test part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import NUCLEIC
from bioautofeat.evaluation.splits import keys_of_sequences
from bioautofeat.sequences import Sequences

__all__ = ["conflicting_rows", "identical_groups", "in_training", "n_repeats", "reversed_in_training"]

Array = NDArray[Any]


def identical_groups(keys: Array) -> NDArray[np.int64]:
    """Number of the sequence of each record; equal keys, equal numbers."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def n_repeats(keys: Array) -> int:
    """Number of records whose sequence an earlier record has."""
    return len(keys) - len(np.unique(keys))


def conflicting_rows(keys: Array, labels: Sequence[str | None]) -> list[NDArray[np.int64]]:
    """Rows of each sequence that stands under two labels or more, in order of first rows; rows without a label are left out."""
    known = np.array([i for i, label in enumerate(labels) if label is not None], np.int64)
    if not len(known):
        return []
    _, code = np.unique(np.array([labels[i] for i in known]), return_inverse=True)
    _, sequence = np.unique(keys[known], return_inverse=True)
    lowest = np.full(sequence.max() + 1, len(known))
    highest = np.full(sequence.max() + 1, -1)
    np.minimum.at(lowest, sequence, code)
    np.maximum.at(highest, sequence, code)
    rows = known[(lowest < highest)[sequence]]
    chosen = sequence[(lowest < highest)[sequence]]
    found = [rows[chosen == name] for name in np.unique(chosen)]
    return sorted(found, key=lambda part: int(part[0]))


def in_training(training_keys: Array, test_keys: Array) -> NDArray[np.bool_]:
    """Which test records have a sequence that stands in the training part."""
    return np.isin(test_keys, training_keys)


def reversed_in_training(training_keys: Array, test: Sequences, exact: Array) -> NDArray[np.bool_]:
    """Which test records, exact copies left out, have a reverse complement that stands in the training part."""
    if test.alphabet not in NUCLEIC or not len(test):
        return np.zeros(len(test), bool)
    return np.isin(keys_of_sequences(test.reverse_complement()), training_keys) & ~exact
