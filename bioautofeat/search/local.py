"""Local search: step to the first neighbour that is better, start anew where there is none."""

from __future__ import annotations

import math

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["LocalSearch"]


class LocalSearch(Strategy):
    """First improvement with restarts (White et al. 2021, UAI: local search is state of the art for small spaces).

    Neighbours come in random order; a point whose score is known already is not asked for again.
    """

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._scores: dict[Point, float] = {}
        self._here: Point | None = None

    def ask(self, rng: np.random.Generator) -> Suggestion:
        left = self._untried(self._here, rng) if self._here is not None else []
        if left:
            return Suggestion(left[int(rng.integers(len(left)))])
        return Suggestion(fresh(self.space, set(self._scores), rng))

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        exhausted = self._here is None or not self._untried(self._here, np.random.default_rng(len(self.history)))
        best = -math.inf if exhausted or self._here is None else self._scores[self._here]
        self._scores[trial.point] = max(trial.merit, self._scores.get(trial.point, -math.inf))
        if trial.merit > best or (exhausted and self._here is None):
            self._here = trial.point
            self._climb()

    def _climb(self) -> None:
        """Step on over neighbours that are known to be better."""
        rng = np.random.default_rng(0)
        while self._here is not None:
            known = [p for p in self.space.neighbours(self._here, rng) if p in self._scores]
            better = max(known, key=lambda p: self._scores[p], default=self._here)
            if self._scores[better] <= self._scores[self._here]:
                return
            self._here = better

    def _untried(self, point: Point, rng: np.random.Generator) -> list[Point]:
        return [near for near in self.space.neighbours(point, rng) if near not in self._scores]
