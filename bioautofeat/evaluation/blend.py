"""Weights of a blend, fitted on predictions that no member made for its own training records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import SMALLEST

__all__ = ["MAX_MEMBERS", "blend_classes", "blend_values", "mixture_weights", "pooled", "value_weights"]

Array = NDArray[Any]
MAX_MEMBERS = 8
"""A blend has at most this many members."""

PRUNE = 0.05
"""A member with less weight than this is left out."""


def mixture_weights(own: Array, start: Array | None = None, rounds: int = 60) -> NDArray[np.float64]:
    """Weights of a linear mixture that make the truth most likely, shape ``(members,)``, summing to 1.

    Expectation maximisation: the likelihood is concave in the weights and rises with every round.

    Parameters
    ----------
    own : ndarray, shape (n, members)
        Probability that each member gives to each record's true class.
    """
    own = np.maximum(own, SMALLEST)
    weights = np.full(own.shape[1], 1.0 / own.shape[1]) if start is None else start.copy()
    for _ in range(rounds):
        mixed = own @ weights
        updated = weights * (own / mixed[:, None]).mean(axis=0)
        updated /= updated.sum()
        settled = np.abs(updated - weights).max() < 1e-4
        weights = updated
        if settled:
            break
    return _pruned(weights)


def value_weights(values: Array, truth: Array) -> NDArray[np.float64]:
    """Weights of least squared error, none negative, summing to 1; shape ``(members,)``."""
    from scipy.optimize import nnls

    errors = values - truth[:, None]
    # the sum of squared errors of a mixture is a quadratic form of the members' errors
    gram = errors.T @ errors / max(1, len(truth))
    members = gram.shape[0]
    ridge = 1e-6 * np.trace(gram) / members + 1e-300
    factor = np.linalg.cholesky(gram + ridge * np.eye(members)).T
    heavy = 1e3 * np.sqrt(np.trace(gram) / members + 1e-300)
    weights, _ = nnls(np.vstack([factor, np.full((1, members), heavy)]), np.append(np.zeros(members), heavy))
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


def blend_classes(predictions: Array, truth: Array, rows: Array | None = None) -> NDArray[np.float64]:
    """Weights over all models (most are 0) from their probabilities, shape ``(models, n, classes)``.

    ``rows`` (which may repeat) are those to fit on; all by default.
    """
    rows = np.arange(len(truth)) if rows is None else rows
    own = predictions[:, rows, truth[rows]].T.astype(np.float64)
    loss = -np.log(np.maximum(own, SMALLEST)).mean(axis=0)
    return _over_best(loss, lambda best: mixture_weights(own[:, best]))


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
