"""Numerical mappings of a sequence."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.maps import MAPPINGS, mapping_track
from bioautofeat.terms.track import Flatten, Order


@descriptor(
    "Numerical mapping of each position",
    reference="Bonidia et al. 2021, Briefings in Bioinformatics 22:bbab011",
    columns="channels (L - k + 1)",
    peers="MathFeature",
    differs="MathFeature writes complex numbers as text, here they are two columns; its protein EIIP has A, K and R ten "
    "times too large (R 0.9593, published 0.0959; mapping=eiip-mathfeature)",
    aliases=(
        "NumericalMapping Mapping_Binary:mapping=binary Mapping_Zcurve:mapping=zcurve Mapping_Real:mapping=real Mapping_Integer:mapping=integer "
        "Mapping_EIIP:mapping=eiip Mapping_Complex:mapping=complex Mapping_Atomic:mapping=atomic "
        "Protein_IntegerMap:mapping=integer Protein_EIIPMap:mapping=eiip FCGR_track:mapping=kmer-frequency,k=3 "
        "Protein_KmerFreqMap:mapping=kmer-frequency,k=2"
    ),
)
def numerical(
    alphabet: Alphabet,
    mapping: Annotated[str, Choice("auto", *MAPPINGS)] = "auto",
    k: Annotated[int, Int(1, usual=3)] = 1,
    order: Annotated[Order, Choice("position", "channel", "packed")] = "position",
) -> Term:
    """The values that a mapping gives the letters, position by position.

    ``binary`` (one channel a letter, nucleotides as A, C, T, G), ``zcurve`` (cumulative x, y, z), ``real``,
    ``integer``, ``eiip``, ``complex`` (real and imaginary part), ``atomic``, ``prefix-frequency`` (share of the
    letter so far) or ``kmer-frequency`` (share of the word of ``k`` letters in the record); ``auto`` is ``real`` for
    nucleotides and ``integer`` for residues, which have no real numbers.  ``packed`` puts the
    channels of a record directly one behind the other, zeros after all of them, as MathFeature does.
    """
    return Flatten(mapping_track(alphabet, mapping, k), order)
