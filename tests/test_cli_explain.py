"""The command ``explain``: its files, its messages, its exit codes."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from explain_records import LENGTH, forest, planted, table_model

from bioautofeat.bundle import FittedModel
from bioautofeat.cli.main import main
from bioautofeat.extraction import Extractor
from bioautofeat.terms.base import Training


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a model, sequences and labels."""
    folder = tmp_path_factory.mktemp("explain")
    seqs, labels = planted(0, 60)
    extractor = Extractor.of(["binary", "kmer:k=1"], seqs.alphabet).fit(Training(LENGTH, seqs))
    predictor = forest(extractor.transform(seqs, short="zero"), labels, trees=10)
    FittedModel(predictor, "classification", ("motif", "plain"), extractor).save(str(folder / "m.baf"))
    (folder / "all.fa").write_text("".join(f">{n}\n{s}\n" for n, s in zip(seqs.ids, seqs, strict=True)))
    (folder / "all.csv").write_text("id,label\n" + "".join(f"{n},{x}\n" for n, x in zip(seqs.ids, labels, strict=True)))
    (folder / "one.fa").write_text(f">{seqs.ids[1]}\n{seqs[1]}\n")
    return folder


def run(capsys, *arguments):
    code = main(["explain", *map(str, arguments), "--quiet", "--threads", "1"])
    said = capsys.readouterr()
    assert said.out == ""
    return code, said.err


def rows_of(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_whole_run(place, tmp_path, capsys):
    out = tmp_path / "why"
    code, err = run(
        capsys, place / "m.baf", place / "all.fa", "--labels", place / "all.csv", "-o", out, "--class", "motif",
        "--records", 4, "--repeats", 2, "--metric", "acc", "-k", 3,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert rows_of(out / "blocks.csv")[0]["block"] == "binary"
    assert len(rows_of(out / "records.csv")) == 60
    assert {row["explained"] for row in rows_of(out / "kmers.csv")} == {"motif"}
    assert len({row["id"] for row in rows_of(out / "record_blocks.csv")}) == 4
    facts = json.loads((out / "explanation.json").read_text())
    assert facts["importance"]["metric"] == "acc"
    assert facts["settings"]["word"] == 3
    assert sorted(path.name for path in out.iterdir()) == facts["files"]
    assert (out / "index.html").read_text().startswith("<!doctype html>")
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    code, err = run(capsys, place / "m.baf", place / "all.fa", "-o", out)
    assert code == 2
    assert "not empty" in err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_one_record_against_others(place, tmp_path, capsys):
    code, err = run(capsys, place / "m.baf", place / "one.fa", "--background", place / "all.fa", "-o", tmp_path / "w")
    assert code == 0
    assert err.startswith("warning: 1 records: too few to permute")
    assert err.count("\n") == 1
    assert (tmp_path / "w" / "shap.csv").is_file()
    code, err = run(
        capsys, place / "m.baf", place / "all.fa", "--only", "s2", "-o", tmp_path / "w", "--force", "--repeats", 1
    )
    assert (code, err) == (0, "")
    assert {row["id"] for row in rows_of(tmp_path / "w" / "mutations.csv")} == {"s2"}


def test_a_table(tmp_path, capsys, rng):
    model, table, target = table_model(rng, 110)
    model.save(str(tmp_path / "m.baf"))
    head = ",".join(["id", *table.names, "label"])
    body = [",".join([name, *map(repr, row), repr(y)]) for name, row, y in zip(table.ids, table.values.tolist(), target.tolist(), strict=True)]  # fmt: skip
    (tmp_path / "t.csv").write_text("\n".join([head, *body]) + "\n")
    code, err = run(capsys, tmp_path / "m.baf", tmp_path / "t.csv", "-o", tmp_path / "why", "--repeats", 2)
    assert (code, err) == (0, "")
    assert [row["feature"] for row in rows_of(tmp_path / "why" / "features.csv")][:2] == ["c", "e"]
    assert np.isclose(float(rows_of(tmp_path / "why" / "shap.csv")[0]["direction"]), 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "x"], "class 'x' is none of the model's (motif, plain)"),
        (["--metric", "acc"], "a metric needs labels"),
        (["--only", "nobody"], "no record has the id 'nobody'"),
        (["--labels", "missing.csv"], "missing.csv"),
        (["--window", "0"], "is not a whole number from 1 on"),
        (["--records", "-1"], "records: -1 is below 0"),
    ],
)
def test_errors_are_one_line(place, tmp_path, capsys, arguments, message):
    code, err = run(capsys, place / "m.baf", place / "all.fa", "-o", tmp_path / "why", *arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "why").exists()


def test_wrong_files(place, tmp_path, capsys):
    (tmp_path / "p.fa").write_text(">p\nMKVLWW\n")
    code, err = run(capsys, place / "m.baf", tmp_path / "p.fa", "-o", tmp_path / "why")
    assert code == 2
    assert "p.fa" in err
    code, err = run(capsys, place / "all.fa", place / "all.fa", "-o", tmp_path / "why")
    assert code == 2
    assert "not a model bundle" in err
    code, err = run(capsys, place / "m.baf", place / "all.fa", "-o", tmp_path / "no" / "where")
    assert code == 2
    assert "does not exist" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.fa"]


def test_help_is_light(capsys):
    assert main(["explain", "--help"]) == 0
    assert "--background" in capsys.readouterr().out
