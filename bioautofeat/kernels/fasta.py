"""Scanning FASTA: bytes to letters, ids, hashes of ids and the set of letters of each record, block by block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bioautofeat._numba import njit

__all__ = [
    "BAD",
    "DONE",
    "FULL",
    "RecordArrays",
    "finish",
    "hash_id",
    "histogram",
    "scan",
    "translate",
]

BLANK, NEWLINE, RETURN, STAR = 27, 28, 29, 30
"""Classes of bytes beyond 1..26, which are the letters A..Z in either case; 0 may not stand in a sequence."""

STOP, STOP_INSIDE, FORMULA, UNICODE_ID = 1 << 27, 1 << 28, 1 << 29, 1 << 30
"""Bits of a record's mask beyond 1..26, which say that the letter occurs."""

AT, MODE, LINE, LAST, LETTERS, RECORDS, IDS, MASK, STARS, STAR_AT, STATE_SIZE = range(11)
"""Places in the state that is carried from block to block."""

BEFORE, HEADER, ID, DESCRIPTION, SEQUENCE, CLOSED = range(6)
"""What is being read."""

DONE, FULL, BAD = range(3)
"""Why a scan came back: the block is used up, the batch is full, a byte may not stand where it stands."""

# numpy scalars, for numba would take a product of uint64 and int64 to be a float
SEED_A, PRIME_A = np.uint64(0xCBF29CE484222325), np.uint64(0x00000100000001B3)
SEED_B, PRIME_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


class RecordArrays(NamedTuple):
    """Where a scan writes a batch.

    ``letters`` (uint8) numbers of the letters, 1 is A; ``bounds`` (int64) of each record in them, one more than
    records; ``masks`` (int64); ``lines`` (int64) of the headers; ``ids`` (uint8), each ended by a newline;
    ``hashes`` (uint64, two columns) of the ids.  Room for a whole block is needed in ``letters`` and ``ids``.
    """

    letters: Any
    bounds: Any
    masks: Any
    lines: Any
    ids: Any
    hashes: Any


@njit
def finish(state: Any, records: Any) -> bool:
    """Close the open record; false where it has no letter."""
    record, to = state[RECORDS], state[LETTERS]
    if state[STARS] > 0:
        at_end = state[STARS] == 1 and state[STAR_AT] == to
        state[MASK] |= STOP if at_end else STOP_INSIDE
    records.masks[record] = state[MASK]
    records.bounds[record + 1] = to
    state[RECORDS] = record + 1
    state[MODE] = CLOSED
    return to > records.bounds[record]


@njit
def _read_letters(block: Any, classes: Any, i: int, state: Any, letters: Any) -> int:
    """Write letters up to the first byte that is none; its place."""
    to, mask = state[LETTERS], state[MASK]
    while i < block.size:
        kind = classes[block[i]]
        if kind == 0 or kind >= BLANK:
            break
        letters[to] = kind
        mask |= 1 << kind
        to += 1
        i += 1
    state[LETTERS], state[MASK] = to, mask
    return i


@njit
def _read_id(block: Any, classes: Any, i: int, state: Any, records: Any) -> int:
    """Write and hash the bytes of an id up to a blank, a line's end or a zero byte; the place of that."""
    record, to = state[RECORDS], state[IDS]
    a, b = records.hashes[record, 0], records.hashes[record, 1]
    while i < block.size:
        byte = block[i]
        kind = classes[byte]
        if byte == 0 or BLANK <= kind <= RETURN:
            break
        if byte >= 128:
            state[MASK] |= UNICODE_ID
        a, b = (a ^ np.uint64(byte)) * PRIME_A, (b + np.uint64(byte) + np.uint64(1)) * PRIME_B
        records.ids[to] = byte
        to += 1
        i += 1
    records.hashes[record, 0], records.hashes[record, 1] = a, b
    state[IDS] = to
    return i


@njit
def _read_header(block: Any, classes: Any, i: int, state: Any, records: Any) -> int:
    """Read on in a header, before or inside its id; the place of the first byte that is not of the id."""
    byte, record = block[i], state[RECORDS]
    if classes[byte] == BLANK:
        if state[MODE] == ID:
            _end_id(state, records)
            state[MODE] = DESCRIPTION
        return i + 1
    if state[MODE] == HEADER:
        records.hashes[record, 0], records.hashes[record, 1] = SEED_A, SEED_B
        if byte in (61, 43, 45, 64):  # = + - @
            state[MASK] |= FORMULA
        state[MODE] = ID
    return _read_id(block, classes, i, state, records)


@njit
def _end_id(state: Any, records: Any) -> None:
    records.ids[state[IDS]] = 10
    state[IDS] += 1


@njit
def _end_line(state: Any, records: Any) -> int:
    """What the end of a line means to the record that is open: bad after a header without an id."""
    mode = state[MODE]
    if mode == HEADER:
        return BAD
    if mode == ID:
        _end_id(state, records)
    if mode in (ID, DESCRIPTION):
        state[MODE] = SEQUENCE
    return DONE


@njit
def _next_record(state: Any, records: Any, enough: int) -> int:
    """Close the open record and begin another: bad where the open one is empty, full where there is no room."""
    if state[MODE] == SEQUENCE and not finish(state, records):
        return BAD
    state[MODE] = CLOSED
    record = state[RECORDS]
    if record == records.lines.size or (record > 0 and state[LETTERS] >= enough):
        return FULL
    records.lines[record] = state[LINE]
    state[MASK], state[STARS], state[MODE] = 0, 0, HEADER
    return DONE


@njit
def scan(block: Any, classes: Any, state: Any, records: Any, enough: int) -> int:
    """Read a block from ``state[AT]`` on into the batch; full at a header once it holds ``enough`` letters.

    Parameters
    ----------
    block : ndarray of uint8
    classes : ndarray of uint8, shape (256,)
        Class of each byte.
    state : ndarray of int64
        Carried from call to call; ``BAD`` leaves it at the byte in question.
    records : RecordArrays
    enough : int

    Returns
    -------
    int
        ``DONE``, ``FULL`` or ``BAD``.
    """
    i, n, why = state[AT], block.size, DONE
    while i < n and why == DONE:
        kind, mode = classes[block[i]], state[MODE]
        before = block[i - 1] if i > 0 else state[LAST]
        if kind in (NEWLINE, RETURN):
            # the second half of a \r\n ends no further line
            state[LINE] += kind == RETURN or before != 13
            why = _end_line(state, records)
            i += why == DONE
        elif mode == SEQUENCE and 0 < kind < BLANK:
            i = _read_letters(block, classes, i, state, records.letters)
        elif mode == DESCRIPTION:
            while i < n and block[i] != 10 and block[i] != 13:
                i += 1
        elif block[i] == 0:
            why = BAD
        elif mode in (HEADER, ID):
            i = _read_header(block, classes, i, state, records)
        elif block[i] == 62 and before in (10, 13):
            why = _next_record(state, records, enough)
            i += why == DONE
        elif kind == BLANK:
            i += 1
        elif kind == STAR and mode == SEQUENCE:
            state[STARS], state[STAR_AT], i = state[STARS] + 1, state[LETTERS], i + 1
        else:
            why = BAD
    state[AT] = i
    if n > 0 and why == DONE:
        state[LAST] = block[n - 1]
    return why


@njit
def hash_id(text: Any, out: Any) -> None:
    """Write the two hashes of an id (uint8), as :func:`scan` has them, into ``out`` (uint64)."""
    a, b = SEED_A, SEED_B
    for byte in text:
        a, b = (a ^ np.uint64(byte)) * PRIME_A, (b + np.uint64(byte) + np.uint64(1)) * PRIME_B
    out[0], out[1] = a, b


@njit
def translate(letters: Any, table: Any, out: Any) -> None:
    """Write the entry of each letter in a table of 32; ``out`` may be ``letters``."""
    for i in range(letters.size):
        out[i] = table[letters[i] & 31]


@njit
def histogram(letters: Any, counts: Any) -> None:
    """Add how often each letter occurs, in four rows in turn: a run of one letter would wait for one counter."""
    whole = letters.size - letters.size % 4
    for i in range(0, whole, 4):
        counts[0, letters[i] & 31] += 1
        counts[1, letters[i + 1] & 31] += 1
        counts[2, letters[i + 2] & 31] += 1
        counts[3, letters[i + 3] & 31] += 1
    for i in range(whole, letters.size):
        counts[0, letters[i] & 31] += 1
