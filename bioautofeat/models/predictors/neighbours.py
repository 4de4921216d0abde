"""Nearest neighbours: what the training rows nearest to a new one say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors._base import Predictor, require

__all__ = ["NearestColumns", "Neighbours"]


@dataclass(frozen=True, eq=False)
class _Voters(Predictor):
    """The mean of what the ``k`` nearest training rows are, equal ones taken in the order of training.

    Shares of classes are drawn towards the frequencies of the training classes as by one more neighbour, so that no
    class is ruled out by a handful of rows.

    Parameters
    ----------
    targets : ndarray of float64, shape (training,)
        Index of the class, or the value.
    classes : int
        Number of classes; 0 for regression.
    k : int
    weights : str
    """

    keeps_rows: ClassVar[bool] = True
    targets: NDArray[np.float64]
    classes: int
    k: int
    weights: str

    def __post_init__(self) -> None:
        require(self.targets.ndim == 1, "neighbours: wrong shapes")
        require(1 <= self.k <= len(self.targets), "neighbours: k is outside the number of rows")
        require(self.classes == 0 or self.classes > 1, "neighbours: wrong number of classes")
        if self.classes:
            whole = np.all(self.targets == np.floor(self.targets)) and np.all(self.targets >= 0)
            require(bool(whole) and self.targets.max() < self.classes, "neighbours: a class does not exist")

    @property
    def n_classes(self) -> int:
        return self.classes

    @cached_property
    def _frequencies(self) -> NDArray[np.float64]:
        return np.bincount(self.targets.astype(np.int64), minlength=self.classes) / len(self.targets)

    def vote(self, found: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the nearest training rows say, each with its weight, shape ``(n, k)`` each."""
        weights = weights / weights.sum(axis=1, keepdims=True)
        if not self.classes:
            return (weights * self.targets[found]).sum(axis=1, keepdims=True)
        out = np.repeat(self._frequencies[None, :], len(found), axis=0)
        np.add.at(out, (np.arange(len(found))[:, None], self.targets[found].astype(np.int64)), self.k * weights)
        return out / (self.k + 1.0)


@dataclass(frozen=True, eq=False)
class Neighbours(_Voters):
    """The vote of the training rows that are nearest.

    Parameters
    ----------
    targets, classes, k
        As of all voters.
    weights : {"uniform", "distance"}
        ``distance`` weighs a neighbour by ``1 / (d + 0.001 * D)``, D the distance of the farthest of the k.
    rows : ndarray of float32, shape (training, columns)
        For the cosine, rows of length 1.
    metric : {"euclidean", "cosine"}
    """

    kind: ClassVar[str] = "neighbours"
    rows: NDArray[np.float32]
    metric: str

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.rows.ndim == 2 and self.targets.shape == (len(self.rows),), "neighbours: wrong shapes")
        require(self.metric in ("euclidean", "cosine"), "neighbours: unknown metric")
        require(self.weights in ("uniform", "distance"), "neighbours: unknown weights")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.rows.shape[1]

    @cached_property
    def _rows(self) -> NDArray[np.float64]:
        return self.rows.astype(np.float64)

    @cached_property
    def _squares(self) -> NDArray[np.float64]:
        return np.asarray((self._rows * self._rows).sum(axis=1))

    def nearest(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Index and distance of the ``k`` nearest training rows, shape ``(n, k)`` each, the nearest first.

        A matrix product finds a few more than ``k`` candidates; their distances are then computed by differences, so
        that a copy of a training row has the distance 0 and ties are ties.
        """
        rows = prepared(rows, self.metric)
        rough = self._squares - 2.0 * (rows @ self._rows.T)
        wanted = min(self.k + 8, len(self._rows))
        found = np.sort(np.argpartition(rough, wanted - 1, axis=1)[:, :wanted], axis=1)
        exact = np.empty(found.shape)
        for i, row in enumerate(rows):
            exact[i] = np.sqrt(((self._rows[found[i]] - row) ** 2).sum(axis=1))
        order = np.argsort(exact, axis=1, kind="stable")[:, : self.k]
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(exact, order, axis=1)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        found, distances = self.nearest(rows)
        weights = np.ones(distances.shape)
        if self.weights == "distance":
            weights = 1.0 / (distances + 1e-3 * distances[:, -1:] + 1e-12)
        return self.vote(found, weights)


@dataclass(frozen=True, eq=False)
class NearestColumns(_Voters):
    """The vote of the training records whose columns, similarities of a row to each of them, are largest.

    Parameters
    ----------
    targets, classes, k
        As of all voters; one target a column.
    weights : {"uniform", "similarity"}
        ``similarity`` weighs a neighbour by its similarity (one that has none counts next to nothing).
    """

    kind: ClassVar[str] = "nearest-columns"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.weights in ("uniform", "similarity"), "neighbours: unknown weights")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.targets)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        # in single precision, as tables of training rows are kept, so that ties are ties
        near = rows.astype(np.float32).astype(np.float64)
        found = np.argsort(-near, axis=1, kind="stable")[:, : self.k]
        weights = np.ones(found.shape)
        if self.weights == "similarity":
            weights = np.maximum(np.take_along_axis(near, found, axis=1), 1e-6)
        return self.vote(found, weights)


def prepared(rows: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Rows as the metric needs them, rounded to single precision; a row of zeros has no direction and stays zero."""
    if metric == "cosine":
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        rows = rows / np.where(length > 0, length, 1.0)
    return rows.astype(np.float32).astype(np.float64)
