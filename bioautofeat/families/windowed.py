"""Words inside windows along the sequence."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Flag, Int, Slug, Text
from bioautofeat.properties import RESIDUE_ORDERS, grouping, groupings, ordered_residues
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Norm, PooledWindows, Window

WindowNorm = Literal["frequency", "count"]
WindowNormRange = Choice(*get_args(WindowNorm))
GROUPS = "a grouping's slug, or a CSV file with columns group,letters"


@descriptor(
    "Enhanced nucleic acid composition",
    alphabets=NUCLEIC,
    reference="Chen et al. 2020, Briefings in Bioinformatics 21:1047",
    columns="4 ((L - size) // step + 1)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="ENAC",
)
def enac(
    alphabet: Alphabet,
    size: Annotated[int, Int(1, usual=20)] = 5,
    step: Annotated[int, Int(1, usual=10)] = 1,
    norm: Annotated[WindowNorm, WindowNormRange] = "frequency",
) -> Term:
    """How often each nucleotide occurs in each window of ``size`` letters, windows ``step`` letters apart."""
    return Window(Kmers(alphabet), size, step, norm)


@descriptor(
    "Enhanced amino acid composition",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="20 ((L - size) // step + 1)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="EAAC",
)
def eaac(
    alphabet: Alphabet,
    size: Annotated[int, Int(1, usual=20)] = 5,
    step: Annotated[int, Int(1, usual=10)] = 1,
    norm: Annotated[WindowNorm, WindowNormRange] = "frequency",
    order: Annotated[str, Choice(*RESIDUE_ORDERS)] = "alphabet",
) -> Term:
    """How often each residue occurs in each window of ``size`` letters, windows ``step`` letters apart."""
    return Window(Kmers(ordered_residues(order)), size, step, norm)


@descriptor(
    "Enhanced grouped amino acid composition",
    alphabets={PROTEIN},
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="m ((L - size) // step + 1) (m groups, 5 by default)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="EGAAC",
)
def egaac(
    alphabet: Alphabet,
    size: Annotated[int, Int(1, usual=20)] = 5,
    step: Annotated[int, Int(1, usual=10)] = 1,
    groups: Annotated[str, Slug(GROUPS, groupings)] = "gaac",
    norm: Annotated[WindowNorm, WindowNormRange] = "frequency",
) -> Term:
    """How often residues of each kind occur in each window of ``size`` letters, windows ``step`` letters apart."""
    return Window(Kmers(grouping(groups, alphabet)), size, step, norm)


@descriptor(
    "Composition of k-mers in windows",
    reference="Chen et al. 2018, Bioinformatics 34:2499",
    columns="n^k ((L - size) // step + 1)",
)
def windowed_kmer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=3)] = 2,
    size: Annotated[int, Int(1, usual=50)] = 20,
    step: Annotated[int, Int(1, usual=25)] = 10,
    groups: Annotated[str, Text(GROUPS)] = "none",
    norm: Annotated[WindowNorm, WindowNormRange] = "frequency",
) -> Term:
    """How often each word of ``k`` letters occurs in each window: where a word stands, with a tolerance.

    Windows of ``size`` letters stand ``step`` letters apart; a word counts in every window that wholly holds it.
    With ``groups`` each letter is its group first.
    """
    source = alphabet if groups == "none" else grouping(groups, alphabet)
    return Window(Kmers(source, "1" * k), size, step, norm)


@descriptor(
    "Customised k-mers: words of all windows, pooled",
    reference="Bonidia et al. 2022, Briefings in Bioinformatics 23:bbab434",
    columns="n^k (upto: n + n^2 + ... + n^k)",
    peers="MathFeature",
    aliases="Kstep customised_kmer",
)
def kstep(
    alphabet: Alphabet,
    size: Annotated[int, Int(1, usual=50)] = 20,
    step: Annotated[int, Int(1, usual=20)] = 5,
    k: Annotated[int, Int(1, usual=4)] = 2,
    upto: Annotated[bool, Flag()] = True,
    norm: Annotated[Norm, Choice(*get_args(Norm))] = "frequency",
) -> Term:
    """How often each word occurs in the whole windows of ``size`` letters, ``step`` letters apart, taken together.

    A word counts once for every window that holds it; letters behind the last whole window do not count, and a
    sequence shorter than a window is one.  ``upto`` puts the words of 1, 2, ... ``k`` letters side by side.
    """
    sizes = range(1 if upto else k, k + 1)
    terms = [PooledWindows(Kmers(alphabet, "1" * letters), size, step, norm) for letters in sizes]
    return Concat(terms) if upto else terms[0]
