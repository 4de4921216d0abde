"""Weights of a blend, fitted on predictions that no member made for its own training records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import SMALLEST

__all__ = [
    "MAX_MEMBERS",
    "blend_classes",
    "blend_values",
    "log_losses",
    "log_pool_classes",
    "log_weights",
    "mixture_weights",
    "pooled",
    "value_weights",
]

Array = NDArray[Any]
MAX_MEMBERS = 8
"""A blend has at most this many members."""

POOL = 24
"""They are found among this many models: the best of each kind, then the best of all."""

LOG_POOL = 12
"""A logarithmic pool is found among so many."""

MOST_LOGS = 4_000_000
"""Numbers that the weights of one are fitted on."""

LEAST = 1e-3
"""Weight in a logarithmic pool of the one member that has to be there."""

OF_EACH_KIND = 3

PRUNE = 0.05
"""A member with less weight than this is left out."""

OWN_RECORDS = 1.0
"""Each member counts as having so many records to itself beforehand, which draws weights towards equal ones: more than that
was worse on held-out halves of fifteen data sets, none at all was worse on the smallest."""

EVEN_VALUES = 0.01
"""The same for values, as a share of the members' mean squared error."""


def mixture_weights(own: Array, even: float | None = None, rounds: int = 100) -> NDArray[np.float64]:
    """Weights of a linear mixture that make the truth likely, drawn towards equal ones; shape ``(members,)``, sum 1.

    Expectation maximisation with a Dirichlet prior: the target is concave and rises with every round.

    Parameters
    ----------
    own : ndarray, shape (n, members)
        Probability that each member gives to each record's true class.
    even : float, optional
        Strength of the prior, as a share of the records; 0 for the most likely weights.
    """
    own = np.maximum(own, SMALLEST)
    even = OWN_RECORDS / max(1, len(own)) if even is None else even
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


def value_weights(values: Array, truth: Array, even: float = EVEN_VALUES) -> NDArray[np.float64]:
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
    predictions: Array, truth: Array, rows: Array | None = None, losses: Array | None = None, kinds: Array | None = None
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
    kinds : ndarray of int, shape (models,), optional
        Kind of each model: unlike models lift each other, so some of each are looked at.
    """
    rows = np.arange(len(truth)) if rows is None else rows
    losses = log_losses(predictions, truth) if losses is None else losses
    pool = _pool(losses[:, rows].mean(axis=1), kinds)
    own = predictions[pool[:, None], rows, truth[rows]].T.astype(np.float64)
    return _over_pool(len(predictions), pool, lambda some: mixture_weights(own[:, some]))


def log_pool_classes(
    predictions: Array, truth: Array, rows: Array | None = None, losses: Array | None = None, kinds: Array | None = None
) -> NDArray[np.float64]:
    """As :func:`blend_classes`, for a logarithmic pool: weights need not sum to 1."""
    rows = np.arange(len(truth)) if rows is None else rows
    losses = log_losses(predictions, truth) if losses is None else losses
    pool = _pool(losses[:, rows].mean(axis=1), kinds, LOG_POOL)
    rows = rows[:: max(1, len(pool) * len(rows) * predictions.shape[2] // MOST_LOGS)]
    logs = np.log(np.maximum(predictions[pool[:, None], rows], SMALLEST)).astype(np.float64)
    return _over_pool(len(predictions), pool, lambda some: log_weights(logs[some], truth[rows]))


def log_weights(logs: Array, truth: Array, hold: float = 1.0) -> NDArray[np.float64]:
    """Weights of a logarithmic pool that make the truth likely, none negative; shape ``(members,)``.

    Parameters
    ----------
    logs : ndarray, shape (members, n, classes)
        Logarithms of the members' probabilities.
    truth : ndarray of int, shape (n,)
    hold : float
        Weight, in records, that draws each one towards ``1 / members``.
    """
    from scipy.optimize import minimize

    members, places = len(logs), np.arange(len(truth))
    centre = np.full(members, 1.0 / members)
    own = logs[:, places, truth]

    def target(weights: Array) -> tuple[float, Array]:
        scores = np.einsum("m,mnc->nc", weights, logs)
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        total = raised.sum(axis=1)
        value = np.log(total).sum() - scores[places, truth].sum()
        expected = np.einsum("mnc,nc->m", logs, raised / total[:, None])
        away = weights - centre
        return float(value + hold / 2 * (away @ away)), expected - own.sum(axis=1) + hold * away

    found = minimize(target, centre, jac=True, bounds=[(0.0, None)] * members, method="L-BFGS-B")
    weights = np.asarray(found.x)
    if weights.max() <= 0.0:
        # no member knows anything: the one of least loss stands for them, hardly heard
        weights[np.argmax(own.sum(axis=1))] = LEAST
    return np.where(weights >= min(PRUNE, weights.max()), weights, 0.0)


def blend_values(
    predictions: Array, truth: Array, rows: Array | None = None, kinds: Array | None = None
) -> NDArray[np.float64]:
    """Weights over all models (most are 0) from their values, shape ``(models, n)``; the rest as above."""
    rows = np.arange(len(truth)) if rows is None else rows
    values = predictions[:, rows].astype(np.float64)
    pool = _pool(((values - truth[rows]) ** 2).mean(axis=1), kinds)
    return _over_pool(len(predictions), pool, lambda some: value_weights(values[pool[some]].T, truth[rows]))


def _pool(loss: Array, kinds: Array | None, size: int = POOL) -> NDArray[np.int64]:
    """Places of the models worth a look, in order: the best of each kind, then the best of all."""
    order = np.argsort(loss.round(12), kind="stable")
    if kinds is None or len(order) <= size:
        return np.sort(order[:size])
    of_kind = kinds[order]
    earlier = np.array([int((of_kind[:i] == kind).sum()) for i, kind in enumerate(of_kind.tolist())])
    first = order[earlier < OF_EACH_KIND][: size * 3 // 4]
    rest = order[~np.isin(order, first)]
    return np.sort(np.concatenate([first, rest[: size - len(first)]]))


def _over_pool(n_models: int, pool: Array, weigh: Callable[[Array], Array]) -> NDArray[np.float64]:
    """Weights of the models of a pool, at most ``MAX_MEMBERS`` of them above zero; zeros for the others."""
    found = weigh(np.arange(len(pool)))
    members = np.sort(np.argsort(-found, kind="stable")[:MAX_MEMBERS])
    members = members[found[members] > 0]
    weights = np.zeros(n_models)
    weights[pool[members]] = found[members] if len(members) == (found > 0).sum() else weigh(members)
    return weights
