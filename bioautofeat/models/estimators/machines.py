"""Support vector machines whose probabilities are calibrated on rows held out, at the cost of one kernel matrix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.utils.validation import check_is_fitted, validate_data

from bioautofeat.models.estimators._base import OwnClassifier, OwnRegressor, class_weights, dense_rows
from bioautofeat.models.estimators.sigmoids import fit_scaling, fit_sigmoid, inner_folds
from bioautofeat.models.predictors import kernel as kernels
from bioautofeat.models.predictors.linear import Linear

__all__ = ["LandmarkMap", "LinearMachine", "PairMachine", "RadialMachine", "RadialRegressor", "pair_sigmoids"]

Array = NDArray[Any]


def _gamma(rows: NDArray[np.float64], width: float) -> float:
    """``width`` divided by the number of columns and the variance of the table."""
    variance = float(rows.var())
    return width / (rows.shape[1] * (variance if variance > 0 else 1.0))


class PairMachine:
    """A machine fitted on some rows of a kernel matrix: support, coefficients, intercepts; classes all present."""

    def __init__(self, kernel: NDArray[np.float64], codes: NDArray[np.int64], c: float, weighting: str) -> None:
        self.c, self.weighting = c, weighting
        machine = SVC(C=c, kernel="precomputed", class_weight=None if weighting == "none" else weighting)
        machine.fit(kernel, codes)
        sign = -1.0 if len(machine.classes_) == 2 else 1.0  # scikit-learn turns the two-class machine round
        self.support = machine.support_.astype(np.int64)
        self.dual = sign * np.asarray(machine.dual_coef_, np.float64)
        self.counts = machine.n_support_.astype(np.int64)
        self.intercept = sign * np.asarray(machine.intercept_, np.float64)

    def decisions(self, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        """Decision values of all pairs for rows of kernels with every training row."""
        return kernels.pair_decisions(kernel[:, self.support], self.dual, self.counts, self.intercept)

    def columns(self, n: int) -> NDArray[np.float64]:
        """The coefficients as weights of the kernels with all ``n`` training rows, shape ``(n, pairs)``."""
        pairs = np.stack(np.triu_indices(len(self.counts), 1), axis=1).tolist()
        class_of = np.repeat(np.arange(len(self.counts)), self.counts)
        weights = np.zeros((n, len(pairs)))
        for pair, (i, j) in enumerate(pairs):
            weights[self.support[class_of == i], pair] = self.dual[j - 1, class_of == i]
            weights[self.support[class_of == j], pair] = self.dual[i, class_of == j]
        return weights


def pair_sigmoids(
    kernel: NDArray[np.float64], codes: NDArray[np.int64], machine: PairMachine, folds: Iterable[tuple[Array, Array]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and offset of each pair, from decisions on held-out rows (on the training rows where classes are tiny).

    Where the classes of the machine are balanced they are so here too: else the sigmoids would undo it.
    """
    decisions = np.full((len(codes), len(machine.intercept)), np.nan)
    for taught, held in folds:
        if len(np.unique(codes[taught])) == len(machine.counts):
            part = PairMachine(kernel[np.ix_(taught, taught)], codes[taught], machine.c, machine.weighting)
            decisions[held] = part.decisions(kernel[np.ix_(held, taught)])
    if np.isnan(decisions).all():
        decisions = machine.decisions(kernel)
    weights = class_weights(codes, len(machine.counts), machine.weighting)[codes]
    known = ~np.isnan(decisions[:, 0])
    found = []
    for pair, (i, j) in enumerate(zip(*np.triu_indices(len(machine.counts), 1), strict=True)):
        rows = known & ((codes == i) | (codes == j))
        found.append(fit_sigmoid(decisions[rows, pair], codes[rows] == i, weights[rows]))
    slopes, offsets = np.array(found).T
    return np.ascontiguousarray(slopes), np.ascontiguousarray(offsets)


class RadialMachine(OwnClassifier):
    """Support vector classifier with the kernel ``exp(-gamma |x - y|^2)``.

    Probabilities come from a sigmoid for each pair of classes, fitted on decision values of held-out folds, and are
    coupled.  The kernel is computed once, by one matrix product, and serves all folds: the calibration costs what the
    optimiser takes, and the number of rows is bounded by the memory of one ``n x n`` matrix.

    Parameters
    ----------
    c : float
        Cost of an error.
    width : float
        ``gamma`` is this divided by (columns x variance of the table).
    weighting : {"none", "balanced"}
    folds : int
    random_state : int
        Order of the rows in the folds.
    """

    def __init__(
        self, c: float = 10.0, width: float = 1.0, weighting: str = "none", folds: int = 5, random_state: int = 0
    ) -> None:
        self.c = c
        self.width = width
        self.weighting = weighting
        self.folds = folds
        self.random_state = random_state

    def fit(self, rows: Any, y: Any, groups: Any = None) -> RadialMachine:
        """Fit on rows and their classes; ``groups`` keeps related rows in one calibration fold."""
        rows, codes = self._encoded(rows, y)
        rows = kernels.rounded(dense_rows(rows))
        gamma = _gamma(rows, self.width)
        kernel = kernels.radial(rows, rows, gamma)
        machine = PairMachine(kernel, codes, self.c, self.weighting)
        folds = inner_folds(codes, None if groups is None else np.asarray(groups), self.folds, self.random_state)
        slopes, offsets = pair_sigmoids(kernel, codes, machine, folds)
        self.predictor_ = kernels.KernelClassifier(
            rows[machine.support].astype(np.float32), machine.dual, machine.counts, machine.intercept, slopes, offsets, gamma
        )  # fmt: skip
        return self


class RadialRegressor(OwnRegressor):
    """Support vector regression with the kernel ``exp(-gamma |x - y|^2)`` on standardised values.

    Parameters
    ----------
    c : float
        Cost of an error.
    width : float
        ``gamma`` is this divided by (columns x variance of the table).
    epsilon : float
        Errors below it cost nothing, in standard deviations of the values.
    """

    def __init__(self, c: float = 10.0, width: float = 1.0, epsilon: float = 0.1) -> None:
        self.c = c
        self.width = width
        self.epsilon = epsilon

    def fit(self, rows: Any, y: Any) -> RadialRegressor:
        """Fit on rows and their values."""
        rows, y = self._checked(rows, y)
        rows = kernels.rounded(dense_rows(rows))
        gamma, centre, spread = _gamma(rows, self.width), float(y.mean()), float(y.std()) or 1.0
        machine = SVR(C=self.c, kernel="precomputed", epsilon=self.epsilon)
        machine.fit(kernels.radial(rows, rows, gamma), (y - centre) / spread)
        dual = np.ascontiguousarray(machine.dual_coef_[0], np.float64)
        vectors = rows[machine.support_].astype(np.float32)
        self.predictor_ = kernels.KernelRegressor(vectors, dual, float(machine.intercept_[0]), gamma, centre, spread)
        return self


class LinearMachine(OwnClassifier):
    """Linear support vector classifier, one against the rest, its decision values calibrated on held-out folds.

    Parameters
    ----------
    c : float
        Cost of an error.
    weighting : {"none", "balanced"}
    folds : int
    random_state : int
    """

    def __init__(self, c: float = 0.01, weighting: str = "none", folds: int = 3, random_state: int = 0) -> None:
        self.c = c
        self.weighting = weighting
        self.folds = folds
        self.random_state = random_state

    def _machine(self) -> LinearSVC:
        weight = None if self.weighting == "none" else self.weighting
        return LinearSVC(C=self.c, class_weight=weight, dual="auto", max_iter=5000, random_state=self.random_state)

    def fit(self, rows: Any, y: Any, groups: Any = None) -> LinearMachine:
        """Fit on rows and their classes; ``groups`` keeps related rows in one calibration fold."""
        rows, codes = self._encoded(rows, y)
        machine = _quietly(self._machine(), rows, codes)
        decisions, known = machine.decision_function(rows).reshape(len(codes), -1), np.zeros(len(codes), bool)
        for taught, held in inner_folds(
            codes, None if groups is None else np.asarray(groups), self.folds, self.random_state
        ):
            if len(np.unique(codes[taught])) == len(self.classes_):
                part = _quietly(self._machine(), rows[taught], codes[taught])
                decisions[held], known[held] = part.decision_function(rows[held]).reshape(len(held), -1), True
        known |= not known.any()
        each = class_weights(codes, len(self.classes_), self.weighting)[codes]
        weights, intercept = machine.coef_.T.astype(np.float64), machine.intercept_.astype(np.float64)
        if len(self.classes_) == 2:
            slope, offset = fit_sigmoid(decisions[known, 0], codes[known] == 1, each[known])
            self.predictor_ = Linear(np.ascontiguousarray(weights * slope), intercept * slope + offset, "sigmoid")
        else:
            slope, shift = fit_scaling(decisions[known], codes[known], each[known])
            self.predictor_ = Linear(np.ascontiguousarray(weights * slope), intercept * slope + shift, "softmax")
        return self


def _quietly(machine: LinearSVC, rows: Any, codes: NDArray[np.int64]) -> LinearSVC:
    """Fit; a machine stopped before it converged is a model like any other, judged by its score."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return machine.fit(rows, codes)


class LandmarkMap(TransformerMixin, BaseEstimator):
    """Kernels with a few rows drawn at random, made orthogonal: Williams and Seeger 2001, NIPS 13:682 (Nystroem).

    Parameters
    ----------
    landmarks : int
    width : float
        ``gamma`` is this divided by (columns x variance of the table).
    random_state : int
    """

    def __init__(self, landmarks: int = 1000, width: float = 1.0, random_state: int = 0) -> None:
        self.landmarks = landmarks
        self.width = width
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, rows: Any, y: Any = None) -> LandmarkMap:
        """Draw the landmarks."""
        rows = validate_data(self, rows, accept_sparse="csr", dtype=[np.float64, np.float32])
        rng = np.random.default_rng(self.random_state)
        chosen = np.sort(rng.choice(rows.shape[0], min(self.landmarks, rows.shape[0]), replace=False))
        marks = kernels.rounded(dense_rows(rows[chosen]))
        gamma = _gamma(marks, self.width)
        values, vectors = np.linalg.eigh(kernels.radial(marks, marks, gamma))
        kept = values > max(1e-10, 1e-10 * float(values.max()))
        mixing = np.ascontiguousarray(vectors[:, kept] / np.sqrt(values[kept]))
        self.transform_ = kernels.KernelMap(marks.astype(np.float32), mixing, gamma)
        return self

    def transform(self, rows: Any) -> NDArray[np.float64]:
        """Coordinates of the rows, shape ``(n, landmarks)`` or fewer."""
        check_is_fitted(self, "transform_")
        rows = validate_data(self, rows, reset=False, accept_sparse="csr", dtype=[np.float64, np.float32])
        out = np.empty((rows.shape[0], self.transform_.width))
        for start in range(0, len(out), 1024):
            out[start : start + 1024] = self.transform_.apply(dense_rows(rows[start : start + 1024]))
        return out
