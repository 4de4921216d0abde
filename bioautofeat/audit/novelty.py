"""How new test records are, beside how new the records of one fold are to the other folds.

An out-of-fold estimate is of records that are related to the training part as its folds are to each other.  A test part
that was split off by families, or comes from other species, is further away, and its score lower than the estimate.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit.words import CODE_BITS, Words, kept_share, n_windows, words_of
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.evaluation.splits import split_groups
from bioautofeat.sequences import Sequences

__all__ = ["N_FOLDS", "novelty_auc", "telling_length"]

Array = NDArray[Any]
N_FOLDS = 5
FEWEST = 5
"""Records of each part, and groups, below which nothing is said."""

CHANCE = 0.01
"""Words are so long that an unrelated record's word stands somewhere in the training part no more often than this."""


def telling_length(training: Sequences) -> int:
    """Letters of a word that is found in the training part by chance at most once in a hundred times."""
    size, windows = training.alphabet.size, max(1, n_windows(training, 1))
    most = int(CODE_BITS / math.log2(size))
    return min(most, math.ceil(math.log(windows / CHANCE, size)))


def novelty_auc(
    training: Sequences, test: Sequences, groups: Array, training_keys: Array, test_keys: Array
) -> float | None:
    """Chance that a test record shares fewer of its words with other folds than a training record does; .5: as many.

    None where there are too few records to tell.

    The training part is dealt into five folds by groups.  A training record is asked how many of its words stand in the
    other folds, a test record the same of all folds but one, which its key names; a tie counts half.

    Parameters
    ----------
    training, test : Sequences
        The test records without copies of training records.
    groups : ndarray of int, shape (n,)
        Related training records, which are no help to each other.
    training_keys, test_keys : ndarray of uint64
        Numbers that belong to the sequences.
    """
    if min(len(training), len(test), len(np.unique(groups))) < FEWEST:
        return None
    length = telling_length(training)
    rate = kept_share(length, training, test)
    fold = split_groups(np.zeros(len(training), np.int64), groups, N_FOLDS, training_keys)
    words = words_of(training, length, rate=rate)
    index = _Index(words, fold)
    known = index.shares(words, fold, index.places)
    other = words_of(test, length, rate=rate)
    new = index.shares(other, (test_keys % N_FOLDS).astype(np.int64), index.find(other.codes))
    shares = np.concatenate([new, known])
    return METRICS["auc"].measure(np.repeat([0, 1], [len(new), len(known)]), np.column_stack([-shares, shares]))


class _Index:
    """The different words of the training part, each with the lowest and the highest fold it stands in.

    Parameters
    ----------
    words : Words
    fold : ndarray of int
        Of each record.

    Attributes
    ----------
    places : ndarray of int
        Of each of those words among the different ones.
    """

    def __init__(self, words: Words, fold: Array) -> None:
        order = np.argsort(words.codes, kind="stable")
        codes, folds = words.codes[order], fold[words.records[order]]
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        self.codes = codes[starts]
        self.lowest = np.minimum.reduceat(folds, starts) if len(starts) else folds
        self.highest = np.maximum.reduceat(folds, starts) if len(starts) else folds
        self.places = np.empty(len(order), np.int64)
        self.places[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))

    def find(self, codes: Array) -> NDArray[np.int64]:
        """Place of each word; -1 where it is not in the training part."""
        if not len(self.codes):
            return np.full(len(codes), -1)
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[place] == codes, place, -1)

    def shares(self, words: Words, own: Array, places: Array) -> NDArray[np.float64]:
        """Share of each record's words that stand in a fold other than its own; 0 for a record without words."""
        known = np.flatnonzero(places >= 0)
        place, record = places[known], words.records[known]
        elsewhere = (self.lowest[place] != own[record]) | (self.highest[place] != own[record])
        hits = np.bincount(record[elsewhere], minlength=len(words.sizes))
        return np.asarray(hits / np.maximum(words.sizes, 1))
