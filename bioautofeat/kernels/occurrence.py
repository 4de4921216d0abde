"""Where letters and classes of letters stand: places of fractions of a class, moments of places, scores of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["class_neighbours", "class_places", "class_profiles", "letter_counts", "pair_scores", "place_moments"]


@njit
def letter_counts(codes: Any, offsets: Any, out: Any) -> None:
    """Add the counts of the known letters of each sequence to its row; ``out`` has one column a letter."""
    for s in range(offsets.size - 1):
        row = out[s]
        for code in codes[offsets[s] : offsets[s + 1]]:
            if code < row.size:
                row[code] += 1.0


@njit
def pair_scores(codes: Any, offsets: Any, table: Any, out: Any) -> None:
    """Write the sum of the scores of all neighbouring letters of each sequence.

    ``table`` (float64) has a row and a column for every code, the unknown one (zeros) included.
    """
    for s in range(offsets.size - 1):
        total = 0.0
        for i in range(offsets[s], offsets[s + 1] - 1):
            total += table[codes[i], codes[i + 1]]
        out[s] = total


@njit
def _count_bits(word: Any) -> int:
    """Number of set bits of a uint64; the compiler knows this loop and makes one instruction of it."""
    count = 0
    while word != np.uint64(0):
        word = word & (word - np.uint64(1))
        count += 1
    return count


@njit
def _nth_bit(word: Any, n: int) -> int:
    """Place of the ``n``-th set bit (from 0) of a uint64 that has more than ``n``."""
    at, width = 0, 32
    while width > 0:
        low = word & ((np.uint64(1) << np.uint64(width)) - np.uint64(1))
        inside = _count_bits(low)
        if n < inside:
            word = low
        else:
            n -= inside
            at += width
            word = word >> np.uint64(width)
        width >>= 1
    return at


@njit
def _words_for(length: int) -> int:
    """Number of 64-bit words with a bit for each position, in fours so that every row begins where vectors do."""
    return (length + 255) // 256 * 4


@njit
def _room(offsets: Any) -> int:
    """Number of words for the longest sequence."""
    room = 0
    for s in range(offsets.size - 1):
        room = max(room, _words_for(offsets[s + 1] - offsets[s]))
    return room


@njit
def _mark_letters(codes: Any, start: int, stop: int, marks: Any, counts: Any) -> None:
    """Set the bit of each position of a sequence in the row of its letter, and count the letters."""
    marks[:, : _words_for(stop - start)] = np.uint64(0)
    counts[:] = 0
    for i in range(stop - start):
        code = codes[start + i]
        if code < counts.size:
            marks[code, i >> 6] |= np.uint64(1) << np.uint64(i & 63)
            counts[code] += 1


@njit
def _unite(marks: Any, letters: Any, bounds: Any, n_words: int, unions: Any) -> None:
    """Write the marks of each class: those of its letters ``letters[bounds[c]:bounds[c + 1]]`` together."""
    unions[:, :n_words] = np.uint64(0)
    for c in range(bounds.size - 1):
        for at in range(bounds[c], bounds[c + 1]):
            for w in range(n_words):
                unions[c, w] |= marks[letters[at], w]


@njit
def _places_of(marks: Any, total: int, length: int, row: Any, column: int) -> None:
    """Write where the quarters of the positions marked, ``total`` of them, have been met, as percent of the length."""
    seen, quarter, w = 0, 0, 0
    member = 1
    while quarter <= 4:
        here = _count_bits(marks[w])
        while member <= seen + here:
            row[column + quarter] = (w * 64 + _nth_bit(marks[w], member - seen - 1) + 1) / length * 100.0
            quarter += 1
            if quarter > 4:
                break
            member = max(1, quarter * total // 4)
        seen += here
        w += 1


@njit
def _all_places(unions: Any, totals: Any, length: int, row: Any, column: int) -> None:
    """Write the five places of every class; nothing for an empty one."""
    for c in range(totals.size):
        if totals[c] > 0:
            _places_of(unions[c], totals[c], length, row, column + 5 * c)


@njit
def _neighbours(ones: Any, others: Any, n_words: int) -> int:
    """Number of positions in one set whose next position is in the other set; sets are rows of bits."""
    count, last, other_last = 0, np.uint64(0), np.uint64(0)
    for w in range(n_words):
        one, other = ones[w], others[w]
        # a bit moved up by one stands over the position behind it
        behind_one = (one << np.uint64(1)) | last
        behind_other = (other << np.uint64(1)) | other_last
        count += _count_bits((behind_one & other) | (behind_other & one))
        last, other_last = one >> np.uint64(63), other >> np.uint64(63)
    return count


@njit
def _all_neighbours(unions: Any, groupings: Any, n_words: int, row: Any, column: int) -> None:
    """Write the share of known neighbours for each pair of classes of each grouping; the last row marks all letters."""
    pairs = max(1, _neighbours(unions[-1], unions[-1], n_words))
    for g in range(groupings.size - 1):
        for a in range(groupings[g], groupings[g + 1]):
            for b in range(a + 1, groupings[g + 1]):
                row[column] = _neighbours(unions[a], unions[b], n_words) / pairs
                column += 1


@njit
def _sum_classes(counts: Any, letters: Any, bounds: Any, totals: Any) -> None:
    """Write how many letters each class has."""
    for c in range(totals.size):
        totals[c] = 0
        for at in range(bounds[c], bounds[c + 1]):
            totals[c] += counts[letters[at]]


@njit
def class_places(codes: Any, offsets: Any, letters: Any, bounds: Any, out: Any) -> None:
    """Write where the quarters of each class have been met, as percent of the record's length.

    Class ``c`` has the letters ``letters[bounds[c]:bounds[c + 1]]`` (int64).  Of ``n`` members, quarter ``q`` (0 to
    4) is met at member ``max(1, floor(q n / 4))``: the first, then a quarter of them, half, three quarters, the last.
    ``out[s, 5 * c + q]`` is the place for class ``c``, left as it is where the class is empty.
    """
    # one bit a position and a letter: a class is the union of its letters, and 64 positions are counted at once
    room = _room(offsets)
    marks = np.zeros((letters.max() + 1 if letters.size > 0 else 0, room), np.uint64)
    unions = np.zeros((bounds.size - 1, room), np.uint64)
    counts, totals = np.zeros(len(marks), np.int64), np.zeros(bounds.size - 1, np.int64)
    for s in range(offsets.size - 1):
        length = offsets[s + 1] - offsets[s]
        _mark_letters(codes, offsets[s], offsets[s + 1], marks, counts)
        _unite(marks, letters, bounds, _words_for(length), unions)
        _sum_classes(counts, letters, bounds, totals)
        _all_places(unions, totals, length, out[s], 0)


@njit
def class_neighbours(codes: Any, offsets: Any, letters: Any, bounds: Any, groupings: Any, out: Any) -> None:
    """Write the share of known neighbours that are of two given classes of a grouping, in either order.

    Classes as in :func:`class_places`; those of grouping ``g`` are ``groupings[g]`` to ``groupings[g + 1] - 1``
    (int64), and behind the last grouping stands a class of all letters.  ``out[s]`` has a column for each pair of
    classes of each grouping, the first class outer.
    """
    room = _room(offsets)
    marks = np.zeros((letters.max() + 1, room), np.uint64)
    unions = np.zeros((bounds.size - 1, room), np.uint64)
    counts = np.zeros(len(marks), np.int64)
    for s in range(offsets.size - 1):
        n_words = _words_for(offsets[s + 1] - offsets[s])
        _mark_letters(codes, offsets[s], offsets[s + 1], marks, counts)
        _unite(marks, letters, bounds, n_words, unions)
        _all_neighbours(unions, groupings, n_words, out[s], 0)


@njit
def class_profiles(codes: Any, offsets: Any, letters: Any, bounds: Any, groupings: Any, out: Any) -> None:
    """Write the share of each class among the known letters, then its neighbours, then its places.

    Classes and groupings as in :func:`class_neighbours`; the columns are those of one class each, those of
    :func:`class_neighbours` and those of :func:`class_places`, without the class of all letters.
    """
    room, n_classes = _room(offsets), groupings[-1]
    marks = np.zeros((letters.max() + 1, room), np.uint64)
    unions = np.zeros((bounds.size - 1, room), np.uint64)
    counts, totals = np.zeros(len(marks), np.int64), np.zeros(bounds.size - 1, np.int64)
    for s in range(offsets.size - 1):
        length = offsets[s + 1] - offsets[s]
        _mark_letters(codes, offsets[s], offsets[s + 1], marks, counts)
        _unite(marks, letters, bounds, _words_for(length), unions)
        _sum_classes(counts, letters, bounds, totals)
        for c in range(n_classes):
            out[s, c] = totals[c] / max(1, totals[n_classes])
        _all_neighbours(unions, groupings, _words_for(length), out[s], n_classes)
        _all_places(unions, totals[:n_classes], length, out[s], out.shape[1] - 5 * n_classes)


@njit
def place_moments(codes: Any, offsets: Any, n_symbols: int, out: Any) -> None:
    """Write how often each letter occurs, its mean place (from 1) and its scaled second central moment.

    ``out[s]`` holds all counts ``n``, then all means ``m``, then all ``sum((place - m) ** 2) / (n * length)``, the
    length counted over known letters; zeros for a letter that does not occur.
    """
    for s in range(offsets.size - 1):
        part = codes[offsets[s] : offsets[s + 1]]
        counts, means, spreads = out[s, :n_symbols], out[s, n_symbols : 2 * n_symbols], out[s, 2 * n_symbols :]
        length = 0
        for i in range(part.size):
            if part[i] < n_symbols:
                counts[part[i]] += 1.0
                means[part[i]] += i + 1
                length += 1
        for code in range(n_symbols):
            if counts[code] > 0.0:
                means[code] /= counts[code]
        for i in range(part.size):
            if part[i] < n_symbols:
                away = i + 1 - means[part[i]]
                spreads[part[i]] += away * away
        for code in range(n_symbols):
            if counts[code] > 0.0:
                spreads[code] /= counts[code] * length
