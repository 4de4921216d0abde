"""What a fit will cost, before it is paid for: operations by formula, seconds by what this machine has shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bioautofeat.terms.structure import folding_seconds

__all__ = ["BOOSTERS", "FORESTS", "CostModel", "free_memory", "memory_of", "operations", "small_round", "table_seconds"]

RATES = {
    "logistic": 4e-10, "ridge": 2e-10, "lda": 6e-10, "svm": 5e-11, "nystroem": 1.4e-10, "knn": 5e-11,
    "extra_trees": 1.6e-7, "random_forest": 3e-7, "xgboost": 4.5e-10, "hist_boosting": 2e-9, "lightgbm": 4.5e-10,
    "catboost": 7.5e-10, "network": 1e-10, "kernel_svm": 6e-11, "kernel_knn": 5e-11,
}  # fmt: skip
"""Seconds for one operation of each model on one thread; a start, corrected by every fit."""

BOOSTERS = ("xgboost", "hist_boosting", "lightgbm", "catboost")

FORESTS = {"extra_trees": 200, "random_forest": 300}
"""Trees of a forest of which nothing else is said."""

OVERHEAD = 0.05
"""Seconds of a fit of nothing."""


def operations(model: str, values: Mapping[str, Any], rows: int, columns: int, classes: int) -> float:
    """Operations of one fit, up to a factor that belongs to the model."""
    several = classes if classes > 2 else 1
    n, d = float(rows), float(columns)

    def number(name: str, default: float) -> float:
        return float(values.get(name, default))

    if model in ("xgboost", "hist_boosting"):
        # histograms of all rows at each level, then the best cut of each column at each node; sampling saves little
        share = max(0.7, number("column_share", 1.0) * number("row_share", 1.0))
        tree = n * d * number("depth", 4) + 1000 * d * 2 ** number("depth", 4)
        return 280 * n * d + number("rounds", 100) * several * share * tree
    if model in ("lightgbm", "catboost"):
        # columns that exclude each other are bundled: a round is cheaper than its columns say
        size = math.log2(number("leaves", 15)) if model == "lightgbm" else number("depth", 5)
        share = 0.3 + 0.7 * number("column_share", 1.0)
        return 400 * n * d + number("rounds", 100) * several * share * (n * d * size + 1000 * d * 2**size)
    if model in FORESTS:
        ways = {"tenth": d / 10, "third": d / 3, "all": d, "log2": math.log2(d + 1)}
        tried = ways.get(str(values.get("columns", "sqrt")), math.sqrt(d))
        depth = max(1.0, math.log2(n / number("leaf", 1) + 1))
        return number("trees", FORESTS[model]) * n * depth * max(1.0, tried) / 10
    if model == "svm":
        return n * n * (d + 30 * math.sqrt(n) + 60 * several)
    if model == "network":
        from bioautofeat.nas.member import operations as of_network

        return of_network(values, rows, columns)
    if model == "kernel_svm":
        return n * n * (30 * math.sqrt(n) + 60 * several)
    if model == "kernel_knn":
        # the table is sorted row by row
        return 30 * n * n + 1e5
    if model == "nystroem":
        landmarks = min(n, number("landmarks", 1000))
        return n * landmarks * (d + 60 * several) + landmarks**3
    if model == "knn":
        # fitted at once; the cost is that of comparing each record with all
        return n * n * d / 2 + 1e5
    if model in ("ridge", "lda"):
        return n * min(n, d) * max(1.0, min(n, d) / 4) + 20 * n * d * max(1, classes)
    return n * d * 60 * several


def small_round(model: str, values: Mapping[str, Any], rows: int) -> tuple[dict[str, Any], int] | None:
    """Other values and fewer rows that make a fit short, and let its full cost be told; None where there is no such way."""
    if model in BOOSTERS:
        return {"rounds": 10}, rows
    if model in FORESTS:
        return {"trees": 10}, rows
    if model == "network":
        return {"epochs": 1}, rows
    if model in ("svm", "nystroem", "logistic", "ridge", "lda"):
        return {}, max(100, rows // 5)
    return None


def memory_of(model: str, rows: int, columns: int) -> float:
    """Bytes that a fit needs beside the data themselves."""
    table = 4.0 * rows * columns
    if model == "svm":
        return 3 * table + 16.0 * rows * rows
    if model in (*FORESTS, *BOOSTERS):
        return 3 * table
    return 5 * table


def table_seconds(spec: str, lengths: NDArray[Any], threads: int) -> float:
    """Seconds that a dear descriptor takes for records of these lengths, roughly; 0 for all others."""
    if spec.partition(":")[0] == "structure":
        return float(folding_seconds(lengths).sum()) / max(1, threads)
    return 0.0


def free_memory() -> float | None:
    """Bytes that may still be used without swapping, by what the system says; None where it says nothing."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return 1024.0 * int(text.partition("MemAvailable:")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return None


class CostModel:
    """Seconds of fits on this machine.

    Parameters
    ----------
    classes : int
    threads : int
    """

    def __init__(self, classes: int, threads: int = 1) -> None:
        self.classes, self.threads = classes, threads
        self.factors: dict[str, float] = {}
        self.seen: list[float] = []
        self.common = 1.0

    def gain(self, model: str, threads: int) -> float:
        """How much faster so many threads make a model."""
        parallel = model in (*FORESTS, *BOOSTERS)
        return max(1.0, 0.75 * threads) if parallel else 1.0

    def _raw(self, model: str, values: Mapping[str, Any], rows: int, columns: int) -> float:
        work = operations(model, values, rows, columns, self.classes)
        return OVERHEAD + RATES.get(model, 3e-9) * work / self.gain(model, self.threads)

    def seconds(self, model: str, values: Mapping[str, Any], rows: int, columns: int) -> float:
        """Predicted seconds of one fit."""
        return self.factors.get(model, self.common) * self._raw(model, values, rows, columns)

    def knows(self, model: str) -> bool:
        """Whether a fit of this model has been seen."""
        return model in self.factors

    def observe(self, model: str, values: Mapping[str, Any], rows: int, columns: int, seconds: float) -> None:
        """Note how fast the machine is, from a fit too small to say much of the model itself."""
        self.seen.append(seconds / self._raw(model, values, rows, columns))
        self._trust()

    def _trust(self) -> None:
        ratios = [*self.factors.values(), *self.seen]
        # models not seen yet are trusted half way to what the others have shown
        self.common = math.exp(sum(map(math.log, ratios)) / (len(ratios) + 1))

    def learn(self, model: str, values: Mapping[str, Any], rows: int, columns: int, seconds: float) -> None:
        """Correct the predictions by what a fit has taken."""
        ratio = seconds / self._raw(model, values, rows, columns)
        known = self.factors.get(model)
        self.factors[model] = ratio if known is None else math.sqrt(known * ratio)
        self._trust()
