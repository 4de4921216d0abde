"""The entire-structured space: a chain of layers with skip connections between any two."""

from __future__ import annotations

from dataclasses import dataclass

from bioautofeat.parameters import Choice, Flag
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["ChainGenotype", "ChainSpace"]


@dataclass(frozen=True)
class ChainGenotype:
    """A decoded chain: the operation of each layer, and the pairs ``(i, j)``, ``i < j``, that a skip joins."""

    operations: tuple[str, ...]
    skips: frozenset[tuple[int, int]]


class ChainSpace(Space):
    """Chains of ``layers`` operations; every pair of layers, neighbours included, has a bit for a skip.

    A skip from a layer to the next is drawn as a bit of its own, as the size formula of the literature counts it; what
    is joined is concatenated and brought back by a projection, so that any set of skips is legal.

    Parameters
    ----------
    operations : tuple of str
    layers : int

    Examples
    --------
    >>> ChainSpace(tuple("abcde"), 10).size_formula()
    343597383680000000000
    """

    def __init__(self, operations: tuple[str, ...], layers: int) -> None:
        self.operations, self.layers = tuple(operations), layers

    def draw(self, choose: Chooser) -> None:
        for layer in range(self.layers):
            choose(f"layer{layer}", Choice(*self.operations))
        for late in range(1, self.layers):
            for early in range(late):
                choose(f"skip{early}-{late}", Flag())

    def decode(self, point: Point) -> ChainGenotype:
        """The genotype of a point."""
        values = dict(point)
        skips = (name.removeprefix("skip").split("-") for name, value in point if name.startswith("skip") and value)
        return ChainGenotype(
            tuple(values[f"layer{layer}"] for layer in range(self.layers)),
            frozenset((int(early), int(late)) for early, late in skips),
        )

    def encode_genotype(self, genotype: ChainGenotype) -> Point:
        """The point of a genotype."""
        return self.point(
            lambda name, _: (
                genotype.operations[int(name.removeprefix("layer"))]
                if name.startswith("layer")
                else tuple(map(int, name.removeprefix("skip").split("-"))) in genotype.skips
            )
        )

    def size_formula(self) -> int:
        """``M^L * 2^(L (L - 1) / 2)``."""
        return int(len(self.operations) ** self.layers * 2 ** (self.layers * (self.layers - 1) // 2))

    def size_enumerated(self) -> int:
        """Number of points that can be drawn: the same."""
        return self.size_formula()
