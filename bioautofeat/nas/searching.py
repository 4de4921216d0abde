"""One way into architecture search: a space, a strategy, an evaluator, a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.evaluators.base import FAILURES, Evaluator
from bioautofeat.nas.strategies import GRADIENT, asking_strategy, gradient_search
from bioautofeat.search.base import History, Strategy, Suggestion, Trial, generator
from bioautofeat.search.space import Space

if TYPE_CHECKING:
    from bioautofeat.nas.evaluators.base import Relax
    from bioautofeat.nas.strategies.gradient import GradientSearch, Relaxed

__all__ = ["Budget", "Found", "relax_of", "search"]

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
        """Different points that have a score, see :meth:`~bioautofeat.search.History.ranked`."""
        return self.history.ranked()


@dataclass
class _Clock:
    budget: Budget
    start: float = field(default_factory=time.monotonic)
    preparing: bool = True
    """Whether no question was asked yet."""

    def over(self, share: float = 1.0) -> bool:
        """Whether a share of the time is used up."""
        return self.budget.seconds is not None and self.spent() >= share * self.budget.seconds

    def stop(self) -> bool:
        """Whether time has run out for what is being done: the preparation, or all of the search."""
        return self.over(PREPARATION if self.preparing else 1.0)

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
    note: Callable[[Trial], None] = lambda trial: None,
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
    note : callable
        Is given each new trial, failures with their reason among them, even if the search then ends with an error.

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
        return _by_gradient(space, strategy, evaluator, clock, seed, note)
    evaluator.prepare(space, seed=seed, stop=clock.stop)
    clock.preparing = False
    asked = asking_strategy(strategy, space, evaluator) if isinstance(strategy, str) else strategy(space)
    for trial in known:
        asked.tell(trial)
    return _by_asking(asked, evaluator, clock, seed, note)


def _by_asking(asked: Strategy, evaluator: Evaluator, clock: _Clock, seed: int, note: Callable[[Trial], None]) -> Found:
    """Ask, evaluate, tell; what fails is a bad trial, not the end."""
    most = math.inf if clock.budget.trials is None else clock.budget.trials
    while len(asked.history) < most and not (clock.over() and asked.history.trials):
        suggestion = asked.ask(generator(seed, len(asked.history)))
        trial = _tried(evaluator, suggestion)
        note(trial)
        asked.tell(trial)
    return _found(asked.history, clock)


def _tried(evaluator: Evaluator, suggestion: Suggestion) -> Trial:
    """The trial of a suggestion; a failure keeps its reason."""
    start, score, error = time.monotonic(), None, ""
    try:
        score = evaluator.evaluate(suggestion)
    except FAILURES as failure:
        error = str(failure) or type(failure).__name__
    seconds = time.monotonic() - start
    return Trial(suggestion.point, score, suggestion.fidelity, seconds, error, suggestion.instance)


def _found(history: History, clock: _Clock, relaxed: Relaxed | None = None) -> Found:
    best = history.best
    if best is None:
        reason = history.trials[-1].error if history.trials else ""
        raise UnfinishedError(reason or "no architecture could be evaluated")
    return Found(best, history, relaxed, clock.spent())


def _by_gradient(
    space: Space, chosen: GradientSearch, evaluator: Any, clock: _Clock, seed: int, note: Callable[[Trial], None]
) -> Found:
    """Train a supernet and its architecture; the answer is then evaluated as any other point."""
    relax, task = relax_of(chosen, evaluator), evaluator.task
    from bioautofeat.nas.evaluators.oneshot import OneShot

    opener = OneShot(task, relax)
    supernet = opener.open(space, seed=seed)
    relaxed = chosen.run(supernet, task.halved(np.random.default_rng([seed, 3])), seed=seed, stop=clock.stop)
    clock.preparing = False
    judge = opener if isinstance(evaluator, OneShot) else evaluator
    if judge is not opener:
        judge.prepare(space, seed=seed, stop=clock.stop)
    history = History()
    history.append(_tried(judge, Suggestion(relaxed.point)))
    note(history.trials[0])
    return _found(history, clock, relaxed)


def relax_of(chosen: GradientSearch, evaluator: Any) -> Relax:
    """What makes the supernet of a search by gradient.

    Raises
    ------
    ParameterError
        For an evaluator that knows none, and for partial channels where they cannot be had.
    """
    relax: Any = getattr(evaluator, "relax", None)
    if relax is None or getattr(evaluator, "task", None) is None:
        raise ParameterError(
            "a search by gradient needs a supernet: use an evaluator that shares one or can make one (relax)"
        )
    if chosen.channels > 1:
        if not hasattr(relax, "partial"):
            raise ParameterError("partial channels need a supernet that is made for them")
        relax = relax.partial(chosen.channels)
    made: Relax = relax
    return made
