"""Some records with their rows of the delivered model's feature table, as many as time allows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.bundle import FittedModel
from bioautofeat.explanation.subject import operations, operations_of_record
from bioautofeat.models.predictors import Predictor
from bioautofeat.models.predictors.trees import Trees
from bioautofeat.report.facts import SPEED, Allowance, Facts
from bioautofeat.sequences import Sequences

__all__ = ["Sample", "pilot", "row_cost", "test_sample", "training_sample"]

Array = NDArray[Any]
MOST_ROWS = 1000
MOST_TEST_ROWS = 200
FEWEST = 30
"""Fewer records than this show nothing."""

FEWEST_TEST = 60
"""Fewer test records than this tell nothing of what matters."""

PILOT = 32
"""Records whose features are timed first, where a clock decides."""

PILOT_SHARE = 0.15
"""Of the time that is left, at most, for that and by what it is expected to cost."""

CELLS = 1e7
"""Cells of a sample's table, at most: 80 MB, of which a few copies are made."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Records and their features.

    Parameters
    ----------
    places : ndarray of int64, shape (n,)
        Among the judged records, or among the test records.
    rows : ndarray, shape (n, columns)
        As the model takes them.
    """

    places: NDArray[np.int64]
    rows: NDArray[Any]

    def first(self, n: int) -> Sample:
        """Some of them, spread evenly."""
        kept = np.unique(np.linspace(0, len(self.places) - 1, min(n, len(self.places))).astype(int))
        return Sample(self.places[kept], self.rows[kept])


def row_cost(predictor: Predictor) -> float:
    """About how many multiplications' time a prediction of one row takes: a walk down a tree is mostly waiting for memory."""
    trees = [part for part in predictor.parts_below() if isinstance(part, Trees)]
    return operations(predictor) + sum(len(part.trees) * (200.0 + part.n_classes) for part in trees)


def _record_seconds(model: FittedModel, lengths: NDArray[Any]) -> float:
    """About how long a prediction takes a record, on average over records of these lengths."""
    terms = len(model.extractor.terms) if model.extractor else 0
    return (operations_of_record(model, lengths) + 20.0 * float(np.mean(lengths)) * terms) / SPEED


def pilot(model: FittedModel, lengths: NDArray[Any], most: int, allowance: Allowance) -> int:
    """How many of some records can be timed; none where one alone is expected to take too long."""
    return int(min(most, PILOT_SHARE * allowance.left / _record_seconds(model, lengths)))


def training_sample(facts: Facts, allowance: Allowance) -> Sample | None:
    """Judged records; None where there are too few, or no time."""
    source = facts.problem.source
    if isinstance(source, Sequences):
        table = facts.problem.table
        beside = None if table is None or not facts.result.model.external else table.values
        places = _affordable(facts, _Records(source, beside), facts.rows, MOST_ROWS, allowance)
        return None if places is None else Sample(places, _Records(source, beside).features(facts, facts.rows[places]))
    places = _drawn(len(facts.rows), _room(facts, MOST_ROWS), facts.options.seed, MOST_ROWS)
    return Sample(places, source.values[facts.rows[places]]) if len(places) >= FEWEST else None


def test_sample(facts: Facts, allowance: Allowance) -> Sample | None:
    """Test records of known truth, none of them a copy of a training record; None where there are too few."""
    if facts.test is None or facts.test_truth is None:
        return None
    n = len(facts.test_truth)
    among = np.flatnonzero(np.ones(n, bool) if facts.clean is None else facts.clean)
    if len(among) < FEWEST_TEST or (facts.classifies and len(np.unique(facts.test_truth[among])) < 2):
        return None
    if facts.from_table:
        places = among[_drawn(len(among), _room(facts, MOST_TEST_ROWS), facts.options.seed, MOST_TEST_ROWS)]
        model = facts.result.model
        return Sample(places, facts.test.dense()[places][:, model.columns_of(facts.test.names)])
    model = facts.result.model
    beside = model.columns_for(facts.test.sequences.ids, facts.test.features) if model.external else None
    records = _Records(facts.test.sequences, beside)
    kept = _affordable(facts, records, among, MOST_TEST_ROWS, allowance)
    return None if kept is None else Sample(among[kept], records.features(facts, among[kept]))


def _room(facts: Facts, most: int) -> int:
    """Records whose features can be held."""
    return int(min(most, CELLS // max(1, len(facts.result.model.names))))


def _drawn(n: int, most: int, seed: int, stage: int) -> NDArray[np.int64]:
    """Some of ``n`` places, in order."""
    return np.sort(np.random.default_rng([seed, stage, 77]).permutation(n)[:most])


@dataclass(frozen=True, eq=False)
class _Records:
    """Sequences, and the columns made elsewhere that the model takes beside them."""

    sequences: Sequences
    beside: NDArray[Any] | None

    def features(self, facts: Facts, rows: Array) -> Any:
        """The feature table of some of them."""
        more = None if self.beside is None else self.beside[rows]
        table = facts.result.model.features(self.sequences.take(rows), facts.options.threads, more)
        return table.toarray() if hasattr(table, "toarray") else table


def _affordable(
    facts: Facts, records: _Records, among: Array, most: int, allowance: Allowance
) -> NDArray[np.int64] | None:
    """Places, among some records, of as many as a third of the time can pay the features of."""
    drawn = _drawn(len(among), _room(facts, most), facts.options.seed, most)
    if len(drawn) < FEWEST:
        return None
    model, lengths = facts.result.model, records.sequences.lengths[among[drawn]]
    each = _record_seconds(model, lengths)
    if each * FEWEST > allowance.left:
        return None
    if allowance.timed:
        timed = max(1, pilot(model, lengths, PILOT, allowance))
        started = time.monotonic()
        records.features(facts, among[drawn[:timed]])
        each = max(each, (time.monotonic() - started) / timed)
    n = int(min(len(drawn), allowance.left / 3 / each))
    if n < FEWEST or not allowance.pay(n * each):
        return None
    kept = np.unique(np.linspace(0, len(drawn) - 1, n).astype(int))
    return np.asarray(drawn[kept])
