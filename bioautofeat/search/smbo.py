"""Sequential model-based optimisation: a random forest says where improvement is to be expected."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bioautofeat.search.base import Strategy, Suggestion
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["ModelBased", "expected_improvement"]


def expected_improvement(mean: NDArray[np.float64], spread: NDArray[np.float64], best: float) -> NDArray[np.float64]:
    """Expected improvement over ``best`` of a normal prediction (to be maximised); 0 where nothing is uncertain or better.

    ``EI = s (z Phi(z) + phi(z))`` with ``z = (mean - best) / s`` (Jones et al. 1998, J Global Optim 13:455).
    """
    from scipy.special import ndtr

    gain = mean - best
    z = np.divide(gain, spread, out=np.zeros_like(gain), where=spread > 0)
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return np.where(spread > 0, np.maximum(gain * ndtr(z) + spread * density, 0.0), np.maximum(gain, 0.0))


class ModelBased(Strategy):
    """Random forest, expected improvement, local search around the best (Hutter et al. 2011, LION 5: SMAC).

    Parameters
    ----------
    space : Space
    initial : int
        Random points before the first model.
    trees : int
    candidates : int
        Random points among which, besides the neighbours of the best ones, the next is chosen.
    explore : int
        Every so many questions the answer is a random point.
    """

    def __init__(
        self, space: Space, initial: int = 10, trees: int = 30, candidates: int = 300, explore: int = 8
    ) -> None:
        super().__init__(space)
        self.initial, self.trees, self.candidates, self.explore = initial, trees, candidates, explore

    def ask(self, rng: np.random.Generator) -> Suggestion:
        told = self.history.trials
        tried = {trial.point for trial in told}
        known = [trial for trial in told if trial.merit > -math.inf]
        if len(known) < self.initial or len(told) % self.explore == 0:
            return Suggestion(fresh(self.space, tried, rng))
        pool = [point for point in self._pool(rng) if point not in tried]
        if not pool:
            return Suggestion(fresh(self.space, tried, rng))
        worst = min(trial.merit for trial in known)
        scores = np.array([max(trial.merit, worst) for trial in told])
        gain = self._gain([trial.point for trial in told], scores, pool, int(rng.integers(2**31)))
        return Suggestion(pool[int(np.argmax(gain))])

    def _pool(self, rng: np.random.Generator) -> list[Point]:
        """Neighbours of the ten best points, and random ones, each once."""
        best = sorted(self.history.trials, key=lambda trial: -trial.merit)[:10]
        near = [point for trial in best for point in self.space.neighbours(trial.point, rng)]
        drawn = [self.space.sample(rng) for _ in range(self.candidates)]
        return list(dict.fromkeys(near + drawn))

    def _gain(
        self, points: list[Point], scores: NDArray[np.float64], pool: list[Point], seed: int
    ) -> NDArray[np.float64]:
        from sklearn.ensemble import ExtraTreesRegressor

        table = self.space.encode(points + pool)
        forest = ExtraTreesRegressor(
            self.trees, min_samples_leaf=1, random_state=seed, max_features=0.8, bootstrap=True
        )
        forest.fit(table[: len(points)], scores)
        votes = np.array([tree.predict(table[len(points) :]) for tree in forest.estimators_])
        return expected_improvement(votes.mean(axis=0), votes.std(axis=0), float(scores.max()))
