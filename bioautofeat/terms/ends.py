"""The two ends of a sequence, whatever its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import positions, tracks
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Derived, Term
from bioautofeat.terms.track import Track

__all__ = ["Cut", "EndTrack", "Length", "Side"]

Side = Literal["first", "last"]


def _cut(seqs: Sequences, side: Side, size: int) -> Sequences:
    """The first or last letters of each record; all of a shorter one."""
    lengths = np.minimum(seqs.lengths, size)
    starts = seqs.offsets[:-1] if side == "first" else seqs.offsets[1:] - lengths
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    where = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return Sequences(seqs.codes[where], offsets, seqs.ids, seqs.alphabet)


@dataclass(frozen=True)
class Cut(Derived):
    """A term of the first or the last letters of a record; of all of them where there are fewer.

    Parameters
    ----------
    term : Term
        One that learns nothing.
    side : {"first", "last"}
    size : int
        Number of letters.
    """

    side: Side
    size: int

    def names(self) -> list[str]:
        return [f"{self.side}{self.size}.{name}" for name in self.term.names()]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        self.term.fill(_cut(seqs, self.side, self.size), out)


@dataclass(frozen=True)
class EndTrack(Term):
    """The values of a track at the first and the last letters of a record, each end counted from itself.

    Positions past the other end of a shorter record are 0; in such a record the two ends overlap.

    Parameters
    ----------
    track : Track
        One value a letter.
    first, last : int
        Number of letters at each end; together at least 1.
    """

    track: Track
    first: int
    last: int

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.track.span

    @property
    def width(self) -> int:
        return (self.first + self.last) * len(self.track.channels)

    def names(self) -> list[str]:
        places = [*range(1, self.first + 1), *range(-self.last, 0)]
        channels = [f".{channel}" if channel else "" for channel in self.track.channels]
        return [f"{place}{channel}" for place in places for channel in channels]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        split = self.first * len(self.track.channels)
        head, tail = np.zeros((len(seqs), split)), np.zeros((len(seqs), out.shape[1] - split))
        tracks.flatten(*self.track.values(_cut(seqs, "first", self.first)), False, head)
        positions.flatten_end(*self.track.values(_cut(seqs, "last", self.last)), tail)
        out[:, :split], out[:, split:] = head, tail


@dataclass(frozen=True)
class Length(Term):
    """Number of letters of a record, unknown ones too, and the natural logarithm of one more than it."""

    shortest = 0

    @property
    def width(self) -> int:
        return 2

    def names(self) -> list[str]:
        return ["letters", "log"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        out[:, 0] = seqs.lengths
        out[:, 1] = np.log1p(out[:, 0])
