"""Position-specific tables learnt from labelled records."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet, Grouping
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.fitted import Diversity, PositionScores
from bioautofeat.terms.join import Concat
from bioautofeat.terms.read import Kmers

Anchor = Literal["start", "end"]
Ends = Choice("start", "end")


@descriptor(
    "Position-specific k-mer propensity, single-stranded",
    reference="He et al. 2018, Bioinformatics 35:593",
    columns="L - k + 1; times the number of classes where there are more than two",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="PSTNPss",
)
def pstnpss(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=4)] = 3,
    anchor: Annotated[Anchor, Ends] = "start",
    folds: Annotated[int, Int(0, 20)] = 0,
) -> Term:
    """Frequency of the word at each position among records of the second class, less that among the first.

    With more than two classes, each class against all others, class outer.  Values to be predicted are split at their
    median.  Frequencies are over the training records whose word at the position is known, counted from the first
    letter (``anchor=start``) or from the last.  A training record is described without itself (``folds=0``, as the
    peers do) or by the other folds of its ``folds``; it is known by id and letters, not by its name alone.
    Where no other record of a class is left the value is 0 (the peers divide by 0).
    """
    return PositionScores(Kmers(alphabet, "1" * k), "difference", anchor, folds)


@descriptor(
    "Position-specific k-mer propensity, double-stranded",
    alphabets=NUCLEIC,
    reference="He et al. 2018, Bioinformatics 35:593",
    columns="L - k + 1; times the number of classes where there are more than two",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases="PSTNPds",
)
def pstnpds(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    anchor: Annotated[Anchor, Ends] = "start",
    folds: Annotated[int, Int(0, 20)] = 0,
) -> Term:
    """As ``pstnpss``, over two letters: A with its partner T (U), and C with G."""
    a, c, g, t = alphabet.symbols
    pairs = Grouping("base-pairs", alphabet, (a + t, c + g))
    return PositionScores(Kmers(pairs, "1" * k), "difference", anchor, folds)


@descriptor(
    "Position-specific log-odds of k-mers",
    reference="Staden 1984, Nucleic Acids Research 12:505",
    columns="L - k + 1; times the number of classes where there are more than two",
)
def pslogodds(
    alphabet: Alphabet,
    k: Annotated[int, Int(0, usual=4)] = 0,
    anchor: Annotated[Anchor, Ends] = "start",
    folds: Annotated[int, Int(0, 20)] = 5,
    pseudocount: Annotated[float, Real(0.01, 100, log=True)] = 1.0,
) -> Term:
    """Log of how much more frequent the word at each position is in the second class than in the first.

    ``k=0`` stands for 3 with nucleotides and 1 with residues.  ``pseudocount`` is added to the count of every word.
    A training record is described by the other folds: leave-one-out (``folds=0``) shifts a record's value away from
    its own class by a little, which trees find.  Classes, anchor and unknown words as in ``pstnpss``.
    """
    k = k or (1 if alphabet == PROTEIN else 3)
    return PositionScores(Kmers(alphabet, "1" * k), "log-odds", anchor, folds, pseudocount)


@descriptor(
    "Increment of diversity",
    reference="Chen et al. 2010, BMC Bioinformatics 11:S1",
    columns="k times the number of classes",
    peers="repDNA",
    differs="repDNA takes records 1 to 10 of a file as its positive class whatever their labels, and for k of 2 or more "
    "joins the first 4 of the 4^k counts only: -127.97 where the definition gives a value above 0",
    aliases="IDkmer",
)
def idkmer(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 3,
    folds: Annotated[int, Int(0, 20)] = 0,
) -> Term:
    """D(x + S) - D(x) - D(S) of the record's word counts x with the pooled counts S of each class, for 1..``k`` letters.

    D(v) = n log2 n - sum v log2 v, with n the sum of v: the smaller the increment, the more a record is like a class.
    A training record is taken out of its class first (``folds=0``), or the class is pooled from the other folds.
    """
    sizes = range(1, k + 1)
    return Concat((Diversity(Kmers(alphabet, "1" * size), folds) for size in sizes), (f"k{size}." for size in sizes))
