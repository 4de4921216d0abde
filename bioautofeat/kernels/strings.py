"""Kernels of two records that are sums over all pairs of their words, by the number of letters in which these agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["NOTHING", "PACK", "known_windows", "paired_word_kernels", "word_kernels"]

PACK = 8
"""Windows that are looked at in one step."""

NOTHING = 255
"""A letter that no record holds; it pads the targets."""

Records = tuple[Any, Any, Any]
Targets = tuple[Any, Any, Any]


@njit
def known_windows(codes: Any, offsets: Any, length: int, n_symbols: int, out: Any) -> None:
    """Set ``out`` (uint8, one a letter) to 255 where a window of ``length`` known letters of a record ends, to 0 elsewhere."""
    for s in range(offsets.size - 1):
        run = 0
        for i in range(offsets[s], offsets[s + 1]):
            run = run + 1 if codes[i] < n_symbols else 0
            out[i] = 255 if run >= length else 0


@njit
def _agreements(a: Any, before: Any, letters: Any, length: int, above: Any, row: Any) -> None:
    """One more than the agreeing letters of the windows that end at letter ``a`` and at each of ``letters``.

    ``above`` has those of the letter before ``a``: going down a diagonal, one pair of letters comes in and one, ``before``
    with the letter ``length`` places back, goes out.  Both begin with a place of their own for "no letter yet", 1.  Parts
    of arrays stand in for sums of indices, so that the loops become vector instructions.
    """
    n = letters.size
    first = min(n, length)
    old, come, new = above[:first], letters[:first], row[1 : first + 1]
    for j in range(new.size):
        new[j] = old[j] + np.uint8(come[j] == a)
    old, come, go, new = above[first:n], letters[first:n], letters[: n - first], row[first + 1 : n + 1]
    for j in range(new.size):
        new[j] = old[j] + np.uint8(come[j] == a) - np.uint8(go[j] == before)


@njit
def _excesses(agreeing: Any, known: Any, floor: int, out: Any) -> None:
    """By how much each known window is above ``floor``; 0 for those that are not and for unknown ones."""
    least = np.uint8(floor)
    for j in range(known.size):
        here = agreeing[j]
        out[j] = ((here if here > least else least) - least) & known[j]


@njit
def _add_values(excess: Any, packs: Any, owners: Any, values: Any, out: Any) -> None:
    """Add the values of windows to the numbers of the targets that own them; ``packs`` are the same bytes by eight.

    Most windows agree in too few letters to add anything, and eight of them are passed over at once.
    """
    for pack in range(packs.size):
        if packs[pack] != 0:
            first = pack * PACK
            if owners[first] == owners[first + PACK - 1]:
                total = 0
                for j in range(first, first + PACK):
                    total += values[excess[j]]
                out[owners[first]] += total
            else:
                for j in range(first, first + PACK):
                    out[owners[j]] += values[excess[j]]


@njit
def _add_kernels(letters: Any, whole: Any, targets: Targets, values: Any, out: Any) -> None:
    """Add the kernels of a record with all targets to ``out``; its windows are known where ``whole`` is not 0."""
    texts, known, owners = targets
    n, length = texts.size, values.size - 2
    floor = 0
    while floor < length and values[floor + 1] == 0:
        floor += 1
    # one more than the letters that agree, so that a known window that agrees in none is told from an unknown one
    rows = np.ones((2, n + 1), np.uint8)
    packs = np.zeros(n // PACK, np.uint64)
    excess = packs.view(np.uint8)
    for i in range(letters.size):
        above, row = rows[i % 2], rows[(i + 1) % 2]
        before = letters[i - length] if i >= length else np.uint8(NOTHING - 1)
        _agreements(letters[i], before, texts, length, above, row)
        if whole[i] > 0:
            _excesses(row[1:], known, floor, excess)
            _add_values(excess, packs, owners, values[floor:], out)


@njit
def word_kernels(records: Records, targets: Targets, values: Any, out: Any) -> None:
    """Kernel of each record with each target: a value for each pair of their windows, by the number of letters that agree.

    Parameters
    ----------
    records : tuple of ndarray
        Letters end to end, their bounds, and what :func:`known_windows` says of windows of ``length`` letters.
    targets : tuple of ndarray
        Letters end to end, what :func:`known_windows` says of them, and the target that owns each letter (int64, rising
        within each ``PACK``); all three padded to a multiple of ``PACK``: with ``NOTHING``, 0 and the last target.
    values : ndarray of int64, shape (length + 2,)
        0, and then what a pair of windows adds that agrees in 0, 1 ... ``length`` letters.
    out : ndarray of float64, shape (records, targets)
        Zeros before, whole numbers after.

    Notes
    -----
    The targets are one long text: a window that lies in two of them is unknown.  A pair of letters costs a few vector
    instructions for every 16 or 32, whatever the length of the words; only windows that agree well are looked at.
    """
    codes, offsets, whole = records
    for s in range(offsets.size - 1):
        start, stop = offsets[s], offsets[s + 1]
        _add_kernels(codes[start:stop], whole[start:stop], targets, values, out[s])


@njit
def paired_word_kernels(records: Records, others: Records, values: Any, out: Any) -> None:
    """As :func:`word_kernels`, of each record with one other of the same bounds: itself, or its other strand.

    ``out`` (float64) has one number a record, to which the kernel is added.
    """
    codes, offsets, whole = records
    for s in range(offsets.size - 1):
        start, stop = offsets[s], offsets[s + 1]
        n = -(-(stop - start) // PACK) * PACK
        letters, known, owners = np.full(n, np.uint8(NOTHING)), np.zeros(n, np.uint8), np.zeros(n, np.int64)
        letters[: stop - start], known[: stop - start] = others[0][start:stop], others[2][start:stop]
        _add_kernels(codes[start:stop], whole[start:stop], (letters, known, owners), values, out[s : s + 1])
