"""The supernet of the cell-based space: every input and every operation of each side of a block at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from bioautofeat.nas import ops
from bioautofeat.nas.blocks import Convolution, Mask, shortened
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.spaces.cell import CellSpace
from bioautofeat.nas.supernet import MixedOperation, Mixture, Supernet, Taken

__all__ = ["SuperCells"]


class _Source(MixedOperation):
    """Which of the values so far a side reads; each option is the mixed operation for that value."""

    def read(self, values: Sequence[Tensor], masks: Sequence[Mask]) -> Tensor:
        """The side's value."""
        self._values, self._masks = values, masks
        return self(values[-1])

    def _option(self, number: int, x: Tensor, mask: Mask) -> Tensor:
        found: Tensor = self.candidates[number](self._values[number], self._masks[number])
        return found


def unread(mixture: Mixture, cell: str, block: int, blocks: int) -> Tensor | float:
    """How much of a block no later block reads: 0 or 1 for one architecture, a product of chances for weights."""
    left: Tensor | float = 1.0
    for later in range(block + 1, blocks):
        for side in ("left", "right"):
            weight = mixture[f"{cell}.{later}.{side}"]
            option = weight.option if isinstance(weight, Taken) else weight
            if isinstance(option, int):
                left = left * float(option != block + 2)
            elif isinstance(option, Tensor):
                left = left * (1 - option[block + 2].clamp(max=1.0))
            # paths that are dropped say nothing about what is read: every block is then an output
    return left


class _SuperCell(nn.Module):
    """One cell; its output joins all blocks, those that are read weighed down to nothing."""

    def __init__(self, supernet: Supernet, cell: str, inputs: tuple[Layout, Layout], layout: Layout) -> None:
        super().__init__()
        self.cell, self.stride, self.mixture = cell, layout.stride, supernet.mixture
        self.before = nn.ModuleList(Convolution(given, 1) for given in inputs)
        self.blocks = len({name.split(".")[1] for name in supernet.decisions if name.startswith(f"{cell}.")})
        self.sides = nn.ModuleList(
            self._side(supernet, f"{cell}.{block}.{side}", block, layout)
            for block in range(self.blocks)
            for side in ("left", "right")
        )
        self.channels = layout.channels_out * self.blocks

    @staticmethod
    def _side(supernet: Supernet, decision: str, block: int, layout: Layout) -> _Source:
        width, options = layout.channels_out, []
        for source in range(block + 2):
            stride = layout.stride if source < 2 else 1
            made = [
                ops.make(name, width, width, stride, layout.dimensions) for name in supernet.decisions[f"{decision}.op"]
            ]
            options.append(MixedOperation(f"{decision}.op", made, supernet.mixture))
        return _Source(decision, options, supernet.mixture)

    def forward(self, older: Tensor, newer: Tensor, masks: tuple[Mask, Mask]) -> Tensor:
        """The cell's output."""
        values = [self.before[0](older, masks[0]), self.before[1](newer, masks[1])]
        known: list[Mask] = [masks[1], masks[1]]
        for block in range(self.blocks):
            left: Any = self.sides[2 * block]
            right: Any = self.sides[2 * block + 1]
            values.append(left.read(values, known) + right.read(values, known))
            known.append(shortened(masks[1], self.stride))
        kept = [values[2 + b] * unread(self.mixture, self.cell, b, self.blocks) for b in range(self.blocks)]
        return torch.cat(kept, 1)


class SuperCells(nn.Module):
    """Motifs of normal cells and one reduction cell, all open; stands where a network has its body.

    Parameters
    ----------
    supernet : Supernet
    layout : Layout
        What the stem gives.
    cells, stages : int
    """

    def __init__(self, supernet: Supernet, layout: Layout, cells: int, stages: int) -> None:
        super().__init__()
        self.cells, self.strides = nn.ModuleList(), []
        width, dimensions = layout.channels_in, layout.dimensions
        widths, strides = (width, width), (1, 1)
        for _ in range(stages):
            for number in range(cells + 1):
                reduces = number == cells
                width *= 2 if reduces else 1
                stride = 2 if reduces else 1
                inputs = (
                    Layout(widths[0], width, strides[1], dimensions),
                    Layout(widths[1], width, 1, dimensions),
                )
                kind = "reduction" if reduces else "normal"
                cell = _SuperCell(supernet, kind, inputs, Layout(width, width, stride, dimensions))
                self.cells.append(cell)
                self.strides.append(stride)
                widths, strides = (widths[1], cell.channels), (strides[1], stride)
        self.channels = widths[1]

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        older, newer, masks = x, x, (mask, mask)
        for cell, stride in zip(self.cells, self.strides, strict=True):
            older, newer = newer, cell(older, newer, masks)
            masks = (masks[1], shortened(masks[1], stride))
        return newer, masks[1]


def block_nodes(space: CellSpace, decisions: Mapping[str, Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    """What meets at a node: the operations of both sides of a block; which value a side reads is decided by itself."""
    nodes: list[tuple[str, ...]] = []
    for cell in space.cells:
        for block in range(space.blocks):
            nodes.append((f"{cell}.{block}.left.op", f"{cell}.{block}.right.op"))
    return (*nodes, *((name,) for name in decisions if not name.endswith(".op")))
