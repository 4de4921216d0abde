"""Physical summaries of nucleic acids."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.physical import Melting, Skews, Weight


@descriptor(
    "Strand asymmetry",
    alphabets=NUCLEIC,
    reference="Lobry 1996, Molecular Biology and Evolution 13:660",
    columns="8",
)
def strand_skew(alphabet: Alphabet) -> Term:
    """(G-C)/(G+C), (A-T)/(A+T), (A+G-C-T)/L and (G+T-A-C)/L; and the walk that rises with G and falls with C.

    Of the walk its lowest and highest point by letter, and the share of the record up to each, where an origin and a
    terminus of replication lie.  A ratio of nothing is 0; L counts known letters.
    """
    return Skews()


@descriptor(
    "Melting by nearest neighbours",
    alphabets=NUCLEIC,
    reference="Allawi and SantaLucia 1997, Biochemistry 36:10581; RNA: Chen et al. 2012, Biochemistry 51:3508",
    columns="5",
    peers="Biopython",
    differs="a record that is its own reverse complement is taken as such (Biopython asks); no value below -273.15",
)
def melting(
    alphabet: Alphabet,
    sodium: Annotated[float, Real(0.1, 5000, log=True)] = 50.0,
    strand: Annotated[float, Real(0.001, 1e9, log=True)] = 25.0,
) -> Term:
    """Melting temperature (Celsius) of the duplex, its enthalpy, entropy and free energy at 37 degrees by pair of neighbours.

    ``sodium`` in mM, ``strand`` the concentration of each strand in nM; kcal/mol and cal/(K mol).  The last column is
    the temperature by GC content alone: 81.5 + 0.41 %GC - 600/L + 16.6 log10[Na].  Pairs with an unknown letter are
    left out; a record without a known pair has zeros.
    """
    return Melting(alphabet, sodium, strand)


@descriptor(
    "Mass of the strand",
    alphabets=NUCLEIC,
    reference="Cock et al. 2009, Bioinformatics 25:1422 (Bio.SeqUtils)",
    columns="2",
    peers="Biopython",
)
def strand_mass(alphabet: Alphabet) -> Term:
    """Average mass in Da of the single strand with a 5' phosphate, unknown letters left out; and the mean by letter."""
    return Weight(alphabet)
