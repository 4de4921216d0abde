"""Weights of a blend, fitted on predictions that no member made for its own training records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import SMALLEST

__all__ = ["MAX_MEMBERS", "blend_classes", "blend_values", "log_losses", "mixture_weights", "pooled", "value_weights"]

Array = NDArray[Any]
MAX_MEMBERS = 8
"""A blend has at most this many members."""

PRUNE = 0.05
"""A member with less weight than this is left out."""

EVEN = 0.02
"""Each member counts as having this share of all records to itself beforehand: weights are drawn towards equal ones,
which costs little on the records at hand and gains on new ones."""


def mixture_weights(own: Array, even: float = EVEN, rounds: int = 100) -> NDArray[np.float64]:
    """Weights of a linear mixture that make the truth likely, drawn towards equal ones; shape ``(members,)``, sum 1.

    Expectation maximisation with a Dirichlet prior: the target is concave and rises with every round.

    Parameters
    ----------
    own : ndarray, shape (n, members)
        Probability that each member gives to each record's true class.
    even : float
        Strength of the prior; 0 for the most likely weights.
    """
    own = np.maximum(own, SMALLEST)
    members = own.shape[1]
    weights = np.full(members, 1.0 / members)
    for _ in range(rounds):
        share = weights * (own / (own @ weights)[:, None]).mean(axis=0)
        updated = (share + even) / (1 + members * even)
        settled = np.abs(updated - weights).max() < 1e-4
        weights = updated
        if settled:
            break
    return _pruned(weights)


def value_weights(values: Array, truth: Array, even: float = 5 * EVEN) -> NDArray[np.float64]:
    """Weights of small squared error, none negative, drawn towards equal ones; shape ``(members,)``, sum 1."""
    from scipy.optimize import nnls

    errors = values - truth[:, None]
    # the sum of squared errors of a mixture is a quadratic form of the members' errors
    gram = errors.T @ errors / max(1, len(truth))
    members = gram.shape[0]
    scale = np.trace(gram) / members + 1e-300
    factor = np.linalg.cholesky(gram + 1e-6 * scale * np.eye(members)).T
    drawn, heavy = np.sqrt(even * scale) * np.eye(members), 1e3 * np.sqrt(scale)
    left = np.vstack([factor, drawn, np.full((1, members), heavy)])
    right = np.concatenate([np.zeros(members), drawn.sum(axis=0) / members, [heavy]])
    weights, _ = nnls(left, right)
    return _pruned(weights) if weights.sum() > 0 else np.full(members, 1.0 / members)


def _pruned(weights: Array) -> NDArray[np.float64]:
    kept = np.where(weights >= min(PRUNE, weights.max()), weights, 0.0)
    return np.asarray(kept / kept.sum())


def pooled(predictions: Array, weights: Array) -> NDArray[np.float64]:
    """Weighted mean of the members' predictions (members outer), members without weight not looked at."""
    total = np.zeros(predictions.shape[1:])
    for member in np.flatnonzero(weights):
        total += weights[member] * predictions[member]
    return total


def log_losses(predictions: Array, truth: Array) -> NDArray[np.float64]:
    """Loss of each model on each record, shape ``(models, n)``."""
    own = predictions[:, np.arange(len(truth)), truth].astype(np.float64)
    return -np.log(np.maximum(own, SMALLEST))


def blend_classes(
    predictions: Array, truth: Array, rows: Array | None = None, losses: Array | None = None
) -> NDArray[np.float64]:
    """Weights over all models (most are 0) from their probabilities, shape ``(models, n, classes)``.

    Parameters
    ----------
    predictions : ndarray, shape (models, n, classes)
    truth : ndarray of int, shape (n,)
    rows : ndarray of int, optional
        Rows to fit on (which may repeat); all by default.
    losses : ndarray, shape (models, n), optional
        By which the best models are found, where it is not the log loss of the predictions as they are.
    """
    rows = np.arange(len(truth)) if rows is None else rows
    losses = log_losses(predictions, truth) if losses is None else losses
    own = predictions[:, rows, truth[rows]].T.astype(np.float64)
    return _over_best(losses[:, rows].mean(axis=1), lambda best: mixture_weights(own[:, best]))


def blend_values(predictions: Array, truth: Array, rows: Array | None = None) -> NDArray[np.float64]:
    """Weights over all models (most are 0) from their values, shape ``(models, n)``; ``rows`` as above."""
    rows = np.arange(len(truth)) if rows is None else rows
    values = predictions[:, rows].astype(np.float64)
    loss = ((values - truth[rows]) ** 2).mean(axis=1)
    return _over_best(loss, lambda best: value_weights(values[best].T, truth[rows]))


def _over_best(loss: Array, weigh: Callable[[Array], Array]) -> NDArray[np.float64]:
    """Weights for the models of least loss, zeros for the others."""
    best = np.sort(np.argsort(loss.round(12), kind="stable")[:MAX_MEMBERS])
    weights = np.zeros(len(loss))
    weights[best] = weigh(best)
    return weights
