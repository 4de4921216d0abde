"""Trees: forests and boosting of any library, in one layout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels.trees import add_trees
from bioautofeat.models.predictors._base import Predictor, require
from bioautofeat.models.predictors.links import linked

__all__ = ["Trees"]


@dataclass(frozen=True, eq=False)
class Trees(Predictor):
    """The sum of trees (or their mean), and what it stands for.

    Parameters
    ----------
    trees : ndarray of int64, shape (trees, 2)
        First node of each tree, in order; first output that it adds to.
    nodes : ndarray of int32, shape (nodes, 4)
        Column, left child, right child, child for a missing value, counted from the node; a leaf has its row of
        ``values``, then zeros.
    thresholds : ndarray of float64, shape (nodes,)
        A value that is not above it goes left.
    values : ndarray of float64, shape (leaves, width)
    base : ndarray of float64, shape (outputs,)
        Where the sum starts.
    n_columns : int
    link : {"mean", "identity", "sigmoid", "softmax"}
        ``mean`` divides by the number of trees.
    single : bool
        Whether rows are rounded to single precision first, as the trees' own library does.
    """

    kind: ClassVar[str] = "trees"
    row_by_row: ClassVar[bool] = True
    trees: NDArray[np.int64]
    nodes: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    values: NDArray[np.float64]
    base: NDArray[np.float64]
    n_columns: int
    link: str
    single: bool

    def __post_init__(self) -> None:
        require(self.trees.ndim == 2 and self.trees.shape[1] == 2 and len(self.trees) > 0, "trees: no trees")
        require(self.nodes.ndim == 2 and self.nodes.shape[1] == 4, "trees: wrong shape of the nodes")
        require(self.thresholds.shape == (len(self.nodes),), "trees: nodes and thresholds differ")
        require(
            self.values.ndim == 2 and self.base.ndim == 1 and len(self.base) > 0, "trees: wrong shape of the values"
        )
        require(len(self.nodes) < 2**31 and self.n_columns > 0, "trees: wrong size")
        self._check_outputs()
        self._check_nodes()

    def _check_outputs(self) -> None:
        outputs, width = len(self.base), self.values.shape[1]
        targets = self.trees[:, 1]
        require(np.all((targets >= 0) & (targets + width <= outputs)) and width > 0, "trees: an output does not exist")
        scores = {"mean": True, "identity": outputs == 1, "sigmoid": outputs == 1, "softmax": outputs > 1}
        require(scores.get(self.link, False), "trees: link and outputs differ")

    def _check_nodes(self) -> None:
        """Children come after their node and inside their tree, all or none; columns and values exist."""
        starts = self.trees[:, 0]
        require(starts[0] == 0 and np.all(np.diff(starts) > 0), "trees: a tree has no nodes")
        require(starts[-1] < len(self.nodes), "trees: a tree has no nodes")
        sizes = np.diff(np.append(starts, len(self.nodes)))
        left_over = np.repeat(starts + sizes, sizes) - np.arange(len(self.nodes))
        children = self.nodes[:, 1:]
        inner = children[:, 0] > 0
        require(np.all((children > 0).all(axis=1) == inner), "trees: a node has some children but not all")
        require(np.all((children == 0).all(axis=1) == ~inner), "trees: a child stands before its parent")
        require(np.all(children < left_over[:, None]), "trees: a child is outside its tree")
        index = self.nodes[:, 0]
        require(np.all(index >= 0), "trees: an index is negative")
        require(np.all(index[inner] < self.n_columns), "trees: a column does not exist")
        require(np.all(index[~inner] < len(self.values)), "trees: a leaf has no value")

    @property
    def n_classes(self) -> int:
        outputs = len(self.base)
        return {"identity": 0, "sigmoid": 2}.get(self.link, outputs if outputs > 1 else 0)

    @cached_property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays as the kernel wants them: contiguous and read-only, whoever made them."""
        arrays = [np.ascontiguousarray(a).view() for a in (self.trees, self.nodes, self.thresholds, self.values)]
        for array in arrays:
            array.flags.writeable = False
        return tuple(arrays)

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = np.ascontiguousarray(rows.astype(np.float32).astype(np.float64) if self.single else rows).view()
        rows.flags.writeable = False  # one form, one compilation
        out = np.repeat(self.base[None, :], len(rows), axis=0)
        trees, nodes, thresholds, values = self._arrays
        add_trees(rows, trees, nodes, thresholds, values, out)
        return out / len(self.trees) if self.link == "mean" else linked(out, self.link)
