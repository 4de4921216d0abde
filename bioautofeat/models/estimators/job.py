"""What a boosting library is asked for, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Job"]


@dataclass(frozen=True, eq=False)
class Job:
    """Rows to learn from, and how.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, columns)
        NaN where a value is missing.
    target : ndarray, shape (n,)
        Index of the class, or the value.
    classes : int
        Number of classes; 0 for values.
    weight : ndarray of float64, shape (n,), optional
    held : ndarray of bool, shape (n,)
        Rows that are not learnt from but tell when to stop; none of them where all rounds are wanted.
    rounds : int
    settings : mapping
        By our names; the library's own defaults for all that is not given.
    patience : int
        Stop when this many rounds did not help the rows held.
    threads, seed : int
    """

    rows: NDArray[np.float32]
    target: NDArray[Any]
    classes: int
    weight: NDArray[np.float64] | None
    held: NDArray[np.bool_]
    rounds: int
    settings: Mapping[str, Any]
    patience: int
    threads: int
    seed: int

    def named(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The settings by a library's names."""
        return {names[name]: value for name, value in self.settings.items()}

    def objective(self, two: str, several: str, values: str) -> str:
        """One of a library's three objectives: for two classes, for several, for values."""
        return values if not self.classes else two if self.classes == 2 else several

    @property
    def link(self) -> str:
        """From the sum of the trees to the answer; see :class:`bioautofeat.models.predictors.trees.Trees`."""
        return self.objective("sigmoid", "softmax", "identity")

    @property
    def outputs(self) -> int:
        """Number of sums: one for two classes or a value, else one a class."""
        return self.classes if self.classes > 2 else 1

    def part(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64] | None]:
        """Rows, targets and weights of some of the rows, without a copy where all are chosen."""
        if chosen.all():
            return self.rows, self.target, self.weight
        return self.rows[chosen], self.target[chosen], None if self.weight is None else self.weight[chosen]
