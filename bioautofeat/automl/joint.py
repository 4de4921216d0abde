"""The joint search: after the first models, descriptors, columns, model and its values are chosen together.

The portfolio comes first, and its candidates teach the strategy; what the strategy asks for then is tried in turn with the
portfolio's variations.  A candidate that would take too long is first screened: on one fold and a share of the rows, a few of
them side by side, and the best of these is judged in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bioautofeat.automl.blocks import Blocks
from bioautofeat.automl.choices import choices_for
from bioautofeat.automl.portfolio import Chooser, Portfolio, fitted_to_data, suits
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.space import RANGES, GridSpace, PipelineSpace
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.errors import ParameterError
from bioautofeat.search import STRATEGIES, Point, Strategy
from bioautofeat.search import Trial as Told
from bioautofeat.search.base import generator

__all__ = ["JointSearch", "joint_search"]

SEARCHED = (
    "xgboost", "lightgbm", "catboost", "extra_trees", "random_forest", "svm", "nystroem", "logistic", "linear_svm",
    "ridge", "elastic_net", "knn", "lda", "gaussian_bayes",
)  # fmt: skip
"""Models that a search chooses among, where they suit the data and are installed."""

DRAWS = 20
"""A strategy is asked so often for a candidate that the time allows."""

SCREENED = 4
"""So many dear candidates are screened before one of them is judged in full."""

SCREEN_SHARE = 0.25
SCREEN_ROWS = 2_000
"""Fewer rows than this are not worth dividing."""

UNLIKE = 2.0
"""Classes whose sizes differ by this factor may be weighted."""


class JointSearch(Chooser):
    """A portfolio, then a strategy over the joint space, in turn with what is left of the portfolio.

    Parameters
    ----------
    portfolio : Portfolio
    space : PipelineSpace
    strategy : str or type of Strategy
        A name of :data:`bioautofeat.search.STRATEGIES`, or a class of one's own.
    seed : int
    """

    def __init__(self, portfolio: Portfolio, space: PipelineSpace, strategy: Any = "tpe", seed: int = 0) -> None:
        self.portfolio, self.space, self.seed = portfolio, space, seed
        self.strategy: Strategy = strategy_for(strategy)(space)
        self.points: dict[str, Point] = {}
        self.merits: dict[str, float | None] = {}
        self.screens: list[Trial] = []
        self.batch: list[Candidate] = []
        self.asked = 0

    @property
    def early(self) -> bool:
        return self.portfolio.early

    def admit(self, candidates: list[Candidate]) -> None:
        self.portfolio.admit(candidates)

    def ask(self, trials: Sequence[Trial]) -> Candidate | None:
        self.asked += 1
        if self.batch:
            return self.batch.pop(0)
        if self.screens:
            best = min(self.screens, key=lambda trial: trial.loss)
            self.screens = []
            return replace(best.candidate, share=1.0)
        first = self.portfolio.first
        if self.portfolio.asked < first or (self.asked % 2 and self.portfolio.asked < len(self.portfolio.candidates)):
            return self.portfolio.ask(trials)
        return self._searched({trial.candidate.key for trial in trials})

    def tell(self, trial: Trial) -> None:
        if trial.state == "screened":
            self.screens.append(trial)
            return
        key = trial.candidate.key
        point = self.points[key] if key in self.points else self.space.point_of(trial.candidate)
        if point is None or trial.state in ("skipped", "stopped"):
            return
        self.merits[key] = None if trial.state == "failed" else -trial.loss
        self.strategy.tell(Told(point, self.merits[key], seconds=trial.seconds))

    def _searched(self, known: set[str]) -> Candidate | None:
        """What the strategy asks for next; several to be screened where it is dear."""
        candidate = self._drawn(known, 0)
        if candidate is None or not self._dear(candidate):
            return candidate
        others = [self._drawn(known, i) for i in range(1, SCREENED)]
        drawn = {one.key: one for one in [candidate, *others] if one is not None}
        self.batch = [replace(one, share=SCREEN_SHARE) for one in drawn.values()]
        return self.batch.pop(0)

    def _dear(self, candidate: Candidate) -> bool:
        return len(self.portfolio.problem) >= SCREEN_ROWS and self.cost(candidate) > 0.1

    def _drawn(self, known: set[str], turn: int) -> Candidate | None:
        """A candidate of the strategy that is new and can be paid for; the cheapest of many where none can."""
        rng = generator(self.seed, 1000 * self.asked + turn)
        cheapest: tuple[float, Candidate] | None = None
        for _ in range(DRAWS):
            point = self.strategy.ask(rng).point
            candidate = self._made(point)
            if candidate.key in known:
                # a list that is gone through in order moves on by what it is told
                self.strategy.tell(Told(point, self.merits.get(candidate.key)))
                continue
            self.points[candidate.key] = point
            cost = self.cost(candidate)
            if cost <= 0.25:
                return candidate
            if cheapest is None or cost < cheapest[0]:
                cheapest = cost, candidate
        return cheapest[1] if cheapest is not None else None

    def _made(self, point: Point) -> Candidate:
        candidate = self.space.candidate(point)
        if candidate.selection and int(candidate.selection.partition(":")[2]) >= self.width(candidate.specs):
            candidate = replace(candidate, selection="")
        return replace(candidate, values=fitted_to_data(self.portfolio.problem, candidate.model, candidate.values))


def joint_search(problem: Problem, blocks: Blocks, options: Options, portfolio: Portfolio | None = None) -> JointSearch:
    """The search that suits a problem and what was asked for."""
    portfolio = portfolio or Portfolio(problem, blocks, options.preset, options.nas)
    searched, weighted = searched_models(problem, problem.models), weighting_helps(problem)
    if options.strategy == "grid":
        space: PipelineSpace = GridSpace(blocks, searched, weighted)
    else:
        choices = choices_for(problem, blocks, options.descriptors)
        space = PipelineSpace(choices, searched, blocks["small"], weighted)
    return JointSearch(portfolio, space, options.strategy, options.seed)


def strategy_for(given: Any) -> type[Strategy]:
    """The class of a strategy: by its name, or one's own."""
    if isinstance(given, type) and issubclass(given, Strategy):
        return given
    if given not in STRATEGIES:
        raise ParameterError(f"unknown strategy {given!r}; known are {', '.join(sorted(STRATEGIES))}")
    return STRATEGIES[given]


def searched_models(problem: Problem, more: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the models that suit a problem, those of the user's last."""
    from bioautofeat import models

    known = {row.name for row in models.find(problem.task)}
    usual = [name for name in SEARCHED if name in known and name in RANGES and suits(problem, name)]
    return (*usual, *more)


def weighting_helps(problem: Problem) -> bool:
    """Whether the classes differ in size."""
    if not problem.n_classes:
        return False
    sizes = np.bincount(problem.truth, minlength=problem.n_classes)
    return bool(sizes.max() >= UNLIKE * max(1, sizes.min()))
