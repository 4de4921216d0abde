"""Statistics of power spectra."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["describe_spectra", "order_statistics"]

NOISE = 1e-26
"""Power below this share of the mean power is what rounding leaves of zero."""

FLAT = 1e-10
"""Powers that differ by less than this share of themselves are equal but for rounding."""

SHARES = (0.10, 0.15, 0.25, 0.5, 0.75, 0.9)
"""The percentiles that the statistics are made of."""


@njit
def _total(values: Any) -> float:
    """Sum with four partial sums, which do not wait for one another."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = values.size - values.size % 4
    for i in range(0, whole, 4):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
    for i in range(whole, values.size):
        a += values[i]
    return (a + b) + (c + d)


@njit
def _total_squares(values: Any, centre: float) -> float:
    """Sum of squared distances from a centre, with four partial sums."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = values.size - values.size % 4
    for i in range(0, whole, 4):
        a += (values[i] - centre) ** 2
        b += (values[i + 1] - centre) ** 2
        c += (values[i + 2] - centre) ** 2
        d += (values[i + 3] - centre) ** 2
    for i in range(whole, values.size):
        a += (values[i] - centre) ** 2
    return (a + b) + (c + d)


@njit
def _power(spectrum: Any, power: Any, amplitude: Any) -> None:
    """Sum power and amplitude of the channels at each frequency; real and imaginary parts alternate."""
    channels = spectrum.shape[1] // 2
    for j in range(power.size):
        real, imaginary = spectrum[j, 0], spectrum[j, 1]
        square = real * real + imaginary * imaginary
        power[j] = square
        amplitude[j] = np.sqrt(square)
        for c in range(1, channels):
            real, imaginary = spectrum[j, 2 * c], spectrum[j, 2 * c + 1]
            square = real * real + imaginary * imaginary
            power[j] += square
            amplitude[j] += np.sqrt(square)


@njit
def _insertion_sort(values: Any, low: int, high: int) -> None:
    """Sort a short stretch in place."""
    for i in range(low + 1, high):
        value = values[i]
        j = i
        while j > low and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@njit
def _split(values: Any, low: int, high: int, pivot: float, equal_too: bool) -> int:
    """Move what is below the pivot (or equal to it, where that is asked) to the front; the place behind it."""
    place = low
    if equal_too:
        for i in range(low, high):
            value = values[i]
            values[i] = values[place]
            values[place] = value
            place += value <= pivot
    else:
        for i in range(low, high):
            value = values[i]
            values[i] = values[place]
            values[place] = value
            place += value < pivot
    return place


@njit
def _select(values: Any, low: int, high: int, ranks: Any) -> None:
    """Bring the elements of these rising ranks to their sorted places (quickselect for several ranks at once)."""
    stack = np.empty((64, 4), np.int64)
    depth, first, last = 0, 0, ranks.size
    while True:
        while first < last and high - low > 16:
            a, b, c = values[low], values[(low + high) >> 1], values[high - 1]
            pivot = max(min(a, b), min(max(a, b), c))
            place = _split(values, low, high, pivot, False)
            if place == low:  # nothing is smaller: all that equal the pivot are in place
                low = _split(values, low, high, pivot, True)
                while first < last and ranks[first] < low:
                    first += 1
                continue
            middle = first
            while middle < last and ranks[middle] < place:
                middle += 1
            # the longer side waits on the stack, so that the stack stays short
            waiting = stack[depth]
            if place - low > high - place:
                waiting[0], waiting[1], waiting[2], waiting[3] = low, place, first, middle
                low, first = place, middle
            else:
                waiting[0], waiting[1], waiting[2], waiting[3] = place, high, middle, last
                high, last = place, middle
            depth += waiting[2] < waiting[3]
        if first < last:
            _insertion_sort(values, low, high)
        if depth == 0:
            return
        depth -= 1
        waiting = stack[depth]
        low, high, first, last = waiting[0], waiting[1], waiting[2], waiting[3]


@njit
def _bucket(bits: int, top: int) -> int:
    """Bucket of a number by the bits of its float: 16 in every octave, 32 octaves below the largest number."""
    return max(0, (bits >> 48) - top)


@njit
def order_statistics(values: Any, high: float, ranks: Any, out: Any) -> None:
    """Write the elements of these rising ranks of values that are 0 or above and at most ``high``.

    One pass counts buckets of similar numbers, one gathers the buckets that hold a rank; only those are sorted.
    """
    limit = np.empty(1)
    limit[0] = high
    bits, top = values.view(np.int64), (limit.view(np.int64)[0] >> 48) - 511
    counts, place = np.zeros(512, np.int64), np.full(512, -1, np.int64)
    for i in range(values.size):
        counts[_bucket(bits[i], top)] += 1
    before, gathered, bucket = 0, 0, 0
    offsets = np.empty(ranks.size, np.int64)
    for q in range(ranks.size):
        while before + counts[bucket] <= ranks[q]:
            before += counts[bucket]
            bucket += 1
        if place[bucket] < 0:
            place[bucket] = gathered
            gathered += counts[bucket]
        offsets[q] = place[bucket] + ranks[q] - before
    found = np.empty(gathered)
    for i in range(values.size):
        bucket = _bucket(bits[i], top)
        if place[bucket] >= 0:
            found[place[bucket]] = values[i]
            place[bucket] += 1
    # the buckets stand in rising order, so one selection serves all
    _select(found, 0, gathered, offsets)
    for q in range(ranks.size):
        out[q] = found[offsets[q]]


@njit
def _inner_ranks(power: Any, length: int, ranks: Any, inner: Any) -> Any:
    """Turn ranks in a mirrored spectrum into ranks among the values that stand twice in it.

    Frequency 0 and, where ``length`` is even, 1/2 stand once.  A rank that is one of those becomes -1 or -2, its
    place in the sorted pair, which is returned.
    """
    last = power.size - 1
    singles = np.empty(2 - length % 2)
    singles[0] = power[0]
    if singles.size == 2:
        singles[0], singles[1] = min(power[0], power[last]), max(power[0], power[last])
    below = np.zeros(singles.size, np.int64)
    for i in range(singles.size):
        for j in range(1, power.size - singles.size + 1):
            below[i] += power[j] < singles[i]
    for q in range(ranks.size):
        passed, single = 0, 0
        for i in range(singles.size):
            place = 2 * below[i] + i
            passed += ranks[q] > place
            if ranks[q] == place:
                single = -1 - i
        inner[q] = single if single < 0 else (ranks[q] - passed) // 2
    return singles


@njit
def _quantiles(power: Any, length: int, mirrored: bool, high: float, quantiles: Any) -> None:
    """Percentiles 10, 15, 25, 50, 75 and 90 (linear interpolation) of the spectrum over all ``length`` frequencies."""
    ranks, inner, found = np.empty(12, np.int64), np.empty(12, np.int64), np.empty(12)
    for q in range(12):
        ranks[q] = min(int(SHARES[q // 2] * (length - 1)) + q % 2, length - 1)
        inner[q] = ranks[q]
    singles, values = power[:0], power
    if mirrored:
        singles = _inner_ranks(power, length, ranks, inner)
        values = power[1 : 1 + power.size - singles.size]
    wanted, at = np.empty(12, np.int64), 0
    for q in range(12):
        if inner[q] >= 0:
            wanted[at] = inner[q]
            at += 1
    if values.size < 64:  # the ranks of few values need not rise
        few = values.copy()
        _insertion_sort(few, 0, few.size)
        for q in range(at):
            found[q] = few[wanted[q]]
    else:
        order_statistics(values, high, wanted[:at], found)
    for q in range(11, -1, -1):  # from the ranks that were sought back to all
        if inner[q] >= 0:
            at -= 1
            found[q] = found[at]
        else:
            found[q] = singles[-1 - inner[q]]
    for q in range(6):
        step = SHARES[q] * (length - 1) - ranks[2 * q]
        quantiles[q] = found[2 * q] + (found[2 * q + 1] - found[2 * q]) * step


@njit
def _ratio(a: float, b: float) -> float:
    """``a / b``, and 0 where ``b`` is 0."""
    return a / b if b != 0.0 else 0.0


@njit
def _clean(power: Any) -> tuple[float, float]:
    """Set to 0 what is nothing but rounding, and make a spectrum flat that is so but for rounding; its extremes.

    Numbers of 0 or above are ordered as the bits of their floats are, and comparing integers is fast.
    """
    ends = np.empty(3)
    ends[0] = NOISE * _total(power) / power.size
    bits, limits = power.view(np.int64), ends.view(np.int64)
    noise, low, high = limits[0], bits[0], bits[0]
    for j in range(bits.size):
        value = bits[j] if bits[j] >= noise else 0
        bits[j] = value
        low, high = min(low, value), max(high, value)
    limits[1], limits[2] = low, high
    if ends[2] - ends[1] <= FLAT * ends[2]:
        power[:] = power[0]
        return power[0], power[0]
    return ends[1], ends[2]


@njit
def _statistics(power: Any, amplitude: Any, length: int, mirrored: bool, quantiles: Any, out: Any) -> None:
    """Write the nineteen statistics of one spectrum but for its extremes, which ``out`` holds already."""
    last = power.size - 1
    twice = 2.0 if mirrored else 1.0
    even = mirrored and length % 2 == 0
    total, amplitudes = twice * _total(power), twice * _total(amplitude)
    if mirrored:
        total -= power[0] + (power[last] if even else 0.0)
        amplitudes -= amplitude[0] + (amplitude[last] if even else 0.0)
    mean = total / length
    squares = twice * _total_squares(power, mean)
    if mirrored:
        squares -= (power[0] - mean) ** 2 + ((power[last] - mean) ** 2 if even else 0.0)
    squares = max(squares, 0.0) if out[2] > out[3] else 0.0
    deviation = np.sqrt(squares / length)
    variance = squares / (length - 1) if length > 1 else 0.0
    median, spread = quantiles[3], quantiles[4] - quantiles[2]
    out[0], out[1] = mean, median
    out[4] = _ratio(length / 3.0, mean)
    out[5] = _ratio(length / 3.0, amplitudes / length)
    out[6], out[7] = deviation, np.sqrt(variance)
    out[8], out[9], out[10], out[11] = quantiles[1], quantiles[2], median, quantiles[4]
    out[12], out[13] = out[2] - out[3], variance
    out[14], out[15] = spread, spread / 2.0
    out[16] = _ratio(deviation, mean)
    out[17] = _ratio(3.0 * (mean - median), deviation)
    width = quantiles[5] - quantiles[0]
    out[18] = spread / (2.0 * width) if width > FLAT * quantiles[5] else 0.0


@njit
def describe_spectra(spectra: Any, length: int, mirrored: bool, out: Any) -> None:
    """Write nineteen statistics of each spectrum over all ``length`` frequencies, frequency 0 included.

    ``spectra[s, j]`` holds real and imaginary part of each channel at frequency ``j``; a mirrored spectrum stops
    at ``length // 2``.
    """
    bins = spectra.shape[1]
    power, amplitude, quantiles = np.empty(bins), np.empty(bins), np.empty(6)
    for s in range(spectra.shape[0]):
        _power(spectra[s], power, amplitude)
        out[s, 3], out[s, 2] = _clean(power)
        _quantiles(power, length, mirrored, out[s, 2], quantiles)
        _statistics(power, amplitude, length, mirrored, quantiles, out[s])
