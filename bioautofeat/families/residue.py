"""Codes and properties of the residue at each position."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names, Slug
from bioautofeat.properties import PropertyTable, grouping, groupings, property_table, word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.track import Flatten, OneHot, Order, Table

OrderRange = Choice("position", "channel")
Scales = Names("scales of residues (AAindex accessions, peptides.*, modlamp.*, protpy.*), named sets, or CSV files")

CLASSES = (
    "hydrophobicity-pram900101", "normwaalsvolume", "polarity", "polarizability", "charge", "secondarystruct",
    "solventaccess",
)  # fmt: skip
"""The CTD grouping behind each of the seven types of three bits."""


def _flat(table: PropertyTable, channels: tuple[str, ...], order: Order) -> Term:
    return Flatten(Table(Kmers(PROTEIN), table.values, channels), order)


def _bits(code: str, order: Order) -> Term:
    """The bits of a code of the package; the columns follow the table's rows."""
    table = property_table("residue-bits", PROTEIN.symbols)
    slugs = [slug for slug in table.slugs if slug.startswith(f"{code}.")]
    channels = tuple(slug.rsplit(".", 1)[1] for slug in slugs)
    return Flatten(Table(Kmers(PROTEIN), table.columns(slugs), channels), order)


@descriptor(
    "Properties of the residue at each position (AAindex)",
    alphabets={PROTEIN},
    reference="Kawashima et al. 2008, Nucleic Acids Research 36:D202",
    columns="p L (p properties)",
    peers="iLearn iLearnPlus iFeatureOmega",
    differs="iLearn's MONM990201 has 15.0 for D, AAindex 1.5",
    aliases="AAINDEX residue_scale",
)
def aaindex(
    alphabet: Alphabet,
    properties: Annotated[tuple[str, ...], Scales] = ("default",),
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """The value of each property for the residue at each position: indices of AAindex, other scales, your own."""
    table = word_properties(alphabet, 1, properties, "none")
    return _flat(table, table.slugs, order)


@descriptor(
    "Z-scales of the residue at each position",
    alphabets={PROTEIN},
    reference="Sandberg et al. 1998, Journal of Medicinal Chemistry 41:2481",
    columns="5 L",
    peers="iLearn iLearnPlus iFeatureOmega",
)
def zscale(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Five principal components of physical and chemical properties: lipophilicity, bulk, polarity and two more."""
    table = property_table("residue-zscale", alphabet.symbols)
    return _flat(table, table.slugs, order)


@descriptor(
    "BLOSUM62 row of the residue at each position",
    alphabets={PROTEIN},
    reference="Henikoff and Henikoff 1992, PNAS 89:10915",
    columns="20 L",
    peers="iLearn iLearnPlus iFeatureOmega",
)
def blosum62(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Scores of replacing the residue at each position by each of the 20, in the order ARNDCQEGHILKMFPSTWYV."""
    table = property_table("residue-blosum62", alphabet.symbols)
    return _flat(table, tuple(slug.upper() for slug in table.slugs), order)


@descriptor(
    "Learnt three numbers of the residue at each position (AESNN3)",
    alphabets={PROTEIN},
    reference="Lin et al. 2002, Journal of Theoretical Biology 216:361",
    columns="3 L",
    peers="iLearnPlus iFeatureOmega",
)
def aesnn3(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Three numbers that a neural network learnt for each residue."""
    table = property_table("residue-aesnn3", alphabet.symbols)
    return _flat(table, table.slugs, order)


@descriptor(
    "Class of the residue at each position, by any grouping",
    alphabets={PROTEIN},
    reference="Zuo et al. 2017, Bioinformatics 33:122",
    columns="m L (m groups)",
)
def grouped_binary(
    alphabet: Alphabet,
    groups: Annotated[str, Slug("a grouping's slug, or a CSV file with columns group,letters", groupings)] = "gaac",
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """1 in the column of the group that holds the residue at a position, 0 in the others."""
    return OneHot(Kmers(grouping(groups, alphabet)), order)


@descriptor(
    "Six bits of the residue at each position",
    alphabets={PROTEIN},
    reference="Wang et al. 2001, IBM Systems Journal 40:426",
    columns="6 L",
    peers="iLearnPlus iFeatureOmega",
)
def binary_6bit(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Membership in the six exchange groups HRK, DENQ, C, STPAG, MILV and FYW."""
    return OneHot(Kmers(grouping("exchange.6", alphabet)), order)


@descriptor(
    "Five bits of the residue at each position",
    alphabets={PROTEIN},
    reference="White and Seffens 1998, Electronic Journal of Biotechnology 1(3)",
    columns="5 L",
    peers="iLearnPlus iFeatureOmega",
    aliases="binary_5bit_type_1:type=1 binary_5bit_type_2:type=2",
)
def binary_5bit(
    alphabet: Alphabet,
    type: Annotated[int, Int(1, 2)] = 1,
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """Type 1: membership in the five kinds of ``gaac``; type 2: a number of five bits, two or three of them set."""
    return OneHot(Kmers(grouping("gaac", alphabet)), order) if type == 1 else _bits("binary-5bit-type-2", order)


@descriptor(
    "Three bits of the residue at each position",
    alphabets={PROTEIN},
    reference="Dubchak et al. 1995, PNAS 92:8700",
    columns="3 L",
    peers="iLearnPlus iFeatureOmega",
    differs="iLearnPlus gives no bit to C in type 2, T in type 5 and R in type 7, two bits to P in type 7, and the "
    "classes of type 1 in type 3 (15 of 20 residues differ); variant=ilearnplus repeats that",
    aliases="binary_3bit_type_1:type=1 binary_3bit_type_2:type=2 binary_3bit_type_3:type=3 binary_3bit_type_4:type=4 binary_3bit_type_5:type=5 binary_3bit_type_6:type=6 binary_3bit_type_7:type=7",
)
def binary_3bit(
    alphabet: Alphabet,
    type: Annotated[int, Int(1, 7)] = 1,
    variant: Annotated[Literal["published", "ilearnplus"], Choice("published", "ilearnplus")] = "published",
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """Its class of hydrophobicity, volume, polarity, polarizability, charge, structure or access (1 to 7)."""
    if variant == "ilearnplus" and type in (2, 3, 5, 7):
        return _bits(f"ilearnplus.binary-3bit-type-{type}", order)
    return OneHot(Kmers(grouping(f"ctd.{CLASSES[type - 1]}", alphabet)), order)


@descriptor(
    "Ten overlapping properties of the residue at each position",
    alphabets={PROTEIN},
    reference="Wei et al. 2018, Bioinformatics 34:4007",
    columns="10 L",
    peers="iLearnPlus iFeatureOmega",
)
def opf_10bit(alphabet: Alphabet, order: Annotated[Order, OrderRange] = "position") -> Term:
    """Aromatic, negative, positive, polar, hydrophobic, aliphatic, tiny, charged, small, proline."""
    return _bits("opf-10bit", order)


@descriptor(
    "Seven overlapping properties of the residue at each position",
    alphabets={PROTEIN},
    reference="Wei et al. 2018, Bioinformatics 34:4007",
    columns="7 L",
    peers="iLearnPlus iFeatureOmega",
    aliases="OPF_7bit_type_1:type=1 OPF_7bit_type_2:type=2 OPF_7bit_type_3:type=3",
)
def opf_7bit(
    alphabet: Alphabet,
    type: Annotated[int, Int(1, 3)] = 1,
    order: Annotated[Order, OrderRange] = "position",
) -> Term:
    """Membership in one class (1 to 3) each of charge, hydrophobicity, volume, polarity and three more."""
    return _bits(f"opf-7bit-type-{type}", order)
