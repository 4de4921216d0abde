"""Similarity to labelled records."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.similarity import Alignment, NearestShares, Neighbours, WordCosine

Measure = Literal["auto", "alignment", "words"]


@descriptor(
    "Classes of the nearest training records, column by column",
    reference="Chen et al. 2021, Nucleic Acids Research 49:e60",
    columns="percent times the number of classes",
    peers="iLearnPlus iFeatureOmega",
    differs="the peers refuse records of unequal lengths; here a column past the end of one record adds no similarity",
    aliases="KNN",
)
def knn(alphabet: Alphabet, percent: Annotated[int, Int(1, 100)] = 30) -> Term:
    """Share of each class among the nearest 1, 2 .. ``percent`` % of the training records.

    Records are compared letter by letter (equal or not; BLOSUM62 scaled to 0..1 for residues), so they should have
    one length and be aligned; ``neighbours`` is for all others.  A training record is not its own neighbour.
    Values to be predicted are split at their median.
    """
    return NearestShares(alphabet, percent)


def _sizes(what: str, texts: tuple[str, ...]) -> tuple[int, ...]:
    if not all(text.isdecimal() and 0 < int(text) < 10**6 for text in texts) or len(set(texts)) < len(texts):
        raise ParameterError(f"{what}: {'+'.join(texts)} is no list of different whole numbers such as 1+3+10")
    return tuple(int(text) for text in texts)


@descriptor(
    "Similarity to the nearest records of each class",
    reference="Smith and Waterman 1981, Journal of Molecular Biology 147:195",
    columns="classes x 3 + 5 (classes x 8 where there are more than two)",
)
def neighbours(
    alphabet: Alphabet,
    similarity: Annotated[Measure, Choice("auto", "alignment", "words")] = "auto",
    k: Annotated[int, Int(0, usual=6)] = 0,
    gap_open: Annotated[float, Real(0, 100)] = 11.0,
    gap_extend: Annotated[float, Real(0, 100)] = 1.0,
    top: Annotated[tuple[str, ...], Names("numbers of neighbours")] = ("1", "3", "10"),
    vote: Annotated[tuple[str, ...], Names("numbers of neighbours")] = ("1", "3", "5", "11", "25"),
) -> Term:
    """Mean similarity to the ``top`` nearest training records of each class, and the classes of the ``vote`` nearest.

    ``alignment``: Smith-Waterman with BLOSUM62 (nucleotides: 5 and -4), a gap of n letters costs
    ``gap_open + n gap_extend``, divided by the geometric mean of both scores with themselves; ``words``: cosine of the
    counts of words of ``k`` letters (0: 5 for nucleotides, 2 for residues).  ``auto`` aligns proteins and compares the
    words of nucleic acids.  Aligning grows with the square of the letters and is refused above 2e11 pairs of letters.
    A training record is not its own neighbour; values to be predicted are averaged over the nearest.
    """
    if similarity == "alignment" or (similarity == "auto" and alphabet == PROTEIN):
        measure: Alignment | WordCosine = Alignment(alphabet, gap_open, gap_extend)
    else:
        measure = WordCosine(Kmers(alphabet, "1" * (k or (2 if alphabet == PROTEIN else 5))))
    return Neighbours(measure, _sizes("top", top), _sizes("vote", vote))
