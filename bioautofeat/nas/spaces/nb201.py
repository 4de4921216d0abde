"""The topology space of NAS-Bench-201: four nodes, six edges, five operations."""

from __future__ import annotations

from bioautofeat.parameters import Choice
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["EDGES", "OPERATIONS", "NB201Space", "functional", "nb201_unique"]

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""Source and target of each edge, in the order of the code's digits."""


class NB201Space(Space):
    """Cells of NAS-Bench-201 (Dong and Yang 2020, ICLR); a point decodes to a code of six digits."""

    def draw(self, choose: Chooser) -> None:
        for source, target in EDGES:
            choose(f"{source}-{target}", Choice(*OPERATIONS))

    @staticmethod
    def decode(point: Point) -> str:
        """The code: the number of the operation on each edge."""
        return "".join(str(OPERATIONS.index(operation)) for _, operation in point)

    def encode_code(self, code: str) -> Point:
        """The point of a code."""
        named = {f"{s}-{t}": OPERATIONS[int(digit)] for (s, t), digit in zip(EDGES, code, strict=True)}
        return self.point(lambda name, _: named[name])

    @staticmethod
    def text(code: str) -> str:
        """The cell as the benchmark writes it: ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``."""
        nodes: dict[int, str] = {}
        for (source, target), digit in zip(EDGES, code, strict=True):
            nodes[target] = nodes.get(target, "|") + f"{OPERATIONS[int(digit)]}~{source}|"
        return "+".join(nodes.values())

    @staticmethod
    def size_formula() -> int:
        """``5^6``."""
        return int(len(OPERATIONS) ** len(EDGES))

    size_enumerated = size_formula


def nb201_unique(code: str) -> str:
    """The canonical text of the benchmark: 6,466 of them.

    A node is the sorted sum of its edges; an edge is ``#`` when it carries nothing, the text of its source when it is a
    skip, else the source in brackets under its operation.  Zeros stay as summands, as the benchmark counts them.
    """
    nodes = {0: "0"}
    for target in (1, 2, 3):
        summands = []
        for (source, end), digit in zip(EDGES, code, strict=True):
            if end != target:
                continue
            if digit == "0" or nodes[source] == "#":
                summands.append("#")
            else:
                summands.append(nodes[source] if digit == "1" else f"({nodes[source]})@{OPERATIONS[int(digit)]}")
        nodes[target] = "+".join(sorted(summands))
    return nodes[3]


def functional(code: str) -> str:
    """The function that a cell of linear sums computes: 4,930 of them; sums flattened through skips, zeros dropped."""
    nodes: dict[int, tuple[str, ...]] = {0: ("0",)}
    for target in (1, 2, 3):
        summands: list[str] = []
        for (source, end), digit in zip(EDGES, code, strict=True):
            if end != target or digit == "0" or not nodes[source]:
                continue
            summands += nodes[source] if digit == "1" else [f"({'+'.join(nodes[source])})@{digit}"]
        nodes[target] = tuple(sorted(summands))
    return "+".join(nodes[3])
