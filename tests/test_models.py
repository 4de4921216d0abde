"""The registry of models, and what every fitted model must survive: being taken apart and put together."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from oracles_models import couple, nearest, pair_decision
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from bioautofeat import models
from bioautofeat.errors import ModelError, ParameterError, TableError
from bioautofeat.models import Parts, can_export, compiled, export, find, get, restore
from bioautofeat.models.estimators.machines import RadialMachine
from bioautofeat.models.estimators.sigmoids import fit_scaling, fit_sigmoid, inner_folds
from bioautofeat.models.predictors.joined import Blend, Calibrated, Steps
from bioautofeat.models.predictors.links import coupled, softmax
from bioautofeat.models.predictors.transforms import Select

SMALL = {"trees": 12, "rounds": 12, "landmarks": 20, "leaf": 2}
PROBLEMS = ("binary", "multiclass", "regression")


def problem(kind, rng, n=60, d=7, missing=0.03):
    rows = rng.normal(size=(n, d))
    rows[:, 3] = 0.25  # a constant column
    score = rows[:, 0] + 0.5 * rows[:, 1]
    labels = {
        "binary": np.where(score > 0.1, "yes", "no"),
        "multiclass": np.array(["b", "a", "ü c"])[np.digitize(score, [-0.4, 0.4])],
        "regression": 100 + 7 * score,
    }[kind]
    rows[rng.random(rows.shape) < missing] = np.nan
    return rows, labels


def task_of(kind):
    return "regression" if kind == "regression" else "classification"


def build(model, kind, **values):
    small = {name: value for name, value in SMALL.items() if name in model.parameters}
    return model.build(task_of(kind), small | values, seed=3)


CASES = [(kind, model.name) for kind in PROBLEMS for model in find(task_of(kind))]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_model_survives_export(kind, name, rng):
    rows, labels = problem(kind, rng)
    estimator = build(get(name), kind).fit(rows, labels)
    parts = export(estimator)
    settings = json.loads(json.dumps(parts.settings, allow_nan=False))
    loaded = restore(Parts(settings, {key: array.copy() for key, array in parts.arrays.items()}))
    more = problem(kind, rng, n=300)[0]
    if kind == "regression":
        assert np.allclose(loaded.predict(more), estimator.predict(more), rtol=1e-9, atol=1e-9)
        return
    found = loaded.predict_proba(more)
    assert np.abs(found - estimator.predict_proba(more)).max() < 1e-9
    assert np.allclose(found.sum(axis=1), 1, atol=1e-9)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.array_equal(estimator.classes_[loaded.predict(more)], estimator.predict(more))
    assert list(estimator.classes_) == sorted(set(labels))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_row_has_the_same_bits_alone_and_among_others(kind, name, rng):
    rows, labels = problem(kind, rng)
    model = compiled(build(get(name), kind).fit(rows, labels))
    more = problem(kind, rng, n=270)[0]
    predict = model.predict if kind == "regression" else model.predict_proba
    whole = predict(more)
    assert np.array_equal(predict(more, threads=3), whole)
    assert np.array_equal(np.concatenate([predict(more[i : i + 1]) for i in range(0, 270, 9)]), whole[::9])
    assert np.array_equal(predict(more[100:]), whole[100:])


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_model_of_single_precision_rows(kind, name, rng):
    rows, labels = problem(kind, rng)
    rows = rows.astype(np.float32)
    estimator = build(get(name), kind).fit(rows, labels)
    model = compiled(estimator)
    if kind == "regression":
        assert np.allclose(model.predict(rows.astype(np.float64)), estimator.predict(rows), rtol=1e-9)
    else:
        assert np.abs(model.predict_proba(rows.astype(np.float64)) - estimator.predict_proba(rows)).max() < 1e-6


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_one_seed_one_model(kind, name, rng):
    rows, labels = problem(kind, rng)
    first, second = (export(build(get(name), kind).fit(rows, labels)) for _ in range(2))
    assert first.settings == second.settings
    assert all(np.array_equal(first.arrays[key], second.arrays[key]) for key in first.arrays)


def test_the_registry_describes_its_rows():
    assert len(find("classification")) >= 12
    assert len(find("regression")) >= 9
    assert find()[0].name == "dummy"
    for model in find(absent=True, square=True):
        assert model.tasks <= {"classification", "regression"}
        assert model.reference
        assert model.title
        assert can_export(model)
        assert model.builder.__doc__
        assert model.checked({}) == {name: parameter.default for name, parameter in model.parameters.items()}
        rng = np.random.default_rng(0)
        for parameter in model.parameters.values():
            for _ in range(5):
                parameter.range.check(parameter.range.sample(rng))


def test_wrong_names_and_values_are_refused():
    with pytest.raises(ParameterError, match="did you mean 'xgboost'"):
        get("xgbost")
    with pytest.raises(ParameterError, match="unknown parameter"):
        get("svm").build("classification", {"C": 1.0})
    with pytest.raises(ParameterError, match="outside"):
        get("svm").build("classification", {"c": -1.0})
    with pytest.raises(ParameterError, match="is for classification"):
        get("logistic").build("regression", {})
    with pytest.raises(ParameterError, match="unknown task"):
        find("clustering")


def test_estimators_can_be_cloned_and_know_when_they_are_not_fitted(rng):
    rows, _ = problem("binary", rng)
    for model in find("classification"):
        estimator = build(model, "binary")
        again = clone(estimator)
        assert type(again) is type(estimator)
        with pytest.raises(NotFittedError):
            again.predict(np.nan_to_num(rows))


def test_what_has_no_safe_form_is_refused_before_it_is_fitted(rng):
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    assert can_export(make_pipeline(StandardScaler(), LogisticRegression()))
    assert not can_export(make_pipeline(PolynomialFeatures(), LogisticRegression()))
    assert not can_export(KNeighborsClassifier())
    rows, labels = problem("binary", rng, missing=0)
    with pytest.raises(ModelError, match="KNeighborsClassifier has no form"):
        export(KNeighborsClassifier().fit(rows, labels))


def test_estimators_of_scikit_learn_are_taken(rng):
    from sklearn.ensemble import RandomForestClassifier, VotingClassifier
    from sklearn.feature_selection import SelectFromModel, SelectKBest
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    rows, labels = problem("multiclass", rng)
    rows[:, 3] = rng.normal(size=len(rows))
    forest = RandomForestClassifier(10, random_state=0)
    estimators = [
        make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), SelectKBest(k=3), LogisticRegression()),
        make_pipeline(SimpleImputer(), RobustScaler(), SelectFromModel(forest), forest),
        make_pipeline(SimpleImputer(), MinMaxScaler(clip=True), "passthrough", LogisticRegression()),
        VotingClassifier(
            [("a", forest), ("b", make_pipeline(SimpleImputer(), LogisticRegression()))], voting="soft", weights=[1, 3]
        ),
        GridSearchCV(make_pipeline(SimpleImputer(), LogisticRegression()), {"logisticregression__C": [0.1, 1]}, cv=2),
    ]
    more = problem("multiclass", rng, n=100)[0]
    for estimator in estimators:
        assert can_export(estimator)
        estimator.fit(rows, labels)
        assert np.abs(restore(export(estimator)).predict_proba(more) - estimator.predict_proba(more)).max() < 1e-9


def test_blend_selection_and_calibration_survive_export(rng):
    rows, labels = problem("multiclass", rng)
    first = compiled(build(get("svm"), "multiclass").fit(rows, labels))
    second = compiled(build(get("extra_trees"), "multiclass").fit(rows[:, [4, 0, 1]], labels))
    second = Steps((Select(np.array([4, 0, 1]), 7),), second)
    blend = Blend((first, second), np.array([0.25, 0.75]))
    moved = Calibrated(blend, 1.3, np.array([0.1, 0.0, -0.2]))
    p = 0.25 * first.predict_proba(rows) + 0.75 * second.predict_proba(rows)
    assert np.abs(blend.predict_proba(rows) - p).max() < 1e-12
    expected = softmax(1.3 * np.log(np.maximum(p, 1e-12)) + [0.1, 0.0, -0.2])
    assert np.abs(restore(export(moved)).predict_proba(rows) - expected).max() < 1e-12
    assert can_export(moved)
    with pytest.raises(ModelError, match="weights"):
        Blend((first, second), np.array([0.5, 0.6]))
    with pytest.raises(ModelError, match="different columns or classes"):
        Blend((first, compiled(build(get("dummy"), "regression").fit(rows, np.arange(60.0)))), np.array([0.5, 0.5]))


def test_rows_that_do_not_fit_are_refused(rng):
    rows, labels = problem("binary", rng, missing=0)
    model = compiled(build(get("logistic"), "binary").fit(rows, labels))
    with pytest.raises(TableError, match="7 columns"):
        model.predict_proba(rows[:, :5])
    with pytest.raises(TableError, match="7 columns"):
        model.predict_proba(rows[0])
    broken = rows.copy()
    broken[4, 2] = np.inf
    with pytest.raises(TableError, match="row 5"):
        model.predict_proba(broken)
    assert model.predict_proba(rows[:0]).shape == (0, 2)
    with pytest.raises(ModelError, match="not probabilities"):
        compiled(build(get("ridge"), "regression").fit(rows, np.arange(60.0))).predict_proba(rows)


def test_damaged_parts_are_refused(rng):
    rows, labels = problem("multiclass", rng)
    for model in find("classification"):
        parts = export(build(model, "multiclass").fit(rows, labels))
        for name, array in parts.arrays.items():
            for changed in _damaged(array):
                with pytest.raises(ModelError):
                    restore(Parts(parts.settings, {**parts.arrays, name: changed}))
        with pytest.raises(ModelError):
            restore(Parts(parts.settings, {**parts.arrays, "more": np.zeros(1)}))
        with pytest.raises(ModelError):
            restore(Parts({**parts.settings, "kind": "os.system"}, parts.arrays))
        with pytest.raises(ModelError):
            restore(Parts({**parts.settings, "extra": 1}, parts.arrays))


def _damaged(array):
    """The array with another shape, another type, and (for numbers) a value that is none."""
    yield array[None]
    yield np.zeros(array.shape, np.int16 if array.dtype != np.int16 else np.int8)
    if array.dtype.kind == "f":
        broken = array.copy()
        broken.flat[0] = np.nan
        yield broken


def test_nested_too_deep_is_refused():
    settings = {"kind": "constant", "values": {"array": "v"}, "n_columns": 2}
    for _ in range(60):
        settings = {"kind": "blend", "members": [settings], "weights": {"array": "w"}}
    with pytest.raises(ModelError, match="too deep"):
        restore(Parts(settings, {"v": np.array([0.5, 0.5]), "w": np.ones(1)}))


def test_a_fitted_model_predicts_without_scikit_learn():
    code = (
        "import sys; import numpy as np; from bioautofeat.models import restore, Parts, find; find();"
        "s = {'kind': 'linear', 'weights': {'array': 'w'}, 'intercept': {'array': 'i'}, 'link': 'softmax'};"
        "restore(Parts(s, {'w': np.zeros((2, 3)), 'i': np.zeros(3)})).predict_proba(np.zeros((1, 2)));"
        "sys.exit(any(m in sys.modules for m in ('sklearn', 'xgboost', 'torch', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_coupling_equals_the_iteration(rng):
    for k in (2, 3, 5):
        pairs = rng.random((6, k * (k - 1) // 2))
        found = coupled(pairs, k)
        expected = np.array([couple(row, k) for row in pairs])
        assert np.abs(found - expected).max() < 1e-6
    sure = np.array([[1.0, 1.0, 0.5]])
    assert coupled(sure, 3)[0, 0] > 0.99


def test_support_vector_machine_equals_scikit_learn(rng):
    from sklearn.svm import SVC

    rows, labels = problem("multiclass", rng, missing=0)
    rows = rows.astype(np.float32).astype(np.float64)
    ours = RadialMachine(c=3.0).fit(rows, labels)
    gamma = ours.predictor_.gamma
    theirs = SVC(C=3.0, gamma=gamma, decision_function_shape="ovo").fit(rows, labels)
    from bioautofeat.models.predictors.kernel import pair_decisions, radial

    p = ours.predictor_
    kernel = radial(rows, p.vectors.astype(np.float64), p.gamma)
    decisions = pair_decisions(kernel, p.dual, p.counts, p.intercept)
    assert np.abs(decisions - theirs.decision_function(rows)).max() < 2e-3  # the optimiser stops at 1e-3
    ends = np.cumsum(p.counts)
    slow = [
        pair_decision(
            np.concatenate([row[: ends[0]], row[ends[0] : ends[1]]]),
            np.concatenate([p.dual[0, : ends[0]], p.dual[0, ends[0] : ends[1]]]),
            p.intercept[0],
        )
        for row in kernel
    ]
    assert np.abs(decisions[:, 0] - slow).max() < 1e-12


def test_calibration_keeps_related_rows_together(rng):
    codes = np.arange(60) % 2
    groups = np.arange(60) // 6
    for taught, held in inner_folds(codes, groups, 5, 0):
        assert not set(groups[taught]) & set(groups[held])
    assert list(inner_folds(np.array([0, 0, 0, 1]), None, 5, 0)) == []
    rows, labels = problem("binary", rng, missing=0)
    plain, grouped = RadialMachine().fit(rows, labels), RadialMachine().fit(rows, labels, groups=np.arange(60) // 3)
    assert not np.array_equal(plain.predictor_.slopes, grouped.predictor_.slopes)


def test_sigmoid_finds_the_curve_that_made_the_labels(rng):
    decisions = rng.normal(size=20_000)
    positive = rng.random(20_000) < 1 / (1 + np.exp(-(2.0 * decisions - 0.5)))
    slope, offset = fit_sigmoid(decisions, positive)
    assert abs(slope - 2.0) < 0.1
    assert abs(offset + 0.5) < 0.1
    slope, _ = fit_sigmoid(np.array([-1.0, -2.0, 1.0, 2.0]), np.array([False, False, True, True]))
    assert 0 < slope < 10
    assert fit_sigmoid(np.array([1.0, 2.0]), np.array([True, True])) == (1.0, np.log(3.0))


def test_scaling_lowers_the_loss(rng):
    scores = 5 * rng.normal(size=(3000, 4))
    codes = np.array([rng.choice(4, p=softmax(0.4 * row[None] + [0.5, 0, 0, 0])[0]) for row in scores])
    slope, shift = fit_scaling(scores, codes)
    assert abs(slope - 0.4) < 0.05
    assert shift[0] - shift[1:].mean() > 0.3


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_equal_the_definition(weights, rng):
    from bioautofeat.models.estimators.nearest import NearestClassifier

    rows = rng.integers(0, 3, (40, 4)).astype(np.float64)  # many ties
    labels = np.array(["a", "b", "c"])[rng.integers(0, 3, 40)]
    model = NearestClassifier(5, "euclidean", weights).fit(rows, labels).predictor_
    found = model.predict_proba(rows)
    codes = np.unique(labels, return_inverse=True)[1]
    frequencies = np.bincount(codes) / 40
    for i, row in enumerate(rows):
        chosen = nearest(rows, row, 5)
        distances = np.array([np.linalg.norm(rows[j] - row) for j in chosen])
        w = np.ones(5) if weights == "uniform" else 1 / (distances + 1e-3 * distances[-1] + 1e-12)
        expected = np.bincount(codes[chosen], 5 * w / w.sum(), minlength=3) + frequencies
        assert np.abs(found[i] - expected / 6).max() < 1e-9


WEIGHTED = [model.name for model in find("classification") if "class_weight" in model.parameters]


def test_every_classifier_that_can_weigh_classes_does():
    without = {model.name for model in find("classification")} - set(WEIGHTED)
    assert without == {"dummy", "gaussian_bayes", "multinomial_bayes", "knn"}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", WEIGHTED)
def test_balanced_weights_lift_the_rare_class(name, classes, rng):
    """Calibrated machines too: a sigmoid fitted on classes as they come would undo the weights."""
    rows = rng.normal(size=(200, 3))
    score = rows[:, 0] + rng.normal(size=200)
    labels = np.where(score > 1.9, "rare", "usual" if classes == 2 else np.where(score < -1, "other", "usual"))
    assert 8 < (labels == "rare").sum() < 30
    more = {"leaf": 8} if name in ("random_forest", "extra_trees") else {}
    plain = build(get(name), "binary", **more).fit(rows, labels)
    weighted = build(get(name), "binary", class_weight="balanced", **more).fit(rows, labels)
    rare = list(plain.classes_).index("rare")
    fresh = rng.normal(size=(500, 3))
    before, after = plain.predict_proba(fresh)[:, rare], weighted.predict_proba(fresh)[:, rare]
    assert after.mean() > before.mean() + 0.03
    assert (weighted.predict(fresh) == "rare").sum() > (plain.predict(fresh) == "rare").sum()


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_balanced_discriminants_take_the_frequencies_out(kind, rng):
    rows, labels = problem(kind, rng, missing=0)
    plain, even = (
        build(get("lda"), kind, class_weight=weighting).fit(rows, labels) for weighting in ("none", "balanced")
    )
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    expected = plain.predict_proba(rows) / shares
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.abs(even.predict_proba(rows) - expected).max() < 1e-9


def test_models_that_keep_rows_say_so(rng):
    rows, labels = problem("binary", rng)
    for model in find("classification"):
        fitted = compiled(build(model, "binary").fit(rows, labels))
        assert any(part.keeps_rows for part in fitted.parts_below()) == model.keeps_rows


def test_matrix_products_run_on_one_thread_and_the_setting_is_put_back(rng, monkeypatch):
    from threadpoolctl import threadpool_info, threadpool_limits

    from bioautofeat.models.predictors.linear import Linear

    def blas():
        return [entry["num_threads"] for entry in threadpool_info() if entry["user_api"] == "blas"]

    seen = []
    compute = Linear.outputs
    monkeypatch.setattr(Linear, "outputs", lambda self, rows: seen.append(blas()) or compute(self, rows))
    rows, labels = problem("binary", rng, missing=0)
    model = compiled(build(get("logistic"), "binary").fit(rows, labels))
    with threadpool_limits(2, user_api="blas"):
        for _ in range(2):
            model.predict_proba(rows)
            assert set(blas()) == {2}
    assert [set(counts) for counts in seen] == [{1}, {1}]


def test_public_names():
    assert set(models.__all__) >= {"Model", "Parts", "Predictor", "can_export", "export", "find", "get", "restore"}


@pytest.mark.slow
def test_checks_of_scikit_learn():
    from sklearn.utils.estimator_checks import check_estimator

    from bioautofeat.models.estimators.boosted import BoostedClassifier, BoostedRegressor
    from bioautofeat.models.estimators.machines import LandmarkMap, LinearMachine, RadialRegressor
    from bioautofeat.models.estimators.nearest import NearestClassifier, NearestRegressor
    from bioautofeat.models.estimators.prepare import FillMissing, Standardise, ZeroToOne

    estimators = [
        RadialMachine(), RadialRegressor(), LinearMachine(), LandmarkMap(20), NearestClassifier(), NearestRegressor(),
        BoostedClassifier(5), BoostedRegressor(20), FillMissing(), Standardise(), ZeroToOne(),
    ]  # fmt: skip
    for estimator in estimators:
        results = check_estimator(estimator, on_fail=None, on_skip=None)
        failed = [result["check_name"] for result in results if result["status"] == "failed"]
        assert not failed, (estimator, failed)
