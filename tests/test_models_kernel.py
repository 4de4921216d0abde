"""Models on a table of string kernels, from sequences to the model file."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.svm import SVC, SVR

from bioautofeat.alphabet import PROTEIN
from bioautofeat.bundle import FittedModel, load
from bioautofeat.errors import ModelError, ParameterError, TableError
from bioautofeat.extraction import Extractor
from bioautofeat.models import Selection, compiled, export, find, get, restore
from bioautofeat.models.estimators.machines import PairMachine
from bioautofeat.models.predictors.linear import Linear, Pairs
from bioautofeat.models.predictors.links import coupled, sigmoid
from bioautofeat.models.predictors.neighbours import NearestColumns
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

SPEC = "string_kernel:kind=gapped,k=2,length=3"
SQUARE = {"kernel_svm", "kernel_knn"}


def records(rng, n):
    """Peptides of three kinds, told apart by a word somewhere in them."""
    words = ("WW", "KRK", "DED")
    texts = []
    for i in range(n):
        letters = rng.choice(list("ACFGHILMNPQSTVY"), rng.integers(8, 25)).tolist()
        at = int(rng.integers(0, len(letters)))
        texts.append("".join(letters[:at]) + words[i % 3] + "".join(letters[at:]))
    return Sequences.from_strings(texts, PROTEIN), np.arange(n) % 3


@pytest.fixture
def example(rng):
    seqs, kinds = records(rng, 90)
    extractor = Extractor.of([SPEC], PROTEIN).fit(Training(30, seqs))
    new, truth = records(rng, 60)
    return extractor, extractor.transform(seqs, short="zero"), kinds, extractor.transform(new, short="zero"), truth


def labels_of(kinds, classes):
    return np.array(["x", "y", "z"])[kinds] if classes == 3 else np.where(kinds == 0, "x", "other")


@pytest.mark.parametrize("classes", [2, 3])
def test_decisions_equal_scikit_learn(classes, example):
    _, table, kinds, new, truth = example
    labels = labels_of(kinds, classes)
    fitted = get("kernel_svm").build("classification", {"c": 3.0}, seed=1).fit(table, labels)
    predictor = compiled(fitted)
    assert isinstance(predictor, Pairs)
    theirs = SVC(C=3.0, kernel="precomputed", decision_function_shape="ovo").fit(table, labels)
    codes = np.unique(labels, return_inverse=True)[1]
    ours = PairMachine(table, codes, 3.0, "none")
    decisions = new @ ours.columns(len(codes)) + ours.intercept
    sign = -1.0 if classes == 2 else 1.0
    expected = sign * theirs.decision_function(new).reshape(len(new), -1)
    assert np.abs(decisions - expected).max() < 1e-9
    # the sigmoid of each pair is a line through its decisions, and the pairs are coupled
    scores = new @ predictor.weights + predictor.intercept
    for pair in range(scores.shape[1]):
        assert abs(np.corrcoef(scores[:, pair], decisions[:, pair])[0, 1]) > 1 - 1e-9
    assert np.abs(fitted.predict_proba(new) - coupled(sigmoid(scores), classes)).max() < 1e-12
    assert (fitted.predict(new) == labels_of(truth, classes)).mean() > 0.8


def test_values_equal_scikit_learn(example):
    _, table, kinds, new, _ = example
    values = 5.0 + 2.0 * kinds
    fitted = get("kernel_svm").build("regression", {"c": 3.0, "epsilon": 0.05}).fit(table, values)
    assert isinstance(compiled(fitted), Linear)
    scaled = (values - values.mean()) / values.std()
    theirs = (
        SVR(C=3.0, epsilon=0.05, kernel="precomputed").fit(table, scaled).predict(new) * values.std() + values.mean()
    )
    np.testing.assert_allclose(fitted.predict(new), theirs, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_it_survives_the_model_file(classes, example, tmp_path):
    extractor, table, kinds, _, _ = example
    labels = labels_of(kinds, classes)
    fitted = get("kernel_svm").build("classification", {}, seed=1).fit(table.astype(np.float32), labels)
    predictor = restore(export(fitted))
    assert np.array_equal(predictor.predict_proba(table), compiled(fitted).predict_proba(table))
    model = FittedModel(predictor, "classification", tuple(fitted.classes_), extractor)
    assert model.keeps == ("sequences",)
    model.save(str(tmp_path / "m.baf"))
    loaded = load(str(tmp_path / "m.baf"))
    more, _ = records(np.random.default_rng(3), 20)
    assert np.array_equal(loaded.predict(more).probabilities, model.predict(more).probabilities)
    assert loaded.names[-1].endswith("_t90")


def test_other_tables_are_refused(example, rng):
    _, table, kinds, _, _ = example
    cases = [(n, t, y) for n in SQUARE for t, y in (("classification", kinds), ("regression", kinds + 0.0))]
    for name, task, y in cases:
        model = get(name).build(task, {})
        with pytest.raises(TableError, match=rf"{name}.*one column for each training row.*90 rows and 40 columns"):
            clone(model).fit(table[:, :40], y)
        with pytest.raises(TableError, match="not symmetric"):
            clone(model).fit(table[rng.permutation(90)], y)
    for name in SQUARE:
        with pytest.raises(ParameterError, match="cannot be given a selection"):
            get(name).build("classification", {}, selection=Selection("anova", 0.5))
    assert not SQUARE & {model.name for model in find()}
    assert {model.name for model in find("regression", square=True)} >= SQUARE


def test_related_rows_stay_together_and_classes_may_count_alike(example):
    table = example[1]
    labels = np.where(np.arange(90) % 9 == 0, "rare", "usual")
    plain = get("kernel_svm").build("classification", {}).fit(table, labels)
    grouped = get("kernel_svm").build("classification", {}).fit(table, labels, groups=np.arange(90) // 3)
    assert not np.array_equal(plain.predictor_.weights, grouped.predictor_.weights)
    even = get("kernel_svm").build("classification", {"class_weight": "balanced"}).fit(table, labels)
    assert even.predict_proba(table)[:, 0].mean() > plain.predict_proba(table)[:, 0].mean() + 0.05


def test_damaged_parts_are_refused(example):
    _, table, kinds, _, _ = example
    predictor = compiled(get("kernel_svm").build("classification", {}).fit(table, kinds))
    for classes in (1, 2, 4, 10**6):
        with pytest.raises(ModelError, match="pairs"):
            Pairs(predictor.weights, predictor.intercept, classes)
    with pytest.raises(ModelError, match="pairs"):
        Pairs(predictor.weights[:, :2], predictor.intercept, 3)


@pytest.mark.parametrize("weights", ["uniform", "similarity"])
def test_the_most_similar_records_vote(weights, example):
    _, table, kinds, new, truth = example
    labels, k = labels_of(kinds, 3), 7
    fitted = get("kernel_knn").build("classification", {"k": k, "weights": weights}).fit(table, labels)
    share = np.bincount(kinds) / len(kinds)
    for row, found in zip(new, fitted.predict_proba(new), strict=True):
        # equally similar ones in the order of training
        near = sorted(range(len(kinds)), key=lambda t: (-np.float32(row[t]), t))[:k]
        votes = [1.0 if weights == "uniform" else max(float(np.float32(row[t])), 1e-6) for t in near]
        counts = [sum(v for v, t in zip(votes, near, strict=True) if kinds[t] == c) / sum(votes) for c in range(3)]
        np.testing.assert_allclose(found, (k * np.array(counts) + share) / (k + 1), atol=1e-12)
    assert (fitted.predict(new) == labels_of(truth, 3)).mean() > 0.7
    values = get("kernel_knn").build("regression", {"k": k, "weights": weights}).fit(table, 2.0 * kinds)
    near = np.argsort(-new.astype(np.float32), axis=1, kind="stable")[:, :k]
    votes = np.maximum(np.take_along_axis(new, near, 1), 1e-6) if weights == "similarity" else np.ones(near.shape)
    np.testing.assert_allclose(values.predict(new), np.average(2.0 * kinds[near], axis=1, weights=votes), atol=1e-6)


def test_a_vote_of_similar_records_survives_the_model_file(example, tmp_path):
    extractor, table, kinds, _, _ = example
    fitted = get("kernel_knn").build("classification", {"k": 100}).fit(table.astype(np.float32), labels_of(kinds, 3))
    predictor = compiled(fitted)
    assert predictor.k == 90
    again = restore(export(fitted))
    assert np.array_equal(again.predict_proba(table), predictor.predict_proba(table))
    FittedModel(again, "classification", tuple(fitted.classes_), extractor).save(str(tmp_path / "m.baf"))
    more, _ = records(np.random.default_rng(3), 20)
    loaded = load(str(tmp_path / "m.baf"))
    assert np.array_equal(
        loaded.predict(more).probabilities, again.predict_proba(extractor.transform(more, short="zero"))
    )
    for bad in ({"k": 0}, {"k": 91}, {"weights": "distance"}, {"classes": 2}, {"classes": 1}):
        given = {"targets": predictor.targets, "classes": 3, "k": 5, "weights": "uniform", **bad}
        with pytest.raises(ModelError, match="neighbours"):
            NearestColumns(**given)
