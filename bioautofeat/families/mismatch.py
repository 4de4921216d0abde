"""Words with mismatches and with gaps anywhere."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.mismatch import Mismatches, Subsequences
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Norm


@descriptor(
    "k-mers with mismatches",
    reference="Leslie et al. 2004, Bioinformatics 20:467",
    columns="n^k",
    peers="iLearnPlus iFeatureOmega",
    aliases="Mismatch",
)
def mismatch(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    m: Annotated[int, Int(0, usual=2)] = 1,
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "count",
) -> Term:
    """For each word of ``k`` letters, how many windows differ from it at ``m`` letters or fewer; ``m`` is at most k - 1."""
    return Mismatches(Kmers(alphabet, "1" * k), m, norm)


@descriptor(
    "Words as subsequences",
    reference="Lodhi et al. 2002, Journal of Machine Learning Research 2:419",
    columns="n^k",
    peers="iLearnPlus iFeatureOmega",
    aliases="Subsequence",
)
def subsequence(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=4)] = 3,
    delta: Annotated[float, Real(0, 1)] = 0.0,
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "count",
) -> Term:
    """Weight of each word of ``k`` letters over all the ways to pick its letters in order from the record.

    A choice of neighbouring letters weighs 1, one with gaps ``delta`` to the power of the letters from its first to
    its last; ``delta=0`` counts k-mers.  A skipped letter may be unknown, a picked one may not.
    """
    return Subsequences(Kmers(alphabet, "1" * k), delta, norm)
