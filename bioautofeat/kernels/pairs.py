"""Pairs of words at given distances: the sufficient statistic of every autocorrelation and pseudo composition.

For any form F the sum of F(w_i, w_(i+d)) over a sequence is the product of F with the counts of the pairs of
words at distance d.  Where a sequence has more pairs than there are different ones, each different pair is
visited once with its count; where it has fewer, each pair is visited where it stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["list_pairs", "longest_part", "sum_covariances", "sum_forms", "word_moments"]


@njit
def longest_part(bounds: Any) -> int:
    """Number of windows of the sequence that has most."""
    longest = 0
    for s in range(bounds.size - 1):
        longest = max(longest, bounds[s + 1] - bounds[s])
    return longest


@njit
def list_pairs(words: Any, lag: Any, counts: Any, firsts: Any, seconds: Any, weights: Any) -> tuple[int, int]:
    """List the pairs ``(i, i + lag[0])`` of known words with ``i < len(words) - lag[1]``; entries, and pairs in them.

    Entry ``p`` is the pair of words ``firsts[p]`` and ``seconds[p]``, which occurs ``weights[p]`` times.  The three
    hold ``len(words)`` entries; ``counts`` (int64 zeros, words by words) is scratch and zero again afterwards.
    """
    n = words.size - lag[1]
    listed, found = 0, 0
    if n < counts.size:
        for i in range(n):
            a, b = words[i], words[i + lag[0]]
            if a >= 0 and b >= 0:
                firsts[listed], seconds[listed], weights[listed] = a, b, 1.0
                listed += 1
        return listed, listed
    for i in range(n):
        a, b = words[i], words[i + lag[0]]
        if a >= 0 and b >= 0:
            counts[a, b] += 1
    for a in range(counts.shape[0]):
        for b in range(counts.shape[1]):
            if counts[a, b] > 0:
                firsts[listed], seconds[listed], weights[listed] = a, b, counts[a, b]
                found += counts[a, b]
                counts[a, b] = 0
                listed += 1
    return listed, found


@njit
def _add_forms(firsts: Any, seconds: Any, weights: Any, forms: Any, row: Any) -> None:
    """Add the weighted forms of listed pairs to a row; one or two sums stay in registers, twice as fast as a row."""
    n_forms = forms.shape[2]
    if n_forms == 1:
        total = 0.0
        for p in range(firsts.size):
            total += weights[p] * forms[firsts[p], seconds[p], 0]
        row[0] += total
    elif n_forms == 2:
        one, two = 0.0, 0.0
        for p in range(firsts.size):
            one += weights[p] * forms[firsts[p], seconds[p], 0]
            two += weights[p] * forms[firsts[p], seconds[p], 1]
        row[0] += one
        row[1] += two
    else:
        for p in range(firsts.size):
            weight, form = weights[p], forms[firsts[p], seconds[p]]
            for f in range(n_forms):
                row[f] += weight * form[f]


@njit
def _last_of(lags: Any) -> int:
    """Number of windows that open no pair at the largest lag."""
    last = 0
    for d in range(lags.shape[0]):
        last = max(last, lags[d, 1])
    return last


@njit
def sum_forms(words: Any, bounds: Any, forms: Any, lags: Any, out: Any) -> None:
    """Add the sum of each form over the pairs of words at each lag of each sequence.

    Parameters
    ----------
    words, bounds : int64
        Word at each window (-1: unknown) and the bounds of each sequence's windows.
    forms : float64, shape (n_words, n_words, f)
        Value of each form at each pair of a first and a second word.
    lags : int64, shape (d, 2)
        Distance of a pair, and how many last windows open no pair (the distance itself, as a rule; never less).
    out : float64, shape (n, d, f + 1)
        Sums, and last the number of pairs.  A sequence without a pair at every lag is left as it is.
    """
    n_words, longest = forms.shape[0], longest_part(bounds)
    counts = np.zeros((n_words, n_words), np.int64)
    firsts, seconds, weights = np.empty(longest, np.uint32), np.empty(longest, np.uint32), np.empty(longest)
    last, number = _last_of(lags), out.shape[2] - 1
    for s in range(bounds.size - 1):
        part = words[bounds[s] : bounds[s + 1]]
        if part.size <= last:
            continue
        for d in range(lags.shape[0]):
            listed, found = list_pairs(part, lags[d], counts, firsts, seconds, weights)
            _add_forms(firsts[:listed], seconds, weights, forms, out[s, d])
            out[s, d, number] += found


@njit
def word_moments(words: Any, bounds: Any, values: Any, out: Any) -> None:
    """Write mean, and sum of squares about it, of each value over the known words of each sequence.

    ``out`` has shape ``(n, 2, c)``.  A value that is the same at every word of a sequence has exactly that mean
    and exactly no spread, because sums are taken about the first word's value.
    """
    n_words, n_values = values.shape
    counts = np.empty(n_words, np.int64)
    for s in range(bounds.size - 1):
        counts[:] = 0
        first, known = -1, 0
        for word in words[bounds[s] : bounds[s + 1]]:
            if word >= 0:
                counts[word] += 1
                known += 1
                if first < 0:
                    first = word
        if known == 0:
            continue
        for c in range(n_values):
            shift, total, squares = values[first, c], 0.0, 0.0
            for w in range(n_words):
                total += counts[w] * (values[w, c] - shift)
            mean = shift + total / known
            for w in range(n_words):
                squares += counts[w] * (values[w, c] - mean) ** 2
            out[s, 0, c], out[s, 1, c] = mean, squares


@njit
def _add_products(firsts: Any, seconds: Any, weights: Any, centred: Any, partner: Any, row: Any) -> None:
    """Add products of centred values of listed pairs to a row of ``c`` sums, or of ``c * c`` crossed ones.

    The first word's value is a common factor of all its partners, whose sums ``partner`` (scratch) holds.
    """
    n_words, n_values = centred.shape
    partner[:] = 0.0
    for p in range(firsts.size):
        sums, weight, value = partner[firsts[p]], weights[p], centred[seconds[p]]
        for c in range(n_values):
            sums[c] += weight * value[c]
    for a in range(n_words):
        for u in range(n_values):
            if row.size == n_values:
                row[u] += centred[a, u] * partner[a, u]
            else:
                for v in range(n_values):
                    row[u * n_values + v] += centred[a, u] * partner[a, v]


@njit
def sum_covariances(words: Any, bounds: Any, values: Any, means: Any, lags: Any, out: Any) -> None:
    """Add the sums of products of values less their means over the pairs of words at each lag of each sequence.

    As :func:`sum_forms` for the forms ``(values[a, u] - means[s, u]) * (values[b, v] - means[s, v])``: ``out`` has
    shape ``(n, d, c + 1)`` for each value with itself, or ``(n, d, c * c + 1)`` for all pairs, ``u`` the slower index.
    """
    n_words, longest = values.shape[0], longest_part(bounds)
    counts = np.zeros((n_words, n_words), np.int64)
    firsts, seconds, weights = np.empty(longest, np.uint32), np.empty(longest, np.uint32), np.empty(longest)
    centred, partner = np.empty(values.shape), np.empty(values.shape)
    last, number = _last_of(lags), out.shape[2] - 1
    for s in range(bounds.size - 1):
        part = words[bounds[s] : bounds[s + 1]]
        if part.size <= last:
            continue
        for a in range(n_words):
            for c in range(values.shape[1]):
                centred[a, c] = values[a, c] - means[s, c]
        for d in range(lags.shape[0]):
            listed, found = list_pairs(part, lags[d], counts, firsts, seconds, weights)
            _add_products(firsts[:listed], seconds, weights, centred, partner, out[s, d, :number])
            out[s, d, number] += found
