"""``bioautofeat check``."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bioautofeat.cli.main import main


@pytest.fixture
def files(tmp_path, rng):
    texts = ["".join(rng.choice(list("ACGT"), 80)) for _ in range(40)]
    train = tmp_path / "train.fa"
    train.write_text("".join(f">r{i}|{'ab'[i % 2]}\n{text}\n" for i, text in enumerate(texts)))
    test = tmp_path / "test.fa"
    fresh = "".join(rng.choice(list("ACGT"), 80))
    test.write_text(f">t0|b\n{texts[0]}\n>t1|b\n{fresh}\n>t2|a\n{texts[2][:60]}{fresh[:20]}\n")
    return str(train), str(test)


def test_json(files, capsys):
    train, test = files
    assert main(["check", train, "--labels", "header", "--test", test, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert set(found) >= {
        "records", "letters", "lengths", "classes", "duplicates", "conflicts", "test", "groups", "shortcuts",
    }  # fmt: skip
    assert found["records"] == 40
    assert found["classes"] == {"a": 20, "b": 20}
    assert found["conflicts"] == 1
    assert (found["test"]["exact"], found["test"]["near"], found["test"]["conflicting"]) == (1, 2, 1)
    assert found["test"]["reverse_complement"] == 0
    assert 0 <= found["test"]["shift_auc"] <= 1
    assert set(found["shortcuts"]) == {"length", "composition"}
    assert "Traceback" not in err


def test_text(files, capsys):
    train, test = files
    assert main(["check", train, "--labels", "header", "--test", test]) == 0
    out = capsys.readouterr().out
    assert "! exact copies       1" in out
    assert "records            40" in out


def test_without_labels_and_by_classes(files, capsys):
    train, test = files
    assert main(["check", train, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == {}
    assert found["shortcuts"] == {}
    assert found["test"] is None
    assert main(["check", f"x={train}", f"y={test}", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == {"x": 40, "y": 3}


def test_regression(files, tmp_path, capsys):
    train, _ = files
    values = tmp_path / "values.csv"
    values.write_text("id,label\n" + "".join(f"r{i}|{'ab'[i % 2]},{i / 3}\n" for i in range(40)))
    assert main(["check", train, "--labels", str(values), "--task", "regression", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["conflicts"] == 0
    assert found["classes"]["max"] == pytest.approx(13.0)


def test_refusals(files, capsys):
    train, test = files
    assert main(["check", train, "--labels", "none.csv"]) == 2
    assert "error: none.csv" in capsys.readouterr().err
    assert main(["check", train, "--test-labels", "header"]) == 2
    assert main(["check", test + "x"]) == 2


@pytest.mark.slow
def test_a_hundred_thousand_records(tmp_path, capsys):
    """Seconds, and memory that does not grow with the number of pairs."""
    import time

    rng = np.random.default_rng(1)
    letters = np.array(list("ACGT"))
    rows = letters[rng.integers(0, 4, (50_000, 200))]
    copies = rows[rng.integers(0, 50_000, 50_000)].copy()
    copies[np.arange(50_000), rng.integers(0, 200, 50_000)] = "A"
    path = tmp_path / "many.fa"
    path.write_text("".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate([*rows, *copies])))
    started = time.monotonic()
    assert main(["check", str(path), "--format", "json"]) == 0
    assert time.monotonic() - started < 60
    found = json.loads(capsys.readouterr().out)
    assert found["group_sizes"]["all_groups"] == pytest.approx(50_000, rel=0.01)
