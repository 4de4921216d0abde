"""Random search: independent draws; a finite space is not drawn from twice while it lasts."""

from __future__ import annotations

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["RandomSearch", "fresh"]


def fresh(space: Space, tried: set[Point], rng: np.random.Generator, attempts: int = 50) -> Point:
    """A random point that was not tried, or the last draw where chance finds none."""
    point = space.sample(rng)
    for _ in range(attempts):
        if point not in tried:
            break
        point = space.sample(rng)
    return point


class RandomSearch(Strategy):
    """Independent draws (Bergstra and Bengio 2012, JMLR 13:281), repeats rejected."""

    def ask(self, rng: np.random.Generator) -> Suggestion:
        return Suggestion(fresh(self.space, {trial.point for trial in self.history.trials}, rng))
