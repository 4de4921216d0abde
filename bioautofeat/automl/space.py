"""The joint space: which descriptors, how many of their columns, which model, with which values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bioautofeat.automl.choices import Choices
from bioautofeat.automl.trial import Candidate
from bioautofeat.parameters import Choice, Int, Range, Real
from bioautofeat.search import Point, Space

__all__ = ["RANGES", "TABLES", "GridSpace", "PipelineSpace"]

NONE = "none"
SELECTIONS = ("anova", "gain")
COLUMNS = ("100", "300", "1000")

BOOSTING: Mapping[str, Range] = {
    "depth": Int(2, 9),
    "min_weight": Real(0.5, 20.0, log=True),
    "row_share": Real(0.5, 1.0),
    "column_share": Real(0.05, 1.0, log=True),
    "ridge": Real(0.3, 30.0, log=True),
}
FOREST: Mapping[str, Range] = {"columns": Choice("sqrt", "log2", "tenth", "third"), "leaf": Int(1, 8)}
WEIGHTED: Mapping[str, Range] = {"class_weight": Choice(NONE, "balanced")}

EFFORT: Mapping[str, Range] = {"effort": Real(6.0, 40.0, log=True), "learning_rate": Real(0.03, 0.3, log=True)}

RANGES: Mapping[str, Mapping[str, Range]] = {
    "xgboost": {**EFFORT, **BOOSTING, **WEIGHTED},
    "lightgbm": {
        **EFFORT,
        "leaves": Int(4, 63),
        "leaf": Int(2, 40),
        "row_share": Real(0.5, 1.0),
        "column_share": Real(0.05, 1.0, log=True),
        "ridge": Real(0.3, 30.0, log=True),
        **WEIGHTED,
    },
    "catboost": {**EFFORT, "depth": Int(3, 7), "column_share": Real(0.1, 1.0, log=True), **WEIGHTED},
    "hist_boosting": {
        **EFFORT,
        "leaves": Int(4, 63),
        "leaf": Int(2, 40),
        "ridge": Real(0.3, 30.0, log=True),
        "columns": Real(0.1, 1.0, log=True),
        **WEIGHTED,
    },
    "extra_trees": {**FOREST, **WEIGHTED},
    "random_forest": {**FOREST, **WEIGHTED},
    "svm": {"c": Real(0.3, 100.0, log=True), "width": Real(0.1, 5.0, log=True), **WEIGHTED},
    "nystroem": {
        "c": Real(0.1, 30.0, log=True),
        "width": Real(0.1, 5.0, log=True),
        "landmarks": Int(300, 2000),
        **WEIGHTED,
    },
    "kernel_svm": {"c": Real(0.1, 100.0, log=True), **WEIGHTED},
    "logistic": {"c": Real(1e-4, 1.0, log=True), **WEIGHTED},
    "linear_svm": {"c": Real(1e-5, 0.1, log=True), **WEIGHTED},
    "ridge": {"strength": Real(10.0, 1e5, log=True)},
    "elastic_net": {"strength": Real(1e-3, 1.0, log=True), "lasso_share": Real(0.05, 0.95)},
    "knn": {"k": Int(1, 30), "metric": Choice("cosine", "euclidean"), "weights": Choice("uniform", "distance")},
    "kernel_knn": {"k": Int(1, 30), "weights": Choice("uniform", "similarity")},
    "lda": WEIGHTED,
    "gaussian_bayes": {"smoothing": Real(1e-4, 1.0, log=True)},
    "multinomial_bayes": {"smoothing": Real(0.01, 10.0, log=True)},
}
"""What is searched of each model.  ``effort`` is the number of rounds times the learning rate: the one hardly moves
without the other."""

TABLES: Mapping[str, tuple[str, ...]] = dict.fromkeys(("kernel_svm", "kernel_knn"), ("string_kernel",))
"""Models that work on one table alone, and its descriptor; they are searched where the user names them."""

MOST_ROUNDS = 1000
ROUNDED = 3
"""Significant digits of a number that is tried."""


class PipelineSpace(Space):
    """Models on descriptors.

    Parameters
    ----------
    choices : mapping of str to tuple of str
        Descriptors by kind: of each at most one is in a candidate, exactly one where there is a single kind.
    models : sequence of str
        Names in the registry; those without a row in ``RANGES`` are tried at their defaults.
    small : tuple of str
        Descriptors of a candidate that would have none.
    weighted : bool
        Whether classes are so unlike in size that weighing them is worth trying.
    """

    def __init__(self, choices: Choices, models: tuple[str, ...], small: tuple[str, ...], weighted: bool) -> None:
        self.choices, self.models, self.small, self.weighted = choices, models, small, weighted
        self.kind_of = {spec: kind for kind, specs in choices.items() for spec in specs}

    def draw(self, choose: Any) -> None:
        model = choose("model", Choice(*self.models))
        for name, limits in self._ranges(model).items():
            choose(f"{model}.{name}", limits)
        if model in TABLES:
            return
        if choose("selection", Choice(NONE, *SELECTIONS)) != NONE:
            choose("columns", Choice(*COLUMNS))
        if len(self.choices) > 1:
            for kind, specs in self.choices.items():
                choose(kind, Choice(NONE, *specs))

    def _ranges(self, model: str) -> Mapping[str, Range]:
        found = RANGES.get(model, {})
        return found if self.weighted else {name: limits for name, limits in found.items() if name != "class_weight"}

    def candidate(self, point: Point) -> Candidate:
        """The candidate that a point stands for."""
        chosen = dict(point)
        model = chosen["model"]
        values = {name: chosen[f"{model}.{name}"] for name in self._ranges(model)}
        if model in TABLES:
            return Candidate(model, _rounded(values), TABLES[model], "strings")
        selection = "" if chosen["selection"] == NONE else f"{chosen['selection']}:{chosen['columns']}"
        if len(self.choices) == 1:
            specs = next(iter(self.choices.values()))
        else:
            specs = tuple(dict.fromkeys(chosen[kind] for kind in self.choices if chosen[kind] != NONE)) or self.small
        return Candidate(model, _rounded(values), specs, _named(specs), selection)

    def point_of(self, candidate: Candidate) -> Point | None:
        """The point that stands for a candidate; None where the space has none."""
        allowed = set(TABLES.get(candidate.model, self.kind_of))
        if candidate.model not in self.models or candidate.share < 1.0 or not set(candidate.specs) <= allowed:
            return None
        kinds = {self.kind_of[spec]: spec for spec in candidate.specs if spec in self.kind_of}
        answers = _answers(candidate) | kinds

        def answer(name: str, limits: Range) -> Any:
            value = answers.get(name, NONE if isinstance(limits, Choice) else None)
            return _usual(limits) if value is None else _within(limits, value)

        point = self.point(answer)
        return point if set(self.candidate(point).specs) == set(candidate.specs) else None


class GridSpace(PipelineSpace):
    """The same in three steps of every number, on the sets of descriptors of the first models: a space that ends.

    Parameters
    ----------
    blocks : mapping of str to tuple of str
    models : sequence of str
    weighted : bool
    """

    def __init__(self, blocks: Mapping[str, tuple[str, ...]], models: tuple[str, ...], weighted: bool) -> None:
        super().__init__({}, models, (), weighted)
        self.blocks = blocks

    def draw(self, choose: Any) -> None:
        choose("set", Choice(*reversed(list(self.blocks))))
        model = choose("model", Choice(*self.models))
        for name, limits in self._ranges(model).items():
            choose(f"{model}.{name}", limits if isinstance(limits, Choice) else Choice(*STEPS))

    def candidate(self, point: Point) -> Candidate:
        chosen = dict(point)
        model, block = chosen["model"], chosen["set"]
        values = {name: _step(limits, chosen[f"{model}.{name}"]) for name, limits in self._ranges(model).items()}
        if model in TABLES:
            return Candidate(model, _rounded(values), TABLES[model], "strings")
        return Candidate(model, _rounded(values), self.blocks[block], block)

    def point_of(self, candidate: Candidate) -> Point | None:
        # a list is gone through in its order: what is known of it is told when it is come to
        return None


STEPS = {"low": 1 / 6, "middle": 1 / 2, "high": 5 / 6}
"""Places in a range that a grid tries."""


def _step(limits: Range, name: str) -> Any:
    """The value at a place of a range."""
    if isinstance(limits, Choice):
        return name
    if isinstance(limits, Int):
        return round(limits.low + STEPS[name] * (limits.top - limits.low))
    assert isinstance(limits, Real)
    if limits.log:
        return limits.low * (limits.high / limits.low) ** STEPS[name]
    return limits.low + STEPS[name] * (limits.high - limits.low)


def _answers(candidate: Candidate) -> dict[str, Any]:
    """What is known of a candidate, in the names of the space."""
    from bioautofeat import models

    method, _, columns = candidate.selection.partition(":")
    values = dict(candidate.values)
    if candidate.model in RANGES:
        values = models.get(candidate.model).checked(values)
    if {"rounds", "learning_rate"} <= set(values):
        values["effort"] = values["rounds"] * values["learning_rate"]
    named = {f"{candidate.model}.{name}": value for name, value in values.items()}
    return {"model": candidate.model, "selection": method or NONE, **named, **({"columns": columns} if columns else {})}


def _usual(limits: Range) -> Any:
    """The middle of a range of numbers."""
    if isinstance(limits, Real):
        return (limits.low * limits.high) ** 0.5 if limits.log else (limits.low + limits.high) / 2
    assert isinstance(limits, Int)
    return (limits.low + limits.top) // 2


def _within(limits: Range, value: Any) -> Any:
    """The nearest value inside a range."""
    if isinstance(limits, Choice):
        return value if value in limits.options else limits.options[0]
    assert isinstance(limits, (Real, Int))
    top = limits.high if isinstance(limits, Real) else limits.top
    return type(limits.low)(min(max(value, limits.low), top))


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers to a few digits; the number of rounds from effort and learning rate."""
    found = {
        name: float(f"{value:.{ROUNDED}g}") if isinstance(value, float) else value for name, value in values.items()
    }
    if "effort" in found:
        found["rounds"] = min(MOST_ROUNDS, max(20, round(found.pop("effort") / found["learning_rate"])))
    return {name: value for name, value in found.items() if not (name == "class_weight" and value == NONE)}


def _named(specs: tuple[str, ...]) -> str:
    """A short name of a set of descriptors."""
    names = list(dict.fromkeys(spec.partition(":")[0] for spec in specs))
    return "+".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
