"""Small closed-form models that tell how much a few plain features know: discriminant analysis and ridge regression.

They serve audits, where a fit must take milliseconds and no library needs to be loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import fit_decision

__all__ = ["probe_classes", "probe_values"]

Array = NDArray[Any]
SHRINKAGE = 0.05
"""Share of the identity in the pooled covariance of standardised features."""


def probe_classes(features: Array, truth: Array, folds: Array, n_classes: int) -> tuple[Array, Array]:
    """Out-of-fold probabilities and classes of a linear discriminant analysis.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    truth : ndarray of int, shape (n,)
    folds : ndarray of int, shape (n,)
        Each fold is predicted by a model of the others; the rule from probabilities to classes (for Matthews'
        correlation) is chosen on those others, too.

    Returns
    -------
    probabilities : ndarray, shape (n, n_classes)
    classes : ndarray of int, shape (n,)
    """
    probabilities = np.zeros((len(truth), n_classes))
    classes = np.zeros(len(truth), np.int64)
    for fold in np.unique(folds):
        held, kept = folds == fold, folds != fold
        x, spread = _standardised(features, kept)
        own = _discriminant(x[kept] / spread, truth[kept], x / spread, n_classes)
        probabilities[held] = own[held]
        classes[held] = fit_decision(own[kept], truth[kept], "mcc").apply(own[held])
    return probabilities, classes


def probe_values(features: Array, truth: Array, folds: Array) -> NDArray[np.float64]:
    """Out-of-fold values of a ridge regression, shape ``(n,)``."""
    values = np.zeros(len(truth))
    for fold in np.unique(folds):
        held, kept = folds == fold, folds != fold
        x, spread = _standardised(features, kept)
        x = x / spread
        gram = x[kept].T @ x[kept] / kept.sum() + SHRINKAGE * np.eye(x.shape[1])
        centre = truth[kept].mean()
        slope = np.linalg.solve(gram, x[kept].T @ (truth[kept] - centre) / kept.sum())
        values[held] = centre + x[held] @ slope
    return values


def _standardised(features: Array, kept: Array) -> tuple[Array, Array]:
    """Features less their mean over the kept rows, and their standard deviations there (1 for constant ones)."""
    x = features - features[kept].mean(axis=0)
    spread = x[kept].std(axis=0)
    return x, np.where(spread > 1e-12, spread, 1.0)


def _discriminant(known: Array, truth: Array, wanted: Array, n_classes: int) -> NDArray[np.float64]:
    """Posterior probabilities under normal classes of one covariance."""
    counts = np.bincount(truth, minlength=n_classes)
    totals = np.zeros((n_classes, known.shape[1]))
    np.add.at(totals, truth, known)
    means = totals / np.maximum(counts, 1)[:, None]
    inner = known - means[truth]
    covariance = (1 - SHRINKAGE) * inner.T @ inner / len(truth) + SHRINKAGE * np.eye(known.shape[1])
    weights = np.linalg.solve(covariance, means.T)
    prior = np.log(np.maximum(counts, 1e-9) / len(truth))
    logits = wanted @ weights - 0.5 * (means * weights.T).sum(axis=1) + prior
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
