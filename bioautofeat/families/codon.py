"""Codon usage."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.codon import Codons
from bioautofeat.terms.fitted import WordScores
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Norm


@descriptor(
    "Codon usage",
    alphabets=NUCLEIC,
    reference="Grantham et al. 1980, Nucleic Acids Research 8:r49",
    columns="64",
)
def codon_usage(
    alphabet: Alphabet,
    frame: Annotated[int, Int(0, 2)] = 0,
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "frequency",
) -> Term:
    """How often each codon stands in the reading frame that begins ``frame`` letters after the first."""
    return Codons(alphabet, frame, norm)


@descriptor(
    "Relative synonymous codon usage",
    alphabets=NUCLEIC,
    reference="Sharp et al. 1986, Nucleic Acids Research 14:5125",
    columns="64",
    aliases="RSCU",
)
def rscu(alphabet: Alphabet, frame: Annotated[int, Int(0, 2)] = 0) -> Term:
    """Count of each codon over the mean count of the codons of the same residue, standard genetic code.

    1 is even use; the three stops are one family; 0 where no codon of a family occurs.
    """
    return Codons(alphabet, frame, "relative")


@descriptor(
    "Hexamer score",
    alphabets=NUCLEIC,
    reference="Wang et al. 2013, Nucleic Acids Research 41:e74",
    columns="1; the number of classes where there are more than two",
)
def hexamer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 6,
    step: Annotated[int, Int(1, 3)] = 3,
    folds: Annotated[int, Int(2, 20)] = 5,
    pseudocount: Annotated[float, Real(0.001, 100, log=True)] = 1.0,
) -> Term:
    """Mean log-odds of a record's words of ``k`` letters: how much more frequent each is in the second class.

    Learnt from labels, e.g. coding and non-coding; with more than two classes each against all others.  Words are read
    every ``step`` letters from the first, 3 for records that begin in frame, 1 for any.  ``pseudocount`` is added to
    every word's count.  A training record is described by the words of the other ``folds``.
    """
    return WordScores(Kmers(alphabet, "1" * k), step, folds, pseudocount)
