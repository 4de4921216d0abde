"""Cells of a table to text: each distinct value is formatted once, then copied wherever it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["CELL", "number_values", "write_rows"]

CELL = 32
"""Bytes kept for a number's text: a separator and 24 characters at most."""

SPREAD = np.uint64(0x9E3779B97F4A7C15)


@njit
def number_values(bits: Any, slots: Any, numbers: Any, known: Any, count: int, codes: Any) -> int:
    """Number the distinct values in the order they come.

    Parameters
    ----------
    bits : ndarray of uint64
        The values' bits, flat.
    slots, numbers : ndarray of uint64 and int32, a power of two long
        A hash table from bits to numbers, -1 where a slot is empty; kept from call to call.
    known : ndarray of uint64
        The bits of each number.
    count : int
        How many are known so far.
    codes : ndarray of int32
        Written: the number of each value.

    Returns
    -------
    int
        How many are known now; -1 once ``known`` is full.
    """
    mask = np.uint64(slots.size - 1)
    last, number = np.uint64(0), -1
    for i in range(bits.size):
        value = bits[i]
        # runs of one value, zero above all, are the rule
        if number < 0 or value != last:
            mixed = value * SPREAD
            slot = (mixed ^ (mixed >> np.uint64(32))) & mask
            while numbers[slot] >= 0 and slots[slot] != value:
                slot = (slot + np.uint64(1)) & mask
            if numbers[slot] < 0:
                if count == known.size:
                    return -1
                slots[slot], numbers[slot], known[count] = value, count, value
                count += 1
            last, number = value, numbers[slot]
        codes[i] = number
    return count


@njit
def _copy_word(source: Any, at: int, out: Any, to: int) -> None:
    """Copy eight bytes; all are read before any is written, so that one instruction can do it."""
    a, b, c, d = source[at], source[at + 1], source[at + 2], source[at + 3]
    e, f, g, h = source[at + 4], source[at + 5], source[at + 6], source[at + 7]
    out[to], out[to + 1], out[to + 2], out[to + 3] = a, b, c, d
    out[to + 4], out[to + 5], out[to + 6], out[to + 7] = e, f, g, h


@njit
def _copy(source: Any, start: int, stop: int, out: Any, to: int) -> int:
    for i in range(start, stop):
        out[to] = source[i]
        to += 1
    return to


@njit
def write_rows(codes: Any, texts: Any, sizes: Any, edges: Any, out: Any) -> int:
    """Write rows of text; the number of bytes written.

    Parameters
    ----------
    codes : ndarray of int32, shape (rows, columns)
        Numbers of the cells' texts.
    texts : ndarray of uint8
        The texts, ``CELL`` bytes apart, each with its separator before it.
    sizes : ndarray of int64
        Bytes of each text that count.
    edges : (uint8, int64) arrays
        The bytes before and after the cells of each row in turn, and the bounds of each.
    out : ndarray of uint8
        With ``CELL`` bytes to spare.
    """
    around, limits = edges
    to = 0
    for row in range(codes.shape[0]):
        to = _copy(around, limits[2 * row], limits[2 * row + 1], out, to)
        for column in range(codes.shape[1]):
            number = codes[row, column]
            at, size = number * CELL, sizes[number]
            _copy_word(texts, at, out, to)
            if size > 8:
                for word in range(8, CELL, 8):
                    _copy_word(texts, at + word, out, to + word)
            to += size
        to = _copy(around, limits[2 * row + 1], limits[2 * row + 2], out, to)
    return to
