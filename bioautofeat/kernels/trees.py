"""Decision trees in flat arrays: the one walk that forests and boosting share."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["add_trees"]


@njit
def add_trees(rows: Any, trees: Any, nodes: Any, threshold: Any, values: Any, out: Any) -> None:
    """Add to each row of ``out`` the leaf that the row reaches in every tree, trees in order.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, columns)
    trees : ndarray of int64, shape (trees, 2)
        Root of each tree, and the first column of ``out`` that it adds to.
    nodes : ndarray of int32, shape (nodes, 4)
        Column that an inner node looks at, then the places of its left child, its right child and the child for a
        missing value (NaN), counted from the node itself.  A leaf has its row of ``values``, then zeros.
    threshold : ndarray of float64, shape (nodes,)
        A value that is not above it goes left.
    values : ndarray of float64, shape (leaves, width)
    out : ndarray of float64, shape (n, outputs)
    """
    width = values.shape[1]
    for tree in range(trees.shape[0]):
        root, target = np.uint64(trees[tree, 0]), trees[tree, 1]
        for row in range(rows.shape[0]):
            given = rows[row]
            # places are unsigned: numba need not ask whether they count from the end
            node = root
            step = nodes[node, 1]
            while step > 0:
                value, limit = given[np.uint32(nodes[node, 0])], threshold[node]
                if value > limit:
                    step = nodes[node, 2]
                elif not value <= limit:
                    step = nodes[node, 3]
                node += np.uint64(step)
                step = nodes[node, 1]
            leaf = np.uint32(nodes[node, 0])
            for column in range(width):
                out[row, target + column] += values[leaf, column]
