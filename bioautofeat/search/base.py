"""The contract of a strategy: it is asked for a point, and told what came of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from bioautofeat.search.space import Point, Space

__all__ = ["History", "Strategy", "Suggestion", "Trial", "generator", "run"]


@dataclass(frozen=True)
class Suggestion:
    """A point to try, at what share of the full cost, and on which instance: a fold, a seed.

    An evaluator without instances gives every one of them the same score.
    """

    point: Point
    fidelity: float = 1.0
    instance: int = 0


@dataclass(frozen=True)
class Trial:
    """What came of a suggestion: a score (larger is better), or None where it failed.

    Parameters
    ----------
    point : Point
    score : float or None
        None, NaN and infinities count as failures: worse than everything, but no reason to stop.
    fidelity : float
        Share of the full cost.
    seconds : float
        Wall time.
    error : str
        Why it failed.
    instance : int
        The fold, or the seed, that the score is of.
    """

    point: Point
    score: float | None
    fidelity: float = 1.0
    seconds: float = 0.0
    error: str = ""
    instance: int = 0

    @property
    def merit(self) -> float:
        """The score, minus infinity for a failure."""
        return self.score if self.score is not None and math.isfinite(self.score) else -math.inf


@dataclass
class History:
    """All trials in the order in which they were told."""

    trials: list[Trial] = field(default_factory=list)

    def append(self, trial: Trial) -> None:
        """Add a trial."""
        self.trials.append(trial)

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def best(self) -> Trial | None:
        """The first of the best trials at full cost (at any cost, where there is none at full).

        Of points that were tried on several instances it is the first of :meth:`ranked`, with its mean score.
        """
        known = [trial for trial in self.trials if trial.merit > -math.inf]
        full = [trial for trial in known if trial.fidelity >= 1.0] or known
        if len({trial.instance for trial in full}) > 1:
            return self.ranked()[0]
        return max(full, key=lambda trial: trial.merit, default=None)

    def ranked(self) -> list[Trial]:
        """Different points that have a score, each with its mean over instances, the best first.

        What was tried at a higher cost comes first, then what was tried on more instances: a high score on one of them is
        luck as often as not.
        """
        runs: dict[Point, dict[int, Trial]] = {}
        for trial in sorted(self.trials, key=lambda trial: (-trial.fidelity, -trial.merit)):
            own = runs.setdefault(trial.point, {}) if trial.merit > -math.inf else {}
            if all(trial.fidelity == other.fidelity for other in own.values()):
                own.setdefault(trial.instance, trial)
        means = [(len(own), _mean(list(own.values()))) for own in runs.values()]
        means.sort(key=lambda pair: (-pair[1].fidelity, -pair[0], -pair[1].merit))
        return [trial for _, trial in means]


def _mean(trials: list[Trial]) -> Trial:
    """The first of some trials of a point, with the mean of their scores."""
    if len(trials) == 1:
        return trials[0]
    score, seconds = (float(np.mean([getattr(trial, name) for trial in trials])) for name in ("merit", "seconds"))
    return replace(trials[0], score=score, seconds=seconds)


class Strategy(ABC):
    """Base of all strategies.

    ``ask`` depends on nothing but the space, what was told so far and the generator it is given, and changes nothing;
    so a strategy that is told an old history again goes on exactly where it stopped, for any number of workers.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    by_shares : bool
        Whether points are suggested at less than the full cost, too.
    """

    by_shares = False

    def __init__(self, space: Space) -> None:
        self.space = space
        self.history = History()

    @abstractmethod
    def ask(self, rng: np.random.Generator) -> Suggestion:
        """The next point to try."""

    def tell(self, trial: Trial) -> None:
        """Learn what came of a point, whether this strategy suggested it or not."""
        self.history.append(trial)


def generator(seed: int, told: int) -> np.random.Generator:
    """The generator for the question after ``told`` answers: the same after a restart, whatever was drawn before."""
    return np.random.default_rng([seed, told])


def run(
    strategy: Strategy,
    evaluate: Callable[[Suggestion], float | None],
    *,
    trials: int,
    seed: int,
    known: Iterable[Trial] = (),
    stop: Callable[[], bool] = lambda: False,
) -> History:
    """Ask and tell until the number of trials (known ones included) is reached, or ``stop()`` says so.

    Parameters
    ----------
    strategy : Strategy
    evaluate : callable
        Score of a suggestion, larger is better; None for a failure.
    trials : int
    seed : int
    known : iterable of Trial
        An earlier history to go on from.
    stop : callable
        Looked at before every trial.
    """
    for trial in known:
        strategy.tell(trial)
    while len(strategy.history) < trials and not stop():
        suggestion = strategy.ask(generator(seed, len(strategy.history)))
        score = evaluate(suggestion)
        strategy.tell(Trial(suggestion.point, score, suggestion.fidelity, instance=suggestion.instance))
    return strategy.history
