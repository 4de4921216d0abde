"""Graph hypernetwork: weights for any architecture from messages along its graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from bioautofeat.errors import ParameterError
from bioautofeat.nas.evaluators.base import Builder
from bioautofeat.nas.evaluators.generated import Generated, Hyper, scaled
from bioautofeat.nas.lexicon import Lexicon
from bioautofeat.nas.task import Task
from bioautofeat.search.space import Point, Space

__all__ = ["Gates", "Graph", "GraphHypernetwork", "distances", "generations"]


@dataclass(frozen=True)
class Graph:
    """An architecture as a directed graph without cycles.

    Parameters
    ----------
    operations : tuple of str
        Of each node.
    edges : tuple of pairs of int
        From which node to which.
    weights : tuple of tuples of str
        Of each node, the names that its weights of two or more dimensions have in the network.
    """

    operations: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    weights: tuple[tuple[str, ...], ...]


def generations(nodes: int, edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Nodes in topological order, those that do not depend on each other together.

    Raises
    ------
    ParameterError
        Where the graph has a cycle.
    """
    left, found = set(range(nodes)), []
    while left:
        ready = sorted(v for v in left if all(u not in left for u, w in edges if w == v))
        if not ready:
            raise ParameterError("an architecture with a cycle has no order of computation")
        found.append(ready)
        left -= set(ready)
    return found


def distances(nodes: int, edges: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Edges on the shortest way between any two nodes that a way joins."""
    found: dict[tuple[int, int], int] = {}
    for start in range(nodes):
        layer, seen, steps = {start}, {start}, 0
        while layer:
            steps += 1
            layer = {w for v in layer for u, w in edges if u == v} - seen
            seen |= layer
            found |= {(start, w): steps for w in layer}
    return found


class Gates(nn.Module):
    """Messages along a graph, forward then backward, several times; each node's state goes through a gate.

    Parameters
    ----------
    width : int
    rounds : int
    reach : int
        Nodes up to so many edges apart are joined by virtual edges of weight ``1 / distance``; 1 for none.
    """

    def __init__(self, width: int, rounds: int = 2, reach: int = 5) -> None:
        super().__init__()
        self.rounds, self.reach = rounds, reach
        self.near = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.far = nn.Sequential(nn.Linear(width, width // 2), nn.ReLU(), nn.Linear(width // 2, width))
        self.gate = nn.GRUCell(width, width)

    def forward(self, states: Tensor, edges: Sequence[tuple[int, int]]) -> Tensor:
        """States of all nodes, shape ``(nodes, width)``, after the messages."""
        found = list(states.unbind(0))
        for _ in range(self.rounds):
            for steps in _schedule(len(states), tuple(edges), self.reach):
                for nodes, near, far in steps:
                    self._update(found, nodes, near, far)
        return torch.stack(found)

    def _update(self, states: list[Tensor], nodes: list[int], near: Messages, far: Messages) -> None:
        """New states of the nodes of one generation, from those before it in this direction."""
        total = torch.zeros(len(nodes), states[0].shape[0], device=states[0].device, dtype=states[0].dtype)
        for messages, read in ((near, self.near), (far, self.far)):
            if messages:
                said = read(torch.stack([states[source] for source, _, _ in messages]))
                shares = said.new_tensor([1 / distance for _, _, distance in messages])
                places = torch.tensor([place for _, place, _ in messages], device=said.device)
                total = total.index_add(0, places, said * shares[:, None])
        fresh = self.gate(total, torch.stack([states[node] for node in nodes]))
        for place, node in enumerate(nodes):
            states[node] = fresh[place]


Messages = list[tuple[int, int, int]]
"""Source, place of the target in its generation, distance."""

Step = tuple[list[int], Messages, Messages]


@lru_cache(maxsize=4096)
def _schedule(nodes: int, edges: tuple[tuple[int, int], ...], reach: int) -> tuple[list[Step], list[Step]]:
    """What is done, generation by generation, on the way forward and on the way back."""
    order, apart = generations(nodes, edges), distances(nodes, edges)
    back = {(v, u): distance for (u, v), distance in apart.items()}

    def steps(generations: list[list[int]], apart: dict[tuple[int, int], int]) -> list[Step]:
        found = []
        for generation in generations:
            told = [(u, generation.index(v), d) for (u, v), d in sorted(apart.items()) if v in generation]
            near, far = [m for m in told if m[2] == 1], [m for m in told if 1 < m[2] <= reach]
            found.append((generation, near, far))
        return found

    return steps(order, apart), steps(order[::-1], back)


class GraphHypernetwork(Generated):
    """Weights of each node's operation from its state after messages (Zhang et al. 2019, ICLR; Knyazev et al. 2021).

    Parameters
    ----------
    task, build, hyper
        See :class:`~bioautofeat.nas.evaluators.generated.Generated`.
    graph : callable
        ``graph(space, point, network)`` is the :class:`Graph` of a point.
    tile : tuple of int
        Outputs, inputs and positions of the block that is decoded; larger weights repeat it, smaller ones are cut out.
    """

    def __init__(
        self,
        task: Task,
        build: Builder,
        graph: Callable[[Space, Point, nn.Module], Graph],
        hyper: Hyper = Hyper(),  # noqa: B008
        tile: tuple[int, int, int] = (16, 16, 15),
    ) -> None:
        super().__init__(task, build, hyper)
        self.graph, self.tile = graph, tile

    def start(self, seed: int) -> list[nn.Module]:
        width = self.hyper.width
        self._words, self._gates = Lexicon(seed), Gates(width)
        self._shapes = nn.Linear(3, width)
        self._decoder = nn.Sequential(nn.ReLU(), nn.Linear(width, math.prod(self.tile)))
        return [self._gates, self._shapes, self._decoder, self._words]

    def made(self, point: Point, form: nn.Module) -> dict[str, Tensor]:
        assert self.space is not None
        graph = self.graph(self.space, point, form)
        own = dict(form.named_parameters())
        states = torch.stack([self._first(graph, node, own) for node in range(len(graph.operations))])
        states = self._gates(states, graph.edges)
        return {
            name: self.decoded(states[node], own[name].shape, place)
            for node, names in enumerate(graph.weights)
            for place, name in enumerate(names)
        }

    def _first(self, graph: Graph, node: int, own: dict[str, nn.Parameter]) -> Tensor:
        """State of a node before any message: its operation and the shape of its weights."""
        word = self._words.get(f"operation {graph.operations[node]}", (self.hyper.width,), 0.5)
        shapes = [own[name].shape for name in graph.weights[node]]
        return word + sum((self._shape(shape) for shape in shapes), torch.zeros_like(word))

    def _shape(self, shape: torch.Size) -> Tensor:
        sizes = [math.log(shape[0]), math.log(shape[1]), math.log(math.prod(shape[2:]))]
        found: Tensor = self._shapes(torch.tensor(sizes, device=self.task.device))
        return found

    def decoded(self, state: Tensor, shape: torch.Size, place: int = 0) -> Tensor:
        """The weights that a state means, in the shape of the ``place``-th tensor of its node."""
        role = self._words.get(f"role {place}", (self.hyper.width,), 0.5 if place else 0.0)
        block = self._decoder(state + role + self._shape(shape)).view(self.tile)
        sizes = (shape[0], shape[1], math.prod(shape[2:]))
        block = block.repeat([-(-size // side) for size, side in zip(sizes, self.tile, strict=True)])
        # positions are cut out of the middle, so that kernels of different widths agree about theirs
        skipped = (block.shape[2] - sizes[2]) // 2
        return scaled(block[: sizes[0], : sizes[1], skipped : skipped + sizes[2]], shape)
