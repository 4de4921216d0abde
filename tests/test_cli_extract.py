"""The commands ``extract`` and ``descriptors``: what comes out, what is refused, and how an interruption ends."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import bioautofeat
from bioautofeat.cli.main import COMMANDS, main
from bioautofeat.extraction import DENSE_COLUMNS, extract
from bioautofeat.families import find
from bioautofeat.families.groups import GROUPS

PLAIN = ">s1 first\nACGTACGTAA\n>s2\nGGCCGGNA\n>s|pos\nTTTTACG\n"


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fa"
    path.write_text(PLAIN)
    return str(path)


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """Run a command in this process; its code, standard output and messages."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def many(n=500, seed=0):
    rng = np.random.default_rng(seed)
    words = ("".join(rng.choice(list("ACGTN"), rng.integers(8, 90), p=[0.3, 0.2, 0.2, 0.25, 0.05])) for _ in range(n))
    return "".join(f">r{i} x\n{word}\n" for i, word in enumerate(words))


def rows_of(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_table_is_that_of_python(run, fasta):
    code, out, err = run("extract", fasta, "-d", "kmer:k=2", "-d", "kmer:k=1,norm=count")
    assert code == 0
    table = extract(fasta_of(PLAIN), ["kmer:k=2", "kmer:k=1,norm=count"])
    found = rows_of(out)
    assert found[0] == ["id", *table.names]
    assert [row[0] for row in found[1:]] == ["s1", "s2", "s|pos"]
    np.testing.assert_array_equal(np.array([row[1:] for row in found[1:]], float), table.values)
    assert err.splitlines() == [
        f"warning: {fasta}: 1 ambiguity codes (N) in 1 of 3 records; the windows that hold one are left out"
    ]


def fasta_of(text):
    records = re.findall(r">(\S+).*\n(\w+)", text)
    return bioautofeat.Sequences.from_strings([word for _, word in records], "dna", [name for name, _ in records])


@pytest.mark.parametrize("form", ["csv", "tsv.gz", "npz", "svm"])
def test_chunks_and_threads_do_not_change_a_byte(run, tmp_path, form):
    (tmp_path / "m.fa").write_text(many())
    (tmp_path / "n.fa.gz").write_bytes(gzip.compress(many(40, 1).replace(">", ">n").encode()))
    digests = set()
    for number, options in enumerate(([], ["--chunk-size", 1], ["--chunk-size", 7, "--threads", 2], ["--threads", 1])):
        out = f"t{number}.{form}"
        code, _, err = run("extract", "p=m.fa", "q=n.fa.gz", "-d", "kmer:k=3", "-d", "anf", "-o", out, *options)
        assert code == 0, err
        digests.add(hashlib.sha256((tmp_path / out).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_labels(run, fasta, tmp_path):
    (tmp_path / "y.fa").write_text(">z\nACGT\n")
    code, out, _ = run("extract", f"pos={fasta}", "neg=y.fa", "-d", "kmer:k=1")
    assert code == 0
    assert [row[-1] for row in rows_of(out)] == ["label", "pos", "pos", "pos", "neg"]
    (tmp_path / "l.csv").write_text("id,label\ns1,a\ns|pos,b\n")
    code, out, _ = run("extract", fasta, "-d", "kmer:k=1", "--labels", "l.csv")
    assert [row[-1] for row in rows_of(out)] == ["label", "a", "", "b"]
    (tmp_path / "h.fa").write_text(">a|x\nACGT\n>b|y\nACG\n")
    code, out, _ = run("extract", "h.fa", "-d", "kmer:k=1", "--labels", "header")
    assert [row[-1] for row in rows_of(out)] == ["label", "x", "y"]


def test_a_file_whose_name_has_an_equals_sign(run, tmp_path):
    (tmp_path / "a=b.fa").write_text(">z\nACGT\n")
    code, out, _ = run("extract", "a=b.fa", "-d", "kmer:k=1")
    assert code == 0
    assert "label" not in out


def test_fitted_descriptors_need_labels(run, tmp_path):
    (tmp_path / "p.fa").write_text(">a\nACGTACGT\n>b\nACGTTCGT\n>c\nACGAACGT\n")
    (tmp_path / "n.fa").write_text(">d\nGGGTACGT\n>e\nACGTTCCC\n>f\nATTTACGT\n")
    code, _, err = run("extract", "p.fa", "-d", "pstnpss", "-o", "t.csv")
    assert code == 2
    assert re.search(r"error: .*learns from labels: give them \(--labels\)", err)
    code, out, err = run("extract", "p=p.fa", "n=n.fa", "-d", "pstnpss")
    assert code == 0, err
    assert len(rows_of(out)) == 7
    assert "columns were fitted on these very records" in err


def test_lengths(run, fasta):
    widths = {}
    for length in ("min", "max", "5"):
        code, out, err = run("extract", fasta, "-d", "anf", "--length", length)
        assert code == 0, err
        widths[length] = len(rows_of(out)[0]) - 1
        assert ("records are longer" in err) == (length != "max")
    assert widths == {"min": 7, "max": 10, "5": 5}


def test_short_records(run, tmp_path):
    (tmp_path / "x.fa").write_text(">long\nACGTACG\n>tiny\nAC\n>small\nACG\n")
    code, out, err = run("extract", "x.fa", "-d", "kmer:k=4")
    assert (code, out) == (2, "")
    assert re.match(
        r"error: x.fa, line 3, record 'tiny': length 2 is shorter than the 4 letters that kmer:k=4 needs \(2 records are\)",
        err,
    )
    code, out, _ = run("extract", "x.fa", "-d", "kmer:k=4", "-d", "kmer:k=2", "--short", "nan")
    assert code == 0
    assert [row[1] for row in rows_of(out)[1:]] == ["0.0", "NaN", "NaN"]
    assert [row[-1] for row in rows_of(out)[1:]] == ["0.0", "0.0", "0.0"]
    code, out, _ = run("extract", "x.fa", "-d", "kmer:k=4", "--short", "zero")
    assert set(rows_of(out)[2][1:]) == {"0.0"}


def test_single_precision(run, fasta):
    code, out, _ = run("extract", fasta, "-d", "kmer:k=1", "--dtype", "float32")
    assert code == 0
    assert rows_of(out)[2][2:4] == ["0.2857143", "0.5714286"]


def test_wide_tables_are_sparse_or_refused(run, fasta, tmp_path):
    from scipy.sparse import load_npz

    code, _, err = run("extract", fasta, "-d", "kmer:k=9,norm=count", "-o", "t.csv", "--short", "zero")
    assert code == 2
    assert "262,144 columns x 3 rows would take 0.0 GB" in err
    code, _, err = run("extract", fasta, "-d", "kmer:k=9,norm=count", "-o", "t.npz", "--short", "zero")
    assert code == 0, err
    assert load_npz(tmp_path / "t.npz").shape == (3, 262144)
    assert DENSE_COLUMNS < 262144
    code, _, err = run("extract", fasta, "-d", "kmer:k=30", "-o", "u.npz", "--short", "zero")
    assert code == 2
    assert "more than the 1,048,576 columns allowed" in err
    code, _, err = run("extract", fasta, "-d", "kmer:k=2", "--max-columns", "15")
    assert (code, "16 columns x 3 rows" in err) == (2, True)


def test_a_dry_run_writes_nothing(run, fasta, tmp_path):
    code, out, _ = run("extract", fasta, "-d", "kmer:k=2", "-o", "t.csv", "--dry-run")
    assert code == 0
    facts = dict(line.split("\t") for line in out.splitlines())
    assert (facts["rows"], facts["columns"], facts["alphabet"]) == ("3", "16", "dna")
    assert "MB" in facts["memory"]
    assert os.listdir(tmp_path) == ["x.fa"]


def test_groups(run, fasta):
    code, out, err = run("extract", fasta, "-d", "@dna", "--short", "zero", "-d", "kmer:k=3")
    assert code == 0, err
    names = rows_of(out)[0]
    assert len(set(names)) == len(names) > 100
    code, _, err = run("extract", fasta, "-d", "@dan")
    assert (code, "did you mean 'dna'" in err) == (2, True)


REFUSED = {
    "no descriptor": (["x.fa"], "no descriptor is given; use -d"),
    "unknown": (["x.fa", "-d", "kmre:k=2"], "unknown descriptor 'kmre'; did you mean 'kmer'?"),
    "value": (["x.fa", "-d", "kmer:k=two"], "kmer: k: 'two' is not a whole number"),
    "missing": (["none.fa", "-d", "kmer"], "none.fa: cannot be read: No such file"),
    "twice": (["x.fa", "-d", "kmer", "-d", "kmer:k=3"], "descriptor 'kmer' is given twice"),
    "suffix": (["x.fa", "-d", "kmer", "-o", "t.xls"], "the suffix names no format"),
    "exists": (["x.fa", "-d", "kmer", "-o", "old.csv"], "old.csv: already exists; use --force"),
    "input": (["x.fa", "-d", "kmer", "-o", "x.fa", "--force"], "same file as an input"),
    "folder": (["x.fa", "-d", "kmer", "-o", "no/t.csv"], "does not exist"),
    "stdin twice": (["-", "-", "-d", "kmer"], "standard input: can be read once only"),
    "option": (["x.fa", "-d", "kmer", "--shortest", "nan"], "unrecognized arguments: --shortest"),
    "choice": (["x.fa", "-d", "kmer", "--alphabet", "xna"], "invalid choice: 'xna'"),
    "length": (["x.fa", "-d", "anf", "--length", "0"], "'0' is not a whole number from 1 on"),
    "threads": (["x.fa", "-d", "kmer", "--threads", "-1"], "'-1' is not a whole number from 1 on"),
    "seed": (["x.fa", "-d", "kmer", "--seed", "x"], "'x' is not a whole number from 0"),
    "labels twice": (["a=x.fa", "-d", "kmer", "--labels", "header"], "labels are given twice"),
    "some labels": (["a=x.fa", "y.fa", "-d", "kmer"], "y.fa has no class"),
    "svm": (["x.fa", "-d", "kmer", "-o", "t.svm"], "svmlight (.svm) needs labels"),
    "protein": (["x.fa", "-d", "aac"], "aac is for protein, not for dna"),
    "no input": (["-d", "kmer"], "the following arguments are required: INPUT"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_mistakes_are_one_line(run, fasta, tmp_path, case):
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "y.fa").write_text(">q\nACGT\n")
    arguments, message = REFUSED[case]
    code, out, err = run("extract", *arguments)
    assert code == 2
    assert message in err
    errors = [line for line in err.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert out == ""
    assert sorted(os.listdir(tmp_path)) == ["old.csv", "x.fa", "y.fa"]
    assert (tmp_path / "old.csv").read_text() == "old"


def test_force_replaces(run, fasta, tmp_path):
    (tmp_path / "t.csv").write_text("old")
    assert run("extract", fasta, "-d", "kmer:k=1", "-o", "t.csv", "--force")[0] == 0
    assert (tmp_path / "t.csv").read_text().startswith("id,kmer_k1_A")


def test_debug_shows_where_an_error_came_from(run, fasta):
    code, _, err = run("extract", fasta, "-d", "nothing", "--debug")
    assert code == 2
    assert "Traceback" in err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MemoryError("Unable to allocate 9 GB"), 1, "error: out of memory (Unable to allocate 9 GB); "),
        (RuntimeError("odd"), 1, "error: this should not happen: RuntimeError: odd; "),
        (OSError(28, "No space left on device"), 1, "error: No space left on device"),
        (OSError(5, "Input/output error", "z"), 2, "error: z: Input/output error"),
        (KeyboardInterrupt(), 130, "error: interrupted"),
    ],
)
def test_whatever_goes_wrong_is_a_line_and_a_code(run, fasta, monkeypatch, error, code, message):
    from bioautofeat import streaming

    def fail(*_):
        raise error

    monkeypatch.setattr(streaming.Extraction, "plan", fail)
    found, _, err = run("extract", fasta, "-d", "kmer")
    assert (found, err.startswith(message), err.count("\n")) == (code, True, 1)


def command(*arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "bioautofeat", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **settings,
    )


def test_standard_input_and_output(tmp_path):
    with command("extract", "-", "-d", "kmer:k=1", cwd=tmp_path, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(gzip.compress(PLAIN.encode()))
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 4


def test_a_reader_that_has_gone_is_no_trouble(tmp_path):
    (tmp_path / "x.fa").write_text(many(20000))
    with command("extract", "x.fa", "-d", "kmer:k=3", "--chunk-size", 100, cwd=tmp_path) as process:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert b"Traceback" not in err
    assert b"error" not in err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_interruption_leaves_nothing_under_the_name(tmp_path, number, code):
    (tmp_path / "x.fa").write_text(many(60000))
    arguments = ("extract", "x.fa", "-d", "kmer:k=5", "-o", "t.csv", "--chunk-size", 20)
    with command(*arguments, cwd=tmp_path) as process:
        deadline = time.monotonic() + 60
        while not any(name.startswith(".part-") for name in os.listdir(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in err
    left = [name for name in os.listdir(tmp_path) if name != "x.fa"]
    if number != signal.SIGKILL:
        assert left == []
        return
    assert [name.startswith(".part-") for name in left] == [True]
    (tmp_path / "y.fa").write_text(PLAIN)
    with command("extract", "y.fa", "-d", "kmer:k=1", "-o", "t.csv", cwd=tmp_path) as process:
        assert process.wait(60) == 0
    assert sorted(os.listdir(tmp_path)) == ["t.csv", "x.fa", "y.fa"]


def modules_after(*arguments):
    """Modules beyond the standard library that a command has imported."""
    code = (
        "import sys; before = set(sys.modules); from bioautofeat.cli.main import main; import io; sys.stdout = io.StringIO(); "
        f"code = main({list(arguments)!r}); sys.stdout = sys.__stdout__; "
        "names = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(code, *sorted(names - set(sys.stdlib_module_names) - {'bioautofeat'}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["extract", "--version"], *([n, "--help"] for n in COMMANDS)], ids=" ".join
)
def test_help_and_version_import_nothing_beyond_the_standard_library(arguments):
    assert modules_after(*arguments) == ["0"]


def test_help_and_version(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)
    assert run("--version") == (0, f"bioautofeat {bioautofeat.__version__}\n", "")
    code, out, err = run()
    assert (code, out, "usage:" in err) == (2, "", True)
    code, out, err = run("extrct")
    assert (code, err) == (2, "error: unknown command 'extrct'; did you mean 'extract'?\n")
    code, out, _ = run("extract", "--help")
    assert code == 0
    assert "examples:" in out


def test_a_command_that_is_not_installed(run, monkeypatch):
    monkeypatch.setitem(COMMANDS, "nothing", "not there")
    assert run("nothing")[::2] == (2, "error: the command 'nothing' is not part of this installation\n")


def test_the_list_of_descriptors(run):
    code, out, _ = run("descriptors")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()[1 : 1 + len(find())]]
    assert names == [row.name for row in find()]
    assert all(f"@{group}" in out for group in GROUPS)
    code, out, _ = run("descriptors", "--format", "json", "--alphabet", "protein")
    rows = json.loads(out)
    assert code == 0
    assert all("protein" in row["alphabets"] for row in rows)
    kmer = next(row for row in rows if row["name"] == "kmer")
    assert kmer["parameters"][0] == {"name": "k", "kind": "integer", "range": "1 or more", "default": "3"}
    code, out, _ = run("descriptors", "--format", "markdown")
    assert code == 0
    assert sum(line.startswith("| `") for line in out.splitlines()) == len(find())


def test_the_catalogue_page_is_what_the_command_prints(run):
    page = Path(__file__).parents[1] / "docs" / "descriptors.md"
    assert page.read_text(encoding="utf-8") == run("descriptors", "--format", "markdown")[1]


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_one_descriptor(run, form):
    code, out, _ = run("descriptors", "pstnpss", "--format", form)
    assert code == 0
    assert "pstnpss" in out
    assert "labels" in out
    code, _, err = run("descriptors", "pstnps", "--format", form)
    assert (code, "did you mean 'pstnpss'" in err) == (2, True)


def test_any_locale_and_any_name_of_a_file(tmp_path):
    name = "данные \x1b[31m.fa"
    (tmp_path / name).write_text(PLAIN)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
    environment = {**plain, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with command("extract", name, "-d", "kmer:k=1", "-o", "т.csv", cwd=tmp_path, env=environment) as process:
        _, err = process.communicate()
    assert process.returncode == 0
    assert b"\x1b" not in err
    assert (tmp_path / "т.csv").exists()
    with command("descriptors", cwd=tmp_path, env=environment) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert len(out.decode("utf-8").splitlines()) > len(find())
