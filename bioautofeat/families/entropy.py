"""Entropy and mutual information of words."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Flag, Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.entropy import Entropy, MutualInformation
from bioautofeat.terms.join import Concat
from bioautofeat.terms.read import Kmers


def _words(alphabet: Alphabet, k: int, upto: bool) -> list[Kmers]:
    return [Kmers(alphabet, "1" * size) for size in range(1 if upto else k, k + 1)]


@descriptor(
    "Shannon entropy of k-mers",
    reference="Shannon 1948, Bell System Technical Journal 27:379",
    columns="k (1 without upto)",
    peers="MathFeature protpy",
    aliases="Shannon shannon_entropy",
)
def shannon(alphabet: Alphabet, k: Annotated[int, Int(1, usual=8)] = 5, upto: Annotated[bool, Flag()] = True) -> Term:
    """Entropy of the words of 1, 2, ... ``k`` letters (of ``k`` alone without ``upto``), in bits.

    0 where a sequence has one different word, or none.
    """
    return Concat(Entropy(words) for words in _words(alphabet, k, upto))


@descriptor(
    "Tsallis entropy of k-mers",
    reference="Tsallis 1988, Journal of Statistical Physics 52:479",
    columns="k (1 without upto)",
    peers="MathFeature",
    aliases="Tsallis TsallisClass",
)
def tsallis(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=8)] = 5,
    q: Annotated[float, Real(0, 10)] = 2.0,
    upto: Annotated[bool, Flag()] = True,
) -> Term:
    """``(1 - sum p^q) / (q - 1)`` over the words of 1, 2, ... ``k`` letters; for ``q = 1`` Shannon's entropy in nats.

    0 where a sequence has one different word, or none.
    """
    return Concat(Entropy(words, "tsallis", q) for words in _words(alphabet, k, upto))


@descriptor(
    "Rényi entropy of k-mers",
    reference="Rényi 1961, Proceedings of the Fourth Berkeley Symposium 1:547",
    columns="k (1 without upto)",
    aliases="Renyi",
)
def renyi(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=8)] = 5,
    q: Annotated[float, Real(0, 10)] = 2.0,
    upto: Annotated[bool, Flag()] = True,
) -> Term:
    """``log2(sum p^q) / (1 - q)`` over the words of 1, 2, ... ``k`` letters, in bits; for ``q = 1`` Shannon's entropy.

    0 where a sequence has one different word, or none.
    """
    return Concat(Entropy(words, "renyi", q) for words in _words(alphabet, k, upto))


@descriptor(
    "Multivariate mutual information",
    alphabets=NUCLEIC,
    reference="Ding et al. 2016, BMC Bioinformatics 17:398",
    columns="30",
    peers="iLearnPlus iFeatureOmega",
    aliases="MMI",
)
def mmi(alphabet: Alphabet) -> Term:
    """Mutual information of neighbouring nucleotides for each pair and each triple of them, in any order, in nats."""
    return MutualInformation(alphabet)
