"""Open reading frames, and counts of letters by codon position."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["fickett", "orf_statistics"]


@njit
def _note(value: float, n: int, row: Any) -> None:
    """Take the ``n``-th value into a row of maximum, minimum, sum of squared deviations and mean (Welford)."""
    row[0] = value if n == 1 else max(row[0], value)
    row[1] = value if n == 1 else min(row[1], value)
    step = value - row[3]
    row[3] += step / n
    row[2] += step * (value - row[3])


@njit
def _finish(n: int, row: Any) -> None:
    """Turn the sum of squared deviations into the population standard deviation, and add its share of the mean."""
    if n > 0:
        row[2] = np.sqrt(row[2] / n)
        row[4] = row[2] / row[3] if row[3] > 0.0 else 0.0


@njit
def orf_statistics(codes: Any, offsets: Any, strands: int, opens: Any, closes: Any, out: Any) -> None:
    """Write maximum, minimum, deviation, mean and relative deviation of ORF lengths, then of their GC percent.

    ``codes`` holds A, C, G, T as 0..3; ``opens`` and ``closes`` tell for each of the 64 codons whether it starts
    or ends a frame.  Sequence ``s`` of the output is the union of the ``strands`` consecutive sequences from
    ``s * strands`` on.
    """
    first, letters, gc = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3, np.int64)
    for s in range(out.shape[0]):
        n = 0
        for strand in range(s * strands, (s + 1) * strands):
            first[:] = -1
            codon, run, known, strong = 0, 0, 0, 0
            for i in range(offsets[strand], offsets[strand + 1]):
                code = codes[i]
                run = run + 1 if code < 4 else 0
                known += code < 4
                strong += code == 1 or code == 2
                codon = (codon << 2 | code & 3) & 63
                if run < 3:
                    continue
                frame = (i - offsets[strand] + 1) % 3
                if first[frame] < 0:
                    if opens[codon]:
                        first[frame], letters[frame] = i - 2, known - 3
                        gc[frame] = strong - (codes[i] % 3 > 0) - (codes[i - 1] % 3 > 0) - (codes[i - 2] % 3 > 0)
                elif closes[codon]:
                    n += 1
                    _note(float(i + 1 - first[frame]), n, out[s, :5])
                    _note(100.0 * (strong - gc[frame]) / (known - letters[frame]), n, out[s, 5:])
                    first[frame] = -1
        _finish(n, out[s, :5])
        _finish(n, out[s, 5:])


@njit
def _step(value: float, limits: Any) -> int:
    """Number of falling limits that the value lies below, at most the last one's place."""
    place = 0
    while place < limits.size - 1 and value < limits[place]:
        place += 1
    return place


@njit
def fickett(codes: Any, offsets: Any, tables: Any, position_limits: Any, content_limits: Any, out: Any) -> None:
    """Write the sum of weighted probabilities of each sequence by each table.

    ``tables[t, kind, letter]`` holds a weight and the probability of each step; kind 0 is the position (how
    unevenly the letter stands in the three codon positions), kind 1 its share of the known letters.
    ``content_limits`` has a row of limits for each table.
    """
    counts = np.empty((3, 5), np.int64)
    for s in range(offsets.size - 1):
        counts[:] = 0
        phase = 0
        for i in range(offsets[s], offsets[s + 1]):
            counts[phase, min(codes[i], 4)] += 1
            phase = phase + 1 if phase < 2 else 0
        known = offsets[s + 1] - offsets[s] - counts[0, 4] - counts[1, 4] - counts[2, 4]
        if known < 2:
            continue
        for letter in range(4):
            a, b, c = counts[0, letter], counts[1, letter], counts[2, letter]
            position = _step(max(a, b, c) / (min(a, b, c) + 1.0), position_limits)
            for t in range(tables.shape[0]):
                content = _step((a + b + c) / known, content_limits[t])
                out[s, t] += tables[t, 1, letter, 0] * tables[t, 1, letter, 1 + content]
                out[s, t] += tables[t, 0, letter, 0] * tables[t, 0, letter, 1 + position]
