"""Single numbers of whole peptides and proteins, and how their charges are arranged."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Flag, Names, Real, Slug
from bioautofeat.terms.base import Term
from bioautofeat.terms.charge import ChargeDecoration, ChargeSegregation, pk_sets
from bioautofeat.terms.peptide import AtomShares, Masses, PeptideProperties, property_names
from bioautofeat.terms.profile import window_sizes

USUAL = (
    "length", "molecular-weight", "charge", "charge-density", "isoelectric-point", "instability", "aromaticity",
    "aliphatic", "boman", "hydrophobic", "gravy", "extinction-reduced", "extinction-oxidised",
)  # fmt: skip

AtomNorm = Literal["percent", "frequency", "count"]


@descriptor(
    "Global properties of peptides",
    alphabets={PROTEIN},
    reference="Gasteiger et al. 2005, The Proteomics Protocols Handbook, 571",
    columns="one for each property",
    peers="modlAMP peptides protpy",
    differs="protpy's table of instability weights has 23 wrong entries (first reference protein 48.534; modlAMP, "
    "peptides and Biopython 62.117)",
    aliases="GlobalDescriptor ProtParam",
)
def peptide_properties(
    alphabet: Alphabet,
    properties: Annotated[tuple[str, ...], Names("properties of peptides, or usual, or all")] = ("usual",),
    ph: Annotated[float, Real(0, 14)] = 7.0,
    pk: Annotated[str, Slug("a set of pK values: bjellqvist, emboss, lehninger, crc ...", pk_sets)] = "bjellqvist",
    masses: Annotated[Masses, Choice(*get_args(Masses))] = "average",
    amide: Annotated[bool, Flag()] = False,
) -> Term:
    """Length, mass, charge at a pH, isoelectric point, instability, aliphatic and Boman index and thirty others.

    ``all`` gives every one of them.  Half-lives (in hours) are those of the N-terminal residue by the N-end rule, 0
    where none is known; extinction is at 280 nm, per M and cm; ``mz`` is that of the doubly protonated peptide.
    """
    sets = {"usual": USUAL, "all": property_names()}
    slugs = tuple(slug for name in properties for slug in sets.get(name, (name,)))
    return PeptideProperties(slugs, pk, ph, masses, amide)


@descriptor(
    "Atomic composition of peptides",
    alphabets={PROTEIN},
    reference="Pande et al. 2023, Journal of Computational Biology 30:204",
    columns="5",
    peers="protpy",
)
def atomic_composition(
    alphabet: Alphabet,
    residues: Annotated[Literal["bound", "free"], Choice("bound", "free")] = "bound",
    norm: Annotated[AtomNorm, Choice(*get_args(AtomNorm))] = "percent",
) -> Term:
    """Carbon, hydrogen, nitrogen, oxygen and sulphur, of the chain or (free) of its amino acids before bonding."""
    return AtomShares(residues == "free", norm)


@descriptor(
    "Segregation of charges along a protein (kappa)",
    alphabets={PROTEIN},
    reference="Das and Pappu 2013, PNAS 110:13392",
    columns="1 + w (w windows)",
    peers="protpy",
)
def kappa(
    alphabet: Alphabet,
    windows: Annotated[tuple[str, ...], Names("window sizes")] = ("5", "6"),
) -> Term:
    """From 0 (charges well mixed) to 1 (two blocks): mean over windows, and for each; 0 where one sign is absent.

    K and R are positive, D and E negative.  The deviation of windows from the whole is divided by the largest that
    the same residues reach when each sign stands in one block.
    """
    return ChargeSegregation(window_sizes(windows))


@descriptor(
    "Sequence charge decoration (SCD)",
    alphabets={PROTEIN},
    reference="Sawle and Ghosh 2015, Journal of Chemical Physics 143:085101",
    columns="1",
    peers="protpy",
    aliases="scd",
)
def charge_decoration(alphabet: Alphabet) -> Term:
    """Sum over pairs of charged residues of the product of charges and the root of their distance, by the length."""
    return ChargeDecoration()
