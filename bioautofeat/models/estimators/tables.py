"""Models on a table of similarities, one column for each training row: support vector machines, nearest neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVR

from bioautofeat.errors import TableError
from bioautofeat.models.estimators._base import OwnClassifier, OwnRegressor, dense_rows
from bioautofeat.models.estimators.machines import PairMachine, pair_sigmoids
from bioautofeat.models.estimators.sigmoids import inner_folds
from bioautofeat.models.predictors.linear import Linear, Pairs
from bioautofeat.models.predictors.neighbours import NearestColumns

__all__ = ["TableMachine", "TableNearestClassifier", "TableNearestRegressor", "TableRegressor"]

UNEQUAL = 1e-4
"""How much two cells may differ that should be the same kernel: tables are kept in single precision."""


def _kernel(rows: Any, name: str) -> NDArray[np.float64]:
    """The training rows as a kernel matrix; :class:`TableError`, for the model of that name, where they are none."""
    kernel = dense_rows(rows)
    n, width = kernel.shape
    if n != width:
        raise TableError(
            f"{name} takes a table with one column for each training row, as string_kernel makes it for its own training "
            f"records; {n} rows and {width} columns are given: use another model, or string_kernel alone"
        )
    if np.abs(kernel - kernel.T).max(initial=0.0) > UNEQUAL * max(1.0, float(np.abs(kernel).max(initial=0.0))):
        raise TableError(
            f"{name} takes similarities of the training rows to each other, in one order; this table is not symmetric: "
            "use another model, or string_kernel alone, fitted on these rows"
        )
    return (kernel + kernel.T) / 2.0


class TableMachine(OwnClassifier):
    """Support vector classifier on similarities to the training rows, calibrated as the radial one is.

    Parameters
    ----------
    c : float
        Cost of an error.
    weighting : {"none", "balanced"}
    folds : int
    random_state : int
        Order of the rows in the folds of the calibration.
    """

    def __init__(self, c: float = 1.0, weighting: str = "none", folds: int = 5, random_state: int = 0) -> None:
        self.c = c
        self.weighting = weighting
        self.folds = folds
        self.random_state = random_state

    def fit(self, rows: Any, y: Any, groups: Any = None) -> TableMachine:
        """Fit on a kernel matrix and the rows' classes; ``groups`` keeps related rows in one calibration fold."""
        rows, codes = self._encoded(rows, y)
        kernel = _kernel(rows, "kernel_svm")
        machine = PairMachine(kernel, codes, self.c, self.weighting)
        folds = inner_folds(codes, None if groups is None else np.asarray(groups), self.folds, self.random_state)
        slopes, offsets = pair_sigmoids(kernel, codes, machine, folds)
        weights = machine.columns(len(codes)) * slopes
        self.predictor_ = Pairs(
            np.ascontiguousarray(weights), slopes * machine.intercept + offsets, len(self.classes_)
        )  # fmt: skip
        return self


class TableRegressor(OwnRegressor):
    """Support vector regression on similarities to the training rows, on standardised values.

    Parameters
    ----------
    c : float
        Cost of an error.
    epsilon : float
        Errors below it cost nothing, in standard deviations of the values.
    """

    def __init__(self, c: float = 1.0, epsilon: float = 0.1) -> None:
        self.c = c
        self.epsilon = epsilon

    def fit(self, rows: Any, y: Any) -> TableRegressor:
        """Fit on a kernel matrix and the rows' values."""
        rows, y = self._checked(rows, y)
        kernel, centre, spread = _kernel(rows, "kernel_svm"), float(y.mean()), float(y.std()) or 1.0
        machine = SVR(C=self.c, kernel="precomputed", epsilon=self.epsilon).fit(kernel, (y - centre) / spread)
        weights = np.zeros((len(y), 1))
        weights[machine.support_, 0] = spread * machine.dual_coef_[0]
        self.predictor_ = Linear(weights, spread * np.asarray(machine.intercept_, np.float64) + centre, "identity")
        return self


class TableNearestClassifier(OwnClassifier):
    """Shares of the classes among the training records that are most similar.

    Parameters
    ----------
    k : int
        Number of neighbours (all records where there are fewer).
    weights : {"uniform", "similarity"}
    """

    def __init__(self, k: int = 5, weights: str = "uniform") -> None:
        self.k = k
        self.weights = weights

    def fit(self, rows: Any, y: Any) -> TableNearestClassifier:
        """Keep the classes of the records that the columns stand for."""
        rows, codes = self._encoded(rows, y)
        k = min(self.k, len(_kernel(rows, "kernel_knn")))
        self.predictor_ = NearestColumns(codes.astype(np.float64), len(self.classes_), k, self.weights)
        return self


class TableNearestRegressor(OwnRegressor):
    """Mean value of the training records that are most similar; parameters as in :class:`TableNearestClassifier`."""

    def __init__(self, k: int = 5, weights: str = "uniform") -> None:
        self.k = k
        self.weights = weights

    def fit(self, rows: Any, y: Any) -> TableNearestRegressor:
        """Keep the values of the records that the columns stand for."""
        rows, y = self._checked(rows, y)
        k = min(self.k, len(_kernel(rows, "kernel_knn")))
        self.predictor_ = NearestColumns(np.asarray(y, np.float64), 0, k, self.weights)
        return self
