"""Signatures: planted features and their equivalents come back, noise is told as noise, no row judges itself."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_explain import f_test, unit_ranks

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.evaluation.forward import Ranked, Selection, _design, _Tests, select
from bioautofeat.evaluation.signatures import Rules, Signature, signatures, write_signatures
from bioautofeat.kernels.ranks import rank_rows
from bioautofeat.table import FeatureTable


def table_of(values):
    n, p = values.shape
    return FeatureTable(values, tuple(f"g{j}" for j in range(p)), tuple(f"r{i}" for i in range(n)))


def planted(seed, n=120, p=400, task="classification"):
    """Two features that matter, each with a twin on another scale; the rest is noise."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p))
    values[:, 7] = 100 + 3 * (values[:, 3] + 0.05 * rng.normal(size=n))
    values[:, 8] = np.exp(values[:, 5] + 0.05 * rng.normal(size=n))
    signal = 2 * values[:, 3] - 2 * values[:, 5] + rng.normal(size=n)
    target = np.where(signal > 0, "case", "control") if task == "classification" else signal
    return table_of(values), target, np.arange(n) % 5


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_planted_features_and_their_equivalents(task):
    table, target, folds = planted(0, task=task)
    found = signatures(table, target, task, folds)
    sets = {frozenset(row.features) for row in found}
    assert sets == {frozenset({a, b}) for a in ("g3", "g7") for b in ("g5", "g8")}
    assert found[0].metric == ("mcc" if task == "classification" else "r2")
    for row in found:
        assert row.low < row.score < row.high
        assert row.score > 0.4
        assert min(row.support) >= 0.6


def test_noise_is_told_as_noise():
    scores = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        table, target = table_of(rng.normal(size=(60, 200))), rng.permutation(np.arange(60) % 2)
        rules = Rules(metric="acc", count=1, most=3)
        scores.append(signatures(table, target, "classification", np.arange(60) // 2 % 5, rules=rules)[0].score)
    assert abs(np.mean(scores) - 0.5) < 0.1


def test_nothing_depends_on_a_constant_table():
    table = table_of(np.ones((30, 4)))
    assert signatures(table, np.arange(30) % 2, "classification", np.arange(30) // 2 % 3) == []


def test_the_estimate_of_a_fold_does_not_see_its_labels():
    """Labels of a fold turned round change what is said of the others, but not what is said of the fold itself."""
    from bioautofeat.evaluation.signatures import _Judge

    table, target, folds = planted(1, n=60, p=60)
    truth = (target == "case").astype(int)
    said = []
    for labels in (truth, np.where(folds == 2, 1 - truth, truth)):
        judge = _Judge(table.values, labels, "classification", folds, Rules())
        said.append(judge.predictions({fold: judge.selected((fold,)) for fold in range(5)}, 0)[0])
    assert np.array_equal(said[0][folds == 2], said[1][folds == 2])
    assert not np.array_equal(said[0][folds != 2], said[1][folds != 2])


def test_scales_do_not_matter_and_runs_are_equal():
    table, target, folds = planted(2, n=80, p=40)
    rules = Rules(count=2, most=4)
    found = signatures(table, target, "classification", folds, rules=rules)
    assert signatures(table, target, "classification", folds, rules=rules) == found
    other = table_of(np.sign(table.values) * np.abs(table.values) ** 3)
    assert signatures(other, target, "classification", folds, rules=rules) == found
    again = signatures(table, target, "classification", folds, seed=1, rules=rules)
    assert [row.features for row in again] == [row.features for row in found]


def test_missing_values_groups_and_three_classes():
    table, _, folds = planted(3, p=60)
    target = np.array(["low", "mid", "top"])[np.digitize(table.values[:, 3], [-0.5, 0.5])]
    values = table.values.copy()
    values[np.random.default_rng(0).random(values.shape) < 0.05] = np.nan
    values[:, 11] = np.nan
    rules = Rules(groups=np.arange(120) // 2, count=1)
    (row,) = signatures(table_of(values), target, "classification", folds, rules=rules)
    assert row.features[0] in ("g3", "g7")
    assert row.score > 0.5


def test_file(tmp_path):
    rows = [Signature(("a", "b"), 0.5, 0.25, 0.75, "mcc", (1.0, 0.5)), Signature(("c",), 0.4, 0.2, 0.6, "mcc", (0.2,))]
    path = tmp_path / "signatures.csv"
    write_signatures(path, rows)
    with path.open(newline="") as handle:
        read = list(csv.DictReader(handle))
    assert read[0] == {
        "signature": "1", "size": "2", "metric": "mcc", "score": "0.5", "low": "0.25", "high": "0.75", "features": "a b", "support": "1 0.5",
    }  # fmt: skip
    assert [row["size"] for row in read] == ["2", "1"]


def test_what_is_refused():
    table, target, folds = planted(4, n=30, p=9)
    with pytest.raises(TableError, match="do not go together"):
        signatures(table, target[:-1], "classification", folds)
    with pytest.raises(ParameterError, match="two folds"):
        signatures(table, target, "classification", np.zeros(30))
    with pytest.raises(ParameterError, match="alpha"):
        Rules(alpha=2.0)
    with pytest.raises(ParameterError, match="metric"):
        signatures(table, target, "classification", folds, rules=Rules(metric="r2"))
    infinite = table_of(np.where(np.arange(9) == 1, np.inf, table.values))
    with pytest.raises(TableError, match="infinite"):
        signatures(infinite, target, "classification", folds)


def test_signatures_in_the_order_of_changes():
    selection = Selection(((1, 2, 3), (4,), (5, 6)))
    found = selection.signatures(99)
    assert found[0] == (1, 4, 5)
    assert set(found[1:4]) == {(2, 4, 5), (3, 4, 5), (1, 4, 6)}
    assert len(found) == len(set(found)) == 6
    assert selection.signatures(2) == found[:2]
    assert Selection(()).signatures(3) == [()]


# parts


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_ranks_equal_the_definition(seed, n, p):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, (n, p)).astype(np.float64)
    values[rng.random(values.shape) < 0.2] = np.nan
    rows = rng.random(n) < 0.7
    found = Ranked(values).among(rows)
    for column, ranks in zip(values[rows].T, found, strict=True):
        assert ranks == pytest.approx(unit_ranks(column.tolist()))
    assert rank_rows.__doc__


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("given_", [(), (1,), (1, 4)])
def test_tests_equal_linear_models(task, given_, rng):
    values = rng.normal(size=(40, 7))
    values[:, 1] += values[:, 0]
    noisy = values[:, 0] + rng.normal(size=40)
    target = np.digitize(noisy, [-0.5, 0.5]) if task == "classification" else noisy
    columns, design = Ranked(values).among(np.ones(40, bool)), _design(target, task)
    tests = _Tests(columns, design)
    wanted = np.array([0, 2, 3, 5, 6])
    others = [columns[g] for g in given_]
    found = tests.log_p(wanted, given_)
    for place, column in zip(found, wanted, strict=True):
        assert place == pytest.approx(f_test(columns[column], design, others), rel=1e-6)
    swapped = tests.log_p_swapped(0, wanted[1:], given_)
    for place, column in zip(swapped, wanted[1:], strict=True):
        assert place == pytest.approx(f_test(columns[0], design, [*others, columns[column]]), rel=1e-6)


def test_p_values_too_small_for_a_number_keep_their_order():
    x = np.random.default_rng(0).normal(size=(3000, 2))
    values = np.column_stack([x[:, 0] + 0.05 * x[:, 1], x[:, 0] + 0.1 * x[:, 1], x[:, 0] + 0.2 * x[:, 1]])
    tests = _Tests(Ranked(values).among(np.ones(3000, bool)), _design(x[:, 0], "regression"))
    found = tests.log_p(np.arange(3), ())
    assert np.isfinite(found).all()
    assert found[0] < found[1] < found[2] < -690


def test_a_wide_table_is_quick():
    table, target, _ = planted(5, n=100, p=20_000)
    steps = select(Ranked(table.values), np.ones(100, bool), np.asarray(target == "case"), "classification", Rules())
    assert {steps[0].choices[0][0]} <= {3, 5, 7, 8}
    assert len(steps) <= 10
