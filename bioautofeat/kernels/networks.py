"""Measures of word networks: twelve at each threshold of a network's edges, twenty-six of the whole network."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit
from bioautofeat.kernels.graphs import (
    Graph,
    clustering,
    degrees,
    distances,
    drop_light,
    link,
    motifs4,
    number_vertices,
)
from bioautofeat.kernels.pairs import longest_part
from bioautofeat.kernels.perron import authority

__all__ = ["N_MEASURES", "N_THRESHOLD_MEASURES", "network_measures", "threshold_measures"]

N_MEASURES = 26
N_THRESHOLD_MEASURES = 12


@njit
def _room(longest: int) -> Graph:
    """Arrays for the graph of a record of at most so many words."""
    n, edges = longest + 1, 2 * longest
    return Graph(
        np.empty(n + 1, np.int64),
        np.empty(n, np.int64),
        np.empty(edges, np.int64),
        np.empty(edges, np.int64),
        np.empty(n, np.int64),
    )


@njit
def _ratio(a: float, b: float) -> float:
    """``a / b``, and 0 where ``b`` is 0."""
    return a / b if b != 0 else 0.0


@njit
def _assortativity(graph: Graph, n: int, degree: Any) -> float:
    """Correlation of the degrees at the two ends of an edge, over every edge; 0 where all ends are alike."""
    ends, total, low, high = 0.0, 0.0, -1, -1
    for v in range(n):
        ends += degree[v]
        total += float(degree[v]) * degree[v]
        if degree[v] > 0:
            low = degree[v] if low < 0 else min(low, degree[v])
            high = max(high, degree[v])
    if low == high:
        return 0.0
    mean, joint, spread = total / ends, 0.0, 0.0
    for v in range(n):
        own = degree[v] - mean
        joint += 2.0 * graph.loops[v] * own * own
        spread += degree[v] * own * own
        for at in range(graph.starts[v], graph.stops[v]):
            joint += graph.weights[at] * own * (degree[graph.ends[at]] - mean)
    return joint / spread


@njit
def _deviation(values: Any, n: int, mean: float) -> float:
    """Population standard deviation."""
    squares = 0.0
    for v in range(n):
        squares += (values[v] - mean) ** 2
    return np.sqrt(squares / n)


@njit
def _basic(graph: Graph, n: int, edges: int, reach: Any, out: Any) -> None:
    """Write the measures that both sets share.

    Mean betweenness, mean degree, assortativity, largest and smallest degree, their deviation, mean path length,
    mean local and global transitivity, edges, motifs of three and of four vertices, in this order.
    """
    degree, marks = np.empty(n, np.int64), np.empty(n, np.int64)
    triangles, touched = np.empty(n, np.int64), np.empty(n, np.int64)
    degrees(graph, n, degree)
    distances(graph, n, reach)
    sharing = clustering(graph, n, marks, triangles)
    pairs, total, corners, wedges, local, open_vertices = 0, 0, 0, 0, 0.0, 0
    whole, largest, smallest = 0, degree[0], degree[0]
    for v in range(n):
        whole += degree[v]
        largest, smallest = max(largest, degree[v]), min(smallest, degree[v])
        pairs += reach[v, 0]
        total += reach[v, 1]
        size = graph.stops[v] - graph.starts[v]
        corners += triangles[v]
        wedges += size * (size - 1) // 2
        if size > 1:
            local += triangles[v] / (size * (size - 1) / 2.0)
            open_vertices += 1
    # a shortest path of length d has d - 1 inner vertices, so the betweenness of all vertices sums to this
    out[0] = (total - pairs) / 2.0 / n
    out[1] = whole / n
    out[2] = _assortativity(graph, n, degree)
    out[3], out[4] = largest, smallest
    out[5] = _deviation(degree, n, out[1])
    out[6] = _ratio(total, pairs)
    out[7], out[8] = _ratio(local, open_vertices), _ratio(corners, wedges)
    out[9] = edges
    out[10] = wedges - 2 * (corners // 3)
    out[11] = motifs4(graph, n, triangles, sharing, marks, touched)


@njit
def threshold_measures(words: Any, bounds: Any, n_words: int, legacy: bool, out: Any) -> None:
    """Write twelve measures of each record's network at each threshold 1, 2, ...

    At threshold ``t`` only those pairs of vertices (and loops) stay that are joined by ``t`` edges or more, with
    all their edges; isolated vertices stay.  From the first threshold that leaves no edge all is 0.  ``legacy``
    counts every loop twice, gives the edges of the whole network, and one more vertex where the first two words
    are equal.
    """
    longest = longest_part(bounds)
    graph, numbers = _room(longest), np.full(n_words, -1, np.int64)
    vertices, reach = np.empty(longest, np.int64), np.empty((longest + 1, 3), np.int64)
    for s in range(bounds.size - 1):
        part = words[bounds[s] : bounds[s + 1]]
        n = number_vertices(part, numbers, vertices[: part.size])
        whole = link(vertices[: part.size], n, graph)
        if legacy and part.size > 1 and part[0] == part[1] and part[0] >= 0:
            graph.starts[n + 1], graph.stops[n], graph.loops[n] = graph.starts[n], graph.starts[n], 0
            n += 1
        if legacy:
            for v in range(n):
                graph.loops[v] *= 2
        for t in range(out.shape[1] // N_THRESHOLD_MEASURES):
            edges, changed = drop_light(graph, n, t + 1)
            if edges == 0:
                break
            first = N_THRESHOLD_MEASURES * t
            if t == 0 or changed:
                _basic(graph, n, whole if legacy else edges, reach, out[s, first : first + N_THRESHOLD_MEASURES])
            else:
                for column in range(first, first + N_THRESHOLD_MEASURES):
                    out[s, column] = out[s, column - N_THRESHOLD_MEASURES]


@njit
def _constraint(graph: Graph, n: int) -> float:
    """Mean of Burt's constraint over the vertices that have neighbours, loops left out."""
    strength, invested, marks = np.zeros(n), np.empty(n), np.full(n, -1, np.int64)
    for v in range(n):
        for at in range(graph.starts[v], graph.stops[v]):
            strength[v] += graph.weights[at]
    total, members = 0.0, 0
    for v in range(n):
        if strength[v] == 0.0:
            continue
        for at in range(graph.starts[v], graph.stops[v]):
            marks[graph.ends[at]] = v
            invested[graph.ends[at]] = graph.weights[at] / strength[v]
        for at in range(graph.starts[v], graph.stops[v]):
            between = graph.ends[at]
            share = graph.weights[at] / strength[v]
            for to in range(graph.starts[between], graph.stops[between]):
                if marks[graph.ends[to]] == v:
                    invested[graph.ends[to]] += share * (graph.weights[to] / strength[between])
        for at in range(graph.starts[v], graph.stops[v]):
            total += invested[graph.ends[at]] ** 2
        members += 1
    return _ratio(total, members)


@njit
def _reach_measures(reach: Any, n: int, out: Any) -> None:
    """Write mean closeness, largest, mean and smallest eccentricity, all over the vertices that can be reached."""
    closeness, eccentricity = 0.0, 0
    largest, smallest = reach[0, 2], reach[0, 2]
    for v in range(n):
        closeness += _ratio(reach[v, 0], reach[v, 1])
        eccentricity += reach[v, 2]
        largest, smallest = max(largest, reach[v, 2]), min(smallest, reach[v, 2])
    out[0], out[1], out[2], out[3] = closeness / n, largest, eccentricity / n, smallest


@njit
def _further(graph: Graph, n: int, edges: int, reach: Any, out: Any) -> None:
    """Write the measures from closeness to the number of vertices behind the twelve basic ones and the authority."""
    neighbours, squares, plain_max, total = 0, 0, 0, 0
    for v in range(n):
        plain = 0
        for at in range(graph.starts[v], graph.stops[v]):
            plain += graph.weights[at]
            squares += graph.weights[at] ** 2
        squares += 2 * graph.loops[v] ** 2
        plain_max = max(plain_max, plain)
        neighbours += graph.stops[v] - graph.starts[v]
        total += reach[v, 1]
    central = np.empty(4)
    _reach_measures(reach, n, central)
    out[13], out[14] = central[0], _constraint(graph, n)
    out[15], out[16] = _ratio(squares / 2.0, edges), _ratio(edges, n * (n - 1) / 2.0)
    out[17], out[18] = central[1], central[2]
    # every shortest path of length d runs over d edges
    out[19] = _ratio(total / 2.0, edges)
    out[20], out[21] = out[12], plain_max
    out[22], out[23] = neighbours / n + 1.0, central[3]
    out[24], out[25] = out[1], n


@njit
def network_measures(words: Any, bounds: Any, n_words: int, out: Any) -> None:
    """Write twenty-six measures of the network of each record's words; a record without a word has zeros."""
    longest = longest_part(bounds)
    graph, numbers = _room(longest), np.full(n_words, -1, np.int64)
    vertices, reach = np.empty(longest, np.int64), np.empty((longest + 1, 3), np.int64)
    for s in range(bounds.size - 1):
        part = words[bounds[s] : bounds[s + 1]]
        n = number_vertices(part, numbers, vertices[: part.size])
        if n == 0:
            continue
        edges = link(vertices[: part.size], n, graph)
        _basic(graph, n, edges, reach, out[s])
        out[s, 12] = authority(graph, n)
        _further(graph, n, edges, reach, out[s])
