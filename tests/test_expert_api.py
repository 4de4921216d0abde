"""Parts that experts replace: columns made elsewhere, estimators, folds, measures, strategies, descriptors of their own."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
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
from bioautofeat.bundle import FittedModel, load
from bioautofeat.bundle.format import read_archive, write_archive
from bioautofeat.cli.fit import STRATEGIES as NAMES
from bioautofeat.cli.main import main
from bioautofeat.errors import BioautofeatWarning, LabelError, ModelError, ParameterError, TableError
from bioautofeat.evaluation.metrics import METRICS, get_metric, own_metric, using
from bioautofeat.explanation import Settings
from bioautofeat.extraction import Extractor
from bioautofeat.families import descriptor
from bioautofeat.io.joined import columns_beside, read_features, rows_by_id
from bioautofeat.models import Selection, compiled
from bioautofeat.search import STRATEGIES, RandomSearch
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def noise(n, seed, length=40):
    """Sequences that say nothing of their class."""
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]


def embedded(n=50, seed=0):
    """Noise, labels, and columns made elsewhere of which the second tells the label; one cell is missing."""
    rng = np.random.default_rng(seed)
    labels = np.array(["no", "yes"])[np.arange(n) % 2]
    values = rng.normal(size=(n, 4))
    values[:, 1] += np.where(labels == "yes", 3.0, -3.0)
    values[3, 0] = np.nan
    return noise(n, seed), labels, values


def composed(n=50, seed=0, length=40):
    """Classes of other composition."""
    rng = np.random.default_rng(seed)
    share = np.array([0.4, 0.1, 0.1, 0.4])
    texts = ["".join(rng.choice(list("ACGT"), length, p=share if i % 2 else share[[1, 0, 3, 2]])) for i in range(n)]
    return texts, np.array(["no", "yes"])[np.arange(n) % 2]


QUICK = {"time_budget": None, "trials": 1, "descriptors": ["kmer:k=1"], "threads": 1}
NAMES_4 = tuple(f"emb{j}" for j in range(4))


@pytest.fixture(scope="module")
def fitted():
    """A search on noise whose columns beside it hold the answer."""
    texts, labels, values = embedded()
    return AutoClassifier(**QUICK).fit(texts, labels, features=values)


# columns made elsewhere


def test_columns_beside_the_sequences_are_learnt_from(fitted):
    texts, labels, values = embedded(60, seed=1)
    assert np.mean(fitted.predict(texts, features=values) == labels) > 0.95
    turned = np.where(np.arange(4) == 1, -values, values)
    assert np.mean(fitted.predict(texts, features=turned) == labels) < 0.05
    assert fitted.model_.external == tuple(f"feature_{j + 1}" for j in range(4))
    assert fitted.model_.names[:4] == ("kmer_k1_A", "kmer_k1_C", "kmer_k1_G", "kmer_k1_T")


def test_a_table_is_joined_by_id_and_an_array_by_place(fitted):
    texts, _, values = embedded(20, seed=2)
    seqs = Sequences.from_strings(texts, "dna")
    order = np.random.default_rng(0).permutation(20)
    names = fitted.model_.external
    columns = [2, 0, 3, 1]
    table = FeatureTable(values[order][:, columns], tuple(names[j] for j in columns), tuple(seqs.ids[i] for i in order))
    by_place = fitted.predict_proba(seqs, features=values)
    assert np.array_equal(fitted.predict_proba(seqs, features=table), by_place)
    model = fitted.model_.with_features(table)
    assert np.array_equal(model.predict(seqs).probabilities, by_place)
    repeated = model.predict(seqs.take(np.array([4, 4, 1]))).probabilities
    assert np.array_equal(repeated, by_place[[4, 4, 1]])


def test_a_data_frame_brings_its_names():
    pandas = pytest.importorskip("pandas")
    texts, labels, values = embedded(40)
    frame = pandas.DataFrame(values, columns=NAMES_4)
    clf = AutoClassifier(**QUICK).fit(texts, labels, features=frame)
    assert clf.model_.external == NAMES_4
    assert np.array_equal(
        clf.predict_proba(texts, features=frame[list(reversed(NAMES_4))]), clf.predict_proba(texts, features=frame)
    )


@pytest.mark.filterwarnings("default")
def test_a_column_that_is_the_label_is_told():
    texts, labels, values = embedded(40)
    values[:, 2] = np.where(labels == "yes", 7.0, -1.0)
    with pytest.warns(BioautofeatWarning, match="column feature_3 equals the label in every row"):
        AutoClassifier(**QUICK).fit(texts, labels, features=values)


def test_such_columns_are_explained(fitted):
    texts, labels, values = embedded(30, seed=7)
    settings = Settings(records=2, repeats=2, seed=0)
    with pytest.raises(TableError, match="give features"):
        baf.explain(fitted, texts, labels, settings=settings)
    found = baf.explain(fitted, texts, labels, settings=settings, features=values)
    rows = found.tables["blocks"].to_frame()
    lost = dict(zip(rows["block"], rows["importance"], strict=True))
    assert lost["table"] > 0.5 > abs(lost["kmer:k=1"])


def test_what_columns_cannot_be(fitted):
    texts, labels, values = embedded(20, seed=3)
    with pytest.raises(
        TableError, match=r"needs 4 columns made elsewhere \(feature_1, feature_2, feature_3 and 1 more\)"
    ):
        fitted.predict(texts)
    with pytest.raises(TableError, match=r"shape \(19, 4\) for 20 records"):
        fitted.predict(texts, features=values[:19])
    with pytest.raises(TableError, match="'feature_4' of the model is missing"):
        fitted.predict(texts, features=values[:, :3])
    table = FeatureTable(values[:18], NAMES_4, tuple(f"s{i + 1}" for i in range(18)))
    with pytest.raises(TableError, match="no row for record 's19' of the records; 2 of 20 records have none"):
        AutoClassifier(**QUICK).fit(texts, labels, features=table)
    with pytest.raises(TableError, match="infinite"):
        AutoClassifier(**QUICK).fit(texts, labels, features=np.where(values > 3, np.inf, values))
    with pytest.raises(TableError, match="features stand beside sequences"):
        AutoClassifier(**QUICK).fit(planted(), features=values)
    with pytest.raises(TableError, match="neither a FeatureTable"):
        AutoClassifier(**QUICK).fit(texts, labels, features=[["a"] * 4] * 20)


def test_a_model_with_columns_beside_it_is_saved_and_loaded(fitted, tmp_path):
    path = str(tmp_path / "m.baf")
    fitted.save(path)
    texts, _, values = embedded(20, seed=4)
    seqs, again = Sequences.from_strings(texts, "dna"), load(path)
    assert again.external == fitted.model_.external
    assert np.array_equal(
        again.predict(seqs, 1, values).probabilities, fitted.model_.predict(seqs, 1, values).probabilities
    )
    assert read_archive(path)[0]["format_version"] == 2
    for wrong in (["feature_1", "feature_1", "a", "b"], "feature_1", [1, 2, 3, 4], ["feature_1"]):
        manifest, parts = read_archive(path)
        meta = json.loads(parts["meta.json"]) | {"external": wrong}
        for name in ("format", "parts", "model_sha256"):
            manifest.pop(name)
        with open(tmp_path / "w.baf", "wb") as stream:
            write_archive(stream, manifest, parts | {"meta.json": json.dumps(meta).encode()})
        with pytest.raises(ModelError):
            load(str(tmp_path / "w.baf"))


def test_a_model_without_such_columns_is_written_as_before(tmp_path):
    texts, labels = composed()
    clf = AutoClassifier(**QUICK).fit(texts, labels)
    path = str(tmp_path / "m.baf")
    clf.save(path)
    manifest, parts = read_archive(path)
    assert manifest["format_version"] == 1
    assert "external" not in json.loads(parts["meta.json"])
    assert load(path).external == ()
    with pytest.raises(ModelError, match="no columns beside it"):
        FittedModel(clf.model_.predictor, "classification", ("no", "yes"), None, clf.model_.names, external=("x",))


def test_a_model_of_those_columns_alone_takes_sequences(tmp_path):
    texts, labels, values = embedded(40, seed=8)
    seqs = Sequences.from_strings(texts, "dna")
    predictor = compiled(LogisticRegression().fit(values[:, 1:3].astype(np.float32), labels))
    empty = Extractor((), seqs.alphabet, ())
    model = FittedModel(predictor, "classification", ("no", "yes"), empty, external=("u", "v"), dtype="float32")
    model.save(str(tmp_path / "m.baf"))
    again = load(str(tmp_path / "m.baf"))
    assert again.names == ("u", "v")
    assert again.alphabet == seqs.alphabet
    table = FeatureTable(values[:, 1:3], ("u", "v"), seqs.ids)
    said = again.predict(seqs, 1, table)
    assert np.mean(np.array(said.labels) == labels) > 0.95
    assert np.array_equal(said.probabilities, model.with_features(table).predict(seqs).probabilities)


def test_tables_from_files(tmp_path):
    values = np.array([[1.5, np.nan], [2.0, -1.0], [0.25, 3.0]])
    table = FeatureTable(values, ("u", "v"), ("a", "b", "c"))
    (tmp_path / "t.csv").write_text("id,u,v,label\na,1.5,,x\nb,2,-1,y\nc,.25,3,x\n")
    (tmp_path / "t.tsv").write_text("id\tu\tv\na\t1.5\t\nb\t2\t-1\nc\t.25\t3\n")
    table.to_frame("polars").write_parquet(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", values=values, ids=np.array(table.ids), names=np.array(table.names))
    for kind in ("csv", "tsv", "parquet", "npz"):
        found = read_features([str(tmp_path / f"t.{kind}")])
        assert (found.ids, found.names) == (table.ids, table.names), kind
        assert np.array_equal(found.dense(), values, equal_nan=True), kind
    (tmp_path / "x.fa").write_text(">a\nACGTAC\n>b\nTTTTAC\n>c\nACGGGC\n")
    for kind in ("npz", "csv"):
        out = str(tmp_path / f"k.{kind}")
        assert main(["extract", str(tmp_path / "x.fa"), "-d", "kmer:k=4", "-o", out, "--quiet"]) == 0
    sparse, plain = (read_features([str(tmp_path / f"k.{kind}")]) for kind in ("npz", "csv"))
    assert "data" in np.load(tmp_path / "k.npz")
    assert (sparse.names, sparse.ids) == (plain.names, plain.ids)
    assert np.array_equal(sparse.dense(), plain.dense())


def test_several_files_are_joined(tmp_path):
    for name, text in (
        ("a.csv", "id,u\nx,1\ny,2\n"), ("b.csv", "id,u\nz,3\n"), ("c.csv", "id,v\nz,30\ny,20\nx,10\nw,0\n"),
        ("d.csv", "id,v,u\nq,1,1\n"), ("e.csv", "id,u\ny,5\n"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)

    def read(*names):
        return read_features([str(tmp_path / name) for name in names])

    found = rows_by_id(read("a.csv", "c.csv", "b.csv"), ["z", "x", "y"])
    assert found.names == ("u", "v")
    assert found.dense().tolist() == [[3.0, 30.0], [1.0, 10.0], [2.0, 20.0]]
    with pytest.raises(TableError, match=r"a\.csv.*no row for record 'w'"):
        rows_by_id(read("a.csv", "c.csv"), ["x", "w"])
    with pytest.raises(TableError, match=r"c\.csv.*'v' stands in .*d\.csv"):
        read("d.csv", "c.csv")
    with pytest.raises(TableError, match=r"e\.csv.*'y' stands in .*a\.csv"):
        read("a.csv", "e.csv")
    with pytest.raises(TableError, match="'x' stands twice"):
        columns_beside(read("a.csv"), ["x", "x"])
    np.savez(tmp_path / "bad.npz", embeddings=np.zeros((2, 2)))
    with pytest.raises(TableError, match="holds embeddings"):
        read("bad.npz")
    for more, words in (
        ({"ids": ["a"]}, "1 ids"), ({"ids": ["a", "a"]}, "'a' stands twice"), ({"names": ["u"]}, "1 names for 2"),
        ({"names": ["u", "u"]}, "'u' stands twice"), ({"values": [["p", "q"], ["r", "s"]]}, "no table of numbers"),
        ({"values": [1.0, 2.0]}, "values of shape"),
    ):  # fmt: skip
        np.savez(tmp_path / "odd.npz", **{"ids": ["a", "b"], "values": np.zeros((2, 2))} | more)
        with pytest.raises(TableError, match=words):
            read("odd.npz")
    np.savez(tmp_path / "pickled.npz", ids=np.array([{}], object), values=np.zeros((1, 1)))
    with pytest.raises(TableError, match="cannot be read"):
        read("pickled.npz")
    with pytest.raises(TableError, match="none: cannot be read"):
        read("none")


def write_records(path, texts, labels):
    path.write_text("".join(f">r{i}|{y}\n{t}\n" for i, (t, y) in enumerate(zip(texts, labels, strict=True))))
    return str(path)


def write_columns(path, labels, values, rows=None):
    chosen = range(len(labels)) if rows is None else rows
    lines = [
        ",".join([f"r{i}|{labels[i]}", *("" if np.isnan(v) else repr(float(v)) for v in values[i])]) for i in chosen
    ]
    path.write_text(",".join(["id", *NAMES_4]) + "\n" + "\n".join(lines) + "\n")
    return str(path)


@pytest.mark.filterwarnings("default")
def test_columns_on_the_command_line(tmp_path, capsys):
    texts, labels, values = embedded(60, seed=5)
    train = write_records(tmp_path / "train.fa", texts[:44], labels[:44])
    test = tmp_path / "test.fa"
    test.write_text("".join(f">r{i}|{labels[i]}\n{texts[i]}\n" for i in range(44, 58)))
    table, run = write_columns(tmp_path / "emb.csv", labels, values), tmp_path / "run"
    common = ["--features", table, "--quiet", "--threads", "1"]
    arguments = [
        "fit",
        train,
        "--labels",
        "header",
        "--test",
        str(test),
        "-o",
        str(run),
        "-d",
        "kmer:k=1",
        "--trials",
        "1",
    ]
    assert main([*arguments, *common]) == 0
    err = capsys.readouterr().err
    assert err.count("2 rows belong to no record, e.g. 'r58") == 1
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test"]["acc"]["value"] > 0.9
    model = str(run / "model.baf")
    assert main(["predict", model, str(test), *common]) == 0
    said = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    with open(run / "predictions_test.csv", newline="", encoding="utf-8") as stream:
        assert [row["p_yes"] for row in csv.DictReader(stream)] == [row["p_yes"] for row in said]
    assert main(["evaluate", model, str(test), "--labels", "header", "--format", "json", *common]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["acc"]["value"] == metrics["test"]["acc"]["value"]
    assert (
        main(
            ["explain", model, str(test), "--labels", "header", "-o", str(tmp_path / "why"), "--records", "2", *common]
        )
        == 0
    )
    with open(tmp_path / "why" / "blocks.csv", newline="", encoding="utf-8") as stream:
        blocks = list(csv.DictReader(stream))
    assert "table" in {row["block"] for row in blocks}
    capsys.readouterr()
    for command in (["predict", model, str(test)], ["evaluate", model, str(test), "--labels", "header"]):
        assert main(command) == 2
        err = capsys.readouterr().err
        assert "needs 4 columns made elsewhere (emb0, emb1, emb2 and 1 more)" in err
        assert err.count("\n") == 1
    # the same command goes on; other columns are another run
    assert main([*arguments, *common]) == 0
    write_columns(tmp_path / "emb.csv", labels, values + 1)
    capsys.readouterr()
    assert main([*arguments, *common]) == 2
    assert "data_sha256" in capsys.readouterr().err


def test_bad_columns_on_the_command_line(tmp_path, capsys):
    texts, labels, values = embedded(20, seed=6)
    train = write_records(tmp_path / "train.fa", texts, labels)
    few = write_columns(tmp_path / "few.csv", labels, values, range(3, 20))
    whole = write_columns(tmp_path / "whole.csv", labels, values)
    arguments = [
        "fit",
        train,
        "--labels",
        "header",
        "-o",
        str(tmp_path / "run"),
        "--trials",
        "1",
        "-d",
        "kmer:k=1",
        "--quiet",
    ]
    for more, words in (
        (["--features", few], "few.csv: no row for record 'r0|no' of"),
        (["--features", few], "3 of 20 records have none"),
        (["--features", str(tmp_path / "no.csv")], "no.csv: cannot be read"),
        (["--features", whole, "--test", str(tmp_path / "train.fa"), "--features", few], "stands in"),
        (["--strategy", "luck"], "invalid choice"),
    ):
        assert main([*arguments, *more]) == 2
        err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
        assert len(err) == 1
        assert words in err[0]
        assert not (tmp_path / "run").exists()
    assert main(["fit", "--table", whole, "--features", whole, "-o", str(tmp_path / "run")]) == 2
    assert "stands beside FASTA" in capsys.readouterr().err
    assert main(arguments) == 0
    assert main(["predict", str(tmp_path / "run" / "model.baf"), train, "--features", whole]) == 0
    assert "uses no column" in capsys.readouterr().err


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


def planted(n=48, p=80, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p))
    labels = np.array(["case", "rest"])[(values[:, 5] - values[:, 9] > 0).astype(int)]
    return FeatureTable(values, tuple(f"g{j}" for j in range(p)), tuple(f"r{i}" for i in range(n)), tuple(labels))


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


def test_a_manifest_stays_a_zip_without_code(fitted, tmp_path):
    fitted.save(str(tmp_path / "m.baf"))
    with zipfile.ZipFile(tmp_path / "m.baf") as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} <= {"json", "npy", "safetensors"}


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
