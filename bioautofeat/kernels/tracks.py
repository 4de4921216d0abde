"""Tracks: values along a sequence, their recurrences and their layout as columns."""

from __future__ import annotations

from typing import Any

from bioautofeat._numba import njit

__all__ = ["flatten", "look_up"]


@njit
def look_up(words: Any, table: Any, out: Any) -> None:
    """Write the table's row of each word; zeros where the word is unknown (-1)."""
    for i in range(words.size):
        if words[i] >= 0:
            for c in range(table.shape[1]):
                out[i, c] = table[words[i], c]


@njit
def flatten(values: Any, bounds: Any, channel_major: bool, out: Any) -> None:
    """Lay the first positions of each track out as columns; what lies past a track's end stays as it is.

    Position-major: ``out[s, i * channels + c]``; channel-major: ``out[s, c * length + i]``.
    """
    channels = values.shape[1]
    length = out.shape[1] // channels
    for s in range(bounds.size - 1):
        start = bounds[s]
        for i in range(min(length, bounds[s + 1] - start)):
            for c in range(channels):
                out[s, c * length + i if channel_major else i * channels + c] = values[start + i, c]
