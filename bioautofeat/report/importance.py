"""What the delivered model relies on, computed with what explanations are computed with, on a sample and within a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.members import Member, member_shapley, members
from bioautofeat.explanation.permutation import (
    Importance,
    Permuter,
    block_importance,
    feature_importance,
    find_features,
)
from bioautofeat.explanation.subject import Block, Settings, Subject, used_columns
from bioautofeat.models.predictors.trees import Trees
from bioautofeat.report.facts import SPEED, Allowance, Facts
from bioautofeat.report.samples import Sample, row_cost

__all__ = ["Shapley", "Weights", "permuted", "shapley"]

Array = NDArray[Any]
ROWS = 200
FEWEST_ROWS = 60
FEATURES = 15
REPEATS = 3
MOST_PASSES = 120
BACKGROUND = 30
EXPLAINED = 100
WALKS = 2e5
"""Pairs of records and trees that are walked in a second, about."""

COMPILING = 2.5
"""Seconds that the first walk may take on a machine whose cache is empty."""

FEWEST_EXPLAINED = 20


@dataclass(frozen=True, eq=False)
class Weights:
    """Importance of blocks and of features.

    Parameters
    ----------
    records : int
    measured : bool
        Whether it is a drop of the metric on records that no model has seen; else it is the change of predictions.
    value : float
        The metric as things are; 0 where it is not measured.
    blocks : list of (Block, Importance)
        The most important first.
    features : list of (str, Importance)
        Those that move predictions most, first.  Empty where there was no time.
    """

    records: int
    measured: bool
    value: float
    blocks: list[tuple[Block, Importance]]
    features: list[tuple[str, Importance]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Shapley:
    """Mean absolute exact shares of a member's features.

    Parameters
    ----------
    member : Member
    records : int
    rows : list of (str, float, float)
        Feature, mean absolute share, and the correlation of its value with its share.
    columns : list of int
        Of those features in the model's table.
    """

    member: Member
    records: int
    rows: list[tuple[str, float, float]]
    columns: list[int]


def _subject(facts: Facts) -> Subject:
    return Subject.of(facts.result.model, Settings(seed=facts.options.seed, threads=facts.options.threads))


def permuted(
    facts: Facts, sample: Sample, truth: Array | None, likely: Sequence[int], allowance: Allowance
) -> Weights | None:
    """Permutation importance; None where there is no time for it.

    Parameters
    ----------
    facts : Facts
    sample : Sample
    truth : ndarray, optional
        Of the sample's records, where the model has not seen them.
    likely : sequence of int
        Columns that are worth a look.
    allowance : Allowance
    """
    subject = _subject(facts)
    passes = 2 * len(subject.blocks)
    cost = row_cost(subject.model.predictor) / SPEED
    part = sample.first(int(np.clip(0.5 * allowance.left / (cost * passes * REPEATS), FEWEST_ROWS, ROWS)))
    known = None if truth is None else truth[np.isin(sample.places, part.places)]
    each = cost * len(part.places)
    if not allowance.pay(each):
        return None
    rng = np.random.default_rng([facts.options.seed, 3])
    permuter = Permuter(subject, part.rows, known, facts.metric, REPEATS, rng)
    if allowance.timed and each < 0.05 * allowance.left:
        # a second time: the first one may have had to load what it needs
        started = time.monotonic()
        subject.outputs(part.rows)
        each = time.monotonic() - started
    repeats = int(min(REPEATS, 0.55 * allowance.left / (each * passes)))
    if repeats < 1:
        return None
    allowance.pay(each * passes * repeats)
    permuter.orders = permuter.orders[:repeats]
    blocks = sorted(zip(subject.blocks, block_importance(permuter), strict=True), key=lambda pair: pair[1].order)
    features = _features(permuter, likely, each, allowance)
    return Weights(len(part.places), known is not None, permuter.value, blocks, features)


def _features(
    permuter: Permuter, likely: Sequence[int], each: float, allowance: Allowance
) -> list[tuple[str, Importance]]:
    """The features whose permutation matters most; none where there is no time to look for them."""
    subject = permuter.subject
    used = int(used_columns(subject.model.predictor).sum())
    repeats = len(permuter.orders)
    single = (FEATURES + len(likely)) * repeats
    passes = int(min(MOST_PASSES, 2 * used, 0.8 * allowance.left / each - single))
    columns = list(likely)
    if passes >= min(2 * used, 2 * len(subject.blocks) + FEATURES):
        columns = list(dict.fromkeys([*find_features(permuter, passes)[:FEATURES], *likely]))
    elif len(likely) * repeats * each > 0.8 * allowance.left:
        return []
    allowance.pay(each * (max(passes, 0) + len(columns) * repeats))
    names = subject.model.names
    found = sorted(feature_importance(permuter, columns), key=lambda row: (-row.change.mean().round(12), row.start))
    return [(names[row.start], row) for row in found[:FEATURES]]


def shapley(facts: Facts, sample: Sample, allowance: Allowance) -> Shapley | None:
    """Exact shares in the heaviest member that allows them; None where no member does, or there is no time."""
    model = facts.result.model
    titles = [str(row["model"]) for row in model.metadata.get("members", [])]
    suited = sorted(members(model.predictor, titles), key=lambda member: -member.weight)
    if not suited:
        return None
    member, background = suited[0], sample.first(BACKGROUND).rows
    n = _affordable(facts, member, sample, background, allowance)
    if n < FEWEST_EXPLAINED:
        return None
    own = sample.first(n)
    subject = _subject(facts)
    chosen = subject.chosen(subject.outputs(own.rows))
    values = member_shapley(member, own.rows, background, chosen, facts.options.threads)
    order = _largest(values)
    rows = _rows(member, order, member.table(own.rows), values, model.names)
    return Shapley(member, len(own.places), rows, [int(member.columns[j]) for j in order])


def _affordable(facts: Facts, member: Member, sample: Sample, background: Any, allowance: Allowance) -> int:
    """Records that half of the time can pay the shares of."""
    if not isinstance(member.model, Trees):
        return EXPLAINED
    trees = len(member.model.trees) / (max(1, member.model.n_classes) if member.model.link == "softmax" else 1)
    each = trees * len(background) / WALKS
    if allowance.timed:
        if allowance.left < COMPILING:
            return 0
        few, first = sample.first(2), np.zeros(2, np.int64)
        member_shapley(member, few.rows, few.rows, first)
        started = time.monotonic()
        member_shapley(member, few.rows, background, first)
        each = (time.monotonic() - started) / len(few.places)
    n = int(min(EXPLAINED, 0.5 * allowance.left / each))
    allowance.pay(n * each)
    return n


def _largest(values: Array) -> list[int]:
    """Places of the features of largest mean absolute share."""
    mean = np.abs(values).mean(axis=0)
    return [j for j in np.argsort(-mean.round(12), kind="stable")[:FEATURES].tolist() if mean[j] > 0]


def _rows(member: Member, order: list[int], table: Array, values: Array, names: Any) -> list[tuple[str, float, float]]:
    """Name, mean absolute share and direction of some features."""
    found = []
    for j in order:
        left, right = table[:, j] - table[:, j].mean(), values[:, j] - values[:, j].mean()
        spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
        turn = float((left * right).sum()) / spread if spread > 0 else 0.0
        found.append((str(names[member.columns[j]]), float(np.abs(values[:, j]).mean()), turn))
    return found
