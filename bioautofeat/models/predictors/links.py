"""From scores to probabilities: sigmoid, softmax, recalibration, coupling of pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["coupled", "linked", "log_pooled", "moved", "sigmoid", "softmax"]


def sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """``1 / (1 + exp(-scores))`` without overflow."""
    from scipy.special import expit

    found: NDArray[np.float64] = expit(scores)
    return found


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exponentials of scores, each row divided by its sum."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def linked(scores: NDArray[np.float64], link: str) -> NDArray[np.float64]:
    """Scores as values (``identity``), as the probabilities of two classes (``sigmoid``) or of more (``softmax``)."""
    if link == "identity":
        return scores
    if link == "softmax":
        return softmax(scores)
    second = sigmoid(scores[:, 0])
    return np.column_stack([1.0 - second, second])


def moved(probabilities: NDArray[np.float64], slope: float, shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """``softmax(slope * log(p) + shift)``, probabilities below 1e-6 counted as that (no number of records shows less)."""
    return softmax(slope * np.log(np.maximum(probabilities, 1e-6)) + shift)


def log_pooled(tables: Iterable[NDArray[np.float64]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """``softmax(sum(weight * log(p)))`` over tables of probabilities, those below 1e-6 counted as that."""
    scores: NDArray[np.float64] | None = None
    for weight, table in zip(weights.tolist(), tables, strict=True):
        term = weight * np.log(np.maximum(np.asarray(table, np.float64), 1e-6))
        scores = term if scores is None else scores + term
    assert scores is not None
    return softmax(scores)


def coupled(pairs: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Probabilities of classes from those of pairs: Wu, Lin and Weng 2004, J Mach Learn Res 5:975, second approach.

    Parameters
    ----------
    pairs : ndarray of float64, shape (n, n_classes * (n_classes - 1) / 2)
        Probability of the first class of each pair (0,1), (0,2), ... (1,2) ...

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        The solution of ``min p'Qp`` with ``sum p = 1``, found by its linear system of n_classes + 1 equations.
    """
    first, second = np.triu_indices(n_classes, 1)
    likely = np.clip(pairs, 1e-7, 1.0 - 1e-7)
    if n_classes == 2:
        return np.column_stack([likely[:, 0], 1.0 - likely[:, 0]])
    r = np.zeros((len(pairs), n_classes, n_classes))
    r[:, first, second], r[:, second, first] = likely, 1.0 - likely
    system = np.ones((len(pairs), n_classes + 1, n_classes + 1))
    system[:, :-1, :-1] = -r * r.transpose(0, 2, 1)
    diagonal = np.arange(n_classes)
    system[:, diagonal, diagonal] = (r**2).sum(axis=1)
    system[:, -1, -1] = 0.0
    right = np.zeros((len(pairs), n_classes + 1, 1))
    right[:, -1] = 1.0
    found = np.maximum(np.linalg.solve(system, right)[:, :-1, 0], 0.0)
    total: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
    return total
