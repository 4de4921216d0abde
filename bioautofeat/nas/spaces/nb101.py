"""Cells of NAS-Bench-101: directed acyclic graphs with an operation on each vertex, drawn, told apart and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import md5
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag
from bioautofeat.search.space import Chooser, Point, Space

__all__ = [
    "MAX_EDGES",
    "MAX_VERTICES",
    "OPERATIONS",
    "NB101Space",
    "VertexCell",
    "cell_hash",
    "count_cells",
    "is_valid",
    "prune",
    "unique_cells",
]

OPERATIONS = ("conv1x1", "conv3x3", "maxpool3x3")
MAX_VERTICES, MAX_EDGES = 7, 9
INPUT, OUTPUT = "input", "output"
"""Labels of the first and of the last vertex."""

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


def cell_hash(matrix: Matrix, labels: Sequence[str]) -> str:
    """A text that cells share where they differ by the order of their vertices alone (Ying et al. 2019, ICML).

    Every vertex begins as its degrees and its label; as often as there are vertices it then becomes the MD5 of what its
    sources, its targets and it itself were, each group sorted.  Prune the cell first.

    Parameters
    ----------
    matrix : ndarray of int, shape (v, v)
        Ones from source to target, in any order of the vertices.
    labels : sequence of str, length v
    """
    size = range(len(matrix))
    degrees = zip(matrix.sum(1).tolist(), matrix.sum(0).tolist(), labels, strict=True)
    marks = [_digest(str(degree)) for degree in degrees]
    for _ in size:
        sources = ["".join(sorted(marks[u] for u in size if matrix[u, v])) for v in size]
        targets = ["".join(sorted(marks[w] for w in size if matrix[v, w])) for v in size]
        marks = [_digest("|".join(parts)) for parts in zip(sources, targets, marks, strict=True)]
    return _digest(str(sorted(marks)))


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class VertexCell:
    """A cell without vertices that lie on no path: 0 is its input, the last vertex its output.

    Parameters
    ----------
    operations : tuple of str
        Of the inner vertices, 1, 2, ...
    edges : frozenset of pairs of int
        Source and target, the source before the target.

    Examples
    --------
    >>> cell = VertexCell(("conv3x3", "conv1x1"), frozenset({(0, 1), (0, 2), (1, 3), (2, 3)}))
    >>> print(cell)
    input>1:conv3x3 input>2:conv1x1 1+2>output
    >>> other = VertexCell(("conv1x1", "conv3x3"), frozenset({(0, 1), (0, 2), (1, 3), (2, 3)}))
    >>> cell.hash == other.hash
    True
    """

    operations: tuple[str, ...]
    edges: frozenset[tuple[int, int]]

    def __post_init__(self) -> None:
        if self.nodes > MAX_VERTICES or len(self.edges) > MAX_EDGES:
            raise ParameterError(
                f"a cell of {self.nodes} vertices and {len(self.edges)} edges: at most {MAX_VERTICES} and {MAX_EDGES}"
            )
        if not all(0 <= source < target < self.nodes for source, target in self.edges):
            raise ParameterError("an edge of a cell leads from a vertex to a later one")
        sources, targets = ({edge[end] for edge in self.edges} for end in (0, 1))
        if sources != set(range(self.nodes - 1)) or targets != set(range(1, self.nodes)):
            raise ParameterError("every vertex of a cell is on a path from its input to its output")

    @classmethod
    def of(cls, matrix: Matrix, labels: Sequence[str]) -> VertexCell:
        """The cell of a matrix and the labels of all its vertices, pruned.

        Raises
        ------
        ParameterError
            For a cell without a path from input to output, and for one that is too large.
        """
        pruned = prune(matrix, tuple(labels))
        if pruned is None:
            raise ParameterError("the cell has no path from its input to its output")
        edges = frozenset((int(source), int(target)) for source, target in np.argwhere(pruned[0]))
        return cls(pruned[1][1:-1], edges)

    def __str__(self) -> str:
        last, found = self.nodes - 1, []
        for vertex in range(1, self.nodes):
            read = "+".join(str(source) if source else INPUT for source in self.sources(vertex))
            found.append(f"{read}>{OUTPUT if vertex == last else f'{vertex}:{self.operations[vertex - 1]}'}")
        return " ".join(found)

    @property
    def nodes(self) -> int:
        """Number of vertices, input and output among them."""
        return len(self.operations) + 2

    @property
    def matrix(self) -> Matrix:
        """Upper triangular, ones from source to target."""
        found = np.zeros((self.nodes, self.nodes), np.int64)
        for source, target in self.edges:
            found[source, target] = 1
        return found

    @property
    def hash(self) -> str:
        """The same for cells that differ by the order of their vertices alone: see :func:`cell_hash`."""
        return cell_hash(self.matrix, (INPUT, *self.operations, OUTPUT))

    def sources(self, vertex: int) -> list[int]:
        """What a vertex reads, in order."""
        return sorted(source for source, target in self.edges if target == vertex)


class NB101Space(Space):
    """Cells of NAS-Bench-101 (Ying et al. 2019, ICML): an operation on each inner vertex, a bit for every edge.

    A point has all vertices; those on no path are pruned when it is decoded, so that several points are one cell.  What
    is drawn, mutated and enumerated is valid: it has a path, and at most nine edges when it is pruned.

    Parameters
    ----------
    operations : tuple of str
        Those of the benchmark, or, for networks of sequences, of :mod:`bioautofeat.nas.ops`.
    vertices : int
        Input and output among them.

    Examples
    --------
    >>> NB101Space().size_formula()
    509607936
    """

    def __init__(self, operations: tuple[str, ...] = OPERATIONS, vertices: int = MAX_VERTICES) -> None:
        if not 3 <= vertices <= MAX_VERTICES or not operations or len(set(operations)) != len(operations):
            raise ParameterError(f"a space of cells has 3 to {MAX_VERTICES} vertices, and operations that differ")
        self.operations, self.vertices = tuple(operations), vertices
        self.pairs = tuple((source, target) for target in range(1, vertices) for source in range(target))

    def draw(self, choose: Chooser) -> None:
        for vertex in range(1, self.vertices - 1):
            choose(f"vertex{vertex}", Choice(*self.operations))
        for source, target in self.pairs:
            choose(f"edge{source}-{target}", Flag())

    def _written(self, point: Point) -> tuple[Matrix, tuple[str, ...]]:
        """Matrix and labels of a point, nothing pruned."""
        values, matrix = dict(point), np.zeros((self.vertices, self.vertices), np.int64)
        for source, target in self.pairs:
            matrix[source, target] = values[f"edge{source}-{target}"]
        return matrix, (INPUT, *(values[f"vertex{vertex}"] for vertex in range(1, self.vertices - 1)), OUTPUT)

    def decode(self, point: Point) -> VertexCell:
        """The cell of a point; one that is not valid is refused."""
        return VertexCell.of(*self._written(point))

    def encode_cell(self, cell: VertexCell) -> Point:
        """The point of a cell whose vertices come first; those that are left over read and feed nothing."""
        ends = {cell.nodes - 1: self.vertices - 1}
        edges = {f"edge{source}-{ends.get(target, target)}" for source, target in cell.edges}
        spare = self.operations[:1] * (self.vertices - cell.nodes)
        named = {f"vertex{number}": name for number, name in enumerate((*cell.operations, *spare), 1)}
        return self.point(lambda name, limits: limits.check(named.get(name, name in edges)))

    def holds(self, point: Point) -> bool:
        """Whether the cell of a point is valid."""
        return is_valid(*self._written(point))

    def sample(self, rng: np.random.Generator) -> Point:
        """A valid point drawn at random, each with the same chance."""
        while not self.holds(point := super().sample(rng)):
            pass
        return point

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """The point with one operation or one edge, chosen at random, set to another value, so that it is valid."""
        while not self.holds(found := super().mutate(point, rng)):
            pass
        return found

    def neighbours(self, point: Point, rng: np.random.Generator) -> list[Point]:
        """Every valid point that differs in one operation or one edge."""
        return [near for near in super().neighbours(point, rng) if self.holds(near)]

    def points(self) -> Iterator[Point]:
        """Every valid point."""
        return filter(self.holds, super().points())

    def size_formula(self) -> int:
        """The literature's count, of which many are not valid: ``M^(V - 2) * 2^(V (V - 1) / 2)``."""
        return int(len(self.operations) ** (self.vertices - 2) * 2 ** len(self.pairs))

    def size_enumerated(self) -> int:
        """Number of valid points; they are ``unique_cells(V, M)`` different cells."""
        return int(len(self.operations) ** (self.vertices - 2) * _valid_matrices(self.vertices))


def _valid_matrices(vertices: int) -> int:
    """Number of upper triangular matrices that are valid, all of them looked at side by side."""
    codes = np.arange(2 ** (vertices * (vertices - 1) // 2))
    pairs = list(combinations(range(vertices), 2))
    edge = {pair: (codes >> place & 1).astype(bool) for place, pair in enumerate(pairs)}
    none = np.zeros(len(codes), bool)
    ahead, back = {0: ~none}, {vertices - 1: ~none}
    for vertex in range(1, vertices):
        ahead[vertex] = sum((ahead[source] & edge[source, vertex] for source in range(vertex)), none)
    for vertex in reversed(range(vertices - 1)):
        back[vertex] = sum((back[target] & edge[vertex, target] for target in range(vertex + 1, vertices)), none)
    kept = {vertex: ahead[vertex] & back[vertex] for vertex in range(vertices)}
    edges = sum((edge[pair] & kept[pair[0]] & kept[pair[1]] for pair in pairs), np.zeros(len(codes), np.int8))
    return int((kept[0] & (edges <= MAX_EDGES)).sum())


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


def count_cells(vertices: int, operations: int = len(OPERATIONS)) -> int:
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
        total += int((operations ** cycles[same]).sum()) // int(same.sum())
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


def unique_cells(most: int = MAX_VERTICES, operations: int = len(OPERATIONS)) -> int:
    """Number of different cells with at most this many vertices: 423,624 up to seven."""
    return sum(count_cells(vertices, operations) for vertices in range(2, most + 1))
