"""Regularised evolution: the oldest of a population dies, whatever its merit."""

from __future__ import annotations

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.space import Space

__all__ = ["Evolution"]


class Evolution(Strategy):
    """Tournament selection and mutation in an ageing population (Real et al. 2019, AAAI 33:4780).

    Parameters
    ----------
    space : Space
    population : int
    tournament : int
        Number of members drawn, with replacement, of which the best is the parent.
    ageing : bool
        Remove the oldest member (the default) or the worst one.
    """

    def __init__(self, space: Space, population: int = 10, tournament: int = 3, *, ageing: bool = True) -> None:
        super().__init__(space)
        self.size, self.tournament, self.ageing = population, tournament, ageing
        self.population: list[Trial] = []

    def ask(self, rng: np.random.Generator) -> Suggestion:
        if len(self.history) < self.size:
            return Suggestion(self.space.sample(rng))
        drawn = [self.population[i] for i in rng.integers(0, len(self.population), self.tournament)]
        return Suggestion(self.space.mutate(max(drawn, key=lambda trial: trial.merit).point, rng))

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        self.population.append(trial)
        if len(self.population) > self.size:
            worst = min(range(len(self.population)), key=lambda i: self.population[i].merit)
            self.population.pop(0 if self.ageing else worst)
