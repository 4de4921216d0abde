"""Tracks: values along a sequence, their recurrences, running frequencies, and their layout as columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = [
    "flatten",
    "look_up",
    "look_up_letters",
    "one_hot",
    "pack",
    "position_frequency",
    "prefix_frequency",
    "recur",
    "signal_to_noise",
]


@njit
def look_up(words: Any, table: Any, out: Any) -> None:
    """Write the table's row of each word; zeros where the word is unknown (-1)."""
    for i in range(words.size):
        if words[i] >= 0:
            for c in range(table.shape[1]):
                out[i, c] = table[words[i], c]


@njit
def look_up_letters(codes: Any, table: Any, out: Any) -> None:
    """Write the table's row of each letter; the table's last row is that of an unknown letter."""
    for i in range(codes.size):
        code = min(codes[i], table.shape[0] - 1)
        for c in range(table.shape[1]):
            out[i, c] = table[code, c]


@njit
def recur(words: Any, bounds: Any, table: Any, decay: float, start: float, out: Any) -> None:
    """Write ``y[i] = decay * y[i - 1] + table[words[i]]``, from ``start`` on; an unknown word keeps the last value."""
    last = table.shape[1] - 1
    for s in range(bounds.size - 1):
        # three channels at once: each step waits for the one before it, the channels do not wait for one another
        for c in range(0, last + 1, 3):
            d, e = min(c + 1, last), min(c + 2, last)
            x, y, z = start, start, start
            for i in range(bounds[s], bounds[s + 1]):
                word = words[i]
                if word >= 0:
                    x = decay * x + table[word, c]
                    y = decay * y + table[word, d]
                    z = decay * z + table[word, e]
                out[i, c], out[i, d], out[i, e] = x, y, z


@njit
def prefix_frequency(words: Any, bounds: Any, n_words: int, out: Any) -> None:
    """Write the share that each word has among the known words up to and with its place; unknown words have 0."""
    seen = np.zeros(n_words, np.int64)
    for s in range(bounds.size - 1):
        known = 0
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                known += 1
                seen[words[i]] += 1
                out[i, 0] = seen[words[i]] / known
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                seen[words[i]] = 0


@njit
def position_frequency(words: Any, bounds: Any, n_words: int, out: Any) -> None:
    """Write the share that each word has among all known words of its sequence; unknown words have 0."""
    seen = np.zeros(n_words, np.int64)
    for s in range(bounds.size - 1):
        known = 0
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                known += 1
                seen[words[i]] += 1
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                out[i, 0] = seen[words[i]] / known
        for i in range(bounds[s], bounds[s + 1]):
            if words[i] >= 0:
                seen[words[i]] = 0


@njit
def flatten(values: Any, bounds: Any, channel_major: bool, out: Any) -> None:
    """Lay the first positions of each track out as columns; what lies past a track's end stays as it is.

    Position-major: ``out[s, i * channels + c]``; channel-major: ``out[s, c * length + i]``.
    """
    channels = values.shape[1]
    length = out.shape[1] // channels
    for s in range(bounds.size - 1):
        start = bounds[s]
        own = min(length, bounds[s + 1] - start)
        if channel_major:
            for c in range(channels):
                for i in range(own):
                    out[s, c * length + i] = values[start + i, c]
        else:
            for i in range(own):
                for c in range(channels):
                    out[s, i * channels + c] = values[start + i, c]


@njit
def pack(values: Any, bounds: Any, out: Any) -> None:
    """Lay the channels of each track out one behind the other, each as long as its own record."""
    channels = values.shape[1]
    length = out.shape[1] // channels
    for s in range(bounds.size - 1):
        start = bounds[s]
        own = min(length, bounds[s + 1] - start)
        for c in range(channels):
            for i in range(own):
                out[s, c * own + i] = values[start + i, c]


@njit
def one_hot(words: Any, bounds: Any, n_words: int, channel_major: bool, out: Any) -> None:
    """Write 1 in the column of the word that stands at each position; columns as in :func:`flatten`."""
    length = out.shape[1] // n_words
    for s in range(bounds.size - 1):
        start = bounds[s]
        for i in range(min(length, bounds[s + 1] - start)):
            word = words[start + i]
            if word >= 0:
                out[s, word * length + i if channel_major else i * n_words + word] = 1.0


@njit
def signal_to_noise(values: Any, bounds: Any, cosines: Any, sines: Any, out: Any) -> None:
    """Write the power of each track at one frequency over its mean power at all others but 0.

    ``cosines`` and ``sines`` hold the wave at each position.  The mean of each channel is taken away first; by
    Parseval's theorem the mean power is ``length * sum(x^2) / (length - 1)``.  A constant track has 0.
    """
    for s in range(bounds.size - 1):
        start, stop = bounds[s], bounds[s + 1]
        length = stop - start
        power, spread, size = 0.0, 0.0, 0.0
        for c in range(values.shape[1]):
            mean = 0.0
            for i in range(start, stop):
                mean += values[i, c]
            mean /= max(1, length)
            real, imaginary = 0.0, 0.0
            for i in range(start, stop):
                value = values[i, c] - mean
                real += value * cosines[i - start]
                imaginary += value * sines[i - start]
                spread += value * value
                size += values[i, c] * values[i, c]
            power += real * real + imaginary * imaginary
        # what rounding leaves of a constant track is no signal
        if length > 1 and spread > 1e-24 * size:
            out[s, 0] = power * (length - 1) / (length * spread)
