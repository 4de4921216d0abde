"""The likeliest points first: how the answer of a self-evaluated template network is picked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion, generator
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["MostProbable", "ranked"]


def ranked(
    space: Space, value: Callable[[Point], float], *, most: int = 20_000, draws: int = 2_000, seed: int = 0
) -> list[Point]:
    """Points of a space, the most valuable first: all of a small one, random ones of a large one.

    Parameters
    ----------
    space : Space
    value : callable
    most : int
        A space of up to so many points is enumerated; of a larger one ``draws`` points are looked at.
    draws, seed : int
    """
    points: list[Point] = []
    for point in space.points():
        points.append(point)
        if len(points) > most:
            points = list(dict.fromkeys(space.sample(generator(seed, number)) for number in range(draws)))
            break
    return sorted(points, key=value, reverse=True)


class MostProbable(Strategy):
    """Points in the order of a probability that is known beforehand, each once; then random ones.

    Parameters
    ----------
    space : Space
    log_probability : callable
        Of a point, such as :meth:`~bioautofeat.nas.evaluators.setn.SelfEvaluated.log_probability`.
    """

    def __init__(self, space: Space, log_probability: Callable[[Point], float]) -> None:
        super().__init__(space)
        self._value = log_probability

    @cached_property
    def order(self) -> list[Point]:
        """Points to try, the likeliest first."""
        return ranked(self.space, self._value)

    def ask(self, rng: np.random.Generator) -> Suggestion:
        tried = {trial.point for trial in self.history.trials}
        found = next((point for point in self.order if point not in tried), None)
        return Suggestion(fresh(self.space, tried, rng) if found is None else found)
