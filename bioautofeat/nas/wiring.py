"""From spaces to what evaluators train: networks, supernets, graphs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from torch import nn

from bioautofeat.errors import ParameterError
from bioautofeat.nas import ops
from bioautofeat.nas.blocks import Identity, Zero
from bioautofeat.nas.evaluators.ghn import Graph
from bioautofeat.nas.genotype import Architecture, CellBody, ChainBody, EdgeBody, Frame, GrownBody, VertexBody
from bioautofeat.nas.network import Network, build
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.spaces.cell import CellSpace
from bioautofeat.nas.spaces.chain import ChainGenotype, ChainSpace
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace, edges_of
from bioautofeat.nas.supercell import SuperCells, block_nodes
from bioautofeat.nas.supernet import Supernet
from bioautofeat.nas.whole import architecture_of
from bioautofeat.parameters import Choice
from bioautofeat.search.space import Point, Space

__all__ = ["Framed", "SupernetOf", "graph_of"]


@dataclass(frozen=True)
class Framed:
    """Builds the network of a point of any space of networks.

    Parameters
    ----------
    frame : Frame
        What is not searched.
    n_outputs : int
    """

    frame: Frame
    n_outputs: int

    def __call__(self, space: Space, point: Point) -> nn.Module:
        architecture = architecture_of(space, point, self.frame)
        return build(architecture, architecture.encoder.channels, self.n_outputs)


@dataclass(frozen=True)
class SupernetOf:
    """Builds the supernet of a space of cells or chains.

    Parameters
    ----------
    frame : Frame
    n_outputs : int
    share : int
        One channel in so many goes through the operations of an edge (partial channels).
    """

    frame: Frame
    n_outputs: int
    share: int = 1

    def partial(self, share: int) -> Self:
        """The same with another share of channels."""
        return replace(self, share=share)

    def __call__(self, space: Space) -> Supernet:
        """The supernet, its weights from torch's generator.

        Raises
        ------
        ParameterError
            For a space whose choices cannot stand side by side in one network.
        """
        if self.share > 1 and not isinstance(space, EdgeCellSpace):
            raise ParameterError("partial channels are for cells whose edges carry the operations")
        if isinstance(space, EdgeCellSpace):
            return self._edges(space)
        if isinstance(space, ChainSpace):
            return self._chain(space)
        if isinstance(space, CellSpace):
            return self._cells(space)
        raise ParameterError(
            f"{type(space).__name__} has no supernet: its choices change more than operations on edges"
        )

    def _network(self, architecture: Architecture, edge: Any) -> Network:
        return build(architecture, architecture.encoder.channels, self.n_outputs, edge=edge)

    def _edges(self, space: EdgeCellSpace) -> Supernet:
        decisions = {f"{source}-{target}": space.operations for source, target in space.edges}
        nodes = [tuple(f"{s}-{t}" for s, t in space.edges if t == target) for target in range(1, space.nodes)]
        template = self.frame.hold(space.decode(next(space.points())))

        def made(net: Supernet) -> nn.Module:
            def edge(place: str, operation: str, layout: Layout) -> nn.Module:
                return net.mixed(place.rsplit(".", 1)[-1], self._options(space.operations, layout))

            return self._network(template, edge)

        return Supernet(decisions, made, nodes, self.share)

    def _options(self, names: tuple[str, ...], layout: Layout) -> list[nn.Module]:
        """Every operation for one place."""
        inside = (layout.channels_in // self.share, layout.channels_out // self.share)
        if min(inside) < 1:
            raise ParameterError(f"{layout.channels_in} channels cannot be shared among {self.share}")
        rest = (layout.stride, layout.dimensions)
        return [ops.make(name, *inside, *rest, symmetric=layout.symmetric) for name in names]

    def _chain(self, space: ChainSpace) -> Supernet:
        pairs = [(early, late) for late in range(1, space.layers) for early in range(late)]
        decisions: dict[str, tuple[Any, ...]] = {f"layer{layer}": space.operations for layer in range(space.layers)}
        decisions |= {f"skip{early}-{late}": (False, True) for early, late in pairs}
        template = self.frame.hold(ChainGenotype(space.operations[:1] * space.layers, frozenset(pairs)))

        def made(net: Supernet) -> nn.Module:
            def edge(place: str, operation: str, layout: Layout) -> nn.Module:
                if place.startswith("skip"):
                    return net.mixed(place, [Zero(layout), Identity(layout)])
                return net.mixed(place, self._options(space.operations, layout))

            return self._network(template, edge)

        return Supernet(decisions, made)

    def _cells(self, space: CellSpace) -> Supernet:
        if self.frame.symmetric:
            raise ParameterError("the cell-based space has no symmetric supernet")
        if set(space.cells) != {"normal", "reduction"}:
            raise ParameterError("a supernet of cells needs both kinds in the space")
        point = next(space.points())
        ranges = space.ranges(point)
        decisions = {name: limits.options for name, limits in ranges.items() if isinstance(limits, Choice)}
        frame = self.frame

        def made(net: Supernet) -> nn.Module:
            whole = build(frame.hold(space.decode(point)), frame.encoder.channels, self.n_outputs)
            width, dimensions = frame.stem.channels, frame.encoder.dimensions
            whole.body = SuperCells(net, Layout(width, width, 1, dimensions), frame.cells, frame.stages)
            whole.head = type(whole.head)(frame.head, whole.body.channels, dimensions, False, self.n_outputs)
            return whole

        return Supernet(decisions, made, block_nodes(space, decisions))


class _Drawing:
    """Nodes and edges of a graph while it is drawn."""

    def __init__(self, network: Network) -> None:
        self.names = [name for name, weight in network.named_parameters() if weight.dim() >= 2]
        self.operations: list[str] = []
        self.edges: list[tuple[int, int]] = []
        self.weights: list[tuple[str, ...]] = []

    def node(self, operation: str, sources: list[int], prefix: str = "") -> int:
        """A node that reads others; the weights whose names begin with the prefix are its own."""
        number = len(self.operations)
        self.operations.append(operation)
        self.edges += [(source, number) for source in sources]
        self.weights.append(tuple(name for name in self.names if prefix and name.startswith(prefix)))
        return number

    def graph(self) -> Graph:
        return Graph(tuple(self.operations), tuple(dict.fromkeys(self.edges)), tuple(self.weights))


def graph_of(space: Space, point: Point, network: nn.Module) -> Graph:
    """The graph of a network built by :class:`Framed`: one node for each operation and each sum.

    The weights of operations belong to their nodes; stem, head and what lies between stages are nobody's.
    """
    assert isinstance(network, Network)
    drawing, body = _Drawing(network), network.architecture.body
    start = drawing.node("stem", [])
    draw: dict[type, Any] = {
        EdgeBody: _draw_edges,
        VertexBody: _draw_vertices,
        CellBody: _draw_cells,
        ChainBody: _draw_chain,
        GrownBody: _draw_grown,
    }
    end = draw[type(body)](drawing, body, start)
    drawing.node("head", [end])
    return drawing.graph()


def _draw_edges(drawing: _Drawing, body: EdgeBody, here: int) -> int:
    layer = 0
    for stage in range(body.stages):
        if stage:
            here, layer = drawing.node("reduce", [here]), layer + 1
        for _ in range(body.cells):
            nodes = {0: here}
            arriving: dict[int, list[int]] = {}
            for number, (source, target) in enumerate(edges_of(body.cell.nodes)):
                if source not in nodes:
                    nodes[source] = drawing.node("sum", arriving[source])
                prefix = f"body.layers.{layer}.edges.{number}."
                made = drawing.node(body.cell.operations[number], [nodes[source]], prefix)
                arriving.setdefault(target, []).append(made)
            here, layer = drawing.node("sum", arriving[body.cell.nodes - 1]), layer + 1
    return here


def _draw_vertices(drawing: _Drawing, body: VertexBody, here: int) -> int:
    layer = 0
    for stage in range(body.stages):
        if stage:
            here, layer = drawing.node("reduce", [here]), layer + 1
        for _ in range(body.cells):
            nodes = [here]
            for number, operation in enumerate(body.operations):
                read = [nodes[source] for source in body.cell.sources(number + 1)]
                nodes.append(drawing.node(operation, read, f"body.layers.{layer}.vertices.{number}."))
            ends = [nodes[source] for source in body.cell.sources(body.cell.nodes - 1)]
            here, layer = drawing.node("join", ends), layer + 1
    return here


def _draw_cells(drawing: _Drawing, body: CellBody, here: int) -> int:
    older, newer, number = here, here, 0
    for _ in range(body.stages):
        for copy in range(body.cells + 1):
            blocks = body.genotype.reduction if copy == body.cells else body.genotype.normal
            values = [older, newer]
            for place, block in enumerate(blocks):
                sides = ((block.left, block.left_operation), (block.right, block.right_operation))
                ends = [
                    drawing.node(operation, [values[source]], f"body.cells.{number}.sides.{2 * place + side}.")
                    for side, (source, operation) in enumerate(sides)
                ]
                values.append(drawing.node("sum", ends))
            read = {source for block in blocks for source in (block.left, block.right)}
            outputs = [values[2 + place] for place in range(len(blocks)) if 2 + place not in read]
            older, newer, number = newer, drawing.node("join", outputs), number + 1
    return newer


def _draw_chain(drawing: _Drawing, body: ChainBody, here: int) -> int:
    made: list[int] = []
    for number, operation in enumerate(body.genotype.operations):
        sources = [made[early] for early, late in sorted(body.genotype.skips) if late == number]
        if sources:
            here = drawing.node("join", [here, *sources])
        here = drawing.node(operation, [here], f"body.layers.{number}.")
        made.append(here)
    return here


def _draw_grown(drawing: _Drawing, body: GrownBody, here: int) -> int:
    made = [here]
    for number in range(1, len(body.genotype.layers) + 1):
        sources = [made[s] for s in (*body.genotype.added(number), *body.genotype.joined(number))]
        made.append(drawing.node("layer", [made[-1], *sources], f"body.layers.{number - 1}."))
    return made[-1]
