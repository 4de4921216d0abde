"""The morphism-based space: chains that grow by moves which leave the network's function as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag, Int
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["KERNELS", "GrownChain", "GrownLayer", "MorphismSpace", "Move", "applied", "way_between"]

KERNELS = (1, 3, 5, 7, 9, 11, 15)
"""Positions that a layer may look at."""


@dataclass(frozen=True, order=True)
class GrownLayer:
    """A convolution of ``width`` channels over ``kernel`` positions; one of ``branch`` positions beside it (0: none)."""

    width: int
    kernel: int
    branch: int = 0


@dataclass(frozen=True)
class GrownChain:
    """Layers 1, 2, ... behind the stem, which is 0; skips ``(source, target)`` with ``source < target - 1``.

    Parameters
    ----------
    layers : tuple of GrownLayer
    adds : frozenset of pairs of int
        Skips that are projected and added to the target's input.
    joins : frozenset of pairs of int
        Skips that are joined to the target's input as further channels.
    """

    layers: tuple[GrownLayer, ...]
    adds: frozenset[tuple[int, int]] = frozenset()
    joins: frozenset[tuple[int, int]] = frozenset()

    def widths(self, stem: int) -> tuple[int, ...]:
        """Channels of the stem and of each layer."""
        return (stem, *(layer.width for layer in self.layers))

    def joined(self, target: int) -> list[int]:
        """Sources that are joined to the input of a layer, in order."""
        return sorted(source for source, end in self.joins if end == target)

    def added(self, target: int) -> list[int]:
        """Sources that are added to the input of a layer, in order."""
        return sorted(source for source, end in self.adds if end == target)

    def weights(self, stem: int) -> int:
        """Number of learnt weights of the body: kernels, two numbers a channel for normalisation, projections."""
        widths, total = self.widths(stem), 0
        for number, layer in enumerate(self.layers, 1):
            given = widths[number - 1] + sum(widths[source] for source in self.joined(number))
            total += layer.width * (given * (layer.kernel + layer.branch) + 2)
        return total + sum(widths[source] * widths[target - 1] for source, target in self.adds)


@dataclass(frozen=True)
class Move:
    """One step of growth.

    Parameters
    ----------
    kind : {"deepen", "widen", "kernel", "branch", "add", "join"}
    layer : int
        The layer that changes; for ``deepen`` the one behind which a new layer stands; for skips the target.
    value : int
        New width or kernel; kernel of the new layer or of the branch; source of the skip.
    """

    kind: str
    layer: int
    value: int


def _shifted(skips: frozenset[tuple[int, int]], after: int) -> frozenset[tuple[int, int]]:
    """Skips with the numbers of the layers behind ``after`` one larger."""
    return frozenset((s + (s > after), t + (t > after)) for s, t in skips)


def applied(chain: GrownChain, move: Move) -> GrownChain:
    """The chain after a move.

    Raises
    ------
    ParameterError
        Where the move makes nothing larger, or what it changes does not exist.
    """
    if not 1 <= move.layer <= len(chain.layers):
        raise ParameterError(f"{move.kind}: there is no layer {move.layer}")
    old = chain.layers[move.layer - 1]
    if move.kind == "deepen":
        layers = (*chain.layers[: move.layer], GrownLayer(old.width, move.value), *chain.layers[move.layer :])
        return GrownChain(layers, _shifted(chain.adds, move.layer), _shifted(chain.joins, move.layer))
    if move.kind in ("add", "join"):
        known = chain.adds | chain.joins
        if not 0 <= move.value < move.layer - 1 or (move.value, move.layer) in known:
            raise ParameterError(f"{move.kind}: no new skip from {move.value} to {move.layer}")
        pair = frozenset({(move.value, move.layer)})
        return (
            replace(chain, adds=chain.adds | pair) if move.kind == "add" else replace(chain, joins=chain.joins | pair)
        )
    field = {"widen": "width", "kernel": "kernel", "branch": "branch"}.get(move.kind)
    if field is None:
        raise ParameterError(f"unknown move {move.kind!r}")
    if move.value <= getattr(old, field) or (move.kind == "branch" and old.branch):
        raise ParameterError(f"{move.kind}: layer {move.layer} does not grow to {move.value}")
    new = replace(old, **{field: move.value})
    return replace(chain, layers=(*chain.layers[: move.layer - 1], new, *chain.layers[move.layer :]))


class MorphismSpace(Space):
    """Chains of convolutions; the neighbours of one are what it grows into by a single move.

    Every point can be drawn, but a search that follows neighbours and mutations only grows, and a trained network can
    hand its weights on (Wei et al. 2016, ICML; Chen et al. 2016, ICLR: Net2Net; Elsken et al. 2018).

    Parameters
    ----------
    widths : tuple of int
        Channels that a layer may have, ascending.
    kernels : tuple of int
        Of :data:`KERNELS`, ascending.
    depth : int
        Layers, at most.
    skips : bool
        Whether skips are searched.

    Examples
    --------
    >>> space = MorphismSpace((8, 16), (3, 5), depth=2)
    >>> [move.kind for move in space.moves(space.start())]
    ['widen', 'kernel', 'branch', 'deepen']
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (8, 16, 32, 64),
        kernels: tuple[int, ...] = (3, 5, 7, 9, 11),
        depth: int = 4,
        *,
        skips: bool = True,
    ) -> None:
        sound = widths and kernels and list(widths) == sorted(set(widths)) and list(kernels) == sorted(set(kernels))
        if not sound or not set(kernels) <= set(KERNELS) or depth < 1:
            raise ParameterError(
                f"a growing space needs ascending widths, and kernels of {', '.join(map(str, KERNELS))}"
            )
        self.widths, self.kernels, self.depth, self.skips = tuple(widths), tuple(kernels), depth, skips

    def draw(self, choose: Chooser) -> None:
        depth = choose("depth", Int(1, self.depth))
        for layer in range(1, depth + 1):
            choose(f"width{layer}", Choice(*map(str, self.widths)))
            choose(f"kernel{layer}", Choice(*map(str, self.kernels)))
            choose(f"branch{layer}", Flag())
            for source in range(layer - 1) if self.skips else ():
                choose(f"skip{source}-{layer}", Choice("none", "add", "join"))

    def decode(self, point: Point) -> GrownChain:
        """The chain of a point."""
        values = dict(point)
        layers: list[GrownLayer] = []
        found: dict[str, set[tuple[int, int]]] = {"add": set(), "join": set()}
        for layer in range(1, values["depth"] + 1):
            branch = self.kernels[0] if values[f"branch{layer}"] else 0
            layers.append(GrownLayer(int(values[f"width{layer}"]), int(values[f"kernel{layer}"]), branch))
            for source in range(layer - 1) if self.skips else ():
                kind = values[f"skip{source}-{layer}"]
                if kind != "none":
                    found[kind].add((source, layer))
        return GrownChain(tuple(layers), frozenset(found["add"]), frozenset(found["join"]))

    def encode_chain(self, chain: GrownChain) -> Point:
        """The point of a chain."""
        values: dict[str, object] = {"depth": len(chain.layers)}
        for number, layer in enumerate(chain.layers, 1):
            values |= {f"width{number}": str(layer.width), f"kernel{number}": str(layer.kernel)}
            values[f"branch{number}"] = layer.branch > 0
            for source in range(number - 1):
                kinds = [k for k, known in (("add", chain.adds), ("join", chain.joins)) if (source, number) in known]
                values[f"skip{source}-{number}"] = kinds[0] if kinds else "none"
        return self.point(lambda name, limits: limits.check(values[name]))

    def start(self) -> Point:
        """The smallest chain."""
        return self.encode_chain(GrownChain((GrownLayer(self.widths[0], self.kernels[0]),)))

    def moves(self, point: Point) -> list[Move]:
        """Every move that stays in the space."""
        return list(self._moves(self.decode(point)))

    def _moves(self, chain: GrownChain) -> Iterator[Move]:
        for number, layer in enumerate(chain.layers, 1):
            wider = [width for width in self.widths if width > layer.width]
            longer = [kernel for kernel in self.kernels if kernel > layer.kernel]
            if wider:
                yield Move("widen", number, wider[0])
            if longer:
                yield Move("kernel", number, longer[0])
            if not layer.branch:
                yield Move("branch", number, self.kernels[0])
            if len(chain.layers) < self.depth:
                yield Move("deepen", number, self.kernels[0])
            for source in range(number - 1) if self.skips else ():
                if (source, number) not in chain.adds | chain.joins:
                    yield Move("add", number, source)
                    yield Move("join", number, source)

    def neighbours(self, point: Point, rng: np.random.Generator) -> list[Point]:
        """What the chain grows into by one move, each once."""
        chain = self.decode(point)
        return list(dict.fromkeys(self.encode_chain(applied(chain, move)) for move in self._moves(chain)))

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """The chain after a random move; the same one where none is left."""
        near = self.neighbours(point, rng)
        return near[int(rng.integers(len(near)))] if near else point

    def size_formula(self) -> int:
        """Number of points: over depths D, ``(2 W K)^D * 3^(D (D - 1) / 2)`` with W widths and K kernels."""
        one, pairs = 2 * len(self.widths) * len(self.kernels), 3 if self.skips else 1
        return int(sum(one**d * pairs ** (d * (d - 1) // 2) for d in range(1, self.depth + 1)))

    def size_enumerated(self) -> int:
        """Number of points that can be drawn: the same."""
        return self.size_formula()


def way_between(parent: GrownChain, child: GrownChain) -> list[Move] | None:
    """Moves that turn one chain into another, or None where it is no ancestor; the fewest over all ways to match layers."""
    found: list[list[Move]] = []
    for kept in combinations(range(1, len(child.layers) + 1), len(parent.layers)):
        if kept[:1] == (1,):
            moves = _moves_over(parent, child, kept)
            if moves is not None:
                found.append(moves)
    return min(found, key=len, default=None)


def _moves_over(parent: GrownChain, child: GrownChain, kept: tuple[int, ...]) -> list[Move] | None:
    """The moves, where layer ``kept[i]`` of the child is layer ``i + 1`` of the parent."""
    moves, here = [], parent
    for number in range(1, len(child.layers) + 1):
        if number not in kept:
            moves.append(Move("deepen", number - 1, child.layers[number - 1].kernel))
            here = applied(here, moves[-1])
    for number, (old, new) in enumerate(zip(here.layers, child.layers, strict=True), 1):
        if old.width > new.width or old.kernel > new.kernel or (old.branch and old.branch != new.branch):
            return None
        steps = [
            ("widen", old.width, new.width),
            ("kernel", old.kernel, new.kernel),
            ("branch", old.branch, new.branch),
        ]
        moves += [Move(kind, number, after) for kind, before, after in steps if after != before]
    if not (here.adds <= child.adds and here.joins <= child.joins):
        return None
    moves += [Move("add", target, source) for source, target in sorted(child.adds - here.adds)]
    moves += [Move("join", target, source) for source, target in sorted(child.joins - here.joins)]
    return moves
