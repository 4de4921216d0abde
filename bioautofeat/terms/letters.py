"""Records as rows of letters: what networks are fed with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ModelError
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training

__all__ = ["Letters", "letter_rows"]


def letter_rows(seqs: Sequences, length: int) -> NDArray[np.uint8]:
    """Letters of each record, shape ``(n, length)``: 1 for the first symbol, ..., 0 past the record's end.

    An unknown letter is ``alphabet.size + 1``.  A longer record keeps its first ``ceil(length / 2)`` letters and as
    many of its last ones as there is room for: what is told at the ends of a record is not lost.
    """
    rows = np.zeros((len(seqs), length), np.uint8)
    if not seqs.n_letters or not length:
        return rows
    place = np.arange(length)
    lengths, starts = seqs.lengths[:, None], seqs.offsets[:-1, None]
    late = (lengths > length) & (place >= (length + 1) // 2)
    source = np.where(late, lengths - length + place, place)
    inside = place < lengths
    rows[inside] = seqs.codes[(starts + source)[inside]] + 1
    return rows


@dataclass(frozen=True)
class Letters(Term):
    """The letters of a record as numbers, see :func:`letter_rows`.

    Parameters
    ----------
    alphabet : Alphabet
    longest : int
        Most letters that are kept.
    length : int, optional
        Number of letters described; learnt when absent.
    """

    alphabet: Alphabet
    longest: int
    length: int | None = None
    needs = frozenset({"length"})

    def __post_init__(self) -> None:
        if self.length is not None and not 1 <= self.length <= self.longest:
            raise ModelError(f"{self.length} letters described; from 1 to {self.longest} are possible")

    @property
    def width(self) -> int:
        if self.length is None:
            raise self.not_fitted()
        return self.length

    def names(self) -> list[str]:
        return [str(place) for place in range(1, self.width + 1)]

    def fit(self, training: Training) -> Letters:
        return replace(self, length=max(1, min(training.length, self.longest)))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        out[:] = letter_rows(seqs, self.width)
