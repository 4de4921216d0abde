"""Local alignment of every record with every target, sixteen targets at a time, and what their neighbours say."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["LANES", "column_distances", "local_scores", "neighbour_summaries"]

LANES = 16
"""Targets that are aligned side by side: the inner loop runs over them and becomes vector instructions."""


@njit
def _profile(packed: Any, start: int, length: int, matrix: Any, out: Any) -> None:
    """Score of each symbol against each letter of a group of targets: ``out[symbol, position, lane]``."""
    for a in range(matrix.shape[0]):
        for j in range(length):
            for lane in range(LANES):
                out[a, j, lane] = matrix[a, packed[start + j * LANES + lane]]


@njit
def _align_group(codes: Any, offsets: Any, profile: Any, gaps: Any, out: Any) -> None:
    """Each record against one group of targets, Gotoh's recursions: ``out[record, lane]``.

    ``best[j]`` and ``down[j]`` hold the row before: the best score that ends at ``j``, and the best that ends there in
    a gap of the target.  The working arrays are made here, so that the compiler knows that none of them is another,
    and every choice is free of jumps: the loop over lanes becomes vector instructions only so.
    """
    length, first, more, zero = profile.shape[1], np.float32(gaps[0]), np.float32(gaps[1]), np.float32(0)
    best, down = np.zeros((length, LANES), np.float32), np.zeros((length, LANES), np.float32)
    across, diagonal, left, highest = np.zeros((4, LANES), np.float32)
    for s in range(offsets.size - 1):
        best[:], down[:], highest[:] = zero, zero, zero
        for i in range(offsets[s], offsets[s + 1]):
            scores = profile[codes[i]]
            across[:], diagonal[:], left[:] = zero, zero, zero
            for j in range(length):
                for lane in range(LANES):
                    up = best[j, lane]
                    vertical, opened = down[j, lane] - more, up - first
                    vertical = vertical if vertical > opened else opened
                    sideways, opened = across[lane] - more, left[lane] - first
                    sideways = sideways if sideways > opened else opened
                    score = diagonal[lane] + scores[j, lane]
                    score = score if score > zero else zero
                    score = score if score > sideways else sideways
                    score = score if score > vertical else vertical
                    highest[lane] = score if score > highest[lane] else highest[lane]
                    across[lane], diagonal[lane], left[lane] = sideways, up, score
                    down[j, lane], best[j, lane] = vertical, score
        for lane in range(LANES):
            out[s, lane] = highest[lane]


@njit
def local_scores(codes: Any, offsets: Any, packed: Any, starts: Any, matrix: Any, gaps: Any, out: Any) -> None:
    """Smith-Waterman score of each record with each target, affine gaps.

    Parameters
    ----------
    codes, offsets : ndarray
        The records; codes are rows of ``matrix``.
    packed : ndarray of uint8
        Letters of the targets, in groups of ``LANES`` of like length, padded to the longest of the group with a
        symbol that scores far below zero: letter ``j`` of lane ``l`` of group ``g`` is ``packed[starts[g] + j * LANES + l]``.
    starts : ndarray of int64, shape (groups + 1,)
    matrix : ndarray of float64, shape (symbols, symbols)
    gaps : ndarray of float64, shape (2,)
        Cost of a gap's first letter, and of each further one.
    out : ndarray of float64, shape (records, groups * LANES)

    Notes
    -----
    Scores are whole numbers for whole-numbered matrices and costs: float32 holds them exactly up to 16,777,216.
    """
    for g in range(starts.size - 1):
        length = (starts[g + 1] - starts[g]) // LANES
        profile = np.empty((matrix.shape[0], length, LANES), np.float32)
        _profile(packed, starts[g], length, matrix, profile)
        _align_group(codes, offsets, profile, gaps, out[:, g * LANES : (g + 1) * LANES])


@njit
def column_distances(codes: Any, offsets: Any, t_codes: Any, t_offsets: Any, matrix: Any, out: Any) -> None:
    """One less the mean similarity of the letters that stand in the same column, for each record and target.

    ``matrix`` holds similarities from 0 to 1, unknown letters included; letters past the end of the other are 0.
    """
    for s in range(offsets.size - 1):
        n = offsets[s + 1] - offsets[s]
        for t in range(t_offsets.size - 1):
            n_t, total = t_offsets[t + 1] - t_offsets[t], 0.0
            for i in range(min(n, n_t)):
                total += matrix[codes[offsets[s] + i], t_codes[t_offsets[t] + i]]
            out[s, t] = 1.0 - total / max(n, n_t, 1)


@njit
def _votes(row: Any, order: Any, n: int, values: Any, votes: Any, out: Any) -> None:
    """Mean value of the nearest neighbours; those tied at the border share the places that are left."""
    columns = values.shape[1]
    for m in range(votes.size):
        size = min(votes[m], n)
        if size == 0:
            continue
        border = row[order[size - 1]]
        above, tied = 0, 0
        for i in range(n):
            above += row[order[i]] > border
            tied += row[order[i]] == border
        share = (size - above) / tied
        for c in range(columns):
            total = 0.0
            for i in range(above + tied):
                total += values[order[i], c] * (1.0 if i < above else share)
            out[m * columns + c] = total / size


@njit
def neighbour_summaries(similarities: Any, classes: Any, values: Any, tops: Any, votes: Any, out: Any) -> None:
    """Similarity to the nearest of each class, and what the nearest of all say.

    ``out`` holds, class outer, the mean similarity of the ``tops`` nearest of the class (of all there are where there
    are fewer, 0 where there is none), and then, for each number of ``votes``, the mean of each column of ``values``
    over that many nearest.  A negative similarity marks a neighbour that takes no part.
    """
    n_classes = classes.max() + 1 if classes.size else 0
    seen, sums = np.zeros(n_classes, np.int64), np.zeros(n_classes)
    n_tops = tops.size
    for s in range(similarities.shape[0]):
        row = similarities[s]
        order = np.argsort(-row, kind="mergesort")
        n = order.size
        while n > 0 and row[order[n - 1]] < 0:
            n -= 1
        seen[:] = 0
        sums[:] = 0.0
        for i in range(n):
            c = classes[order[i]]
            seen[c] += 1
            sums[c] += row[order[i]]
            for t in range(n_tops):
                if seen[c] <= tops[t]:
                    out[s, c * n_tops + t] = sums[c] / seen[c]
        _votes(row, order, n, values, votes, out[s, n_classes * n_tops :])
