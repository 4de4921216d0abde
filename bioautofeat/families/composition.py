"""Composition: how often each word occurs."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm

NormRange = Choice("frequency", "count", "percent")


@descriptor(
    "Composition of k-mers",
    reference="Leslie et al. 2002, Pacific Symposium on Biocomputing 7:566",
    columns="n^k",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature repDNA PyFeat PyBioMed",
    aliases="Kmer",
)
def kmer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each word of ``k`` letters occurs, in the alphabet's order; frequencies sum to 1."""
    return Count(Kmers(alphabet, "1" * k), norm)
