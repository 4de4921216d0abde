"""Probabilities from decision values that the model gave for rows it had not seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors.links import sigmoid, softmax

__all__ = ["fit_scaling", "fit_sigmoid", "inner_folds"]


def inner_folds(
    codes: NDArray[np.int64], groups: NDArray[Any] | None, folds: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training and held-out rows of stratified folds, related rows (equal groups) together; none for tiny classes."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    smallest = int(np.bincount(codes).min())
    if groups is not None:
        smallest = min(smallest, min(len(np.unique(groups[codes == c])) for c in np.unique(codes)))
    folds = min(folds, smallest)
    if folds < 2:
        return iter(())
    splitter = (StratifiedKFold if groups is None else StratifiedGroupKFold)(folds, shuffle=True, random_state=seed)
    return splitter.split(np.zeros((len(codes), 1)), codes, groups)


def fit_sigmoid(
    decisions: NDArray[np.float64], positive: NDArray[np.bool_], weights: NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """Slope and offset of ``sigmoid(slope * decision + offset)``: Platt 1999, by the method of Lin 2007, Mach Learn 68:267.

    Targets are drawn in by one case each, so that a perfect separation keeps finite slopes.  Without ``weights`` the
    cases count alike, and the probabilities follow the classes' frequencies.
    """
    each = np.ones(len(decisions)) if weights is None else weights
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return 1.0, float(np.log((n_positive + 1.0) / (n_negative + 1.0)))
    wanted = np.where(positive, (n_positive + 1.0) / (n_positive + 2.0), 1.0 / (n_negative + 2.0))
    point = np.array([0.0, np.log((n_positive + 1.0) / (n_negative + 1.0))])

    def loss(at: NDArray[np.float64]) -> float:
        z = at[0] * decisions + at[1]
        return float(np.sum(each * (np.logaddexp(0.0, z) - wanted * z)))

    value = loss(point)
    for _ in range(100):
        p = sigmoid(point[0] * decisions + point[1])
        excess = each * (p - wanted)
        gradient = np.array([np.sum(excess * decisions), np.sum(excess)])
        if np.abs(gradient).max() < 1e-5:
            break
        w = each * p * (1.0 - p)
        cross = np.sum(w * decisions)
        hessian = np.array([[np.sum(w * decisions**2) + 1e-12, cross], [cross, np.sum(w) + 1e-12]])
        step, size = np.linalg.solve(hessian, gradient), 1.0
        while size > 1e-10 and loss(point - size * step) > value - 1e-4 * size * float(gradient @ step):
            size /= 2.0
        if size <= 1e-10:
            break
        point = point - size * step
        value = loss(point)
    return float(point[0]), float(point[1])


def fit_scaling(
    scores: NDArray[np.float64], codes: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> tuple[float, NDArray[np.float64]]:
    """Slope and shifts of ``softmax(slope * scores + shift)`` with the least (weighted) log-loss; shifts stay near zero."""
    from scipy.optimize import minimize

    n, n_classes = scores.shape
    each = np.ones(n) if weights is None else weights
    hit = np.eye(n_classes)[codes]
    scale = max(1e-12, float(scores.std()))

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        p = softmax(at[0] / scale * scores + at[1:])
        value = -np.sum(each * np.log(np.maximum(p[np.arange(n), codes], 1e-300))) + 0.5 * np.sum(at[1:] ** 2)
        excess = each[:, None] * (p - hit)
        return float(value), np.append(np.sum(excess * scores) / scale, excess.sum(axis=0) + at[1:])

    found = minimize(loss, np.append(1.0, np.zeros(n_classes)), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return float(max(found.x[0], 1e-3) / scale), np.asarray(found.x[1:], np.float64)
