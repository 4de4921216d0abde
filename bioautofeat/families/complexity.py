"""How varied a sequence is, and where its letters stand."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.complexity import LempelZiv, LinguisticComplexity, WindowComplexity
from bioautofeat.terms.occurrence import NaturalVector


@descriptor(
    "Linguistic complexity",
    reference="Troyanskaya et al. 2002, Bioinformatics 18:679",
    columns="1",
    peers="protpy",
)
def linguistic_complexity(alphabet: Alphabet, longest: Annotated[int, Int(0, usual=12)] = 0) -> Term:
    """Number of different words of 1 to ``longest`` letters (0: of all lengths), divided by the largest possible."""
    return LinguisticComplexity(alphabet, longest)


@descriptor(
    "Lempel-Ziv complexity",
    reference="Lempel and Ziv 1976, IEEE Transactions on Information Theory 22:75",
    columns="2",
    peers="protpy",
)
def lempel_ziv(alphabet: Alphabet) -> Term:
    """Number of words in the exhaustive history of a sequence, and that number by what a random sequence would need."""
    return LempelZiv(alphabet)


@descriptor(
    "Complexity of windows (Wootton-Federhen)",
    reference="Wootton and Federhen 1993, Computers and Chemistry 17:149",
    columns="4",
    peers="protpy",
)
def wootton_federhen(
    alphabet: Alphabet,
    window: Annotated[int, Int(1, usual=45)] = 12,
    trigger: Annotated[float, Real(0, 5)] = 2.2,
) -> Term:
    """Mean log number of arrangements and entropy of windows, least entropy, share of letters in poor windows."""
    return WindowComplexity(alphabet, window, trigger)


@descriptor(
    "Natural vector",
    reference="Yu et al. 2013, Journal of Theoretical Biology 318:197",
    columns="3 n",
    peers="protpy",
)
def natural_vector(alphabet: Alphabet) -> Term:
    """Of each letter: its count, the mean of its places and their scaled second central moment."""
    return NaturalVector(alphabet)
