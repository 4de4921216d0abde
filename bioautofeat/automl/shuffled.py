"""What the procedure finds where nothing is: the models that are delivered, on labels shuffled inside each fold."""

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


def on_shuffled(
    problem: Problem, candidates: Sequence[Candidate], executor: Executor, *, repeats: int,
    go_on: Callable[[int], bool] = lambda done: True,
) -> list[float]:  # fmt: skip
    """The corrected score by the metric, once for each shuffling: models fitted, blended, calibrated and judged anew.

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
        changed = replace(problem, truth=_shuffled(problem.truth, problem.folds, rng))
        score = _score(changed, candidates, executor)
        if score is not None:
            found.append(score)
    return found


def _shuffled(truth: NDArray[Any], folds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[Any]:
    """Labels dealt out anew inside each fold, which keeps the classes' shares."""
    out = truth.copy()
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        out[rows] = truth[rng.permutation(rows)]
    return out


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
