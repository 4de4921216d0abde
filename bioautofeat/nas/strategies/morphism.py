"""Hill-climbing by small moves: a network has a few children, and the best of all goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["HillClimb"]


class HillClimb(Strategy):
    """A population of one (Elsken et al. 2018, NIPS workshop: NASH).

    Each generation is a number of children of the best point so far, by random mutations; in a space of morphisms
    these keep the function of the network, and an evaluator that inherits weights only trains on.  The start is the
    smallest point of a space that has one, else a random one.

    Parameters
    ----------
    space : Space
    children : int
        Of each generation.
    moves : int
        Mutations of a child, from one to so many.
    """

    def __init__(self, space: Space, children: int = 4, moves: int = 3) -> None:
        super().__init__(space)
        self.children, self.moves = children, moves

    def ask(self, rng: np.random.Generator) -> Suggestion:
        told = self.history.trials
        if not told:
            start: Any = getattr(self.space, "start", None)
            return Suggestion(self.space.sample(rng) if start is None else start())
        generation = (len(told) - 1) // self.children
        parent = self.parent(told[: 1 + generation * self.children])
        tried = {trial.point for trial in told}
        for _ in range(20):
            child = self._child(parent, rng)
            if child not in tried:
                return Suggestion(child)
        return Suggestion(fresh(self.space, tried, rng))

    @staticmethod
    def parent(told: list[Trial]) -> Point:
        """The point from which the next generation comes: the first of the best."""
        return max(told, key=lambda trial: trial.merit).point

    def _child(self, parent: Point, rng: np.random.Generator) -> Point:
        child = parent
        for _ in range(1 + int(rng.integers(self.moves))):
            child = self.space.mutate(child, rng)
        return child
