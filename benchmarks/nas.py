"""What each strategy finds on a table of trained architectures, beside what the literature's methods reach there.

Run by hand, with the path of a table::

    python benchmarks/nas.py nb201_compact.csv                        # every strategy, half an hour
    python benchmarks/nas.py nb201_compact.csv --only local tpe --seeds 20 --trials 50 200
    python benchmarks/nas.py nb201_compact.csv --data c100
    python benchmarks/nas.py our_table.csv --task promoter            # the package's own benchmark of sequences

NAS-Bench-201: a strategy sees the validation accuracy after 12 epochs, its pick is judged by the test accuracy after
200.  Our own: it sees the mean validation score, its pick is judged by the mean test score.  A repeated question costs.

``ROWS`` holds what an independent implementation reached on NAS-Bench-201: mean, standard deviation over seeds, seeds.
A strategy agrees where its own mean is no lower than ``mean - 3 sqrt(sd^2 (1 / seeds + 1 / ours)) - .05``.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from pathlib import Path

import numpy as np

from bioautofeat.errors import ParameterError
from bioautofeat.nas.evaluators.tabular import NB201_DATA, nb201
from bioautofeat.nas.strategies import ASKING, asking_strategy
from bioautofeat.search import run

ROWS = {
    ("c10", "random", 50): (93.48, 0.59, 500),
    ("c10", "random", 100): (93.73, 0.38, 500),
    ("c10", "random", 200): (93.88, 0.26, 500),
    ("c10", "random", 500): (94.02, 0.22, 500),
    ("c10", "evolution", 50): (93.53, 0.66, 500),
    ("c10", "evolution", 100): (93.92, 0.39, 500),
    ("c10", "evolution", 200): (94.13, 0.26, 500),
    ("c10", "evolution", 500): (94.29, 0.17, 500),
    ("c10", "reinforce", 50): (93.69, 0.53, 200),
    ("c10", "reinforce", 100): (93.93, 0.34, 200),
    ("c10", "reinforce", 200): (94.09, 0.28, 200),
    ("c10", "reinforce", 500): (94.18, 0.27, 200),
    ("c10", "local", 50): (93.89, 0.52, 500),
    ("c10", "local", 100): (94.15, 0.29, 500),
    ("c10", "local", 200): (94.28, 0.20, 500),
    ("c10", "local", 500): (94.37, 0.05, 500),
    ("c10", "tpe", 50): (93.89, 0.48, 30),
    ("c10", "tpe", 200): (94.31, 0.17, 15),
    ("c10", "smbo", 50): (93.70, 0.60, 15),
    ("c100", "random", 200): (71.63, 0.92, 500),
    ("c100", "evolution", 200): (72.45, 0.74, 500),
    ("c100", "reinforce", 200): (72.50, 0.82, 200),
    ("c100", "local", 200): (72.66, 0.64, 500),
}
SLOW = {"smbo": 40, "tpe": 100, "controller": 200}
"""Seeds of the strategies that take long, and are asked for no more than 200 trials."""

LEFT_OUT = ("grid", "halving", "templates")
"""What a table of one fidelity, and one random order of points, says nothing of."""


def picks(space, validation, test, name, trials, seeds):
    """Test scores of the best so far after each number of trials, shape ``(seeds, numbers)``."""
    found = []
    for seed in range(seeds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            strategy = asking_strategy(name, space, None)
            told = run(strategy, lambda s: validation(s.point), trials=trials[-1], seed=seed).trials
        best = [max(told[:number], key=lambda trial: trial.merit) for number in trials]
        found.append([test(trial.point) for trial in best])
    return np.array(found)


def published(path, data):
    """Space and scores of NAS-Bench-201."""
    table = nb201(path)
    return (
        table.space,
        lambda point: table.score(point, f"{data}_val_12ep"),
        lambda point: table.score(point, f"{data}_test_200ep"),
        table.best(f"{data}_test_200ep"),
    )


def ours(path, task):
    """Space and scores of a benchmark made by ``tools/nas_benchmark.py``."""
    from bioautofeat.nas.bench import read_benchmark

    table = read_benchmark(path)
    chosen = task or table.tasks[0]
    return (
        table.space,
        lambda point: table.validation(point, chosen),
        lambda point: table.test(point, chosen),
        table.best(chosen)[1],
    )


def verdict(row, scores):
    """Whether a mean agrees with the row of an independent implementation."""
    if row is None:
        return ""
    mean, sd, n = row
    lowest = mean - 3 * sd * math.sqrt(1 / n + 1 / len(scores)) - 0.05
    return f"row {mean:.2f} +-{sd:.2f}: {'agrees' if scores.mean() >= lowest else 'BELOW'} (lowest {lowest:.2f})"


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", help="a CSV file")
    parser.add_argument("--data", default="c10", choices=sorted(NB201_DATA.values()))
    parser.add_argument("--task", help="set of sequences, for our own table")
    parser.add_argument("--only", nargs="+", default=[name for name in ASKING if name not in LEFT_OUT])
    parser.add_argument("--trials", nargs="+", type=int, default=[50, 100, 200, 500])
    parser.add_argument("--seeds", type=int, help="of every strategy; by default 200, fewer for slow ones")
    return parser.parse_args()


def main():
    """A line for each strategy and number of trials."""
    options = arguments()
    with Path(options.table).open(encoding="utf-8") as handle:
        known = handle.readline().startswith("index,arch")
    read = published(options.table, options.data) if known else ours(options.table, options.task)
    print(f"best of the table {read[3]:.3f}")
    for name in options.only:
        if name not in ASKING:
            raise ParameterError(f"{name} asks for no trials")
        most = 200 if name in SLOW else max(options.trials)
        trials = [number for number in sorted(options.trials) if number <= most]
        seeds, start = options.seeds or SLOW.get(name, 200), time.perf_counter()
        found = picks(*read[:3], name, trials, seeds)
        seconds = (time.perf_counter() - start) / seeds
        for number, scores in zip(trials, found.T, strict=True):
            row = ROWS.get((options.data, name, number)) if known else None
            spread = scores.std(ddof=1) if seeds > 1 else 0.0
            said = f"{scores.mean():.3f} +-{spread:.3f} ({seeds} seeds)"
            print(f"{name:10} {number:4} trials {said} {verdict(row, scores)}")
        print(f"{name:10} {seconds:.2f} s a search", flush=True)


if __name__ == "__main__":
    main()
