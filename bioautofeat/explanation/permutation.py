"""Permutation importance: what is lost where columns no longer belong to their records.

Breiman 2001, Machine Learning 45:5, for blocks of columns as well as for single ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.explanation.subject import Subject, used_columns

__all__ = [
    "Importance",
    "Permuter",
    "block_importance",
    "feature_importance",
    "find_features",
    "outputs_of_tables",
    "swapped",
]

Array = NDArray[Any]
Tell = Callable[[int, int], None]

CELLS = 1 << 23
"""About so many cells of permuted tables are held at a time (64 MB)."""


def swapped(rows: Any, other: Any, start: int, stop: int) -> Any:
    """Rows with the columns ``start`` to ``stop`` of other rows, dense or sparse; the given ones stay as they are."""
    if hasattr(rows, "toarray"):
        from scipy.sparse import hstack

        return hstack([rows[:, :start], other[:, start:stop], rows[:, stop:]], format="csr")
    found = rows.copy()
    found[:, start:stop] = other[:, start:stop]
    return found


def outputs_of_tables(subject: Subject, tables: Iterable[Any]) -> list[NDArray[np.float64]]:
    """Outputs of tables of one shape, joined as memory allows: every prediction has a cost of its own."""
    waiting: list[Any] = []
    found: list[NDArray[np.float64]] = []

    def flush() -> None:
        if not waiting:
            return
        if hasattr(waiting[0], "toarray"):
            from scipy.sparse import vstack

            joined = vstack(waiting, format="csr")
        else:
            joined = np.concatenate(waiting)
        found.extend(np.split(subject.outputs(joined), len(waiting)))
        waiting.clear()

    for table in tables:
        waiting.append(table)
        if (len(waiting) + 1) * table.shape[0] * table.shape[1] > CELLS:
            flush()
    flush()
    return found


TOGETHER = 4
"""Parts of blocks that are halved at a time."""


@dataclass(frozen=True, eq=False)
class Importance:
    """What permuting some columns does, one number a repeat.

    Parameters
    ----------
    start, stop : int
        The columns.
    change : ndarray, shape (repeats,)
        Mean change of a record's prediction: half the sum of the absolute changes of its probabilities (the share that
        moves to other classes), or the absolute change of its value.
    drop : ndarray, shape (repeats,), optional
        How much worse the metric becomes; None where no labels are known.
    alone : ndarray, shape (repeats,), optional
        How much of what is lost by permuting all columns these bring back by themselves.
    """

    start: int
    stop: int
    change: NDArray[np.float64]
    drop: NDArray[np.float64] | None = None
    alone: NDArray[np.float64] | None = None

    @property
    def main(self) -> NDArray[np.float64]:
        """The drop where it is known, else the change."""
        return self.change if self.drop is None else self.drop

    @property
    def order(self) -> tuple[float, float, int]:
        """Key that sorts the most important first."""
        return (-float(self.main.mean().round(12)), -float(self.change.mean().round(12)), self.start)


class Permuter:
    """Records, what the model says of them, and the permutations that every set of columns is given alike.

    Parameters
    ----------
    subject : Subject
    rows : ndarray or csr_matrix, shape (n, columns)
    truth : ndarray, shape (n,), optional
        Codes of classes, or values.
    metric : str
    repeats : int
    rng : numpy.random.Generator
    """

    def __init__(
        self, subject: Subject, rows: Any, truth: Array | None, metric: str, repeats: int, rng: np.random.Generator
    ) -> None:
        self.subject, self.rows, self.truth = subject, rows, truth
        self.metric = METRICS[metric]
        self.outputs = subject.outputs(rows)
        self.orders = [rng.permutation(rows.shape[0]) for _ in range(repeats)]

    @cached_property
    def value(self) -> float:
        """The metric as things are; 0 where no labels are known."""
        return 0.0 if self.truth is None else self._measure(self.outputs)

    def _measure(self, outputs: Array) -> float:
        assert self.truth is not None
        seen: dict[str, Callable[[], Array]] = {
            "classes": lambda: self.subject.labels(outputs),
            "probabilities": lambda: outputs,
            "values": lambda: outputs[:, 0],
        }
        return self.metric.measure(self.truth, seen[self.metric.sees]())

    def change(self, outputs: Array) -> float:
        """Mean change of a prediction."""
        share = 0.5 if self.subject.classifies else 1.0
        return float(share * np.abs(outputs - self.outputs).sum(axis=1).mean()) if len(outputs) else 0.0

    def drop(self, outputs: Array) -> float:
        """How much worse the metric is, whichever way it runs."""
        return self.metric.sign * (self.value - self._measure(outputs))

    def permuted(self, repeat: int, start: int, stop: int) -> Any:
        """The table with some columns permuted."""
        return swapped(self.rows, self.rows[self.orders[repeat]], start, stop)

    def kept(self, repeat: int, start: int, stop: int) -> Any:
        """The table with all columns but some permuted."""
        return swapped(self.rows[self.orders[repeat]], self.rows, start, stop)

    def importance(self, start: int, stop: int, alone: bool = False) -> Importance:
        """What some columns matter."""
        repeats = range(len(self.orders))
        lost = outputs_of_tables(self.subject, (self.permuted(r, start, stop) for r in repeats))
        change = np.array([self.change(outputs) for outputs in lost])
        drop = None if self.truth is None else np.array([self.drop(outputs) for outputs in lost])
        if not alone:
            return Importance(start, stop, change, drop)
        loss = self.change if self.truth is None else self.drop
        kept = outputs_of_tables(self.subject, (self.kept(r, start, stop) for r in repeats))
        back = [loss(self.outputs[order]) - loss(outputs) for order, outputs in zip(self.orders, kept, strict=True)]
        return Importance(start, stop, change, drop, np.array(back))

    def nothing(self, start: int, stop: int, alone: bool = False) -> Importance:
        """What columns matter that the model does not look at."""
        zeros = np.zeros(len(self.orders))
        return Importance(start, stop, zeros, None if self.truth is None else zeros, zeros if alone else None)


def block_importance(permuter: Permuter, tell: Tell = lambda done, total: None) -> list[Importance]:
    """Importance of each block of the subject, in the order of the blocks."""
    blocks, used = permuter.subject.blocks, used_columns(permuter.subject.model.predictor)
    found = []
    for done, block in enumerate(blocks):
        measure = permuter.importance if used[block.start : block.stop].any() else permuter.nothing
        found.append(measure(block.start, block.stop, alone=True))
        tell(done + 1, len(blocks))
    return found


def find_features(permuter: Permuter, passes: int, tell: Tell = lambda done, total: None) -> list[int]:
    """Columns whose permutation changes predictions most, the largest change first.

    Blocks are halved again and again, always the part that changes predictions most, until ``passes`` parts have been
    permuted: with thousands of columns the few that matter are found without trying each.  Exact where ``passes`` is
    more than twice the number of columns.
    """
    used = np.flatnonzero(used_columns(permuter.subject.model.predictor))
    left = passes
    waiting: list[tuple[float, int, int]] = []
    single: list[tuple[float, int]] = []

    def look(parts: list[tuple[int, int]]) -> None:
        """Permute parts of the used columns, each by itself."""
        tables = (permuter.permuted(0, int(used[first]), int(used[last - 1]) + 1) for first, last in parts)
        for (first, last), outputs in zip(parts, outputs_of_tables(permuter.subject, tables), strict=True):
            if last - first == 1:
                single.append((-permuter.change(outputs), int(used[first])))
            else:
                heapq.heappush(waiting, (-permuter.change(outputs), first, last))

    bounds = [np.searchsorted(used, [block.start, block.stop]).tolist() for block in permuter.subject.blocks]
    looked_at = [(first, last) for first, last in bounds if last > first]
    look(looked_at)
    left -= len(looked_at)
    while waiting and left > 0:
        # a few at a time, for every prediction has a cost of its own
        parts = [heapq.heappop(waiting)[1:] for _ in range(min(TOGETHER, len(waiting)))]
        halves = [half for first, last in parts for half in ((first, (first + last) // 2), ((first + last) // 2, last))]
        look(halves)
        left -= len(halves)
        tell(passes - max(left, 0), passes)
    return [column for _, column in sorted(single)]


def feature_importance(
    permuter: Permuter, columns: list[int], tell: Tell = lambda done, total: None
) -> list[Importance]:
    """Importance of single columns, the most important first."""
    found = []
    for done, column in enumerate(columns):
        found.append(permuter.importance(column, column + 1))
        tell(done + 1, len(columns))
    return sorted(found, key=lambda row: row.order)
