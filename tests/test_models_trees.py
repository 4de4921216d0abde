"""Trees in flat arrays: the walk, the five checks, and the libraries whose trees they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_models import walk_trees

from bioautofeat.errors import ModelError
from bioautofeat.kernels.trees import add_trees
from bioautofeat.models import compiled, get
from bioautofeat.models.predictors.trees import Trees


def random_trees(rng, columns=4, trees=3, width=2, outputs=2):
    """Trees of random shape: nodes are split until the dice say leaf."""
    roots, nodes, thresholds, values = [], [], [], []

    def grow(depth):
        at = len(nodes)
        nodes.append([0, 0, 0, 0])
        thresholds.append(0.0)
        if depth < 5 and rng.random() < 0.7:
            left = grow(depth + 1) - at
            right = grow(depth + 1) - at
            nodes[at] = [int(rng.integers(columns)), left, right, left if rng.random() < 0.5 else right]
            thresholds[at] = float(rng.integers(-2, 3))
        else:
            nodes[at][0] = len(values)
            values.append(rng.normal(size=width))
        return at

    for _ in range(trees):
        roots.append([grow(0), int(rng.integers(outputs - width + 1))])
    return (
        np.array(roots, np.int64), np.array(nodes, np.int32), np.array(thresholds), np.array(values).reshape(-1, width)
    )  # fmt: skip


@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 3)]))
@settings(max_examples=60, deadline=None)
def test_walk_equals_oracle(seed, n, shape):
    rng = np.random.default_rng(seed)
    width, outputs = shape
    trees, nodes, thresholds, values = random_trees(rng, width=width, outputs=outputs)
    rows = rng.integers(-3, 4, (n, 4)).astype(np.float64)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    out = np.zeros((n, outputs))
    add_trees(rows, trees, nodes, thresholds, values, out)
    assert np.array_equal(out, walk_trees(rows, trees, nodes.tolist(), thresholds, values, outputs))


@pytest.fixture
def forest(rng):
    trees, nodes, thresholds, values = random_trees(rng, trees=4)
    assert len(nodes) > 12
    return Trees(trees, nodes, thresholds, values, np.zeros(2), 4, "mean", False)


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


def test_a_sound_forest_is_accepted(forest):
    assert forest.n_classes == 2
    assert forest.predict_proba(np.zeros((3, 4))).shape == (3, 2)


@pytest.mark.parametrize("child", [1, 2, 3])
@pytest.mark.parametrize("value", [-1, 10**9, 0, -(2**31)])
def test_children_stay_inside_their_tree_and_below_their_node(forest, child, value):
    inner = int(np.flatnonzero(forest.nodes[:, 1] > 0)[0])
    with pytest.raises(ModelError):
        replace(forest, nodes=changed(forest.nodes, (inner, child), value))


def test_a_child_in_the_next_tree_is_refused(forest):
    inner = int(np.flatnonzero(forest.nodes[:, 1] > 0)[0])
    end = int(forest.trees[np.searchsorted(forest.trees[:, 0], inner, side="right"), 0])
    with pytest.raises(ModelError, match="outside its tree"):
        replace(forest, nodes=changed(forest.nodes, (inner, 2), end - inner))


def test_columns_leaves_outputs_and_roots_exist(forest):
    inner = int(np.flatnonzero(forest.nodes[:, 1] > 0)[0])
    leaf = int(np.flatnonzero(forest.nodes[:, 1] == 0)[0])
    broken = [
        {"nodes": changed(forest.nodes, (inner, 0), 4)},
        {"nodes": changed(forest.nodes, (inner, 0), -1)},
        {"nodes": changed(forest.nodes, (leaf, 0), len(forest.values))},
        {"nodes": changed(forest.nodes, (leaf, 2), 1)},
        {"trees": changed(forest.trees, (1, 0), len(forest.nodes))},
        {"trees": changed(forest.trees, (0, 0), 1)},
        {"trees": changed(forest.trees, (0, 1), 1)},
        {"trees": changed(forest.trees, (0, 1), -1)},
        {"trees": forest.trees[:0]},
        {"thresholds": forest.thresholds[:-1]},
        {"link": "sigmoid"},
        {"link": "nothing"},
        {"n_columns": 1},
        {"values": forest.values[:, :0]},
    ]
    for fields in broken:
        with pytest.raises(ModelError):
            replace(forest, **fields)


def data(rng, n=70, d=6, missing=0.03):
    rows = rng.normal(size=(n, d))
    labels = np.array(["low", "mid", "top"])[np.digitize(rows[:, 0] + 0.3 * rng.normal(size=n), [-0.4, 0.4])]
    values = 20 + 5 * rows[:, 0] + rng.normal(size=n)
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows, labels, values


def fitted(name, task, rng, **values):
    rows, labels, numbers = data(rng)
    small = {"trees": 15, "rounds": 15, "leaf": 2}
    wanted = {k: v for k, v in (small | values).items() if k in get(name).parameters}
    estimator = get(name).build(task, wanted, seed=5)
    return estimator.fit(rows, labels if task == "classification" else numbers)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees", "hist_boosting"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_same_numbers_as_scikit_learn(name, task, rng):
    estimator = fitted(name, task, rng)
    rows = data(rng, n=400)[0]
    ours = compiled(estimator)
    if task == "classification":
        assert np.abs(ours.predict_proba(rows) - estimator.predict_proba(rows)).max() < 1e-12
    else:
        assert np.abs(ours.predict(rows) - estimator.predict(rows)).max() < 1e-9


@pytest.mark.parametrize("classes", [2, 3])
def test_same_numbers_as_xgboost(classes, rng):
    import xgboost

    rows, labels, _ = data(rng)
    codes = np.unique(labels, return_inverse=True)[1] % classes
    objective = {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": 3}
    booster = xgboost.train(
        objective | {"seed": 3, "max_depth": 4, "nthread": 1},
        xgboost.QuantileDMatrix(rows.astype(np.float32), codes),
        20,
    )
    from bioautofeat.models.estimators.boosted import trees_of_booster

    more = np.vstack([rows, data(rng, n=300)[0]])
    theirs = booster.predict(xgboost.DMatrix(more.astype(np.float32)))
    theirs = np.column_stack([1 - theirs, theirs]) if classes == 2 else theirs
    assert np.abs(trees_of_booster(booster, 6).predict_proba(more) - theirs).max() < 1e-6


def test_same_numbers_as_xgboost_regression(rng):
    import xgboost

    rows, _, values = data(rng)
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(rows.astype(np.float32), values), 20)
    from bioautofeat.models.estimators.boosted import trees_of_booster

    theirs = booster.predict(xgboost.DMatrix(rows.astype(np.float32)))
    assert np.allclose(trees_of_booster(booster, 6).predict(rows), theirs, rtol=1e-6)


def test_a_value_on_the_threshold_goes_where_the_library_sends_it(rng):
    rows = np.round(rng.normal(size=(60, 3)), 1).astype(np.float32).astype(np.float64)
    labels = np.where(rows[:, 0] + rows[:, 1] > 0.1, "a", "b")
    for name in ("random_forest", "extra_trees", "hist_boosting", "xgboost"):
        values = {"rounds": 10} if "rounds" in get(name).parameters else {"trees": 10}
        estimator = get(name).build("classification", values).fit(rows, labels)
        thresholds = compiled(estimator).thresholds
        probe = np.repeat(thresholds[:, None], 3, axis=1)
        assert np.abs(compiled(estimator).predict_proba(probe) - estimator.predict_proba(probe)).max() < 1e-12


def test_boosting_with_patience_stops_early(rng):
    estimator = fitted("xgboost", "classification", rng, rounds=200, patience=3)
    assert len(compiled(estimator).trees) < 3 * 200


def test_sparse_rows_mean_what_dense_ones_do(rng):
    from scipy.sparse import csr_matrix

    rows = rng.poisson(0.5, (60, 8)).astype(np.float64)
    labels = np.where(rows[:, 0] + rows[:, 1] > 1, "a", "b")
    for name in ("xgboost", "extra_trees", "random_forest"):
        values = {"rounds": 10} if name == "xgboost" else {"trees": 10}
        dense = get(name).build("classification", values).fit(rows, labels)
        sparse = get(name).build("classification", values).fit(csr_matrix(rows), labels)
        expected = compiled(dense).predict_proba(rows)
        assert np.abs(compiled(sparse).predict_proba(csr_matrix(rows)) - expected).max() < 1e-12
