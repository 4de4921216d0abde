"""The verbs *map* and *scan*: numbers along a sequence; and their layout as columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import tracks
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training, fixed
from bioautofeat.terms.read import Kmers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = [
    "Flatten",
    "OneHot",
    "Order",
    "PositionFrequency",
    "PrefixFrequency",
    "Recurrence",
    "Table",
    "Track",
    "compact",
    "row_blocks",
]

Order = Literal["position", "channel", "packed"]

BLOCK_LETTERS = 1 << 18
"""Tracks are made for about this many letters at a time, so that memory does not grow with the records."""

WORD_TABLE = 1 << 16
"""Words are numbered anew where a table over all of them would hold more entries."""


def row_blocks(seqs: Sequences, letters: int = BLOCK_LETTERS) -> Iterator[tuple[int, int]]:
    """Bounds of consecutive blocks of records that hold at most so many letters together, or are one record."""
    start, ends = 0, seqs.offsets[1:]
    while start < len(seqs):
        stop = int(np.searchsorted(ends, seqs.offsets[start] + letters, side="right"))
        stop = max(start + 1, stop)
        yield start, stop
        start = stop


def compact(words: NDArray[np.int64], n_words: int) -> tuple[NDArray[np.int64], int]:
    """Words (-1: unknown) as numbers below a bound that a table can have; which of them are equal stays the same."""
    if n_words <= WORD_TABLE:
        return words, n_words
    distinct, numbers = np.unique(words, return_inverse=True)
    return numbers.astype(np.int64) - int(len(distinct) > 0 and distinct[0] < 0), len(distinct)


class Track(ABC):
    """Values along a sequence: one row a window, one column a channel.

    Attributes
    ----------
    channels : tuple of str
        Name of each channel; ``("",)`` where there is one that needs no name.
    span : int
        Number of letters behind one value; a sequence of ``L`` letters has ``max(0, L - span + 1)`` values.
    is_complex : bool
        Whether the two channels are the real and the imaginary part of one complex value.
    """

    channels: tuple[str, ...]
    span: int
    is_complex: bool = False

    @abstractmethod
    def values(self, seqs: Sequences) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Values of all sequences, shape ``(windows, channels)``, and the bounds of each sequence's windows.

        Where a window holds an unknown letter the value is 0, unless the track says otherwise.
        """


@dataclass(frozen=True, eq=False)
class Table(Track):
    """The verb *map*: each word stands for a row of numbers.

    Parameters
    ----------
    words : Kmers
    table : ndarray of float64, shape (words.n_words, channels)
    channels : tuple of str
    is_complex : bool
        The two channels are a real and an imaginary part.
    """

    words: Kmers
    table: NDArray[np.float64]
    channels: tuple[str, ...] = ("",)
    is_complex: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", fixed(self.table).reshape(self.words.n_words, len(self.channels)))

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.words.span

    @cached_property
    def _with_unknown(self) -> NDArray[np.float64]:
        """The table with a row of zeros for an unknown letter."""
        return np.vstack([self.table, np.zeros(self.table.shape[1])])

    def values(self, seqs: Sequences) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if self.words.span == 1:
            letters = self.words.symbols(seqs)
            first, last = letters.offsets[0], letters.offsets[-1]
            values = np.empty((last - first, len(self.channels)))
            tracks.look_up_letters(letters.codes[first:last], self._with_unknown, values)
            return values, letters.offsets - first
        words, bounds = self.words.codes(seqs)
        values = np.zeros((len(words), len(self.channels)))
        tracks.look_up(words, self.table, values)
        return values, bounds


@dataclass(frozen=True, eq=False)
class Recurrence(Track):
    """The verb *scan*: ``y[i] = decay * y[i - 1] + weight * x[i]``, where ``x`` is the table's row of each word.

    ``decay`` 1 sums up (Z-curve), 1/2 halves the way to a corner (chaos game).  An unknown word keeps the last value.

    Parameters
    ----------
    table : Table
    decay, weight : float
    start : float
        The value before the first word, in every channel.
    """

    table: Table
    decay: float = 1.0
    weight: float = 1.0
    start: float = 0.0

    @property
    def channels(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.table.channels

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.table.span

    @cached_property
    def _weighted(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self.weight * self.table.table)

    def values(self, seqs: Sequences) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        words, bounds = self.table.words.codes(seqs)
        values = np.empty((len(words), len(self.channels)))
        tracks.recur(words, bounds, self._weighted, self.decay, self.start, values)
        return values, bounds


@dataclass(frozen=True)
class _Frequency(Track):
    """A track of one channel that counts words.

    Parameters
    ----------
    words : Kmers
    """

    words: Kmers
    channels = ("",)
    kernel: ClassVar[Any]

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.words.span

    def values(self, seqs: Sequences) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        words, bounds = self.words.codes(seqs)
        values = np.zeros((len(words), 1))
        words, n_words = compact(words, self.words.n_words)
        self.kernel(words, bounds, n_words, values)
        return values, bounds


class PrefixFrequency(_Frequency):
    """Share of each word among the known words up to and with its place: the accumulated frequency."""

    kernel = staticmethod(tracks.prefix_frequency)


class PositionFrequency(_Frequency):
    """Share of each word among all known words of its record, at the word's place."""

    kernel = staticmethod(tracks.position_frequency)


class _Positions(Term):
    """A term with a block of columns for each position described."""

    channels: tuple[str, ...]
    span: int
    order: Order
    length: int | None
    needs = frozenset({"length"})

    @property
    def n_positions(self) -> int:
        """Number of positions described."""
        if self.length is None:
            raise self.not_fitted()
        return max(0, self.length - self.span + 1)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.span

    @property
    def width(self) -> int:
        return self.n_positions * len(self.channels)

    def names(self) -> list[str]:
        if self.order == "packed":
            return [f"{column}" for column in range(1, self.width + 1)]
        places = range(1, self.n_positions + 1)
        channels = [f".{channel}" if channel else "" for channel in self.channels]
        if self.order == "position":
            return [f"{place}{channel}" for place in places for channel in channels]
        return [f"{place}{channel}" for channel in channels for place in places]


@dataclass(frozen=True)
class Flatten(_Positions):
    """A track laid out as columns, one block a position (or a channel); zeros past the end of a record.

    Parameters
    ----------
    track : Track
    order : {"position", "channel", "packed"}
        Which of the two is outer.  ``packed``: channel after channel, each as long as its own record, zeros behind.
    length : int, optional
        Number of letters described; learnt when absent.
    """

    track: Track
    order: Order = "position"
    length: int | None = None

    @property
    def channels(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.track.channels

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.track.span

    def fit(self, training: Training) -> Flatten:
        return replace(self, length=training.length)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_blocks(seqs):
            values, bounds = self.track.values(seqs[start:stop])
            if self.order == "packed":
                tracks.pack(values, bounds, out[start:stop])
            else:
                tracks.flatten(values, bounds, self.order == "channel", out[start:stop])


@dataclass(frozen=True)
class OneHot(_Positions):
    """Which word stands at each position: 1 in its column, 0 in the others; zeros past the end of a record.

    Parameters
    ----------
    words : Kmers
    order : {"position", "channel"}
        Which of position and word is outer.
    length : int, optional
        Number of letters described; learnt when absent.
    """

    words: Kmers
    order: Order = "position"
    length: int | None = None

    @property
    def channels(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(self.words.names())

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.words.span

    @property
    def width(self) -> int:
        return self.n_positions * self.words.n_words

    def fit(self, training: Training) -> OneHot:
        return replace(self, length=training.length)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_blocks(seqs):
            words, bounds = self.words.codes(seqs[start:stop])
            tracks.one_hot(words, bounds, self.words.n_words, self.order == "channel", out[start:stop])

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix

        words, bounds = self.words.codes(seqs)
        rows = np.repeat(np.arange(len(seqs)), np.diff(bounds))
        at = np.arange(len(words)) - bounds[rows]
        kept = (words >= 0) & (at < self.n_positions)
        words, rows, at = words[kept], rows[kept], at[kept]
        by_channel = self.order == "channel"
        columns = words * self.n_positions + at if by_channel else at * self.words.n_words + words
        shape = (len(seqs), self.width)
        return csr_matrix((np.ones(len(columns)), (rows, columns)), shape=shape)
