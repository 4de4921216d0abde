"""What a report tells of: a run that is over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.report.markup import STRANGE
from bioautofeat.sequences import Sequences

if TYPE_CHECKING:
    from bioautofeat.automl.board import Champion
    from bioautofeat.automl.prepare import Options
    from bioautofeat.automl.problem import Problem
    from bioautofeat.automl.run import Result

__all__ = ["Allowance", "Facts"]

Array = NDArray[Any]
SPEED = 1.5e9
"""Multiplications a second by which the cost of a part is estimated."""


@dataclass(frozen=True, eq=False)
class Facts:
    """All that is known of a run.

    Parameters
    ----------
    findings, metrics : mapping
        As in ``audit.json`` and ``metrics.json``.
    leaderboard : sequence of mapping
        Its rows, the best first.
    result : Result
    options : Options
    config : mapping
        As in ``config.json``; empty where the run was not started by the command line.
    test : Part, FeatureTable or None
    test_truth : ndarray, shape (test records,), optional
    clean : ndarray of bool, shape (test records,), optional
        Test records that are no copy of a training record; None where that is not known.
    sought : bool
        Whether related records were looked for.
    """

    findings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    leaderboard: Sequence[Mapping[str, str]]
    result: Result
    options: Options
    config: Mapping[str, Any] = field(default_factory=dict)
    test: Any = None
    test_truth: NDArray[Any] | None = None
    clean: NDArray[np.bool_] | None = None
    sought: bool = True

    @property
    def problem(self) -> Problem:
        """What was to be learnt."""
        return self.result.board.problem

    @property
    def champion(self) -> Champion:
        """What is delivered."""
        champion = self.result.board.champion
        assert champion is not None
        return champion

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, fit to be shown; empty under regression."""
        return tuple(STRANGE.sub("\ufffd", name) for name in self.problem.classes)

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted."""
        return bool(self.problem.classes)

    @property
    def from_table(self) -> bool:
        """Whether the run was given a feature table."""
        return not isinstance(self.problem.source, Sequences)

    @property
    def metric(self) -> str:
        """Name of the measure asked for."""
        return self.problem.metric

    @property
    def holds_out(self) -> bool:
        """Whether one fold alone was judged."""
        return len(self.problem.judged) == 1

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Training records that were judged."""
        return self.problem.judged_rows

    @cached_property
    def truth(self) -> NDArray[Any]:
        """Truth of the judged records."""
        return self.problem.judged_truth

    @property
    def predictions(self) -> NDArray[np.float64]:
        """Probabilities, or values, of the judged records."""
        return self.champion.predictions

    @cached_property
    def chosen(self) -> NDArray[np.int64]:
        """Predicted class of the judged records."""
        chosen = self.champion.chosen
        assert chosen is not None
        return chosen

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Judged records with another class predicted, or with a value outside its 90 % interval."""
        if self.classifies:
            return np.asarray(self.chosen != self.truth)
        low, high = self.champion.interval or (-np.inf, np.inf)
        error = self.truth - self.predictions
        return np.asarray((error < low) | (error > high))

    @property
    def test_scores(self) -> NDArray[np.float64] | None:
        """Probabilities or values of the test part, where its truth is known."""
        said = self.result.test_prediction
        if said is None or self.test_truth is None:
            return None
        return said.values if said.probabilities is None else said.probabilities


class Allowance:
    """Seconds that the dear parts of a report may take, and whether another part can be paid for.

    Where a clock decides about the run, one decides here, too; else the costs are counted by the sizes of arrays, so that
    a run of a given number of trials has one report on every machine.

    Parameters
    ----------
    seconds : float
    timed : bool
    """

    def __init__(self, seconds: float, timed: bool) -> None:
        self.timed = timed
        self._left = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; negative when they are used up."""
        return self._end - time.monotonic() if self.timed else self._left

    def pay(self, seconds: float) -> bool:
        """Take what a part is estimated to cost; False where that is more than is left."""
        if seconds > self.left:
            return False
        self._left -= seconds
        return True
