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
    "NaturalVector",
    "class_composition",
    "grouping_labels",
]

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)


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

    @cached_property
    def classes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The codes of the letters of all classes in turn, and the bounds of each class."""
        classes = [
            np.flatnonzero(grouping.codes[:-1] == c) for grouping in self.groupings for c in range(len(grouping.groups))
        ]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(c) for c in classes])]).astype(np.int64)
        return np.concatenate(classes).astype(np.int64), bounds


@dataclass(frozen=True)
class ClassNeighbours(_Classes):
    """The share of neighbours of two classes, in either order, among all known pairs (CTD's transition)."""

    shortest = 2

    @property
    def width(self) -> int:
        return sum(len(g.groups) * (len(g.groups) - 1) // 2 for g in self.groupings)

    def names(self) -> list[str]:
        return [
            f"{label}.{a}.{b}"
            for label, grouping in zip(grouping_labels(self.groupings), self.groupings, strict=True)
            for a, b in combinations(grouping.symbols, 2)
        ]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        letters, bounds = self.classes
        whole = np.arange(self.groupings[0].source.size)
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(g.groups) for g in self.groupings])])
        occurrence.class_neighbours(
            seqs.codes,
            seqs.offsets,
            np.concatenate([letters, whole]),
            np.append(bounds, len(letters) + len(whole)),
            ends.astype(np.int64),
            out,
        )


@dataclass(frozen=True)
class ClassPlaces(_Classes):
    """Where along the record fractions of the members of each class have been met (CTD's distribution).

    Parameters
    ----------
    fractions : tuple of float
        Rising, from 0 (the first member) to 1 (the last).

    Notes
    -----
    A place counts from 1 and is given as percent of the record's length; 0 for a class that does not occur.  Of
    ``n`` members, fraction ``f`` is met at number ``floor(f n)``, and at the first one where that is 0.
    """

    fractions: tuple[float, ...] = QUARTERS

    @property
    def width(self) -> int:
        return len(self.fractions) * sum(len(grouping.groups) for grouping in self.groupings)

    def names(self) -> list[str]:
        return [
            f"{label}.{symbol}.{100 * fraction:g}"
            for label, grouping in zip(grouping_labels(self.groupings), self.groupings, strict=True)
            for symbol in grouping.symbols
            for fraction in self.fractions
        ]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        occurrence.class_places(seqs.codes, seqs.offsets, *self.classes, np.array(self.fractions), out)


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
