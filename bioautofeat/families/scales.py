"""What scales of residues say about a whole protein: means, spread, extremes of windows, moments around a helix."""

from __future__ import annotations

from typing import Annotated, Literal

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names
from bioautofeat.properties import word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.profile import Moments, SegmentMeans, ValueStatistics, WindowStatistics, mean_values

Scales = Names("scales of residues (AAindex accessions, peptides.*, modlamp.*, protpy.*), named sets, or CSV files")
Extreme = Literal["max", "mean"]
ExtremeRange = Choice("max", "mean")


@descriptor(
    "Means of scales of residues",
    alphabets={PROTEIN},
    reference="Osorio et al. 2015, The R Journal 7:4",
    columns="p for each domain (p scales)",
    peers="peptides protpy modlAMP",
    aliases="aa_scale_descriptors",
)
def scale_means(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ("peptides",),
    domains: Annotated[int, Int(1, usual=5)] = 1,
) -> Term:
    """Mean of each scale over a protein, or over each of ``domains`` equal parts of it.

    By default the 102 numbers of peptides: factors of Atchley, Kidera and others, BLOSUM, FASGAI, MS-WHIM, ProtFP,
    ST, SVGER, T, VHSE, VSTPV and z-scales.  Also any AAindex entry, the scales of modlAMP and protpy, and your own.
    """
    table = word_properties(alphabet, 1, scales, "none")
    return mean_values(table) if domains == 1 else SegmentMeans(table.values, table.slugs, domains, 0)


@descriptor(
    "Statistics of properties of residues",
    alphabets={PROTEIN},
    reference="Bonidia et al. 2022, Briefings in Bioinformatics 23:bbab434",
    columns="7 p (p properties)",
    peers="MathFeature",
    differs="MathFeature's BHAR880101 is 1000 times AAindex's (A 357 for 0.357)",
    aliases="AAindexStats AAIndexTable",
)
def scale_statistics(alphabet: Alphabet, properties: Annotated[tuple[str, ...], Scales] = ("default",)) -> Term:
    """Mean, standard deviation, quartiles, interquartile range and sd / mean of each property over a protein."""
    table = word_properties(alphabet, 1, properties, "none")
    return ValueStatistics(table.values, table.slugs)


@descriptor(
    "Largest or mean window of a scale",
    alphabets={PROTEIN},
    reference="Müller et al. 2017, Bioinformatics 33:2753",
    columns="1",
    peers="modlAMP",
    aliases="calculate_global",
)
def scale_window(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ("modlamp.eisenberg",),
    window: Annotated[int, Int(1, usual=31)] = 1000,
    statistic: Annotated[Extreme, ExtremeRange] = "max",
) -> Term:
    """The largest (or mean) mean of a scale over all windows; several scales are added, as modlAMP adds dimensions.

    A protein shorter than the window is one window, so by default this is the mean over the protein.
    """
    table = word_properties(alphabet, 1, scales, "none")
    total = table.values.sum(axis=1, keepdims=True)
    return WindowStatistics(total, ("sum",), (window,), (statistic,))


@descriptor(
    "Hydrophobic moment",
    alphabets={PROTEIN},
    reference="Eisenberg et al. 1982, Nature 299:371",
    columns="2 for each scale and angle",
    peers="peptides modlAMP protpy",
    aliases="calculate_moment",
)
def hydrophobic_moment(
    alphabet: Alphabet,
    scales: Annotated[tuple[str, ...], Scales] = ("eisd840101",),
    window: Annotated[int, Int(1, usual=31)] = 11,
    angle: Annotated[int, Int(0, 360)] = 100,
    statistics: Annotated[Literal["mean+max", "mean", "max"], Choice("mean+max", "mean", "max")] = "mean+max",
) -> Term:
    """Mean and maximum over windows of the moment of a scale around a helix (100 degrees) or strand (160 to 180)."""
    table = word_properties(alphabet, 1, scales, "none")
    return Moments(table.values, table.slugs, (angle,), window, tuple(statistics.split("+")))
