"""What estimators of our own share: they fit a predictor, and predict with it and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from bioautofeat.models.predictors import Predictor

__all__ = ["OwnClassifier", "OwnRegressor", "class_weights", "dense_rows"]


def dense_rows(rows: Any, dtype: Any = np.float64) -> NDArray[Any]:
    """Rows as a C-contiguous array, sparse ones filled up."""
    return np.ascontiguousarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype)


def class_weights(codes: NDArray[np.int64], n_classes: int, weighting: str) -> NDArray[np.float64]:
    """Weight of each class: 1, or ``n / (classes * n_class)`` where it is ``balanced``."""
    counts = np.bincount(codes, minlength=n_classes)
    return len(codes) / (n_classes * counts) if weighting == "balanced" else np.ones(n_classes)


class _Own(BaseEstimator):
    predictor_: Predictor
    _finite: Any = True
    """What scikit-learn's check of missing values is told: ``allow-nan`` where the model takes them."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fitted(self, rows: Any) -> Any:
        check_is_fitted(self, "predictor_")
        return validate_data(
            self, rows, accept_sparse="csr", reset=False, dtype=[np.float64, np.float32], ensure_all_finite=self._finite
        )


class OwnClassifier(ClassifierMixin, _Own):
    """A classifier whose fitted form is a predictor; ``classes_`` are sorted."""

    classes_: NDArray[Any]

    def _encoded(self, rows: Any, y: Any) -> tuple[Any, NDArray[np.int64]]:
        """Checked rows, and the index of each row's class."""
        from sklearn.utils.multiclass import check_classification_targets

        rows, y = validate_data(
            self, rows, y, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite=self._finite
        )
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes; the labels hold one class")
        return rows, codes.astype(np.int64)

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """Probability of each of ``classes_``, shape ``(n, classes)``."""
        rows = self._fitted(rows)
        return self.predictor_.predict_proba(rows)

    def predict(self, rows: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        chosen = self.predict_proba(rows).argmax(axis=1)
        return np.asarray(self.classes_[chosen])


class OwnRegressor(RegressorMixin, _Own):
    """A regressor whose fitted form is a predictor."""

    def _checked(self, rows: Any, y: Any) -> tuple[Any, NDArray[np.float64]]:
        rows, y = validate_data(
            self,
            rows,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            y_numeric=True,
            ensure_all_finite=self._finite,
        )
        return rows, np.asarray(y, np.float64)

    def predict(self, rows: Any) -> NDArray[np.float64]:
        """The value of each row."""
        rows = self._fitted(rows)
        return self.predictor_.predict(rows)
