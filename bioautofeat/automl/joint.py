"""The joint search: after the first models, descriptors, columns, model and its values are chosen together.

The portfolio comes first, and its candidates teach the strategy; what the strategy asks for then is tried in turn with the
portfolio's variations.  A candidate that would take too long is first screened: on one fold and a share of the rows, a few of
them side by side, and the best of these is judged in full.  A strategy that suggests shares of the cost itself (halving) is
taken at its word instead: its candidates are judged on all folds by models of that share of the rows, and told so; only those
that have risen to all rows are on the board for the blend.
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
from bioautofeat.search import STRATEGIES, Grid, Point, Strategy, SuccessiveHalving
from bioautofeat.search import Trial as Told
from bioautofeat.search.base import generator

__all__ = ["JointSearch", "joint_search"]

SEARCHED = (
    "xgboost", "lightgbm", "hist_boosting", "catboost", "extra_trees", "random_forest", "svm", "nystroem", "logistic", "linear_svm",
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

HALVED_ROWS = 200
"""Successive halving begins with about so many rows, with a ninth of all at least and a third at most."""

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
        self.strategy = _made_strategy(strategy, space, len(portfolio.problem))
        self.by_shares = self.strategy.by_shares
        self.points: dict[str, Point] = {}
        self.merits: dict[str, float | None] = {}
        self.screens: list[Trial] = []
        self.batch: list[Candidate] = []
        self.asked = 0
        self.rising: Point | None = None

    @property
    def early(self) -> bool:
        return self.portfolio.early

    def admit(self, candidates: list[Candidate]) -> None:
        self.portfolio.admit(candidates)

    def ask(self, trials: Sequence[Trial]) -> Candidate | None:
        self.asked += 1
        self.rising = None
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
        if trial.state == "screened" and not self.by_shares:
            self.screens.append(trial)
            return
        if trial.state in ("skipped", "stopped"):
            return
        key, candidate = trial.candidate.key, trial.candidate
        self.merits[key] = None if trial.state == "failed" else -trial.loss
        point = self.points[key] if key in self.points else self._point_of(candidate)
        if point is not None:
            self.strategy.tell(Told(point, self.merits[key], candidate.share, trial.seconds))

    def _point_of(self, candidate: Candidate) -> Point | None:
        """The point of a candidate that this search has not drawn as it is."""
        if self.rising is not None:
            # it had to be made smaller, and is the answer to what was asked all the same
            return self.rising
        return self.space.point_of(replace(candidate, share=1.0) if self.by_shares else candidate)

    def _searched(self, known: set[str]) -> Candidate | None:
        """What the strategy asks for next; several to be screened where it is dear."""
        candidate = self._drawn(known, 0)
        if candidate is not None and self.by_shares:
            self.rising = self.points[candidate.key]
        if candidate is None or self.by_shares or not self._dear(candidate):
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
        draws, passed = 0, set[Point]()
        while draws < DRAWS:
            suggestion = self.strategy.ask(rng)
            point = suggestion.point
            candidate = replace(self._made(point), share=suggestion.fidelity if self.by_shares else 1.0)
            if candidate.key in known:
                # a list that is gone through in order moves on by what it is told, however much of it is known
                self.strategy.tell(Told(point, self.merits.get(candidate.key), candidate.share))
                draws += not isinstance(self.strategy, Grid) or point in passed
                passed.add(point)
                continue
            draws += 1
            self.points[candidate.key] = point
            cost = self.cost(candidate) * candidate.share
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


def _made_strategy(given: Any, space: PipelineSpace, rows: int) -> Strategy:
    """A strategy for so many rows."""
    kind = strategy_for(given)
    if kind is SuccessiveHalving:
        return SuccessiveHalving(space, lowest=min(1 / 3, max(1 / 9, HALVED_ROWS / rows)))
    return kind(space)


def searched_models(problem: Problem, more: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the models that suit a problem; last those that the user names or has brought along."""
    from bioautofeat import models

    known = {row.name for row in models.find(problem.task)}
    usual = [name for name in SEARCHED if name in known and name in RANGES and suits(problem, name)]
    return tuple(dict.fromkeys((*usual, *more)))


def weighting_helps(problem: Problem) -> bool:
    """Whether the classes differ in size."""
    if not problem.n_classes:
        return False
    sizes = np.bincount(problem.truth, minlength=problem.n_classes)
    return bool(sizes.max() >= UNLIKE * max(1, sizes.min()))
