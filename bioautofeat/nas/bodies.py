"""The bodies of networks: stages of cells, motifs of normal and reduction cells, chains with skips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioautofeat.nas.blocks import Convolution, Mask, halved, shortened
from bioautofeat.nas.genotype import Body, CellBody, ChainBody, EdgeBody, GrownBody, VertexBody
from bioautofeat.nas.growing import GrowingBody
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.spaces.cell import Block, CellGenotype
from bioautofeat.nas.spaces.edge_cell import edges_of
from bioautofeat.nas.spaces.nb101 import VertexCell

__all__ = ["BlockCellModule", "Edge", "EdgeCellModule", "VertexCellModule", "joined", "make_body", "stages_of_layers"]

Edge = Callable[[str, str, Layout], nn.Module]
"""``edge(place, operation, layout)`` makes the module on an edge, on a side of a block or of a layer, called as
``module(x, mask)``.  ``place`` names it: ``stage0.cell0.0-1``, ``stage0.cell0.vertex1``, ``stage0.normal0.block2.left``, ``stage0.reduction...``,
``layer3``, ``skip0-3``.  A supernet gives a maker of its own, whose modules hold every operation."""


def joined(parts: Sequence[Tensor], symmetric: bool) -> Tensor:
    """Channels of several tensors side by side; for two strands, the first halves before all second ones."""
    if len(parts) == 1:
        return parts[0]
    if not symmetric:
        return torch.cat(list(parts), 1)
    halves = [part.chunk(2, 1) for part in parts]
    return torch.cat([first for first, _ in halves] + [second for _, second in reversed(halves)], 1)


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


class VertexCellModule(nn.Module):
    """A cell whose vertices are operations on the sum of what they read; what reaches the output is joined."""

    def __init__(self, cell: VertexCell, layout: Layout, edge: Edge, place: str) -> None:
        super().__init__()
        self.cell, self.symmetric = cell, layout.symmetric
        self.vertices = nn.ModuleList(
            edge(f"{place}.vertex{vertex}", operation, layout) for vertex, operation in enumerate(cell.operations, 1)
        )
        ends, width = len(cell.sources(cell.nodes - 1)), layout.channels_out
        rest = (1, layout.dimensions, layout.symmetric)
        self.joint = Convolution(Layout(ends * width, width, *rest), 1) if ends > 1 else None

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """The output vertex."""
        values = [x]
        for vertex, module in enumerate(self.vertices, 1):
            read = [values[source] for source in self.cell.sources(vertex)]
            values.append(module(sum(read[1:], read[0]), mask))
        found = joined([values[source] for source in self.cell.sources(self.cell.nodes - 1)], self.symmetric)
        return found if self.joint is None else self.joint(found, mask)


class _StagedBody(nn.Module):
    """Stages of cells, with a strided convolution between two stages."""

    def __init__(self, body: EdgeBody | VertexBody, layout: Layout, edge: Edge) -> None:
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
                self.layers.append(
                    VertexCellModule(cell, same, edge, place)
                    if isinstance(cell, VertexCell)
                    else EdgeCellModule(cell.nodes, cell.operations, same, edge, place)
                )
                self.strides.append(1)
        self.channels = width

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        for layer, stride in zip(self.layers, self.strides, strict=True):
            x, mask = layer(x, mask), shortened(mask, stride)
        return x, mask


class BlockCellModule(nn.Module):
    """A cell of blocks over the two previous cells' outputs; it joins the blocks that no other block reads."""

    stride: int
    channels: int

    def __init__(
        self, blocks: Sequence[Block], inputs: tuple[Layout, Layout], layout: Layout, edge: Edge, place: str
    ) -> None:
        super().__init__()
        self.blocks, self.stride, self.symmetric = tuple(blocks), layout.stride, layout.symmetric
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
        return joined([values[2 + b] for b in self.outputs], self.symmetric)


class _CellBody(nn.Module):
    """Motifs of normal cells and one reduction cell each."""

    def __init__(self, body: CellBody, layout: Layout, edge: Edge) -> None:
        super().__init__()
        self.cells = nn.ModuleList()
        self.strides: list[int] = []
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
                self.strides.append(stride)
                widths, strides = (widths[1], cell.channels), (strides[1], stride)
        self.channels = widths[1]

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        older, newer, masks = x, x, (mask, mask)
        for cell, stride in zip(self.cells, self.strides, strict=True):
            older, newer = newer, cell(older, newer, masks)
            masks = (masks[1], shortened(masks[1], stride))
        return newer, masks[1]


def stages_of_layers(layers: int, stages: int) -> list[int]:
    """Stage of each layer, dealt as evenly as can be."""
    return [layer * stages // layers for layer in range(layers)]


class _ChainBody(nn.Module):
    """Layers in a row; what skips bring is joined to a layer's input, and a convolution brings it back to its width."""

    def __init__(self, body: ChainBody, layout: Layout, edge: Edge) -> None:
        super().__init__()
        operations, width = body.genotype.operations, layout.channels_in
        self.stages = stages_of_layers(len(operations), body.stages)
        self.sources = [sorted(i for i, end in body.genotype.skips if end == j) for j in range(len(operations))]
        self.layers, self.between, self.joints = nn.ModuleList(), nn.ModuleList(), nn.ModuleDict()
        self.skips = nn.ModuleDict()
        self.symmetric = layout.symmetric
        rest = (layout.dimensions, layout.symmetric)
        widths: list[int] = []
        for number, (stage, operation) in enumerate(zip(self.stages, operations, strict=True)):
            if number and stage > self.stages[number - 1]:
                self.between.append(Convolution(Layout(width, 2 * width, 2, *rest), 3))
                width *= 2
            if self.sources[number]:
                given = width + sum(widths[source] for source in self.sources[number])
                self.joints[str(number)] = Convolution(Layout(given, width, 1, *rest), 1)
            for source in self.sources[number]:
                name, brought = f"skip{source}-{number}", widths[source]
                self.skips[name] = edge(name, "identity", Layout(brought, brought, 1, *rest))
            self.layers.append(edge(f"layer{number}", operation, Layout(width, width, 1, *rest)))
            widths.append(width)
        self.channels = width

    def _brought(self, values: list[tuple[Tensor, Mask]], source: int, stage: int) -> Tensor:
        """An earlier layer's output, at the length of a later stage."""
        x, mask = values[source]
        for _ in range(stage - self.stages[source]):
            x = halved(x, mask) if x.dim() == 3 else functional.avg_pool2d(x, 2, 2, ceil_mode=True)
            mask = shortened(mask, 2)
        return x

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        values: list[tuple[Tensor, Mask]] = []
        between = iter(self.between)
        for number, (stage, layer) in enumerate(zip(self.stages, self.layers, strict=True)):
            if number and stage > self.stages[number - 1]:
                x, mask = next(between)(x, mask), shortened(mask, 2)
            if self.sources[number]:
                brought = [
                    self.skips[f"skip{source}-{number}"](self._brought(values, source, stage), mask)
                    for source in self.sources[number]
                ]
                x = self.joints[str(number)](joined([x, *brought], self.symmetric), mask)
            x = layer(x, mask)
            values.append((x, mask))
        return x, mask


_kinds: dict[type, Any] = {EdgeBody: _StagedBody, VertexBody: _StagedBody, CellBody: _CellBody, ChainBody: _ChainBody}


def make_body(body: Body, layout: Layout, edge: Edge) -> Any:
    """The module of a body, called as ``module(x, mask)``; gives both, and has the number of its ``channels``."""
    if isinstance(body, GrownBody):
        return GrowingBody(body, layout)
    return _kinds[type(body)](body, layout, edge)
