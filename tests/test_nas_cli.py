"""The command of architecture search."""

from __future__ import annotations

import pytest
from nas_records import fasta, table

from bioautofeat.cli.main import main
from bioautofeat.nas.bench import write_head, write_line

pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")


def test_the_command_searches_trains_and_predicts(tmp_path, capsys):
    train, new = fasta(tmp_path / "train.fa"), fasta(tmp_path / "new.fa", 6, 1)
    run = tmp_path / "run"
    common = ["--labels", "header", "--epochs", "2", "--members", "1", "--threads", "1"]
    assert main(["nas", "search", train, "-o", str(run), "--trials", "2", "--strategy", "random", *common]) == 0
    assert sorted(path.name for path in run.iterdir()) == [
        "architecture.json", "architecture.svg", "history.csv", "model.baf", "report.html",
    ]  # fmt: skip
    page = (run / "report.html").read_text()
    assert page.count("<svg") == 1
    assert "conv5 - conv5 - conv5" in page or "channels" in page
    assert (run / "history.csv").read_text().startswith("score,parameters,epochs,seconds,error,architecture\n")
    assert "network 1:" in capsys.readouterr().err
    assert main(["nas", "search", train, "-o", str(run), "--trials", "1", *common]) == 2
    assert "is not empty" in capsys.readouterr().err
    model = str(tmp_path / "model.baf")
    chosen = ["--architecture", str(run / "architecture.json")]
    assert main(["nas", "train", train, *chosen, "-o", model, "--quiet", *common]) == 0
    assert main(["nas", "predict", model, new]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "id,prediction,p_with,p_without"
    assert len(lines) == 7
    assert main(["nas", "train", train, "-o", model, *common]) == 2
    assert "--architecture FILE" in capsys.readouterr().err
    assert main(["nas", "search", train, *common]) == 2
    assert "name the output" in capsys.readouterr().err


def test_the_command_lists_and_compares(tmp_path, capsys):
    assert main(["nas", "spaces"]) == main(["nas", "strategies"]) == 0
    out = capsys.readouterr().out
    assert "edge-cell\t" in out
    assert "evolution\t" in out
    protocol, trainings = table()
    path = tmp_path / "table.csv"
    path.write_text(write_head(protocol) + "".join(map(write_line, trainings)))
    assert main(["nas", "bench", str(path), "--set", "splice", "--strategy", "local", "--trials", "20"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("local,20,20,0.7050,0.0000")
    assert main(["nas", "bench", str(path), "--set", "splices"]) == 2
    for name in ("reinforce", "morphism", "controller"):
        assert main(["nas", "bench", str(path), "--set", "splice", "--strategy", name, "--seeds", "1"]) == 0
    assert main(["nas", "bench", str(path), "--set", "splice", "--strategy", "darts"]) == 2
    assert "looks up nothing" in capsys.readouterr().err
    path.write_text(write_head(protocol) + "".join(map(write_line, trainings[:4])))
    assert main(["nas", "bench", str(path), "--set", "splice"]) == 2
    assert "2 of 8 cells" in capsys.readouterr().err


def test_the_packages_own_table_is_what_strategies_meet_by_default(capsys):
    assert main(["nas", "bench", "--set", "meth", "--strategy", "random", "--trials", "30", "--seeds", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("random,30,2,0.5")
    assert main(["nas", "bench"]) == 2
    assert "name one of its sets: amp, meth, splice" in capsys.readouterr().err


def test_published_tables_are_known_by_their_heads(shared, capsys):
    for file, more in (("nb201_compact.csv", ["--set", "cifar100"]), ("nasbench_macro_cifar10.csv", [])):
        path = str(shared / "nas" / file)
        assert main(["nas", "bench", path, *more, "--strategy", "random", "--trials", "5", "--seeds", "2"]) == 0
    found = [line.split(",") for line in capsys.readouterr().out.splitlines() if line.startswith("random")]
    assert [float(row[-1]) for row in found] == [73.513, 93.127]
    assert main(["nas", "bench", str(shared / "nas" / "nb201_compact.csv")]) == 2
    assert "cifar10, cifar100, imagenet16" in capsys.readouterr().err
