"""LightGBM and CatBoost: their trees in our own layout say what they say, and they may be absent."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from bioautofeat import models
from bioautofeat.errors import ParameterError
from bioautofeat.models import compiled, export, find, get, restore
from bioautofeat.models.estimators.job import Job

BOOSTERS = ("lightgbm", "catboost")
PROBLEMS = (2, 3, 0)


def available(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    return get(name)


def data(rng, n=90, d=6, missing=0.05):
    """Rows with gaps, one column that is constant and one that has no gap until later; classes and values."""
    rows = rng.normal(size=(n, d))
    rows[rng.random(rows.shape) < missing] = np.nan
    rows[:, 3] = 0.25
    rows[:, 1] = np.round(rng.normal(size=n), 1)
    score = np.nan_to_num(rows[:, 0]) + 0.7 * rows[:, 1] + 0.3 * rng.normal(size=n)
    labels = np.array(["low", "mid", "top"])[np.digitize(score, [-0.4, 0.4])]
    return rows, labels, 20 + 5 * score


def unseen(rng, n=300, d=6):
    """Rows with gaps everywhere, in the columns that had none too."""
    rows = rng.normal(size=(n, d)) * 2
    rows[:, 1] = np.round(rows[:, 1], 1)
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[0] = np.nan
    return rows


def job(rng, classes, held=False, **settings):
    rows, labels, values = data(rng)
    codes = np.unique(labels, return_inverse=True)[1]
    target = {0: values - 20, 2: np.minimum(codes, 1), 3: codes}[classes]
    keep = np.zeros(len(rows), bool)
    keep[::7] = held
    weight = np.where(codes == 1, 2.0, 1.0)
    return Job(rows.astype(np.float32), target, classes, weight, keep, 30, settings, 5, 1, 3)


def library_says(name, wanted, rows):
    """What the library itself predicts after the same training."""
    if name == "lightgbm":
        from bioautofeat.models.estimators.lightgbm_trees import booster_of

        found = booster_of(wanted).predict(rows.astype(np.float32))
    else:
        from bioautofeat.models.estimators.catboost_trees import model_of

        kind = "Probability" if wanted.classes else "RawFormulaVal"
        found = model_of(wanted).predict(rows.astype(np.float32), prediction_type=kind)
    return np.column_stack([1 - found, found]) if wanted.classes == 2 and found.ndim == 1 else found


def trees(name, wanted):
    module = importlib.import_module(f"bioautofeat.models.estimators.{name}_trees")
    return module.train(wanted)


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("classes", PROBLEMS)
@pytest.mark.parametrize("held", [False, True])
def test_same_numbers_as_the_library(name, classes, held, rng):
    available(name)
    wanted = job(rng, classes, held, learning_rate=0.2, bins=32, row_share=0.8, column_share=0.7, ridge=2.0)
    rows = np.vstack([wanted.rows, unseen(rng)])
    ours, theirs = trees(name, wanted), library_says(name, wanted, rows)
    found = ours.predict_proba(rows) if classes else ours.predict(rows)
    assert np.ptp(theirs) > 0.1
    assert np.abs(found - theirs).max() < 1e-6
    assert len(ours.trees) <= 30 * ours.base.size
    assert ours.n_classes == classes


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_value_on_the_threshold_goes_where_the_library_sends_it(name, rng):
    available(name)
    wanted = job(rng, 2)
    thresholds = trees(name, wanted).thresholds.astype(np.float32)
    around = [thresholds, np.nextafter(thresholds, np.float32(np.inf)), np.nextafter(thresholds, np.float32(-np.inf))]
    probe = np.repeat(np.concatenate(around)[:, None], 6, axis=1)
    probe = probe[np.isfinite(probe).all(axis=1)]
    assert np.abs(trees(name, wanted).predict_proba(probe) - library_says(name, wanted, probe)).max() < 1e-6


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("classes", PROBLEMS)
def test_threads_and_the_file_change_nothing(name, classes, rng):
    model = available(name)
    rows, labels, values = data(rng, n=400, d=30)
    y = values if not classes else labels if classes == 3 else labels == "low"
    task = "regression" if not classes else "classification"
    first, second = (
        compiled(model.build(task, {"rounds": 25}, seed=4, threads=threads).fit(rows, y)) for threads in (1, 2)
    )
    parts = export(first)
    assert all(np.array_equal(parts.arrays[key], array) for key, array in export(second).arrays.items())
    assert {part.dtype.kind for part in parts.arrays.values()} <= {"f", "i"}
    loaded = restore(models.Parts(json.loads(json.dumps(parts.settings)), parts.arrays))
    more = unseen(rng, d=30)
    assert np.array_equal(loaded.table(more), first.table(more))


@pytest.mark.parametrize("name", BOOSTERS)
def test_patience_stops_early(name, rng):
    model = available(name)
    rows, labels, _ = data(rng)
    estimator = model.build("classification", {"rounds": 500, "patience": 5}, seed=1).fit(rows, labels)
    assert 1 <= len(compiled(estimator).trees) < 500 * compiled(estimator).base.size / 2


@pytest.mark.parametrize("name", BOOSTERS)
@pytest.mark.parametrize("classes", PROBLEMS)
def test_columns_that_say_nothing_give_the_frequencies(name, classes, rng):
    model = available(name)
    codes = np.arange(60) % 5
    y = codes * 2.0 if not classes else np.minimum(codes, classes - 1)
    rows = np.full((60, 3), 0.5)
    rows[:, 2] = np.nan
    fitted = compiled(model.build("classification" if classes else "regression", {"rounds": 5}).fit(rows, y))
    if not classes:
        np.testing.assert_allclose(fitted.predict(rows), y.mean(), atol=1e-6)
        return
    np.testing.assert_allclose(fitted.predict_proba(rows)[0], np.bincount(y) / 60, atol=1e-6)


@pytest.mark.parametrize("name", BOOSTERS)
def test_sparse_rows_mean_what_dense_ones_do(name, rng):
    from scipy.sparse import csr_matrix

    model = available(name)
    rows = rng.poisson(0.5, (80, 8)).astype(np.float64)
    labels = np.where(rows[:, 0] + rows[:, 1] > 1, "a", "b")
    dense, sparse = (
        compiled(model.build("classification", {"rounds": 10}).fit(table, labels)) for table in (rows, csr_matrix(rows))
    )
    assert np.array_equal(dense.predict_proba(rows), sparse.predict_proba(csr_matrix(rows)))


def test_an_absent_library_is_named(monkeypatch, rng):
    monkeypatch.setattr("bioautofeat.models._registry.find_spec", lambda name: None)
    names = {model.name for model in find()}
    assert not names & set(BOOSTERS)
    assert "xgboost" in names
    everything = {model.name: model for model in find("classification", absent=True)}
    for name in BOOSTERS:
        assert not everything[name].available
        with pytest.raises(ParameterError, match=rf"needs the library {name}, .*bioautofeat\[{name}\]"):
            get(name).build("classification", {})
    assert get("xgboost").available


def test_the_libraries_are_not_imported_for_the_registry():
    import subprocess
    import sys

    code = (
        "import sys; from bioautofeat.models import find; [m.available for m in find(absent=True)];"
        "sys.exit(any(m in sys.modules for m in ('lightgbm', 'catboost', 'sklearn', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOSTERS)
def test_checks_of_scikit_learn(name):
    from sklearn.utils.estimator_checks import check_estimator

    from bioautofeat.models.estimators import boosted

    available(name)
    library = {"lightgbm": "LightGBM", "catboost": "CatBoost"}[name]
    settings = {"leaf": 1} if name == "lightgbm" else {}
    for kind, rounds in (("Classifier", 20), ("Regressor", 50)):
        estimator = getattr(boosted, library + kind)(rounds, settings)
        results = check_estimator(estimator, on_fail=None, on_skip=None)
        failed = [result["check_name"] for result in results if result["status"] == "failed"]
        assert not failed, (estimator, failed)
