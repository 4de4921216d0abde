"""From an architecture to a network of torch, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bioautofeat.nas import ops
from bioautofeat.nas.blocks import Convolution, Mask, Norm, covered, halved, mean_of_positions, shortened, strided
from bioautofeat.nas.genotype import Architecture, CellBody, ChainBody, EdgeBody, Head, Stem
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.spaces.cell import Block, CellGenotype
from bioautofeat.nas.spaces.edge_cell import edges_of

__all__ = ["Edge", "Network", "build", "count_parameters", "macs", "plain_edge", "receptive_field"]

Edge = Callable[[str, str, Layout], nn.Module]
"""``edge(place, operation, layout)`` makes the module on an edge, on a side of a block or of a layer, called as
``module(x, mask)``.  ``place`` names it: ``stage0.cell0.0-1``, ``stage0.normal0.block2.left``, ``stage0.reduction...``,
``layer3``.  A supernet gives a maker of its own, whose modules hold every operation."""


def plain_edge(place: str, operation: str, layout: Layout) -> nn.Module:
    """The operation that the architecture names."""
    return ops.make(
        operation, layout.channels_in, layout.channels_out, layout.stride, layout.dimensions, symmetric=layout.symmetric
    )


class _Stem(nn.Module):
    """Letters hidden in training, an embedding where there is one, a convolution."""

    def __init__(self, stem: Stem, channels: int, dimensions: int, symmetric: bool) -> None:
        super().__init__()
        self.dropout, self.stride = stem.dropout, stem.stride
        self.embedding = nn.Linear(channels, stem.embedding, bias=False) if stem.embedding else None
        layout = Layout(stem.embedding or channels, stem.channels, stem.stride, dimensions, symmetric)
        if symmetric and stem.stride not in (1, 2):
            raise ops.ParameterError("the stem of a symmetric network has stride 1 or 2")
        self.first = Convolution(layout, stem.kernel, activate=False)

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        if self.training and self.dropout:
            places = torch.rand(x.shape[0], 1, *x.shape[2:], device=x.device) >= self.dropout
            x = x * places.to(x.dtype)
        if self.embedding is not None:
            x = self.embedding(x.movedim(1, -1)).movedim(-1, 1)
        return self.first(x, mask), shortened(mask, self.stride)


class EdgeCellModule(nn.Module):
    """A cell of nodes that are sums of their edges; the last node is the output."""

    def __init__(self, nodes: int, operations: Sequence[str], layout: Layout, edge: Edge, place: str) -> None:
        super().__init__()
        self.nodes, self.ends = nodes, edges_of(nodes)
        self.edges = nn.ModuleList(
            edge(f"{place}.{source}-{target}", operation, layout)
            for (source, target), operation in zip(self.ends, operations, strict=True)
        )

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """The last node."""
        values = [x]
        for target in range(1, self.nodes):
            found = [
                module(values[source], mask)
                for (source, end), module in zip(self.ends, self.edges, strict=True)
                if end == target
            ]
            values.append(torch.stack(found).sum(0) if len(found) > 2 else sum(found[1:], found[0]))
        return values[-1]


class _EdgeBody(nn.Module):
    """Stages of cells, with a strided convolution between two stages."""

    def __init__(self, body: EdgeBody, layout: Layout, edge: Edge) -> None:
        super().__init__()
        width, cell = layout.channels_in, body.cell
        self.layers = nn.ModuleList()
        self.strides: list[int] = []
        for stage in range(body.stages):
            if stage:
                self.layers.append(Convolution(Layout(width, 2 * width, 2, layout.dimensions, layout.symmetric), 3))
                self.strides.append(2)
                width *= 2
            same = Layout(width, width, 1, layout.dimensions, layout.symmetric)
            for number in range(body.cells):
                place = f"stage{stage}.cell{number}"
                self.layers.append(EdgeCellModule(cell.nodes, cell.operations, same, edge, place))
                self.strides.append(1)
        self.channels = width

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        for layer, stride in zip(self.layers, self.strides, strict=True):
            x, mask = layer(x, mask), shortened(mask, stride)
        return x, mask


class BlockCellModule(nn.Module):
    """A cell of blocks over the two previous cells' outputs; it joins the blocks that no other block reads."""

    def __init__(
        self, blocks: Sequence[Block], inputs: tuple[Layout, Layout], layout: Layout, edge: Edge, place: str
    ) -> None:
        super().__init__()
        self.blocks, self.stride = tuple(blocks), layout.stride
        self.outputs = CellGenotype.outputs(self.blocks)
        self.before = nn.ModuleList(Convolution(given, 1) for given in inputs)
        width = layout.channels_out
        self.sides = nn.ModuleList()
        for number, block in enumerate(blocks):
            for side, source, name in (
                ("left", block.left, block.left_operation),
                ("right", block.right, block.right_operation),
            ):
                stride = layout.stride if source < 2 else 1
                own = Layout(width, width, stride, layout.dimensions, layout.symmetric)
                self.sides.append(edge(f"{place}.block{number}.{side}", name, own))
        self.channels = width * len(self.outputs)

    def forward(self, older: Tensor, newer: Tensor, masks: tuple[Mask, Mask]) -> Tensor:
        """The cell's output; ``masks`` are those of both inputs before this cell."""
        values = [self.before[0](older, masks[0]), self.before[1](newer, masks[1])]
        after = shortened(masks[1], self.stride)
        for number, block in enumerate(self.blocks):
            left, right = self.sides[2 * number], self.sides[2 * number + 1]
            found = [
                module(values[source], masks[1] if source < 2 else after)
                for module, source in ((left, block.left), (right, block.right))
            ]
            values.append(found[0] + found[1])
        joined = torch.cat([values[2 + b] for b in self.outputs], 1)
        return self._paired(joined)

    def _paired(self, joined: Tensor) -> Tensor:
        return joined


class _CellBody(nn.Module):
    """Motifs of normal cells and one reduction cell each."""

    def __init__(self, body: CellBody, layout: Layout, edge: Edge) -> None:
        super().__init__()
        self.cells = nn.ModuleList()
        width = layout.channels_in
        widths, strides = (width, width), (1, 1)
        for stage in range(body.stages):
            for number in range(body.cells + 1):
                reduces = number == body.cells
                width *= 2 if reduces else 1
                blocks = body.genotype.reduction if reduces else body.genotype.normal
                stride = 2 if reduces else 1
                kind = f"reduction{stage}" if reduces else f"normal{number}"
                rest = (layout.dimensions, layout.symmetric)
                # the older input may still have the length from before the last reduction
                inputs = (Layout(widths[0], width, strides[1], *rest), Layout(widths[1], width, 1, *rest))
                own = Layout(width, width, stride, *rest)
                cell = BlockCellModule(blocks, inputs, own, edge, f"stage{stage}.{kind}")
                self.cells.append(cell)
                widths, strides = (widths[1], cell.channels), (strides[1], stride)
        self.channels = widths[1]

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        older, newer, masks = x, x, (mask, mask)
        for cell in self.cells:
            found = cell(older, newer, masks)
            older, newer = newer, found
            masks = (masks[1], shortened(masks[1], cell.stride))
        return newer, masks[1]
