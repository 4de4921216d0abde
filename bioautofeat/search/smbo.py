"""Sequential model-based optimisation: a random forest says where improvement is to be expected."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bioautofeat.search.base import Strategy, Suggestion
from bioautofeat.search.random import fresh
from bioautofeat.search.space import Point, Space

__all__ = ["ModelBased", "expected_improvement"]

TOP = 10
"""Points from whose neighbourhood is drawn, and candidates that are moved on."""


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

    With ``candidates=10_000, explore=2, climbs=True`` the next point is chosen as there; the defaults cost a fiftieth of the
    time.  Three things differ from SMAC: the forest is of extremely randomised trees, whose spread is that of their
    predictions alone; what choosing takes does not bound what running takes; and racing is a strategy of its own
    (:class:`~bioautofeat.search.Intensified`), which gives the forest one row a run, the instance left out.

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
    climbs : bool
        Whether the candidates of the largest expected improvement are moved on, a neighbour at a time, as long as it rises.
    """

    def __init__(
        self,
        space: Space,
        initial: int = 10,
        trees: int = 30,
        candidates: int = 300,
        explore: int = 8,
        climbs: bool = False,
    ) -> None:
        super().__init__(space)
        self.initial, self.trees, self.candidates = initial, trees, candidates
        self.explore, self.climbs = explore, climbs

    def ask(self, rng: np.random.Generator) -> Suggestion:
        told = self.history.trials
        tried = {trial.point for trial in told}
        # a further run of a point is no answer to a question
        asked = len(told) - len({(trial.point, trial.instance) for trial in told}) + len(tried)
        best = self.history.best
        if best is None or self._known() < self.initial or asked % self.explore == 0:
            return Suggestion(fresh(self.space, tried, rng))
        pool = [point for point in self._pool(rng) if point not in tried]
        if not pool:
            return Suggestion(fresh(self.space, tried, rng))
        gain = self._gain(best.merit, pool, int(rng.integers(2**31)))
        found = gain(pool)
        if self.climbs:
            return Suggestion(self._climbed(pool, found, gain, tried, rng))
        return Suggestion(pool[int(np.argmax(found))])

    def _known(self) -> int:
        """Number of runs with a score."""
        return sum(trial.merit > -math.inf for trial in self.history.trials)

    def _pool(self, rng: np.random.Generator) -> list[Point]:
        """Neighbours of the ten best points, and random ones, each once."""
        best = sorted(self.history.trials, key=lambda trial: -trial.merit)[:TOP]
        near = [point for trial in best for point in self.space.neighbours(trial.point, rng)]
        drawn = [self.space.sample(rng) for _ in range(self.candidates)]
        return list(dict.fromkeys(near + drawn))

    def _gain(self, best: float, pool: list[Point], seed: int) -> Callable[[list[Point]], NDArray[np.float64]]:
        """Expected improvement over a score, as a forest of all that was told sees it."""
        from sklearn.ensemble import ExtraTreesRegressor

        told = self.history.trials
        points = [trial.point for trial in told]
        worst = min(trial.merit for trial in told if trial.merit > -math.inf)
        scores = np.array([max(trial.merit, worst) for trial in told])
        forest = ExtraTreesRegressor(
            self.trees, min_samples_leaf=1, random_state=seed, max_features=0.8, bootstrap=True
        )

        def encoded(batch: list[Point]) -> NDArray[np.float64]:
            table = self.space.encode(points + batch)
            # points that are met on the way up may have columns that the first ones have not
            return table[:, (table[: len(points)] != -1).any(axis=0)] if self.climbs else table

        first = encoded(pool)
        forest.fit(first[: len(points)], scores)

        def gain(batch: list[Point]) -> NDArray[np.float64]:
            table = first if batch is pool else encoded(batch)
            votes = np.array([tree.predict(table[len(points) :]) for tree in forest.estimators_])
            return expected_improvement(votes.mean(axis=0), votes.std(axis=0), best)

        return gain

    def _climbed(
        self, pool: list[Point], found: NDArray[np.float64], gain: Callable[[list[Point]], NDArray[np.float64]],
        tried: set[Point], rng: np.random.Generator,
    ) -> Point:  # fmt: skip
        """The best candidate after each of the first ones has moved to its best neighbour until none is better."""
        reached = {pool[i]: float(found[i]) for i in np.argsort(-found, kind="stable")[:TOP]}
        moving = dict(reached)
        while moving:
            ways = [(here, near) for here in moving for near in self.space.neighbours(here, rng) if near not in tried]
            steps: dict[Point, tuple[Point, float]] = {}
            for (here, near), value in zip(ways, gain([near for _, near in ways]) if ways else [], strict=True):
                if value > steps.get(here, (here, moving[here]))[1]:
                    steps[here] = near, float(value)
            moving = {near: value for near, value in steps.values() if near not in reached}
            reached |= moving
        return max(reached, key=lambda point: reached[point])
