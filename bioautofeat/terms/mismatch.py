"""Counts of words that may differ from what stands in a sequence, by letters or by gaps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.kernels import mismatch as kernels
from bioautofeat.sequences import Sequences
from bioautofeat.terms.read import Kmers, OfWords
from bioautofeat.terms.reduce import Count, Norm, normalise

__all__ = ["Mismatches", "Subsequences"]

MAX_MOVES = 1 << 16
"""Neighbours of a word up to which they are listed."""

STEP_RATIO = 7
"""How many of the steps over all words take as long as one step from a word to a neighbour, measured."""


@dataclass(frozen=True)
class Mismatches(OfWords):
    """For each word, how many windows differ from it at ``mismatches`` letters or fewer.

    Parameters
    ----------
    words : Kmers
        Contiguous.
    mismatches : int
        Fewer than the letters of a word.
    norm : {"frequency", "count", "percent"}
    """

    words: Kmers
    mismatches: int = 1
    norm: Norm = "count"

    def __post_init__(self) -> None:
        if not 0 <= self.mismatches < self.words.k:
            raise ParameterError(f"m={self.mismatches} mismatches in words of {self.words.k} letters: use fewer than k")

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Blocks and moves for :func:`bioautofeat.kernels.mismatch.spread_words`.

        A word that differs at ``d`` places is in ``C(k - d, j - d)`` of the blocks of ``j`` places; with the weights
        ``(-1)^(m - j) C(k - j - 1, m - j)`` it is counted once for every ``d`` up to ``m``.
        """
        n, k, m = self.words.n_symbols, self.words.k, self.mismatches
        blocks, moves = [], [0]
        for size in range(m + 1):
            for places in itertools.combinations(range(k), size):
                strides = [n**place for place in places]
                start = len(moves)
                letters = itertools.product(range(n), repeat=size)
                moves += [sum(a * stride for a, stride in zip(word, strides, strict=True)) for word in letters]
                weight = (-1) ** (m - size) * comb(k - size - 1, m - size)
                blocks.append([weight, start, len(moves), *strides, *[n**k] * (m - size)])
        return np.array(blocks, np.int64), np.array(moves, np.int64)

    def _sparse_is_cheaper(self, seqs: Sequences) -> bool:
        """Whether walking from each word to its neighbours costs less than a pass over all words for each place.

        Both give the same whole numbers, so the choice may look at the batch.
        """
        n, k, m = self.words.n_symbols, self.words.k, self.mismatches
        distinct = min(self.words.n_words, seqs.n_letters // max(1, len(seqs)))
        cells = sum(comb(k, size) * n**size for size in range(m + 1))
        return cells < MAX_MOVES and STEP_RATIO * distinct * cells < 2 * k * (m + 1) * self.words.n_words

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts = np.zeros((len(seqs), self.words.n_words))
        Count(self.words, "count").fill(seqs, counts)
        if self._sparse_is_cheaper(seqs):
            kernels.spread_words(counts, self.words.n_symbols, *self._blocks, out)
        else:
            kernels.spread_levels(counts, self.words.n_symbols, self.mismatches, out)
        normalise(out, self.norm)


@dataclass(frozen=True)
class Subsequences(OfWords):
    """Weight of each word as a subsequence: 1 where its letters are neighbours, else ``decay`` to the letters it spans.

    Parameters
    ----------
    words : Kmers
        Contiguous.
    decay : float
        0 to 1.
    norm : {"frequency", "count", "percent"}
    """

    words: Kmers
    decay: float = 0.0
    norm: Norm = "count"

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        Count(self.words, "count").fill(seqs, out)
        if self.decay > 0:
            out *= 1.0 - self.decay**self.words.k  # the neighbours, less what the pass below gives them too
            symbols = self.words.symbols(seqs)
            n, k = self.words.n_symbols, self.words.k
            kernels.count_subsequences(symbols.codes, symbols.offsets, n, k, self.decay, out)
        normalise(out, self.norm)
