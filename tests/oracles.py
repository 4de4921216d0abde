"""What the kernels must give, written slowly and plainly from the definitions; imported by nothing but tests.

A record is a list of codes; a code of ``n_symbols`` or above is an unknown letter.
"""

from __future__ import annotations

import math
from collections import Counter


def recode(codes, table):
    return [table[code] for code in codes]


def read_words(record, n_symbols, places):
    """Word at every window as a number in base ``n_symbols``, -1 where one of its letters is unknown."""
    words = []
    for start in range(len(record) - places[-1]):
        letters = [record[start + place] for place in places]
        known = all(letter < n_symbols for letter in letters)
        words.append(sum(letter * n_symbols**i for i, letter in enumerate(reversed(letters))) if known else -1)
    return words


def kmer_codes(records, n_symbols, places):
    return [read_words(record, n_symbols, places) for record in records]


def count_words(records, n_symbols, places, columns, width):
    """``columns[phase][word]`` is the column of a word; without words in it, phases stand side by side."""
    table = []
    for record in records:
        row = [0.0] * width
        for start, word in enumerate(read_words(record, n_symbols, places)):
            phase = start % len(columns)
            if word == -1:
                continue
            column = columns[phase][word] if len(columns[phase]) else phase * n_symbols ** len(places) + word
            if column >= 0:
                row[column] += 1
        table.append(row)
    return table


def count_disjoint(records, n_symbols, places):
    """Occurrences found from left to right, the search going on behind the one that was found."""
    table = []
    for record in records:
        words, row = read_words(record, n_symbols, places), []
        for sought in range(n_symbols ** len(places)):
            found, start = 0, 0
            while start < len(words):
                if words[start] == sought:
                    found += 1
                    start += places[-1] + 1
                else:
                    start += 1
            row.append(float(found))
        table.append(row)
    return table


def count_ordered_pairs(records, n_symbols):
    table = []
    for record in records:
        pairs = Counter((a, b) for j, b in enumerate(record) for a in record[:j])
        table.append([float(pairs[a, b]) for a in range(n_symbols) for b in range(n_symbols)])
    return table


def window_counts(records, n_symbols, places, size, step, n_windows):
    """Counts of the words of each cut-out of ``size`` letters, one list a window."""
    table = []
    for record in records:
        cuts = [record[window * step : window * step + size] for window in range(n_windows)]
        counted = [Counter(read_words(cut, n_symbols, places)) for cut in cuts]
        table.append([[float(words[w]) for w in range(n_symbols ** len(places))] for words in counted])
    return table


def pooled_counts(records, n_symbols, places, size, step):
    """The same for all whole windows of a record together; a record shorter than a window is one window."""
    table = []
    for record in records:
        starts = [start for start in range(0, len(record), step) if start + size <= len(record)] or [0]
        words = Counter(
            word for start in starts for word in read_words(record[start : start + size], n_symbols, places)
        )
        table.append([float(words[w]) for w in range(n_symbols ** len(places))])
    return table


def power_sums(records, n_symbols, places, q):
    """Sum of ``p ** q`` over the words that occur; for ``q = 1`` their entropy in bits."""
    sums = []
    for record in records:
        counts = Counter(word for word in read_words(record, n_symbols, places) if word >= 0)
        total = sum(counts.values())
        shares = [count / total for count in counts.values()] or [1.0]
        sums.append(-math.fsum(p * math.log2(p) for p in shares) if q == 1 else math.fsum(p**q for p in shares))
    return sums


def sparse_sizes(records, n_symbols, places):
    return [len({word for word in read_words(record, n_symbols, places) if word >= 0}) for record in records]


def sparse_counts(records, n_symbols, places):
    """``(word, count)`` of the words of each record, in order of the words."""
    return [
        sorted((word, float(n)) for word, n in Counter(read_words(record, n_symbols, places)).items() if word >= 0)
        for record in records
    ]


def apply_matrix(values, matrix):
    width = len(matrix[0]) if len(matrix) else 0
    return [[math.fsum(row[i] * matrix[i][c] for i in range(len(row))) for c in range(width)] for row in values]


def apply_sparse_matrix(values, sources, weights, width):
    """Each column is the weighted sum of the columns that the layers name for it."""
    return [
        [math.fsum(row[sources[e][c]] * weights[e][c] for e in range(len(sources))) for c in range(width)]
        for row in values
    ]


def divide_by_sum(values, factor):
    return [[cell * factor / math.fsum(row) for cell in row] if math.fsum(row) > 0 else list(row) for row in values]


def row_sum(row):
    return math.fsum(row)


def standardise_counts(values, expected, scale):
    return [
        [(cell / sum(row) - p) * math.sqrt(sum(row)) * by for cell, p, by in zip(row, expected, scale, strict=True)]
        if sum(row) > 0
        else list(row)
        for row in values
    ]
