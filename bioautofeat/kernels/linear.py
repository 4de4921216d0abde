"""Row-wise sums whose bits depend on nothing but the row (a BLAS product depends on the shape of the batch)."""

from __future__ import annotations

from math import sqrt
from typing import Any

from bioautofeat._numba import njit

__all__ = ["apply_matrix", "apply_sparse_matrix", "divide_by_sum", "row_sum", "standardise_counts"]


@njit
def apply_matrix(values: Any, matrix: Any, out: Any) -> None:
    """Add ``values @ matrix`` to ``out``, skipping zeros; each row is summed in the order of its columns."""
    for s in range(values.shape[0]):
        row = out[s]
        for w in range(values.shape[1]):
            value = values[s, w]
            if value != 0.0:
                weights = matrix[w]
                for c in range(weights.size):
                    row[c] += value * weights[c]


@njit
def apply_sparse_matrix(values: Any, sources: Any, weights: Any, out: Any) -> None:
    """As :func:`apply_matrix`, for a matrix of which each column has few entries that are not zero.

    Layer ``e`` adds ``weights[e, c]`` times column ``sources[e, c]`` of the values to column ``c`` of ``out``; a
    column with fewer entries than layers is filled up with weights of 0.
    """
    for s in range(values.shape[0]):
        row, target = values[s], out[s]
        for e in range(sources.shape[0]):
            source, weight = sources[e], weights[e]
            for c in range(target.size):
                target[c] += row[source[c]] * weight[c]


@njit
def row_sum(row: Any) -> float:
    """Sum of a row, four sums at a time, because each addition has to wait for the one before it."""
    quarter = row.size // 4
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(quarter):
        a += row[i]
        b += row[quarter + i]
        c += row[2 * quarter + i]
        d += row[3 * quarter + i]
    for i in range(4 * quarter, row.size):
        a += row[i]
    return (a + b) + (c + d)


@njit
def divide_by_sum(values: Any, factor: float) -> None:
    """Divide each row by its sum and multiply it by a factor, in place; a row that sums to 0 or less stays as it is."""
    for s in range(values.shape[0]):
        row = values[s]
        total = row_sum(row)
        if total > 0.0:
            for i in range(row.size):
                row[i] = row[i] * factor / total


@njit
def standardise_counts(values: Any, expected: Any, scale: Any) -> None:
    """Turn each row of counts into ``(count / n - expected) * sqrt(n) * scale``, ``n`` its sum, in place.

    A row that sums to 0 or less stays as it is.
    """
    for s in range(values.shape[0]):
        row = values[s]
        total = row_sum(row)
        if total > 0.0:
            root = sqrt(total)
            for i in range(row.size):
                row[i] = (row[i] / total - expected[i]) * root * scale[i]
