"""Predictors made of others: steps before a model, a weighted blend, calibrated probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.predictors._base import Predictor, Transform, require
from bioautofeat.models.predictors.links import log_pooled, moved

__all__ = ["Blend", "Calibrated", "LogPool", "Steps"]


@dataclass(frozen=True, eq=False)
class Steps(Predictor):
    """Transforms, one after the other, and the model that sees their result."""

    kind: ClassVar[str] = "steps"
    transforms: tuple[Transform, ...]
    model: Predictor

    def __post_init__(self) -> None:
        widths = [step.width for step in self.transforms]
        wanted = [*[step.n_columns for step in self.transforms[1:]], self.model.n_columns]
        require(len(widths) > 0 and widths == wanted, "steps: the number of columns changes between two steps")

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.transforms[0].n_columns

    @property
    def row_by_row(self) -> bool:  # type: ignore[override]
        return self.model.row_by_row and all(step.row_by_row for step in self.transforms)

    @property
    def n_classes(self) -> int:
        return self.model.n_classes

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        for step in self.transforms:
            rows = step.apply(rows)
        return self.model.outputs(rows)


@dataclass(frozen=True, eq=False)
class _Members(Predictor):
    """Several models of the same columns and classes, each with a weight."""

    members: tuple[Predictor, ...]
    weights: NDArray[np.float64]

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.members[0].n_columns

    @property
    def n_classes(self) -> int:
        return self.members[0].n_classes

    @property
    def row_by_row(self) -> bool:  # type: ignore[override]
        return all(member.row_by_row for member in self.members)


@dataclass(frozen=True, eq=False)
class Blend(_Members):
    """The weighted mean of the members' probabilities or values; weights of shape ``(members,)`` that sum to 1."""

    kind: ClassVar[str] = "blend"

    def __post_init__(self) -> None:
        require(len(self.members) > 0 and self.weights.shape == (len(self.members),), "blend: one weight a member")
        require(np.all(self.weights >= 0) and abs(self.weights.sum() - 1) < 1e-9, "blend: weights do not sum to 1")
        shapes = {(member.n_columns, member.n_classes) for member in self.members}
        require(len(shapes) == 1, "blend: members of different columns or classes")

    def _weighted(self, tables: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
        found = [weight * table for weight, table in zip(self.weights.tolist(), tables, strict=True)]
        out = found[0]
        for table in found[1:]:
            out = out + table
        return out

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._weighted(member.outputs(rows) for member in self.members)

    def table(self, rows: Any, threads: int = 1) -> NDArray[np.float64]:
        return self._weighted(member.table(rows, threads) for member in self.members)


@dataclass(frozen=True, eq=False)
class LogPool(_Members):
    """The members' probabilities multiplied, each to the power of its weight: ``softmax(sum(weight * log(p)))``.

    A logarithmic opinion pool (Genest and Zidek 1986, Stat Sci 1:114), which is what logistic stacking on the members'
    log-probabilities comes to; weights of shape ``(members,)`` are not negative and need not sum to 1.
    """

    kind: ClassVar[str] = "log_pool"

    def __post_init__(self) -> None:
        require(len(self.members) > 0 and self.weights.shape == (len(self.members),), "pool: one weight a member")
        require(np.all(self.weights >= 0) and np.all(np.isfinite(self.weights)), "pool: a weight is negative")
        shapes = {(member.n_columns, member.n_classes) for member in self.members}
        require(len(shapes) == 1 and self.n_classes > 1, "pool: members of different columns or classes")

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return log_pooled((member.outputs(rows) for member in self.members), self.weights)

    def table(self, rows: Any, threads: int = 1) -> NDArray[np.float64]:
        return log_pooled((member.table(rows, threads) for member in self.members), self.weights)


@dataclass(frozen=True, eq=False)
class Calibrated(Predictor):
    """Probabilities moved on the logarithmic scale: ``softmax(slope * log(p) + shift)``.

    ``slope`` alone is temperature scaling (its inverse is the temperature; Guo 2017, ICML 70:1321); with ``shift``,
    shape ``(classes,)``, it is Platt's sigmoid on the log-odds of two classes, and its counterpart for more.
    """

    kind: ClassVar[str] = "calibrated"
    model: Predictor
    slope: float
    shift: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(self.model.n_classes > 1 and self.shift.shape == (self.model.n_classes,), "calibration: wrong shape")

    @classmethod
    def of(cls, model: Predictor, slope: float, bias: Sequence[float]) -> Calibrated:
        """A model with a calibration's exponent and bias; no bias is one of 0 for each class."""
        return cls(model, slope, np.array(tuple(bias) or (0.0,) * model.n_classes))

    @property
    def n_columns(self) -> int:  # type: ignore[override]
        return self.model.n_columns

    @property
    def n_classes(self) -> int:
        return self.model.n_classes

    @property
    def row_by_row(self) -> bool:  # type: ignore[override]
        return self.model.row_by_row

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return moved(self.model.outputs(rows), self.slope, self.shift)

    def table(self, rows: Any, threads: int = 1) -> NDArray[np.float64]:
        return moved(self.model.table(rows, threads), self.slope, self.shift)
