"""The verb *reduce*, for complexity: distinct words, exhaustive parsing, the entropy of windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.kernels import complexity
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term

__all__ = ["LempelZiv", "LinguisticComplexity", "WindowComplexity"]


@dataclass(frozen=True)
class LinguisticComplexity(Term):
    """How many different words a record has, of those that a record of its length could have.

    Parameters
    ----------
    alphabet : Alphabet
    longest : int
        Words of 1 to this many letters; 0 for all lengths.  A record without known letters has complexity 0.
    """

    alphabet: Alphabet
    longest: int = 0

    @property
    def width(self) -> int:
        return 1

    def names(self) -> list[str]:
        return ["ratio"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words = np.zeros((len(seqs), 2))
        complexity.distinct_words(seqs.codes, seqs.offsets, self.alphabet.size, self.longest, words)
        np.divide(words[:, 0], words[:, 1], out=out[:, 0], where=words[:, 1] > 0)


@dataclass(frozen=True)
class LempelZiv(Term):
    """Number of components of the exhaustive history of a record, and the same by what chance would need.

    Parameters
    ----------
    alphabet : Alphabet

    Notes
    -----
    The second is ``c log_a(n) / n`` for ``c`` components, ``n`` known letters and ``a`` letters in the alphabet; 0
    for a record of one letter.
    """

    alphabet: Alphabet

    @property
    def width(self) -> int:
        return 2

    def names(self) -> list[str]:
        return ["components", "normalised"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        parsed = np.zeros((len(seqs), 2))
        complexity.parsed_components(seqs.codes, seqs.offsets, self.alphabet.size, parsed)
        known = np.maximum(parsed[:, 1], 1.0)
        out[:, 0] = parsed[:, 0]
        out[:, 1] = parsed[:, 0] * np.log(known) / np.log(self.alphabet.size) / known


@dataclass(frozen=True)
class WindowComplexity(Term):
    """Complexity of the composition of windows, as SEG measures it.

    Parameters
    ----------
    alphabet : Alphabet
    size : int
        Letters in a window; the whole record where that is shorter.
    trigger : float
        Windows of at most this entropy, in bits, are poor.
    """

    alphabet: Alphabet
    size: int = 12
    trigger: float = 2.2

    @property
    def width(self) -> int:
        return 4

    def names(self) -> list[str]:
        return ["arrangements.mean", "entropy.mean", "entropy.min", "poor"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        complexity.window_entropies(seqs.codes, seqs.offsets, self.alphabet.size, self.size, self.trigger, out)
