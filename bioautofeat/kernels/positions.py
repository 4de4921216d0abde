"""Tables by position and by word: counting them from training records, and reading them back."""

from __future__ import annotations

from math import log2
from typing import Any

from bioautofeat._numba import njit

__all__ = [
    "count_positions",
    "diversity_increments",
    "flatten_end",
    "score_positions",
    "score_words",
    "walk_extremes",
]


@njit
def count_positions(words: Any, bounds: Any, groups: Any, from_end: bool, out: Any) -> None:
    """Count each record's word at each position in the table of the record's group.

    ``out[group, p, w]``; with ``from_end`` the last window of a record stands at the last position.  Windows past
    the positions described, and words that are unknown (-1), are left out.
    """
    positions = out.shape[1]
    for s in range(bounds.size - 1):
        first, windows = bounds[s], bounds[s + 1] - bounds[s]
        shift = positions - windows if from_end else 0
        for i in range(max(0, -shift), min(windows, positions - shift)):
            word = words[first + i]
            if word >= 0:
                out[groups[s], i + shift, word] += 1.0


@njit
def score_positions(words: Any, bounds: Any, scores: Any, which: Any, from_end: bool, out: Any) -> None:
    """Write ``scores[which[s], c, p, word]`` for the word at each position of each record, class outer.

    ``out[s, c * positions + p]``; positions past a record, and unknown words, stay as they are.
    """
    classes, positions = scores.shape[1], scores.shape[2]
    for s in range(bounds.size - 1):
        first, windows = bounds[s], bounds[s + 1] - bounds[s]
        shift = positions - windows if from_end else 0
        table = scores[which[s]]
        for i in range(max(0, -shift), min(windows, positions - shift)):
            word = words[first + i]
            if word >= 0:
                for c in range(classes):
                    out[s, c * positions + i + shift] = table[c, i + shift, word]


@njit
def score_words(words: Any, bounds: Any, scores: Any, which: Any, step: int, out: Any) -> None:
    """Write the mean over each record's words, ``step`` windows apart, of ``scores[which[s], c, word]``.

    Unknown words are left out of the mean; a record without a known word keeps what stands in ``out``.
    """
    classes = scores.shape[1]
    for s in range(bounds.size - 1):
        table, known = scores[which[s]], 0
        for i in range(bounds[s], bounds[s + 1], step):
            if words[i] >= 0:
                known += 1
                for c in range(classes):
                    out[s, c] += table[c, words[i]]
        if known:
            for c in range(classes):
                out[s, c] /= known


@njit
def _diversity(total: float, terms: float) -> float:
    """``n log2 n - sum v log2 v`` from the total n and the sum; 0 for nothing."""
    return total * log2(total) - terms if total > 0 else 0.0


@njit
def diversity_increments(counts: Any, pools: Any, which: Any, own: Any, out: Any) -> None:
    """Increment of diversity of each record's word counts with each class's pool: D(x + S) - D(x) - D(S).

    ``pools[which[s], c, w]`` is the pool S; a record of class ``own[s]`` (-1: none) is first taken out of its own.
    """
    for s in range(counts.shape[0]):
        for c in range(pools.shape[1]):
            pool, leave = pools[which[s], c], own[s] == c
            n_x, n_s, d_x, d_s, d_both = 0.0, 0.0, 0.0, 0.0, 0.0
            for w in range(counts.shape[1]):
                x = counts[s, w]
                rest = max(0.0, pool[w] - x) if leave else pool[w]
                n_x += x
                n_s += rest
                if x > 0:
                    d_x += x * log2(x)
                if rest > 0:
                    d_s += rest * log2(rest)
                if x + rest > 0:
                    d_both += (x + rest) * log2(x + rest)
            out[s, c] = _diversity(n_x + n_s, d_both) - _diversity(n_x, d_x) - _diversity(n_s, d_s)


@njit
def flatten_end(values: Any, bounds: Any, out: Any) -> None:
    """Lay the last positions of each track out as columns, the last one rightmost; what lies before a record stays.

    ``out[s, p * channels + c]``, as the position-major form of :func:`bioautofeat.kernels.tracks.flatten`.
    """
    channels = values.shape[1]
    length = out.shape[1] // channels
    for s in range(bounds.size - 1):
        stop = bounds[s + 1]
        for i in range(min(length, stop - bounds[s])):
            for c in range(channels):
                out[s, (length - 1 - i) * channels + c] = values[stop - 1 - i, c]


@njit
def walk_extremes(codes: Any, offsets: Any, steps: Any, out: Any) -> None:
    """Lowest and highest point of the walk of ``steps[letter]`` along each record, and where they are reached first.

    ``out[s]`` is lowest, highest (0, the start, among them), and the share of the letters up to each.
    """
    for s in range(offsets.size - 1):
        height, lowest, highest, at_low, at_high = 0.0, 0.0, 0.0, 0, 0
        n = offsets[s + 1] - offsets[s]
        for i in range(n):
            height += steps[codes[offsets[s] + i]]
            if height < lowest:
                lowest, at_low = height, i + 1
            if height > highest:
                highest, at_high = height, i + 1
        if n:
            out[s, 0], out[s, 1], out[s, 2], out[s, 3] = lowest, highest, at_low / n, at_high / n
