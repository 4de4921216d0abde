"""Words with mismatches, from word counts; and subsequences with gaps, by dynamic programming."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["count_subsequences", "spread_levels", "spread_words"]

TINY = 1e-200
"""A weight below this is taken as 0: arithmetic on denormal numbers would be a hundred times slower."""


@njit
def spread_levels(counts: Any, n_symbols: int, mismatches: int, out: Any) -> None:
    """Add to each word the counts of all words within a number of mismatches, place by place.

    ``levels[d]`` holds for each word the counts of the words that differ from it at exactly ``d`` of the places seen
    so far; a further place adds those that differ there.  The cost is the same for any counts: for few distinct words
    :func:`spread_words` is cheaper.  Counts are whole numbers, so both give the same bits.
    """
    n_words = counts.shape[1]
    levels = np.empty((mismatches + 1, n_words))
    for s in range(counts.shape[0]):
        levels[:] = 0.0
        for w in range(n_words):
            levels[0, w] = counts[s, w]
        stride = 1
        while stride < n_words:
            for d in range(mismatches, 0, -1):
                for block in range(0, n_words, stride * n_symbols):
                    for low in range(block, block + stride):
                        total = 0.0
                        for a in range(n_symbols):
                            total += levels[d - 1, low + a * stride]
                        for a in range(n_symbols):
                            levels[d, low + a * stride] += total - levels[d - 1, low + a * stride]
            stride *= n_symbols
        for d in range(mismatches + 1):
            for w in range(n_words):
                out[s, w] += levels[d, w]


@njit
def spread_words(counts: Any, n_symbols: int, blocks: Any, moves: Any, out: Any) -> None:
    """As :func:`spread_levels`, from each distinct word to its neighbours.

    A block is a set of places whose letters are free: the word's count goes, times the block's weight, to all words
    that agree with it at the other places.

    Parameters
    ----------
    blocks : ndarray of int64, shape (blocks, 3 + places)
        Weight; bounds of the block's part of ``moves``; strides of its places, filled up with ``n_words`` (no place).
    moves : ndarray of int64
        How far each choice of letters for a block's places lies from the choice of first letters.
    """
    n_words = counts.shape[1]
    for s in range(counts.shape[0]):
        row = out[s]
        for word in range(n_words):
            count = counts[s, word]
            if count == 0.0:
                continue
            for b in range(blocks.shape[0]):
                base, weighted = word, count * blocks[b, 0]
                for place in range(3, blocks.shape[1]):
                    stride = blocks[b, place]
                    base -= word // stride % n_symbols * stride
                for move in moves[blocks[b, 1] : blocks[b, 2]]:
                    row[base + move] += weighted


@njit
def count_subsequences(codes: Any, offsets: Any, n_symbols: int, k: int, decay: float, out: Any) -> None:
    """Weight of every word as a subsequence: ``decay`` to the power of the letters that it reaches over.

    ``open[j]`` holds, for each word of ``j + 1`` letters, the weight of all its occurrences so far, each letter passed
    since its first one a factor ``decay``; a letter lengthens every occurrence of one letter less.  Subsequences that
    take an unknown letter are left out; an unknown letter that is skipped counts as reached over.
    """
    n_shorter = out.shape[1] // n_symbols
    opened = np.zeros((max(1, k - 1), n_shorter))
    for s in range(offsets.size - 1):
        opened[:] = 0.0
        row = out[s]
        for i in range(offsets[s], offsets[s + 1]):
            code = codes[i]
            known = code < n_symbols
            if known and k == 1:
                row[code] += decay
                continue
            size = n_shorter
            for j in range(k - 1, 0, -1):
                # words of j letters become words of j + 1; then they age by one letter
                if known and j == k - 1:
                    for w in range(size):
                        row[w * n_symbols + code] += decay * opened[j - 1, w]
                elif known:
                    for w in range(size):
                        opened[j, w * n_symbols + code] += decay * opened[j - 1, w]
                for w in range(size):
                    aged = opened[j - 1, w] * decay
                    opened[j - 1, w] = aged if aged > TINY else 0.0
                size //= n_symbols
            if known:
                opened[0, code] += decay
