"""What is explained: one number that a model gives for a record, and the columns that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.bundle import FittedModel
from bioautofeat.errors import ParameterError
from bioautofeat.models.predictors import Predictor
from bioautofeat.models.predictors.joined import Blend, Calibrated, LogPool, Steps
from bioautofeat.models.predictors.linear import Constant, Linear
from bioautofeat.models.predictors.transforms import Fill, Scale, Select, Unit
from bioautofeat.models.predictors.trees import Trees
from bioautofeat.nas.predictor import NetworkPredictor
from bioautofeat.sequences import Sequences
from bioautofeat.terms.structure import folding_seconds

__all__ = ["Block", "Settings", "Subject", "operations", "operations_of_record", "used_columns"]

Array = NDArray[Any]
SMALLEST = 1e-6
"""A probability counts as at least this much, and at most one less it: no number of records shows more."""

FOLDING = 3e9
"""Multiplications that take as long as a second of folding."""


@dataclass(frozen=True)
class Settings:
    """How much is computed, and of what.

    Parameters
    ----------
    target : str, optional
        The class that is explained.  By default the second of two, and of more the one predicted for each record.
    metric : str, optional
        What permutations are measured by where labels are known; by default that of the model's training.
    repeats : int
        Permutations of each block and feature.
    rows : int
        At most so many records are permuted; fewer for a model that is slow to predict.
    records : int
        So many records are explained one by one.
    only : tuple of str
        Ids of the records that are explained one by one; chosen evenly over the predicted classes where empty.
    features : int
        So many features are listed.
    window, word : int, optional
        Letters that are masked together, and letters of a k-mer; by default 8 and 4 for nucleotides, 5 and 2 for residues.
    seed, threads : int
    """

    target: str | None = None
    metric: str | None = None
    repeats: int = 5
    rows: int = 300
    records: int = 30
    only: tuple[str, ...] = ()
    features: int = 30
    window: int | None = None
    word: int | None = None
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        least = {"repeats": 1, "rows": 10, "records": 0, "features": 1, "seed": 0, "threads": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ParameterError(f"{name}: {getattr(self, name)} is below {low}")
        for name, high in (("window", 1000), ("word", 10)):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= high:
                raise ParameterError(f"{name}: {value} is outside 1..{high}")


@dataclass(frozen=True)
class Block:
    """The columns of one descriptor: ``start`` to ``stop`` of the model's table."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Subject:
    """A model, and which of its numbers is explained.

    That number, the *score*, is the log-odds ``log(p / (1 - p))`` of the class explained, or the value under regression:
    effects on it add up better than effects on a probability, which can hardly move near 0 and 1.

    Parameters
    ----------
    model : FittedModel
    target : int or None
        Class that is explained; None for the one that is predicted for each record, and under regression.
    threads : int
    """

    model: FittedModel
    target: int | None
    threads: int = 1

    @classmethod
    def of(cls, model: FittedModel, settings: Settings) -> Subject:
        """The subject that the settings ask for; :class:`ParameterError` for a class that the model does not know."""
        if settings.target is not None and settings.target not in model.classes:
            known = ", ".join(model.classes[:6]) or "none: it is a regression"
            raise ParameterError(f"class {settings.target!r} is none of the model's ({known})")
        target = None if settings.target is None else model.classes.index(settings.target)
        if target is None and len(model.classes) == 2:
            target = 1
        # a masked letter is an unknown one, whatever the model makes of those in its input
        return cls(replace(model, ambiguous="skip"), target, settings.threads)

    @property
    def classifies(self) -> bool:
        """Whether the score is the log-odds of a class."""
        return self.model.task == "classification"

    @property
    def unit(self) -> str:
        """What the score is counted in."""
        return "log-odds" if self.classifies else "value"

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The descriptors with their columns; a model of a table has one block."""
        extractor = self.model.extractor
        if extractor is None:
            return (Block("table", 0, len(self.model.names)),)
        found, start = [], 0
        for spec, term in zip(extractor.specs, extractor.terms, strict=True):
            found.append(Block(str(spec), start, start + term.width))
            start += term.width
        if self.model.external:
            found.append(Block("table", start, start + len(self.model.external)))
        return tuple(found)

    def block_of(self, column: int) -> str:
        """Name of the block that holds a column."""
        return next(block.name for block in self.blocks if block.start <= column < block.stop)

    def outputs(self, rows: Any) -> NDArray[np.float64]:
        """Probabilities, shape ``(n, classes)``, or values, shape ``(n, 1)``, of rows of the feature table."""
        predictor = self.model.predictor
        if self.classifies:
            return predictor.predict_proba(rows, self.threads)
        return predictor.table(rows, self.threads)

    def outputs_of(self, seqs: Sequences) -> NDArray[np.float64]:
        """As :meth:`outputs`, of sequences; memory is bounded whatever their number."""
        found = self.model.predict(seqs, self.threads)
        if found.probabilities is not None:
            return found.probabilities
        assert found.values is not None
        return found.values[:, None]

    def labels(self, outputs: Array) -> NDArray[np.int64]:
        """Predicted class of each record by the model's decision rule, shape ``(n,)``; zeros under regression."""
        if not self.classifies:
            return np.zeros(len(outputs), np.int64)
        rule = self.model.rule
        return np.asarray((outputs if rule is None else outputs * rule).argmax(axis=1))

    def chosen(self, outputs: Array) -> NDArray[np.int64]:
        """Which output is explained for each record, shape ``(n,)``."""
        return self.labels(outputs) if self.target is None else np.full(len(outputs), self.target, np.int64)

    def score(self, outputs: Array, chosen: Array) -> NDArray[np.float64]:
        """The number that is explained, shape ``(n,)``."""
        own = np.asarray(outputs[np.arange(len(outputs)), chosen])
        if not self.classifies:
            return own
        likely = np.clip(own, SMALLEST, 1.0 - SMALLEST)
        return np.asarray(np.log(likely) - np.log1p(-likely))

    def named(self, chosen: int) -> str:
        """Name of an output: a class, or nothing under regression."""
        return self.model.classes[chosen] if self.classifies else ""


def used_columns(predictor: Predictor) -> NDArray[np.bool_]:
    """Which columns a predictor can depend on at all, shape ``(columns,)``; True where that is not known."""
    if isinstance(predictor, (Blend, LogPool)):
        parts = [used_columns(m) for m, w in zip(predictor.members, predictor.weights, strict=True) if w > 0]
        return np.asarray(np.any(parts, axis=0))
    if isinstance(predictor, Calibrated):
        return used_columns(predictor.model)
    if isinstance(predictor, Steps):
        return _used_before(predictor.transforms, used_columns(predictor.model))
    used = np.ones(predictor.n_columns, bool)
    if isinstance(predictor, Trees):
        used[:] = False
        used[predictor.nodes[predictor.nodes[:, 1] > 0, 0]] = True
    elif isinstance(predictor, Linear):
        used = (predictor.weights != 0).any(axis=1)
    elif isinstance(predictor, Constant):
        used[:] = False
    return used


def _used_before(transforms: Sequence[Any], used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Columns that matter before some transforms, from those that matter after them."""
    for step in reversed(transforms):
        if isinstance(step, Select):
            before = np.zeros(step.n_columns, bool)
            before[step.columns[used]] = True
            used = before
        elif not isinstance(step, (Fill, Scale, Unit)):
            used = np.ones(step.n_columns, bool)
    return used


def operations(predictor: Predictor) -> float:
    """About how many multiplications one row costs a predictor, counted from the sizes of its arrays."""
    total = float(predictor.n_columns)
    for part in predictor.parts_below():
        if isinstance(part, Trees):
            total += 20 * len(part.trees)
        elif isinstance(part, NetworkPredictor):
            total += part.multiplications
        else:
            values = (getattr(part, place.name) for place in fields(part))  # type: ignore[arg-type]
            total += sum(value.size for value in values if isinstance(value, np.ndarray))
    return total


def operations_of_record(model: FittedModel, lengths: Any) -> float:
    """As :func:`operations`, for a record of some length (or the mean over lengths): descriptors count where they are dear.

    Those are structures, folded anew for each record, and similarity to training records.
    """
    terms = () if model.extractor is None else model.extractor.terms
    folded = float(np.mean(folding_seconds(lengths))) if any(term.holds_lock for term in terms) else 0.0
    return operations(model.predictor) + FOLDING * folded + 1e7 * ("sequences" in model.keeps)
