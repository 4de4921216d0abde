"""Complex networks of neighbouring words."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Flag, Int
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Concat, Reordered
from bioautofeat.terms.network import MEASURES, Network, ThresholdNetwork
from bioautofeat.terms.read import Kmers

# functions of other measures: hub = authority, weighted_degree = degree, and the two means of betweenness, which
# follow from path length, vertices and edges where the network hangs together
DEPENDENT = ("betweenness", "edge_betweenness", "hub", "weighted_degree")


@descriptor(
    "Complex network of k-mers",
    reference="Bonidia et al. 2022, Briefings in Bioinformatics 23:bbab434",
    columns="26 (22 independent) for each k",
    peers="MathFeature",
    differs="authority is the Perron vector of the adjacency matrix, which is unique; MathFeature takes the leading "
    "eigenvector of its square, which on a path depends on where the iteration starts (0.6536168 and 0.6536136)",
    aliases="ComplexNetworks ComplexNetworks_v2",
)
def network(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=3)] = 3,
    upto: Annotated[bool, Flag()] = True,
    measures: Annotated[Literal["all", "independent"], Choice("all", "independent")] = "all",
) -> Term:
    """Measures of the graph whose vertices are the k-mers of a record, joined where they follow one another.

    Edges are undirected and kept as often as they occur, loops too.  Paths, clustering and motifs look at which
    vertices are joined, not how often.  With ``upto`` for 1, 2, ... ``k``, else for ``k`` alone.  ``independent``
    leaves out four measures that follow from others.
    """
    kept = np.array([c for c, name in enumerate(MEASURES) if measures == "all" or name not in DEPENDENT])
    sizes = range(1 if upto else k, k + 1)
    return Concat([Reordered(Network(Kmers(alphabet, "1" * n)), kept) for n in sizes], [f"k{n}." for n in sizes])


@descriptor(
    "Complex network of k-mers at thresholds of its edges",
    reference="Ito et al. 2018, Nucleic Acids Research 46:e96 (BASiNET)",
    columns="12 thresholds",
    peers="MathFeature",
    differs="MathFeature counts loops twice, adds an isolated vertex where the first two words are equal (AAAAACGT, "
    "k = 2), gives the whole network's edges at every threshold, and 1.8e308 as the path length of a network in "
    "parts; variant=mathfeature gives its values with path lengths over the pairs that reach one another",
    aliases="ComplexNetworks_threshold BASiNET",
)
def network_threshold(
    alphabet: Alphabet,
    k: Annotated[int, Int(1, usual=4)] = 3,
    thresholds: Annotated[int, Int(1, 100)] = 10,
    variant: Annotated[Literal["corrected", "mathfeature"], Choice("corrected", "mathfeature")] = "corrected",
) -> Term:
    """Twelve measures of the network of a record's k-mers, kept to edges that occur 1, 2, ... ``thresholds`` times.

    Isolated vertices stay; from the first threshold that leaves no edge all measures are 0.
    """
    return ThresholdNetwork(Kmers(alphabet, "1" * k), thresholds, variant == "mathfeature")
