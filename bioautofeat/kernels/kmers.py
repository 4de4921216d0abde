"""Counting words: one kernel for contiguous and spaced ones over any alphabet, by phase, per window or sparse.

Words are read place by place and not window by window: each place is one plain loop over a block of windows that the
compiler turns into vector instructions, whatever the spacing and the alphabet, and only the counting itself goes
window by window.
"""

from __future__ import annotations

from math import log2
from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = [
    "BLOCK",
    "count_disjoint",
    "count_ordered_pairs",
    "count_words",
    "kmer_codes",
    "pooled_counts",
    "power_sums",
    "read_words",
    "recode",
    "sparse_counts",
    "sparse_sizes",
    "window_counts",
]

BLOCK = 2048
"""Number of windows whose words are read before they are counted; they stay in the first cache."""

LOGARITHMS = 256
"""Counts below this have their power or logarithm looked up."""


@njit
def recode(codes: Any, table: Any, out: Any) -> None:
    """Write the entry of the table at each code."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@njit
def read_words(letters: Any, n_symbols: int, places: Any, words: Any) -> None:
    """Write the code of the word at each of the first ``len(words)`` windows, -1 where it holds an unknown letter.

    ``letters`` reach as far as the last window; ``words`` is int32 or int64; the first letter of a word is the most
    significant digit in base ``n_symbols``.
    """
    for j in range(places.size):
        part = letters[places[j] : places[j] + words.size]
        if j == 0:
            for i in range(words.size):
                words[i] = part[i]
        else:
            for i in range(words.size):
                words[i] = words[i] * n_symbols + part[i]
    unknown = False
    for i in range(letters.size):
        unknown |= letters[i] >= n_symbols
    if unknown:
        for j in range(places.size):
            part = letters[places[j] : places[j] + words.size]
            for i in range(words.size):
                if part[i] >= n_symbols:
                    words[i] = -1


@njit
def _words_to_columns(words: Any, start: int, n_words: int, columns: Any) -> None:
    """Turn the words of windows ``start`` and on of a sequence into columns of its row."""
    phases, listed = columns.shape
    for phase in range(phases):
        part = words[(phase - start) % phases :: phases]
        if listed > 0:
            for i in range(part.size):
                if part[i] >= 0:
                    part[i] = columns[phase, part[i]]
        else:
            for i in range(part.size):
                if part[i] >= 0:
                    part[i] += phase * n_words


@njit
def count_words(codes: Any, offsets: Any, n_symbols: int, places: Any, columns: Any, out: Any) -> None:
    """Add the counts of the words read at ``i + places`` of each sequence to its row; unknown ones are left out.

    Parameters
    ----------
    places : int64, rising, the first 0
        ``0..k-1`` reads contiguous k-mers.
    columns : int64, shape (phases, n_words) or (phases, 0)
        Column in which each word that starts in each phase is counted (-1: not at all); without words, word ``w``
        of phase ``p`` is counted in column ``p * n_words + w``.
    out : float64, shape (n, columns)
    """
    block = np.empty(BLOCK, np.int32)
    reach = places[places.size - 1]
    for s in range(offsets.size - 1):
        row = out[s]
        first = offsets[s]
        for start in range(first, offsets[s + 1] - reach, BLOCK):
            words = block[: min(BLOCK, offsets[s + 1] - reach - start)]
            read_words(codes[start : start + words.size + reach], n_symbols, places, words)
            if columns.shape[0] > 1 or columns.shape[1] > 0:
                _words_to_columns(words, start - first, n_symbols**places.size, columns)
            for i in range(words.size):
                if words[i] >= 0:
                    row[words[i]] += 1.0


@njit
def kmer_codes(codes: Any, offsets: Any, n_symbols: int, places: Any, bounds: Any, out: Any) -> None:
    """Write the code of the word at every window of every sequence, -1 where it holds an unknown letter.

    ``out`` (int64) holds the ``max(0, length - reach)`` windows of sequence ``s`` from ``bounds[s]`` on.
    """
    for s in range(offsets.size - 1):
        if bounds[s + 1] > bounds[s]:
            read_words(codes[offsets[s] : offsets[s + 1]], n_symbols, places, out[bounds[s] : bounds[s + 1]])


@njit
def count_disjoint(words: Any, bounds: Any, span: int, out: Any) -> None:
    """Add the counts of words (-1: unknown), taken from left to right without overlapping themselves, to each row.

    A word that has been counted is counted again only ``span`` letters on, as a search in a text does it.
    """
    free = np.zeros(out.shape[1], np.int64)
    for s in range(bounds.size - 1):
        for i in range(bounds[s], bounds[s + 1]):
            # places rise by the span from sequence to sequence, so that nothing blocks the next one
            at = i + s * span
            if words[i] >= 0 and at >= free[words[i]]:
                out[s, words[i]] += 1.0
                free[words[i]] = at + span


@njit
def count_ordered_pairs(codes: Any, offsets: Any, n_symbols: int, out: Any) -> None:
    """Add the counts of all pairs of letters, at any distance, to each row: ``a`` before ``b`` in ``a * n + b``."""
    seen = np.empty(n_symbols)
    pairs = np.empty((n_symbols, n_symbols))
    for s in range(offsets.size - 1):
        seen[:] = 0.0
        pairs[:] = 0.0
        for code in codes[offsets[s] : offsets[s + 1]]:
            if code < n_symbols:
                ending = pairs[code]
                for a in range(n_symbols):
                    ending[a] += seen[a]
                seen[code] += 1.0
        for a in range(n_symbols):
            for b in range(n_symbols):
                out[s, a * n_symbols + b] += pairs[b, a]


@njit
def _windows_around(at: int, span: int, size: int, step: int, n_windows: int) -> Any:
    """First and last of the windows (``step`` letters apart) that wholly hold a word at ``at``."""
    # window v holds it where v * step <= at and at + span <= v * step + size
    return max(0, (at + span - size - 1) // step + 1), min(at // step, n_windows - 1)


@njit
def window_counts(words: Any, bounds: Any, span: int, size: int, step: int, out: Any) -> None:
    """Add the counts of words (-1: unknown) inside each window of ``size`` letters, the windows ``step`` apart.

    ``out[s, v, w]`` counts the words ``w``, ``span`` letters long, that lie wholly inside window ``v``.
    """
    for s in range(bounds.size - 1):
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                first, last = _windows_around(i - bounds[s], span, size, step, out.shape[1])
                for v in range(first, last + 1):
                    out[s, v, words[i]] += 1.0


@njit
def pooled_counts(words: Any, bounds: Any, span: int, size: int, step: int, out: Any) -> None:
    """As :func:`window_counts`, the whole windows of each sequence (at least one) counted together in its row."""
    for s in range(bounds.size - 1):
        length = bounds[s + 1] - bounds[s] + span - 1
        n_windows = max(0, length - size) // step + 1
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                first, last = _windows_around(i - bounds[s], span, size, step, n_windows)
                out[s, words[i]] += max(0, last - first + 1)


@njit
def _term(count: float, q: float) -> float:
    """What a count adds to a power sum: its logarithm times the count where ``q`` is 1."""
    return count * log2(count) if q == 1.0 else count**q


@njit
def power_sums(words: Any, bounds: Any, counts: Any, q: float, out: Any) -> None:
    """Write the sum of ``p ** q`` over the words of each sequence, ``p`` their frequencies; entropy in bits for q = 1.

    ``counts`` (int64) has a zero for every word and is zeros again afterwards.  A sequence without a known word has
    the value of a sequence of one word: 1, or 0 bits.
    """
    known = np.zeros(LOGARITHMS)
    for count in range(1, LOGARITHMS):
        known[count] = _term(count, q)
    for s in range(bounds.size - 1):
        part = words[bounds[s] : bounds[s + 1]]
        total = 0
        for word in part:
            if word >= 0:
                counts[word] += 1
                total += 1
        value = 0.0
        for word in part:
            if word >= 0 and counts[word] > 0:
                count = counts[word]
                value += known[count] if count < LOGARITHMS else _term(count, q)
                counts[word] = 0
        if q == 1.0:
            # rounding must not leave less than no entropy
            out[s] = max(0.0, log2(total) - value / total) if total > 0 else 0.0
        else:
            out[s] = value / _term(total, q) if total > 0 else 1.0


@njit
def sparse_sizes(words: Any, offsets: Any, sizes: Any) -> None:
    """Sort the words of each sequence in place and write how many distinct known ones it has."""
    for s in range(offsets.size - 1):
        part = words[offsets[s] : offsets[s + 1]]
        part.sort()
        last, found = -1, 0
        for word in part:
            if word >= 0 and word != last:
                found += 1
                last = word
        sizes[s] = found


@njit
def sparse_counts(words: Any, offsets: Any, indptr: Any, indices: Any, data: Any) -> None:
    """Write the counts of sorted words as the rows of a CSR matrix."""
    for s in range(offsets.size - 1):
        to, last = indptr[s] - 1, -1
        for word in words[offsets[s] : offsets[s + 1]]:
            if word < 0:
                continue
            if word != last:
                to += 1
                indices[to] = word
                data[to] = 0.0
                last = word
            data[to] += 1.0
