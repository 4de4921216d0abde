"""The verb *reduce*, for values of residues as signals: power by frequency, slow changes along a protein."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN
from bioautofeat.kernels import scales
from bioautofeat.sequences import Sequences
from bioautofeat.terms.profile import Valued
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.spectrum import spectrum_blocks
from bioautofeat.terms.track import Table

__all__ = ["CosineCoefficients", "PowerBins"]


@dataclass(frozen=True, eq=False)
class PowerBins(Valued):
    """Mean power of values less their mean in equal bins of frequencies, divided by the length.

    Parameters
    ----------
    bins : int
        Of frequencies from 0 to 1/2; a bin without a frequency has power 0.  An unknown letter has value 0.
    """

    bins: int = 10

    @property
    def what(self) -> tuple[str, ...]:
        return tuple(f"bin{b + 1}" for b in range(self.bins))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        order = np.argsort(seqs.lengths, kind="stable")
        track = Table(Kmers(PROTEIN), self.values, self.labels)
        rows = out.reshape(len(seqs), len(self.labels), self.bins)
        for start, stop, length, spectra in spectrum_blocks(track, seqs.take(order)):
            power = (spectra.real**2 + spectra.imag**2) / length
            power[:, 0] = 0.0  # the mean of the values
            frequencies = np.arange(power.shape[1]) * (1.0 / length)
            bins = np.minimum((frequencies / 0.5 * self.bins).astype(np.int64), self.bins - 1)
            for b in np.unique(bins).tolist():
                inside = power[:, bins == b]
                total = np.zeros(inside.shape[::2])
                for frequency in range(inside.shape[1]):
                    total += inside[:, frequency]
                rows[order[start:stop], :, b] = total / inside.shape[1]


@dataclass(frozen=True, eq=False)
class CosineCoefficients(Valued):
    """First coefficients of the orthonormal cosine transform (type 2) of values less their mean.

    Parameters
    ----------
    coefficients : int
        Those from the length of a record on are 0.  An unknown letter has value 0.
    """

    coefficients: int = 10

    @property
    def what(self) -> tuple[str, ...]:
        return tuple(f"c{k}" for k in range(self.coefficients))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        rows = out.reshape(len(seqs), len(self.labels), self.coefficients)
        for label in range(len(self.labels)):
            found = np.zeros((len(seqs), self.coefficients))
            values = np.append(self.values[:, label], 0.0)
            scales.cosine_coefficients(seqs.codes, seqs.offsets, values, found)
            rows[:, label] = found
