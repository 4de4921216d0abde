"""Ranks of the columns of a table among some of its rows, from one sorting of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["rank_rows"]


@njit
def rank_rows(values: Any, order: Any, kept: Any, out: Any) -> None:
    """Write, for each column, the centred ranks of the kept rows, scaled to length 1.

    Parameters
    ----------
    values : ndarray of float64, shape (columns, n)
        A column of the table in each row.
    order : ndarray of int32, shape (columns, n)
        Rows in the order of their values, missing ones (NaN) last.
    kept : ndarray of int64, shape (n,)
        Place of each row in ``out``, negative for rows that take no part.
    out : ndarray of float64, shape (columns, m)
        Equal values have their mean rank; 0 for missing ones, and for constant columns.
    """
    n = values.shape[1]
    for column in range(values.shape[0]):
        start, count, squares = 0, 0, 0.0
        own, places, line = values[column], order[column], out[column]
        while start < n:
            stop, members = start, 0
            while stop < n and own[places[stop]] == own[places[start]]:
                members += kept[places[stop]] >= 0
                stop += 1
            if stop == start:
                break  # not equal to itself: from here on values are missing
            for i in range(start, stop):
                if kept[places[i]] >= 0:
                    line[kept[places[i]]] = count + 0.5 * (members + 1)
            squares += members * (count + 0.5 * (members + 1)) ** 2
            start, count = stop, count + members
        centre = 0.5 * (count + 1)
        length = np.sqrt(max(squares - count * centre * centre, 0.0))
        for i in range(start):
            if kept[places[i]] >= 0:
                line[kept[places[i]]] = (line[kept[places[i]]] - centre) / length if length > 1e-6 else 0.0
