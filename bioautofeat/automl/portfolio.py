"""Which models are tried, in which order: cheap and diverse ones first, variations of what helped later.

A chooser is asked for the next candidate with all trials so far; the portfolio is one, the joint search another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bioautofeat.automl.blocks import Blocks
from bioautofeat.automl.costs import FORESTS
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.space import TABLES
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.models import get
from bioautofeat.sequences import Sequences

__all__ = ["PRESETS", "Chooser", "Portfolio", "fitted_to_data", "suits"]

PRESETS = ("fast", "balanced", "best")
SPECIAL = ("structure", "neighbours", "position")
"""Sets of descriptors that are also tried by themselves."""

LEAN_ROWS = 8_000
"""Beyond it models of fewer columns come first."""

MANY_ROWS = 6_000
"""Beyond it landmarks stand in for the support vector machine."""

MOST_FOREST_ROWS_REGRESSION = 8_000
MOST_BOOSTED_CLASSES = 60


def network(source: Sequences, values: Mapping[str, Any] | None = None) -> Candidate:
    """A neural network on the letters: the usual one, or one of these values."""
    from bioautofeat.nas.member import spec, usual

    longest = int(source.lengths.max(initial=1))
    given = usual(source.alphabet.name, longest) if values is None else values
    return Candidate("network", dict(given), (spec(longest),), "letters")


class Chooser(ABC):
    """Gives candidates, one at a time.

    Attributes
    ----------
    cost : callable
        Part of the time left that a candidate would take, as whoever asks predicts it.
    width : callable
        Number of columns of descriptors.
    by_shares : bool
        Whether a candidate with a share of the rows is judged on all folds, as a step on its way to all rows; else it is
        screened on the first fold alone.
    """

    by_shares = False

    cost: Callable[[Candidate], float] = staticmethod(lambda candidate: 0.0)
    width: Callable[[tuple[str, ...]], int] = staticmethod(lambda specs: 1 << 30)

    @property
    def early(self) -> bool:
        """Whether first models are still to be asked for."""
        return False

    def admit(self, candidates: list[Candidate]) -> None:  # noqa: B027  # why: a list of one's own need not take any
        """Take candidates that were found elsewhere: they are asked for next."""

    @abstractmethod
    def ask(self, trials: Sequence[Trial]) -> Candidate | None:
        """The next candidate, given what became of all before; None when there is nothing left to try."""

    def tell(self, trial: Trial) -> None:  # noqa: B027  # why: a fixed list has nothing to learn
        """What became of the last candidate."""


def suits(problem: Problem, model: str) -> bool:
    """Whether a model is worth trying on data of this size."""
    n, regression = len(problem), problem.n_classes == 0
    if model in problem.models:
        return True
    if not get(model).available or (model == "hist_boosting" and get("lightgbm").available):
        # both grow the same trees, LightGBM in less time
        return False
    if model in ("xgboost", "hist_boosting", "lightgbm", "catboost"):
        return problem.n_classes <= MOST_BOOSTED_CLASSES
    if model in ("extra_trees", "random_forest") and regression:
        return n <= MOST_FOREST_ROWS_REGRESSION
    if model == "svm":
        return n <= MANY_ROWS and problem.n_classes <= MOST_BOOSTED_CLASSES
    if model == "nystroem":
        return n > MANY_ROWS
    if model == "knn":
        return n <= 20_000
    if model in ("logistic", "lda", "linear_svm"):
        return not regression
    return model not in ("ridge", "elastic_net") or regression


def fitted_to_data(problem: Problem, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes that keep costs and model files in bounds."""
    found, n = dict(values), len(problem)
    if model in ("xgboost", "hist_boosting", "lightgbm", "catboost") and problem.n_classes > 13:
        found["rounds"] = max(20, found.get("rounds", 100) * 13 // problem.n_classes)
    if model == "extra_trees" and n > 3_000:
        # as many nodes in all for large data as for 3,000 rows
        found["trees"] = max(100, found.get("trees", FORESTS[model]) * 3_000 // n)
        found.setdefault("leaf", 2)
    return found


class Portfolio(Chooser):
    """A fixed list: the same candidates in the same order for the same data, whatever the machine.

    Parameters
    ----------
    problem : Problem
    blocks : mapping of str to tuple of str
    preset : {"fast", "balanced", "best"}
    nas : bool
        Whether a neural network is among the first models.

    Attributes
    ----------
    candidates : list of Candidate
    first : int
        So many of them come before any search.
    asked : int
    """

    def __init__(self, problem: Problem, blocks: Blocks, preset: str = "balanced", nas: bool = False) -> None:
        self.problem, self.blocks, self.nas = problem, blocks, nas
        self.candidates = list({candidate.key: candidate for candidate in self._listed(preset)}.values())
        self.first = len({candidate.key for candidate in (*self._first(), *self._second())})
        self.asked = 0

    def ask(self, trials: Sequence[Trial]) -> Candidate | None:
        if self.asked == len(self.candidates):
            return None
        self.asked += 1
        return self.candidates[self.asked - 1]

    @property
    def early(self) -> bool:
        return self.asked < len(self.core)

    def admit(self, candidates: list[Candidate]) -> None:
        known = {candidate.key for candidate in self.candidates}
        new = [candidate for candidate in candidates if candidate.key not in known]
        self.candidates[self.asked : self.asked] = new
        self.first += len(new)

    def in_order_of(self, costs: Callable[[Sequence[Candidate]], list[float]]) -> None:
        """Put the first set in the order of its costs: what is cheap is there early, and what is dear meets what is known.

        The user's own estimators come right after the cheapest one.
        """
        core = self.core
        own = [candidate.model in self.problem.models for candidate in core]
        order = np.lexsort((np.arange(len(core)), np.where(own, -1.0, costs(core)))).tolist()
        usual = [core[i] for i in order if not own[i]]
        ranked = usual[:1] + [core[i] for i in order if own[i]] + usual[1:]
        self.candidates[: len(core)] = ranked

    @property
    def core(self) -> list[Candidate]:
        """The models of the first set, by whose cost the number of folds is decided."""
        return list({candidate.key: candidate for candidate in self._first()}.values())

    def _on(self, block: str, model: str, **values: Any) -> Iterator[Candidate]:
        """The candidate where the set exists and the model suits the data; nothing where not."""
        if block in self.blocks and suits(self.problem, model):
            yield Candidate(model, fitted_to_data(self.problem, model, values), self.blocks[block], block)

    def _listed(self, preset: str) -> Iterator[Candidate]:
        yield from self._first()
        if preset != "fast":
            yield from self._second()
            yield from self._variations()
        if preset == "best":
            yield from self._more_variations()

    def _boosted(self, block: str) -> Iterator[Candidate]:
        """The first boosting on a set: few rounds; where there are many columns each tree sees some, which is better and cheaper."""
        share = 0.25 if block in ("broad", "rich") else 0.6
        yield from self._on(block, "xgboost", learning_rate=0.15, column_share=share, row_share=0.8)

    def _leafwise(self, block: str) -> Iterator[Candidate]:
        """Boosting whose trees grow leaf by leaf: cheaper on positional columns, and unlike the other."""
        yield from self._on(block, "lightgbm", rounds=200, column_share=0.25, row_share=0.8, leaves=31)
        yield from self._on(block, "hist_boosting", columns=0.25)

    def _symmetric(self, block: str) -> Iterator[Candidate]:
        """Boosting by symmetric trees, where it is installed: dear, and unlike the others."""
        yield from self._on(block, "catboost", rounds=300, column_share=0.3)

    def _strings(self, c: float = 3.0) -> Iterator[Candidate]:
        """A machine on similarities of whole sequences, for few short proteins."""
        if "strings" in self.blocks:
            yield Candidate("kernel_svm", {"c": c}, self.blocks["strings"], "strings")

    def _named(self, name: str) -> Iterator[Candidate]:
        """A model that the user has named, or brought along."""
        if name in TABLES:
            yield Candidate(name, {}, TABLES[name], "strings")
        else:
            yield from self._on("broad", name)

    def _linear(self, block: str) -> Iterator[Candidate]:
        """A strongly penalised linear model."""
        if self.problem.n_classes:
            yield from self._on(block, "logistic", c=0.01)
        else:
            yield from self._on(block, "ridge", strength=1000.0)

    def _first(self) -> Iterator[Candidate]:
        # the first model is there in seconds, whatever the data
        quick = "ridge" if not self.problem.n_classes else "logistic" if self.problem.n_classes <= 20 else "lda"
        yield from self._on("small", quick)
        if len(self.problem) > LEAN_ROWS:
            yield from self._boosted("lean")
            yield from self._on("lean", "nystroem")
        for name in self.problem.models:
            yield from self._named(name)
        if "given" in self.blocks:
            yield from self._boosted("given")
            yield from self._on("given", "svm")
        if len(self.problem) > LEAN_ROWS and get("lightgbm").available:
            yield from self._leafwise("broad")
        else:
            yield from self._boosted("broad")
        yield from self._on("broad", "svm")
        yield from self._on("broad", "nystroem")
        yield from self._on("broad", "extra_trees")
        if self.nas and isinstance(self.problem.source, Sequences):
            yield network(self.problem.source)

    def _second(self) -> Iterator[Candidate]:
        if len(self.problem) <= MANY_ROWS:
            yield from self._linear("broad")
        yield from self._boosted("rich")
        yield from self._leafwise("rich")
        yield from self._strings()
        for model in ("svm", "nystroem", "extra_trees"):
            yield from self._on("rich", model)
        for block in SPECIAL:
            yield from self._boosted(block)
            for model in ("svm", "nystroem", "extra_trees"):
                yield from self._on(block, model)
        yield from self._linear("rich")
        yield from self._on("small", "knn")

    def _variations(self) -> Iterator[Candidate]:
        slow = {"rounds": 250, "learning_rate": 0.06, "depth": 5, "column_share": 0.15, "row_share": 0.7}
        for block in ("rich", "broad"):
            yield from self._on(block, "xgboost", **slow)
            yield from self._on(block, "svm", c=3.0, width=0.5)
            yield from self._on(block, "nystroem", c=1.0, width=0.5)
            yield from self._on(block, "extra_trees", columns="tenth")
        yield from self._symmetric("rich")
        yield from self._strings(c=30.0)
        if "strings" in self.blocks:
            yield Candidate("kernel_knn", {}, self.blocks["strings"], "strings")
        for block in ("rich", "broad", *SPECIAL):
            yield from self._on(
                block, "xgboost", rounds=200, learning_rate=0.1, depth=3, column_share=0.3, row_share=0.8
            )
            yield from self._on(block, "svm", c=30.0)
        if self.problem.n_classes:
            yield from self._on("small", "lda")
            yield from self._on("small", "gaussian_bayes")
        for model in ("svm", "extra_trees"):
            yield from self._on("small", model)
        yield from self._boosted("small")

    def _more_variations(self) -> Iterator[Candidate]:
        for block in ("rich", "broad", *SPECIAL):
            yield from self._on(
                block, "xgboost", rounds=600, learning_rate=0.03, depth=5, column_share=0.1, row_share=0.7
            )
            yield from self._on(block, "extra_trees", trees=800, leaf=3)
            yield from self._on(block, "random_forest")
            yield from self._on(block, "svm", c=10.0, width=0.2)
            yield from self._on(
                block, "xgboost", rounds=200, learning_rate=0.1, depth=8, column_share=0.2, min_weight=5.0
            )
