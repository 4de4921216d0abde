"""The contract of a strategy: it is asked for a point, and told what came of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from bioautofeat.search.space import Point, Space

__all__ = ["History", "Strategy", "Suggestion", "Trial", "generator", "run"]


@dataclass(frozen=True)
class Suggestion:
    """A point to try, and at what share of the full cost."""

    point: Point
    fidelity: float = 1.0


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
    """

    point: Point
    score: float | None
    fidelity: float = 1.0
    seconds: float = 0.0
    error: str = ""

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
        """The first of the best trials at full cost (at any cost, where there is none at full)."""
        known = [trial for trial in self.trials if trial.merit > -math.inf]
        full = [trial for trial in known if trial.fidelity >= 1.0] or known
        return max(full, key=lambda trial: trial.merit, default=None)


class Strategy(ABC):
    """Base of all strategies.

    ``ask`` depends on nothing but the space, what was told so far and the generator it is given, and changes nothing;
    so a strategy that is told an old history again goes on exactly where it stopped, for any number of workers.

    Parameters
    ----------
    space : Space
    """

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
        strategy.tell(Trial(suggestion.point, evaluate(suggestion), suggestion.fidelity))
    return strategy.history
