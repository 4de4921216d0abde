"""Predictors that are a linear map of the row, naive Bayes, and the one that does not look at the row at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors._base import Predictor, require
from bioautofeat.models.predictors.links import coupled, linked, sigmoid, softmax

__all__ = ["Constant", "GaussianBayes", "Linear", "Pairs"]


@dataclass(frozen=True, eq=False)
class Linear(Predictor):
    """``link(rows @ weights + intercept)``.

    Parameters
    ----------
    weights : ndarray of float64, shape (columns, scores)
    intercept : ndarray of float64, shape (scores,)
    link : {"identity", "sigmoid", "softmax"}
    """

    kind: ClassVar[str] = "linear"
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    link: str

    def __post_init__(self) -> None:
        require(self.weights.ndim == 2 and self.intercept.shape == self.weights.shape[1:], "linear: shapes differ")
        scores = len(self.intercept)
        known = self.link in ("identity", "sigmoid", "softmax")
        require(known and (scores > 1 if self.link == "softmax" else scores == 1), "linear: link and scores differ")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.weights)

    @property
    def n_classes(self) -> int:
        return {"identity": 0, "sigmoid": 2}.get(self.link, len(self.intercept))

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return linked(rows @ self.weights + self.intercept, self.link)


@dataclass(frozen=True, eq=False)
class Pairs(Predictor):
    """``sigmoid(rows @ weights + intercept)`` is the probability of the first class of each pair; the pairs are coupled.

    Parameters
    ----------
    weights : ndarray of float64, shape (columns, pairs)
    intercept : ndarray of float64, shape (pairs,)
        Pairs in the order (0,1), (0,2), ... (1,2) ...
    classes : int
    """

    kind: ClassVar[str] = "pairs"
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    classes: int

    def __post_init__(self) -> None:
        require(1 < self.classes < 10_000, "pairs: wrong number of classes")
        pairs = self.classes * (self.classes - 1) // 2
        shaped = self.weights.ndim == 2 and self.weights.shape[1] == pairs and self.intercept.shape == (pairs,)
        require(shaped, "pairs: classes and weights differ")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.weights)

    @property
    def n_classes(self) -> int:
        return self.classes

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return coupled(sigmoid(rows @ self.weights + self.intercept), self.classes)


@dataclass(frozen=True, eq=False)
class GaussianBayes(Predictor):
    """Classes as independent normal distributions; ``means`` and ``variances`` of shape ``(classes, columns)``."""

    kind: ClassVar[str] = "gaussian-bayes"
    row_by_row: ClassVar[bool] = True
    means: NDArray[np.float64]
    variances: NDArray[np.float64]
    log_priors: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(self.means.ndim == 2 and self.means.shape == self.variances.shape, "naive Bayes: shapes differ")
        require(self.log_priors.shape == (len(self.means),) and len(self.means) > 1, "naive Bayes: shapes differ")
        require(np.all(self.variances > 0), "naive Bayes: a variance is not positive")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.means.shape[1]

    @property
    def n_classes(self) -> int:
        return len(self.means)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = np.empty((len(rows), self.n_classes))
        for c, (mean, variance) in enumerate(zip(self.means, self.variances, strict=True)):
            constant = self.log_priors[c] - 0.5 * np.sum(np.log(2.0 * np.pi * variance))
            scores[:, c] = constant - 0.5 * np.sum((rows - mean) ** 2 / variance, axis=1)
        return softmax(scores)


@dataclass(frozen=True, eq=False)
class Constant(Predictor):
    """The same answer for every row: class frequencies (shape ``(classes,)``) or one value (shape ``(1,)``)."""

    kind: ClassVar[str] = "constant"
    row_by_row: ClassVar[bool] = True
    values: NDArray[np.float64]
    n_columns: int

    def __post_init__(self) -> None:
        require(self.values.ndim == 1 and len(self.values) > 0 and self.n_columns >= 0, "constant: wrong shape")

    @property
    def n_classes(self) -> int:
        return len(self.values) if len(self.values) > 1 else 0

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(self.values[None, :], len(rows), axis=0)
