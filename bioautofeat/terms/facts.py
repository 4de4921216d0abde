"""What single numbers of peptides are made of: the counts of a batch, computed once, and weights of residues."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN
from bioautofeat.kernels import occurrence
from bioautofeat.kernels.linear import apply_matrix
from bioautofeat.properties import property_table
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import fixed

__all__ = ["Facts", "Property", "Vector", "Weighted", "letter_counts", "residue_weights"]

Vector = NDArray[np.float64]


def letter_counts(seqs: Sequences) -> Vector:
    """How often each residue occurs in each record, shape ``(n, 20)``."""
    counts = np.zeros((len(seqs), PROTEIN.size))
    occurrence.letter_counts(seqs.codes, seqs.offsets, counts)
    return counts


def residue_weights(file: str, slug: str) -> Vector:
    """Values of one row of a table of the package by residue, NaN as 0."""
    table = property_table(file, PROTEIN.symbols)
    return np.nan_to_num(table.values[:, table.slugs.index(slug)], nan=0.0)


@dataclass(frozen=True)
class Facts:
    """What is known of a batch before its properties are computed.

    Parameters
    ----------
    seqs : Sequences
    counts : ndarray of float64, shape (n, 20)
        Of each residue.
    known : ndarray of float64, shape (n,)
        Number of known residues, at least 1.
    """

    seqs: Sequences
    counts: Vector
    known: Vector

    def codes_at(self, last: bool) -> NDArray[np.int64]:
        """Code of the first or the last letter of each record; unknown where it is empty."""
        codes = np.full(len(self.seqs), PROTEIN.size, np.int64)
        filled = self.seqs.lengths > 0
        places = self.seqs.offsets[1:] - 1 if last else self.seqs.offsets[:-1]
        codes[filled] = self.seqs.codes[places[filled]]
        return codes


class Property(ABC):
    """One number of a peptide; every record has at least one known residue when it is asked."""

    @abstractmethod
    def values(self, facts: Facts) -> Vector:
        """The number of each record, shape ``(n,)``."""


@dataclass(frozen=True, eq=False)
class Weighted(Property):
    """Sum or mean of weights of residues, and a constant.

    Parameters
    ----------
    weights : ndarray of float64, shape (20,)
    mean : bool
    constant : float
    """

    weights: Vector
    mean: bool = False
    constant: float = 0.0

    def values(self, facts: Facts) -> Vector:
        out = np.zeros((len(facts.counts), 1))
        apply_matrix(facts.counts, fixed(self.weights[:, None]), out)
        return (out[:, 0] / facts.known if self.mean else out[:, 0]) + self.constant
