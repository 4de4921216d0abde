"""Whether a searched network is better than the best of as many random ones, in the same time.

Run by hand, on a machine that does nothing else, with torch::

    python -m benchmarks networks --suite FOLDER --seconds 300 --seeds 3 --json networks.json
    python -m benchmarks networks --suite FOLDER --set splice_uci --strategy evolution --seconds 600 --seeds 1

Each strategy has the same space, evaluator, records, seeds and seconds; ``random`` is one of them, and the others are
compared with it, pair by pair (same set, same seed).  Each judges by a part of the training records, trains the best
networks it saw, and is scored once on the test part (without records whose sequence is a training record).  The
difference is a mean over all pairs with a 95 % interval by Student's t over the sets' own means, and over the pairs.

``FOLDER`` is as for ``python -m benchmarks automl``.  With ``--json`` a run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from benchmarks.automl import read_set
from bioautofeat.evaluation.metrics import score
from bioautofeat.nas.estimator import NASClassifier
from bioautofeat.sequences import Sequences

SETS = "splice_uci,promoter_arabidopsis_nontata,meth_4mc_fvesca,promoter_sigma70"
RIVAL = "random"


def sequences(part, alphabet):
    """Records of a part without their labels."""
    return Sequences.from_strings([letters for letters, _ in part], alphabet)


def one(data, strategy, seed, options):
    """Search, train, and score on the test part."""
    start, lines = time.perf_counter(), []
    model = NASClassifier(
        strategy=strategy, space=options.space, evaluator=options.evaluator, time_budget=options.seconds,
        alphabet=data.alphabet, threads=options.threads, random_state=seed, device=options.device, tell=lines.append,
    )  # fmt: skip
    model.fit(sequences(data.training, data.alphabet), [label for _, label in data.training])
    fitted = time.perf_counter() - start
    found = model.model_.predict(sequences(data.test, data.alphabet), options.threads)
    place = {name: code for code, name in enumerate(data.classes)}
    codes, kept, truth = np.array([place[label] for label in found.labels]), data.new, data.truth(data.test)
    measures = score("classification", truth[kept], found.probabilities[kept], codes[kept])
    measured = {name: float(measures[name]) for name in ("mcc", "acc", "auc")}
    return {
        "set": data.name, "strategy": strategy, "seed": seed, "seconds": options.seconds, "threads": options.threads,
        "space": options.space, "evaluator": options.evaluator, "took": round(fitted, 1),
        "tried": len(model.history_), "failed": sum(bool(row["error"]) for row in model.history_),
        "members": len(model.architectures_), "validation": round(model.score_, 4), **measured, "log": lines,
    }  # fmt: skip


def interval(differences):
    """Mean and the bounds of its 95 % interval by Student's t."""
    n, mean = len(differences), float(np.mean(differences))
    half = float(student.ppf(0.975, n - 1) * np.std(differences, ddof=1) / n**0.5) if n > 1 else float("nan")
    return mean, mean - half, mean + half


def told(rows, metric):
    """A line for each set and strategy, then the differences from the rival."""
    by = {(row["set"], row["strategy"], row["seed"]): row for row in rows}
    names = list(dict.fromkeys(row["set"] for row in rows))
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    for name in names:
        for strategy in strategies:
            own = [row for row in rows if row["set"] == name and row["strategy"] == strategy]
            if own:
                values = " ".join(f"{row[metric]:.3f}" for row in own)
                tried = " ".join(str(row["tried"]) for row in own)
                mean = np.mean([row[metric] for row in own])
                print(f"{name:30} {strategy:12} {metric} {mean:.4f} ({values}), networks tried {tried}")
    for strategy in strategies:
        pairs = {
            name: [
                row[metric] - by[name, RIVAL, row["seed"]][metric]
                for row in rows
                if row["set"] == name and row["strategy"] == strategy and (name, RIVAL, row["seed"]) in by
            ]
            for name in names
        }
        pairs = {name: found for name, found in pairs.items() if found}
        if strategy == RIVAL or not pairs:
            continue
        every = [value for found in pairs.values() for value in found]
        for what, values in (("pairs", every), ("sets", [float(np.mean(found)) for found in pairs.values()])):
            mean, low, high = interval(values)
            print(f"{strategy} less {RIVAL}: {metric} {mean:+.4f} ({low:+.4f} to {high:+.4f}, {len(values)} {what})")


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", type=Path, required=True, help="folder of labelled sets")
    parser.add_argument("--set", action="append", help=f"by default {SETS}")
    parser.add_argument("--strategy", action="append", help=f"by default evolution and {RIVAL}")
    parser.add_argument("--space", default="sequence")
    parser.add_argument("--evaluator", default="training")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--metric", default="mcc", choices=("mcc", "acc", "auc"))
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main():
    """Run what is not known yet; then say what came of all."""
    options = arguments()
    rows = json.loads(options.json.read_text()) if options.json and options.json.exists() else []
    fixed = ("seconds", "threads", "space", "evaluator")
    rows = [row for row in rows if all(row[name] == getattr(options, name) for name in fixed)]
    known = {(row["set"], row["strategy"], row["seed"]) for row in rows}
    for name in options.set or SETS.split(","):
        data = read_set(options.suite / name)
        for seed in range(options.seeds):
            for strategy in options.strategy or ["evolution", RIVAL]:
                if (name, strategy, seed) in known:
                    continue
                rows.append(one(data, strategy, seed, options))
                shown = {key: value for key, value in rows[-1].items() if key != "log"}
                print(json.dumps(shown), flush=True)
                if options.json:
                    options.json.write_text(json.dumps(rows, indent=1))
    told(rows, options.metric)


if __name__ == "__main__":
    main()
