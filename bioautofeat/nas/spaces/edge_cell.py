"""Cells whose edges carry the operations: every pair of nodes is joined, as in NAS-Bench-201, for any size."""

from __future__ import annotations

from dataclasses import dataclass

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["EdgeCell", "EdgeCellSpace", "edges_of"]


def edges_of(nodes: int) -> tuple[tuple[int, int], ...]:
    """Source and target of each edge: ``(0, 1), (0, 2), (1, 2), (0, 3), ...``."""
    return tuple((source, target) for target in range(1, nodes) for source in range(target))


@dataclass(frozen=True)
class EdgeCell:
    """A cell: node 0 is its input, the last node its output, each node the sum of its edges.

    Parameters
    ----------
    nodes : int
    operations : tuple of str
        One for each edge, in the order of :func:`edges_of`.
    """

    nodes: int
    operations: tuple[str, ...]

    def __post_init__(self) -> None:
        wanted = self.nodes * (self.nodes - 1) // 2
        if self.nodes < 2 or len(self.operations) != wanted:
            raise ParameterError(f"a cell of {self.nodes} nodes has {wanted} edges, not {len(self.operations)}")

    def __str__(self) -> str:
        named = zip(edges_of(self.nodes), self.operations, strict=True)
        return " ".join(f"{source}-{target}:{operation}" for (source, target), operation in named)


class EdgeCellSpace(Space):
    """Cells of ``nodes`` nodes with one of ``operations`` on each edge.

    Parameters
    ----------
    nodes : int
    operations : tuple of str
    cells : int
        How often a stage of the network repeats the cell (not searched).
    channels : int
        Width of the first stage (not searched).

    Examples
    --------
    >>> space = EdgeCellSpace(3, ("none", "identity", "conv3"))
    >>> space.size_enumerated()
    27
    >>> print(space.decode(next(space.points())))
    0-1:none 0-2:none 1-2:none
    """

    def __init__(self, nodes: int, operations: tuple[str, ...], cells: int = 1, channels: int = 16) -> None:
        if nodes < 2 or not operations or len(set(operations)) != len(operations):
            raise ParameterError("a space of cells needs at least two nodes, and operations that differ")
        self.nodes, self.operations, self.cells, self.channels = nodes, tuple(operations), cells, channels
        self.edges = edges_of(nodes)

    def draw(self, choose: Chooser) -> None:
        for source, target in self.edges:
            choose(f"{source}-{target}", Choice(*self.operations))

    def decode(self, point: Point) -> EdgeCell:
        """The cell of a point."""
        values = dict(point)
        return EdgeCell(self.nodes, tuple(values[f"{source}-{target}"] for source, target in self.edges))

    def encode_cell(self, cell: EdgeCell) -> Point:
        """The point of a cell."""
        named = {f"{s}-{t}": operation for (s, t), operation in zip(self.edges, cell.operations, strict=True)}
        return self.point(lambda name, _: named[name])

    def size_formula(self) -> int:
        """``M^(n (n - 1) / 2)``."""
        return int(len(self.operations) ** len(self.edges))

    def size_enumerated(self) -> int:
        """Number of points that can be drawn: the same."""
        return self.size_formula()
