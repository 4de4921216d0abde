"""Signatures of a run's data: whether they are looked for, what that may cost, and the looking."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import TABLE_SPEC, Problem, TableSource
from bioautofeat.automl.store import Store, expected_width, extractor_for
from bioautofeat.evaluation.signatures import Rules, Signature, signatures
from bioautofeat.table import FeatureTable

__all__ = ["clock_of_run", "signatures_of", "signatures_wanted"]

MANY_COLUMNS = 500
"""Tables with more columns than this, or than rows, are looked through without being asked for."""

SHARE = 0.1
"""Of the time budget that signatures may take."""

NOMINAL_SECONDS = 60.0
"""What they may cost by the formula where no clock counts."""

BASE_SECONDS = 1.0
CELL_SECONDS = 6e-6
"""Measured: 2e-6 to 6e-6 seconds a cell for five folds, and about a second for any table."""


def signatures_wanted(problem: Problem, options: Options) -> bool:
    """Whether signatures are looked for: as asked, else in wide tables."""
    if options.signatures is not None:
        return options.signatures
    source = problem.source
    return isinstance(source, TableSource) and len(source.names) > min(MANY_COLUMNS, len(source))


def clock_of_run(clock: Clock, problem: Problem, options: Options) -> Clock:
    """The clock of the search itself: what signatures may take is kept off it."""
    if clock.budget is None or not signatures_wanted(problem, options):
        return clock
    needed = 1.5 * _seconds(problem, options)
    kept = needed if needed <= SHARE * clock.budget else 0.0
    return Clock(clock.budget - kept, clock.spent)


def signatures_of(
    problem: Problem, options: Options, seconds: float, tell: Callable[[str], None] = lambda line: None
) -> list[Signature] | None:
    """Small sets of features that carry what all of them know; None where none are looked for, or it would take too long.

    Parameters
    ----------
    problem : Problem
        Its folds judge them.
    options : Options
    seconds : float
        What is left of the time; infinite without a clock.
    tell : callable
        Told why they are left out.
    """
    if not signatures_wanted(problem, options):
        return None
    budget = options.time_budget
    limit = NOMINAL_SECONDS if budget is None else min(SHARE * budget, seconds)
    needed = _seconds(problem, options)
    if needed > limit:
        tell(f"signatures: left out: they would take about {needed:.0f} s, {max(0.0, limit):.0f} s are left for them")
        return None
    folds = np.where(problem.folds < 0, problem.folds.max() + 1, problem.folds)
    if len(np.unique(folds)) < 2:
        tell("signatures: left out: they are judged by folds, and there is one only")
        return None
    rules = Rules(groups=problem.groups)
    return signatures(_table(problem, options), problem.labels, problem.task, folds, options.seed, rules)


def _specs(problem: Problem, options: Options) -> tuple[str, ...]:
    """Descriptors of sequences that are looked through: those of the first models that learn nothing from the records."""
    specs = choose_blocks(problem.source, options.descriptors)["broad"]
    store = Store(problem)
    return tuple(spec for spec in specs if spec != TABLE_SPEC and not store.learns(spec))


def _seconds(problem: Problem, options: Options) -> float:
    """Predicted seconds, by the number of cells and of pairs of folds."""
    table, source = problem.table, problem.source
    columns = 0 if table is None else len(table.names)
    if not isinstance(source, TableSource):
        columns += expected_width(_specs(problem, options), problem)
    folds = len(np.unique(problem.folds))
    return BASE_SECONDS + CELL_SECONDS * len(problem) * columns * (folds / 5) ** 2


def _table(problem: Problem, options: Options) -> FeatureTable:
    """The columns that are looked through."""
    source, tables = problem.source, []
    if not isinstance(source, TableSource):
        specs = _specs(problem, options)
        if specs:
            extractor = extractor_for(specs, problem)
            values = extractor.transform(source, short="zero", threads=problem.threads, dtype=np.float32)
            tables.append(FeatureTable(values, tuple(extractor.names), source.ids))
    if problem.table is not None:
        tables.append(FeatureTable(problem.table.values, problem.table.names, problem.table.ids))
    values = np.hstack([table.dense() for table in tables])
    return FeatureTable(values, tuple(name for table in tables for name in table.names), source.ids)
