"""How good ``bioautofeat fit`` is beside general AutoML that is given our broad table, in the same time.

Run by hand, on a machine that does nothing else::

    python -m benchmarks automl --suite FOLDER --seconds 120 --threads 2 --json automl.json \\
        --flaml-python FLAML/bin/python --autogluon-python AUTOGLUON/bin/python

Each rival has an environment of its own (``pip install "flaml[automl]" catboost``;
``pip install "autogluon.tabular[lightgbm,catboost,xgboost]"``); its settings stand in ``rivals.py``.  ``FOLDER`` holds a
folder for each labelled set: ``train.fasta`` and ``test.fasta`` (or ``.gz``) with headers ``>id|label``, and
``meta.json`` with ``alphabet`` and ``problem``.

What is equal: the training records, the seconds, the threads, and no look at the test labels.  What speaks for the
rivals: their table is computed before their clock starts; their seconds begin with their search, ours with the start of
the command; they give predictions alone, where ours also estimates its own accuracy, keeps related records in one fold
and writes a report.  What speaks for ours: it chooses among all its descriptors, those that learn from labels included,
where the rivals have the broad table; FLAML is asked for log loss and AutoGluon has no neural networks here (no torch).

``wall`` is the truth about each: start to end of the process that fits and predicts (ours: of the two commands).  A fit
that took more than a tenth (at least 5 s) above its seconds is marked late: FLAML stops its search in time, but then
trains its choice on all records without a limit, and keeps that here.  A run ends as failed after three times its
seconds and 300 more.

Test records whose very sequence is a training record are left out of the scores.  Whether a difference is more than
the choice of test records is told by a paired bootstrap of them.  With ``--json`` a run goes on where it stopped;
what failed is tried again.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import gzip
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
from Bio.SeqIO.FastaIO import SimpleFastaParser

import bioautofeat
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.evaluation.metrics import METRICS, score
from bioautofeat.extraction import Extractor
from bioautofeat.io import read_fasta
from bioautofeat.terms.base import Training

SETS = "quorum_sensing,acp_main,promoter_sigma70,pre_mirna,splice_uci"
OURS = "bioautofeat"
WORKER = Path(__file__).with_name("rivals.py")
SHOWN = {"classification": ("mcc", "acc", "auc"), "regression": ("r2", "spearman", "rmse")}
"""Measures of each task; the first is what all are asked for and what differences are taken of."""

RESAMPLES = 2000


@dataclass(frozen=True)
class LabelledSet:
    """A set of the suite: letters and labels of both parts."""

    name: str
    alphabet: str
    task: str
    training: list
    test: list

    @cached_property
    def classes(self):
        return sorted({label for _, label in self.training}) if self.task == "classification" else []

    def truth(self, part):
        """Codes of classes, or values."""
        if self.task == "regression":
            return np.array([float(label) for _, label in part])
        codes = {name: code for code, name in enumerate(self.classes)}
        return np.array([codes[label] for _, label in part])

    @cached_property
    def new(self):
        """Which test records are no copies of training records."""
        known = {letters for letters, _ in self.training}
        return np.array([letters not in known for letters, _ in self.test])


def read_part(folder, part):
    """Letters and label of each record."""
    path = next(path for path in (folder / f"{part}.fasta", folder / f"{part}.fasta.gz") if path.exists())
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as handle:
        return [(letters.upper(), title.split()[0].rsplit("|", 1)[1]) for title, letters in SimpleFastaParser(handle)]


def read_set(folder):
    """A set from its folder."""
    meta = json.loads((folder / "meta.json").read_text())
    task = "regression" if meta["problem"] == "regression" else "classification"
    return LabelledSet(folder.name, meta["alphabet"], task, read_part(folder, "train"), read_part(folder, "test"))


def write_fasta(path, part, labelled):
    """FASTA of a part under names of our own; the test part goes without its labels."""
    with path.open("w") as handle:
        handle.writelines(
            f">r{row}{'|' + label if labelled else ''}\n{letters}\n" for row, (letters, label) in enumerate(part)
        )
    return path


def write_table(data, options, folder):
    """The broad table of both parts, as ``fit`` would compute it: learnt, where it learns, from training records."""
    start = time.perf_counter()
    training, test = (
        read_fasta(write_fasta(folder / f"{name}.fasta", part, False), data.alphabet)
        for name, part in (("train", data.training), ("test", data.test))
    )
    specs = choose_blocks(training)["broad"]
    longest = int(training.lengths.max())
    extractor = Extractor.of(specs, training.alphabet).fit(Training(longest, training))
    rows = [extractor.transform(part, short="zero", threads=options.threads) for part in (training, test)]
    np.savez(folder / "table.npz", training=rows[0], labels=data.truth(data.training), test=rows[1])
    return {"columns": extractor.width, "specs": list(specs), "table_seconds": round(time.perf_counter() - start, 1)}


def timed(command, log, options, **where):
    """Wall seconds of a command; raises with its last line where it fails, or after three times its seconds and 300 more."""
    start, limit = time.perf_counter(), 3 * options.seconds + 300
    with log.open("ab") as handle:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=handle, stderr=handle, stdin=subprocess.DEVNULL,
            start_new_session=True, **where,
        )  # fmt: skip
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(limit)
        finally:
            late = process.poll() is None
            if late:  # with all that it started
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
    seconds = time.perf_counter() - start
    if code:
        lines = log.read_text(errors="replace").strip().splitlines()
        raise RuntimeError(
            f"not done after {limit:g} s" if late else f"exit {code}: {lines[-1] if lines else 'no word'}"
        )
    return seconds


def run_ours(data, options, folder):
    """Our two commands: what they took, and their predictions of the test part."""
    train = write_fasta(folder / "train.fasta", data.training, True)
    test = write_fasta(folder / "test.fasta", data.test, False)
    ours, log, out = [sys.executable, "-m", "bioautofeat"], folder / "log.txt", folder / "predictions.csv"
    task = ["--labels", "header", "--alphabet", data.alphabet, "--task", data.task]
    limits = ["--time-budget", options.seconds, "--threads", options.threads, "--seed", options.seed]
    fit = timed([*ours, "fit", train, *task, *limits, "-o", folder / "run"], log, options)
    wall = fit + timed([*ours, "predict", folder / "run" / "model.baf", test, "-o", out], log, options)
    with out.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    if [row["id"] for row in rows] != [f"r{place}" for place in range(len(data.test))]:
        raise RuntimeError("the predictions are not of the test records in their order")
    with (folder / "run" / "leaderboard.csv").open(newline="") as handle:
        chosen = next(csv.DictReader(handle))["model"]
    told = {"wall": wall, "fit_seconds": fit, "chosen": chosen, "versions": our_versions()}
    if data.task == "regression":
        return np.array([float(row["prediction"]) for row in rows]), None, told
    scores = np.array([[float(row[f"p_{name}"]) for name in data.classes] for row in rows])
    return scores, np.array([data.classes.index(row["prediction"]) for row in rows]), told


def run_rival(name, data, options, folder):
    """A rival in its own environment: what it took, and its predictions of the test part."""
    table, out, log = write_table(data, options, folder), folder / "predictions.npz", folder / "log.txt"
    python = options.flaml_python if name == "flaml" else options.autogluon_python
    limits = ["--task", data.task, "--seconds", options.seconds, "--threads", options.threads, "--seed", options.seed]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(options.threads))
    command = [python, "-I", WORKER, name, folder / "table.npz", out, *limits]
    wall = timed(command, log, options, cwd=folder, env={**os.environ, **threads})
    with np.load(out) as found:
        classes = found["classes"].astype(int) if data.task == "classification" else None
        told = {"wall": wall, "fit_seconds": float(found["fit_seconds"]), "chosen": str(found["chosen"])}
        return found["scores"].astype(float), classes, {**told, **table, "versions": json.loads(str(found["versions"]))}


def our_versions():
    """Versions of what our models come from."""
    names = ("scikit-learn", "xgboost", "xgboost-cpu", "lightgbm", "viennarna", "numba", "numpy")
    found = {"python": platform.python_version(), OURS: bioautofeat.__version__}
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):  # an extra that is not installed
            found[name] = version(name)
    return found


def run_one(tool, data, options):
    """The row of a tool on a set; with the reason where it failed."""
    row = {
        "set": data.name, "tool": tool, "setting": setting(options), "task": data.task,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(), "load": round(os.getloadavg()[0], 1),
        "records": [len(data.training), len(data.test), int(data.new.sum())],
    }  # fmt: skip
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{data.name}_{tool}_", dir=options.keep)).resolve()
    try:
        run = run_ours(data, options, folder) if tool == OURS else run_rival(tool, data, options, folder)
    except (RuntimeError, OSError) as error:  # the others still run, and the row says why this one did not
        return {**row, "error": str(error)[:300]}
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    scores, classes, told = run
    new, truth = data.new, data.truth(data.test)
    found = score(data.task, truth[new], scores[new], None if classes is None else classes[new])
    predicted = (scores if classes is None else classes)[new]
    return {**row, **told, "scores": found, "truth": truth[new].tolist(), "predicted": predicted.tolist()}


def setting(options):
    """What rows must share to be compared."""
    return {"seconds": options.seconds, "threads": options.threads, "seed": options.seed}


def difference(ours, other, seed=0):
    """Our main score less the other's: the value and its 95 % interval over resampled test records."""
    measure = METRICS[SHOWN[ours["task"]][0]].measure
    truth, mine, theirs = (np.array(values) for values in (ours["truth"], ours["predicted"], other["predicted"]))
    picks = np.random.default_rng(seed).integers(0, len(truth), (RESAMPLES, len(truth)))
    resampled = [measure(truth[rows], mine[rows]) - measure(truth[rows], theirs[rows]) for rows in picks]
    low, high = np.quantile(resampled, (0.025, 0.975))
    return measure(truth, mine) - measure(truth, theirs), low, high


def print_scores(rows, task):
    """A table of all tools on the sets of a task."""
    names = SHOWN[task]
    print(f"\n| set | tool | {' | '.join(names)} | wall s | fit s | model |\n|---|---|{'--:|' * (len(names) + 2)}---|")
    for row in rows:
        if "error" in row:
            print(
                f"| {row['set']} | {row['tool']} |{' |' * (len(names) + 2)} failed: {row['error'].replace('|', '/')} |"
            )
            continue
        scores = " | ".join(f"{row['scores'][name]:.3f}" for name in names)
        given, took = row["setting"]["seconds"], row["fit_seconds"]
        late = " (late)" if took > max(1.1 * given, given + 5) else ""
        print(f"| {row['set']} | {row['tool']} | {scores} | {row['wall']:.1f} | {took:.1f}{late} | {row['chosen']} |")


def print_differences(rows):
    """Ours beside each rival: set by set, and in sum."""
    done = {(row["set"], row["tool"]): row for row in rows if "error" not in row}
    lines, sums = [], []
    for tool in dict.fromkeys(row["tool"] for row in rows if row["tool"] != OURS):
        both = [name for name, other in done if other == tool and (name, OURS) in done]
        found = [difference(done[name, OURS], done[name, tool]) for name in both]
        for name, (value, low, high) in zip(both, found, strict=True):
            lines.append(f"| {tool} | {name} | {value:+.3f} | {low:+.3f} to {high:+.3f} |")
        if found:
            above, below = sum(low > 0 for _, low, _ in found), sum(high < 0 for _, _, high in found)
            mean = np.mean([value for value, _, _ in found])
            rest = len(found) - above - below
            sums.append(f"- {tool}: mean {mean:+.3f}; better on {above}, worse on {below}, not told apart on {rest}")
    if sums:
        head = f"\n| {OURS} less | set | difference | 95 % interval |\n|---|---|--:|---|"
        print("\n".join([head, *lines, "", *sums]))


def print_versions(rows):
    """What was compared, where and when."""
    print()
    for tool in dict.fromkeys(row["tool"] for row in rows):
        told = {", ".join(f"{name} {is_}" for name, is_ in row["versions"].items()) for row in rows if row["tool"] == tool and "versions" in row}  # fmt: skip
        print(f"- {tool}: {'; or '.join(sorted(told)) or 'no run that ended'}")
    for row in {row["set"]: row for row in rows if "columns" in row}.values():
        training, test, new = row["records"]
        copies = f", {test - new} copies of training records left out" if test > new else ""
        print(
            f"- {row['set']}: {training} training and {test} test records{copies}; the rivals' table has {row['columns']} columns and took {row['table_seconds']} s, not counted"
        )
    dates, loads = sorted({row["date"] for row in rows}), [row["load"] for row in rows]
    print(f"- {' to '.join(dict.fromkeys((dates[0], dates[-1])))}, {os.cpu_count()} processors, {platform.machine()}")
    print(f"- load of the machine before each run: {min(loads)} to {max(loads)}")


def write_rows(path, rows):
    """A row a line, beside its place and renamed."""
    part = path.with_name(path.name + ".part")
    part.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    part.replace(path)


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", type=Path, required=True, metavar="FOLDER", help="a folder for each labelled set")
    parser.add_argument("--sets", default=SETS, help=f"names, by commas (default {SETS})")
    parser.add_argument("--rivals", default="flaml,autogluon", help="of flaml, autogluon, autogluon_best")
    parser.add_argument("--seconds", type=int, default=120, help="given to each fit (default 120)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--flaml-python", default=sys.executable, metavar="PATH", help="interpreter that has FLAML")
    parser.add_argument("--autogluon-python", default=sys.executable, metavar="PATH", help="the one that has AutoGluon")
    parser.add_argument("--json", type=Path, metavar="FILE", help="rows are kept here; those that are done stay")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the folder of each run, with its log")
    options = parser.parse_args()
    options.sets, options.rivals = options.sets.split(","), [name for name in options.rivals.split(",") if name]
    for name in options.sets:
        if not (options.suite / name / "meta.json").exists():
            parser.error(f"no set {name} in {options.suite}")
    for name in options.rivals:
        if name not in ("flaml", "autogluon", "autogluon_best"):
            parser.error(f"no rival {name}: there are flaml, autogluon and autogluon_best")
    for path in ("flaml_python", "autogluon_python"):
        found = shutil.which(getattr(options, path))
        if found is None:
            parser.error(f"--{path.replace('_', '-')}: no interpreter {getattr(options, path)}")
        setattr(options, path, os.path.abspath(found))
    return options


def main():
    """Every tool on every set, then the tables."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended too
    known = json.loads(options.json.read_text()) if options.json and options.json.exists() else []
    done = {(row["set"], row["tool"]): row for row in known if row["setting"] == setting(options)}
    others = [row for row in known if row["setting"] != setting(options)]
    wanted = [(name, tool) for name in options.sets for tool in (OURS, *options.rivals)]
    for name, tool in wanted:
        if "error" in done.get((name, tool), {"error": "not run yet"}):
            row = done[name, tool] = run_one(tool, read_set(options.suite / name), options)
            if options.json:
                write_rows(options.json, [*others, *done.values()])
            main_score = SHOWN[row["task"]][0]
            said = row.get("error") or f"{main_score} {row['scores'][main_score]:.3f}, {row['wall']:.0f} s"
            print(f"{name} {tool}: {said}", file=sys.stderr, flush=True)
    rows = [done[key] for key in wanted]
    print(f"{options.seconds} s, {options.threads} threads, seed {options.seed}")
    for task in SHOWN:
        if any(row["task"] == task for row in rows):
            print_scores([row for row in rows if row["task"] == task], task)
    print_differences(rows)
    print_versions(rows)


if __name__ == "__main__":
    main()
