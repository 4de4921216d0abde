"""Physical summaries of nucleic acids: strand asymmetry, melting, weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.kernels import positions
from bioautofeat.kernels.linear import apply_matrix
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, fixed
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

__all__ = ["Melting", "Skews", "Weight"]

GAS_CONSTANT = 1.987
"""In cal / (K mol)."""

STACKS = {
    "dna": (
        (-7.9, -8.4, -7.8, -7.2, -8.5, -8.0, -10.6, -7.8, -8.2, -9.8, -8.0, -8.4, -7.2, -8.2, -8.5, -7.9),
        (-22.2, -22.4, -21.0, -20.4, -22.7, -19.9, -27.2, -21.0, -22.2, -24.4, -19.9, -22.4, -21.3, -22.2, -22.7, -22.2),
    ),
    "rna": (
        (-7.09, -11.98, -10.9, -9.11, -11.03, -14.18, -10.88, -10.9, -13.21, -16.04, -14.18, -11.98, -8.5, -13.21,
         -11.03, -7.09),
        (-19.8, -31.3, -28.5, -25.8, -28.8, -35.0, -27.4, -28.5, -34.9, -40.6, -35.0, -31.3, -22.9, -34.9, -28.8, -19.8),
    ),
}  # fmt: skip
"""Enthalpy (kcal/mol) and entropy (cal/(K mol)) of each pair of neighbours with its complement, AA, AC .. TT.

DNA: Allawi and SantaLucia 1997; RNA: Chen et al. 2012.
"""

STARTS = {"dna": ((0.0, 0.0), (2.3, 4.1), (0.1, -2.8)), "rna": ((6.4, 6.99), (3.85, 11.04), (0.0, 0.0))}
"""Enthalpy and entropy of a duplex's start, of an end in A or T, and of an end in G or C; same sources."""

SYMMETRY = -1.4
"""Entropy of a duplex of two like strands."""

WEIGHTS = {"dna": (331.2218, 307.1971, 347.2212, 322.2085), "rna": (347.2212, 323.1965, 363.2206, 324.1813)}
"""Average mass of each nucleotide's monophosphate (Da), A C G T or U."""

WATER = 18.0153
"""Mass that each bond of the chain costs (Da)."""


def _counts(seqs: Sequences, k: int) -> NDArray[np.float64]:
    counts = np.zeros((len(seqs), 4**k))
    Count(Kmers(seqs.alphabet, "1" * k), "count").fill(seqs, counts)
    return counts


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotient, 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)


@dataclass(frozen=True)
class Skews(Term):
    """Asymmetry of a strand: by letters, and along the record by the walk that rises with G and falls with C."""

    @property
    def width(self) -> int:
        return 8

    def names(self) -> list[str]:
        return ["gc", "at", "purine", "keto", "walk.low", "walk.high", "walk.low.place", "walk.high.place"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        a, c, g, t = _counts(seqs, 1).T
        known = a + c + g + t
        for column, (plus, minus) in enumerate(((g, c), (a, t), (a + g, c + t), (g + t, a + c))):
            out[:, column] = _ratio(plus - minus, plus + minus)
        walk = np.zeros((len(seqs), 4))
        positions.walk_extremes(seqs.codes, seqs.offsets, np.array([0.0, -1.0, 1.0, 0.0, 0.0]), walk)
        out[:, 4], out[:, 5] = _ratio(walk[:, 0], known), _ratio(walk[:, 1], known)
        out[:, 6:] = walk[:, 2:]


@dataclass(frozen=True)
class Weight(Term):
    """Mass of the single strand with a phosphate at its 5' end, over the known letters, in Da; and the mean by letter."""

    alphabet: Alphabet

    @property
    def width(self) -> int:
        return 2

    def names(self) -> list[str]:
        return ["strand", "letter"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts = _counts(seqs, 1)
        total = np.zeros((len(seqs), 1))
        apply_matrix(counts, fixed(np.array(WEIGHTS[self.alphabet.name])[:, None]), total)
        known = counts.sum(axis=1)
        out[:, 0] = total[:, 0] - WATER * np.maximum(known - 1, 0)
        out[:, 1] = _ratio(out[:, 0], known)


@dataclass(frozen=True)
class Melting(Term):
    """Melting temperature and energies of the duplex with the complement, by nearest neighbours.

    Parameters
    ----------
    alphabet : Alphabet
        DNA with DNA, or RNA with RNA.
    sodium : float
        In mM.
    strand : float
        Concentration of each strand, in nM.
    """

    alphabet: Alphabet
    sodium: float = 50.0
    strand: float = 25.0
    shortest = 2

    @property
    def width(self) -> int:
        return 5

    def names(self) -> list[str]:
        return ["celsius", "enthalpy", "entropy", "energy", "gc.celsius"]

    @cached_property
    def _stacks(self) -> NDArray[np.float64]:
        return fixed(np.array(STACKS[self.alphabet.name]).T)

    def _ends(self, seqs: Sequences) -> NDArray[np.float64]:
        """Enthalpy and entropy of the two ends, by their letters; nothing for an unknown one."""
        _, weak, strong = np.array(STARTS[self.alphabet.name])
        terms = np.stack([weak, strong, strong, weak, np.zeros(2)])
        codes = np.append(seqs.codes, np.uint8(4))
        empty = seqs.lengths == 0
        first = np.where(empty, 4, codes[np.where(empty, len(codes) - 1, seqs.offsets[:-1])])
        last = np.where(empty, 4, codes[np.where(empty, len(codes) - 1, seqs.offsets[1:] - 1)])
        return terms[first] + terms[last]

    @staticmethod
    def _own_complement(seqs: Sequences) -> NDArray[np.bool_]:
        """Whether each record is its own reverse complement."""
        differs = seqs.codes[seqs.offsets[0] : seqs.offsets[-1]] != seqs.reverse_complement().codes
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(differs)])
        bounds = seqs.offsets - seqs.offsets[0]
        return sums[bounds[1:]] == sums[bounds[:-1]]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        pairs, letters = _counts(seqs, 2), _counts(seqs, 1)
        n = pairs.sum(axis=1)
        sums = np.zeros((len(seqs), 2))
        apply_matrix(pairs, self._stacks, sums)
        sums += np.array(STARTS[self.alphabet.name])[0] + self._ends(seqs)
        own = self._own_complement(seqs)
        sums[:, 1] += np.where(own, SYMMETRY, 0.0)
        salt = np.log(self.sodium * 1e-3)
        enthalpy, entropy = sums[:, 0], sums[:, 1] + 0.368 * n * salt
        share = np.log(np.where(own, self.strand, self.strand / 2) * 1e-9)
        kelvin = np.maximum(_ratio(1000.0 * enthalpy, entropy + GAS_CONSTANT * share), 0.0)
        gc = _ratio(100.0 * (letters[:, 1] + letters[:, 2]), letters.sum(axis=1))
        by_gc = 81.5 + 0.41 * gc - _ratio(np.full_like(n, 600.0), letters.sum(axis=1)) + 16.6 * salt / np.log(10.0)
        found = [
            kelvin - 273.15,
            _ratio(enthalpy, n),
            _ratio(entropy, n),
            _ratio(enthalpy - 0.31015 * entropy, n),
            by_gc,
        ]
        out[:] = np.where(n[:, None] > 0, np.stack(found, axis=1), 0.0)
