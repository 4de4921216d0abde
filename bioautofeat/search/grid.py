"""Grid search: every point of a finite space in order, then from the start again."""

from __future__ import annotations

from itertools import islice

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["Grid"]


class Grid(Strategy):
    """The Cartesian product of the values of each parameter; needs a space without real numbers."""

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._listed: list[Point] = []
        self._points = space.points()

    def ask(self, rng: np.random.Generator) -> Suggestion:
        told = len(self.history)
        self._listed.extend(islice(self._points, max(0, told + 1 - len(self._listed))))
        return Suggestion(self._listed[told % len(self._listed)])
