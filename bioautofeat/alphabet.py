"""Alphabets: which letters there are, what stands for what, and what is merely ambiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import AlphabetError

__all__ = [
    "ALPHABETS",
    "DNA",
    "ILLEGAL",
    "NUCLEIC",
    "PROTEIN",
    "RNA",
    "Alphabet",
    "Grouping",
    "get_alphabet",
]

ILLEGAL = 255
"""Entry of an encoding table for a byte that may not stand in a sequence."""


@dataclass(frozen=True, eq=False)
class Alphabet:
    """An ordered set of symbols; the code of a symbol is its place, ``size`` is the code of everything unknown.

    Parameters
    ----------
    name : str
        ``"dna"``, ``"rna"``, ``"protein"``, or the name of a grouping.
    symbols : tuple of str
        In the order that columns follow.
    ambiguous : str
        Letters that are known, but stand for more than one symbol or for none of them.
    complement : str
        The complement of each symbol, in order; empty where there is none.
    """

    name: str
    symbols: tuple[str, ...]
    ambiguous: str = ""
    complement: str = ""

    @property
    def size(self) -> int:
        """Number of symbols, and the code of an unknown one."""
        return len(self.symbols)

    @property
    def letters(self) -> str:
        """The symbols as one string."""
        return "".join(self.symbols)

    @cached_property
    def codes_of_bytes(self) -> NDArray[np.uint8]:
        """Table of 256 entries: byte to code; ``size`` for ambiguous letters, ``ILLEGAL`` for all else.

        Lower and upper case are the same.  T and U are told apart: the reader settles what a T in RNA means.
        """
        table = np.full(256, ILLEGAL, np.uint8)
        for letters, codes in (
            (self.ambiguous, [self.size] * len(self.ambiguous)),
            (self.letters, range(self.size)),
        ):
            for letter, code in zip(letters, codes, strict=True):
                table[[ord(letter.upper()), ord(letter.lower())]] = code
        table.flags.writeable = False
        return table

    @cached_property
    def complement_codes(self) -> NDArray[np.uint8]:
        """Code of the complement of each code, the unknown one (itself) included; shape ``(size + 1,)``."""
        if not self.complement:
            raise AlphabetError(f"{self.name} has no complement")
        table = np.array(
            [self.symbols.index(letter) for letter in self.complement] + [self.size],
            np.uint8,
        )
        table.flags.writeable = False
        return table

    def word_name(self, codes: Sequence[int], spacing: str) -> str:
        """Name of a (spaced) k-mer: ``AC``, ``A.C`` with one letter skipped, ``positive.negative`` for groups."""
        step = "." if any(len(symbol) > 1 for symbol in self.symbols) else ""
        named = iter(codes)
        parts = [self.symbols[next(named)] + step if place == "1" else "." for place in spacing]
        return "".join(parts).removesuffix(step) if step else "".join(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alphabet) and (self.name, self.symbols) == (
            other.name,
            other.symbols,
        )

    def __hash__(self) -> int:
        return hash((self.name, self.symbols))

    def __repr__(self) -> str:
        return f"<alphabet {self.name}: {' '.join(self.symbols)}>"


DNA = Alphabet("dna", tuple("ACGT"), "RYSWKMBDHVN", "TGCA")
RNA = Alphabet("rna", tuple("ACGU"), "RYSWKMBDHVN", "UGCA")
PROTEIN = Alphabet("protein", tuple("ACDEFGHIKLMNPQRSTVWY"), "BJOUXZ")

ALPHABETS = {alphabet.name: alphabet for alphabet in (DNA, RNA, PROTEIN)}
NUCLEIC = frozenset({DNA, RNA})


def get_alphabet(name: str | Alphabet) -> Alphabet:
    """The alphabet of that name (an alphabet is its own)."""
    if isinstance(name, Alphabet):
        return name
    if name not in ALPHABETS:
        raise AlphabetError(f"unknown alphabet {name!r}: use one of {', '.join(ALPHABETS)}")
    return ALPHABETS[name]


@dataclass(frozen=True)
class Grouping:
    """A coarser alphabet: letters of one group are one symbol; letters in no group are unknown.

    Parameters
    ----------
    name : str
        Slug of the grouping, e.g. ``pse-kraac.7.c5``.
    source : Alphabet
        The alphabet whose letters are grouped.
    groups : tuple of str
        The letters of each group, in the order of the groups' codes.
    symbols : tuple of str
        Name of each group; by default the group's first letter.
    """

    name: str
    source: Alphabet
    groups: tuple[str, ...]
    symbols: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        letters = "".join(self.groups)
        stray = sorted(set(letters) - set(self.source.letters))
        if stray:
            raise AlphabetError(f"grouping {self.name}: {', '.join(stray)} is no letter of {self.source.name}")
        if not all(self.groups):
            raise AlphabetError(f"grouping {self.name}: a group is empty")
        double = sorted({letter for letter in letters if letters.count(letter) > 1})
        if double:
            raise AlphabetError(f"grouping {self.name}: {', '.join(double)} stands in two groups")
        if not self.symbols:
            object.__setattr__(self, "symbols", tuple(group[0] for group in self.groups))

    @cached_property
    def alphabet(self) -> Alphabet:
        """The alphabet of the groups."""
        return Alphabet(self.name, self.symbols)

    @cached_property
    def codes(self) -> NDArray[np.uint8]:
        """Group of each code of the source, the unknown one (to unknown) included; shape ``(source.size + 1,)``."""
        table = np.full(self.source.size + 1, len(self.groups), np.uint8)
        for code, group in enumerate(self.groups):
            for letter in group:
                table[self.source.symbols.index(letter)] = code
        table.flags.writeable = False
        return table
