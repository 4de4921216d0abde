"""What is to be learnt, in a form that can be handed to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import score
from bioautofeat.sequences import Sequences

__all__ = ["TABLE_SPEC", "Problem", "TableSource"]

Array = NDArray[Any]
TABLE_SPEC = "@table"
"""Stands for the columns of a feature table (or those joined to sequences) where descriptors are named."""


@dataclass(frozen=True, eq=False)
class TableSource:
    """The columns of a feature table.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        NaN where a value is missing.
    names : tuple of str, length d
    ids : tuple of str, length n
    """

    values: NDArray[Any]
    names: tuple[str, ...]
    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Problem:
    """Training data, how they are split, and what counts.

    Parameters
    ----------
    source : Sequences or TableSource
    truth : ndarray, shape (n,)
        Codes of classes (int64), or values (float64).
    classes : tuple of str
        Empty under regression.
    groups : ndarray of int64, shape (n,)
        Related records, which stay on one side of every split.
    folds : ndarray of int64, shape (n,)
    judged : tuple of int
        Folds that are predicted by models of all the others; all folds, or one for a hold-out.
    metric : str
    seed, threads : int
    extra : TableSource, optional
        Columns made elsewhere that stand beside the descriptors, under the name ``TABLE_SPEC``.
    models : mapping of str to estimator
        The user's own estimators, not fitted, by the name that candidates call them; None for a model of the registry that
        the user names.
    makers : tuple of callable
        Functions that register the user's own descriptors: another process that is handed the problem imports their
        modules, and so knows the descriptors.
    """

    source: Sequences | TableSource
    truth: NDArray[Any]
    classes: tuple[str, ...]
    groups: NDArray[np.int64]
    folds: NDArray[np.int64]
    judged: tuple[int, ...]
    metric: str
    seed: int = 0
    threads: int = 1
    extra: TableSource | None = None
    models: Mapping[str, Any] = field(default_factory=dict)
    makers: tuple[Callable[..., Any], ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def table(self) -> TableSource | None:
        """What ``TABLE_SPEC`` stands for: the columns of the table, or those beside the sequences; None without any."""
        return self.source if isinstance(self.source, TableSource) else self.extra

    @property
    def task(self) -> str:
        """``classification`` or ``regression``."""
        return "classification" if self.classes else "regression"

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 under regression."""
        return len(self.classes)

    @property
    def judged_rows(self) -> NDArray[np.int64]:
        """Rows that get out-of-fold predictions, in order."""
        return np.flatnonzero(np.isin(self.folds, self.judged))

    @property
    def judged_truth(self) -> NDArray[Any]:
        """Truth of the judged rows."""
        return self.truth[self.judged_rows]

    @property
    def labels(self) -> NDArray[Any]:
        """Names of classes or values, as descriptors that learn from labels get them."""
        return np.array(self.classes)[self.truth] if self.classes else self.truth

    def loss(self, predictions: Array, rows: Array | None = None) -> float:
        """Log loss, or mean squared error relative to the variance of the values, of judged rows (all, or a mask)."""
        chosen = slice(None) if rows is None else rows
        return self._mean_loss(predictions[chosen], self.judged_truth[chosen])

    def loss_of(self, predictions: Array, rows: Array) -> float:
        """As :meth:`loss`, of predictions of these records alone, by their places."""
        return self._mean_loss(predictions, self.truth[rows])

    def _mean_loss(self, predictions: Array, truth: Array) -> float:
        if self.classes:
            own = predictions[np.arange(len(truth)), truth]
            return float(-np.log(np.maximum(own, 1e-6)).mean())
        spread = float(self.truth.var()) or 1.0
        return float(((predictions - truth) ** 2).mean() / spread)

    def scores(self, predictions: Array, classes: Array | None = None) -> dict[str, float]:
        """The usual measures of predictions of the judged rows."""
        return score(self.task, self.judged_truth, np.asarray(predictions, np.float64), classes)
