"""Intensification: challengers race against an incumbent over folds, and are dropped as soon as they are behind."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bioautofeat.search.base import History, Strategy, Trial, generator
from bioautofeat.search.space import Point

__all__ = ["Race", "race"]


class Race:
    """The incumbent, and what every point has reached on each fold (Hutter et al. 2011, LION 5).

    Parameters
    ----------
    score : callable
        ``score(point, fold)``, larger is better; None, NaN and infinities are failures: worse than anything, no more.
    folds : int
    """

    def __init__(self, score: Callable[[Point, int], float | None], folds: int) -> None:
        self.score, self.folds = score, folds
        self.runs: dict[Point, dict[int, float]] = {}
        self.incumbent: Point | None = None
        self.spent = 0

    def mean(self, point: Point) -> float:
        """Mean over the folds that a point has seen; minus infinity where one failed."""
        return float(np.mean(list(self.runs[point].values())))

    def _run(self, point: Point, fold: int) -> None:
        found = self.score(point, fold)
        self.spent += 1
        sound = found is not None and math.isfinite(found)
        self.runs.setdefault(point, {})[fold] = float(found) if found is not None and sound else -math.inf

    def challenge(self, point: Point, rng: np.random.Generator) -> bool:
        """Let a point race; whether it is the incumbent afterwards.

        First the incumbent gets one more fold, if there is one that it lacks.  The challenger then runs 1, 2, 4, ... of
        the incumbent's folds, and is out as soon as its mean over them is below the incumbent's.
        """
        if self.incumbent is None:
            self._run(point, int(rng.integers(self.folds)))
            self.incumbent = point
            return True
        if point == self.incumbent:
            return True
        theirs = self.runs[self.incumbent]
        missing = [fold for fold in range(self.folds) if fold not in theirs]
        if missing:
            self._run(self.incumbent, missing[int(rng.integers(len(missing)))])
        batch = 1
        while True:
            left = [fold for fold in theirs if fold not in self.runs.get(point, {})]
            for fold in rng.permutation(left)[:batch]:
                self._run(point, int(fold))
            common = [fold for fold in theirs if fold in self.runs[point]]
            ours = float(np.mean([self.runs[point][fold] for fold in common]))
            if ours < float(np.mean([theirs[fold] for fold in common])) or ours == -math.inf:
                return False
            if len(common) == len(theirs):
                self.incumbent = point
                return True
            batch *= 2


def race(
    strategy: Strategy,
    score: Callable[[Point, int], float | None],
    *,
    folds: int,
    runs: int,
    seed: int,
) -> tuple[Race, History]:
    """Ask a strategy for challengers until so many folds have been run.

    What the strategy is told is the mean over the folds that a challenger has seen, and as fidelity their share.

    Parameters
    ----------
    strategy : Strategy
    score : callable
    folds : int
    runs : int
        Single folds; the last challenger may use a few more.
    seed : int
    """
    known = Race(score, folds)
    while known.spent < runs:
        before = known.spent
        rng = generator(seed, len(strategy.history))
        point = strategy.ask(rng).point
        known.challenge(point, rng)
        mean = known.mean(point)
        share = len(known.runs[point]) / folds
        strategy.tell(Trial(point, mean if math.isfinite(mean) else None, share))
        if known.spent == before and len(strategy.history) > 10 * runs:
            break  # a finite space in which everything is known
    return known, strategy.history
