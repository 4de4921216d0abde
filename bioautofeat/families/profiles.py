"""Profiles of properties along a protein: extremes of windows and where they are, thirds, ends, moments."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Int, Names, Real
from bioautofeat.properties import word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat
from bioautofeat.terms.profile import WINDOW_STATISTICS, Moments, SegmentMeans, WindowStatistics, window_sizes
from bioautofeat.terms.signal import CosineCoefficients, PowerBins

Scales = Names("scales of residues (AAindex accessions, peptides.*, modlamp.*, protpy.*), named sets, or CSV files")
Windows = Names("window sizes")
ScaleDefault = ("profile",)
EXTREMES = ("max", "min", "sd", "place-max", "place-min")


def _statistics(names: tuple[str, ...]) -> tuple[str, ...]:
    if set(names) - set(WINDOW_STATISTICS) or len(set(names)) < len(names):
        raise ParameterError(f"statistics: {'+'.join(names)}: use each of {', '.join(WINDOW_STATISTICS)} once at most")
    return names


@descriptor(
    "Extremes of window means and where they are",
    alphabets={PROTEIN},
    reference="Kyte and Doolittle 1982, Journal of Molecular Biology 157:105",
    columns="p w s (p scales, w windows, s statistics)",
    peers="protpy",
)
def window_profile(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ScaleDefault,
    windows: Annotated[tuple[str, ...], Windows] = ("7", "11", "19"),
    statistics: Annotated[tuple[str, ...], Names("mean, max, min, sd, place-max, place-min")] = EXTREMES,
    edge: Annotated[float, Real(0, 1)] = 1.0,
) -> Term:
    """What the means of all windows of a scale say: extremes, spread, and where along the protein the extremes are.

    ``edge`` is the weight of a window's ends, rising evenly to 1 in its middle.  By default hydropathy, charge and
    volume.  Windows with an unknown residue are left out.
    """
    table = word_properties(alphabet, 1, scales, "none")
    return WindowStatistics(table.values, table.slugs, window_sizes(windows), _statistics(statistics), edge)


@descriptor(
    "Means of properties over parts and ends",
    alphabets={PROTEIN},
    reference="Kyte and Doolittle 1982, Journal of Molecular Biology 157:105",
    columns="p (parts + 2) (p scales)",
)
def segment_profile(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ScaleDefault,
    parts: Annotated[int, Int(1, usual=5)] = 3,
    ends: Annotated[int, Int(0, usual=60)] = 25,
) -> Term:
    """Mean of each scale over equal parts of a protein, and over its first and last ``ends`` residues."""
    table = word_properties(alphabet, 1, scales, "none")
    return SegmentMeans(table.values, table.slugs, parts, ends)


@descriptor(
    "Profile of properties along a protein",
    alphabets={PROTEIN},
    reference="Kyte and Doolittle 1982, Journal of Molecular Biology 157:105; Eisenberg et al. 1982, Nature 299:371",
    columns="p (5 w + 5) + 4 (p scales, w windows)",
)
def property_profile(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ScaleDefault,
    windows: Annotated[tuple[str, ...], Windows] = ("7", "11", "19"),
    ends: Annotated[int, Int(1, usual=60)] = 25,
) -> Term:
    """Where along a protein properties are high and low: 64 numbers by default.

    For hydropathy, charge and volume: maximum, minimum, standard deviation and places of the extremes of windows;
    means of thirds and of both ends; for hydropathy (Eisenberg), mean and maximal moment at 100 and 160 degrees.
    """
    table = word_properties(alphabet, 1, scales, "none")
    hydropathy = word_properties(alphabet, 1, ("eisd840101",), "none")
    return Concat(
        (
            WindowStatistics(table.values, table.slugs, window_sizes(windows), EXTREMES),
            SegmentMeans(table.values, table.slugs, 3, ends),
            Moments(hydropathy.values, hydropathy.slugs),
        )
    )


@descriptor(
    "Power of a property by frequency",
    alphabets={PROTEIN},
    reference="Cosic 1994, IEEE Transactions on Biomedical Engineering 41:1101",
    columns="p b (p scales, b bins)",
    peers="protpy",
    aliases="fft_descriptors",
)
def power_bins(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ("map.eiip",),
    bins: Annotated[int, Int(1, usual=20)] = 10,
) -> Term:
    """Mean power of a scale, less its mean, in equal bins of frequencies from 0 to 1/2, divided by the length."""
    table = word_properties(alphabet, 1, scales, "none")
    return PowerBins(table.values, table.slugs, bins)


@descriptor(
    "Cosine coefficients of a property",
    alphabets={PROTEIN},
    reference="Wang et al. 2017, PLoS ONE 12:e0185587",
    columns="p c (p scales, c coefficients)",
    peers="protpy",
    aliases="dct_descriptors",
)
def cosine_coefficients(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ("kytj820101",),
    coefficients: Annotated[int, Int(1, usual=20)] = 10,
) -> Term:
    """First coefficients of the discrete cosine transform of a scale, less its mean: its slow changes along a protein.

    Coefficient ``k`` has ``k`` half waves over the whole protein; those from the protein's length on are 0.
    """
    table = word_properties(alphabet, 1, scales, "none")
    return CosineCoefficients(table.values, table.slugs, coefficients)
