"""Compound scaling: depth, width and resolution of a network grow together under one exponent."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bioautofeat.errors import ParameterError

__all__ = ["CompoundScaling"]


@dataclass(frozen=True)
class CompoundScaling:
    """Factors of depth, width and resolution for each step of the exponent (Tan and Le 2019, ICML: EfficientNet).

    The cost of a network grows with ``depth * width^2 * resolution^dimensions``: the square of the resolution for
    images, its first power for sequences.

    Parameters
    ----------
    depth, width, resolution : float, at least 1
    dimensions : {1, 2}

    Examples
    --------
    >>> round(CompoundScaling(1.2, 1.1, 1.15, 2).cost(), 4)
    1.9203
    """

    depth: float = 1.2
    width: float = 1.1
    resolution: float = 1.15
    dimensions: int = 1

    def __post_init__(self) -> None:
        if min(self.depth, self.width, self.resolution) < 1:
            raise ParameterError("compound scaling: depth, width and resolution are factors of at least 1")
        if self.dimensions not in (1, 2):
            raise ParameterError("compound scaling: 1 dimension for sequences, 2 for images")

    def cost(self, exponent: float = 1.0) -> float:
        """Factor by which the multiplications grow, before rounding."""
        return float((self.depth * self.width**2 * self.resolution**self.dimensions) ** exponent)

    def scaled(self, depth: int, width: int, resolution: int, exponent: float) -> tuple[int, int, int]:
        """Depth (rounded up), width (to a multiple of 8) and resolution (rounded) of the scaled network."""
        return (
            ceil(depth * self.depth**exponent - 1e-9),
            max(8, int(width * self.width**exponent / 8 + 0.5) * 8),
            max(1, round(resolution * self.resolution**exponent)),
        )

    def cost_of_rounded(self, base: tuple[int, int, int], scaled: tuple[int, int, int]) -> float:
        """Factor of the multiplications that the rounded sizes predict."""
        (d0, w0, r0), (d1, w1, r1) = base, scaled
        return float(d1 / d0 * (w1 / w0) ** 2 * (r1 / r0) ** self.dimensions)
