"""The verb *read*: which words stand in a sequence."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet, Grouping
from bioautofeat.errors import ParameterError
from bioautofeat.kernels import kmers
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, fixed

__all__ = ["Kmers", "KmersButLast", "OfWords"]


@dataclass(frozen=True)
class Kmers:
    """Words of a sequence: the letters at the places marked ``1`` of a pattern that slides by one.

    Parameters
    ----------
    source : Alphabet or Grouping
        A grouping first turns each letter into its group.
    spacing : str
        ``111`` is the 3-mer, ``101`` a pair with one letter skipped; first and last are ``1``.

    Examples
    --------
    >>> from bioautofeat.alphabet import DNA
    >>> Kmers(DNA, "101").names()[:3]
    ['A.A', 'A.C', 'A.G']
    """

    source: Alphabet | Grouping
    spacing: str = "1"

    def __post_init__(self) -> None:
        if not self.spacing or set(self.spacing) - {"0", "1"} or self.spacing[0] != "1" or self.spacing[-1] != "1":
            raise ParameterError(
                f"spacing {self.spacing!r}: write 1 for a letter that counts, 0 for one that is skipped, 1 at both ends"
            )
        if self.n_symbols**self.k > 2**62:
            raise ParameterError(f"spacing {self.spacing!r}: {self.n_symbols}^{self.k} words cannot be told apart")

    @property
    def alphabet(self) -> Alphabet:
        """Alphabet of the words' symbols."""
        return self.source.alphabet if isinstance(self.source, Grouping) else self.source

    @property
    def n_symbols(self) -> int:
        """Number of symbols."""
        return self.alphabet.size

    @property
    def k(self) -> int:
        """Number of symbols in a word."""
        return self.spacing.count("1")

    @property
    def span(self) -> int:
        """Number of letters that a word reaches over."""
        return len(self.spacing)

    @property
    def contiguous(self) -> bool:
        """Whether no letter is skipped."""
        return self.k == self.span

    @property
    def n_words(self) -> int:
        """Number of different words."""
        return int(self.n_symbols**self.k)

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Places of the letters that count, read-only."""
        return fixed(np.flatnonzero([place == "1" for place in self.spacing]), np.int64)

    def names(self) -> list[str]:
        """Name of every word, in the order of their codes."""
        symbols = self.alphabet.symbols
        step = "." if any(len(symbol) > 1 for symbol in symbols) else ""
        inner = [[symbol + step for symbol in symbols] if place == "1" else ["."] for place in self.spacing[:-1]]
        return ["".join(parts) for parts in itertools.product(*inner, symbols)]

    def symbols(self, seqs: Sequences) -> Sequences:
        """The sequences in the words' own alphabet."""
        if not isinstance(self.source, Grouping):
            return seqs
        letters = seqs.codes[seqs.offsets[0] : seqs.offsets[-1]]
        groups = np.empty_like(letters)
        kmers.recode(letters, self.source.codes, groups)
        return Sequences(groups, seqs.offsets - seqs.offsets[0], seqs.ids, self.alphabet)

    def codes(self, seqs: Sequences) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Code of the word at every window (-1: unknown), flat, and the bounds of each sequence's windows."""
        symbols = self.symbols(seqs)
        bounds = np.zeros(len(seqs) + 1, np.int64)
        np.cumsum(np.maximum(symbols.lengths - self.span + 1, 0), out=bounds[1:])
        words = np.empty(bounds[-1], np.int64)
        kmers.kmer_codes(symbols.codes, symbols.offsets, self.n_symbols, self.places, bounds, words)
        return words, bounds


@dataclass(frozen=True)
class KmersButLast(Kmers):
    """Words of a sequence without the last one: the windows that MathFeature's kGap looks at."""

    def symbols(self, seqs: Sequences) -> Sequences:
        """The sequences in the words' own alphabet, the last letter of each unknown."""
        symbols = super().symbols(seqs)
        letters = symbols.codes[symbols.offsets[0] : symbols.offsets[-1]].copy()
        offsets = symbols.offsets - symbols.offsets[0]
        letters[offsets[1:][offsets[1:] > offsets[:-1]] - 1] = self.n_symbols
        return Sequences(letters, offsets, symbols.ids, symbols.alphabet)


@dataclass(frozen=True, eq=False)
class OfWords(Term):
    """Base of terms of words: a column for each word, where they say nothing else.

    Parameters
    ----------
    words : Kmers
    """

    words: Kmers

    @property
    def width(self) -> int:
        return self.words.n_words

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    def names(self) -> list[str]:
        return self.words.names()
