"""The cell-based space: a normal and a reduction cell of blocks, stacked in motifs."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

from bioautofeat.parameters import Choice
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["Block", "CellGenotype", "CellSpace"]


@dataclass(frozen=True)
class Block:
    """Two inputs, each through an operation, added.  Inputs 0 and 1 are the two previous cells, 2 + b is block ``b``."""

    left: int
    left_operation: str
    right: int
    right_operation: str


@dataclass(frozen=True)
class CellGenotype:
    """The blocks of both cells; a cell's output joins the blocks that no other block reads."""

    normal: tuple[Block, ...]
    reduction: tuple[Block, ...]

    @staticmethod
    def outputs(blocks: tuple[Block, ...]) -> tuple[int, ...]:
        """Numbers of the blocks that no other block of the cell reads."""
        read = {i - 2 for block in blocks for i in (block.left, block.right)}
        return tuple(b for b in range(len(blocks)) if b not in read)


class CellSpace(Space):
    """Cells of ``blocks`` blocks over ``operations`` (Zoph et al. 2018, CVPR; NASNet).

    Parameters
    ----------
    operations : tuple of str
    blocks : int
    cells : tuple of str
        Which cells are searched.

    Examples
    --------
    >>> space = CellSpace(tuple("abcde"), 3)
    >>> f"{space.size_formula():.4e}"
    '5.0625e+16'
    """

    def __init__(
        self, operations: tuple[str, ...], blocks: int, cells: tuple[str, ...] = ("normal", "reduction")
    ) -> None:
        self.operations, self.blocks, self.cells = tuple(operations), blocks, cells

    def draw(self, choose: Chooser) -> None:
        for cell in self.cells:
            for block in range(self.blocks):
                inputs = Choice(*(str(i) for i in range(block + 2)))
                for side in ("left", "right"):
                    choose(f"{cell}.{block}.{side}", inputs)
                    choose(f"{cell}.{block}.{side}.op", Choice(*self.operations))

    def decode(self, point: Point) -> CellGenotype:
        """The genotype of a point; a cell that is not searched has no blocks."""
        values = dict(point)

        def block(cell: str, b: int) -> Block:
            key = f"{cell}.{b}"
            return Block(
                int(values[f"{key}.left"]),
                values[f"{key}.left.op"],
                int(values[f"{key}.right"]),
                values[f"{key}.right.op"],
            )

        made = {cell: tuple(block(cell, b) for b in range(self.blocks)) for cell in self.cells}
        return CellGenotype(made.get("normal", ()), made.get("reduction", ()))

    def size_formula(self) -> int:
        """The survey's count, ``(M^B (B + 2)!)^2`` a cell, which counts more inputs than a block has."""
        one = len(self.operations) ** self.blocks * factorial(self.blocks + 2)
        return int(one ** (2 * len(self.cells)))

    def size_enumerated(self) -> int:
        """What can be drawn: ``(M^B (B + 1)!)^2`` a cell, since block ``b`` of 1..B has ``b + 1`` inputs."""
        one = len(self.operations) ** self.blocks * factorial(self.blocks + 1)
        return int(one ** (2 * len(self.cells)))
