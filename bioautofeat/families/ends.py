"""The two ends of a sequence."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names, Text
from bioautofeat.properties import property_table
from bioautofeat.terms.base import Term
from bioautofeat.terms.ends import Cut, EndTrack, Length
from bioautofeat.terms.join import Concat
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm
from bioautofeat.terms.track import Table, Track

TRACKS = {"protein": ("residue-zscale", ()), "nucleic": ("nucleotide-maps", ("ncp.ring", "ncp.func", "ncp.hbond"))}
"""Table and properties that describe ends by default; no properties are all of the table's."""


def _ends(track: Track, first: int, last: int) -> Term:
    if first + last == 0:
        raise ParameterError("first=0,last=0 describes nothing: give at least one end a letter")
    return EndTrack(track, first, last)


@descriptor(
    "Letters at both ends",
    reference="Emanuelsson et al. 2000, Journal of Molecular Biology 300:1005",
    columns="n (first + last)",
)
def ends_binary(
    alphabet: Alphabet,
    first: Annotated[int, Int(0, usual=60)] = 30,
    last: Annotated[int, Int(0, usual=60)] = 30,
) -> Term:
    """One column a letter (1 or 0) for each of the ``first`` and the ``last`` letters, counted from either end.

    Columns ``1.A`` .. and ``-30.A`` .. ``-1.T``; all 0 at an unknown letter, and past the end of a shorter record.
    """
    return _ends(Table(Kmers(alphabet), np.eye(alphabet.size), alphabet.symbols), first, last)


@descriptor(
    "Properties of the letters at both ends",
    reference="Sandberg et al. 1998, Journal of Medicinal Chemistry 41:2481",
    columns="properties x (first + last)",
)
def ends_property(
    alphabet: Alphabet,
    table: Annotated[str, Text("a table of the package, or a .csv file")] = "auto",
    properties: Annotated[tuple[str, ...], Names("properties of the table")] = ("auto",),
    first: Annotated[int, Int(0, usual=60)] = 15,
    last: Annotated[int, Int(0, usual=60)] = 15,
) -> Term:
    """Values of properties at each of the ``first`` and the ``last`` letters, counted from either end.

    By default the five z-scales for residues, and ring, functional group and hydrogen bonds for nucleotides; all of a
    table's properties where it is named and they are not.  0 at an unknown letter and past a record's other end.
    """
    usual, chosen = TRACKS["protein" if alphabet == PROTEIN else "nucleic"]
    values = property_table(usual if table == "auto" else table, alphabet.symbols)
    if properties != ("auto",):
        chosen = properties
    elif table != "auto" or not chosen:
        chosen = values.slugs
    return _ends(Table(Kmers(alphabet), values.columns(chosen), chosen), first, last)


@descriptor(
    "Composition of segments at both ends",
    reference="Nakashima and Nishikawa 1994, Journal of Molecular Biology 238:54",
    columns="2 n^k x number of sizes",
)
def ends_composition(
    alphabet: Alphabet,
    size: Annotated[tuple[str, ...], Names("numbers of letters")] = ("10", "30", "60", "120"),
    k: Annotated[int, Int(1, usual=3)] = 1,
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "frequency",
) -> Term:
    """Composition of words of ``k`` letters in the first and in the last ``size`` letters (all of a shorter record)."""
    if not all(text.isdecimal() and 0 < int(text) < 10**9 for text in size) or len(set(size)) < len(size):
        raise ParameterError(f"size: {'+'.join(size)} is no list of different whole numbers such as 10+30")
    words = Count(Kmers(alphabet, "1" * k), norm)
    return Concat(Cut(words, side, int(text)) for side in ("first", "last") for text in size)


@descriptor(
    "Length",
    reference="plain count",
    columns="2",
)
def length(alphabet: Alphabet) -> Term:
    """Number of letters (unknown ones too), and its logarithm: ln(1 + L)."""
    return Length()
