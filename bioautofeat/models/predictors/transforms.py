"""Steps before a model: filling gaps, scaling, choosing columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors._base import Transform, require

__all__ = ["Fill", "Scale", "Select", "Unit"]


@dataclass(frozen=True, eq=False)
class Fill(Transform):
    """Missing values (NaN) replaced by a value for each column; ``values`` has shape ``(columns,)``."""

    kind: ClassVar[str] = "fill"
    row_by_row: ClassVar[bool] = True
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(self.values.ndim == 1, "fill: one value a column is needed")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.values)

    @property
    def width(self) -> int:
        return len(self.values)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        gaps = np.isnan(rows)
        return np.where(gaps, self.values, rows) if gaps.any() else rows


@dataclass(frozen=True, eq=False)
class Scale(Transform):
    """Each column less its centre, divided by its spread; both of shape ``(columns,)``."""

    kind: ClassVar[str] = "scale"
    row_by_row: ClassVar[bool] = True
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(self.centre.ndim == 1 and self.centre.shape == self.spread.shape, "scale: centre and spread differ")
        require(np.all(self.spread != 0), "scale: a spread is zero")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.centre)

    @property
    def width(self) -> int:
        return len(self.centre)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return (rows - self.centre) / self.spread


@dataclass(frozen=True, eq=False)
class Unit(Transform):
    """Each column less ``low``, divided by ``spread``, held between 0 and 1; both of shape ``(columns,)``."""

    kind: ClassVar[str] = "unit"
    row_by_row: ClassVar[bool] = True
    low: NDArray[np.float64]
    spread: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(self.low.ndim == 1 and self.low.shape == self.spread.shape, "unit: low and spread differ")
        require(np.all(self.spread > 0), "unit: a spread is not positive")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return len(self.low)

    @property
    def width(self) -> int:
        return len(self.low)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip((rows - self.low) / self.spread, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Select(Transform):
    """Some of the columns, in the order of ``columns`` (indices, shape ``(chosen,)``)."""

    kind: ClassVar[str] = "select"
    row_by_row: ClassVar[bool] = True
    columns: NDArray[np.int64]
    n_columns: int

    def __post_init__(self) -> None:
        inside = self.columns.ndim == 1 and np.all((self.columns >= 0) & (self.columns < self.n_columns))
        require(bool(inside), "select: a column does not exist")

    @property
    def width(self) -> int:
        return len(self.columns)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ascontiguousarray(rows[:, self.columns])
