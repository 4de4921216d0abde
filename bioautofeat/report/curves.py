"""The numbers behind the drawings: curves over all thresholds, calibration, coverage of intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import interval_offsets

__all__ = [
    "Bins",
    "average_precision",
    "calibration_bins",
    "calibration_error",
    "coverage_of_folds",
    "pr_points",
    "roc_points",
    "thinned",
    "wilson",
]

Array = NDArray[Any]
Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def _cumulated(hits: Array, scores: Array) -> tuple[Array, Array]:
    """Records called so far, and hits among them, at each distinct threshold from the highest down."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] < ordered[:-1], True))
    return last + 1, np.cumsum(hits[order])[last]


def roc_points(hits: Array, scores: Array) -> Points:
    """False and true positive rate at each threshold, from (0, 0) to (1, 1).

    Parameters
    ----------
    hits : ndarray of bool, shape (n,)
        Records of the class, of which there is at least one, as there is of the others.
    scores : ndarray, shape (n,)
    """
    called, found = _cumulated(hits, scores)
    true = np.concatenate([[0.0], found / hits.sum()])
    false = np.concatenate([[0.0], (called - found) / (~hits).sum()])
    return false, true


def pr_points(hits: Array, scores: Array) -> Points:
    """Recall and precision at each threshold, from the highest threshold down (Davis and Goadrich 2006, ICML 23:233)."""
    called, found = _cumulated(hits, scores)
    return found / hits.sum(), found / called


def average_precision(recall: Array, precision: Array) -> float:
    """Area under the steps of a precision-recall curve."""
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def thinned(x: Array, y: Array, most: int = 250) -> Points:
    """A curve of at most so many points, its ends kept."""
    if len(x) <= most:
        return np.asarray(x, np.float64), np.asarray(y, np.float64)
    kept = np.unique(np.linspace(0, len(x) - 1, most).astype(int))
    return np.asarray(x[kept], np.float64), np.asarray(y[kept], np.float64)


def wilson(hits: Array, n: Array) -> Points:
    """Bounds of the 95 % interval of a share (Wilson 1927, J Am Stat Assoc 22:209)."""
    z = 1.959964
    n = np.maximum(n, 1)
    share = hits / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


@dataclass(frozen=True, eq=False)
class Bins:
    """Records sorted by what was promised, in bins of equal size; arrays of shape ``(bins,)``.

    Parameters
    ----------
    promised, kept : ndarray of float64
        Mean probability, and share of records for which it came true.
    low, high : ndarray of float64
        95 % interval of that share.
    n : ndarray of int64
    """

    promised: NDArray[np.float64]
    kept: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: NDArray[np.int64]


def calibration_bins(hits: Array, promised: Array, n_bins: int = 10) -> Bins:
    """How often what a probability promises comes true; equal probabilities stay in one bin."""
    edges = np.quantile(promised, np.linspace(0, 1, n_bins + 1)[1:-1])
    place = np.searchsorted(np.unique(edges), promised, side="left")
    n = np.bincount(place)
    used = n > 0
    right = np.bincount(place, weights=hits)[used]
    mean = np.bincount(place, weights=promised)[used] / n[used]
    low, high = wilson(right, n[used])
    return Bins(mean, right / n[used], low, high, n[used].astype(np.int64))


def calibration_error(bins: Bins) -> float:
    """Mean distance between what was promised and what was kept, weighted by records."""
    return float((np.abs(bins.promised - bins.kept) * bins.n).sum() / max(1, bins.n.sum()))


def coverage_of_folds(truth: Array, predicted: Array, folds: Array, level: float) -> NDArray[np.bool_]:
    """Whether each value lies in its interval, the interval's width being learnt on the other folds' errors.

    With a single fold there are no others, and the interval is learnt on the records themselves.
    """
    inside = np.zeros(len(truth), bool)
    for fold in np.unique(folds):
        own = folds == fold
        others = ~own if not own.all() else own
        low, high = interval_offsets(truth[others], predicted[others], level)
        error = truth[own] - predicted[own]
        inside[own] = (error >= low) & (error <= high)
    return inside
