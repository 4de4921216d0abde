"""What each strategy finds on a table of trained architectures, beside what the literature's methods reach there.

Run by hand::

    python benchmarks/nas.py                                            # the package's own table, every set of it
    python benchmarks/nas.py nb201_compact.csv --set cifar10            # half an hour
    python benchmarks/nas.py nb201_compact.csv --set cifar100 --only local tpe --seeds 20 --trials 50 200

NAS-Bench-201: a strategy sees the validation accuracy after 12 epochs, its pick is judged by the test accuracy after
200.  Our own: it sees the mean validation score, its pick is judged by the mean test score.  A repeated question costs.
``seen`` is the score by which the pick was made, which tells strategies of a small table better apart than the test score.

``ROWS`` holds what an independent implementation reached on NAS-Bench-201: mean, standard deviation over seeds, seeds.
A strategy agrees where its own mean is no lower than ``mean - 3 sqrt(sd^2 (1 / seeds + 1 / ours)) - .05``.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from pathlib import Path

from bioautofeat.errors import ParameterError
from bioautofeat.nas.bench import OWN, contest, picks, read_benchmark
from bioautofeat.nas.strategies import ASKING

ROWS = {
    ("cifar10", "random", 50): (93.48, 0.59, 500),
    ("cifar10", "random", 100): (93.73, 0.38, 500),
    ("cifar10", "random", 200): (93.88, 0.26, 500),
    ("cifar10", "random", 500): (94.02, 0.22, 500),
    ("cifar10", "evolution", 50): (93.53, 0.66, 500),
    ("cifar10", "evolution", 100): (93.92, 0.39, 500),
    ("cifar10", "evolution", 200): (94.13, 0.26, 500),
    ("cifar10", "evolution", 500): (94.29, 0.17, 500),
    ("cifar10", "reinforce", 50): (93.69, 0.53, 200),
    ("cifar10", "reinforce", 100): (93.93, 0.34, 200),
    ("cifar10", "reinforce", 200): (94.09, 0.28, 200),
    ("cifar10", "reinforce", 500): (94.18, 0.27, 200),
    ("cifar10", "local", 50): (93.89, 0.52, 500),
    ("cifar10", "local", 100): (94.15, 0.29, 500),
    ("cifar10", "local", 200): (94.28, 0.20, 500),
    ("cifar10", "local", 500): (94.37, 0.05, 500),
    ("cifar10", "tpe", 50): (93.89, 0.48, 30),
    ("cifar10", "tpe", 200): (94.31, 0.17, 15),
    ("cifar10", "smbo", 50): (93.70, 0.60, 15),
    ("cifar100", "random", 200): (71.63, 0.92, 500),
    ("cifar100", "evolution", 200): (72.45, 0.74, 500),
    ("cifar100", "reinforce", 200): (72.50, 0.82, 200),
    ("cifar100", "local", 200): (72.66, 0.64, 500),
}
SLOW = {"smbo": 40, "tpe": 100, "controller": 200}
"""Seeds of the strategies that take long, and are asked for no more than 200 trials."""

LEFT_OUT = ("grid", "halving", "templates")
"""What a table of one fidelity, and one random order of points, says nothing of."""


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
    parser.add_argument("table", nargs="?", default=OWN, type=Path, help="a CSV file (default: the package's own)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME", help="of the table (default: all of our own)"
    )
    parser.add_argument("--only", nargs="+", default=[name for name in ASKING if name not in LEFT_OUT])
    parser.add_argument("--trials", nargs="+", type=int, help="default 50 100 200 500; of our own 10 20 40 80")
    parser.add_argument("--seeds", type=int, help="of every strategy; by default 200, fewer for slow ones")
    return parser.parse_args()


def compared(table, name, strategies, trials, seeds_asked):
    """A line for each strategy and number of trials."""
    print(f"{name}: the best of the table has {table.best:.3f}")
    for strategy in strategies:
        if strategy not in ASKING:
            raise ParameterError(f"{strategy} asks for no trials")
        most = 200 if strategy in SLOW else max(trials)
        numbers = [number for number in sorted(trials) if number <= most]
        seeds, start = seeds_asked or SLOW.get(strategy, 200), time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = picks(table, strategy, numbers, seeds)
        seconds = (time.perf_counter() - start) / seeds
        for number, scores, seen in zip(numbers, *found.T, strict=True):
            spread = scores.std(ddof=1) if seeds > 1 else 0.0
            said = f"{scores.mean():.4f} +-{spread:.4f}, seen {seen.mean():.4f} ({seeds} seeds)"
            print(f"{strategy:10} {number:4} trials {said} {verdict(ROWS.get((name, strategy, number)), scores)}")
        print(f"{strategy:10} {seconds:.2f} s a search", flush=True)


def main():
    """Each set of the table in turn."""
    options = arguments()
    with options.table.open(encoding="utf-8") as handle:
        own = handle.readline().startswith("#")
    trials = options.trials or ([10, 20, 40, 80] if own else [50, 100, 200, 500])
    for name in options.set or (read_benchmark(options.table).tasks if own else [None]):
        compared(contest(options.table, name), name, options.only, trials, options.seeds)


if __name__ == "__main__":
    main()
