"""``bioautofeat fit`` and ``evaluate``, as users run them."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bioautofeat.cli.main import main

FAST = ["-d", "kmer:k=2", "--trials", "2", "--quiet", "--threads", "1"]


def write(path, n=40, seed=0, length=50):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        share = [0.35, 0.15, 0.15, 0.35] if i % 2 else [0.15, 0.35, 0.35, 0.15]
        rows.append(f">x{i}|{'ab'[i % 2]}\n{''.join(rng.choice(list('ACGT'), length, p=share))}\n")
    path.write_text("".join(rows))
    return str(path)


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "train.fa")


def table(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_run_folder_holds_what_is_promised(tmp_path, data, capsys):
    run, test = tmp_path / "run", write(tmp_path / "test.fa", 12, seed=5)
    assert main(["fit", data, "--labels", "header", "--test", test, "-o", str(run), *FAST]) == 0
    assert capsys.readouterr().out == ""
    for name in (
        "model.baf", "report.html", "leaderboard.csv", "metrics.json", "predictions_oof.csv", "predictions_test.csv",
        "audit.json", "config.json", "journal.jsonl",
    ):  # fmt: skip
        assert (run / name).stat().st_size > 0, name
    assert not (run / ".lock").exists()
    metrics = json.loads((run / "metrics.json").read_text())
    for part in ("corrected", "naive", "test", "test_clean"):
        assert {"mcc", "acc", "f1_macro", "auc", "log_loss"} <= set(metrics[part])
        assert set(metrics[part]["mcc"]) == {"value", "low", "high", "se"}
    assert 0 <= metrics["shift"] <= 1
    oof = table(run / "predictions_oof.csv")
    assert [row["id"] for row in oof] == [f"x{i}|{'ab'[i % 2]}" for i in range(40)]
    assert {"label", "prediction", "p_a", "p_b", "fold"} <= set(oof[0])
    board = table(run / "leaderboard.csv")
    assert board[0]["name"] == "delivered"
    assert len(board) == 3
    assert main(["predict", str(run / "model.baf"), test]) == 0
    said = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["p_a"] for row in said] == [row["p_a"] for row in table(run / "predictions_test.csv")]
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "<script" not in report
    assert "http" not in report.replace("http-equiv", "")
    assert "src=" not in report


def test_evaluate(tmp_path, data, capsys):
    run = tmp_path / "run"
    assert main(["fit", data, "--labels", "header", "-o", str(run), *FAST]) == 0
    fresh = write(tmp_path / "fresh.fa", 60, seed=9)
    assert main(["evaluate", str(run / "model.baf"), fresh, "--labels", "header", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["records"] == 60
    assert found["metrics"]["acc"]["low"] <= found["metrics"]["acc"]["value"] <= found["metrics"]["acc"]["high"]
    assert main(["evaluate", str(run / "model.baf"), f"alien={fresh}"]) == 2
    assert "'alien'" in capsys.readouterr().err


def test_regression(tmp_path, data, capsys):
    values = tmp_path / "values.csv"
    with open(data, encoding="utf-8") as stream:
        blocks = stream.read().split(">")[1:]
    rows = [(block.split("\n")[0], block.split("\n")[1].count("G")) for block in blocks]
    values.write_text("id,label\n" + "".join(f"{name},{count / 50}\n" for name, count in rows))
    run = tmp_path / "run"
    arguments = ["fit", data, "--labels", str(values), "--task", "regression", "-o", str(run), *FAST]
    assert main(arguments) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"r2", "spearman", "rmse"} <= set(metrics["corrected"])
    assert metrics["corrected"]["r2"]["value"] > 0.5
    assert main(["predict", str(run / "model.baf"), data]) == 0
    row = next(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert float(row["low"]) <= float(row["prediction"]) <= float(row["high"])


def test_a_folder_with_other_files_is_left_alone(tmp_path, data, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "thesis.txt").write_text("mine")
    arguments = ["fit", data, "--labels", "header", "-o", str(run), *FAST]
    assert main(arguments) == 2
    assert "not empty" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert (run / "thesis.txt").read_text() == "mine"
    assert main([*arguments, "--seed", "3"]) == 2
    assert "seed" in capsys.readouterr().err


def test_the_same_command_goes_on(tmp_path, data):
    run = tmp_path / "run"
    arguments = ["fit", data, "--labels", "header", "-o", str(run), *FAST]
    assert main(arguments) == 0
    before = (run / "journal.jsonl").read_bytes()
    first = (run / "predictions_oof.csv").read_bytes()
    assert main(arguments) == 0
    assert (run / "journal.jsonl").read_bytes() == before
    assert (run / "predictions_oof.csv").read_bytes() == first


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--metric", "r2"], "unknown metric"),
        (["--table", "x.csv"], "stands alone"),
        (["--test-labels", "header"], "without --test"),
        (["-d", "kmers:k=2"], "kmer"),
        (["--time-budget", "soon"], "no duration"),
        (["--memory-limit", "much"], "no amount of memory"),
        (["--groups", "none.csv"], "none.csv"),
    ],
)
def test_usage(tmp_path, data, capsys, more, words):
    assert main(["fit", data, "--labels", "header", "-o", str(tmp_path / "run"), *more]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_no_input_and_no_labels(tmp_path, data, capsys):
    assert main(["fit", "-o", str(tmp_path / "run")]) == 2
    assert main(["fit", data, "-o", str(tmp_path / "run"), *FAST]) == 2
    assert "no labels" in capsys.readouterr().err
    assert main(["fit", data, "--labels", "header", "-o", str(tmp_path / "no" / "run"), *FAST]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_groups_from_a_file(tmp_path, data):
    groups = tmp_path / "groups.csv"
    groups.write_text("id,group\n" + "".join(f"x{i}|{'ab'[i % 2]},g{i // 4}\n" for i in range(40)))
    run = tmp_path / "run"
    assert main(["fit", data, "--labels", "header", "--groups", str(groups), "-o", str(run), *FAST]) == 0
    folds = {}
    for i, row in enumerate(table(run / "predictions_oof.csv")):
        folds.setdefault(i // 4, set()).add(row["fold"])
    assert all(len(found) == 1 for found in folds.values())


CLUSTERS = {
    "cdhit.clstr": (">Cluster {c}\n", "{i}\t50nt, >{name}... {mark}\n"),
    "mmseqs.tsv": ("", "{first}\t{name}\n"),
}
"""As the programs write them: a line a cluster, a line a member."""


@pytest.mark.parametrize("kind", CLUSTERS)
def test_clusters_of_other_programs(tmp_path, data, kind):
    names = [f"x{i}|{'ab'[i % 2]}" for i in range(40)]
    head, member = CLUSTERS[kind]
    text = ""
    for c in range(10):
        text += head.format(c=c)
        for i, name in enumerate(names[4 * c : 4 * c + 4]):
            text += member.format(i=i, name=name, first=names[4 * c], mark="at +/98.00%" if i else "*")
    clusters, run = tmp_path / kind, tmp_path / "run"
    clusters.write_text(text)
    assert main(["fit", data, "--labels", "header", "--groups", str(clusters), "-o", str(run), *FAST]) == 0
    assert json.loads((run / "metrics.json").read_text())["groups"] == 10
    folds = {}
    for i, row in enumerate(table(run / "predictions_oof.csv")):
        folds.setdefault(i // 4, set()).add(row["fold"])
    assert all(len(found) == 1 for found in folds.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (">Cluster 0\n0\t50nt, >x0|a... *\n1\t50nt, >x1|b... at 99%\n", "no row for record 'x2|a'"),
        (">Cluster 0\n0\t50nt, x0|a... *\n", "line 2: '0\\t50nt, x0|a... *' is no member of a CD-HIT cluster"),
        ("x0|a\tx0|a\nx0|a\tx1|b\nx2|a\tx1|b\n", "line 3: 'x1|b' stands in two clusters"),
        ("p\tq\np\tr\n", "no id of it stands in"),
        ("x0|a x1|b\n", "does not name the columns id and group"),
    ],
)
def test_clusters_that_are_refused(tmp_path, data, capsys, text, words):
    clusters = tmp_path / "clusters"
    clusters.write_text(text)
    assert main(["fit", data, "--labels", "header", "--groups", str(clusters), "-o", str(tmp_path / "run"), *FAST]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupts_keep_what_there_is(tmp_path, number, code):
    data, run = write(tmp_path / "train.fa", 400, length=120), tmp_path / "run"
    arguments = [
        sys.executable,
        "-m",
        "bioautofeat",
        "fit",
        data,
        "--labels",
        "header",
        "-o",
        str(run),
        "--trials",
        "30",
    ]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 90
    while not (run / "model.baf").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)
    time.sleep(1)
    started = time.monotonic()
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert time.monotonic() - started < 5
    assert b"Traceback" not in err
    assert any(row["reason"] == "interrupted" for row in table(run / "leaderboard.csv"))
    assert main(["predict", str(run / "model.baf"), data, "-o", str(tmp_path / "p.csv")]) == 0
    with pytest.raises(ProcessLookupError):  # no child is left behind
        os.killpg(process.pid, 0)


def test_two_runs_in_one_folder(tmp_path):
    data, run = write(tmp_path / "train.fa", 200, length=120), tmp_path / "run"
    arguments = ["fit", data, "--labels", "header", "-o", str(run), "--trials", "30"]
    process = subprocess.Popen([sys.executable, "-m", "bioautofeat", *arguments], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not (run / "config.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = subprocess.run(
            [sys.executable, "-m", "bioautofeat", *arguments], capture_output=True, text=True, check=False
        )
        assert second.returncode == 2
        assert str(process.pid) in second.stderr
    finally:
        process.kill()
        process.wait()


def write_table(path, names, seed=0, n=30, labels=True):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(names)))
    kinds = [",ab"[1 + int(row[0] > 0)] for row in values]
    lines = [",".join(["id", *names, *(["label"] if labels else [])])]
    lines += [
        ",".join([f"r{seed}_{i}", *(f"{v:.6f}" for v in row), *([kind] if labels else [])])
        for i, (row, kind) in enumerate(zip(values, kinds, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_a_test_table_that_does_not_fit_is_refused_at_once(tmp_path, capsys, monkeypatch):
    training = write_table(tmp_path / "train.csv", ["f", "g"])
    other = write_table(tmp_path / "other.csv", ["f", "h"], seed=1)
    monkeypatch.setattr("bioautofeat.automl.run.Run", None)  # nothing may be fitted
    assert main(["fit", "--table", training, "--test", other, "-o", str(tmp_path / "run"), "--trials", "1"]) == 2
    err = capsys.readouterr().err
    assert f"{other}: the column 'g' of the training table is missing" in err
    assert not (tmp_path / "run").exists()


def test_what_was_found_outlives_a_test_part_that_fails(tmp_path, data, capsys, monkeypatch):
    def failing(*_):
        raise RuntimeError("no such luck")

    run, test = tmp_path / "run", write(tmp_path / "test.fa", 12, seed=5)
    monkeypatch.setattr("bioautofeat.automl.outputs.predict_part", failing)
    assert main(["fit", data, "--labels", "header", "--test", test, "-o", str(run), *FAST]) == 1
    assert "no such luck" in capsys.readouterr().err
    assert "corrected" in json.loads((run / "metrics.json").read_text())
    for name in ("predictions_oof.csv", "leaderboard.csv", "audit.json", "report.html", "model.baf"):
        assert (run / name).stat().st_size > 0, name


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ([], 600.0),
        (["--trials", "2"], None),
        (["--time-budget", "90"], 90.0),
        (["--trials", "2", "--time-budget", "90"], 90.0),
    ],
)
def test_the_default_budget_is_one_that_all_see(tmp_path, data, monkeypatch, more, seconds):
    seen = []

    def stop(source, settings):
        seen.append(settings.time_budget)
        raise KeyboardInterrupt

    monkeypatch.setattr("bioautofeat.automl.crew.executor_for", stop)
    assert main(["fit", data, "--labels", "header", "-o", str(tmp_path / "run"), "--quiet", *more]) == 130
    assert seen == [seconds]


def test_a_folder_is_held_before_anything_is_read(tmp_path, capsys):
    from bioautofeat.automl.run_folder import FitFolder

    first = FitFolder(str(tmp_path / "run"))
    first.hold()
    assert main(["fit", str(tmp_path / "absent.fa"), "-o", str(tmp_path / "run")]) == 2
    assert "another run" in capsys.readouterr().err
    assert (tmp_path / "run" / ".lock").exists()
    first.close()


def test_too_little_memory_is_told_in_one_line(tmp_path):
    data = write(tmp_path / "train.fa", 400, length=600)
    arguments = ["fit", data, "--labels", "header", "--groups", "none", "-o", str(tmp_path / "run"), "--quiet"]
    arguments += ["--memory-limit", "1M", "--trials", "2", "-d", "kmer:k=1", "--threads", "1"]
    found = subprocess.run(
        [sys.executable, "-m", "bioautofeat", *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("error: ")
    assert "memory" in found.stderr
