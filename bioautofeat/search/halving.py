"""Successive halving: many points cheaply, the better part of them again at a higher cost."""

from __future__ import annotations

import math

import numpy as np

from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["SuccessiveHalving"]


class SuccessiveHalving(Strategy):
    """Asynchronous promotion (Li et al. 2020, MLSys: ASHA): a point among the best ``1 / eta`` of its rung goes up.

    Parameters
    ----------
    space : Space
    lowest : float
        Share of the full cost of the lowest rung.
    eta : int
        Factor between rungs.
    """

    by_shares = True

    def __init__(self, space: Space, lowest: float = 1 / 9, eta: int = 3) -> None:
        super().__init__(space)
        self.eta = eta
        steps = max(1, round(math.log(1 / lowest, eta)))
        self.rungs = [eta ** (step - steps) * 1.0 for step in range(steps + 1)]
        self._told: list[dict[Point, float]] = [{} for _ in self.rungs]

    def ask(self, rng: np.random.Generator) -> Suggestion:
        for rung in range(len(self.rungs) - 2, -1, -1):
            ranked = sorted(self._told[rung].items(), key=lambda item: -item[1])
            for point, merit in ranked[: len(ranked) // self.eta]:
                if point not in self._told[rung + 1] and merit > -math.inf:
                    return Suggestion(point, self.rungs[rung + 1])
        return Suggestion(fresh(self.space, set(self._told[0]), rng), self.rungs[0])

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        rung = int(np.argmin([abs(level - trial.fidelity) for level in self.rungs]))
        self._told[rung][trial.point] = trial.merit
