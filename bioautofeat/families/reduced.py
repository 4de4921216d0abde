"""Words over reduced alphabets of residues."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from bioautofeat.alphabet import PROTEIN, Alphabet, Grouping
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Slug
from bioautofeat.properties import grouping, groupings
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count, Norm, PooledWindows

NormRange = Choice(*get_args(Norm))
Model = Literal["g-gap", "lambda"]


def psekraac_slugs() -> list[str]:
    """The 250 reduced alphabets of PseKRAAC."""
    return [slug for slug in groupings() if slug.startswith("pse-kraac.")]


def distance_pair_slugs() -> list[str]:
    """The reduced alphabets of distance pairs."""
    return [slug.removeprefix("distancepair.") for slug in groupings() if slug.startswith("distancepair.")]


def _grouping(name: str, prefix: str, alphabet: Alphabet) -> Grouping:
    return grouping(prefix + name if prefix + name in groupings() else name, alphabet)


@descriptor(
    "Pseudo k-tuple reduced amino acid composition (PseKRAAC)",
    alphabets={PROTEIN},
    reference="Zuo et al. 2017, Bioinformatics 33:122",
    columns="m^k (m clusters)",
    peers="iLearn iLearnPlus iFeatureOmega",
    aliases=(
        "PseKRAAC PseKRAAC_type_1:groups=pse-kraac.1.c2 PseKRAAC_type_2:groups=pse-kraac.2.c2 "
        "PseKRAAC_type_3A:groups=pse-kraac.3a.c2 PseKRAAC_type_3B:groups=pse-kraac.3b.c2 PseKRAAC_type_4:groups=pse-kraac.4.c5 "
        "PseKRAAC_type_5:groups=pse-kraac.5.c3 PseKRAAC_type_6A:groups=pse-kraac.6a.c4 PseKRAAC_type_6B:groups=pse-kraac.6b.c5 "
        "PseKRAAC_type_6C:groups=pse-kraac.6c.c5 PseKRAAC_type_7:groups=pse-kraac.7.c2 PseKRAAC_type_8:groups=pse-kraac.8.c2 "
        "PseKRAAC_type_9:groups=pse-kraac.9.c2 PseKRAAC_type_10:groups=pse-kraac.10.c2 PseKRAAC_type_11:groups=pse-kraac.11.c2 "
        "PseKRAAC_type_12:groups=pse-kraac.12.c2 PseKRAAC_type_13:groups=pse-kraac.13.c4 PseKRAAC_type_14:groups=pse-kraac.14.c2 "
        "PseKRAAC_type_15:groups=pse-kraac.15.c2 PseKRAAC_type_16:groups=pse-kraac.16.c2"
    ),
)
def psekraac(
    alphabet: Alphabet,
    groups: Annotated[str, Slug("pse-kraac.TYPE.cCLUSTERS, another grouping, or a CSV file", psekraac_slugs)] = (
        "pse-kraac.1.c5"
    ),
    model: Annotated[Model, Choice(*get_args(Model))] = "g-gap",
    k: Annotated[int, Int(1, usual=3)] = 2,
    gap: Annotated[int, Int(0, usual=9)] = 2,
    lambda_: Annotated[int, Int(1, usual=9)] = 2,
    norm: Annotated[Norm, NormRange] = "count",
) -> Term:
    """How often each word of ``k`` clusters of residues occurs, for one of 19 families of reduced alphabets.

    The ``g-gap`` model reads ``k`` neighbours, then leaves out residues so that starts are ``gap + 1`` apart; the
    ``lambda`` model reads residues ``lambda`` apart at every start.
    """
    clusters = _grouping(groups, "pse-kraac.", alphabet)
    if model == "g-gap":
        return PooledWindows(Kmers(clusters, "1" * k), k, gap + 1, norm)
    return Count(Kmers(clusters, ("1" + "0" * (lambda_ - 1)) * (k - 1) + "1"), norm)


@descriptor(
    "Distance pairs of a reduced alphabet",
    alphabets={PROTEIN},
    reference="Liu et al. 2014, PLoS ONE 9:e106691",
    columns="m + m^2 D (m clusters, distance D)",
    peers="iLearnPlus iFeatureOmega protpy",
    aliases="DistancePair",
)
def distance_pair(
    alphabet: Alphabet,
    groups: Annotated[str, Slug("cp13, cp14, cp19, cp20, another grouping, or a CSV file", distance_pair_slugs)] = (
        "cp14"
    ),
    distance: Annotated[int, Int(0, usual=5)] = 3,
    norm: Annotated[Norm, NormRange] = "frequency",
) -> Term:
    """How often each cluster occurs, then each pair of clusters at each distance from 1 to ``distance``.

    Clusters come by their first letter; ``cp13-liu``, ``cp14-liu`` and ``cp19-liu`` have the paper's order.
    """
    clusters = _grouping(groups, "distancepair.", alphabet)
    spacings = ["1"] + ["1" + "0" * (d - 1) + "1" for d in range(1, distance + 1)]
    labels = [f"d{d}." for d in range(distance + 1)]
    return Concat((Count(Kmers(clusters, spacing), norm) for spacing in spacings), labels)
