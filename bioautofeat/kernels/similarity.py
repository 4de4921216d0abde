"""Records that share words or letters: joining records into groups, neighbours by deletion, edit distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["deletion_variants", "join_by_words", "within_edits"]


@njit
def _root(parent: Any, node: int) -> int:
    """Representative of a record's group; the path to it is halved on the way."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit
def join_by_words(
    words: Any, bounds: Any, holders: Any, holder_bounds: Any, needed: Any, cap: int, parent: Any
) -> None:
    """Join each record with the earlier ones that share as many words as either of the two needs.

    ``words[bounds[r]:bounds[r + 1]]`` are the distinct words of record ``r``; ``holders[holder_bounds[w]:
    holder_bounds[w + 1]]`` are the records that hold word ``w``, rising; only the first ``cap`` of them are
    looked at.  ``needed`` (float64) has a number of words for each record.  ``parent`` (each record its own) becomes a forest.
    """
    n = bounds.size - 1
    shared = np.zeros(n, np.int64)
    touched = np.zeros(n, np.int64)
    for r in range(n):
        n_touched = 0
        for i in range(bounds[r], bounds[r + 1]):
            start = holder_bounds[words[i]]
            for j in range(start, min(holder_bounds[words[i] + 1], start + cap)):
                other = holders[j]
                if other >= r:
                    break
                if shared[other] == 0:
                    touched[n_touched] = other
                    n_touched += 1
                shared[other] += 1
        for i in range(n_touched):
            other = touched[i]
            if shared[other] >= min(needed[r], needed[other]):
                left, right = _root(parent, r), _root(parent, other)
                if left != right:
                    parent[max(left, right)] = min(left, right)
            shared[other] = 0
    for r in range(n):
        parent[r] = _root(parent, r)


@njit
def deletion_variants(codes: Any, offsets: Any, edits: Any, bounds: Any, out: Any) -> None:
    """Write a hash of each sequence with up to ``edits[s]`` (0, 1 or 2) letters left out.

    ``out`` (int64) holds ``1 + L + L (L - 1) / 2`` hashes (fewer for fewer edits) of sequence ``s`` from
    ``bounds[s]`` on.  Sequences within that many edits of each other share a hash.
    """
    for s in range(offsets.size - 1):
        to = bounds[s]
        start, stop = offsets[s], offsets[s + 1]
        for first in range(start - 1, stop if edits[s] > 0 else start):
            last = stop if edits[s] > 1 and first >= start else first + 1
            for second in range(first, last):
                value = np.int64(1)
                for i in range(start, stop):
                    if i != first and i != second:
                        value = value * 1000003 + np.int64(codes[i]) + 7
                        value ^= value >> 29
                out[to] = value
                to += 1


@njit
def within_edits(codes: Any, offsets: Any, left: Any, right: Any, limits: Any, close: Any) -> None:
    """Set ``close[p]`` to 1 where the sequences of pair ``p`` are at most ``limits[p]`` edits apart (a banded table)."""
    for p in range(left.size):
        a, b, limit = offsets[left[p]], offsets[right[p]], limits[p]
        n, m = offsets[left[p] + 1] - a, offsets[right[p] + 1] - b
        close[p] = 0
        if abs(n - m) > limit:
            continue
        row = np.arange(m + 1)
        for i in range(1, n + 1):
            corner = row[0]
            row[0] = i
            low, high = max(1, i - limit), min(m, i + limit)
            if low > 1:
                corner = row[low - 1]
                row[low - 1] = limit + 1
            for j in range(low, high + 1):
                above = row[j] if j < i + limit else limit + 1
                best = corner + (codes[a + i - 1] != codes[b + j - 1])
                best = min(best, above + 1, row[j - 1] + 1)
                corner = row[j]
                row[j] = best
        close[p] = 1 if row[m] <= limit else 0
