"""One way into architecture search: a space, a strategy, an evaluator, a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.evaluators.base import Evaluator
from bioautofeat.nas.strategies import GRADIENT, asking_strategy, gradient_search
from bioautofeat.search.base import History, Strategy, Suggestion, Trial, generator
from bioautofeat.search.space import Point, Space

if TYPE_CHECKING:
    from bioautofeat.nas.strategies.gradient import GradientSearch, Relaxed

__all__ = ["Budget", "Found", "search"]

PREPARATION = 0.7
"""Share of the time for what all architectures share: a supernet, a hypernetwork."""


@dataclass(frozen=True)
class Budget:
    """When a search ends: after so many trials, or when its time is over; at least one of them.

    Parameters
    ----------
    trials : int, optional
    seconds : float, optional
    """

    trials: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.trials is None and self.seconds is None:
            raise ParameterError("a search needs an end: give trials or seconds")
        if (self.trials is not None and self.trials < 1) or (self.seconds is not None and self.seconds <= 0):
            raise ParameterError("a search needs at least one trial, and time")


@dataclass
class Found:
    """What a search found.

    Parameters
    ----------
    best : Trial
        The best at full cost.
    history : History
    relaxed : Relaxed, optional
        What a search by gradient left behind: chances, epochs, whether it collapsed.
    seconds : float
    """

    best: Trial
    history: History
    relaxed: Relaxed | None = None
    seconds: float = 0.0

    def ranked(self) -> list[Trial]:
        """Different points that have a score at full cost, the best first."""
        seen: dict[Point, Trial] = {}
        for trial in sorted(self.history.trials, key=lambda trial: (-trial.fidelity, -trial.merit)):
            if trial.merit > -math.inf:
                seen.setdefault(trial.point, trial)
        return sorted(seen.values(), key=lambda trial: (-trial.fidelity, -trial.merit))


@dataclass
class _Clock:
    budget: Budget
    start: float = field(default_factory=time.monotonic)

    def over(self, share: float = 1.0) -> bool:
        """Whether a share of the time is used up."""
        return self.budget.seconds is not None and self.spent() >= share * self.budget.seconds

    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start


def search(
    space: Space,
    strategy: Any,
    evaluator: Evaluator,
    budget: Budget,
    seed: int = 0,
    *,
    known: Iterable[Trial] = (),
) -> Found:
    """Search a space.

    Parameters
    ----------
    space : Space
    strategy : str, callable or GradientSearch
        A name of :mod:`bioautofeat.nas.strategies`; what makes a strategy of a space; or a search by gradient.
    evaluator : Evaluator
        A search by gradient needs one that knows a supernet of the space, for ``relax``.
    budget : Budget
    seed : int
        The same seed and a budget of trials give the same search.
    known : iterable of Trial
        An earlier history to go on from, for strategies that ask.

    Raises
    ------
    ParameterError
        Where the parts do not go together.
    UnfinishedError
        Where not one architecture could be evaluated.
    """
    clock = _Clock(budget)
    if isinstance(strategy, str) and strategy in GRADIENT:
        strategy = gradient_search(strategy)
    if hasattr(strategy, "relaxation"):
        return _by_gradient(space, strategy, evaluator, clock, seed)
    evaluator.prepare(space, seed=seed, stop=lambda: clock.over(PREPARATION))
    asked = asking_strategy(strategy, space, evaluator) if isinstance(strategy, str) else strategy(space)
    for trial in known:
        asked.tell(trial)
    return _by_asking(asked, evaluator, clock, seed)


def _by_asking(asked: Strategy, evaluator: Evaluator, clock: _Clock, seed: int) -> Found:
    """Ask, evaluate, tell; what fails is a bad trial, not the end."""
    most = math.inf if clock.budget.trials is None else clock.budget.trials
    while len(asked.history) < most and not (clock.over() and asked.history.trials):
        suggestion = asked.ask(generator(seed, len(asked.history)))
        asked.tell(_tried(evaluator, suggestion))
    return _found(asked.history, clock)


def _tried(evaluator: Evaluator, suggestion: Suggestion) -> Trial:
    """The trial of a suggestion; a failure keeps its reason."""
    start, score, error = time.monotonic(), None, ""
    try:
        score = evaluator.evaluate(suggestion)
    except (ParameterError, RuntimeError, ArithmeticError, MemoryError) as failure:
        error = str(failure) or type(failure).__name__
    return Trial(suggestion.point, score, suggestion.fidelity, time.monotonic() - start, error)


def _found(history: History, clock: _Clock, relaxed: Relaxed | None = None) -> Found:
    best = history.best
    if best is None:
        reason = history.trials[-1].error if history.trials else ""
        raise UnfinishedError(reason or "no architecture could be evaluated")
    return Found(best, history, relaxed, clock.spent())


def _by_gradient(space: Space, chosen: GradientSearch, evaluator: Any, clock: _Clock, seed: int) -> Found:
    """Train a supernet and its architecture; the answer is then evaluated as any other point."""
    relax, task = getattr(evaluator, "relax", None), getattr(evaluator, "task", None)
    if relax is None or task is None:
        raise ParameterError(
            "a search by gradient needs a supernet: use an evaluator that shares one or can make one (relax)"
        )
    if chosen.channels > 1:
        if not hasattr(relax, "partial"):
            raise ParameterError("partial channels need a supernet that is made for them")
        relax = relax.partial(chosen.channels)
    from bioautofeat.nas.evaluators.oneshot import OneShot

    opener = OneShot(task, relax)
    supernet = opener.open(space, seed=seed)
    relaxed = chosen.run(
        supernet, task.halved(np.random.default_rng([seed, 3])), seed=seed, stop=lambda: clock.over(PREPARATION)
    )
    judge = opener if isinstance(evaluator, OneShot) else evaluator
    if judge is not opener:
        judge.prepare(space, seed=seed, stop=clock.over)
    history = History()
    history.append(_tried(judge, Suggestion(relaxed.point)))
    return _found(history, clock, relaxed)
