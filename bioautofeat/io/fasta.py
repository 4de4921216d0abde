"""FASTA to sequences: batches from a compiled scan, checked as a whole before anyone sees a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import ILLEGAL, RNA, Alphabet
from bioautofeat.io.diagnosis import explain
from bioautofeat.io.source import BLOCK, Source
from bioautofeat.kernels import fasta as kernel
from bioautofeat.sequences import Sequences

__all__ = ["Batch", "BatchSize", "batches", "encoded", "id_hash", "letter_codes"]


def _classes_of_bytes() -> NDArray[np.uint8]:
    classes = np.zeros(256, np.uint8)
    for number in range(26):
        classes[[ord("A") + number, ord("a") + number]] = number + 1
    classes[list(b" \t\v\f")] = kernel.BLANK
    classes[ord("\n")], classes[ord("\r")], classes[ord("*")] = kernel.NEWLINE, kernel.RETURN, kernel.STAR
    return classes


CLASSES = _classes_of_bytes()


class BatchSize(NamedTuple):
    """A batch ends after this many records, or at the first record after this many letters."""

    records: int = 1 << 16
    letters: int = 1 << 23


USUAL_SIZE = BatchSize()


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one file, as scanned.

    Parameters
    ----------
    letters : ndarray of uint8
        Number of each letter, 1 is A.
    bounds : ndarray of int64, shape (n + 1,)
    masks : ndarray of int64, shape (n,)
        Bit ``i`` says that the letter with number ``i`` occurs; further bits as the kernel names them.
    lines : ndarray of int64, shape (n,)
        Line of each header.
    ids : bytes
        Each ended by a newline.
    hashes : ndarray of uint64, shape (n, 2)
        Of the ids.
    first : int
        Number of the first record in its file, from 0.
    """

    letters: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    masks: NDArray[np.int64]
    lines: NDArray[np.int64]
    ids: bytes
    hashes: NDArray[np.uint64]
    first: int

    def __len__(self) -> int:
        return len(self.masks)

    def names(self) -> list[str]:
        """The ids as text."""
        return self.ids.decode("utf-8").split("\n")[:-1]

    def raw_name(self, record: int) -> str:
        """One id as text, without the others."""
        return self.ids.split(b"\n", record + 1)[record].decode("utf-8", "replace")


def _arrays(size: BatchSize) -> kernel.RecordArrays:
    return kernel.RecordArrays(
        np.empty(min(size.letters, USUAL_SIZE.letters) + 2 * BLOCK, np.uint8),
        np.zeros(size.records + 1, np.int64),
        np.empty(size.records, np.int64),
        np.empty(size.records, np.int64),
        np.empty(2 * BLOCK, np.uint8),
        np.empty((size.records, 2), np.uint64),
    )


def _grown(array: NDArray[np.uint8], used: int, more: int) -> NDArray[np.uint8]:
    if used + more <= array.size:
        return array
    larger = np.empty(max(2 * array.size, used + more), np.uint8)
    larger[:used] = array[:used]
    return larger


def _with_room(arrays: kernel.RecordArrays, state: NDArray[np.int64], more: int) -> kernel.RecordArrays:
    """The arrays with room for another block, whatever it holds."""
    return arrays._replace(
        letters=_grown(arrays.letters, int(state[kernel.LETTERS]), more),
        ids=_grown(arrays.ids, int(state[kernel.IDS]), more + 1),
    )


def _taken(arrays: kernel.RecordArrays, state: NDArray[np.int64], first: int) -> Batch:
    """What was scanned, as a batch that owns its arrays; the state is set back for the next one."""
    n, letters, ids = (int(state[place]) for place in (kernel.RECORDS, kernel.LETTERS, kernel.IDS))
    state[[kernel.RECORDS, kernel.LETTERS, kernel.IDS]] = 0
    return Batch(
        arrays.letters[:letters],
        arrays.bounds[: n + 1],
        arrays.masks[:n],
        arrays.lines[:n],
        arrays.ids[:ids].tobytes(),
        arrays.hashes[:n],
        first,
    )


def batches(source: Source, size: BatchSize = USUAL_SIZE, block: int = BLOCK) -> Iterator[Batch]:
    """The records of a file in order; the first thing wrong with it is raised as :class:`FastaError`."""
    state = np.zeros(kernel.STATE_SIZE, np.int64)
    state[kernel.LINE], state[kernel.LAST] = 1, ord("\n")
    arrays, first = _arrays(size), 0
    for part in source.blocks(block):
        arrays = _with_room(arrays, state, len(part))
        state[kernel.AT] = 0
        while (why := kernel.scan(part, CLASSES, state, arrays, size.letters)) != kernel.DONE:
            if why == kernel.BAD:
                raise explain(source)
            batch = _taken(arrays, state, first)
            first += len(batch)
            yield _decodable(source, batch)
            arrays = _with_room(_arrays(size), state, len(part))
    if state[kernel.MODE] != kernel.SEQUENCE or not _finished(state, arrays):
        raise explain(source)
    yield _decodable(source, _taken(arrays, state, first))


def _finished(state: NDArray[np.int64], arrays: kernel.RecordArrays) -> bool:
    return bool(kernel.finish(state, arrays.letters, arrays.bounds, arrays.masks))


def _decodable(source: Source, batch: Batch) -> Batch:
    """The batch, once its ids are known to be text."""
    try:
        batch.ids.decode("utf-8")
    except UnicodeDecodeError:
        raise explain(source) from None
    return batch


def letter_codes(alphabet: Alphabet) -> NDArray[np.uint8]:
    """Code of each letter by its number, shape (32,); in RNA a T stands for U."""
    codes = np.full(32, ILLEGAL, np.uint8)
    codes[1:27] = alphabet.codes_of_bytes[ord("A") : ord("Z") + 1]
    if alphabet == RNA:
        codes[ord("T") - 64] = codes[ord("U") - 64]
    return codes


def encoded(batch: Batch, alphabet: Alphabet) -> Sequences:
    """The batch as sequences; its letters are overwritten by their codes, so it is of no further use."""
    kernel.translate(batch.letters, letter_codes(alphabet), batch.letters)
    return Sequences(batch.letters, batch.bounds, tuple(batch.names()), alphabet)


def id_hash(name: str) -> tuple[int, int]:
    """The 128 bits by which an id is known."""
    out = np.empty(2, np.uint64)
    kernel.hash_id(np.frombuffer(name.encode("utf-8"), np.uint8), out)
    return int(out[0]), int(out[1])
