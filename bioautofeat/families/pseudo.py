"""Pseudo composition: the composition of a sequence and, under the same total, what the order of its words adds."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import DNA, NUCLEIC, PROTEIN, Alphabet, Grouping
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names, Real
from bioautofeat.properties import RESIDUE_ORDERS, PropertyTable, ordered_residues, word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.lagged import Forms, Lags, differences, products, squared_distances
from bioautofeat.terms.pseudo import Pseudo
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm

Properties = Annotated[tuple[str, ...], Names("property slugs, named sets or a .csv file")]
Lambda = Annotated[int, Int(1, usual=10)]
Weight = Annotated[float, Real(0.0, 1.0)]
Standardise = Annotated[Literal["auto", "none", "sample", "population"], Choice("auto", "none", "sample", "population")]
Distances = Annotated[tuple[str, ...], Names("schneider-wrede, grantham, grantham-unscaled or a .csv file")]
ResidueOrder = Annotated[str, Choice(*RESIDUE_ORDERS)]
NucleotideOrder = Annotated[Literal["alphabet", "gact"], Choice("alphabet", "gact")]
NormRange = Annotated[Norm, Choice("frequency", "count", "percent")]

_RNA = "iLearn's family takes RNA properties raw, twist near 31 beside rise near 3 (fault 32; standardise=none does so)"
_MATHFEATURE = "; MathFeature takes raw tables, the population's deviation and cuts values at 3 decimals (properties=raw.twist+..., standardise=population, order=gact; faults 5 and 6), and its type 2 emits no order terms (fault 3)"
_ROLL = "; repDNA and Chen et al. 2013 have another roll for DNA (properties=chen: up to 0.018 apart)"


def _parallel(words: Kmers, table: PropertyTable, last: int) -> Forms:
    """Squared differences, their mean over the properties: one order term a lag."""
    return Forms(words, differences(table.values).mean(axis=2), ("",), Lags(last))


def _series(words: Kmers, table: PropertyTable, last: int) -> Forms:
    """Products, each property for itself: one order term a lag and property, the lag outer."""
    return Forms(words, products(table.values), table.slugs, Lags(last), order="lag")


def _nucleotides(alphabet: Alphabet, order: str) -> Alphabet | Grouping:
    """The nucleotides in their own order or in MathFeature's: G, A, C, T (U)."""
    if order == "alphabet":
        return alphabet
    return Grouping(order, alphabet, tuple(alphabet.symbols[code] for code in (2, 0, 1, 3)))


def _amino_acid(terms: Forms, weight: float, norm: Norm, order: str, apart: bool = False) -> Term:
    """The composition of residues with these order terms."""
    composition = Count(Kmers(ordered_residues(order)), "count" if norm == "count" else "frequency")
    return Pseudo(composition, terms, weight, 100.0 if norm == "percent" else 1.0, apart)


@descriptor(
    "Amphiphilic pseudo amino acid composition",
    alphabets=[PROTEIN],
    reference="Chou 2005, Bioinformatics 21:10",
    columns="20 + p * lambda",
    peers="iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="iLearn's family has counts in place of frequencies, so that values grow with the length (norm=count does so)",
    aliases="APAAC amphiphilic_pseudo_amino_acid_composition",
)
def apaac(
    alphabet: Alphabet,
    properties: Properties = ("amphiphilic",),
    lambda_: Lambda = 3,
    weight: Weight = 0.5,
    norm: NormRange = "frequency",
    order: ResidueOrder = "alphabet",
) -> Term:
    """Composition and, for each lag up to ``lambda`` and each property, the mean product of residues that far apart.

    Everything is divided by ``1 + weight`` times the sum of the order terms, which are multiplied by the weight.
    Properties are standardised over the 20 residues; ``norm=percent`` multiplies all columns by 100.
    """
    words = Kmers(alphabet)
    terms = _series(words, word_properties(alphabet, 1, properties), lambda_)
    return _amino_acid(terms, weight, norm, order)


@descriptor(
    "Pseudo amino acid composition",
    alphabets=[PROTEIN],
    reference="Chou 2001, Proteins 43:246",
    columns="20 + lambda",
    peers="iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="iLearn's family has counts in place of frequencies, so that values grow with the length (norm=count does so)",
    aliases="PAAC PseAAC pseudo_amino_acid_composition",
)
def paac(
    alphabet: Alphabet,
    properties: Properties = ("pseaac",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    norm: NormRange = "frequency",
    order: ResidueOrder = "alphabet",
) -> Term:
    """Composition and, for each lag up to ``lambda``, the mean squared difference of residues that far apart.

    The difference is the mean over the properties, which are standardised over the 20 residues.  Everything is
    divided by ``1 + weight`` times the sum of the order terms, which are multiplied by the weight;
    ``norm=percent`` multiplies all columns by 100.
    """
    words = Kmers(alphabet)
    terms = _parallel(words, word_properties(alphabet, 1, properties), lambda_)
    return _amino_acid(terms, weight, norm, order)


@descriptor(
    "Parallel pseudo dinucleotide composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2014, Analytical Biochemistry 456:53",
    columns="16 + lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA MathFeature PyBioMed",
    differs=_RNA + _ROLL + _MATHFEATURE,
    aliases="PCPseDNC PCPseDNC38",
)
def pcpsednc(
    alphabet: Alphabet,
    properties: Properties = ("classic",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
    order: NucleotideOrder = "alphabet",
) -> Term:
    """As ``psednc``, with any properties: by default the 38 of DNA or the 22 of RNA."""
    words = Kmers(alphabet, "11")
    terms = _parallel(words, word_properties(alphabet, 2, properties, standardise), lambda_)
    return Pseudo(Count(Kmers(_nucleotides(alphabet, order), words.spacing)), terms, weight)


@descriptor(
    "Parallel pseudo trinucleotide composition",
    alphabets=[DNA],
    reference="Chen et al. 2014, Analytical Biochemistry 456:53",
    columns="64 + lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA MathFeature PyBioMed",
    differs=_MATHFEATURE.removeprefix("; "),
    aliases="PCPseTNC",
)
def pcpsetnc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
    order: NucleotideOrder = "alphabet",
) -> Term:
    """As ``psednc``, with trinucleotides and their properties."""
    words = Kmers(alphabet, "111")
    terms = _parallel(words, word_properties(alphabet, 3, properties, standardise), lambda_)
    return Pseudo(Count(Kmers(_nucleotides(alphabet, order), words.spacing)), terms, weight)


@descriptor(
    "Pseudo dinucleotide composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2013, Nucleic Acids Research 41:e68",
    columns="16 + lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA PyBioMed",
    differs=_RNA + _ROLL,
    aliases="PseDNC",
)
def psednc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
) -> Term:
    """Dinucleotide composition and, for each lag up to ``lambda``, the mean squared difference of dinucleotides.

    The difference is the mean over the properties: slugs, named sets (DNA: ``six``, ``chen``, ``guo``, ``classic``,
    ``repdna38``, ``all``; RNA: ``six``, ``all``) or a ``.csv`` file, joined by ``+``.  Everything is divided by
    ``1 + weight`` times the sum of the order terms, which are multiplied by the weight; the columns sum to 1.
    """
    words = Kmers(alphabet, "11")
    terms = _parallel(words, word_properties(alphabet, 2, properties, standardise), lambda_)
    return Pseudo(Count(words), terms, weight)


@descriptor(
    "Pseudo k-tuple nucleotide composition",
    alphabets=NUCLEIC,
    reference="Guo et al. 2014, Bioinformatics 30:1522",
    columns="4^k + lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA PyBioMed",
    differs=_RNA
    + "; repDNA stops every lag at the last pair of the largest one, but divides by all pairs (fault 34: up to 0.013 apart)",
    aliases="PseKNC",
)
def pseknc(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=5)] = 3,
    properties: Properties = ("default",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
) -> Term:
    """As ``psednc``, with the composition of words of ``k`` letters; the order terms stay those of dinucleotides."""
    words = Kmers(alphabet, "11")
    terms = _parallel(words, word_properties(alphabet, 2, properties, standardise), lambda_)
    return Pseudo(Count(Kmers(alphabet, "1" * k)), terms, weight)


@descriptor(
    "Quasi sequence order",
    alphabets=[PROTEIN],
    reference="Chou 2000, Biochemical and Biophysical Research Communications 278:477",
    columns="distances * (20 + lag)",
    peers="iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs=(
        "iLearn's family has counts in place of frequencies (norm=count does so); PyBioMed's Grantham table holds the distances of "
        "Schneider and Wrede (fault 43: 380 of 400 entries differ)"
    ),
    aliases="QSOrder QSO quasi_sequence_order",
)
def qsorder(
    alphabet: Alphabet,
    distances: Distances = ("schneider-wrede", "grantham"),
    lag: Lambda = 3,
    weight: Weight = 0.1,
    norm: NormRange = "frequency",
    order: ResidueOrder = "alphabet",
) -> Term:
    """Composition and, for each lag, the summed squared distance of residues that far apart, for each distance table.

    Each table's block is divided by ``1 + weight`` times its own sum of order terms, which are multiplied by the weight.
    """
    forms, labels = squared_distances(distances, alphabet)
    terms = Forms(Kmers(alphabet), forms, labels, Lags(lag), norm="sum")
    return _amino_acid(terms, weight, norm, order, apart=True)


@descriptor(
    "Series pseudo dinucleotide composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2014, Analytical Biochemistry 456:53",
    columns="4^k + p * lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA PyBioMed",
    differs=_RNA + _ROLL,
    aliases="SCPseDNC",
)
def scpsednc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
    k: Annotated[int, Int(1, usual=5)] = 2,
) -> Term:
    """As ``psednc``, with a product for each property in place of the squared difference; the lag is the outer index.

    Products may be negative: where the total that everything is divided by is within 1e-9 of 0, the row is zeros.
    The composition may be that of words of any ``k``.
    """
    words = Kmers(alphabet, "11")
    terms = _series(words, word_properties(alphabet, 2, properties, standardise), lambda_)
    return Pseudo(Count(Kmers(alphabet, "1" * k)), terms, weight)


@descriptor(
    "Series pseudo trinucleotide composition",
    alphabets=[DNA],
    reference="Chen et al. 2014, Analytical Biochemistry 456:53",
    columns="4^k + p * lambda",
    peers="iLearn iLearnPlus iFeatureOmega repDNA PyBioMed",
    aliases="SCPseTNC",
)
def scpsetnc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lambda_: Lambda = 3,
    weight: Weight = 0.05,
    standardise: Standardise = "auto",
    k: Annotated[int, Int(1, usual=5)] = 3,
) -> Term:
    """As ``scpsednc``, with trinucleotides and their properties."""
    words = Kmers(alphabet, "111")
    terms = _series(words, word_properties(alphabet, 3, properties, standardise), lambda_)
    return Pseudo(Count(Kmers(alphabet, "1" * k)), terms, weight)
