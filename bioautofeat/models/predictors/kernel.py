"""Kernel machines with the radial kernel ``exp(-gamma * |x - y|^2)``: support vectors, landmarks.

Rows are rounded to single precision before anything else, when fitted as when predicted: so vectors are kept in half
the space and the numbers stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors._base import Predictor, Transform, require
from bioautofeat.models.predictors.links import coupled, sigmoid

__all__ = ["KernelClassifier", "KernelMap", "KernelRegressor", "pair_decisions", "radial"]


def rounded(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows in single precision, as double-precision numbers."""
    return rows.astype(np.float32).astype(np.float64)


def radial(rows: NDArray[np.float64], vectors: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """The kernel of each row with each vector, shape ``(rows, vectors)``."""
    kernel = rows @ vectors.T
    kernel *= -2.0
    kernel += (rows * rows).sum(axis=1)[:, None]
    kernel += (vectors * vectors).sum(axis=1)[None, :]
    np.maximum(kernel, 0.0, out=kernel)
    kernel *= -gamma
    return np.exp(kernel, out=kernel)


def pair_decisions(
    kernel: NDArray[np.float64], dual: NDArray[np.float64], counts: NDArray[np.int64], intercept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Decision value of every pair of classes, shape ``(rows, pairs)``; above zero speaks for the first of the pair.

    Parameters
    ----------
    kernel : ndarray, shape (rows, vectors)
        Vectors sorted by class.
    dual : ndarray, shape (classes - 1, vectors)
        Coefficients of a vector in the machines of its class against each other class, in order.
    counts : ndarray of int64, shape (classes,)
        Number of vectors of each class.
    intercept : ndarray, shape (pairs,)
    """
    ends = np.cumsum(counts)
    share = [kernel[:, end - n : end] @ dual[:, end - n : end].T for n, end in zip(counts, ends, strict=True)]
    first, second = np.triu_indices(len(counts), 1)
    decisions = [share[i][:, j - 1] + share[j][:, i] for i, j in zip(first, second, strict=True)]
    return np.column_stack(decisions) + intercept


@dataclass(frozen=True, eq=False)
class KernelClassifier(Predictor):
    """A support vector machine, one against one; probabilities by a sigmoid for each pair, coupled.

    Parameters
    ----------
    vectors : ndarray of float32, shape (vectors, columns)
    dual : ndarray of float64, shape (classes - 1, vectors)
    counts : ndarray of int64, shape (classes,)
    intercept, slopes, offsets : ndarray of float64, shape (pairs,)
        ``sigmoid(slope * decision + offset)`` is the probability of the first class of a pair.
    gamma : float
    """

    kind: ClassVar[str] = "kernel-classifier"
    keeps_rows: ClassVar[bool] = True
    vectors: NDArray[np.float32]
    dual: NDArray[np.float64]
    counts: NDArray[np.int64]
    intercept: NDArray[np.float64]
    slopes: NDArray[np.float64]
    offsets: NDArray[np.float64]
    gamma: float

    def __post_init__(self) -> None:
        k = len(self.counts) if self.counts.ndim == 1 else 0
        require(k > 1 and np.all(self.counts >= 0) and self.vectors.ndim == 2, "kernel machine: wrong shapes")
        require(self.counts.sum() == len(self.vectors), "kernel machine: vectors and classes differ")
        require(self.dual.shape == (k - 1, len(self.vectors)), "kernel machine: vectors and coefficients differ")
        pairs = (k * (k - 1) // 2,)
        require(
            {self.intercept.shape, self.slopes.shape, self.offsets.shape} == {pairs}, "kernel machine: pairs differ"
        )

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.vectors.shape[1]

    @property
    def n_classes(self) -> int:
        return len(self.counts)

    @cached_property
    def _vectors(self) -> NDArray[np.float64]:
        return self.vectors.astype(np.float64)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        kernel = radial(rounded(rows), self._vectors, self.gamma)
        decisions = pair_decisions(kernel, self.dual, self.counts, self.intercept)
        return coupled(sigmoid(self.slopes * decisions + self.offsets), self.n_classes)


@dataclass(frozen=True, eq=False)
class KernelRegressor(Predictor):
    """Support vector regression, ``centre + spread * (kernel @ dual + intercept)``.

    Parameters
    ----------
    vectors : ndarray of float32, shape (vectors, columns)
    dual : ndarray of float64, shape (vectors,)
    intercept, gamma, centre, spread : float
    """

    kind: ClassVar[str] = "kernel-regressor"
    keeps_rows: ClassVar[bool] = True
    vectors: NDArray[np.float32]
    dual: NDArray[np.float64]
    intercept: float
    gamma: float
    centre: float
    spread: float

    def __post_init__(self) -> None:
        require(self.vectors.ndim == 2 and self.dual.shape == (len(self.vectors),), "kernel machine: wrong shapes")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.vectors.shape[1]

    @property
    def n_classes(self) -> int:
        return 0

    @cached_property
    def _vectors(self) -> NDArray[np.float64]:
        return self.vectors.astype(np.float64)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = radial(rounded(rows), self._vectors, self.gamma) @ self.dual[:, None] + self.intercept
        return self.centre + self.spread * scores


@dataclass(frozen=True, eq=False)
class KernelMap(Transform):
    """Kernels with a few landmarks, made orthogonal: the Nystroem map.

    Parameters
    ----------
    landmarks : ndarray of float32, shape (landmarks, columns)
    mixing : ndarray of float64, shape (landmarks, width)
    gamma : float
    """

    kind: ClassVar[str] = "kernel-map"
    keeps_rows: ClassVar[bool] = True
    landmarks: NDArray[np.float32]
    mixing: NDArray[np.float64]
    gamma: float

    def __post_init__(self) -> None:
        sound = self.landmarks.ndim == 2 and self.mixing.ndim == 2 and len(self.mixing) == len(self.landmarks)
        require(sound, "kernel map: wrong shapes")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.landmarks.shape[1]

    @property
    def width(self) -> int:
        return self.mixing.shape[1]

    @cached_property
    def _landmarks(self) -> NDArray[np.float64]:
        return self.landmarks.astype(np.float64)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return radial(rounded(rows), self._landmarks, self.gamma) @ self.mixing
