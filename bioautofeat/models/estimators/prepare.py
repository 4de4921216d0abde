"""Gaps filled and columns scaled, dense or sparse, in the forms that a model file keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from bioautofeat.models.predictors.transforms import Fill, Scale, Unit

__all__ = ["FillMissing", "Standardise", "ZeroToOne"]


class _Step(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """A step whose fitted form is a transform."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags

    def _rows(self, rows: Any, reset: bool) -> Any:
        return validate_data(
            self, rows, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )


class FillMissing(_Step):
    """Missing values (NaN) become the median of their column.

    The median is that of the training rows where the column had gaps there, and their mean where it had none (a gap
    that shows only later is rare, a median of every column is dear); 0 for a column without any value.  A sparse
    table has no gaps and passes through.
    """

    def fit(self, rows: Any, y: Any = None) -> FillMissing:
        """Learn what each column's gaps become."""
        rows = self._rows(rows, reset=True)
        if hasattr(rows, "toarray"):
            self.transform_ = Fill(np.asarray(rows.mean(axis=0), np.float64).ravel())
            return self
        values = rows.mean(axis=0, dtype=np.float64)
        for column in np.flatnonzero(np.isnan(values)):
            known = rows[:, column][~np.isnan(rows[:, column])]
            values[column] = np.median(known) if len(known) else 0.0
        # a gap is filled with a number of the table's own precision, whatever precision a later table has
        self.transform_ = Fill(values.astype(rows.dtype).astype(np.float64))
        return self

    def transform(self, rows: Any) -> Any:
        """The rows without gaps."""
        check_is_fitted(self, "transform_")
        rows = self._rows(rows, reset=False)
        return rows if hasattr(rows, "toarray") else self.transform_.apply(rows).astype(rows.dtype, copy=False)


class Standardise(_Step):
    """Each column less its mean, divided by its standard deviation; constant columns are only shifted.

    A sparse table keeps its zeros: it is divided, not shifted.
    """

    def fit(self, rows: Any, y: Any = None) -> Standardise:
        """Learn mean and standard deviation of each column."""
        rows = self._rows(rows, reset=True)
        if hasattr(rows, "toarray"):
            mean = np.asarray(rows.mean(axis=0), np.float64).ravel()
            square = np.asarray(rows.multiply(rows).mean(axis=0), np.float64).ravel()
            spread = np.sqrt(np.maximum(square - mean**2, 0.0))
            mean = np.zeros_like(mean)
        else:
            mean = rows.mean(axis=0, dtype=np.float64)
            spread = self._spread(rows, mean)
        self.transform_ = Scale(mean, np.where(spread > 1e-12 * (1.0 + np.abs(mean)), spread, 1.0))
        return self

    @staticmethod
    def _spread(rows: NDArray[Any], mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard deviations, in blocks of rows so that no second table is made."""
        total = np.zeros(rows.shape[1])
        for start in range(0, len(rows), 512):
            total += ((rows[start : start + 512] - mean) ** 2).sum(axis=0)
        return np.sqrt(total / len(rows))

    def transform(self, rows: Any) -> Any:
        """The rows scaled."""
        check_is_fitted(self, "transform_")
        rows = self._rows(rows, reset=False)
        if hasattr(rows, "toarray"):
            from scipy.sparse import diags_array

            return (rows @ diags_array(1.0 / self.transform_.spread)).tocsr()
        return self.transform_.apply(rows)


class ZeroToOne(_Step):
    """Each column less its least value, divided by its range, held between 0 and 1; dense tables only."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = False
        return tags

    def _rows(self, rows: Any, reset: bool) -> Any:
        return validate_data(self, rows, reset=reset, dtype=[np.float64, np.float32])

    def fit(self, rows: Any, y: Any = None) -> ZeroToOne:
        """Learn least value and range of each column."""
        rows = self._rows(rows, reset=True)
        low = rows.min(axis=0).astype(np.float64)
        spread = rows.max(axis=0) - low
        self.transform_ = Unit(low, np.where(spread > 0, spread, 1.0))
        return self

    def transform(self, rows: Any) -> NDArray[np.float64]:
        """The rows scaled and clipped."""
        check_is_fitted(self, "transform_")
        return self.transform_.apply(self._rows(rows, reset=False))
