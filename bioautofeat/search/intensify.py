"""Intensification: challengers race against an incumbent over folds, and are dropped as soon as they are behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from bioautofeat.search.base import History, Strategy, Suggestion, Trial, generator
from bioautofeat.search.space import Point

__all__ = ["Intensified", "Race", "Standing", "race"]


class Standing:
    """The incumbent, what every point has reached on each instance, and who runs next (Hutter et al. 2011, LION 5).

    Before a challenger comes, the incumbent gets one more instance, if there is one that it lacks.  The challenger then runs
    1, 2, 4, ... of the incumbent's instances; it is out as soon as its mean over them is below the incumbent's, and takes its
    place with all of them.  All of that follows from what has been told, in its order.

    Parameters
    ----------
    instances : int
        Folds, or seeds.
    """

    def __init__(self, instances: int) -> None:
        self.instances = instances
        self.runs: dict[Point, dict[int, float]] = {}
        self.incumbent: Point | None = None
        self.challenger: Point | None = None
        self._steps, self._owing = 0, False

    def take(self, point: Point, instance: int, merit: float) -> None:
        """Learn what a point has reached on an instance; minus infinity for a failure."""
        self.runs.setdefault(point, {})[instance] = merit
        if self.incumbent is None:
            self.incumbent, self._owing = point, True
        elif point == self.incumbent:
            self._owing = False
        else:
            self._steps = self._steps + 1 if point == self.challenger else 1
            self.challenger = point
            self._compare(point, self.incumbent)

    def _compare(self, ours: Point, theirs: Point) -> None:
        """Decide between challenger and incumbent, where it is time to."""
        common = [instance for instance in self.runs[theirs] if instance in self.runs[ours]]
        whole = len(common) == len(self.runs[theirs])
        if not common or not (whole or self._steps & (self._steps + 1) == 0):
            return
        reached, wanted = (float(np.mean([self.runs[point][i] for i in common])) for point in (ours, theirs))
        lost = reached < wanted or reached == -math.inf
        if lost or whole:
            self.incumbent = theirs if lost else ours
            self.challenger, self._owing = None, True

    def due(self, rng: np.random.Generator) -> tuple[Point, int] | None:
        """The point and the instance that come before another challenger; None where one may come."""
        if self.incumbent is None:
            return None
        if self.challenger is not None:
            return self.challenger, self.first(self.challenger, rng)
        missing = self._missing(self.incumbent, range(self.instances))
        return (self.incumbent, _one(missing, rng)) if self._owing and missing else None

    def first(self, point: Point, rng: np.random.Generator) -> int:
        """The instance that a challenger runs on: one that the incumbent has run on and it has not, where there is one."""
        everywhere = range(self.instances)
        known = everywhere if self.incumbent in (None, point) else list(self.runs[self.incumbent])
        return _one(self._missing(point, known) or list(known), rng)

    def _missing(self, point: Point, instances: Iterable[int]) -> list[int]:
        return [instance for instance in instances if instance not in self.runs.get(point, {})]


def _one(instances: list[int], rng: np.random.Generator) -> int:
    return instances[int(rng.integers(len(instances)))]


class Intensified(Strategy):
    """Another strategy, whose suggestions race over the instances of a noisy evaluator.

    What that strategy is told is every single run, and what is asked for is one run at a time, so that a search that was
    interrupted goes on in the middle of a race.  The best of the history is the incumbent: of the points with the most
    instances that with the highest mean.

    Parameters
    ----------
    inner : Strategy
    instances : int
        Folds, or seeds, that the evaluator tells apart.
    """

    def __init__(self, inner: Strategy, instances: int) -> None:
        super().__init__(inner.space)
        self.inner, self.standing = inner, Standing(instances)

    def ask(self, rng: np.random.Generator) -> Suggestion:
        due = self.standing.due(rng)
        if due is not None:
            return Suggestion(due[0], instance=due[1])
        drawn = self.inner.ask(rng)
        return replace(drawn, instance=self.standing.first(drawn.point, rng))

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        self.inner.tell(trial)
        self.standing.take(trial.point, trial.instance, trial.merit)


class Race:
    """A race whose runs are done at once.

    Parameters
    ----------
    score : callable
        ``score(point, fold)``, larger is better; None, NaN and infinities are failures: worse than anything, no more.
    folds : int
    """

    def __init__(self, score: Callable[[Point, int], float | None], folds: int) -> None:
        self.score, self.standing = score, Standing(folds)
        self.runs, self.spent = self.standing.runs, 0

    @property
    def incumbent(self) -> Point | None:
        """The point to be beaten."""
        return self.standing.incumbent

    def mean(self, point: Point) -> float:
        """Mean over the folds that a point has seen; minus infinity where one failed."""
        return float(np.mean(list(self.runs[point].values())))

    def _run(self, point: Point, fold: int) -> None:
        merit = self.runs.get(point, {}).get(fold)
        if merit is None:
            self.spent += 1
            merit = Trial(point, self.score(point, fold)).merit
        self.standing.take(point, fold, merit)

    def challenge(self, point: Point, rng: np.random.Generator) -> bool:
        """Let a point race, as :class:`Standing` says; whether it is the incumbent afterwards."""
        if point == self.incumbent:
            return True
        due = self.standing.due(rng)
        if due is not None:
            self._run(*due)
        self._run(point, self.standing.first(point, rng))
        while self.standing.challenger == point and (due := self.standing.due(rng)) is not None:
            self._run(*due)
        return point == self.incumbent


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
