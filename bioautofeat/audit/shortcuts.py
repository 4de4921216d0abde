"""What too little information tells already: classes from length or composition alone, training from test records."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.evaluation.probe import probe_classes, probe_values
from bioautofeat.evaluation.splits import split_groups, strata_of_values
from bioautofeat.sequences import Sequences

__all__ = ["composition", "length_features", "shift_auc", "shortcuts", "table_shift_auc"]

Array = NDArray[Any]
MOST_RECORDS = 20_000
"""Shortcuts and shifts are judged on at most this many records of each part, drawn by the records' own keys."""

MOST_PRODUCTS = 2e9
"""Products of two cells of a row, over all rows, up to which a shift of tables is judged: a few seconds."""


def composition(seqs: Sequences, k: int = 1) -> NDArray[np.float64]:
    """Share of each word of ``k`` letters among the known ones, shape ``(n, size ** k)``; zeros where there is none."""
    size = seqs.alphabet.size
    letters = seqs.codes[seqs.offsets[0] : seqs.offsets[-1]].astype(np.int64)
    record = np.repeat(np.arange(len(seqs)), seqs.lengths)
    n = max(0, len(letters) - k + 1)
    word, whole = np.zeros(n, np.int64), record[:n] == record[k - 1 :][:n]
    for step in range(k):
        word = word * size + letters[step : step + n]
        whole = whole & (letters[step : step + n] < size)
    counts = np.bincount(record[:n][whole] * size**k + word[whole], minlength=len(seqs) * size**k)
    counts = counts.reshape(len(seqs), size**k).astype(np.float64)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def length_features(lengths: Array, n_bins: int = 10) -> NDArray[np.float64]:
    """The logarithm of each length, and in which tenth of all lengths it lies; shape ``(n, 1 + bins)``."""
    edges = np.unique(np.quantile(lengths, np.arange(1, n_bins) / n_bins))
    bins = np.searchsorted(edges, lengths, side="left")
    one_hot = np.zeros((len(lengths), len(edges) + 1))
    one_hot[np.arange(len(lengths)), bins] = 1.0
    return np.column_stack([np.log(np.maximum(lengths, 1)), one_hot])


def _sample(keys: Array, most: int) -> NDArray[np.int64]:
    """Rows of the smallest keys: a random part that does not depend on the order of the rows."""
    if len(keys) <= most:
        return np.arange(len(keys))
    return np.sort(np.argsort(keys, kind="stable")[:most])


def _folds(strata: Array, groups: Array, keys: Array) -> NDArray[np.int64] | None:
    """Five folds, fewer where there are few groups; None where there are not two."""
    n_folds = min(5, len(np.unique(groups)))
    return split_groups(strata, groups, n_folds, keys) if n_folds >= 2 else None


def shortcuts(seqs: Sequences, truth: Array, groups: Array, keys: Array, n_classes: int) -> dict[str, dict[str, float]]:
    """How well the length alone, and the composition of single letters alone, tell the label, out of fold.

    Parameters
    ----------
    seqs : Sequences
    truth : ndarray, shape (n,)
        Codes of classes, or values (``n_classes`` 0).
    groups : ndarray of int, shape (n,)
    keys : ndarray of uint64, shape (n,)
    n_classes : int

    Returns
    -------
    dict
        ``{"length": {...}, "composition": {...}}`` with ``auc`` and ``mcc``, or ``r2`` and ``spearman``.
    """
    rows = _sample(keys, MOST_RECORDS)
    part, truth, groups, keys = seqs.take(rows), truth[rows], groups[rows], keys[rows]
    folds = _folds(truth if n_classes else strata_of_values(truth), groups, keys)
    if folds is None:
        return {}
    found = {}
    for name, features in (("length", length_features(part.lengths)), ("composition", composition(part))):
        if n_classes:
            probabilities, classes = probe_classes(features, truth, folds, n_classes)
            found[name] = {
                "auc": METRICS["auc"].measure(truth, probabilities),
                "mcc": METRICS["mcc"].measure(truth, classes),
            }
        else:
            values = probe_values(features, truth, folds)
            found[name] = {measure: METRICS[measure].measure(truth, values) for measure in ("r2", "spearman")}
    return found


def shift_auc(training: Sequences, test: Sequences, training_keys: Array, test_keys: Array) -> float:
    """AUC, out of fold, of telling training from test records by words of up to three letters (proteins: one) and length.

    .5 where the two parts are alike; equal sequences of both parts stay in one fold.
    """
    rows, other = _sample(training_keys, MOST_RECORDS), _sample(test_keys, MOST_RECORDS)
    both = Sequences.concatenate([training.take(rows), test.take(other)])
    keys = np.concatenate([training_keys[rows], test_keys[other]])
    part = np.repeat([0, 1], [len(rows), len(other)])
    words = range(1, 4 if both.alphabet.size == 4 else 2)
    return _told_apart(
        np.column_stack([length_features(both.lengths), *(composition(both, k) for k in words)]), part, keys
    )


def table_shift_auc(training: Array, test: Array, training_keys: Array, test_keys: Array) -> float | None:
    """As :func:`shift_auc`, of the rows of two tables of the same columns, by all of them; None where that would take long.

    Missing values count as the mean of their column.
    """
    rows, other = _sample(training_keys, MOST_RECORDS), _sample(test_keys, MOST_RECORDS)
    if float(len(rows) + len(other)) * training.shape[1] ** 2 > MOST_PRODUCTS:
        return None
    both = np.concatenate([training[rows], test[other]])
    missing = np.isnan(both)
    means = np.where(missing, 0.0, both).sum(axis=0) / np.maximum((~missing).sum(axis=0), 1)
    keys = np.concatenate([training_keys[rows], test_keys[other]])
    return _told_apart(np.where(missing, means, both), np.repeat([0, 1], [len(rows), len(other)]), keys)


def _told_apart(features: Array, part: Array, keys: Array) -> float:
    """AUC, out of fold, of telling the records of the parts 0 and 1 from each other; .5 for fewer than five of one."""
    folds = _folds(part, np.unique(keys, return_inverse=True)[1], keys)
    if folds is None or np.bincount(part, minlength=2).min() < 5:
        return 0.5
    probabilities, _ = probe_classes(features, part, folds, 2)
    return METRICS["auc"].measure(part, probabilities)
