"""A blend is a single model where no other helps it."""

from __future__ import annotations

import numpy as np
import pytest

from bioautofeat.automl.board import Board
from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.automl.trial import Candidate, Trial


def board_of(rng, task, n=6_000, others=4):
    """A board with one model that says what can be known, and others that know nothing."""
    known = rng.normal(size=n)
    classes, metric = (("a", "b"), "mcc") if task == "classification" else ((), "r2")
    truth = (
        (rng.random(n) < 1 / (1 + np.exp(-3 * known))).astype(np.int64) if classes else known + 0.6 * rng.normal(size=n)
    )
    source = TableSource(np.zeros((n, 1)), ("x",), tuple(map(str, range(n))))
    problem = Problem(source, truth, classes, np.arange(n), np.arange(n) % 5, tuple(range(5)), metric)
    board = Board(problem)
    for place in range(others + 1):
        said = known if place == 0 else rng.normal(size=n)
        chance = 1 / (1 + np.exp(-3 * said))
        made = (np.stack([1 - chance, chance], axis=1) if classes else said).astype(np.float32)
        candidate = Candidate("knn", {"k": place}, ("x",), "x")
        board.add(Trial(place + 1, candidate, loss=problem.loss(made), scores=problem.scores(made), predictions=made))
    return board


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_blend_can_end_at_the_best_single_model(rng, task):
    board = board_of(rng, task)
    best = min(board.finished, key=lambda trial: trial.loss)
    assert list(board.champion.weights) == [best.candidate.key]
    alone = Board(board.problem)
    alone.add(best)
    assert board.champion.loss <= alone.champion.loss + 1e-9
