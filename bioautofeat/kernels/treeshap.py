"""Shapley values of trees, exactly: what each column of a row adds to the sum of leaves, against background rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["add_tree_shapley", "deepest"]

Forest = tuple[Any, Any, Any, Any]
"""Roots and targets, nodes, thresholds, values of leaves: as :func:`bioautofeat.kernels.trees.add_trees` takes them."""

Scratch = tuple[Any, Any, Any, Any]
"""Weights, side of each column, columns on the way, branches that wait."""


@njit
def deepest(trees: Any, nodes: Any) -> int:
    """Number of inner nodes above the deepest leaf of any tree (children stand behind their parents)."""
    depth = np.zeros(nodes.shape[0], np.int64)
    most = 0
    for node in range(nodes.shape[0]):
        most = max(most, depth[node])
        if nodes[node, 1] > 0:
            for child in range(1, 4):
                depth[node + nodes[node, child]] = depth[node] + 1
    return most


@njit
def _weights(size: int) -> Any:
    """``(u - 1)! v! / (u + v)!`` for u in 1..size (rows) and v in 0..size (columns)."""
    table = np.zeros((size + 1, size + 1))
    for v in range(size + 1):
        if size > 0:
            table[1, v] = 1.0 / (v + 1)
        for u in range(1, size):
            table[u + 1, v] = table[u, v] * u / (u + v + 1)
    return table


@njit
def _step(nodes: Any, threshold: Any, node: int, value: float) -> int:
    """How far the child is that a value leads to."""
    if value > threshold[node]:
        return nodes[node, 2]
    if not value <= threshold[node]:
        return nodes[node, 3]
    return nodes[node, 1]


@njit
def _add_leaf(value: float, length: int, own: int, scratch: Scratch, out: Any) -> None:
    """Credit a leaf to the columns that decide between it and the rest: for the row's own, against the other's."""
    weight, side, path, _ = scratch
    other = length - own
    for i in range(length):
        column = path[i]
        if side[column] == 1:
            out[column] += weight[own, other] * value
        else:
            out[column] -= weight[other, own] * value


@njit
def _forget(length: int, kept: int, own: int, scratch: Scratch) -> int:
    """Take back the columns behind the first ``kept``; how many of the rest follow the row."""
    _, side, path, _ = scratch
    for i in range(kept, length):
        if side[path[i]] == 1:
            own -= 1
        side[path[i]] = 0
    return own


@njit
def _add_pair(row: Any, other: Any, place: Any, forest: Forest, scratch: Scratch, out: Any) -> None:
    """One tree, one row, one background row: every leaf that some mixture of the two can reach."""
    _, nodes, threshold, values = forest
    _, side, path, waiting = scratch
    node, length, own, top = place[0], 0, 0, 0
    while True:
        while nodes[node, 1] > 0:
            column = nodes[node, 0]
            mine = _step(nodes, threshold, node, row[column])
            its = _step(nodes, threshold, node, other[column])
            if mine != its and side[column] == 0:
                waiting[top, 0], waiting[top, 1], waiting[top, 2] = node + its, length, column
                path[length], side[column] = column, 1
                top, length, own = top + 1, length + 1, own + 1
            node += its if side[column] == 2 else mine
        _add_leaf(values[nodes[node, 0], place[1]], length, own, scratch, out)
        if top == 0:
            break
        top -= 1
        node, column = waiting[top, 0], waiting[top, 2]
        own = _forget(length, waiting[top, 1], own, scratch)
        length = waiting[top, 1] + 1
        path[length - 1], side[column] = column, 2
    _forget(length, 0, own, scratch)


@njit
def add_tree_shapley(rows: Any, background: Any, forest: Forest, wanted: Any, out: Any) -> None:
    """Add to ``out`` the Shapley values of each row's columns, summed over the background rows.

    The game: columns in the coalition have the row's values, the others a background row's; its worth is the sum of the
    leaves reached.  Each pair of rows is solved exactly in one walk over the leaves that mixtures of the two reach
    (interventional TreeSHAP; Lundberg et al. 2020, Nat Mach Intell 2:56).

    Parameters
    ----------
    rows : ndarray of float64, shape (n, columns)
    background : ndarray of float64, shape (m, columns)
    forest : tuple
        ``trees``, ``nodes``, ``threshold``, ``values`` of :func:`bioautofeat.kernels.trees.add_trees`.
    wanted : ndarray of int64, shape (n,)
        The output that is explained for each row.
    out : ndarray of float64, shape (n, columns)
        A row's sum grows by the sum over the background of the row's output less that of the background row.
    """
    trees, nodes, _, values = forest
    size = deepest(trees, nodes)
    waiting = np.empty((size + 1, 3), np.int64)
    scratch = (_weights(size), np.zeros(rows.shape[1], np.int8), np.empty(size + 1, np.int64), waiting)
    place = np.empty(2, np.int64)
    for tree in range(trees.shape[0]):
        for row in range(rows.shape[0]):
            place[0], place[1] = trees[tree, 0], wanted[row] - trees[tree, 1]
            if place[1] >= 0 and place[1] < values.shape[1]:
                for other in range(background.shape[0]):
                    _add_pair(rows[row], background[other], place, forest, scratch, out[row])
