"""Counting k-mers: contiguous ones by a rolling code, spaced ones letter by letter, by phase, sparse or per window."""

from __future__ import annotations

from typing import Any

from bioautofeat._numba import njit

__all__ = [
    "count_contiguous",
    "count_spaced",
    "kmer_codes",
    "sparse_counts",
    "sparse_sizes",
    "window_counts",
]


@njit
def count_contiguous(codes: Any, offsets: Any, n_symbols: int, k: int, out: Any) -> None:
    """Add the counts of all k-mers of each sequence to its row; words with an unknown letter are left out.

    ``out[s, w]`` counts the word ``w``, its first letter the most significant digit in base ``n_symbols``.
    """
    n_words = out.shape[1]
    mask = n_words - 1
    bits = 0
    while (1 << bits) < n_symbols:
        bits += 1
    powers_of_two = (1 << bits) == n_symbols
    top = n_words // n_symbols
    for s in range(offsets.size - 1):
        row = out[s]
        word, known = 0, 0
        if powers_of_two:
            for i in range(offsets[s], offsets[s + 1]):
                code = codes[i]
                if code >= n_symbols:
                    known = 0
                    continue
                word = ((word << bits) | code) & mask
                known += 1
                if known >= k:
                    row[word] += 1.0
        else:
            for i in range(offsets[s], offsets[s + 1]):
                code = codes[i]
                if code >= n_symbols:
                    known, word = 0, 0
                    continue
                if known >= k:
                    word -= codes[i - k] * top
                word = word * n_symbols + code
                known += 1
                if known >= k:
                    row[word] += 1.0


@njit
def count_spaced(codes: Any, offsets: Any, n_symbols: int, places: Any, phases: int, out: Any) -> None:
    """Add the counts of the spaced words read at ``i + places`` of each sequence to its row.

    As :func:`count_contiguous`, with ``places`` (int64, first 0, rising) in place of ``0..k-1``.
    """
    n_words = out.shape[1] // phases
    reach = places[places.size - 1]
    for s in range(offsets.size - 1):
        start = offsets[s]
        for i in range(start, offsets[s + 1] - reach):
            word = 0
            for j in range(places.size):
                code = codes[i + places[j]]
                if code >= n_symbols:
                    word = -1
                    break
                word = word * n_symbols + code
            if word >= 0:
                out[s, (i - start) % phases * n_words + word] += 1.0


@njit
def kmer_codes(codes: Any, offsets: Any, n_symbols: int, places: Any, out_offsets: Any, out: Any) -> None:
    """Write the code of the word at every window of every sequence, -1 where it holds an unknown letter.

    ``out`` (int64) holds ``max(0, length - reach)`` windows of sequence ``s`` from ``out_offsets[s]`` on.
    """
    reach = places[places.size - 1]
    for s in range(offsets.size - 1):
        to = out_offsets[s]
        for i in range(offsets[s], offsets[s + 1] - reach):
            word = 0
            for j in range(places.size):
                code = codes[i + places[j]]
                if code >= n_symbols:
                    word = -1
                    break
                word = word * n_symbols + code
            out[to] = word
            to += 1


@njit
def window_counts(
    codes: Any,
    offsets: Any,
    n_symbols: int,
    places: Any,
    size: int,
    step: int,
    out: Any,
) -> None:
    """Add the counts of words inside each window of ``size`` letters, the windows ``step`` letters apart.

    ``out[s, v * n_words + w]`` counts the words ``w`` that lie wholly inside window ``v`` and the sequence.
    """
    n_words = 1
    for _ in range(places.size):
        n_words *= n_symbols
    n_windows = out.shape[1] // n_words
    reach = places[places.size - 1]
    for s in range(offsets.size - 1):
        start, stop = offsets[s], offsets[s + 1]
        for i in range(start, stop - reach):
            word = 0
            for j in range(places.size):
                code = codes[i + places[j]]
                if code >= n_symbols:
                    word = -1
                    break
                word = word * n_symbols + code
            if word >= 0:
                # windows v with v * step <= at and at + reach < v * step + size
                at = i - start
                last = min(at // step, n_windows - 1)
                first = max(0, (at + reach - size) // step + 1)
                for v in range(first, last + 1):
                    out[s, v * n_words + word] += 1.0


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
