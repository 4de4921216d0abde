"""The verb *reduce*, for values of residues: their spread, windows of them, moments around a helix, segments."""

from __future__ import annotations

from collections.abc import Sequence as Listed
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.kernels import occurrence, scales
from bioautofeat.properties import PropertyTable
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, fixed
from bioautofeat.terms.join import Linear
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

__all__ = [
    "MOMENT_STATISTICS",
    "WINDOW_STATISTICS",
    "Moments",
    "SegmentMeans",
    "ValueStatistics",
    "Valued",
    "WindowStatistics",
    "mean_values",
    "window_sizes",
]

WINDOW_STATISTICS = ("mean", "max", "min", "sd", "place-max", "place-min")
"""What a window profile can say, in the order of the kernel's columns."""

MOMENT_STATISTICS = ("mean", "max")
"""What moments around a helix can say, in the order of the kernel's columns."""

MEAN_OF_ROUNDING = 1e-12
"""A mean below this share of the standard deviation is 0 but for rounding."""

DECIMALS = 9
"""Values that are decimal numbers of at most so many places are summed without rounding."""


def window_sizes(texts: tuple[str, ...]) -> tuple[int, ...]:
    """Window sizes from the parts of ``7+11+19``."""
    if not all(text.isdecimal() and int(text) > 0 for text in texts) or len(set(texts)) < len(texts):
        raise ParameterError(f"windows: {'+'.join(texts)} must be different whole numbers from 1, e.g. 7+11+19")
    return tuple(int(text) for text in texts)


def mean_values(table: PropertyTable, columns: Listed[str] = ()) -> Term:
    """The mean of each property over the known letters of a record."""
    return Linear(Count(Kmers(PROTEIN)), table.values, tuple(columns) or table.slugs)


@dataclass(frozen=True, eq=False)
class Valued(Term):
    """Base of terms over values of letters.

    Parameters
    ----------
    values : ndarray of float64, shape (letters, properties)
    labels : tuple of str, length properties
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", fixed(self.values))

    @property
    def what(self) -> tuple[str, ...]:
        """Names of the columns of one property."""
        return ()

    @property
    def width(self) -> int:
        return len(self.labels) * len(self.what)

    def names(self) -> list[str]:
        return [f"{label}.{what}" for label in self.labels for what in self.what]


@dataclass(frozen=True, eq=False)
class ValueStatistics(Valued):
    """Mean, standard deviation, quartiles, their distance, and the standard deviation divided by the mean.

    The standard deviation is that of the whole, quantiles are interpolated linearly, and a mean of 0 gives 0 as the
    last of the seven.  Unknown letters do not count.
    """

    what = ("mean", "sd", "p25", "p50", "p75", "iqr", "cv")

    @cached_property
    def _ranks(self) -> NDArray[np.int64]:
        return np.argsort(self.values.T, axis=1, kind="stable").astype(np.int64)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts = np.zeros((len(seqs), len(self.values)))
        occurrence.letter_counts(seqs.codes, seqs.offsets, counts)
        found = np.zeros((len(seqs), len(self.labels), 5))
        by_property = np.ascontiguousarray(self.values.T)
        scales.value_statistics(counts, by_property, self._ranks, np.array([0.25, 0.5, 0.75]), found)
        rows = out.reshape(len(seqs), len(self.labels), 7)
        rows[:, :, :5] = found
        rows[:, :, 5] = found[:, :, 4] - found[:, :, 2]
        mean, spread = found[:, :, 0], found[:, :, 1]
        np.divide(spread, mean, out=rows[:, :, 6], where=np.abs(mean) > MEAN_OF_ROUNDING * spread)


@dataclass(frozen=True, eq=False)
class WindowStatistics(Valued):
    """What the means of all windows of a record say about a property.

    Parameters
    ----------
    windows : tuple of int
        Letters in a window; a window is the whole record where that is shorter.
    statistics : tuple of str
        Of :data:`WINDOW_STATISTICS`; a place is that of the middle of the first such window, from 0 to 1.
    edge : float
        Weight of the ends of a window, rising in even steps to 1 in its middle.

    Notes
    -----
    Windows that hold an unknown letter are left out; a record without a window of known letters is zeros.
    """

    windows: tuple[int, ...] = (7, 11, 19)
    statistics: tuple[str, ...] = WINDOW_STATISTICS
    edge: float = 1.0

    @property
    def what(self) -> tuple[str, ...]:
        return tuple(f"w{window}.{statistic}" for window in self.windows for statistic in self.statistics)

    @cached_property
    def _whole_numbers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The values as whole numbers where they are decimals, so that sums do not round, and what they stand for."""
        table, units = self.values.copy(), np.ones(self.values.shape[1])
        for column in range(table.shape[1]):
            for places in range(DECIMALS + 1):
                whole = np.rint(table[:, column] * 10.0**places)
                if np.allclose(table[:, column] * 10.0**places, whole, rtol=0.0, atol=1e-6):
                    table[:, column], units[column] = whole, 10.0**places
                    break
        return table, units

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        table, units = self._whole_numbers
        chosen = [WINDOW_STATISTICS.index(statistic) for statistic in self.statistics]
        rows = out.reshape(len(seqs), len(self.labels), len(self.windows), len(chosen))
        for w, window in enumerate(self.windows):
            found = np.zeros((len(seqs), len(self.labels), len(WINDOW_STATISTICS)))
            scales.window_statistics(seqs.codes, seqs.offsets, table, window, self.edge, found)
            found[:, :, :4] /= units[:, None]
            rows[:, :, w] = found[:, :, chosen]


@dataclass(frozen=True, eq=False)
class Moments(Valued):
    """Length of the sum of values around a helix or strand, in windows along a record.

    Parameters
    ----------
    angles : tuple of int
        Degrees from one residue to the next: 100 in an alpha helix, 160 to 180 in a strand.
    window : int
        Letters in a window; the whole record where that is shorter.
    statistics : tuple of str
        Of :data:`MOMENT_STATISTICS`.

    Notes
    -----
    ``|sum_j value_j exp(i angle j)| / letters``; windows that hold an unknown letter are left out, and a record
    without a window of known letters is zeros.
    """

    angles: tuple[int, ...] = (100, 160)
    window: int = 11
    statistics: tuple[str, ...] = MOMENT_STATISTICS

    @property
    def what(self) -> tuple[str, ...]:
        return tuple(f"moment{angle}.{statistic}" for angle in self.angles for statistic in self.statistics)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        chosen = [MOMENT_STATISTICS.index(statistic) for statistic in self.statistics]
        rows = out.reshape(len(seqs), len(self.labels), len(self.angles), len(chosen))
        reach = min(self.window, int(seqs.lengths.max(initial=0)))
        for a, angle in enumerate(self.angles):
            # whole turns are taken off in degrees, so that the 1,000th residue is as exact as the first
            turn = np.radians(np.arange(reach) * angle % 360)
            for label in range(len(self.labels)):
                found = np.zeros((len(seqs), len(MOMENT_STATISTICS)))
                values = np.ascontiguousarray(self.values[:, label])
                scales.window_moments(seqs.codes, seqs.offsets, values, np.cos(turn), np.sin(turn), found)
                rows[:, label, a] = found[:, chosen]


@dataclass(frozen=True, eq=False)
class SegmentMeans(Valued):
    """Means of values over equal parts of a record and over its two ends.

    Parameters
    ----------
    parts : int
        Number of parts; the first ones are a letter longer where the length does not divide.
    ends : int
        Letters at each end, or the whole record where that is shorter; 0 leaves the ends out.

    Notes
    -----
    Unknown letters do not count; a part without known letters has mean 0.
    """

    parts: int = 3
    ends: int = 25

    @property
    def _segments(self) -> list[str]:
        parts = [f"part{part + 1}" for part in range(self.parts)] if self.parts > 1 else ["mean"] * self.parts
        return parts + ["first", "last"] * (self.ends > 0)

    @property
    def width(self) -> int:
        return len(self.labels) * len(self._segments)

    def names(self) -> list[str]:
        return [f"{segment}.{label}" for segment in self._segments for label in self.labels]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        rows = out.reshape(len(seqs), len(self._segments), len(self.labels))
        scales.segment_means(seqs.codes, seqs.offsets, self.values, self.parts, self.ends, rows)
