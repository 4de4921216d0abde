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
from bioautofeat.terms.strings import (
    AlignmentKernel,
    Spectrum,
    StringKernel,
    WordPairs,
    gapped_values,
    mismatch_values,
)

Measure = Literal["auto", "alignment", "words"]
Kind = Literal["auto", "spectrum", "gapped", "mismatch", "alignment"]
Strands = Literal["one", "both"]


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


def _amounts(alphabet: Alphabet, kind: Kind, k: int, length: int, m: int) -> tuple[int, ...]:
    """What a pair of windows adds, by the number of letters in which they agree."""
    protein = alphabet == PROTEIN
    if kind == "mismatch":
        k = k or (3 if protein else 5)
        if m >= k:
            raise ParameterError(f"m={m}: there must be fewer mismatches than the {k} letters of a word (k)")
        return mismatch_values(k, m, alphabet.size)
    k = k or (2 if protein else 6)
    length = length or max(k, 4 if protein else 10)
    if length < k:
        raise ParameterError(f"length={length}: a window cannot be shorter than the {k} letters of a word (k)")
    return gapped_values(length, k)


@descriptor(
    "String kernel with every training record",
    reference="Leslie et al. 2002, Pacific Symposium on Biocomputing 7:564; Ghandi et al. 2014, PLoS Computational Biology "
    "10:e1003711; Saigo et al. 2004, Bioinformatics 20:1682",
    columns="number of training records",
)
def string_kernel(
    alphabet: Alphabet,
    kind: Annotated[Kind, Choice("auto", "spectrum", "gapped", "mismatch", "alignment")] = "auto",
    k: Annotated[int, Int(0, 12)] = 0,
    length: Annotated[int, Int(0, 20)] = 0,
    m: Annotated[int, Int(0, 4)] = 1,
    beta: Annotated[float, Real(0.1, 50, log=True)] = 4.0,
    gap_open: Annotated[float, Real(0, 100)] = 11.0,
    gap_extend: Annotated[float, Real(0, 100)] = 1.0,
    strands: Annotated[Strands, Choice("one", "both")] = "one",
) -> Term:
    """K(x, t) / sqrt(K(x, x) K(t, t)) with each training record t: the table that the model ``kernel_svm`` works on.

    ``spectrum``: K is the scalar product of the counts of all words of 1 to ``k`` letters (0: 5 for nucleotides, 3 for
    residues); ``gapped``: of the counts of ``k`` letters (6, 2) anywhere in windows of ``length`` (10, 4); ``mismatch``: of
    words of ``k`` letters (5, 3) counted with up to ``m`` mismatches; windows with an unknown letter are left out.
    ``alignment``: exp(``beta`` (s - 1)), s the Smith-Waterman similarity of ``neighbours``, with its gap costs.  ``auto``
    aligns proteins and counts gapped words of nucleic acids.  With ``strands=both`` gapped and mismatched words of the
    other strand count as well.  Training records are kept, and are compared with themselves too.  It is for small sets:
    more than 3,000 training records, or 2e10 pairs of letters among them, are refused.
    """
    if kind == "auto":
        kind = "alignment" if alphabet == PROTEIN else "gapped"
    if strands == "both" and (alphabet == PROTEIN or kind not in ("gapped", "mismatch")):
        raise ParameterError("strands=both is for gapped and mismatched words of nucleic acids")
    if kind == "alignment":
        return StringKernel(AlignmentKernel(Alignment(alphabet, gap_open, gap_extend), beta))
    if kind == "spectrum":
        words = [Kmers(alphabet, "1" * size) for size in range(1, (k or (3 if alphabet == PROTEIN else 5)) + 1)]
        return StringKernel(Spectrum(words[0], tuple(words[1:])))
    return StringKernel(WordPairs(alphabet, _amounts(alphabet, kind, k, length, m), strands == "both"))
