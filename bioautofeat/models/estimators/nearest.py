"""Nearest neighbours with ties broken by the order of training, so that a loaded model gives the same answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat.models.estimators._base import OwnClassifier, OwnRegressor, dense_rows
from bioautofeat.models.predictors.neighbours import Neighbours, prepared

__all__ = ["NearestClassifier", "NearestRegressor"]


class NearestClassifier(OwnClassifier):
    """Shares of the classes among the nearest training rows.

    Parameters
    ----------
    k : int
        Number of neighbours (all rows where there are fewer).
    metric : {"euclidean", "cosine"}
    weights : {"uniform", "distance"}
    """

    def __init__(self, k: int = 5, metric: str = "euclidean", weights: str = "uniform") -> None:
        self.k = k
        self.metric = metric
        self.weights = weights

    def fit(self, rows: Any, y: Any) -> NearestClassifier:
        """Keep the rows and their classes."""
        rows, codes = self._encoded(rows, y)
        kept = prepared(dense_rows(rows), self.metric).astype(np.float32)
        k, classes = min(self.k, len(kept)), len(self.classes_)
        self.predictor_ = Neighbours(codes.astype(np.float64), classes, k, self.weights, kept, self.metric)
        return self


class NearestRegressor(OwnRegressor):
    """Mean value of the nearest training rows; parameters as in :class:`NearestClassifier`."""

    def __init__(self, k: int = 5, metric: str = "euclidean", weights: str = "uniform") -> None:
        self.k = k
        self.metric = metric
        self.weights = weights

    def fit(self, rows: Any, y: Any) -> NearestRegressor:
        """Keep the rows and their values."""
        rows, y = self._checked(rows, y)
        kept = prepared(dense_rows(rows), self.metric).astype(np.float32)
        self.predictor_ = Neighbours(y, 0, min(self.k, len(kept)), self.weights, kept, self.metric)
        return self
