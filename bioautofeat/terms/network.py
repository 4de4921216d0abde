"""Networks of words: a vertex for each word that occurs, an edge for each two words that follow one another."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.kernels import networks
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.track import compact, row_blocks

if TYPE_CHECKING:
    import networkx

__all__ = ["MEASURES", "THRESHOLD_MEASURES", "Network", "ThresholdNetwork", "to_networkx"]

THRESHOLD_MEASURES = (
    "betweenness", "degree", "assortativity", "maximum_degree", "minimum_degree", "sd_degree", "path_length",
    "local_transitivity", "transitivity", "edges", "motifs3", "motifs4",
)  # fmt: skip
"""Measures at each threshold; means where nothing else is said."""

MEASURES = (
    *THRESHOLD_MEASURES, "authority", "closeness", "constraint", "edge_multiplicity", "density", "diameter",
    "eccentricity", "edge_betweenness", "hub", "maximum_degree_without_loops", "neighbourhood", "radius",
    "weighted_degree", "vertices",
)  # fmt: skip
"""Measures of the whole network."""


@dataclass(frozen=True)
class Network(Term):
    """Twenty-six measures of a record's network of words.

    Edges are undirected and counted as often as they occur, loops included; windows with an unknown letter have
    neither vertex nor edge.  Means of paths, closeness, eccentricity, diameter and radius are over the vertices
    that can be reached; a network without edges has 0 in all but ``vertices`` and ``neighbourhood``.

    Parameters
    ----------
    words : Kmers
    """

    words: Kmers

    @property
    def width(self) -> int:
        return len(MEASURES)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span + 1

    def names(self) -> list[str]:
        return list(MEASURES)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_blocks(seqs):
            words, bounds = self.words.codes(seqs[start:stop])
            words, n_words = compact(words, self.words.n_words)
            networks.network_measures(words, bounds, n_words, out[start:stop])
        out[seqs.lengths < self.shortest] = 0.0


@dataclass(frozen=True)
class ThresholdNetwork(Term):
    """Twelve measures of a record's network of words at each of several thresholds.

    At threshold ``t`` only those vertices stay joined that follow one another ``t`` times or more.  From the
    first threshold that leaves no edge all measures are 0.

    Parameters
    ----------
    words : Kmers
    thresholds : int
        ``t = 1 .. thresholds``.
    legacy : bool
        Count loops twice, give the edges of the whole network at every threshold, and add an isolated vertex where
        the first two words are equal, as MathFeature does.
    """

    words: Kmers
    thresholds: int = 10
    legacy: bool = False

    @property
    def width(self) -> int:
        return len(THRESHOLD_MEASURES) * self.thresholds

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span + 1

    def names(self) -> list[str]:
        return [f"{measure}.{t}" for t in range(1, self.thresholds + 1) for measure in THRESHOLD_MEASURES]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_blocks(seqs):
            words, bounds = self.words.codes(seqs[start:stop])
            words, n_words = compact(words, self.words.n_words)
            networks.threshold_measures(words, bounds, n_words, self.legacy, out[start:stop])


def to_networkx(sequence: str, alphabet: str | Alphabet, k: int = 3, threshold: int = 1) -> networkx.MultiGraph[Any]:
    """The network of a sequence's k-mers as a networkx graph, vertices in the order of their first place.

    Parameters
    ----------
    sequence : str
    alphabet : {"dna", "rna", "protein"} or Alphabet
    k : int
        Length of the words.
    threshold : int
        Vertices joined by fewer edges are taken apart; they stay.

    Examples
    --------
    >>> graph = to_networkx("ACGTAAAAA", "dna", k=2)
    >>> sorted(graph.degree())
    [('AA', 7), ('AC', 1), ('CG', 2), ('GT', 2), ('TA', 2)]
    """
    import networkx

    seqs = Sequences.from_strings([sequence], alphabet)
    words = Kmers(seqs.alphabet, "1" * k)
    codes = words.codes(seqs)[0].tolist()
    names = {code: _word(words, code) for code in codes if code >= 0}
    graph: networkx.MultiGraph[Any] = networkx.MultiGraph()
    graph.add_nodes_from(names.values())
    pairs = itertools.pairwise(codes)
    graph.add_edges_from((names[a], names[b]) for a, b in pairs if a >= 0 and b >= 0)
    light = [(a, b) for a, b in set(graph.edges()) if graph.number_of_edges(a, b) < threshold]
    for a, b in light:
        graph.remove_edges_from([(a, b)] * graph.number_of_edges(a, b))
    return graph


def _word(words: Kmers, code: int) -> str:
    """Name of the word with this code."""
    digits = [code // words.n_symbols**place % words.n_symbols for place in range(words.k - 1, -1, -1)]
    return words.alphabet.word_name(digits, words.spacing)
