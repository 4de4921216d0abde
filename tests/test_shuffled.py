"""Labels dealt out among groups: related records keep theirs together, and no label tells where it came from."""

from __future__ import annotations

import numpy as np
import pytest

from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.automl.shuffled import _shuffled


def problem_of(sizes, label_of, folds=3, classes=("a", "b")):
    """Groups of these sizes, each of one label, dealt to the folds in turn."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    truth = np.array([label_of(group) for group in groups])
    source = TableSource(np.zeros((len(groups), 1)), ("x",), tuple(f"r{i}" for i in range(len(groups))))
    return Problem(source, truth, classes, groups, groups % folds, tuple(range(folds)), "mcc")


def drawn(problem, times=50):
    return [_shuffled(problem, np.random.default_rng(seed)) for seed in range(times)]


SIZES = ([4] * 9 + [2] * 9 + [1] * 18) * 2


def test_groups_exchange_their_labels_as_a_whole():
    problem = problem_of(SIZES, lambda group: group * 7 % 2)
    assert _pure(problem, problem.truth)
    for truth in drawn(problem):
        assert _pure(problem, truth), "related records stay of one class"
        for fold in range(3):
            rows = problem.folds == fold
            assert np.bincount(truth[rows]).tolist() == np.bincount(problem.truth[rows]).tolist()
    agreement = [(truth == problem.truth).mean() for truth in drawn(problem)]
    share = problem.truth.mean()
    assert np.mean(agreement) == pytest.approx(share**2 + (1 - share) ** 2, abs=0.06)


def _pure(problem, truth):
    return all(len(set(truth[problem.groups == group].tolist())) == 1 for group in np.unique(problem.groups))


def test_records_without_relatives_are_shuffled_inside_folds():
    problem = problem_of([1] * 60, lambda group: group // 3 % 2)
    truth = _shuffled(problem, np.random.default_rng(4))
    rng, wanted = np.random.default_rng(4), problem.truth.copy()
    for fold in range(3):
        rows = np.flatnonzero(problem.folds == fold)
        wanted[rows] = problem.truth[rng.permutation(rows)]
    assert np.array_equal(truth, wanted)


@pytest.mark.parametrize("sizes", [[20, 13, 9, 7, 6, 5, 4, 3, 2, 1] * 3, [30, *[1] * 40], [15, 14, 3, 2]])
def test_odd_sizes_exchange_labels_too(sizes):
    """A large group has no partner of its size; it does not keep its labels for that."""
    problem = problem_of(sizes, lambda group: group // 3 % 2)
    draws = drawn(problem)
    assert any(not np.array_equal(truth, problem.truth) for truth in draws)
    assert all(set(truth.tolist()) == set(problem.truth.tolist()) for truth in draws)
    if len(sizes) > 20 and max(sizes) < 30:
        assert all(_pure(problem, truth) for truth in draws)
        largest = problem.groups == int(np.argmax(sizes))
        assert len({int(truth[largest][0]) for truth in draws}) == 2
        assert all(abs(truth.sum() - problem.truth.sum()) <= 0.2 * len(truth) for truth in draws)


def test_values_are_exchanged_by_groups():
    problem = problem_of([3] * 12, lambda group: float(group), classes=())
    for truth in drawn(problem, 5):
        assert sorted(truth.tolist()) == sorted(problem.truth.tolist())
        assert _pure(problem, truth)


def test_a_class_of_one_group_is_not_lost():
    problem = problem_of([7, 2, 5, *[1] * 12], lambda group: int(group == 0))
    for truth in drawn(problem):
        assert set(truth.tolist()) == {0, 1}
