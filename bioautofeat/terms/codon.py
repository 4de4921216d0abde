"""Codons read in frame, and how evenly synonymous ones are used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.kernels.linear import apply_matrix
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, fixed
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Norm, count_rows, normalise

__all__ = ["STANDARD_CODE", "Codons", "Usage"]

STANDARD_CODE = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
"""Residue of each codon, the codons in the order of the alphabet (AAA, AAC, AAG, AAT, ACA ...); ``*`` is a stop."""

Usage = Literal["frequency", "count", "percent", "relative"]


@dataclass(frozen=True)
class Codons(Term):
    """How often each codon stands in one reading frame; codons with an unknown letter are left out.

    Parameters
    ----------
    alphabet : Alphabet
    frame : int
        Number of letters before the first codon, 0 to 2.
    norm : {"frequency", "count", "percent", "relative"}
        ``relative`` is the relative synonymous codon usage: the count over the mean count of the codons of the same
        residue (stops are one family); 0 where none of them occurs.
    """

    alphabet: Alphabet
    frame: int = 0
    norm: Usage = "frequency"

    @property
    def width(self) -> int:
        return 64

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.frame + 3

    def names(self) -> list[str]:
        return self._words.names()

    @property
    def _words(self) -> Kmers:
        return Kmers(self.alphabet, "111")

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        """Matrix that turns counts into the mean count of each codon's family."""
        residue = np.array(list(STANDARD_CODE))
        family = (residue[:, None] == residue).astype(np.float64)
        return fixed(family / family.sum(axis=0))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        columns = np.full((3, 64), -1, np.int64)
        columns[self.frame] = np.arange(64)
        count_rows(self._words, columns, seqs, out)
        if self.norm != "relative":
            norm: Norm = self.norm
            normalise(out, norm)
            return
        means = np.zeros_like(out)
        apply_matrix(out, self._means, means)
        np.divide(out, means, out=out, where=means > 0)
