"""Numerical mappings of letters: the tracks that spectra and layouts start from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.properties import property_table
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.track import PositionFrequency, PrefixFrequency, Recurrence, Table, Track

__all__ = ["CORNERS", "MAPPINGS", "Corners", "Mapping", "chaos_game", "letter_table", "mapping_track"]

Mapping = Literal[
    "binary", "zcurve", "real", "integer", "eiip", "eiip-mathfeature", "complex", "atomic", "prefix-frequency",
    "kmer-frequency",
]  # fmt: skip

MAPPINGS = (
    "binary", "zcurve", "real", "integer", "eiip", "eiip-mathfeature", "complex", "atomic", "prefix-frequency",
    "kmer-frequency",
)  # fmt: skip
"""Names of the mappings; protein has binary, integer, the two eiip and the two frequencies."""

_NUCLEIC = {
    "zcurve": ("zx", "zy", "zz"),
    "real": ("real",),
    "integer": ("integer",),
    "eiip": ("eiip",),
    "complex": ("complex.re", "complex.im"),
    "atomic": ("atomic",),
    "ncp": ("ncp.ring", "ncp.func", "ncp.hbond"),
}
# MathFeature's table has A, K and R ten times too large
_PROTEIN = {"integer": ("integer-mathfeature",), "eiip": ("eiip",), "eiip-mathfeature": ("eiip-mathfeature",)}
_CHANNELS = {
    "zcurve": ("x", "y", "z"),
    "complex": ("re", "im"),
    "ncp": ("ring", "functional", "hydrogen"),
}

Corners = Literal["jeffrey", "mathfeature"]

CORNERS = {
    "jeffrey": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]),
    "mathfeature": np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]),
}
"""Corner (x, y) of A, C, G and T (U) in the chaos game; the walk starts in the middle of the square."""


def letter_table(alphabet: Alphabet, name: str) -> Table:
    """The values of each letter by a table of this package.

    Raises
    ------
    ParameterError
        Where the mapping has no meaning for the alphabet.
    """
    slugs = (_PROTEIN if alphabet == PROTEIN else _NUCLEIC).get(name)
    if slugs is None:
        raise ParameterError(f"mapping {name} has no values for {alphabet.name}")
    file = "residue-maps" if alphabet == PROTEIN else "nucleotide-maps"
    values = property_table(file, alphabet.symbols).columns(slugs)
    return Table(Kmers(alphabet), values, _CHANNELS.get(name, ("",)), is_complex=name == "complex")


def _binary(alphabet: Alphabet) -> Table:
    """One channel a letter, nucleotides in the order A, C, T (U), G of the literature on these spectra."""
    order = [0, 1, 3, 2] if alphabet != PROTEIN else list(range(alphabet.size))
    table = np.eye(alphabet.size)[:, order]
    return Table(Kmers(alphabet), table, tuple(alphabet.symbols[code] for code in order))


def mapping_track(alphabet: Alphabet, name: str, k: int = 1) -> Track:
    """The track of a mapping; ``k`` is the length of the words whose frequencies two of them give.

    ``auto`` is ``real`` for nucleotides, ``integer`` for residues, which have no such numbers.

    Raises
    ------
    ParameterError
        Where the mapping has no meaning for the alphabet.
    """
    if name == "auto":
        name = "integer" if alphabet == PROTEIN else "real"
    if name == "binary":
        return _binary(alphabet)
    if name == "prefix-frequency":
        return PrefixFrequency(Kmers(alphabet, "1" * k))
    if name == "kmer-frequency":
        return PositionFrequency(Kmers(alphabet, "1" * k))
    table = letter_table(alphabet, name)
    return Recurrence(table) if name == "zcurve" else table


def chaos_game(alphabet: Alphabet, corners: Corners = "jeffrey") -> Track:
    """Points of the chaos game: each letter halves the way from the last point to the letter's corner."""
    square = CORNERS[corners]
    middle = float(square.mean())
    return Recurrence(Table(Kmers(alphabet), square, ("x", "y")), 0.5, 0.5, middle)
