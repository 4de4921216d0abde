"""Composition: how often each word, or each class of words, occurs."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, get_args

import numpy as np

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Flag, Int, Text
from bioautofeat.properties import RESIDUE_ORDERS, grouping, ordered_residues, property_table
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat, Linear, Ratio, Standardised
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import ClassCount, Count, DisjointCount, Norm

NormRange = Choice(*get_args(Norm))
OrderRange = Choice(*RESIDUE_ORDERS)
Groups = Text(
    "a grouping's slug, a CSV file with columns group,letters, or auto (gaac for proteins, ry for nucleotides)"
)

CODONS = {
    "A": 4, "C": 2, "D": 2, "E": 2, "F": 2, "G": 4, "H": 2, "I": 3, "K": 2, "L": 6,
    "M": 1, "N": 2, "P": 4, "Q": 2, "R": 6, "S": 6, "T": 4, "V": 4, "W": 1, "Y": 2,
}  # fmt: skip
"""Number of codons of each residue in the standard code, 61 in all."""


def _count(words: Kmers, norm: Norm, overlap: bool = True) -> Term:
    return Count(words, norm) if overlap else DisjointCount(words, norm)


@descriptor(
    "Composition of k-mers",
    reference="Leslie et al. 2002, Pacific Symposium on Biocomputing 7:566",
    columns="n^k (upto: n + n^2 + ... + n^k)",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature repDNA PyFeat PyBioMed protpy",
    aliases="Kmer Kmer_type_1 Kmer_type_2:norm=count pseudoKNC:upto=true,norm=count,overlap=false",
)
def kmer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    upto: Annotated[bool, Flag()] = False,
    norm: Annotated[Norm, NormRange] = "frequency",
    overlap: Annotated[bool, Flag()] = True,
) -> Term:
    """How often each word of ``k`` letters occurs, in the alphabet's order; frequencies sum to 1.

    ``upto`` puts the words of 1, 2, ... ``k`` letters side by side, each length with frequencies of its own.  Without
    ``overlap`` a word cannot overlap itself, as in a search from left to right (PyFeat's pseudoKNC): AAAA then holds
    two AA, and frequencies divide by the number of windows all the same.
    """
    sizes = range(1 if upto else k, k + 1)
    terms = [_count(Kmers(alphabet, "1" * size), norm, overlap) for size in sizes]
    return Concat(terms) if upto else terms[0]


def _strands(words: Kmers, norm: Norm) -> Term:
    """Words and their reverse complements counted together under the one that comes first."""
    codes = np.arange(words.n_words)
    opposite = np.zeros_like(codes)
    for place in range(words.k):
        opposite = opposite * 4 + words.alphabet.complement_codes[codes // 4**place % 4]
    kept, classes = np.unique(np.minimum(codes, opposite), return_inverse=True)
    names = words.names()
    return ClassCount(words, classes, tuple(names[word] for word in kept.tolist()), norm)


@descriptor(
    "Composition of k-mers of both strands",
    alphabets=NUCLEIC,
    reference="Noble et al. 2005, Bioinformatics 21:i338",
    columns="(4^k + 4^(k/2) if k is even) / 2 (upto: summed over 1..k)",
    peers="iLearn iLearnPlus iFeatureOmega repDNA PyBioMed MathFeature",
    differs="MathFeature counts each k-mer under its reverse complement without merging the two: 84 columns for k = 1..3 instead of 44",
    aliases="RCKmer RevcKmer RCKmer_type_1 RCKmer_type_2:norm=count",
)
def rckmer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    upto: Annotated[bool, Flag()] = False,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each word of ``k`` letters or its reverse complement occurs, under whichever comes first.

    A word that is its own reverse complement counts once.  A sequence and its reverse complement have equal rows.
    """
    sizes = range(1 if upto else k, k + 1)
    terms = [_strands(Kmers(alphabet, "1" * size), norm) for size in sizes]
    return Concat(terms) if upto else terms[0]


@descriptor(
    "Nucleic acid composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="4",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature",
    aliases="NAC",
)
def nac(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each nucleotide occurs."""
    return Count(Kmers(alphabet, "1"), norm)


@descriptor(
    "Dinucleotide composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="16",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature",
    aliases="DNC",
)
def dnc(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each pair of neighbouring nucleotides occurs."""
    return Count(Kmers(alphabet, "11"), norm)


@descriptor(
    "Trinucleotide composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="64",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature",
    aliases="TNC",
)
def tnc(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each triple of neighbouring nucleotides occurs."""
    return Count(Kmers(alphabet, "111"), norm)


@descriptor(
    "Amino acid composition",
    alphabets={PROTEIN},
    reference="Bhasin and Raghava 2004, Journal of Biological Chemistry 279:23262",
    columns="20",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature propy3 protpy PyBioMed",
    aliases="AAC",
)
def aac(
    alphabet: Alphabet,
    norm: Annotated[Norm, NormRange] = "frequency",
    order: Annotated[str, OrderRange] = "alphabet",
) -> Term:
    """How often each residue occurs; propy3, protpy and PyBioMed give percent."""
    return Count(Kmers(ordered_residues(order), "1"), norm)


@descriptor(
    "Dipeptide composition",
    alphabets={PROTEIN},
    reference="Bhasin and Raghava 2004, Journal of Biological Chemistry 279:23262",
    columns="400",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature propy3 protpy PyBioMed",
    aliases="DPC DPC_type_1 DPC_type_2:norm=count",
)
def dpc(
    alphabet: Alphabet,
    norm: Annotated[Norm, NormRange] = "frequency",
    order: Annotated[str, OrderRange] = "alphabet",
    overlap: Annotated[bool, Flag()] = True,
) -> Term:
    """How often each pair of neighbouring residues occurs.

    propy3 and PyBioMed give percent, and without ``overlap``: they find one AA in AAA, and two in AAAA.
    """
    return _count(Kmers(ordered_residues(order), "11"), norm, overlap)


@descriptor(
    "Tripeptide composition",
    alphabets={PROTEIN},
    reference="Bhasin and Raghava 2004, Journal of Biological Chemistry 279:23262",
    columns="8000",
    peers="iLearn iLearnPlus iFeatureOmega MathFeature propy3 protpy",
    aliases="TPC TPC_type_1 TPC_type_2:norm=count",
)
def tpc(
    alphabet: Alphabet,
    norm: Annotated[Norm, NormRange] = "frequency",
    order: Annotated[str, OrderRange] = "alphabet",
    overlap: Annotated[bool, Flag()] = True,
) -> Term:
    """How often each triple of neighbouring residues occurs; propy3 gives counts without ``overlap``."""
    return _count(Kmers(ordered_residues(order), "111"), norm, overlap)


def _grouped(alphabet: Alphabet, groups: str, spacing: str, norm: Norm) -> Term:
    name = groups if groups != "auto" else "gaac" if alphabet == PROTEIN else "ry"
    return Count(Kmers(grouping(name, alphabet), spacing), norm)


@descriptor(
    "Grouped amino acid composition",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="5",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="GAAC",
)
def gaac(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often residues of each kind occur: aliphatic, aromatic, positive, negative, uncharged."""
    return _grouped(alphabet, "gaac", "1", norm)


@descriptor(
    "Grouped dipeptide composition",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="25",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="GDPC GDPC_type_1 GDPC_type_2:norm=count",
)
def gdpc(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each pair of kinds of residues occurs; the kinds of ``gaac``."""
    return _grouped(alphabet, "gaac", "11", norm)


@descriptor(
    "Grouped tripeptide composition",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="125",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="GTPC GTPC_type_1 GTPC_type_2:norm=count",
)
def gtpc(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each triple of kinds of residues occurs; the kinds of ``gaac``."""
    return _grouped(alphabet, "gaac", "111", norm)


@descriptor(
    "Composition of k-mers of grouped letters",
    reference="Zuo et al. 2017, Bioinformatics 33:122",
    columns="m^k (m groups)",
    peers="protpy",
)
def grouped_kmer(
    alphabet: Alphabet,
    groups: Annotated[str, Groups] = "auto",
    k: Annotated[int, Int(1, usual=4)] = 3,
    gap: Annotated[int, Int(0, usual=3)] = 0,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each word of ``k`` groups occurs, ``gap`` letters skipped between two of its letters.

    A grouping is one of the package's own (for nucleotides ``ry``, ``mk``, ``sw``) or a CSV file of yours; letters
    in no group are unknown.
    """
    return _grouped(alphabet, groups, ("1" + "0" * gap) * (k - 1) + "1", norm)


@descriptor(
    "Dipeptide deviation from expected mean",
    alphabets={PROTEIN},
    reference="Saravanan and Gautham 2015, OMICS 19:648",
    columns="400",
    peers="iLearn iLearnPlus iFeatureOmega protpy",
    aliases="DDE",
)
def dde(alphabet: Alphabet) -> Term:
    """Frequency of each dipeptide less what its codons let expect, in standard deviations.

    ``(f - p) / sqrt(p (1 - p) / n)`` with ``p`` the product of the residues' shares of the 61 codons and ``n`` the
    number of dipeptides; zeros where there is none.
    """
    share = np.array([CODONS[residue] / 61 for residue in alphabet.symbols])
    return Standardised(Count(Kmers(alphabet, "11"), "count"), np.outer(share, share).ravel())


@descriptor(
    "Trinucleotide composition weighted by electron-ion interaction pseudopotentials",
    alphabets=NUCLEIC,
    reference="Nair and Sreenadhan 2006, Bioinformation 1:197",
    columns="64",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="PseEIIP",
)
def pseeiip(alphabet: Alphabet) -> Term:
    """Frequency of each trinucleotide times the sum of its nucleotides' pseudopotentials (EIIP)."""
    words = Kmers(alphabet, "111")
    eiip = property_table("nucleotide-maps", alphabet.symbols).columns(["eiip"])[:, 0]
    weights = [eiip[list(word)].sum() for word in itertools.product(range(4), repeat=3)]
    return Linear(Count(words), np.diag(weights), tuple(words.names()))


@descriptor(
    "GC content",
    alphabets=NUCLEIC,
    reference="Muhammod et al. 2019, Bioinformatics 35:3831",
    columns="1",
    peers="PyFeat",
    aliases="gcContent",
)
def gc_content(
    alphabet: Alphabet, norm: Annotated[Literal["percent", "frequency"], Choice("percent", "frequency")] = "percent"
) -> Term:
    """Share of G and C among the known nucleotides; 0 where there is none."""
    whole = 100.0 if norm == "percent" else 1.0
    gc = np.array([[0.0], [whole], [whole], [0.0]])
    return Ratio(Count(Kmers(alphabet), "count"), gc, np.ones((4, 1)), ("gc",))


@descriptor(
    "GC and AT skew",
    alphabets=NUCLEIC,
    reference="Lobry 1996, Molecular Biology and Evolution 13:660",
    columns="2",
    peers="PyFeat",
    differs="PyFeat divides by zero where neither G nor C (or neither A nor T) stands; the skew is 0 there",
    aliases="cumulativeSkew",
)
def skew(alphabet: Alphabet) -> Term:
    """``(G - C) / (G + C)`` and ``(A - T) / (A + T)``; 0 where neither of the two letters stands."""
    above = np.array([[0.0, 1.0], [-1.0, 0.0], [1.0, 0.0], [0.0, -1.0]])
    return Ratio(Count(Kmers(alphabet), "count"), above, np.abs(above), ("gc", "at"))


@descriptor(
    "Ratio of A and T to G and C",
    alphabets=NUCLEIC,
    reference="Muhammod et al. 2019, Bioinformatics 35:3831",
    columns="1",
    peers="PyFeat",
    differs="PyFeat divides by zero where neither G nor C stands; the ratio is the number of A and T there",
    aliases="atgcRatio",
)
def at_gc_ratio(alphabet: Alphabet) -> Term:
    """``(A + T) / (G + C)``; where neither G nor C stands, as if one did: the number of A and T."""
    at = np.array([[1.0], [0.0], [0.0], [1.0]])
    return Ratio(Count(Kmers(alphabet), "count"), at, 1.0 - at, ("at.gc",))
