"""Physicochemical properties of dinucleotides and trinucleotides, weighted by composition or by position."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Names
from bioautofeat.properties import word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.pseudo import Weighted
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count
from bioautofeat.terms.track import Flatten, Table

Properties = Annotated[tuple[str, ...], Names("property slugs, named sets or a .csv file")]
Standardise = Annotated[Literal["auto", "none", "sample", "population"], Choice("auto", "none", "sample", "population")]
Layout = Annotated[Literal["composition", "position"], Choice("composition", "position")]

_HEADER = "iLearnPlus and iFeatureOmega label the columns of type 2 position by position, but their values run property by property (fault 26)"


def _laid_out(words: Kmers, properties: tuple[str, ...], layout: str, standardise: str) -> Term:
    table = word_properties(words.alphabet, words.k, properties, standardise)
    if layout == "position":
        return Flatten(Table(words, table.values, table.slugs), order="channel")
    return Weighted(Count(words), table.values, table.slugs)


@descriptor(
    "Dinucleotide physicochemical properties",
    alphabets=NUCLEIC,
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="16 * p, or p * (L - 1)",
    peers="iLearnPlus iFeatureOmega",
    differs=_HEADER + "; they take RNA properties raw (fault 32; standardise=none does so)",
    aliases="DPCP DPCP_type2:layout=position",
)
def dpcp(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    layout: Layout = "composition",
    standardise: Standardise = "auto",
) -> Term:
    """Frequency of each dinucleotide times each of its properties, or each property at every position (type 2).

    Columns run property by property.
    """
    return _laid_out(Kmers(alphabet, "11"), properties, layout, standardise)


@descriptor(
    "Trinucleotide physicochemical properties",
    alphabets=NUCLEIC,
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="64 * p, or p * (L - 2)",
    peers="iLearnPlus iFeatureOmega",
    differs=_HEADER + "; their type 1 takes all 12 properties whatever is asked for (fault 27; properties=all)",
    aliases="TPCP TPCP_type2:layout=position",
)
def tpcp(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    layout: Layout = "composition",
    standardise: Standardise = "auto",
) -> Term:
    """Frequency of each trinucleotide times each of its properties, or each property at every position (type 2).

    Columns run property by property; the properties are those of DNA, for RNA too.
    """
    return _laid_out(Kmers(alphabet, "111"), properties, layout, standardise)
