"""Codes and properties of each position."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.letters import Letters
from bioautofeat.terms.maps import letter_table
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.track import Flatten, OneHot, Order, PrefixFrequency, Table

OrderRange = Choice("position", "channel")


@descriptor(
    "Binary code of each position (one-hot)",
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="n L",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="one_hot",
)
def binary(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """1 in the column of the letter that stands at a position, 0 in the others; unknown letters have 0 in all."""
    return OneHot(Kmers(alphabet), order)


@descriptor(
    "Position-specific k-mers (PS2, PS3, PS4)",
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="n^k (L - k + 1)",
    peers="iLearnPlus iFeatureOmega",
    aliases="PS2 PS3:k=3 PS4:k=4 position_specific",
)
def ps(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=4)] = 2,
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """1 in the column of the word of ``k`` letters that stands at a position, 0 in the others."""
    return OneHot(Kmers(alphabet, "1" * k), order)


@descriptor(
    "Letter of each position",
    reference="plain code",
    columns="min(L, longest)",
)
def letters(alphabet: Alphabet, longest: Annotated[int, Int(1, 65_536, usual=1000)] = 1000) -> Term:
    """Number of the letter at a position, 1 for the alphabet's first; 0 past the end, n + 1 for an unknown letter.

    What networks are fed with; as numbers the columns mean little.  Of a record with more letters than there are
    columns the middle is left out.
    """
    return Letters(alphabet, longest)


@descriptor(
    "Nucleotide chemical property of each position",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="3 L",
    peers="iLearn iLearnPlus iFeatureOmega",
)
def ncp(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Ring structure, functional group and hydrogen bonds: A 111, C 010, G 100, T (U) 001."""
    return Flatten(letter_table(alphabet, "ncp"), order)


@descriptor(
    "Electron-ion interaction potential of each position",
    reference="Nair and Sreenadhan 2006, Bioinformation 1:197",
    columns="L",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature",
    differs="MathFeature's protein table has A, K and R ten times too large (R 0.9593, published 0.0959); "
    "values=mathfeature gives them",
)
def eiip(
    alphabet: Alphabet,
    values: Annotated[Literal["published", "mathfeature"], Choice("published", "mathfeature")] = "published",
) -> Term:
    """Potential of the letter at each position, in Rydberg."""
    typo = values == "mathfeature" and alphabet == PROTEIN
    return Flatten(letter_table(alphabet, "eiip-mathfeature" if typo else "eiip"))


@descriptor(
    "Accumulated frequency of each position",
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="L",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature",
    aliases="accumulated_frequency Protein_AccumFreq",
)
def anf(alphabet: Alphabet) -> Term:
    """Share that a position's letter has among the letters up to and with it."""
    return Flatten(PrefixFrequency(Kmers(alphabet)))


@descriptor(
    "Local position-specific dinucleotide frequency",
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="L - k + 1",
    peers="iLearnPlus iFeatureOmega",
)
def lpdf(alphabet: Alphabet, k: Annotated[int, Int(1, usual=4)] = 2) -> Term:
    """Share that the word of ``k`` letters at a position has among the words up to and with it."""
    return Flatten(PrefixFrequency(Kmers(alphabet, "1" * k)))


@descriptor(
    "Dinucleotide binary encoding",
    alphabets=NUCLEIC,
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="4 (L - 1)",
    peers="iLearnPlus iFeatureOmega",
    differs="iLearnPlus gives 0.5 in all four bits of a pair with an unknown letter, here they are 0",
)
def dbe(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Two bits for each letter of the pair at a position: A 00, C 01, G 10, T (U) 11."""
    codes = np.arange(16)
    bits = np.stack([codes >> place & 1 for place in (3, 2, 1, 0)], axis=1)
    return Flatten(Table(Kmers(alphabet, "11"), bits, ("1", "2", "3", "4")), order)
