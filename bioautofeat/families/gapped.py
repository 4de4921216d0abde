"""Gapped words: letters at a distance from each other."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet, Grouping
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Flag, Int, Slug, Text
from bioautofeat.properties import grouping, groupings
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat, Scaled
from bioautofeat.terms.read import Kmers, KmersButLast
from bioautofeat.terms.reduce import Count, DisjointCount, Norm, OrderedPairs

NormRange = Choice(*get_args(Norm))
Pattern = Text("a pattern of 1 (a letter that counts) and 0 (one that is skipped), 1 at both ends")
GROUPS = "a grouping's slug, or a CSV file with columns group,letters"

TriadNorm = Literal["scaled", "frequency", "count"]
TriadNormRange = Choice(*get_args(TriadNorm))


def _pairs(source: Alphabet | Grouping, gap: int, norm: Norm) -> Term:
    return Concat(Count(Kmers(source, "1" + "0" * skipped + "1"), norm) for skipped in range(gap + 1))


@descriptor(
    "Composition of k-spaced nucleic acid pairs",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="16 (gap + 1)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="CKSNAP CKSNAP_type_1 CKSNAP_type_2:norm=count",
)
def cksnap(
    alphabet: Alphabet,
    gap: Annotated[int, Int(0, usual=5)] = 3,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each pair of nucleotides occurs with 0, 1, ... ``gap`` letters between; one block a distance."""
    return _pairs(alphabet, gap, norm)


@descriptor(
    "Composition of k-spaced amino acid pairs",
    alphabets={PROTEIN},
    reference="Chen et al. 2007, BMC Structural Biology 7:25",
    columns="400 (gap + 1)",
    peers="iLearn iLearnPlus iFeatureOmega protpy",
    aliases="CKSAAP CKSAAP_type_1 CKSAAP_type_2:norm=count",
)
def cksaap(
    alphabet: Alphabet,
    gap: Annotated[int, Int(0, usual=5)] = 3,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each pair of residues occurs with 0, 1, ... ``gap`` letters between; one block a distance."""
    return _pairs(alphabet, gap, norm)


@descriptor(
    "Composition of k-spaced amino acid group pairs",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="m^2 (gap + 1) (m groups, 5 by default)",
    peers="iLearn iLearnPlus iFeatureOmega protpy",
    aliases="CKSAAGP CKSAAGP_type_1 CKSAAGP_type_2:norm=count",
)
def cksaagp(
    alphabet: Alphabet,
    gap: Annotated[int, Int(0, usual=5)] = 3,
    groups: Annotated[str, Slug(GROUPS, groupings)] = "gaac",
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """As ``cksaap``, for pairs of kinds of residues."""
    return _pairs(grouping(groups, alphabet), gap, norm)


@descriptor(
    "Composition of words around a gap",
    reference="Muhammod et al. 2019, Bioinformatics 35:3831",
    columns="n^(before + after) (upto: times gap)",
    peers="MathFeature PyFeat",
    differs="MathFeature leaves out the last window of every sequence: each row sums to one less (last=false repeats it)",
    aliases=(
        "kGap monoMono:before=1,after=1,upto=true monoDi:before=1,after=2,upto=true monoTri:before=1,after=3,upto=true diMono:before=2,after=1,upto=true "
        "diDi:before=2,after=2,upto=true diTri:before=2,after=3,upto=true triMono:before=3,after=1,upto=true triDi:before=3,after=2,upto=true"
    ),
)
def kgap(
    alphabet: Alphabet,
    before: Annotated[int, Int(1, usual=3)] = 1,
    gap: Annotated[int, Int(0, usual=5)] = 1,
    after: Annotated[int, Int(1, usual=3)] = 1,
    upto: Annotated[bool, Flag()] = False,
    norm: Annotated[Norm, NormRange] = "count",
    last: Annotated[bool, Flag()] = True,
) -> Term:
    """How often ``before`` letters, ``gap`` letters of any kind and ``after`` letters follow each other.

    ``upto`` puts the gaps 1, 2, ... ``gap`` side by side: PyFeat's monoMono to triDi.  Without ``last`` the last
    window of each sequence is left out, as MathFeature does.
    """
    words = Kmers if last else KmersButLast
    gaps = range(min(1, gap) if upto else gap, gap + 1)
    terms = [Count(words(alphabet, "1" * before + "0" * skipped + "1" * after), norm) for skipped in gaps]
    return Concat(terms) if upto else terms[0]


@descriptor(
    "Composition of spaced words",
    reference="Leimeister et al. 2014, Bioinformatics 30:1991",
    columns="n^(number of 1)",
    aliases="spaced_kmer",
)
def spaced(
    alphabet: Alphabet,
    pattern: Annotated[str, Pattern] = "1101",
    groups: Annotated[str, Text(GROUPS)] = "none",
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each word of the letters at the places marked 1 of a pattern occurs, the pattern sliding by one.

    With ``groups`` each letter is its group first.
    """
    return Count(Kmers(alphabet if groups == "none" else grouping(groups, alphabet), pattern), norm)


@descriptor(
    "Adaptive skip dinucleotide (dipeptide) composition",
    reference="Wei et al. 2017, BMC Genomics 18:742",
    columns="n^2",
    peers="iLearnPlus iFeatureOmega protpy",
    aliases="ASDC",
)
def asdc(alphabet: Alphabet, norm: Annotated[Norm, NormRange] = "frequency") -> Term:
    """How often each letter stands anywhere before each other one: pairs at all distances together."""
    return OrderedPairs(alphabet, norm)


def _triads(alphabet: Alphabet, gap: int, norm: TriadNorm, overlap: bool = True) -> Term:
    words = Kmers(grouping("conjoint-triad", alphabet), "1" + "0" * gap + "1" + "0" * gap + "1")
    if norm == "scaled":
        return Scaled(Count(words, "count") if overlap else DisjointCount(words, "count"))
    return Count(words, norm) if overlap else DisjointCount(words, norm)


@descriptor(
    "Conjoint triad",
    alphabets={PROTEIN},
    reference="Shen et al. 2007, Proceedings of the National Academy of Sciences 104:4337",
    columns="343",
    peers="iLearn iLearnPlus iFeatureOmega PyBioMed protpy",
    aliases="CTriad ConjointTriad",
)
def ctriad(
    alphabet: Alphabet,
    norm: Annotated[TriadNorm, TriadNormRange] = "scaled",
    overlap: Annotated[bool, Flag()] = True,
) -> Term:
    """How often each triple of seven classes of residues occurs (classes of like dipoles and side chain volumes).

    ``scaled`` is ``(f - min) / max`` over the 343 columns, zeros where no triad is known; PyBioMed and protpy give
    counts, PyBioMed without ``overlap``: it finds one 111 in 11111.
    """
    return _triads(alphabet, 0, norm, overlap)


@descriptor(
    "k-spaced conjoint triad",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="343 (gap + 1)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="KSCTriad",
)
def ksctriad(
    alphabet: Alphabet,
    gap: Annotated[int, Int(0, usual=5)] = 3,
    norm: Annotated[TriadNorm, TriadNormRange] = "scaled",
) -> Term:
    """Conjoint triads with 0, 1, ... ``gap`` letters between their residues; one block a distance, scaled by itself."""
    return Concat(_triads(alphabet, skipped, norm) for skipped in range(gap + 1))
