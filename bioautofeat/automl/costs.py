"""What a fit will cost, before it is paid for: operations by formula, seconds by what this machine has shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["CostModel", "memory_of", "operations", "small_round"]

RATES = {
    "logistic": 2.5e-9, "ridge": 1.5e-9, "lda": 1.5e-9, "svm": 1.2e-9, "nystroem": 1.5e-9, "knn": 1.0e-9,
    "extra_trees": 6e-8, "random_forest": 6e-8, "xgboost": 2.2e-9, "hist_boosting": 4e-9,
}  # fmt: skip
"""Seconds for one operation of each model on one thread; a start, corrected by every fit."""

OVERHEAD = 0.05
"""Seconds of a fit of nothing."""


def operations(model: str, values: Mapping[str, Any], rows: int, columns: int, classes: int) -> float:
    """Operations of one fit, up to a factor that belongs to the model."""
    several = classes if classes > 2 else 1
    n, d = float(rows), float(columns)
    if model in ("xgboost", "hist_boosting"):
        depth, share = values.get("depth", 4), values.get("column_share", 1.0) * values.get("row_share", 1.0)
        return n * d * (20 + values.get("rounds", 100) * several * depth * share)
    if model in ("extra_trees", "random_forest"):
        tried = {"tenth": d / 10, "third": d / 3, "all": d, "log2": math.log2(d + 1)}.get(
            values.get("columns", "sqrt"), d**0.5
        )
        depth = max(1.0, math.log2(n / values.get("leaf", 1) + 1))
        return float(values.get("trees", 500)) * n * depth * max(1.0, tried) / 10
    if model == "svm":
        return n * n * (d + 30 * n**0.5 + 60 * several)
    if model == "nystroem":
        landmarks = min(n, values.get("landmarks", 1000))
        return n * landmarks * (d + 60 * several) + landmarks**3
    if model == "knn":
        return n * d + 1e5
    if model in ("ridge", "lda"):
        return n * min(n, d) * max(1.0, min(n, d) / 4) + n * d
    return n * d * 60 * several


def small_round(model: str, values: Mapping[str, Any], rows: int) -> tuple[dict[str, Any], int] | None:
    """Other values and fewer rows that make a fit short, and let its full cost be told; None where there is no such way."""
    if model in ("xgboost", "hist_boosting"):
        return {"rounds": 5}, rows
    if model in ("extra_trees", "random_forest"):
        return {"trees": 10}, rows
    if model in ("svm", "nystroem", "logistic", "ridge", "lda"):
        return {}, max(100, rows // 5)
    return None


def memory_of(model: str, rows: int, columns: int) -> float:
    """Bytes that a fit needs beside the data themselves."""
    table = 4.0 * rows * columns
    if model == "svm":
        return 3 * table + 16.0 * rows * rows
    if model in ("extra_trees", "random_forest", "xgboost", "hist_boosting"):
        return 3 * table
    return 5 * table


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
        self.common = 1.0

    def _threads_of(self, model: str) -> float:
        """How much faster more threads make a model."""
        parallel = model in ("extra_trees", "random_forest", "xgboost", "hist_boosting")
        return max(1.0, 0.75 * self.threads) if parallel else 1.0

    def _raw(self, model: str, values: Mapping[str, Any], rows: int, columns: int) -> float:
        work = operations(model, values, rows, columns, self.classes)
        return OVERHEAD + RATES.get(model, 3e-9) * work / self._threads_of(model)

    def seconds(self, model: str, values: Mapping[str, Any], rows: int, columns: int) -> float:
        """Predicted seconds of one fit."""
        return self.factors.get(model, self.common) * self._raw(model, values, rows, columns)

    def knows(self, model: str) -> bool:
        """Whether a fit of this model has been seen."""
        return model in self.factors

    def learn(self, model: str, values: Mapping[str, Any], rows: int, columns: int, seconds: float) -> None:
        """Correct the predictions by what a fit has taken."""
        ratio = seconds / self._raw(model, values, rows, columns)
        known = self.factors.get(model)
        self.factors[model] = ratio if known is None else math.sqrt(known * ratio)
        # other models are trusted half way to what this one has shown
        self.common = math.exp(sum(map(math.log, self.factors.values())) / (len(self.factors) + 1))
