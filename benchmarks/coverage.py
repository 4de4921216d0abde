"""Whether the estimates are true: how often the 95 % interval of a model holds what the model is worth on thousands of new records.

Run by hand::

    python -m benchmarks coverage --suite FOLDER --records 400 --repeats 6 --seconds 25 --json coverage.json

From the training part of each large set some records are drawn at random, whole groups of related records at a time; a model
is fitted to them with the usual search, and the records of all other groups tell what it is worth.  The data are thus alike
but for chance, and there are so many new records that their own chance is small: what is found is the truth of the estimate
itself, not a shift between two parts of a set.

``z`` is (estimate less truth) over the standard error that the model reports, joined with that of the new records.  Where
estimates are true its mean is 0, its standard deviation 1, and 95 % lie within 1.96.  Sets of few draws differ: what
counts is all of them together.  ``FOLDER`` is as for ``python -m benchmarks automl``.  With ``--json`` a run goes on
where it stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.automl import read_set
from bioautofeat import AutoClassifier, AutoRegressor
from bioautofeat.audit.words import related_groups
from bioautofeat.evaluation.estimate import intervals
from bioautofeat.sequences import Sequences

SETS = (
    "meth_4mc_fvesca,splice_uci,promoter_arabidopsis_nontata,lncrna_human,amp_pang,deeploc,ncrna_13,esol_solubility,"
    "rbs_activity,enhancer_2l,phage_virion,promoter_sigma70"
)
MOST_NEW = 4000
MEASURES = {"classification": ("mcc", "auc", "log_loss"), "regression": ("r2", "spearman")}


def drawn(groups, records, rng):
    """Rows of whole groups, about so many, and some of the others."""
    order = rng.permutation(int(groups.max()) + 1)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    ranked = np.argsort(place[groups], kind="stable")
    ends = np.flatnonzero(np.diff(place[groups][ranked], append=-1))
    cut = int(ends[np.searchsorted(ends, records - 1)]) + 1
    return np.sort(ranked[:cut]), np.sort(rng.permutation(ranked[cut:])[:MOST_NEW])


def sequences(data, rows=None):
    """Records of the training part, as the reader of files takes them."""
    taken = [letters for letters, _ in data.training] if rows is None else [data.training[i][0] for i in rows]
    return Sequences.from_strings(
        [t.replace("T", "U") for t in taken] if data.alphabet == "rna" else taken, data.alphabet
    )


def one(data, groups, draw, options):
    """Fit to a part, and what the others say of the estimate."""
    rows, new = drawn(groups, options.records, np.random.default_rng(draw))
    labels = np.array([label for _, label in data.training])
    if data.task == "classification":
        # a class that is not in the part cannot be predicted
        new = new[np.isin(labels[new], np.unique(labels[rows]))]

    kind = AutoClassifier if data.task == "classification" else AutoRegressor
    model = kind(time_budget=options.seconds, threads=options.threads, random_state=draw, alphabet=data.alphabet)
    model.fit(sequences(data, rows), labels[rows])
    if data.task == "classification":
        said = model.model_.predict(sequences(data, new), options.threads)
        place = {name: code for code, name in enumerate(said.classes)}
        truth, codes = (np.array([place[str(label)] for label in part]) for part in (labels[new], said.labels))
        found = intervals(data.task, truth, said.probabilities, codes, groups[new])
    else:
        found = intervals(data.task, labels[new].astype(float), model.predict(sequences(data, new)), None, groups[new])
    row = {"set": data.name, "draw": draw, "records": options.records, "seconds": options.seconds, "new": len(new)}
    row["folds"] = len(np.unique(model.result_.board.problem.folds))
    for name in MEASURES[data.task]:
        corrected, naive = model.result_.estimate.corrected[name], model.result_.estimate.naive[name]
        row[name] = {
            "estimate": corrected.value, "se": corrected.se, "low": corrected.low, "high": corrected.high,
            "naive": naive.value, "plain": naive.se,
            "truth": found[name].value, "truth_se": found[name].se,
        }  # fmt: skip
    return row


def z_of(cell):
    """Estimate less truth in standard errors."""
    return (cell["estimate"] - cell["truth"]) / np.hypot(cell["se"], cell["truth_se"])


def told(rows):
    """A line for each set and measure, then all together."""
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        for measure in ("mcc", "auc", "log_loss", "r2", "spearman"):
            cells = [row[measure] for row in own if measure in row]
            if cells:
                z = np.array([z_of(cell) for cell in cells])
                means = {key: np.mean([cell[key] for cell in cells]) for key in ("estimate", "truth", "se")}
                print(
                    f"{name:30} {measure:9} estimate {means['estimate']:.3f} truth {means['truth']:.3f} se {means['se']:.3f}"
                    f"  z {z.mean():+.2f} sd {z.std():.2f}  within {int((abs(z) <= 1.96).sum())}/{len(z)}"
                )
    for measures in (("mcc", "r2"), ("auc", "spearman"), ("log_loss",)):
        z = np.array([z_of(row[m]) for row in rows for m in measures if m in row])
        if len(z):
            inside = int((abs(z) <= 1.96).sum())
            print(
                f"{' '.join(measures)}: z mean {z.mean():+.2f}, root mean square {np.sqrt((z**2).mean()):.2f}, within {inside}/{len(z)}"
            )


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", type=Path, required=True, help="folder of labelled sets")
    parser.add_argument("--set", action="append", help=f"by default {SETS}")
    parser.add_argument("--records", type=int, default=400, help="records of a training part")
    parser.add_argument("--repeats", type=int, default=6, help="training parts of each set")
    parser.add_argument("--first", type=int, default=0, help="number of the first part")
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main():
    """Run what is not known yet; then say what came of all."""
    options = arguments()
    rows = json.loads(options.json.read_text()) if options.json and options.json.exists() else []
    rows = [row for row in rows if (row["records"], row["seconds"]) == (options.records, options.seconds)]
    known = {(row["set"], row["draw"]) for row in rows}
    names = options.set or SETS.split(",")
    sets = {name: read_set(options.suite / name) for name in names}
    groups = {name: related_groups(sequences(data)) for name, data in sets.items()}
    for draw in range(options.first, options.first + options.repeats):
        for name, data in sets.items():
            if (name, draw) in known or len(data.training) < 2 * options.records:
                continue
            rows.append(one(data, groups[name], draw, options))
            print(json.dumps(rows[-1]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1))
    told(rows)


if __name__ == "__main__":
    main()
