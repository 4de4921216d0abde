"""The command of architecture search."""

from __future__ import annotations

import pytest
from nas_records import fasta, table

from bioautofeat.cli.common import Terminated
from bioautofeat.cli.main import main
from bioautofeat.nas.bench import write_head, write_line
from bioautofeat.nas.folder import SearchFolder
from bioautofeat.nas.genotype import Frame, Head, Stem
from bioautofeat.nas.spaces.edge_cell import EdgeCell

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
    head = (run / "history.csv").read_text().partition("\n")[0]
    assert head == "score,parameters,epochs,seconds,error,architecture,fidelity,evaluator"
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


def test_outputs_are_checked_before_anything_is_trained(tmp_path, capsys):
    train = fasta(tmp_path / "train.fa")
    labels = tmp_path / "labels.csv"
    labels.write_text("id,label\n")
    chosen = tmp_path / "architecture.json"
    chosen.write_text("{}")
    given = ["nas", "train", "--architecture", str(chosen), "--force"]
    for more in (
        [f"a={train}", "-o", train],
        [train, "--labels", str(labels), "-o", str(labels)],
        [train, "--labels", "header", "-o", str(chosen)],
    ):
        assert main([*given, *more]) == 2
        assert "is the same file as an input" in capsys.readouterr().err
    assert (tmp_path / "train.fa").read_text().startswith(">r0")
    for place, message in ((labels, "is a file"), (tmp_path / "none" / "run", "does not exist")):
        assert main(["nas", "search", str(tmp_path / "missing.fa"), "--labels", "header", "-o", str(place)]) == 2
        assert message in capsys.readouterr().err
    assert main(["nas", "search", train, "-o", str(tmp_path / "run"), "--trials", "1"]) == 2
    assert "no labels; give --labels header" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_refused_search_leaves_no_trace_and_two_do_not_share_a_folder(tmp_path, capsys):
    train, run = fasta(tmp_path / "train.fa"), tmp_path / "run"
    given = ["nas", "search", train, "--labels", "header", "-o", str(run), "--trials", "1", "--threads", "1"]
    assert main([*given, "--strategy", "darts"]) == 2
    found = capsys.readouterr().err
    assert "no supernet" in found
    assert "network 1" not in found
    assert not run.exists()
    other = SearchFolder(str(run))
    other.hold()
    assert main(given) == 2
    assert "another run (pid" in capsys.readouterr().err
    other.discard_if_empty()


def test_what_was_finished_is_kept_and_the_same_command_goes_on(tmp_path, capsys, monkeypatch):
    train, run = fasta(tmp_path / "train.fa", 60), tmp_path / "run"
    given = ["--labels", "header", "--epochs", "2", "--members", "2", "--threads", "1"]
    search = ["nas", "search", train, "-o", str(run), "--trials", "2", "--strategy", "random", *given]
    for stop, code in ((Terminated, 143), (KeyboardInterrupt, 130)):
        with monkeypatch.context() as patch:
            ends_after(patch, 1 if code == 143 else 2, stop)
            assert main(search) == code
        assert (run / "model.baf").exists() == (code == 130)
    assert sorted(path.name for path in run.iterdir()) == [
        "architecture.json", "architecture.svg", "checkpoints", "config.json", "history.csv", "model.baf", "report.html",
    ]  # fmt: skip
    assert len((run / "history.csv").read_text().splitlines()) == 2
    assert "interrupted" in (run / "report.html").read_text()
    assert main(["nas", "predict", str(run / "model.baf"), train]) == 0
    assert main([*search, "--seed", "1"]) == 2
    assert "holds another run (seed differ)" in capsys.readouterr().err
    assert main(search) == 0
    assert "is taken up" in capsys.readouterr().err
    assert main([*search[:4], str(tmp_path / "whole"), *search[5:], "--quiet"]) == 0
    for name in ("architecture.json", "architecture.svg"):
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in run.iterdir()) == sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert predicted(run / "model.baf", train, capsys) == predicted(tmp_path / "whole" / "model.baf", train, capsys)


def test_a_training_of_one_network_goes_on(tmp_path, capsys, monkeypatch):
    train, model = fasta(tmp_path / "train.fa", 60), tmp_path / "model.baf"
    chosen = tmp_path / "architecture.json"
    chosen.write_text(Frame(stem=Stem(4, 3), head=Head("max"), stages=1).hold(EdgeCell(2, ("conv3",))).to_json())
    given = ["nas", "train", train, "--labels", "header", "--epochs", "3", "--architecture", str(chosen)]
    with monkeypatch.context() as patch:
        ends_after(patch, 4, KeyboardInterrupt)
        assert main([*given, "-o", str(model)]) == 130
    assert not model.exists()
    assert len(list((tmp_path / "model.baf.unfinished" / "checkpoints").iterdir())) == 2
    capsys.readouterr()
    assert main([*given, "-o", str(model)]) == 0
    assert "is taken up" in capsys.readouterr().err
    assert not (tmp_path / "model.baf.unfinished").exists()
    assert main([*given, "-o", str(tmp_path / "whole.baf")]) == 0
    assert predicted(model, train, capsys) == predicted(tmp_path / "whole.baf", train, capsys)


def ends_after(patch, epochs, stop):
    """An interrupt after so many epochs of all trainings together."""
    from bioautofeat.nas import train

    real, left = train._Run.keep, [epochs]

    def keep(self, path):
        real(self, path)
        left[0] -= 1
        if left[0] == 0:
            raise stop

    patch.setattr(train._Run, "keep", keep)


def predicted(model, new, capsys):
    capsys.readouterr()
    assert main(["nas", "predict", str(model), new]) == 0
    return capsys.readouterr().out


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
    given = ["nas", "bench", "--set", "meth", "--strategy", "random", "--trials", "3", "--seeds", "2"]
    assert main([*given, "--seed", "7"]) == main(given) == 0
    seven, zero = (line for line in capsys.readouterr().out.splitlines() if line.startswith("random"))
    assert seven != zero
    assert main(["nas", "bench", "--set", "meth", "--time-budget", "10m"]) == 2
    assert "no --time-budget" in capsys.readouterr().err
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
