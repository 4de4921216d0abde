"""The Perron vector of a graph: the leading eigenvector of its adjacency matrix, all of one sign."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit
from bioautofeat.kernels.graphs import Graph

__all__ = ["authority"]

CLIMB_STEPS = 128
DIRECT_LIMIT = 2048
LONGEST = 20_000
RESIDUAL = 1e-12
"""What may be left of ``A x - lambda x``, relative to ``lambda x``, when the gradient method is believed."""

TOLERANCE = 1e-13
"""How closely the two bounds on the leading eigenvalue must agree, relative to it, in inverse iteration."""


@njit
def _multiply(graph: Graph, members: Any, vector: Any, out: Any) -> None:
    """Write adjacency matrix (a loop counts 2) times vector, at the members of one connected part."""
    for i in range(members.size):
        v = members[i]
        total = 2.0 * graph.loops[v] * vector[v]
        for at in range(graph.starts[v], graph.stops[v]):
            total += graph.weights[at] * vector[graph.ends[at]]
        out[v] = total


@njit
def _bounds(members: Any, vector: Any, product: Any) -> tuple[float, float]:
    """Least and largest quotient of product and vector: the leading eigenvalue lies between them (Collatz)."""
    low = high = product[members[0]] / vector[members[0]]
    for i in range(1, members.size):
        quotient = product[members[i]] / vector[members[i]]
        low, high = min(low, quotient), max(high, quotient)
    return low, high


@njit
def _step(graph: Graph, members: Any, state: Any, gradient: float) -> tuple[float, float]:
    """Move the vector along the direction to the largest Rayleigh quotient; the quotient and the squared norm.

    ``state`` has the vector, its product with the matrix, the direction, its product, and the residual as rows.
    """
    vector, product, direction, moved = state[0], state[1], state[2], state[3]
    _multiply(graph, members, direction, moved)
    xx, xp, pp, xax, xap, pap = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(members.size):
        v = members[i]
        xx += vector[v] * vector[v]
        xp += vector[v] * direction[v]
        pp += direction[v] * direction[v]
        xax += vector[v] * product[v]
        xap += vector[v] * moved[v]
        pap += direction[v] * moved[v]
    # the quotient's derivative along the direction is 0 where a * t^2 + b * t + gradient is
    a, b = (pap * xp - pp * xap) / xx, pap - pp * xax / xx
    length = 2.0 * gradient / (-b + np.sqrt(max(b * b - 4.0 * a * gradient, 0.0)))
    norm, quotient = 0.0, 0.0
    for i in range(members.size):
        v = members[i]
        vector[v] += length * direction[v]
        product[v] += length * moved[v]
        norm += vector[v] * vector[v]
        quotient += vector[v] * product[v]
    return quotient / norm, norm


@njit
def _climb(graph: Graph, members: Any, state: Any, steps: int) -> bool:
    """Conjugate gradients on the Rayleigh quotient, from the vector in ``state[0]``; whether they converged."""
    vector, product, direction, residual = state[0], state[1], state[2], state[4]
    _multiply(graph, members, vector, product)
    norm, quotient, last = 0.0, 0.0, 0.0
    for i in range(members.size):
        v = members[i]
        norm += vector[v] * vector[v]
        quotient += vector[v] * product[v]
        direction[v], residual[v] = 0.0, 0.0
    quotient /= norm
    for _ in range(steps):
        squares, overlap, along = 0.0, 0.0, 0.0
        for i in range(members.size):
            v = members[i]
            new = product[v] - quotient * vector[v]
            squares += new * new
            overlap += new * residual[v]
            along += new * direction[v]
            residual[v] = new
        if squares <= RESIDUAL * RESIDUAL * quotient * quotient * norm:
            return True
        share = max(0.0, (squares - overlap) / last) if last > 0.0 else 0.0
        if squares + share * along <= 0.0:
            share = 0.0
        last = squares
        for i in range(members.size):
            v = members[i]
            direction[v] = residual[v] + share * direction[v]
        quotient, norm = _step(graph, members, state, squares + share * along)
    return False


@njit
def _smooth(graph: Graph, members: Any, vector: Any, product: Any) -> None:
    """Make the vector positive and even it out by a few steps of power iteration, its product with it."""
    for step in range(9):
        largest = 0.0
        for i in range(members.size):
            v = members[i]
            vector[v] = abs(vector[v]) if step == 0 else vector[v] + product[v]
            largest = max(largest, vector[v])
        for i in range(members.size):
            vector[members[i]] = vector[members[i]] / largest + (1e-6 if step == 0 else 0.0)
        _multiply(graph, members, vector, product)


@njit
def _join(joined: Any, sizes: Any, group: Any) -> None:
    """Join all members of a group whose common neighbour is taken away."""
    for a in range(group.size):
        sizes[group[a]] -= 1
        for b in range(group.size):
            if a != b and not joined[group[a], group[b]]:
                joined[group[a], group[b]] = True
                sizes[group[a]] += 1


@njit
def _elimination_order(graph: Graph, members: Any, places: Any, joined: Any) -> tuple[Any, Any, Any]:
    """Order of least degree for elimination, and whom each vertex meets when its turn comes (CSR, fill included).

    ``joined`` (bool, zeros) becomes the pattern of the matrix with all that fills in.
    """
    n = members.size
    for i in range(n):
        for at in range(graph.starts[members[i]], graph.stops[members[i]]):
            joined[i, places[graph.ends[at]]] = True
    sizes, left = np.zeros(n, np.int64), np.ones(n, np.bool_)
    for i in range(n):
        for j in range(n):
            sizes[i] += joined[i, j]
    order, starts = np.empty(n, np.int64), np.zeros(n + 1, np.int64)
    met = np.empty(max(16, 4 * n), np.int64)
    for turn in range(n):
        best = -1
        for i in range(n):
            if left[i] and (best < 0 or sizes[i] < sizes[best]):
                best = i
        left[best] = False
        order[turn] = best
        to = starts[turn]
        if to + n > met.size:
            larger = np.empty(2 * met.size + n, np.int64)
            for a in range(to):
                larger[a] = met[a]
            met = larger
        for i in range(n):
            if left[i] and joined[best, i]:
                met[to] = i
                to += 1
        starts[turn + 1] = to
        _join(joined, sizes, met[starts[turn] : to])
    return order, starts, met


@njit
def _solve(matrix: Any, pattern: Any, values: Any) -> bool:
    """Solve ``matrix @ x = values`` in place by elimination in this order; False where the matrix is not definite."""
    order, starts, met = pattern
    for turn in range(order.size):
        v = order[turn]
        if matrix[v, v] <= 0.0:
            return False
        for a in range(starts[turn], starts[turn + 1]):
            row = met[a]
            factor = matrix[row, v] / matrix[v, v]
            for b in range(starts[turn], starts[turn + 1]):
                matrix[row, met[b]] -= factor * matrix[v, met[b]]
            values[row] -= factor * values[v]
    for turn in range(order.size - 1, -1, -1):
        v = order[turn]
        for a in range(starts[turn], starts[turn + 1]):
            values[v] -= matrix[v, met[a]] * values[met[a]]
        values[v] /= matrix[v, v]
    return True


@njit
def _fill_matrix(graph: Graph, members: Any, places: Any, shift: float, pattern: Any, matrix: Any) -> None:
    """Write ``shift`` times the unit matrix less the adjacency matrix, zeros where elimination will fill in."""
    order, starts, met = pattern
    for turn in range(order.size):
        for a in range(starts[turn], starts[turn + 1]):
            matrix[order[turn], met[a]] = 0.0
            matrix[met[a], order[turn]] = 0.0
    for i in range(members.size):
        v = members[i]
        matrix[i, i] = shift - 2.0 * graph.loops[v]
        for at in range(graph.starts[v], graph.stops[v]):
            matrix[i, places[graph.ends[at]]] = -graph.weights[at]


@njit
def _noda(graph: Graph, members: Any, places: Any, vector: Any, product: Any) -> None:
    """Inverse iteration shifted to the upper bound of the leading eigenvalue (Noda 1971): it never overshoots."""
    n = members.size
    _smooth(graph, members, vector, product)
    pattern = _elimination_order(graph, members, places, np.zeros((n, n), np.bool_))
    matrix, values = np.empty((n, n)), np.empty(n)
    last = np.inf
    for _ in range(60):
        low, high = _bounds(members, vector, product)
        if high - low <= TOLERANCE * high or high >= last:  # the upper bound falls until rounding stops it
            return
        last = high
        _fill_matrix(graph, members, places, high, pattern, matrix)
        for i in range(n):
            values[i] = vector[members[i]]
        if not _solve(matrix, pattern, values):
            return
        smallest = largest = values[0]
        for i in range(1, n):
            smallest, largest = min(smallest, values[i]), max(largest, values[i])
        if smallest <= 0.0:
            return
        for i in range(n):
            vector[members[i]] = values[i] / largest
        _multiply(graph, members, vector, product)


@njit
def _part(graph: Graph, source: int, places: Any, queue: Any) -> int:
    """Put the connected part of a vertex into the queue and number its members; how many there are."""
    queue[0], places[source] = source, 0
    found, at = 1, 0
    while at < found:
        v = queue[at]
        at += 1
        for place in range(graph.starts[v], graph.stops[v]):
            end = graph.ends[place]
            if places[end] < 0:
                places[end] = found
                queue[found] = end
                found += 1
    return found


@njit
def authority(graph: Graph, n: int) -> float:
    """Mean authority over all vertices: the Perron vector of the adjacency matrix, a loop counted twice.

    In each connected part the vector is scaled to a largest value of 1; a vertex without edges has 0.  From a
    vector of ones, by conjugate gradients on the Rayleigh quotient to a residual of 1e-12 and, where that is slow,
    by Noda's inverse iteration until the bounds on the eigenvalue agree to 1e-13 of it or stop coming closer.
    """
    state = np.ones((5, n))
    vector = state[0]
    places, queue = np.full(n, -1, np.int64), np.empty(n, np.int64)
    total = 0.0
    for source in range(n):
        if places[source] >= 0 or (graph.starts[source] == graph.stops[source] and graph.loops[source] == 0):
            continue
        members = queue[: _part(graph, source, places, queue)]
        if not _climb(graph, members, state, CLIMB_STEPS):
            if members.size <= DIRECT_LIMIT:
                _noda(graph, members, places, vector, state[1])
            else:
                _climb(graph, members, state, LONGEST)
        largest, part = 0.0, 0.0
        for i in range(members.size):
            largest = max(largest, abs(vector[members[i]]))
            part += abs(vector[members[i]])
        total += part / largest
    return total / n if n > 0 else 0.0
