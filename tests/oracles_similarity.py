"""Slow twins of the kernels and searches that compare records, written from their definitions."""

from __future__ import annotations

import itertools
from collections import Counter


def edit_distance(left, right):
    """Levenshtein's distance, by the whole table."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def words(record, length, n_symbols):
    """Distinct words of known letters."""
    found = set()
    for start in range(len(record) - length + 1):
        word = tuple(record[start : start + length])
        if all(code < n_symbols for code in word):
            found.add(word)
    return found


def strandless(word, complement):
    """A word or its reverse complement, whichever comes first."""
    return min(word, tuple(complement[code] for code in reversed(word)))


def components(n, pairs):
    """Group of each node: the smallest node that pairs connect it with."""
    group = list(range(n))
    for left, right in pairs:
        a, b = group[left], group[right]
        group = [min(a, b) if g in (a, b) else g for g in group]
    return group


def sharing(sets, needed):
    """Pairs of records that share as many words as the smaller one needs."""
    for (i, left), (j, right) in itertools.combinations(enumerate(sets), 2):
        common = len(left & right)
        if common and common >= min(needed(len(left)), needed(len(right))):
            yield i, j


def deletions(record, edits):
    """All that is left of a record when up to ``edits`` letters are taken out."""
    found = {tuple(record)}
    for _ in range(edits):
        found |= {rest[:i] + rest[i + 1 :] for rest in found for i in range(len(rest))}
    return found


def windows(record, length, n_symbols):
    """Windows of a record that hold no unknown letter."""
    found = [tuple(record[i : i + length]) for i in range(len(record) - length + 1)]
    return [window for window in found if all(letter < n_symbols for letter in window)]


def spectrum_counts(record, k, n_symbols):
    """How often each word of 1 to ``k`` letters occurs."""
    return Counter(window for size in range(1, k + 1) for window in windows(record, size, n_symbols))


def gapped_counts(record, length, k, n_symbols):
    """How often each choice of ``k`` places of a window holds which letters."""
    masks = list(itertools.combinations(range(length), k))
    return Counter(
        (mask, tuple(window[place] for place in mask))
        for window in windows(record, length, n_symbols)
        for mask in masks
    )


def mismatch_counts(record, k, m, n_symbols):
    """How often each word of ``k`` letters occurs with up to ``m`` other letters."""
    words = list(itertools.product(range(n_symbols), repeat=k))
    return Counter(
        word
        for window in windows(record, k, n_symbols)
        for word in words
        if sum(a != b for a, b in zip(window, word, strict=True)) <= m
    )


def product(left, right):
    """Scalar product of two tables of counts."""
    return sum(count * right[key] for key, count in left.items())


def word_kernel(left, right, length, n_symbols, amounts):
    """A value for each pair of windows, by the number of letters that agree."""
    return sum(
        amounts[sum(a == b for a, b in zip(x, y, strict=True))]
        for x in windows(left, length, n_symbols)
        for y in windows(right, length, n_symbols)
    )
