"""Numbers that residues stand for, along a sequence: spread of values, windows, moments around a helix, segments."""

from __future__ import annotations

from math import cos, floor, pi, sqrt
from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["cosine_coefficients", "segment_means", "value_statistics", "window_moments", "window_statistics"]


@njit
def _quantile(cumulative: Any, values: Any, place: float) -> float:
    """The value at a fractional place (from 0) of sorted values, each as often as the cumulative counts say."""
    below = floor(place)
    at = 0
    while cumulative[at] <= below:
        at += 1
    low = values[at]
    if place == below:
        return low
    while cumulative[at] <= below + 1.0:
        at += 1
    return low + (values[at] - low) * (place - below)


@njit
def value_statistics(counts: Any, values: Any, order: Any, fractions: Any, out: Any) -> None:
    """Write the mean, the standard deviation (of the whole) and quantiles of values that letters stand for.

    Parameters
    ----------
    counts : float64, shape (n, letters)
    values : float64, shape (properties, letters)
    order : int64, shape (properties, letters)
        The letters from the lowest value to the highest.
    fractions : float64
        Of the quantiles, which are interpolated linearly.
    out : float64, shape (n, properties, 2 + fractions)
        Left as it is for a sequence without letters.
    """
    n_letters = counts.shape[1]
    cumulative, ranked = np.empty(n_letters), np.empty(n_letters)
    for s in range(counts.shape[0]):
        length = counts[s].sum()
        if length == 0.0:
            continue
        for p in range(values.shape[0]):
            total, running = 0.0, 0.0
            for j in range(n_letters):
                letter = order[p, j]
                ranked[j] = values[p, letter]
                total += counts[s, letter] * ranked[j]
                running += counts[s, letter]
                cumulative[j] = running
            mean = total / length
            squares = 0.0
            for j in range(n_letters):
                away = ranked[j] - mean
                squares += counts[s, order[p, j]] * away * away
            out[s, p, 0] = mean
            out[s, p, 1] = sqrt(squares / length)
            for q in range(fractions.size):
                out[s, p, 2 + q] = _quantile(cumulative, ranked, (length - 1.0) * fractions[q])


@njit
def _weights(size: int, edge: float, weights: Any) -> float:
    """Write the weights of a window, ``edge`` at its ends and 1 in its middle; their sum."""
    total = 0.0
    half = (size - 1) / 2.0
    for j in range(size):
        weights[j] = min(1.0, edge + (1.0 - edge) * min(j, size - 1 - j) / half) if half > 0.0 else 1.0
        total += weights[j]
    if total == 0.0 and size > 0:  # two letters are ends without a middle
        weights[:size] = 1.0
        total = size
    return total


@njit
def _window_sums(values: Any, known: Any, weights: Any, rolling: bool, sums: Any, starts: Any) -> int:
    """Write the weighted sum and the start of every window that holds known letters alone; how many there are."""
    size, found, unknown, running = weights.size, 0, 0, 0.0
    for i in range(values.size):
        unknown += not known[i]
        running += values[i]
        start = i - size + 1
        if start < 0:
            continue
        if unknown == 0:
            if rolling:
                sums[found] = running
            else:
                total = 0.0
                for j in range(size):
                    total += weights[j] * values[start + j]
                sums[found] = total
            starts[found] = start
            found += 1
        unknown -= not known[start]
        running -= values[start]
    return found


@njit
def window_statistics(codes: Any, offsets: Any, table: Any, size: int, edge: float, out: Any) -> None:
    """Write mean, maximum, minimum, standard deviation and the places of the extremes of weighted window means.

    Parameters
    ----------
    table : float64, shape (letters, channels)
        Values of the letters; where they are whole numbers, all sums are exact and so are ties.
    size : int
        Letters in a window; the whole record where that is shorter.  Windows with an unknown letter are left out.
    edge : float
        Weight of the ends of a window, rising in even steps to 1 in its middle.
    out : float64, shape (n, channels, 6)
        A place is that of the middle of the first window with that value, as a fraction of the record's length.
        Left as it is for a record without a window.
    """
    longest = 0
    for s in range(offsets.size - 1):
        longest = max(longest, offsets[s + 1] - offsets[s])
    values, known = np.empty(longest), np.empty(longest, np.bool_)
    sums, starts, weights = np.empty(longest), np.empty(longest, np.int64), np.empty(min(size, longest))
    for s in range(offsets.size - 1):
        length = offsets[s + 1] - offsets[s]
        reach = min(size, length)
        weight = _weights(reach, edge, weights)
        for channel in range(table.shape[1]):
            for i in range(length):
                code = codes[offsets[s] + i]
                known[i] = code < table.shape[0]
                values[i] = table[code, channel] if known[i] else 0.0
            found = _window_sums(values[:length], known[:length], weights[:reach], edge == 1.0, sums, starts)
            if found > 0:
                _summarise(sums[:found], starts, weight, reach / 2.0 / length, length, out[s, channel])


@njit
def _summarise(sums: Any, starts: Any, weight: float, middle: float, length: int, row: Any) -> None:
    """Write the six statistics of the sums of windows."""
    highest, lowest, total = 0, 0, 0.0
    for i in range(sums.size):
        total += sums[i]
        if sums[i] > sums[highest]:
            highest = i
        if sums[i] < sums[lowest]:
            lowest = i
    mean = total / sums.size
    squares = 0.0
    for i in range(sums.size):
        away = sums[i] - mean
        squares += away * away
    row[0] = mean / weight
    row[1] = sums[highest] / weight
    row[2] = sums[lowest] / weight
    row[3] = sqrt(squares / sums.size) / weight
    row[4] = starts[highest] / length + middle
    row[5] = starts[lowest] / length + middle


@njit
def window_moments(codes: Any, offsets: Any, table: Any, cosines: Any, sines: Any, out: Any) -> None:
    """Write the mean and the maximum of the moments of all windows around a helix.

    A letter at place ``j`` of a window points in the direction ``(cosines[j], sines[j])`` and is as long as its
    value in the table (float64, shape ``(letters,)``); the moment is the length of their sum divided by the number
    of letters.  Records shorter than a window are one window; windows with an unknown letter are left out.
    """
    for s in range(offsets.size - 1):
        start, stop = offsets[s], offsets[s + 1]
        size = min(cosines.size, stop - start)
        if size == 0:
            continue
        unknown, found, total, largest = 0, 0, 0.0, 0.0
        for i in range(start, stop):
            unknown += codes[i] >= table.size
            first = i - size + 1
            if first < start:
                continue
            if unknown == 0:
                x, y = 0.0, 0.0
                for j in range(size):
                    value = table[codes[first + j]]
                    x += value * cosines[j]
                    y += value * sines[j]
                moment = sqrt(x * x + y * y) / size
                total += moment
                largest = max(largest, moment)
                found += 1
            unknown -= codes[first] >= table.size
        if found > 0:
            out[s, 0] = total / found
            out[s, 1] = largest


@njit
def segment_means(codes: Any, offsets: Any, table: Any, domains: int, ends: int, out: Any) -> None:
    """Write the means of values over ``domains`` equal parts of each sequence, then over its first and last letters.

    ``out`` has shape ``(n, segments, channels)``: the parts in order (the first ones a letter longer where the length
    does not divide), then, where ``ends`` is not 0, the first and the last ``ends`` letters.  Unknown letters do not
    count; a segment without known letters keeps what it has.
    """
    for s in range(offsets.size - 1):
        start, length = offsets[s], offsets[s + 1] - offsets[s]
        each, left = length // domains, length % domains
        first = 0
        for d in range(domains):
            last = first + each + (1 if d < left else 0)
            _mean_of_letters(codes[start + first : start + last], table, out[s, d])
            first = last
        if ends > 0:
            reach = min(ends, length)
            _mean_of_letters(codes[start : start + reach], table, out[s, domains])
            _mean_of_letters(codes[start + length - reach : start + length], table, out[s, domains + 1])


@njit
def _mean_of_letters(codes: Any, table: Any, row: Any) -> None:
    """Write the mean of each channel over the known letters."""
    counts = np.zeros(table.shape[0])
    known = 0.0
    for code in codes:
        if code < table.shape[0]:
            counts[code] += 1.0
            known += 1.0
    if known > 0.0:
        for letter in range(table.shape[0]):
            if counts[letter] > 0.0:
                for c in range(table.shape[1]):
                    row[c] += counts[letter] * table[letter, c]
        for c in range(table.shape[1]):
            row[c] /= known


@njit
def cosine_coefficients(codes: Any, offsets: Any, table: Any, out: Any) -> None:
    """Write the first coefficients of the orthonormal cosine transform (type 2) of values less their mean.

    ``table`` (float64) has a value for every code, the unknown one included; ``out`` has shape ``(n, coefficients)``.
    Coefficients from the length of a record on stay as they are.
    """
    for s in range(offsets.size - 1):
        start, length = offsets[s], offsets[s + 1] - offsets[s]
        mean = 0.0
        for i in range(length):
            mean += table[codes[start + i]]
        mean /= max(1, length)
        row = out[s, : min(out.shape[1], length)]
        for i in range(length):
            value = table[codes[start + i]] - mean
            # cos(k t) follows from the two before it
            turn = cos(pi * (2 * i + 1) / (2 * length))
            before, now = turn, 1.0
            for k in range(row.size):
                row[k] += value * now
                before, now = now, 2.0 * turn * now - before
        for k in range(row.size):
            row[k] *= sqrt((1.0 if k == 0 else 2.0) / length)
