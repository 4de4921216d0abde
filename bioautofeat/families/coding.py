"""Open reading frames and coding potential."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice
from bioautofeat.terms.base import Term
from bioautofeat.terms.coding import Fickett, OrfStatistics


@descriptor(
    "Open reading frames: lengths and GC content",
    alphabets=NUCLEIC,
    reference="Bonidia et al. 2022, Briefings in Bioinformatics 23:bbab434",
    columns="10",
    peers="MathFeature",
    aliases="ORF",
)
def orf(
    alphabet: Alphabet,
    strand: Annotated[Literal["forward", "both"], Choice("forward", "both")] = "forward",
) -> Term:
    """Maximum, minimum, standard deviation, mean and relative deviation of all frames' lengths and GC percent.

    A frame opens with the first ATG after the last stop and closes with TAA, TAG or TGA (which its length counts),
    in each of the three frames of the strand; an unclosed one is none.  All 0 where there are no frames.
    """
    return OrfStatistics(strand == "both")


@descriptor(
    "Fickett score (TESTCODE)",
    alphabets=NUCLEIC,
    reference="Fickett 1982, Nucleic Acids Research 10:5303; Kang et al. 2017, Nucleic Acids Research 45:W12",
    columns="2",
    peers="MathFeature",
    differs="MathFeature's first column lacks the step 0.19 of the letters' shares and is off by up to 0.066; "
    "limits=mathfeature gives it",
)
def fickett(
    alphabet: Alphabet,
    limits: Annotated[Literal["published", "mathfeature"], Choice("published", "mathfeature")] = "published",
) -> Term:
    """How probably a sequence is coding by the share of each letter and by its unevenness over codon positions.

    With the probabilities of 1982, and with those trained anew for CPC2; over the whole record, unknown letters left out.
    """
    return Fickett(limits)
