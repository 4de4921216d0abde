"""Choosing columns as the first step of a model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.feature_selection import f_classif, f_regression

from bioautofeat.errors import ParameterError
from bioautofeat.models import Selection, can_export, compiled, export, find, get, restore
from bioautofeat.models.estimators.choose import ChooseColumns, f_of_classes, f_of_values
from bioautofeat.models.predictors.joined import Steps
from bioautofeat.models.predictors.transforms import Select

INFORMATIVE = (3, 50, 51, 400, 799)
TASKS = ("classification", "regression")


def wide(rng, n=160, d=800):
    """A wide table of noise in which five columns tell of the target."""
    rows = rng.normal(size=(n, d))
    score = rows[:, [c for c in INFORMATIVE if c < d]].sum(axis=1) + 0.3 * rng.normal(size=n)
    return rows, score


def target(score, task):
    return score if task == "regression" else np.array(["a", "b", "c"])[np.digitize(score, [-1, 1])]


@pytest.mark.parametrize("method", ["anova", "gain"])
@pytest.mark.parametrize("task", TASKS)
def test_informative_columns_are_kept(method, task, rng):
    rows, score = wide(rng)
    chosen = ChooseColumns(method, 20, task == "classification").fit(rows, target(score, task)).transform_.columns
    assert set(INFORMATIVE) <= set(chosen.tolist())
    assert len(chosen) == 20
    assert np.all(np.diff(chosen) > 0)


def test_f_equals_scikit_learn(rng):
    rows, score = wide(rng, d=40)
    codes = np.digitize(score, [-1, 0, 1])
    np.testing.assert_allclose(f_of_classes(rows, codes), f_classif(rows, codes)[0], rtol=1e-9)
    np.testing.assert_allclose(f_of_values(rows, score), f_regression(rows, score)[0], rtol=1e-9)


def test_gaps_are_filled_and_constant_columns_come_last(rng):
    rows, score = wide(rng, d=30)
    codes = (score > 0).astype(int)
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, 4] = 7.0
    rows[:, 5] = np.nan
    rows[:, 6] = codes  # tells everything
    for classifies, y in ((True, codes), (False, codes + 0.0)):
        step = ChooseColumns("anova", 28, classifies).fit(rows, y)
        assert set(range(30)) - set(step.transform_.columns.tolist()) == {4, 5}
        assert ChooseColumns("anova", 1, classifies).fit(rows, y).transform_.columns.tolist() == [6]
        for method in ("anova", "gain"):
            everything = ChooseColumns(method, 1.0, classifies).fit(np.full((20, 3), np.nan), y[:20])
            assert everything.transform_.columns.tolist() == [0, 1, 2]
    filled = np.where(np.isnan(rows), np.nanmedian(np.where(np.isnan(rows).all(axis=0), 0, rows), axis=0), rows)
    kept = ChooseColumns("anova", 10).fit(rows, codes).transform_.columns
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="constant"):
        theirs = np.nan_to_num(f_classif(filled, codes)[0], nan=-1.0, posinf=1e300)
    assert kept.tolist() == sorted(np.argsort(-theirs, kind="stable")[:10].tolist())


def test_nothing_is_learnt_from_rows_that_are_not_given(rng):
    rows, score = wide(rng)
    labels = target(score, "classification")
    half = np.arange(len(rows)) < 80
    changed, others = rows.copy(), labels.copy()
    changed[~half], others[~half] = 99.0, "c"
    for method in ("anova", "gain"):
        first = (
            get("logistic").build("classification", {}, selection=Selection(method, 30)).fit(rows[half], labels[half])
        )
        second = (
            get("logistic")
            .build("classification", {}, selection=Selection(method, 30))
            .fit(changed[half], others[half])
        )
        assert np.array_equal(first[0].transform_.columns, second[0].transform_.columns)
        shuffled = get("logistic").build("classification", {}, selection=Selection(method, 30))
        shuffled.fit(rows[half], rng.permutation(labels[half]))
        assert not np.array_equal(first[0].transform_.columns, shuffled[0].transform_.columns)


def test_a_choice_inside_the_fold_finds_nothing_in_noise(rng):
    """Chosen on all rows, 20 of 2,000 columns of noise would seem to tell much."""
    from sklearn.model_selection import cross_val_score

    rows, labels = rng.normal(size=(100, 2000)), rng.permutation(np.arange(100) % 2)
    inside = get("lda").build("classification", {}, selection=Selection("anova", 20))
    chosen = ChooseColumns("anova", 20).fit(rows, labels).transform(rows)
    outside = get("lda").build("classification", {})
    assert abs(cross_val_score(inside, rows, labels, cv=5).mean() - 0.5) < 0.2
    assert cross_val_score(outside, chosen, labels, cv=5).mean() > 0.75


def small(model):
    sizes = {"trees": 10, "rounds": 10, "landmarks": 20, "leaf": 2}
    return {name: value for name, value in sizes.items() if name in model.parameters}


@pytest.mark.parametrize(("task", "name"), [(task, model.name) for task in TASKS for model in find(task)])
def test_every_model_keeps_its_choice(task, name, rng):
    rows, score = table(rng)
    model = get(name)
    estimator = model.build(task, small(model), seed=2, selection=Selection("anova", 0.5))
    assert can_export(estimator)
    fitted = clone(estimator).fit(rows, target(score, task))
    predictor = compiled(fitted)
    assert isinstance(predictor, Steps)
    assert isinstance(predictor.transforms[0], Select)
    assert predictor.n_columns == 12
    assert predictor.transforms[0].width == 6
    loaded = restore(export(fitted))
    if task == "regression":
        np.testing.assert_allclose(loaded.predict(rows), fitted.predict(rows), atol=1e-6)
    else:
        np.testing.assert_allclose(loaded.predict_proba(rows), fitted.predict_proba(rows), atol=1e-6)
    # what is not chosen says nothing
    changed = rows.copy()
    changed[:, np.setdiff1d(np.arange(12), predictor.transforms[0].columns)] = 3.5
    assert np.array_equal(loaded.table(changed), loaded.table(rows))


def table(rng):
    rows = rng.normal(size=(70, 12))
    score = rows[:, 2] + rows[:, 7] + 0.2 * rng.normal(size=70)
    rows[rng.random(rows.shape) < 0.03] = np.nan
    return rows, score


@pytest.mark.parametrize("method", ["anova", "gain"])
@pytest.mark.parametrize("task", TASKS)
def test_one_seed_one_choice_for_any_number_of_threads(method, task, rng):
    rows, score = wide(rng, n=600, d=500)
    rows = rows.astype(np.float32)
    y = target(score, task)
    chosen = [
        ChooseColumns(method, 50, task == "classification", threads, 5).fit(rows, y).transform_.columns
        for threads in (1, 2, 2)
    ]
    assert np.array_equal(chosen[0], chosen[1])
    assert np.array_equal(chosen[0], chosen[2])


def test_sparse_rows_mean_what_dense_ones_do(rng):
    rows = rng.poisson(0.4, (90, 50)).astype(np.float64)
    labels = np.where(rows[:, 0] + rows[:, 9] > 0, "a", "b")
    for method in ("anova", "gain"):
        dense, sparse = (ChooseColumns(method, 7).fit(given, labels) for given in (rows, csr_matrix(rows)))
        assert np.array_equal(dense.transform_.columns, sparse.transform_.columns)
        assert np.array_equal(sparse.transform(csr_matrix(rows)).toarray(), dense.transform(rows))


def test_numbers_and_shares():
    assert Selection("anova", 0.001).count(100) == 1
    assert Selection("anova", 1.0).count(7) == 7
    assert Selection("gain", 10).count(7) == 7
    for columns in (0, -3, 0.0, 1.5, True, "3", float("nan")):
        with pytest.raises(ParameterError, match="neither a number of columns"):
            Selection("anova", columns)
    with pytest.raises(ParameterError, match="did you mean 'anova'"):
        Selection("anovo", 3)


def test_without_a_selection_nothing_changes():
    plain = get("logistic").build("classification", {})
    assert [name for name, _ in plain.steps] == ["fill", "standardise", "model"]
    chosen = get("logistic").build("classification", {}, selection=Selection("gain", 3))
    assert [name for name, _ in chosen.steps] == ["select", "fill", "standardise", "model"]
    alone = get("xgboost").build("classification", {}, selection=Selection("gain", 3))
    assert [name for name, _ in alone.steps] == ["select", "model"]


@pytest.mark.slow
def test_checks_of_scikit_learn():
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(ChooseColumns(columns=2), on_fail=None, on_skip=None)
    assert not [result["check_name"] for result in results if result["status"] == "failed"]
