"""Power spectra of tracks and what is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.kernels import spectra, tracks
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.track import Track, row_blocks

__all__ = ["STATISTICS", "SpectrumNames", "SpectrumSummary", "ToneRatio", "spectrum_blocks"]

SpectrumNames = Literal["corrected", "mathfeature"]

STATISTICS = {
    "corrected": (
        "mean", "median", "maximum", "minimum", "third_length_per_power", "third_length_per_amplitude",
        "population_sd", "sample_sd", "percentile15", "percentile25", "percentile50", "percentile75", "range",
        "sample_variance", "interquartile_range", "semi_interquartile_range", "coefficient_of_variation",
        "pearson_skewness", "percentile_kurtosis",
    ),
    "mathfeature": (
        "average", "median", "maximum", "minimum", "peak", "none_levated_peak", "sample_standard_deviation",
        "population_standard_deviation", "percentile15", "percentile25", "percentile50", "percentile75", "amplitude",
        "variance", "interquartile_range", "semi_interquartile_range", "coefficient_of_variation", "skewness",
        "kurtosis",
    ),
}  # fmt: skip
"""Names of the nineteen statistics, in order: what they are, and what MathFeature calls them."""


def _by_length(seqs: Sequences) -> tuple[Sequences, NDArray[np.int64] | None]:
    """The records in the order of their lengths, and the row of each; no row numbers where the order stays."""
    lengths = seqs.lengths
    if len(lengths) < 2 or (lengths[1:] >= lengths[:-1]).all():
        return seqs, None
    order = np.argsort(lengths, kind="stable")
    return seqs.take(order), order


def spectrum_blocks(track: Track, seqs: Sequences) -> Iterator[tuple[int, int, int, NDArray[Any]]]:
    """Spectra of records that stand in the order of their lengths, a block of equally long ones at a time.

    Yields
    ------
    start, stop, length : int
        Bounds of the block's records, and the number of values of each.
    spectra : ndarray of complex128, shape (stop - start, bins, channels)
        Up to frequency 1/2 for a real track, all ``length`` frequencies for a complex one.  Never padded: a
        padded signal has another spectrum.
    """
    # here, for the import takes a quarter of a second that most runs need not pay
    import scipy.fft

    for first, last in row_blocks(seqs, (1 << 17) // len(track.channels)):
        values, bounds = track.values(seqs[first:last])
        lengths = np.diff(bounds)
        edges = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(np.diff(lengths)) + 1, [len(lengths)]])
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            length = int(lengths[start])
            if length == 0:
                continue
            block = values[bounds[start] : bounds[stop]].reshape(stop - start, length, -1)
            if track.is_complex:
                transformed = scipy.fft.fft(block.view(np.complex128), axis=1)
            else:
                transformed = scipy.fft.rfft(block, axis=1)
            yield first + start, first + stop, length, transformed


@dataclass(frozen=True)
class SpectrumSummary(Term):
    """Nineteen statistics of the power spectrum of a track.

    The power at frequency ``j / L`` is ``S[j] = sum_c |sum_i x[i, c] exp(-2 pi 1j i j / L)|^2`` over the channels,
    ``j = 0 .. L - 1``: both halves and frequency 0 count.  Amplitudes are ``sum_c |...|``.  Where a divisor is 0
    (no signal, a flat spectrum, one value) the quotient is 0.

    Parameters
    ----------
    track : Track
    naming : {"corrected", "mathfeature"}
        Names of the columns; the values are the same.
    """

    track: Track
    naming: SpectrumNames = "corrected"

    @property
    def width(self) -> int:
        return len(STATISTICS[self.naming])

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.track.span

    def names(self) -> list[str]:
        return list(STATISTICS[self.naming])

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        ordered, rows = _by_length(seqs)
        into = out if rows is None else np.zeros_like(out)
        for start, stop, length, transformed in spectrum_blocks(self.track, ordered):
            parts = transformed.view(np.float64)
            spectra.describe_spectra(parts, length, not self.track.is_complex, into[start:stop])
        if rows is not None:
            out[rows] = into


@dataclass(frozen=True)
class ToneRatio(Term):
    """Power of a track at one period over its mean power at all frequencies but 0: a signal-to-noise ratio.

    The mean of each channel is taken away first, so that a length which is no multiple of the period has no
    advantage.  A record without signal has 0.

    Parameters
    ----------
    track : Track
    period : float
        In letters, 2 or more.
    """

    track: Track
    period: float = 3.0

    def __post_init__(self) -> None:
        if self.period < 2:
            raise ParameterError(f"period {self.period}: the shortest one in a track is 2 letters")

    @property
    def width(self) -> int:
        return 1

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.track.span + int(np.ceil(self.period)) - 1

    def names(self) -> list[str]:
        return ["signal_to_noise"]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_blocks(seqs):
            values, bounds = self.track.values(seqs[start:stop])
            angle = 2 * np.pi * np.mod(np.arange(np.diff(bounds).max(initial=0)), self.period) / self.period
            tracks.signal_to_noise(values, bounds, np.cos(angle), np.sin(angle), out[start:stop])
        out[seqs.lengths < self.shortest] = 0.0
