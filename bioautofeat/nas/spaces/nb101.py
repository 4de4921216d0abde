"""Cells of NAS-Bench-101: directed acyclic graphs with labelled vertices, counted up to isomorphism."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_EDGES", "MAX_VERTICES", "OPERATIONS", "count_cells", "is_valid", "prune", "unique_cells"]

OPERATIONS = ("conv1x1", "conv3x3", "maxpool3x3")
MAX_VERTICES, MAX_EDGES = 7, 9

Matrix = NDArray[np.int64]


def _reached(matrix: Matrix, start: int) -> set[int]:
    """Vertices on a path from ``start``."""
    seen, left = {start}, [start]
    while left:
        for other in np.flatnonzero(matrix[left.pop()]).tolist():
            if other not in seen:
                seen.add(other)
                left.append(other)
    return seen


def prune(matrix: Matrix, labels: tuple[str, ...]) -> tuple[Matrix, tuple[str, ...]] | None:
    """The cell without the vertices on no path from input to output; None where there is no such path.

    Parameters
    ----------
    matrix : ndarray of int, shape (v, v)
        Upper triangular; first vertex the input, last the output.
    labels : tuple of str, length v
    """
    last = len(matrix) - 1
    keep = sorted(_reached(matrix, 0) & _reached(matrix.T, last))
    if 0 not in keep or last not in keep:
        return None
    return matrix[np.ix_(keep, keep)], tuple(labels[i] for i in keep)


def is_valid(matrix: Matrix, labels: tuple[str, ...]) -> bool:
    """Whether the pruned cell has a path, at most 7 vertices and at most 9 edges."""
    pruned = prune(matrix, labels)
    return pruned is not None and len(pruned[0]) <= MAX_VERTICES and int(pruned[0].sum()) <= MAX_EDGES


def _graphs(vertices: int) -> Iterator[Matrix]:
    """Upper triangular matrices of at most 9 edges in which every vertex is on a path from input to output."""
    pairs = list(combinations(range(vertices), 2))
    for edges in range(vertices - 1, min(MAX_EDGES, len(pairs)) + 1):
        for chosen in combinations(pairs, edges):
            matrix = np.zeros((vertices, vertices), np.int64)
            matrix[tuple(np.array(chosen).T)] = 1
            # every vertex but the last needs a way out, every one but the first a way in: in a DAG that is a path
            if matrix[:-1].any(axis=1).all() and matrix[:, 1:].any(axis=0).all():
                yield matrix


def count_cells(vertices: int) -> int:
    """Number of different cells with exactly this many vertices: 1, 6, 84, 2441, 62010, 359082 for 2 to 7.

    Isomorphic graphs are found by the smallest code under all permutations of the inner vertices; labellings of one
    graph are counted by Burnside's lemma over its automorphisms.
    """
    inner = vertices - 2
    orders = [(0, *(1 + i for i in order), vertices - 1) for order in permutations(range(inner))]
    cycles = np.array([_cycles(order) for order in orders])
    weights = 2 ** np.arange(vertices * vertices, dtype=np.int64).reshape(vertices, vertices)
    seen: set[int] = set()
    total = 0
    gather = np.array([[[a * vertices + b for b in order] for a in order] for order in orders]).reshape(len(orders), -1)
    flat = weights.ravel()
    for matrix in _graphs(vertices):
        codes = matrix.ravel()[gather] @ flat
        smallest = int(codes.min())
        if smallest in seen:
            continue
        seen.add(smallest)
        same = codes == codes[0]
        total += int((len(OPERATIONS) ** cycles[same]).sum()) // int(same.sum())
    return total


def _cycles(order: tuple[int, ...]) -> int:
    """Number of cycles of a permutation among the inner vertices."""
    left, found = set(range(1, len(order) - 1)), 0
    while left:
        found += 1
        at = left.pop()
        while order[at] in left:
            at = order[at]
            left.remove(at)
    return found


def unique_cells(most: int = MAX_VERTICES) -> int:
    """Number of different cells with at most this many vertices: 423,624 up to seven."""
    return sum(count_cells(vertices) for vertices in range(2, most + 1))
