"""The verb *reduce*, for places: composition, transition and distribution of classes, natural vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN, Alphabet, Grouping
from bioautofeat.kernels import occurrence
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Linear
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

__all__ = [
    "ClassNeighbours",
    "ClassPlaces",
    "ClassProfiles",
    "NaturalVector",
    "class_composition",
    "grouping_labels",
]


def grouping_labels(groupings: Iterable[Grouping]) -> list[str]:
    """A name for each grouping's columns: its slug without what all CTD groupings share."""
    return [grouping.name.removeprefix("ctd.") for grouping in groupings]


def class_composition(groupings: tuple[Grouping, ...]) -> Term:
    """The share of each class of each grouping among the known letters (CTD's composition)."""
    columns = [
        f"{label}.{symbol}"
        for label, grouping in zip(grouping_labels(groupings), groupings, strict=True)
        for symbol in grouping.symbols
    ]
    matrix = np.hstack([_members(grouping) for grouping in groupings])
    return Linear(Count(Kmers(groupings[0].source)), matrix, tuple(columns))


def _members(grouping: Grouping) -> NDArray[np.float64]:
    """1 where a letter (row) belongs to a class (column)."""
    return (grouping.codes[:-1, None] == np.arange(len(grouping.groups))).astype(np.float64)


@dataclass(frozen=True)
class _Classes(Term):
    """Base of terms over classes of letters.

    Parameters
    ----------
    groupings : tuple of Grouping
        Of one alphabet.
    """

    groupings: tuple[Grouping, ...]

    @property
    def labelled(self) -> list[tuple[str, Grouping]]:
        """Each grouping with a name for its columns."""
        return list(zip(grouping_labels(self.groupings), self.groupings, strict=True))

    @cached_property
    def classes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The codes of the letters of all classes in turn, and the bounds of each class."""
        classes = [
            np.flatnonzero(grouping.codes[:-1] == c) for grouping in self.groupings for c in range(len(grouping.groups))
        ]
        return np.concatenate(classes).astype(np.int64), _bounds(len(letters) for letters in classes)

    @cached_property
    def classes_and_all(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """As :attr:`classes`, with a class of all letters behind them, and the bounds of each grouping's classes."""
        letters, bounds = self.classes
        whole = np.arange(self.groupings[0].source.size)
        ends = np.append(bounds, len(letters) + len(whole))
        return np.concatenate([letters, whole]), ends, _bounds(len(g.groups) for g in self.groupings)


def _bounds(sizes: Iterable[int]) -> NDArray[np.int64]:
    """Where each of several parts that stand in a row begins, and where the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(list(sizes), dtype=np.int64)])


@dataclass(frozen=True)
class ClassNeighbours(_Classes):
    """The share of neighbours of two classes, in either order, among all known pairs (CTD's transition)."""

    shortest = 2

    @property
    def width(self) -> int:
        return sum(len(grouping.groups) * (len(grouping.groups) - 1) // 2 for grouping in self.groupings)

    def names(self) -> list[str]:
        return [f"{label}.{a}.{b}" for label, group in self.labelled for a, b in combinations(group.symbols, 2)]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        occurrence.class_neighbours(seqs.codes, seqs.offsets, *self.classes_and_all, out)


@dataclass(frozen=True)
class ClassPlaces(_Classes):
    """Where along the record the quarters of each class have been met (CTD's distribution).

    Notes
    -----
    The places of the first member, of a quarter of them, half, three quarters and the last one count from 1 and are
    given as percent of the record's length; 0 for a class that does not occur.  Of ``n`` members, quarter ``q`` is met
    at number ``floor(q n / 4)``, and at the first one where that is 0.
    """

    @property
    def width(self) -> int:
        return 5 * sum(len(grouping.groups) for grouping in self.groupings)

    def names(self) -> list[str]:
        percent = (0, 25, 50, 75, 100)
        return [
            f"{label}.{symbol}.{q}" for label, grouping in self.labelled for symbol in grouping.symbols for q in percent
        ]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        occurrence.class_places(seqs.codes, seqs.offsets, *self.classes, out)


@dataclass(frozen=True)
class ClassProfiles(_Classes):
    """Composition, transition and distribution of classes, in this order, in one reading of the records."""

    shortest = 2

    @cached_property
    def _parts(self) -> tuple[Term, ...]:
        return class_composition(self.groupings), ClassNeighbours(self.groupings), ClassPlaces(self.groupings)

    @property
    def width(self) -> int:
        return sum(part.width for part in self._parts)

    def names(self) -> list[str]:
        return [
            label + name for label, part in zip(("c.", "t.", "d."), self._parts, strict=True) for name in part.names()
        ]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        occurrence.class_profiles(seqs.codes, seqs.offsets, *self.classes_and_all, out)


@dataclass(frozen=True)
class NaturalVector(Term):
    """Of each letter: how often it occurs, its mean place, and the second central moment of its places.

    Parameters
    ----------
    alphabet : Alphabet

    Notes
    -----
    Places count from 1; the moment is ``sum((place - mean)^2) / (n L)`` with ``n`` letters of this kind among ``L``
    known ones.  A letter that does not occur has three zeros.
    """

    alphabet: Alphabet = PROTEIN

    @property
    def width(self) -> int:
        return 3 * self.alphabet.size

    def names(self) -> list[str]:
        return [f"{what}.{letter}" for what in ("count", "mean", "moment") for letter in self.alphabet.symbols]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        occurrence.place_moments(seqs.codes, seqs.offsets, self.alphabet.size, out)
