"""Chaos game representation."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Reordered
from bioautofeat.terms.maps import CORNERS, Corners, chaos_game
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm
from bioautofeat.terms.spectrum import SpectrumNames, SpectrumSummary
from bioautofeat.terms.track import Flatten, Order

CornersRange = Choice(*CORNERS)


def _cells(corners: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Word in each cell of the square, by rows from the top, each from the left."""
    right, top = (corners > corners.mean(axis=0)).astype(np.int64).T
    words = np.arange(4**k)
    x, y = np.zeros_like(words), np.zeros_like(words)
    for place in range(k):  # the last letter of a word chooses the quadrant, the one before it the quarter of that
        letter = words >> 2 * (k - 1 - place) & 3
        x |= right[letter] << place
        y |= top[letter] << place
    return np.lexsort((x, -y))


@descriptor(
    "Frequency chaos game representation",
    alphabets=NUCLEIC,
    reference="Almeida et al. 2001, Bioinformatics 17:429",
    columns="4^k",
    aliases="FCGR",
)
def fcgr(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=6)] = 4,
    corners: Annotated[Corners, CornersRange] = "jeffrey",
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "frequency",
) -> Term:
    """How many points of the chaos game fall into each cell of a square of ``2^k`` by ``2^k`` cells.

    The point after a letter lies in the cell of the word of ``k`` letters that ends there, so the cells are the
    k-mers in another order: rows from the top, each row from the left.  ``values.reshape(n, 2**k, 2**k)`` is the
    picture, with C, G above and A, T below (corners ``jeffrey``).  Frequencies sum to 1.
    """
    return Reordered(Count(Kmers(alphabet, "1" * k), norm), _cells(CORNERS[corners], k))


@descriptor(
    "Chaos game representation",
    alphabets=NUCLEIC,
    reference="Jeffrey 1990, Nucleic Acids Research 18:2163",
    columns="2 L",
    peers="MathFeature",
    aliases="CGR",
)
def cgr(
    alphabet: Alphabet,
    corners: Annotated[Corners, CornersRange] = "jeffrey",
    order: Annotated[Order, Choice("position", "channel", "packed")] = "position",
) -> Term:
    """Points (x, y) of the walk that each letter takes half-way to its own corner of a square.

    ``jeffrey``: A (0, 0), C (0, 1), G (1, 1), T (1, 0) from (1/2, 1/2); ``mathfeature``: A (1, 1), C (-1, -1),
    G (1, -1), T (-1, 1) from (0, 0).  ``packed`` puts a record's y directly behind its x, zeros after both.
    An unknown letter stays where the walk is.
    """
    return Flatten(chaos_game(alphabet, corners), order)


@descriptor(
    "Spectrum of the chaos game",
    alphabets=NUCLEIC,
    reference="Bonidia et al. 2022, Briefings in Bioinformatics 23:bbab434",
    columns="19",
    peers="MathFeature",
    aliases="CGR_Fourier",
)
def cgr_signal(
    alphabet: Alphabet,
    corners: Annotated[Corners, CornersRange] = "mathfeature",
    naming: Annotated[SpectrumNames, Choice("corrected", "mathfeature")] = "corrected",
) -> Term:
    """Nineteen statistics of the power spectrum of the chaos game's x and y, as ``fourier`` describes them."""
    return SpectrumSummary(chaos_game(alphabet, corners), naming)
