"""Columns made elsewhere, one more block beside the sequences: joined, learnt from, explained, saved, refused."""

from __future__ import annotations

import csv
import json
import zipfile

import numpy as np
import pytest
from expert_records import NAMES_4, QUICK, composed, embedded, planted
from sklearn.linear_model import LogisticRegression

import bioautofeat as baf
from bioautofeat.automl.estimator import AutoClassifier
from bioautofeat.bundle import FittedModel, load
from bioautofeat.bundle.format import read_archive, write_archive
from bioautofeat.cli.main import main
from bioautofeat.errors import BioautofeatWarning, ModelError, TableError
from bioautofeat.explanation import Settings
from bioautofeat.extraction import Extractor
from bioautofeat.io.joined import columns_beside, read_features, rows_by_id
from bioautofeat.models import compiled
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


@pytest.fixture(scope="module")
def fitted():
    """A search on noise whose columns beside it hold the answer."""
    texts, labels, values = embedded()
    return AutoClassifier(**QUICK).fit(texts, labels, features=values)


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


def test_a_manifest_stays_a_zip_without_code(fitted, tmp_path):
    fitted.save(str(tmp_path / "m.baf"))
    with zipfile.ZipFile(tmp_path / "m.baf") as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} <= {"json", "npy", "safetensors"}
