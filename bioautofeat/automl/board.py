"""The leaderboard: all trials, and the blend that would be delivered now.

Candidates for delivery are compared by log loss (squared error under regression), which moves less by luck than
a metric of thresholded classes does; the decision rule is then chosen for the metric.  A champion is replaced only
by one of smaller loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.problem import Problem
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.evaluation.blend import blend_classes, blend_values, log_losses, log_pool_classes, pooled
from bioautofeat.evaluation.calibration import Calibration, Decision, fit_calibration, fit_decision, interval_offsets
from bioautofeat.evaluation.estimate import ClassBlend, Selection, ValueBlend
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.models.predictors.links import log_pooled

__all__ = ["Board", "Champion"]

Array = NDArray[Any]
WORTH = 0.998
"""A logarithmic pool is taken where its loss falls below this part of a linear blend's."""

LEAST_GAIN = 0.1
"""What the log likelihood of all judged records together must gain for a new champion: noise among the members gains less."""


@dataclass(frozen=True, eq=False)
class Champion:
    """What would be delivered now.

    Parameters
    ----------
    weights : mapping of str to float
        Weight of each member by the key of its candidate; they sum to 1, but in a logarithmic pool.
    calibration : Calibration
        Of the blend.
    decision : Decision, optional
        None under regression.
    interval : (float, float), optional
        Bounds of a 90 % interval around a value; None under classification.
    loss : float
    scores : mapping of str to float
    predictions : ndarray, shape (judged rows, classes) or (judged rows,)
    log : bool
        Whether the members are joined by a logarithmic pool.
    """

    weights: Mapping[str, float]
    calibration: Calibration
    decision: Decision | None
    interval: tuple[float, float] | None
    loss: float
    scores: Mapping[str, float]
    predictions: NDArray[np.float64]
    log: bool = False

    @property
    def chosen(self) -> NDArray[np.int64] | None:
        """Class of each judged row; None under regression."""
        return None if self.decision is None else self.decision.apply(self.predictions)


class Board:
    """All trials of a run.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    trials : list of Trial
    champion : Champion or None
    history : list of float
        Score of the champion after each trial that was added.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.history: list[float] = []
        self.trials: list[Trial] = []
        self.champion: Champion | None = None
        self.unusable: set[str] = set()
        self._losses: dict[str, Array] = {}

    @property
    def finished(self) -> list[Trial]:
        """Trials that have predictions and may be members."""
        return [t for t in self.trials if t.finished and t.candidate.key not in self.unusable]

    @property
    def members(self) -> list[Candidate]:
        """The candidates that what would be delivered is made of."""
        weights = {} if self.champion is None else self.champion.weights
        return list({t.candidate.key: t.candidate for t in self.trials if t.candidate.key in weights}.values())

    def best_of(self, model: str) -> Trial | None:
        """The finished trial of least loss of a model; None before there is one."""
        known = [trial for trial in self.finished if trial.candidate.model == model]
        return min(known, key=lambda trial: trial.loss, default=None)

    def add(self, trial: Trial) -> bool:
        """Take a trial; True where it makes a better champion."""
        self.trials.append(trial)
        better = trial.finished and self.renew()
        score = float("nan") if self.champion is None else self.champion.scores[self.problem.metric]
        self.history.append(score)
        return better

    def renew(self) -> bool:
        """Blend anew; True where the result is better than the champion."""
        usable = self.finished
        if not usable:
            self.champion = None
            return False
        found = self._blended(usable)
        margin = LEAST_GAIN / len(self.problem.judged_truth) if self.problem.classes else 1e-9
        if self.champion is not None and not found.loss < self.champion.loss - margin:
            return False
        self.champion = found
        return True

    def drop(self, key: str) -> None:
        """A member could not be made of all rows: deliver without it."""
        self.unusable.add(key)
        self.champion = None
        self.renew()

    def losses(self, trials: Sequence[Trial]) -> Array:
        """Log loss of each trial on each record once it is calibrated by itself, shape ``(trials, n)``."""
        for trial in trials:
            key = trial.candidate.key
            if key not in self._losses:
                assert trial.predictions is not None
                calibrated = fit_calibration(trial.predictions, self.problem.judged_truth).apply(trial.predictions)
                self._losses[key] = log_losses(calibrated[None], self.problem.judged_truth)[0].astype(np.float32)
        return np.stack([self._losses[trial.candidate.key] for trial in trials])

    def _blended(self, usable: Sequence[Trial]) -> Champion:
        """The better of the two kinds of blend; either is a single model where the weights of all others come out as none."""
        predictions = _stacked(usable)
        if not self.problem.classes:
            return self._value_blend(usable, predictions)
        linear = self._class_blend(usable, predictions, log=False)
        if len(linear.weights) == 1 and len(usable) == 1:
            return linear
        log = self._class_blend(usable, predictions, log=True)
        return log if log.loss < WORTH * linear.loss else linear

    def _value_blend(self, usable: Sequence[Trial], predictions: Array) -> Champion:
        problem, truth = self.problem, self.problem.judged_truth
        weights = blend_values(predictions, truth, kinds=_kinds(usable))
        members = np.flatnonzero(weights)
        mixed = pooled(predictions[members], weights[members])
        interval = interval_offsets(truth, mixed)
        named = _named(usable, weights)
        return Champion(named, Calibration(), None, interval, problem.loss(mixed), problem.scores(mixed), mixed)

    def _class_blend(self, usable: Sequence[Trial], predictions: Array, log: bool) -> Champion:
        problem, truth = self.problem, self.problem.judged_truth
        weigh, join = (log_pool_classes, log_pooled) if log else (blend_classes, pooled)
        weights = weigh(predictions, truth, losses=self.losses(usable), kinds=_kinds(usable))
        members = np.flatnonzero(weights)
        mixed = join(predictions[members], weights[members])
        calibration = fit_calibration(mixed, truth)
        final = calibration.apply(mixed)
        decision = fit_decision(final, truth, problem.metric)
        scores = problem.scores(final, decision.apply(final))
        named = _named(usable, weights)
        return Champion(named, calibration, decision, None, problem.loss(final), scores, final, log)

    def selection(self) -> Selection:
        """How the champion was selected, to be repeated on bootstrap samples."""
        assert self.champion is not None
        usable, truth = self.finished, self.problem.judged_truth
        if not self.problem.classes:
            return ValueBlend(_stacked(usable), truth, _kinds(usable))
        calibration, losses = self.champion.calibration, self.losses(usable)
        return ClassBlend(
            _stacked(usable), truth, self.problem.metric, calibration, losses, _kinds(usable), self.champion.log
        )

    def ranked(self) -> list[Trial]:
        """Finished trials by the metric, ties by loss and by number; then the others in the order of their trials."""
        sign = METRICS[self.problem.metric].sign
        done = [trial for trial in self.trials if trial.finished]
        done.sort(key=lambda t: (-sign * round(t.scores[self.problem.metric], 12), t.loss, t.number))
        return done + [trial for trial in self.trials if not trial.finished]


def _stacked(trials: Sequence[Trial]) -> Array:
    """Predictions of trials, trials outer."""
    return np.stack([trial.predictions for trial in trials if trial.predictions is not None])


def _named(trials: Sequence[Trial], weights: Array) -> dict[str, float]:
    """The weights above zero, by the keys of the candidates."""
    return {trials[m].candidate.key: float(weights[m]) for m in np.flatnonzero(weights).tolist()}


def _kinds(trials: Sequence[Trial]) -> NDArray[np.int64]:
    """A number for the model of each trial."""
    return np.unique([trial.candidate.model for trial in trials], return_inverse=True)[1]
