"""Commands on models of tables: gaps, blank lines, several tables, what is refused; names that are not text."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
import threading

import numpy as np
import pytest

from bioautofeat.cli.main import main
from bioautofeat.io.labels import read_groups, read_labels

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of the columns a, b, c with gaps, and two tables of further rows, of which each lacks a column's numbers."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)

    def write(name, n, lacking=None):
        with (folder / name).open("w") as out:
            out.write("id,a,b,c,label\n")
            for i in range(n):
                cells = rng.normal(size=3) + 2 * (i % 2)
                texts = ["" if "abc"[j] == lacking or rng.random() < 0.02 else f"{cells[j]:.4f}" for j in range(3)]
                out.write(f"{name[0]}{i},{','.join(texts)},{'np'[i % 2]}\n\n")

    write("train.csv", 80)
    write("x.csv", 30, "b")
    write("y.csv", 20, "c")
    assert (
        main(["fit", "--table", str(folder / "train.csv"), "--trials", "2", "-o", str(folder / "run"), "--quiet"]) == 0
    )
    return folder


def test_a_column_without_numbers_is_filled_in(folder, capsys):
    assert main(["predict", str(folder / "run" / "model.baf"), str(folder / "x.csv"), str(folder / "y.csv")]) == 0
    said = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["id"] for row in said] == [*(f"x{i}" for i in range(30)), *(f"y{i}" for i in range(20))]
    assert np.mean([row["prediction"] == "np"[int(row["id"][1:]) % 2] for row in said]) > 0.7


def test_several_tables_are_evaluated_as_one(folder, tmp_path, capsys):
    whole = tmp_path / "both.csv"
    whole.write_text((folder / "x.csv").read_text() + (folder / "y.csv").read_text().partition("\n")[2])
    found = []
    for tables in ([folder / "x.csv", folder / "y.csv"], [whole]):
        assert main(["evaluate", str(folder / "run" / "model.baf"), *map(str, tables), "--format", "json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["records"] == 50
    assert found[0] == found[1]


def test_labels_beside_a_table_are_refused(folder, capsys):
    for command in ("evaluate", "explain"):
        rest = ["-o", str(folder / "explained")] if command == "explain" else []
        model, table = str(folder / "run" / "model.baf"), str(folder / "x.csv")
        assert main([command, model, table, "--labels", "header", *rest]) == 2
        assert "in the column label" in capsys.readouterr().err


def test_a_missing_column_names_the_table(folder, tmp_path, capsys):
    (tmp_path / "z.csv").write_text("id,a,b,label\nz0,1,2,p\nz1,3,4,n\n")
    for command in ("predict", "evaluate"):
        assert main([command, str(folder / "run" / "model.baf"), str(tmp_path / "z.csv")]) == 2
        assert f"{tmp_path / 'z.csv'}: column 'c' of the model is missing" in capsys.readouterr().err


def test_labels_that_are_given_twice(tmp_path, capsys):
    (tmp_path / "a.fa").write_text(">x\nACGT\n>y\nACGA\n")
    (tmp_path / "l.csv").write_text("id,label\nx,p\ny,q\n")
    assert main(["check", f"p={tmp_path / 'a.fa'}", "--labels", str(tmp_path / "l.csv")]) == 2
    assert "labels are given twice" in capsys.readouterr().err


def test_label_tables_may_be_compressed_or_come_through_a_pipe(tmp_path):
    ids = ["x", "y"]
    (tmp_path / "l.csv.gz").write_bytes(gzip.compress(b"id,label\nx,p\ny,q\n"))
    assert read_labels(str(tmp_path / "l.csv.gz"), ids, file="s.fa") == ["p", "q"]
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("id,group\nx,1\ny,1\n",))
    writer.start()
    assert read_groups(str(pipe), ids, file="s.fa") == ["1", "1"]
    writer.join()


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes there")
def test_a_name_that_is_not_text(tmp_path, rng, capsys):
    name = os.fsencode(tmp_path) + b"/donn\xe9es.fa"
    with open(name, "w") as out:
        out.writelines(f">r{i}|{'ab'[i % 2]}\n{''.join(rng.choice(list('ACGT'), 40))}\n" for i in range(40))
    asked = [os.fsdecode(name), "--labels", "header"]
    assert main(["check", *asked, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 40
    run = str(tmp_path / "run")
    assert main(["fit", *asked, "--trials", "1", "-d", "kmer:k=1", "-o", run, "--quiet", "--threads", "1"]) == 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["input"] == [os.fsdecode(name)]
