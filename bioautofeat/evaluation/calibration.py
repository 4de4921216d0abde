"""From scores to probabilities that mean what they say, from probabilities to classes, from errors to intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import get_metric, mcc_of

__all__ = ["Calibration", "Decision", "fit_calibration", "fit_decision", "interval_offsets", "normalise"]

Array = NDArray[Any]
SMALLEST = 1e-6
"""Probabilities count as at least this much."""


def normalise(probabilities: Array) -> NDArray[np.float64]:
    """Rows as float64, at least ``SMALLEST`` everywhere, summing to 1."""
    clipped = np.maximum(np.asarray(probabilities, np.float64), SMALLEST)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Calibration:
    """Probabilities to the power ``exponent``, times ``exp(bias)`` for each class, made to sum to 1.

    Parameters
    ----------
    exponent : float
        Below 1 for a model that is too sure of itself, above 1 for one that is too shy.
    bias : tuple of float
        One number a class; empty where all are 0.
    """

    exponent: float = 1.0
    bias: tuple[float, ...] = ()

    def apply(self, probabilities: Array) -> NDArray[np.float64]:
        """Calibrated probabilities, shape ``(n, classes)``."""
        logits = self.exponent * np.log(normalise(probabilities))
        return _softmax(logits + np.array(self.bias) if self.bias else logits)


def _softmax(logits: Array) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_calibration(probabilities: Array, truth: Array, prior: float = 2.0, max_biased: int = 2) -> Calibration:
    """The calibration of least log loss on held-out predictions, drawn a little towards "no change".

    Newton's method on a convex loss.  ``prior`` is the weight, in records, that holds the parameters back;
    with more than ``max_biased`` classes there is no bias, one exponent alone.
    """
    logits = np.log(normalise(probabilities))
    n_classes = logits.shape[1]
    n_biases = n_classes if n_classes <= max_biased else 0
    # one design vector a class: its logit, then an indicator of the class
    design = np.zeros((*logits.shape, 1 + n_biases))
    design[:, :, 0] = logits
    for c in range(n_biases):
        design[:, c, 1 + c] = 1.0
    centre = np.zeros(1 + n_biases)
    centre[0] = 1.0
    theta = _newton(design, truth, centre, prior)
    return Calibration(float(max(theta[0], 0.05)), tuple(float(b) for b in theta[1:]))


def _newton(design: Array, truth: Array, centre: Array, prior: float) -> NDArray[np.float64]:
    """Parameters of least penalised log loss; a step that makes it worse is halved."""

    def loss(theta: Array) -> float:
        logits = design @ theta
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[np.arange(len(truth)), truth] - np.log(np.exp(logits).sum(axis=1))
        return float(-own.sum() + prior / 2 * ((theta - centre) ** 2).sum())

    theta, current = centre.copy(), loss(centre)
    for _ in range(30):
        probabilities = _softmax(design @ theta)
        expected = np.einsum("nc,ncp->np", probabilities, design)
        gradient = (expected - design[np.arange(len(truth)), truth]).sum(axis=0) + prior * (theta - centre)
        second = np.einsum("nc,ncp,ncq->pq", probabilities, design, design, optimize=True)
        step = np.linalg.solve(second - expected.T @ expected + prior * np.eye(len(theta)), gradient)
        size = 1.0
        while size > 1e-4 and loss(theta - size * step) > current:
            size /= 2
        if size <= 1e-4:
            break
        theta = theta - size * step
        before, current = current, loss(theta)
        if before - current < 1e-9 * max(1.0, abs(current)):
            break
    return theta


@dataclass(frozen=True)
class Decision:
    """Which class a record is given: the one whose probability times its multiplier is largest.

    Parameters
    ----------
    multipliers : tuple of float
        One number a class; all equal for "the most probable class".
    """

    multipliers: tuple[float, ...]

    def apply(self, probabilities: Array) -> NDArray[np.int64]:
        """Code of the class of each record, shape ``(n,)``."""
        return np.asarray((np.asarray(probabilities) * np.array(self.multipliers)).argmax(axis=1))


def fit_decision(probabilities: Array, truth: Array, metric: str) -> Decision:
    """The decision rule that does best by a metric on held-out predictions.

    Two classes: a threshold, at the top of a smoothed curve (the raw top is mostly luck).  More: the classes'
    shares to a common power between 0 (the most probable class) and -1 (all classes alike).  Metrics that see
    probabilities, and accuracy, take the most probable class.
    """
    n_classes = probabilities.shape[1]
    plain = Decision((1.0,) * n_classes)
    if metric not in ("mcc", "f1_macro", "balanced_acc") or len(truth) < 8:
        return plain
    if n_classes == 2:
        threshold = _best_threshold(np.asarray(probabilities)[:, 1], truth == 1, metric)
        return Decision((threshold, 1.0 - threshold))
    share = np.maximum(np.bincount(truth, minlength=n_classes), 1) / len(truth)
    measure = get_metric(metric, "classification").measure
    powers = np.arange(0, 11) / 10
    rules = [Decision(tuple(float(m) for m in share**-power)) for power in powers]
    values = np.array([measure(truth, rule.apply(probabilities)) for rule in rules])
    padded = np.concatenate([values[:1], values, values[-1:]])
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return rules[int(np.argmax(smooth.round(12)))]


def _best_threshold(positive_share: Array, positive: NDArray[np.bool_], metric: str) -> float:
    """Threshold on the second class's probability at the top of the smoothed curve of a metric."""
    order = np.argsort(-positive_share, kind="stable")
    scores, hits = positive_share[order], positive[order]
    n, n_positive = len(hits), int(hits.sum())
    if n_positive in (0, n):
        return 0.5
    true_positive = np.concatenate([[0], np.cumsum(hits)])
    called = np.arange(n + 1)
    counts = np.empty((n + 1, 2, 2))
    counts[:, 1, 1], counts[:, 1, 0] = true_positive, n_positive - true_positive
    counts[:, 0, 1] = called - true_positive
    counts[:, 0, 0] = (n - n_positive) - counts[:, 0, 1]
    values = _threshold_metric(counts, metric)
    half = int(np.ceil(np.sqrt(n) / 2))
    kernel = np.concatenate([np.arange(1, half + 2), np.arange(half, 0, -1)]).astype(np.float64)
    padded = np.pad(values, half, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    # a cut between equal scores cannot be made
    possible = np.concatenate([[True], scores[1:] < scores[:-1], [True]])
    best = smooth[possible].max()
    at = np.flatnonzero(possible & (smooth >= best - 1e-12))
    cut = int(at[len(at) // 2])
    above = scores[cut - 1] if cut > 0 else 1.0
    below = scores[cut] if cut < n else 0.0
    return float(np.clip((above + below) / 2, 0.005, 0.995))


def _threshold_metric(counts: Array, metric: str) -> NDArray[np.float64]:
    """A metric of two-class confusion matrices, shape ``(cuts, 2, 2)``."""
    if metric == "mcc":
        return mcc_of(counts)
    hits = np.diagonal(counts, axis1=1, axis2=2)
    true, predicted = counts.sum(axis=2), counts.sum(axis=1)
    if metric == "balanced_acc":
        return np.asarray((hits / np.maximum(true, 1)).mean(axis=1))
    return np.asarray((2 * hits / np.maximum(true + predicted, 1)).mean(axis=1))


def interval_offsets(truth: Array, predicted: Array, coverage: float = 0.9) -> tuple[float, float]:
    """What to add to a predicted value for an interval that holds ``coverage`` of new records.

    Split conformal prediction on held-out errors (Lei et al. 2018, JASA 113:1094), each tail by itself, with
    the correction for the number of records.
    """
    errors = np.sort(truth - predicted)
    n, tail = len(errors), (1 - coverage) / 2
    low = int(np.floor(tail * (n + 1))) - 1
    high = int(np.ceil((1 - tail) * (n + 1))) - 1
    return float(errors[max(low, 0)]), float(errors[min(high, n - 1)])
