"""Fold by fold: what a candidate has shown so far, and whether it is worth going on with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.problem import Problem
from bioautofeat.automl.trial import Trial
from bioautofeat.search.racing import loses

__all__ = ["Outcome"]

SHARES = (0.1, 0.25, 0.5)
"""Shares of a blend that a candidate is tried with before it is dropped."""

BETTER = 0.998
"""A blend is improved where its loss falls below this part of what it was."""


class Outcome:
    """Out-of-fold predictions of a candidate, as the folds are judged.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    losses : list of float
        Of the folds so far, in the order of ``problem.judged``.
    predictions : ndarray of float32, shape (judged rows, classes) or (judged rows,)
    fit_seconds, predict_seconds : float
        Sums over the folds so far.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.started = time.monotonic()
        self.losses: list[float] = []
        rows = problem.judged_rows
        self.fold_of = problem.folds[rows]
        self.predictions = np.zeros((len(rows), problem.n_classes) if problem.classes else len(rows), np.float32)
        self.fit_seconds = self.predict_seconds = 0.0

    def take(self, fold: int, found: Mapping[str, Any]) -> None:
        """Add what one fold gave."""
        rows = self.fold_of == fold
        self.predictions[rows] = found["predictions"]
        self.losses.append(self.problem.loss(self.predictions, rows))
        self.fit_seconds += found["fit_seconds"]
        self.predict_seconds += found["predict_seconds"]

    @property
    def rows(self) -> NDArray[np.bool_]:
        """Judged rows predicted so far."""
        return np.isin(self.fold_of, self.problem.judged[: len(self.losses)])

    @property
    def seconds(self) -> float:
        """Wall time so far."""
        return time.monotonic() - self.started

    @property
    def left(self) -> int:
        """Folds still to be judged."""
        return len(self.problem.judged) - len(self.losses)

    def behind(self, rival: Trial | None, blend: NDArray[np.float64] | None) -> bool:
        """Whether it loses against the best of its kind on the folds so far, and does not lift the blend.

        Parameters
        ----------
        rival : Trial or None
            The best finished trial of the same model.
        blend : ndarray or None
            Predictions of what would be delivered now, for all judged rows.
        """
        if rival is None or not self.left or not loses(self.losses, rival.fold_losses):
            return False
        return blend is None or not self._lifts(blend)

    def _lifts(self, blend: NDArray[np.float64]) -> bool:
        rows = self.rows
        now = self.problem.loss(blend, rows)
        return any(
            self.problem.loss((1 - share) * blend + share * self.predictions, rows) < BETTER * now for share in SHARES
        )
