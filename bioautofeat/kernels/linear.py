"""Row-wise linear maps whose bits depend on nothing but the row (a BLAS product depends on the shape of the batch)."""

from __future__ import annotations

from typing import Any

from bioautofeat._numba import njit

__all__ = ["apply_matrix"]


@njit
def apply_matrix(values: Any, matrix: Any, out: Any) -> None:
    """Add ``values @ matrix`` to ``out``, skipping zeros; each row is summed in the order of its columns."""
    for s in range(values.shape[0]):
        for w in range(values.shape[1]):
            value = values[s, w]
            if value != 0.0:
                for c in range(matrix.shape[1]):
                    out[s, c] += value * matrix[w, c]
