"""Entropy and mutual information of the words of a sequence."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.kernels.kmers import power_sums
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.read import Kmers, OfWords
from bioautofeat.terms.reduce import ClassCount, Count

__all__ = ["Entropy", "MutualInformation"]

TABLE_WORDS = 1 << 20
"""Above this many different words, those of a batch are numbered first instead of having a table of all."""


@dataclass(frozen=True)
class Entropy(OfWords):
    """How evenly a sequence uses its words: one number, 0 where it has a single word or none.

    With ``p`` the frequencies of the words that occur:

    - ``shannon``: ``-sum p log2 p``, in bits;
    - ``tsallis``: ``(1 - sum p^q) / (q - 1)``, for ``q = 1`` its limit, Shannon's entropy in nats;
    - ``renyi``: ``log2(sum p^q) / (1 - q)``, in bits, for ``q = 1`` its limit, Shannon's entropy.

    Parameters
    ----------
    words : Kmers
    kind : {"shannon", "tsallis", "renyi"}
    q : float
        From 0 to 10; Shannon's entropy does not use it.
    """

    words: Kmers
    kind: Literal["shannon", "tsallis", "renyi"] = "shannon"
    q: float = 1.0

    @property
    def width(self) -> int:
        return 1

    def names(self) -> list[str]:
        return [f"k{self.words.k}"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        n_words = self.words.n_words
        if n_words > TABLE_WORDS:
            distinct, words = np.unique(words, return_inverse=True)
            words -= int(len(distinct) > 0 and distinct[0] < 0)  # the unknown one stays -1
            n_words = len(distinct)
        near = self.kind == "shannon" or abs(self.q - 1.0) < 1e-9
        sums = np.empty(len(seqs))
        power_sums(words, bounds, np.zeros(n_words, np.int64), 1.0 if near else self.q, sums)
        if near:
            out[:, 0] = sums * np.log(2.0) if self.kind == "tsallis" else sums
        elif self.kind == "tsallis":
            out[:, 0] = (1.0 - sums) / (self.q - 1.0)
        else:
            out[:, 0] = np.log2(sums) / (1.0 - self.q)
        out += 0.0  # no negative zero


def _classes(words: Kmers) -> ClassCount:
    """Frequencies of words whose letters are put in order first."""
    letters = range(words.n_symbols)
    sets = list(itertools.combinations_with_replacement(letters, words.k))
    place = {chosen: i for i, chosen in enumerate(sets)}
    classes = [place[tuple(sorted(word))] for word in itertools.product(letters, repeat=words.k)]
    return ClassCount(
        words, np.array(classes), tuple(words.alphabet.word_name(chosen, words.spacing) for chosen in sets)
    )


def _times_logarithm(factor: NDArray[np.float64], ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """``factor * ln(ratio)``, 0 where the ratio is 0."""
    return np.multiply(factor, np.log(ratio, where=ratio > 0, out=np.zeros_like(ratio)))


def _quotient(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """``above / below``, 0 where there is nothing below."""
    return np.divide(above, below, where=below > 0, out=np.zeros_like(above))


@dataclass(frozen=True)
class MutualInformation(Term):
    """Mutual information of neighbouring letters, their order left out, for each pair and each triple of letters.

    With ``f`` the frequencies of letters, pairs and triples (in any order), in nats:
    ``I(x, y) = f(xy) ln(f(xy) / (f(x) f(y)))`` and
    ``I(x, y, z) = I(x, y) + f(xz)/f(z) ln(f(xz)/f(z)) - f(xyz)/f(yz) ln(f(xyz)/f(yz))``, each part 0 where one of its
    frequencies is.

    Parameters
    ----------
    alphabet : Alphabet
    """

    alphabet: Alphabet

    @property
    def terms(self) -> tuple[Count, ClassCount, ClassCount]:
        """Frequencies of letters, pairs and triples."""
        return Count(Kmers(self.alphabet)), _classes(Kmers(self.alphabet, "11")), _classes(Kmers(self.alphabet, "111"))

    @property
    def width(self) -> int:
        n = self.alphabet.size
        return n * (n + 1) // 2 + n * (n + 1) * (n + 2) // 6

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return 3

    def names(self) -> list[str]:
        return [name for term in self.terms[1:] for name in term.names()]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        ones, pairs, triples = (np.zeros((len(seqs), term.width)) for term in self.terms)
        for term, values in zip(self.terms, (ones, pairs, triples), strict=True):
            term.fill(seqs, values)
        letters = range(self.alphabet.size)
        place = {pair: i for i, pair in enumerate(itertools.combinations_with_replacement(letters, 2))}
        first, second = np.array(list(place)).T
        two = _times_logarithm(pairs, _quotient(pairs, ones[:, first] * ones[:, second]))
        sets = list(itertools.combinations_with_replacement(letters, 3))
        last = np.array([z for _, _, z in sets])
        xy, xz, yz = (np.array([place[three[i], three[j]] for three in sets]) for i, j in ((0, 1), (0, 2), (1, 2)))
        given_last = _quotient(pairs[:, xz], ones[:, last])
        given_both = _quotient(triples, pairs[:, yz])
        out[:, : pairs.shape[1]] = two
        out[:, pairs.shape[1] :] = two[:, xy] + _times_logarithm(given_last, given_last)
        out[:, pairs.shape[1] :] -= _times_logarithm(given_both, given_both)
