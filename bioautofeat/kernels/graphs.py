"""Graphs of words that follow one another: building them, their distances, motifs and weights.

A graph is four arrays: the neighbours of vertex ``v`` other than itself are ``ends[starts[v]:stops[v]]``, each
with its number of edges in ``weights`` at the same place; ``loops[v]`` is the number of edges from ``v`` to itself.
Every undirected edge between two vertices stands twice, once at either end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bioautofeat._numba import njit

__all__ = ["Graph", "clustering", "degrees", "distances", "drop_light", "link", "motifs4", "number_vertices"]

FAR = 32
"""Graphs wider than this are searched vertex by vertex, narrower ones by growing all balls at once."""


class Graph(NamedTuple):
    """An undirected multigraph with loops in the form that the kernels share."""

    starts: Any
    stops: Any
    ends: Any
    weights: Any
    loops: Any


@njit
def number_vertices(words: Any, numbers: Any, vertices: Any) -> int:
    """Number the distinct known words in the order of their first place; how many there are.

    ``numbers`` is -1 for every word before and after; ``vertices[i]`` is -1 where the word is unknown.
    """
    n = 0
    for i in range(words.size):
        vertices[i] = -1
        if words[i] >= 0:
            if numbers[words[i]] < 0:
                numbers[words[i]] = n
                n += 1
            vertices[i] = numbers[words[i]]
    for i in range(words.size):
        if words[i] >= 0:
            numbers[words[i]] = -1
    return n


@njit
def _merge(v: int, ends: Any, weights: Any, slots: Any, start: int, stop: int) -> int:
    """Join equal neighbours in place and add up their edges; the place behind the last one."""
    to = start
    for at in range(start, stop):
        end = ends[at]
        if slots[end] >= start and slots[end] < to and ends[slots[end]] == end:
            weights[slots[end]] += 1
        else:
            slots[end] = to
            ends[to] = end
            weights[to] = 1
            to += 1
    return to


@njit
def link(vertices: Any, n: int, graph: Graph) -> int:
    """Make the graph of ``n`` vertices with an edge for each neighbouring pair of known places; its number of edges."""
    graph.starts[: n + 1] = 0
    graph.loops[:n] = 0
    edges = 0
    for i in range(vertices.size - 1):
        a, b = vertices[i], vertices[i + 1]
        if a < 0 or b < 0:
            continue
        edges += 1
        if a == b:
            graph.loops[a] += 1
        else:
            graph.starts[a + 1] += 1
            graph.starts[b + 1] += 1
    for v in range(n):
        graph.starts[v + 1] += graph.starts[v]
        graph.stops[v] = graph.starts[v]
    for i in range(vertices.size - 1):
        a, b = vertices[i], vertices[i + 1]
        if a >= 0 and b >= 0 and a != b:
            graph.ends[graph.stops[a]] = b
            graph.ends[graph.stops[b]] = a
            graph.stops[a] += 1
            graph.stops[b] += 1
    slots = np.zeros(n, np.int64)
    for v in range(n):
        graph.stops[v] = _merge(v, graph.ends, graph.weights, slots, graph.starts[v], graph.stops[v])
    return edges


@njit
def drop_light(graph: Graph, n: int, threshold: int) -> tuple[int, bool]:
    """Take away what joins two vertices by fewer edges; the number of edges left and whether any was taken."""
    doubled, loops, changed = 0, 0, False
    for v in range(n):
        to = graph.starts[v]
        for at in range(graph.starts[v], graph.stops[v]):
            if graph.weights[at] >= threshold:
                graph.ends[to], graph.weights[to] = graph.ends[at], graph.weights[at]
                doubled += graph.weights[to]
                to += 1
        changed |= to < graph.stops[v]
        graph.stops[v] = to
        if 0 < graph.loops[v] < threshold:
            graph.loops[v] = 0
            changed = True
        loops += graph.loops[v]
    return doubled // 2 + loops, changed


@njit
def degrees(graph: Graph, n: int, out: Any) -> None:
    """Write the degree of each vertex: its edges, loops twice."""
    for v in range(n):
        out[v] = 2 * graph.loops[v]
        for at in range(graph.starts[v], graph.stops[v]):
            out[v] += graph.weights[at]


@njit
def _search(graph: Graph, source: int, queue: Any, reached: Any) -> tuple[int, int, int]:
    """Breadth-first search: number of vertices reached with the source, sum of distances, largest distance.

    ``reached`` is -1 before and after; ``queue`` holds the vertices reached, in order.
    """
    queue[0], reached[source] = source, 0
    found, total = 1, 0
    at = 0
    while at < found:
        v = queue[at]
        at += 1
        total += reached[v]
        for place in range(graph.starts[v], graph.stops[v]):
            end = graph.ends[place]
            if reached[end] < 0:
                reached[end] = reached[v] + 1
                queue[found] = end
                found += 1
    farthest = reached[queue[found - 1]]
    for i in range(found):
        reached[queue[i]] = -1
    return found, total, farthest


@njit
def _ones(word: Any) -> Any:
    """Number of ones among 64 bits."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = word + (word >> np.uint64(8))
    word = word + (word >> np.uint64(16))
    word = word + (word >> np.uint64(32))
    return np.int64(word & np.uint64(0x7F))


@njit
def _grow(graph: Graph, n: int, both_balls: Any, both_fresh: Any, out: Any, radius: int) -> bool:
    """Grow the ball around every vertex from ``radius - 1`` to ``radius``; whether any took in a vertex.

    Of each pair, one is the balls (and which of them took in a vertex last) before, the other after.
    """
    balls, grown = both_balls[(radius - 1) & 1], both_balls[radius & 1]
    fresh, now_fresh = both_fresh[(radius - 1) & 1], both_fresh[radius & 1]
    any_new = False
    for v in range(n):
        for w in range(balls.shape[1]):
            grown[v, w] = balls[v, w]
        for at in range(graph.starts[v], graph.stops[v]):
            if fresh[graph.ends[at]]:
                for w in range(balls.shape[1]):
                    grown[v, w] |= balls[graph.ends[at], w]
        new = 0
        for w in range(balls.shape[1]):
            if grown[v, w] != balls[v, w]:
                new += _ones(grown[v, w] ^ balls[v, w])
        now_fresh[v] = new > 0
        if new > 0:
            out[v, 0] += new
            out[v, 1] += new * radius
            out[v, 2] = radius
            any_new = True
    return any_new


@njit
def distances(graph: Graph, n: int, out: Any) -> None:
    """Write for each vertex: number of others that it reaches, sum of the distances to them, the largest of these."""
    out[:n] = 0
    queue, reached = np.empty(n, np.int64), np.full(n, -1, np.int64)
    if n == 0:
        return
    if n > 4096 or _search(graph, 0, queue, reached)[2] > FAR:
        for v in range(n):
            found, total, farthest = _search(graph, v, queue, reached)
            out[v, 0], out[v, 1], out[v, 2] = found - 1, total, farthest
        return
    balls, fresh = np.zeros((2, n, (n + 63) >> 6), np.uint64), np.ones((2, n), np.bool_)
    for v in range(n):
        balls[0, v, v >> 6] = np.uint64(1) << np.uint64(v & 63)
    radius = 1
    while _grow(graph, n, balls, fresh, out, radius):
        radius += 1


@njit
def clustering(graph: Graph, n: int, marks: Any, triangles: Any) -> int:
    """Write the number of triangles through each vertex; the number of pairs of triangles that share an edge."""
    marks[:n] = -1
    sharing = 0
    for v in range(n):
        for at in range(graph.starts[v], graph.stops[v]):
            marks[graph.ends[at]] = v
        twice = 0
        for at in range(graph.starts[v], graph.stops[v]):
            end, common = graph.ends[at], 0
            for to in range(graph.starts[end], graph.stops[end]):
                common += marks[graph.ends[to]] == v
            twice += common
            sharing += common * (common - 1) // 2
        triangles[v] = twice // 2
    return sharing // 2


@njit
def _squares(graph: Graph, n: int, counts: Any, touched: Any) -> int:
    """Number of cycles of four vertices, chords allowed."""
    counts[:n] = 0
    total = 0
    for v in range(n):
        found = 0
        for at in range(graph.starts[v], graph.stops[v]):
            middle = graph.ends[at]
            for to in range(graph.starts[middle], graph.stops[middle]):
                end = graph.ends[to]
                if end > v:
                    if counts[end] == 0:
                        touched[found] = end
                        found += 1
                    counts[end] += 1
        for i in range(found):
            total += counts[touched[i]] * (counts[touched[i]] - 1) // 2
            counts[touched[i]] = 0
    return total // 2


@njit
def _cliques4(graph: Graph, n: int, marks: Any) -> int:
    """Number of complete subgraphs of four vertices, each found from its two lowest ones."""
    marks[:n] = -1
    total, stamp = 0, 0
    for v in range(n):
        first = stamp
        for at in range(graph.starts[v], graph.stops[v]):
            marks[graph.ends[at]] = first
        stamp += 1
        for at in range(graph.starts[v], graph.stops[v]):
            low = graph.ends[at]
            if low < v:
                continue
            for to in range(graph.starts[low], graph.stops[low]):
                if graph.ends[to] > low and marks[graph.ends[to]] >= first:
                    marks[graph.ends[to]] = stamp
            for to in range(graph.starts[low], graph.stops[low]):
                third = graph.ends[to]
                if third > low and marks[third] == stamp:
                    for last in range(graph.starts[third], graph.stops[third]):
                        fourth = graph.ends[last]
                        total += fourth > third and marks[fourth] == stamp
            stamp += 1
    return total


@njit
def motifs4(graph: Graph, n: int, triangles: Any, sharing: int, marks: Any, touched: Any) -> int:
    """Number of sets of four vertices that hang together, by counts of their six shapes.

    ``triangles`` and ``sharing`` as :func:`clustering` gives them.
    """
    stars, paths, tailed, corners = 0, 0, 0, 0
    for v in range(n):
        size = graph.stops[v] - graph.starts[v]
        stars += size * (size - 1) * (size - 2) // 6
        tailed += triangles[v] * (size - 2)
        corners += triangles[v]
        for at in range(graph.starts[v], graph.stops[v]):
            end = graph.ends[at]
            if end > v:
                paths += (size - 1) * (graph.stops[end] - graph.starts[end] - 1)
    paths -= corners
    cliques = _cliques4(graph, n, marks) if sharing > 0 else 0
    chorded = sharing - 6 * cliques
    squares = _squares(graph, n, marks, touched) - chorded - 3 * cliques
    tailed -= 4 * chorded + 12 * cliques
    paths -= 2 * tailed + 4 * squares + 6 * chorded + 12 * cliques
    stars -= tailed + 2 * chorded + 4 * cliques
    return stars + paths + tailed + squares + chorded + cliques
