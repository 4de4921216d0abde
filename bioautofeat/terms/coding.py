"""Open reading frames and the Fickett score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import orfs
from bioautofeat.properties import property_table
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term

__all__ = ["Fickett", "OrfStatistics"]

CODONS = tuple("".join(letters) for letters in product("ACGT", repeat=3))
STARTS = ("ATG",)
STOPS = ("TAA", "TAG", "TGA")

POSITION_LIMITS = (1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 1.3, 1.2, 1.1, 0.0)
CONTENT_LIMITS = (0.33, 0.31, 0.29, 0.27, 0.25, 0.23, 0.21, 0.19, 0.17, 0.0)
NINE_LIMITS = (0.33, 0.31, 0.29, 0.27, 0.25, 0.23, 0.21, 0.17, 0.0, -1.0)
"""The contents' limits without 0.19, as programs that descend from CPAT have them."""

_NAMES = ("maximum", "minimum", "sd", "mean", "cv")


@dataclass(frozen=True)
class OrfStatistics(Term):
    """Maximum, minimum, population standard deviation, mean and relative deviation over all open reading frames.

    A frame opens with the first ATG after the last stop and closes with TAA, TAG or TGA, which belongs to it; one
    that does not close is none.  Lengths are in letters, GC in percent of the known letters.  All 0 without frames.

    Parameters
    ----------
    both : bool
        The other strand is read, too.
    """

    both: bool = False
    shortest = 6

    @property
    def width(self) -> int:
        return 10

    def names(self) -> list[str]:
        return [f"{name}_{what}" for what in ("length", "gc") for name in _NAMES]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        strands = 1
        if self.both:
            strands, n = 2, len(seqs)
            pairs = Sequences.concatenate([seqs, seqs.reverse_complement()])
            seqs = pairs.take(np.arange(2 * n).reshape(2, n).T.ravel())
        opens = np.isin(CODONS, STARTS)
        closes = np.isin(CODONS, STOPS)
        orfs.orf_statistics(seqs.codes, seqs.offsets, strands, opens, closes, out)


@cache
def _fickett_tables() -> NDArray[np.float64]:
    """Weights and probabilities: table, kind (position, content), letter, (weight, ten steps)."""
    columns = ("WEIGHT", *(f"BIN{step}" for step in range(10)))
    table = property_table("fickett", columns)
    wanted = product(("fickettoriginal", "cpc2"), ("position", "content"), "acgt")
    return np.ascontiguousarray(table.columns(".".join(key) for key in wanted).T.reshape(2, 2, 4, 11))


@dataclass(frozen=True)
class Fickett(Term):
    """Fickett's score with his probabilities of 1982 and with those that CPC2 trained anew.

    The sum over the four letters of weighted probabilities of being coding, by the letter's share and by
    ``max / (min + 1)`` of its counts in the three codon positions; over the whole record.

    Parameters
    ----------
    limits : {"published", "mathfeature"}
        Steps of the letters' shares in the first table: all ten, or MathFeature's nine, which lack 0.19.
    """

    limits: Literal["published", "mathfeature"] = "published"
    shortest = 2

    @property
    def width(self) -> int:
        return 2

    def names(self) -> list[str]:
        return ["fickett1982", "cpc2"]

    @cached_property
    def _content_limits(self) -> NDArray[np.float64]:
        first = NINE_LIMITS if self.limits == "mathfeature" else CONTENT_LIMITS
        return np.array([first, CONTENT_LIMITS])

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        positions = np.array(POSITION_LIMITS)
        orfs.fickett(seqs.codes, seqs.offsets, _fickett_tables(), positions, self._content_limits, out)
