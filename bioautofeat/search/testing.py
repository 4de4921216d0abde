"""The contract of a strategy as checks that anyone's own strategy can be run through."""

from __future__ import annotations

from collections.abc import Callable

from bioautofeat.errors import BioautofeatError
from bioautofeat.search.base import Strategy, Trial, generator, run
from bioautofeat.search.space import Point, Space

__all__ = ["check_strategy"]


def _score(point: Point) -> float:
    """A smooth score that any strategy can climb."""
    return -sum((value if isinstance(value, (int, float)) else len(str(value))) ** 2 for _, value in point)


def _refuse(condition: bool, message: str) -> None:
    if condition:
        raise BioautofeatError(message)


def check_strategy(make: Callable[[Space], Strategy], space: Space, trials: int = 25) -> None:
    """Raise unless the strategy keeps its contract on a space.

    Same seed, same trials; suggestions lie in the space; asking twice changes nothing; a history told again goes on
    as the first one did; failures and ties are survived.
    """
    first = run(make(space), lambda s: _score(s.point), trials=trials, seed=3).trials
    second = run(make(space), lambda s: _score(s.point), trials=trials, seed=3).trials
    _refuse(first != second, "the same seed gave other trials")
    for trial in first:
        for name, limits in space.ranges(trial.point).items():
            limits.check(dict(trial.point)[name])
    half = first[: trials // 2]
    resumed = run(make(space), lambda s: _score(s.point), trials=trials, seed=3, known=half).trials
    _refuse(resumed != first, "a history told again went on in another way")
    strategy = make(space)
    for trial in half:
        strategy.tell(trial)
    twice = [strategy.ask(generator(3, len(half))) for _ in range(2)]
    _refuse(twice[0] != twice[1], "asking changed what is asked next")
    bad = make(space)
    for number in range(trials):
        point = bad.ask(generator(5, number))
        bad.tell(Trial(point.point, None if number % 3 else float("nan"), point.fidelity))
    run(make(space), lambda s: 1.0, trials=trials, seed=1)
