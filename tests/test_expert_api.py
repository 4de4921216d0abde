"""Parts that experts replace: estimators, folds, measures, strategies, descriptors of their own."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from expert_records import NAMES_4, QUICK, composed, embedded, planted
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, ShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_parameters_default_constructible

import bioautofeat as baf
from bioautofeat.audit import Part
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.estimator import AutoClassifier, AutoRegressor
from bioautofeat.automl.executor import Worker
from bioautofeat.automl.own import build_own, given_folds, makers_of, travels
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.signing import clock_of_run, signatures_of, signatures_wanted
from bioautofeat.automl.trial import Candidate
from bioautofeat.automl.workshop import Workshop
from bioautofeat.bundle import load
from bioautofeat.cli.fit import STRATEGIES as NAMES
from bioautofeat.cli.main import main
from bioautofeat.errors import BioautofeatWarning, LabelError, ParameterError
from bioautofeat.evaluation.metrics import METRICS, get_metric, own_metric, using
from bioautofeat.families import descriptor
from bioautofeat.models import Selection, compiled
from bioautofeat.search import STRATEGIES, RandomSearch
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


# estimators of one's own


def test_estimators_of_ones_own_take_part(tmp_path):
    texts, labels = composed()
    own = {
        "plain": LogisticRegression(C=0.5),
        "forest": make_pipeline(StandardScaler(), RandomForestClassifier(20)),
        "few": make_pipeline(SelectKBest(f_classif, k=2), LogisticRegression()),
    }
    clf = AutoClassifier(**QUICK | {"trials": 4, "models": own}).fit(texts, labels)
    names = {trial.candidate.model for trial in clf.result_.board.trials if trial.finished}
    assert set(own) <= names
    again = AutoClassifier(**QUICK | {"trials": 4, "models": own}).fit(texts, labels)
    assert np.array_equal(again.predict_proba(texts), clf.predict_proba(texts))
    assert not hasattr(own["plain"], "coef_")  # what the user gave is not fitted
    clf.save(str(tmp_path / "m.baf"))
    seqs = Sequences.from_strings(texts, "dna")
    assert np.array_equal(load(str(tmp_path / "m.baf")).predict(seqs).probabilities, clf.predict_proba(texts))


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"machine": SVC()}, "SVC has no form"),
        ({"inner": make_pipeline(StandardScaler(), SVC())}, "SVC has no form"),
        ({"line": LinearRegression()}, "no estimator for classification"),
        ({"class": LogisticRegression}, "no scikit-learn estimator"),
        ({"logistic": LogisticRegression()}, "has a model of that name"),
        ({"": LogisticRegression()}, "not empty"),
        ([LogisticRegression()], "give a dict"),
    ],
)
def test_estimators_that_are_refused_before_anything_is_fitted(own, words, monkeypatch):
    texts, labels = composed(20)
    monkeypatch.setattr("bioautofeat.automl.estimator.Run", None)  # nothing may get that far
    with pytest.raises(ParameterError, match=words):
        AutoClassifier(**QUICK | {"models": own}).fit(texts, labels)


def test_copies_of_an_estimator_are_seeded_and_filled():
    texts, labels, values = embedded(30)
    seqs = Sequences.from_strings(texts, "dna")
    table = FeatureTable(values, NAMES_4, seqs.ids)
    own = {"a": RandomForestClassifier(5), "b": RandomForestClassifier(5, random_state=3), "c": LogisticRegression()}
    options = Options(trials=1, descriptors=("kmer:k=1",), models=own)
    problem = prepare_records(Part(seqs, tuple(labels), features=table), None, options).problem
    assert build_own(problem, "a", 11).random_state == 11
    assert build_own(problem, "b", 11).random_state == 3
    assert build_own(problem, "c", 11).steps[0][0] == "fill"  # takes no gaps, and there is one
    assert own["a"].random_state is None
    chosen = build_own(problem, "c", 11, Selection("anova", 2))
    rows = np.ascontiguousarray(values, np.float32)
    assert compiled(chosen.fit(rows, labels)).n_columns == 4
    assert np.mean(chosen.predict(rows) == labels) > 0.95


def test_an_estimator_of_ones_own_sees_the_columns_that_the_leaderboard_names():
    texts, labels = composed(30)
    problem = problem_of(texts, labels, models={"mine": LogisticRegression()})
    shop = Workshop(problem)
    few = Candidate("mine", {}, ("kmer:k=2",), "broad", "anova:3")
    assert "the best 3 columns (anova)" in few.title
    estimator = shop._build(few, {}, 0)
    assert estimator.steps[0][0] == "select"
    estimator.fit(shop.store.matrix(("kmer:k=2",), None), problem.truth)
    assert estimator.steps[-1][1].coef_.shape == (1, 3)
    assert shop._build(Candidate("mine", {}, ("kmer:k=2",), "broad"), {}, 0).__class__ is LogisticRegression


# folds of one's own


def problem_of(texts, labels, **more):
    part = Part(Sequences.from_strings(texts, "dna"), tuple(labels))
    return prepare_records(part, None, Options(trials=1, descriptors=("kmer:k=1",), **more)).problem


def test_folds_are_those_of_the_splitter():
    texts, labels = composed(40)
    names = np.arange(40) // 2 % 4
    numbers = problem_of(texts, labels, splitter=names * 10)
    assert numbers.folds.tolist() == names.tolist()
    assert numbers.judged == (0, 1, 2, 3)
    splitter = KFold(3, shuffle=True, random_state=1)
    found = problem_of(texts, labels, splitter=splitter)
    for fold, (_, held) in enumerate(splitter.split(np.zeros(40))):
        assert np.flatnonzero(found.folds == fold).tolist() == held.tolist()
    partial = problem_of(texts, labels, splitter=PredefinedSplit(np.where(names == 0, 0, -1)))
    assert partial.judged_rows.tolist() == np.flatnonzero(names == 0).tolist()
    with pytest.raises(LabelError, match="3 names for 40 records"):
        problem_of(texts, labels, groups=("a", "b", "c"))
    with pytest.raises(LabelError, match="groups: 'yes' for 40 records"):
        problem_of(texts, labels, groups="yes")
    clf = AutoClassifier(**QUICK | {"splitter": names}).fit(texts, labels)
    assert clf.result_.board.problem.folds.tolist() == names.tolist()
    assert clf.result_.board.problem.judged == (0, 1, 2, 3)


def test_folds_that_part_related_records_are_told():
    texts, labels = composed(20)
    texts[2], texts[7] = texts[0], texts[5]  # copies
    with pytest.warns(BioautofeatWarning, match=r"part 2 groups of related records \(4 records, e.g. 's1' and 's3'\)"):
        problem_of(texts, labels, splitter=np.isin(np.arange(20), [0, 5, 8, 9]))
    with pytest.warns(BioautofeatWarning) as told:
        problem_of(texts, labels, splitter=GroupKFold(3), groups=tuple(str(i // 4) for i in range(20)))
    assert not any("part" in str(w.message) and "groups of related" in str(w.message) for w in told)


def test_folds_that_are_refused():
    truth, groups = np.arange(20) % 2, np.arange(20)
    for splitter, words in (
        (ShuffleSplit(3, random_state=0), "holds a record out twice"),
        (TimeSeriesSplit(3), "a part of the other records only"),
        (np.zeros(20, int), "one fold only"),
        (np.zeros(19, int), "19 fold numbers"),
        (np.full(20, 0.5), "neither a scikit-learn splitter"),
        ("kfold", "neither a scikit-learn splitter"),
        (GroupKFold(30), "cannot split"),
    ):
        with pytest.raises(ParameterError, match=words):
            given_folds(splitter, truth, groups, ("a", "b"))
    with pytest.raises(LabelError, match="every record of class 'a'"):
        given_folds(truth, truth, groups, ("a", "b"))


# measures of one's own


def area(truth, probabilities):
    return roc_auc_score(truth, probabilities[:, 1])


def test_a_measure_of_ones_own_steers_and_is_told():
    texts, labels = composed(40, seed=3)
    clf = AutoClassifier(**QUICK | {"metric": area}).fit(texts, labels)
    assert clf.metrics_["area"]["value"] == pytest.approx(clf.metrics_["auc"]["value"], abs=1e-12)
    naive = clf.result_.estimate.naive["area"].value
    board = clf.result_.board
    assert naive == pytest.approx(roc_auc_score(board.problem.judged_truth, board.champion.predictions[:, 1]))
    assert float(clf.leaderboard_[0]["area"]) == pytest.approx(naive, abs=1e-5)
    assert "area" in clf.report()
    assert "area" not in METRICS  # known in its run alone
    with pytest.raises(ParameterError, match="unknown metric"):
        get_metric("area", "classification")


def test_a_measure_of_values():
    texts, _ = composed(40, seed=4)
    values = [text.count("G") / 40 for text in texts]
    clf = AutoRegressor(**QUICK | {"metric": lambda y, values: -float(np.median(np.abs(y - values)))})
    clf.fit(texts, values)
    assert -0.2 < clf.metrics_["own_metric"]["value"] < 0


def test_measures_that_are_refused():
    texts, labels = composed(20)

    def broken(truth, probabilities):
        return probabilities["yes"]

    def empty(truth, probabilities):
        return float("nan")

    def mcc(truth, probabilities):
        return 1.0

    for function, words in ((broken, "metric 'broken' failed"), (empty, "gave nan"), (mcc, "called 'mcc'")):
        with pytest.raises(ParameterError, match=words):
            AutoClassifier(**QUICK | {"metric": function}).fit(texts, labels)


def test_a_measure_without_a_value_on_a_part_is_left_out_there():
    metric = own_metric(area, "classification")
    with using(metric):
        assert get_metric("area", "classification") is metric
        assert np.isnan(metric.measure(np.zeros(4, int), np.full((4, 2), 0.5)))
    assert "area" not in METRICS


# strategies


def test_strategies():
    assert tuple(STRATEGIES) == NAMES
    assert AutoClassifier(strategy=RandomSearch)._options().strategy is RandomSearch
    for wrong in ("luck", 3, AutoClassifier):
        with pytest.raises(ParameterError, match="strategy"):
            AutoClassifier(strategy=wrong)._options()


# descriptors of one's own


@pytest.fixture
def registered():
    """What a user writes to add a descriptor; taken out of the registry again."""
    from bioautofeat.families import _registry

    @descriptor("Share of each letter", reference="this test", columns="n")
    def mine(alphabet):
        """How often each letter occurs, as a share of the letters."""
        return Count(Kmers(alphabet, "1"), "frequency")

    yield mine
    del _registry._rows["mine"]


def test_a_descriptor_of_ones_own(registered, tmp_path):
    texts, labels = composed()
    clf = AutoClassifier(**QUICK | {"descriptors": ["mine"]}).fit(texts, labels)
    assert clf.model_.names == ("mine_A", "mine_C", "mine_G", "mine_T")
    assert np.mean(clf.predict(texts) == labels) > 0.8
    path = str(tmp_path / "m.baf")
    clf.save(path)
    assert load(path).names == clf.model_.names
    code = f"import bioautofeat\ntry:\n    bioautofeat.load({path!r})\nexcept bioautofeat.errors.ModelError as e:\n    print(e)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "needs the descriptor 'mine', which was registered by the module" in said
    assert __name__ in said
    assert said.count("\n") == 1


def test_a_worker_learns_of_a_descriptor_in_a_module(tmp_path, monkeypatch):
    (tmp_path / "users_module.py").write_text(
        "from bioautofeat.families import descriptor, get\n"
        "@descriptor('Share of each letter', reference='a test', columns='n')\n"
        "def theirs(alphabet):\n    '''Shares.'''\n    return get('kmer').build(alphabet, k=1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import users_module  # type: ignore[import-not-found]  # noqa: F401

    from bioautofeat.families import _registry

    try:
        texts, labels = composed(30)
        part = Part(Sequences.from_strings(texts, "dna"), tuple(labels))
        problem = prepare_records(part, None, Options(trials=1, descriptors=("theirs",))).problem
        assert [build.__name__ for build in problem.makers] == ["theirs"]
        assert travels(problem.makers)
        with Worker(1) as worker:
            worker.load(problem)
            shape = worker.call("shape", Candidate("lda", {}, ("theirs",), "broad"), limit=300)
        assert shape["columns"] == 4
    finally:
        del _registry._rows["theirs"]


def test_what_a_script_defines_stays_in_its_process():
    assert makers_of(("kmer:k=2", "@dna")) == ()
    assert travels({"a": SelectKBest(f_classif)})
    assert not travels({"a": SelectKBest(lambda x, y: x)})
    area.__module__, before = "__main__", area.__module__
    try:
        assert not travels({"a": area})
    finally:
        area.__module__ = before


# signatures


def test_signatures_of_a_wide_table(tmp_path, capsys):
    table = planted()
    clf = AutoClassifier(time_budget=None, trials=1, threads=1).fit(table)
    assert {"g5", "g9"} == set(clf.signatures_[0].features)
    frame = table.to_frame("polars")
    frame.write_csv(tmp_path / "t.csv")
    run = tmp_path / "run"
    assert main(["fit", "--table", str(tmp_path / "t.csv"), "-o", str(run), "--trials", "1", "--quiet"]) == 0
    with open(run / "signatures.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert set(rows[0]["features"].split()) == {"g5", "g9"}
    assert float(rows[0]["low"]) <= float(rows[0]["score"]) <= float(rows[0]["high"])
    page = (run / "report.html").read_text(encoding="utf-8")
    part = page[page.index("Small sets of features") :]
    assert part.index("<code>g5</code>") < part.index("</table>")
    assert part.index("<code>g9</code>") < part.index("</table>")


def test_signatures_only_where_wanted_and_affordable():
    texts, labels = composed(40)
    clf = AutoClassifier(**QUICK).fit(texts, labels)
    assert clf.signatures_ is None
    clf = AutoClassifier(**QUICK | {"signatures": True}).fit(texts, labels)
    assert set(clf.signatures_[0].features) <= {f"kmer_k1_{letter}" for letter in "ACGT"}
    problem, told = clf.result_.board.problem, []
    options = Options(time_budget=20.0, signatures=True, descriptors=("kmer:k=1",))
    assert signatures_of(problem, options, 0.5, told.append) is None
    assert len(told) == 1
    assert "left out" in told[0]
    clock = Clock(20.0)
    assert clock_of_run(clock, problem, options).budget < 20.0
    assert clock_of_run(clock, problem, Options(time_budget=20.0)) is clock
    assert not signatures_wanted(problem, Options())


# the estimators as scikit-learn sees them


def test_parameters_are_those_of_scikit_learn(tmp_path):
    values = {
        "metric": area, "models": {"mine": LogisticRegression()}, "splitter": KFold(3), "strategy": "random",
        "signatures": True, "descriptors": ["kmer:k=1"],
    }  # fmt: skip
    clf = AutoClassifier(**values)
    copy = clone(clf)
    assert copy.get_params()["metric"] is area
    assert copy.get_params()["strategy"] == "random"
    assert copy.models["mine"].get_params() == values["models"]["mine"].get_params()
    assert copy.set_params(strategy="tpe", splitter=None, models=None).strategy == "tpe"
    assert set(clf.get_params()) == set(AutoRegressor().get_params())
    for kind in (AutoClassifier, AutoRegressor):
        check_parameters_default_constructible(kind.__name__, kind())


def test_report(tmp_path):
    texts, labels = composed(40)
    clf = AutoClassifier(**QUICK)
    with pytest.raises(baf.errors.NotFittedError):
        clf.report()
    page = clf.fit(texts, labels).report(tmp_path / "r.html")
    assert page.startswith("<!doctype html>")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    regressor = AutoRegressor(**QUICK | {"models": {"mine": Ridge()}}).fit(texts, np.arange(40.0))
    assert "<svg" in regressor.report()


def test_the_document_runs():
    from bioautofeat.families import _registry

    text = (Path(__file__).parents[1] / "docs" / "experts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 6
    seqs, y = composed(40)
    values = np.random.default_rng(0).normal(size=(40, 3))
    names = {
        "seqs": seqs, "y": y, "embeddings": values, "more_seqs": seqs, "more_embeddings": values, "__name__": __name__,
        "families": [str(i // 2) for i in range(40)],
    }  # fmt: skip
    try:
        for block in blocks:
            exec(compile(block, "docs/experts.md", "exec"), names)
    finally:
        _registry._rows.pop("my_letters", None)
    assert names["clf"].model_.names[0] == "my_letters_A"
