"""Chaos game representation."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Reordered
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm

CORNERS = {
    "jeffrey": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]),
    "mathfeature": np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]),
}
"""Corner (x, y) of A, C, G and T (U); the walk starts in the middle of the square."""

Corners = Literal["jeffrey", "mathfeature"]


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
    corners: Annotated[Corners, Choice(*CORNERS)] = "jeffrey",
    norm: Annotated[Norm, Choice("frequency", "count", "percent")] = "frequency",
) -> Term:
    """How many points of the chaos game fall into each cell of a square of ``2^k`` by ``2^k`` cells.

    The point after a letter lies in the cell of the word of ``k`` letters that ends there, so the cells are the
    k-mers in another order: rows from the top, each row from the left.  ``values.reshape(n, 2**k, 2**k)`` is the
    picture, with C, G above and A, T below (corners ``jeffrey``).  Frequencies sum to 1.
    """
    return Reordered(Count(Kmers(alphabet, "1" * k), norm), _cells(CORNERS[corners], k))
