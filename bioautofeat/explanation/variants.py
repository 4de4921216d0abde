"""Records with some letters changed, and what a model makes of them: masked windows, single mutations, masked k-mers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.subject import Subject
from bioautofeat.sequences import Sequences

__all__ = ["Variants", "Words", "masked_windows", "masked_words", "mutations", "per_letter", "variant_outputs"]

Array = NDArray[Any]
LETTERS = 1 << 22
ROWS = 4096
"""Variants are made and predicted for about so many letters, and at most so many rows, at a time."""


@dataclass(frozen=True, eq=False)
class Variants:
    """Copies of records with some letters replaced.

    Parameters
    ----------
    record : ndarray of int64, shape (m,)
        The record that each variant is a copy of.
    owner, place : ndarray of int64, shape (edits,)
        Variant and position (from 0) of each replaced letter; owners in order.
    code : ndarray of uint8, shape (edits,)
        The new letter; the alphabet's size for an unknown one.
    """

    record: NDArray[np.int64]
    owner: NDArray[np.int64]
    place: NDArray[np.int64]
    code: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.record)

    def made(self, seqs: Sequences, start: int, stop: int) -> Sequences:
        """Variants ``start`` to ``stop`` as sequences."""
        copies = seqs.take(self.record[start:stop])
        first, last = np.searchsorted(self.owner, [start, stop])
        codes = copies.codes.copy()
        codes[copies.offsets[self.owner[first:last] - start] + self.place[first:last]] = self.code[first:last]
        return Sequences(codes, copies.offsets, copies.ids, copies.alphabet)

    @staticmethod
    def joined(parts: list[Variants]) -> Variants:
        """Variants after one another."""
        starts = np.cumsum([0, *(len(part) for part in parts)])
        return Variants(
            np.concatenate([part.record for part in parts]),
            np.concatenate([part.owner + start for part, start in zip(parts, starts, strict=False)]),
            np.concatenate([part.place for part in parts]),
            np.concatenate([part.code for part in parts]),
        )


def variant_outputs(
    subject: Subject, seqs: Sequences, variants: Variants, tell: Callable[[int, int], None] = lambda done, total: None
) -> NDArray[np.float64]:
    """What the model says of each variant, shape ``(m, outputs)``."""
    ends = np.cumsum(seqs.lengths[variants.record])
    found, start = [], 0
    while start < len(variants):
        reached = int(np.searchsorted(ends, (ends[start - 1] if start else 0) + LETTERS, side="right"))
        stop = min(max(start + 1, reached), start + ROWS, len(variants))
        found.append(subject.outputs_of(variants.made(seqs, start, stop)))
        start = stop
        tell(start, len(variants))
    return np.concatenate(found) if found else np.zeros((0, max(1, len(subject.model.classes))))


def masked_windows(seqs: Sequences, row: int, size: int, most: int) -> Variants:
    """A record with windows of letters masked, one window each, so that every letter lies in at least one.

    Parameters
    ----------
    size : int
        Letters of a window; in a record too long for ``most`` windows they are longer, and half of one lies in the next.
    most : int
        Largest number of windows.
    """
    length = int(seqs.lengths[row])
    size = min(size, length)
    step = max(1, -(-(length - size) // max(1, most - 1)))
    size = min(length, max(size, 2 * step)) if step > 1 else size
    starts = np.unique(np.append(np.arange(0, length - size + 1, step), length - size)) if length else np.zeros(0, int)
    owner = np.repeat(np.arange(len(starts)), size)
    place = (starts[:, None] + np.arange(size)).ravel()
    code = np.full(len(place), seqs.alphabet.size, np.uint8)
    return Variants(np.full(len(starts), row, np.int64), owner.astype(np.int64), place.astype(np.int64), code)


def per_letter(variants: Variants, effects: Array, length: int) -> NDArray[np.float64]:
    """Effect of each letter of a record: the mean over the variants that mask it; shape ``(length,)``."""
    total = np.bincount(variants.place, weights=effects[variants.owner], minlength=length)
    return total / np.maximum(np.bincount(variants.place, minlength=length), 1)


def mutations(seqs: Sequences, row: int) -> Variants:
    """A record with one letter replaced by another, in every way; unknown letters stay."""
    size = seqs.alphabet.size
    codes = seqs.codes[seqs.offsets[row] : seqs.offsets[row + 1]]
    place = np.repeat(np.flatnonzero(codes < size), size - 1)
    steps = np.tile(np.arange(1, size), len(place) // max(1, size - 1))
    code = ((codes[place] + steps) % size).astype(np.uint8)
    record = np.full(len(place), row, np.int64)
    return Variants(record, np.arange(len(place)), place, code)


@dataclass(frozen=True, eq=False)
class Words:
    """Records with every occurrence of one k-mer masked.

    Parameters
    ----------
    variants : Variants
    word : ndarray of int64, shape (m,)
        The masked k-mer of each variant, as a number in the base of the alphabet's size.
    count : ndarray of int64, shape (m,)
        Its occurrences in the record.
    k : int
    """

    variants: Variants
    word: NDArray[np.int64]
    count: NDArray[np.int64]
    k: int


def masked_words(seqs: Sequences, row: int, k: int) -> Words:
    """A record with each of its k-mers masked in turn, wherever it stands."""
    size = seqs.alphabet.size
    codes = seqs.codes[seqs.offsets[row] : seqs.offsets[row + 1]].astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(codes, k) if len(codes) >= k else np.zeros((0, k), np.int64)
    starts = np.flatnonzero((windows < size).all(axis=1))
    numbers = windows[starts] @ size ** np.arange(k - 1, -1, -1, dtype=np.int64)
    word, owner, count = np.unique(numbers, return_inverse=True, return_counts=True)
    order = np.argsort(owner, kind="stable")
    place = (starts[order][:, None] + np.arange(k)).ravel()
    code = np.full(len(place), size, np.uint8)
    record = np.full(len(word), row, np.int64)
    return Words(Variants(record, np.repeat(owner[order], k).astype(np.int64), place, code), word, count, k)
