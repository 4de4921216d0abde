"""The verbs *map* and *scan*: numbers along a sequence; and their layout as columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import tracks
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training
from bioautofeat.terms.read import Kmers

__all__ = ["Flatten", "Table", "Track"]


class Track(ABC):
    """Values along a sequence: one row a window, one column a channel.

    Attributes
    ----------
    channels : tuple of str
        Name of each channel; ``("",)`` where there is one that needs no name.
    span : int
        Number of letters behind one value; a sequence of ``L`` letters has ``max(0, L - span + 1)`` values.
    """

    channels: tuple[str, ...]
    span: int

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
    """

    words: Kmers
    table: NDArray[np.float64]
    channels: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        table = np.ascontiguousarray(self.table, np.float64).reshape(self.words.n_words, len(self.channels))
        table.flags.writeable = False
        object.__setattr__(self, "table", table)

    @property
    def span(self) -> int:  # type: ignore[override]
        return self.words.span

    def values(self, seqs: Sequences) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        words, bounds = self.words.codes(seqs)
        values = np.zeros((len(words), len(self.channels)))
        tracks.look_up(words, self.table, values)
        return values, bounds


@dataclass(frozen=True)
class Flatten(Term):
    """A track laid out as columns, one block a position (or a channel); zeros past the end of a record.

    Parameters
    ----------
    track : Track
    order : {"position", "channel"}
        Which of the two is outer.
    length : int, optional
        Number of letters described; learnt when absent.
    """

    track: Track
    order: str = "position"
    length: int | None = None
    needs = frozenset({"length"})

    @property
    def n_positions(self) -> int:
        """Number of positions described."""
        if self.length is None:
            raise self.not_fitted()
        return max(0, self.length - self.track.span + 1)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.track.span

    @property
    def width(self) -> int:
        return self.n_positions * len(self.track.channels)

    def names(self) -> list[str]:
        places = range(1, self.n_positions + 1)
        channels = [f".{channel}" if channel else "" for channel in self.track.channels]
        if self.order == "position":
            return [f"{place}{channel}" for place in places for channel in channels]
        return [f"{place}{channel}" for channel in channels for place in places]

    def fit(self, training: Training) -> Flatten:
        return replace(self, length=training.length)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        values, bounds = self.track.values(seqs)
        tracks.flatten(values, bounds, self.order == "channel", out)
