"""What is found where nothing is: the models that are delivered, on labels dealt out anew among groups of related records.

Repeated on the new labels: descriptors that learn from labels, the choice of columns, the fits of all folds, the weights and the
kind of the blend, its calibration, the decision rule, and the corrected estimate.  Not repeated: the search that has chosen these
members, with their values and descriptors, by the true labels.  So it tells whether fits or data leak; it cannot tell how much
the search itself has adapted to the records, which the estimate's correction for selection is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.board import Board
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.race import Outcome
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.evaluation.estimate import estimate

__all__ = ["on_shuffled"]

BOOTSTRAPS = 40

DRAWS = 20
SHIFT = 0.05
"""Share of the records by which the sizes of the classes may change."""


def on_shuffled(
    problem: Problem, candidates: Sequence[Candidate], executor: Executor, *, repeats: int,
    go_on: Callable[[int], bool] = lambda done: True,
) -> list[float]:  # fmt: skip
    """The corrected score by the metric, once for each shuffling: these models fitted, blended, calibrated and judged anew.

    Parameters
    ----------
    problem : Problem
    candidates : sequence of Candidate
    executor : Executor
        Holds the shuffled problem afterwards.
    repeats : int
    go_on : callable
        Told the number of repeats done; False stops.
    """
    found: list[float] = []
    for repeat in range(repeats):
        if not go_on(repeat):
            break
        rng = np.random.default_rng([problem.seed, repeat])
        changed = replace(problem, truth=_shuffled(problem, rng))
        score = _score(changed, candidates, executor)
        if score is not None:
            found.append(score)
    return found


def _shuffled(problem: Problem, rng: np.random.Generator) -> NDArray[Any]:
    """Labels dealt out anew inside each fold, from group to group.

    Related records tend to be of one class, and stay so: a group takes over all labels of another group of its size, which
    keeps the classes' shares.  A size that only one group of the fold has goes with the next smaller one (the smallest: with
    the next larger), and a group then takes over the other's labels in proportion; of ``DRAWS`` such draws the first that
    changes the class of few records in all is taken, else the one that changes fewest.  Where a fold is a single group, labels
    are exchanged across all folds.  Where a class would be lost, they are dealt out record by record.
    """
    truth, folds, n_classes = problem.truth, problem.folds, problem.n_classes
    parts = [_groups_of(np.flatnonzero(folds == fold), problem.groups) for fold in np.unique(folds)]
    if min(map(len, parts)) < 2:
        parts = [_groups_of(np.arange(len(truth)), problem.groups)]
    alike = [groups for part in parts for groups in _of_like_size(part)]
    if not n_classes:
        return _exchanged(truth, alike, rng)
    sizes = np.bincount(truth, minlength=n_classes)
    best, least = truth, len(truth) + 1
    for _ in range(DRAWS):
        drawn = _exchanged(truth, alike, rng)
        found = np.bincount(drawn, minlength=n_classes)
        shift = int(np.abs(found - sizes).sum()) // 2
        if shift < least and (found[sizes > 0] > 0).all():
            best, least = drawn, shift
        if least <= SHIFT * len(truth):
            break
    return best if least <= len(truth) else np.asarray(truth[rng.permutation(len(truth))])


def _exchanged(truth: NDArray[Any], alike: list[list[NDArray[np.int64]]], rng: np.random.Generator) -> NDArray[Any]:
    """The labels where each group takes over those of a group of its list, drawn at random."""
    out = truth.copy()
    for groups in alike:
        for taker, giver in enumerate(rng.permutation(len(groups))):
            rows, labels = groups[taker], truth[groups[giver]]
            out[rows] = labels[np.arange(len(rows)) * len(labels) // len(rows)]
    return out


def _groups_of(rows: NDArray[np.int64], groups: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each group among these, in order of first rows."""
    _, first, number = np.unique(groups[rows], return_index=True, return_inverse=True)
    order = np.argsort(number, kind="stable")
    parts = np.split(rows[order], np.cumsum(np.bincount(number))[:-1])
    return [parts[group] for group in np.argsort(first)]


def _of_like_size(groups: list[NDArray[np.int64]]) -> list[list[NDArray[np.int64]]]:
    """Groups put together by their sizes, from small to large, at least two at a time where there are two."""
    found: list[list[NDArray[np.int64]]] = []
    for size in sorted({len(rows) for rows in groups}):
        alike = [rows for rows in groups if len(rows) == size]
        if found and (len(alike) < 2 or len(found[-1]) < 2):
            found[-1] += alike
        else:
            found.append(alike)
    return found


def _score(problem: Problem, candidates: Sequence[Candidate], executor: Executor) -> float | None:
    """The whole procedure once; None where no model could be fitted."""
    executor.load(problem)
    board = Board(problem)
    for number, candidate in enumerate(candidates, 1):
        outcome = Outcome(problem)
        try:
            parts = executor.call_each("fold", [(candidate, fold, 1) for fold in problem.judged])
        except FitError:
            continue
        for fold, part in zip(problem.judged, parts, strict=True):
            outcome.take(fold, part)
        made, loss = outcome.predictions, problem.loss(outcome.predictions)
        board.add(Trial(number, candidate, loss=loss, scores=problem.scores(made), predictions=made))
    if board.champion is None:
        return None
    groups = problem.groups[problem.judged_rows]
    judged = estimate(board.selection(), groups, seed=problem.seed, repeats=BOOTSTRAPS)
    return judged.corrected[problem.metric].value
