"""Models that the user names: each of the registry can be searched, fitted, kept and read again."""

from __future__ import annotations

import numpy as np
import pytest
from automl_records import make, part

import bioautofeat
from bioautofeat import AutoClassifier, models
from bioautofeat.automl import joint
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.joint import joint_search
from bioautofeat.automl.own import checked_models
from bioautofeat.automl.portfolio import Portfolio
from bioautofeat.automl.prepare import Options, prepare_records, prepare_table
from bioautofeat.automl.workshop import Workshop
from bioautofeat.errors import ParameterError
from bioautofeat.table import FeatureTable

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")

SPECS = ("kmer:k=1", "kmer:k=2")


def problem_of(name, task="classification", n=48):
    texts, labels = make(1, n=n)
    if task == "regression":
        labels = [str(text.count("G") + 0.1 * i) for i, text in enumerate(texts)]
    return prepare_records(part(texts, labels), None, Options(task=task, models=[name])).problem


def searched(problem, monkeypatch, strategy="random"):
    """Candidates of a search that chooses among the named models alone."""
    monkeypatch.setattr(joint, "SEARCHED", ())
    blocks = choose_blocks(problem.source, SPECS)
    chooser = joint_search(problem, blocks, Options(descriptors=SPECS, strategy=strategy))
    chooser.portfolio.candidates, chooser.portfolio.first = [], 0
    found = [chooser.ask([]) for _ in range(6)]
    assert {candidate.model for candidate in found} == set(problem.models)
    return chooser, found


NAMES = [
    pytest.param(task, row.name, id=f"{row.name}-{task}")
    for task in ("classification", "regression")
    for row in models.find(task, square=True)
]


@pytest.mark.parametrize(("task", "name"), NAMES)
def test_every_model_can_be_searched_and_kept(task, name, monkeypatch):
    problem = problem_of(name, task)
    _, candidates = searched(problem, monkeypatch)
    values = models.get(name).parameters
    assert len({candidate.key for candidate in candidates}) > 1 or not values or name == "dummy"
    candidate = candidates[0]
    workshop = Workshop(problem)
    assert np.isfinite(workshop.fold(candidate, 0, 1)["predictions"]).all()
    predictor = workshop.refit(candidate, 1)["predictor"]
    again = models.restore(models.export(predictor))
    table = workshop.store.matrix(candidate.specs, None)
    method = "predict" if task == "regression" else "predict_proba"
    first, second = (getattr(one, method)(table, threads=1) for one in (predictor, again))
    assert np.array_equal(first, second)


def test_named_models_come_first_and_others_as_ever():
    plain = prepare_records(part(*make(1)), None, Options()).problem
    named = problem_of("multinomial_bayes", n=60)
    blocks = choose_blocks(plain.source, SPECS)
    usual, more = ([c.title for c in Portfolio(p, blocks).candidates] for p in (plain, named))
    assert [title for title in more if "multinomial" not in title] == usual
    assert sum("multinomial" in title for title in more) == 1


@pytest.mark.parametrize("strategy", ["random", "grid"])
def test_string_kernels_are_searched_on_their_own_table(strategy, monkeypatch):
    chooser, candidates = searched(problem_of("kernel_svm"), monkeypatch, strategy)
    assert {candidate.specs for candidate in candidates} == {("string_kernel",)}
    assert all(not candidate.selection for candidate in candidates)
    if strategy == "random":
        point = chooser.space.point_of(candidates[0])
        assert chooser.space.candidate(point) == candidates[0]


def test_named_models_are_delivered_and_read_again(tmp_path, monkeypatch):
    texts, labels = make(3, n=60)
    named = ["hist_boosting", "multinomial_bayes", "kernel_svm", "kernel_knn"]
    clf = AutoClassifier(trials=5, time_budget=None, descriptors=SPECS, threads=1, models=named).fit(texts, labels)
    done = {trial.candidate.model for trial in clf.result_.board.finished}
    assert set(named) <= done
    clf.save(str(tmp_path / "m.baf"))
    again = bioautofeat.load(str(tmp_path / "m.baf")).predict(bioautofeat.Sequences.from_strings(texts, "dna"))
    assert again.probabilities == pytest.approx(clf.predict_proba(texts), abs=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["hist_bosting"], "did you mean 'hist_boosting'"),
        (["ridge"], "for regression, not for 'classification'"),
        ("hist_boosting", "dict of estimators"),
        ([3], "dict of estimators"),
    ],
)
def test_names_that_cannot_be_served(given, words):
    with pytest.raises(ParameterError, match=words):
        checked_models(given, "classification")


def test_string_kernels_need_sequences_and_not_too_many(monkeypatch):
    values = np.random.default_rng(0).normal(size=(20, 2))
    table = FeatureTable(values, ("a", "b"), tuple(f"r{i}" for i in range(20)), ("x", "y") * 10)
    with pytest.raises(ParameterError, match="compares sequences"):
        prepare_table(table, None, Options(models=["kernel_svm"]), "t.csv")
    with pytest.raises(ParameterError, match="at most 3,000 records"):
        problem_of("kernel_svm", n=3_001)


@pytest.mark.parametrize("installed", [True, False])
def test_histogram_boosting_stands_in_for_lightgbm(installed, monkeypatch):
    problem = prepare_records(part(*make(1)), None, Options()).problem
    monkeypatch.setattr("bioautofeat.models._registry.find_spec", lambda name: installed or name != "lightgbm" or None)
    blocks = choose_blocks(problem.source)
    listed = {candidate.model for candidate in Portfolio(problem, blocks).candidates}
    chooser = joint_search(problem, blocks, Options())
    for found in (listed, set(chooser.space.models)):
        assert ("lightgbm" in found, "hist_boosting" in found) == (installed, not installed)
