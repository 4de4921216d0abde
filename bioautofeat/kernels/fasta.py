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

AT, MODE, LINE, LAST, LETTERS, RECORDS, IDS, ID_AT, MASK, STARS, STAR_AT, STATE_SIZE = range(12)
"""Places in the state that is carried from block to block."""

BEFORE, HEADER, ID, DESCRIPTION, SEQUENCE, CLOSED = range(6)
"""What is being read."""

DONE, FULL, BAD = range(3)
"""Why a scan came back: the block is used up, the batch is full, a byte may not stand where it stands."""

WIDE, NARROW = 64, 8
"""Bytes that are tried at once."""

NUMBER, LOWER, FIRST, COUNT = np.uint8(31), np.uint8(32), np.uint8(ord("a")), np.uint8(26)
"""In ASCII, the lowest five bits of a letter are its number, the sixth is its case."""

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
def finish(state: Any, letters: Any, bounds: Any, masks: Any) -> bool:
    """Close the open record; false where it has no letter."""
    record, to = state[RECORDS], state[LETTERS]
    word = letters[bounds[record] : to]
    seen = np.uint32(0)
    for i in range(word.size):
        seen |= np.uint32(1) << np.uint32(word[i] & NUMBER)
    mask = state[MASK] | seen
    if state[STARS] > 0:
        at_end = state[STARS] == 1 and state[STAR_AT] == to
        mask |= STOP if at_end else STOP_INSIDE
    masks[record] = mask
    bounds[record + 1] = to
    state[RECORDS], state[MODE] = record + 1, CLOSED
    return word.size > 0


@njit
def _read_letters(block: Any, classes: Any, i: int, state: Any, letters: Any) -> int:
    """Write letters up to the first byte that is none; its place."""
    to, n = state[LETTERS], block.size
    # pieces of a fixed size, for a few instructions then do a whole one
    while i + WIDE <= n:
        source, out, wrong = block[i : i + WIDE], letters[to : to + WIDE], np.uint8(0)
        for j in range(WIDE):
            out[j] = source[j] & NUMBER
            wrong |= np.uint8(np.uint8(np.uint8(source[j] | LOWER) - FIRST) >= COUNT)
        if wrong:
            break
        i, to = i + WIDE, to + WIDE
    while i + NARROW <= n:
        source, out, wrong = block[i : i + NARROW], letters[to : to + NARROW], np.uint8(0)
        for j in range(NARROW):
            out[j] = source[j] & NUMBER
            wrong |= np.uint8(np.uint8(np.uint8(source[j] | LOWER) - FIRST) >= COUNT)
        if wrong:
            break
        i, to = i + NARROW, to + NARROW
    while i < n and 0 < classes[block[i]] < BLANK:
        letters[to] = classes[block[i]]
        i, to = i + 1, to + 1
    state[LETTERS] = to
    return i


@njit
def hash_id(text: Any, out: Any) -> None:
    """Write the two hashes of an id (uint8) into ``out`` (uint64)."""
    a, b = SEED_A, SEED_B
    for byte in text:
        a, b = (a ^ np.uint64(byte)) * PRIME_A, (b + np.uint64(byte) + np.uint64(1)) * PRIME_B
    out[0], out[1] = a, b


@njit
def _read_header(block: Any, classes: Any, i: int, state: Any, ids: Any, hashes: Any) -> int:
    """Read on in a header; the place of its end, or of a zero byte before the end of the id."""
    n = block.size
    if state[MODE] == HEADER:
        while i < n and classes[block[i]] == BLANK:
            i += 1
        if i == n or block[i] == 0 or BLANK < classes[block[i]] <= RETURN:
            return i
        if block[i] in (61, 43, 45, 64):  # = + - @
            state[MASK] |= FORMULA
        state[MODE], state[ID_AT] = ID, state[IDS]
    if state[MODE] == ID:
        to = state[IDS]
        while i < n and block[i] != 0 and not BLANK <= classes[block[i]] <= RETURN:
            if block[i] >= 128:
                state[MASK] |= UNICODE_ID
            ids[to] = block[i]
            i, to = i + 1, to + 1
        state[IDS] = to
        if i == n or block[i] == 0:
            return i
        hash_id(ids[state[ID_AT] : to], hashes[state[RECORDS]])
        ids[to] = 10
        state[IDS], state[MODE] = to + 1, DESCRIPTION
    while i < n and block[i] != 10 and block[i] != 13:
        i += 1
    return i


@njit
def _next_record(state: Any, records: Any, enough: int) -> int:
    """Close the open record and begin another: bad where the open one is empty, full where there is no room."""
    if state[MODE] == SEQUENCE and not finish(state, records.letters, records.bounds, records.masks):
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
        ends = kind in (NEWLINE, RETURN)
        if mode == ID or (HEADER <= mode <= DESCRIPTION and not ends):
            i = _read_header(block, classes, i, state, records.ids, records.hashes)
            if i < n and block[i] == 0 and state[MODE] != DESCRIPTION:
                why = BAD
        elif ends and mode == HEADER:
            why = BAD
        elif ends:
            # the second half of a \r\n ends no further line
            state[LINE] += kind == RETURN or before != 13
            state[MODE] = SEQUENCE if mode == DESCRIPTION else mode
            i += 1
        elif mode == SEQUENCE and 0 < kind < BLANK:
            i = _read_letters(block, classes, i, state, records.letters)
        elif block[i] == 62 and before in (10, 13):
            why = _next_record(state, records, enough)
            i += why == DONE
        elif kind == BLANK or (kind == STAR and mode == SEQUENCE):
            if kind == STAR:
                state[STARS], state[STAR_AT] = state[STARS] + 1, state[LETTERS]
            i += 1
        else:
            why = BAD
    state[AT] = i
    if n > 0 and why == DONE:
        state[LAST] = block[n - 1]
    return why


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
