"""Compound scaling: depth, width and resolution of a network grow together under one exponent.

The procedure: :func:`best_scaling` judges a small :func:`scaling_grid` at exponent 1, then
:meth:`CompoundScaling.exponent_within` raises the exponent of the best one to what the network may cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from math import ceil

from bioautofeat.errors import ParameterError

__all__ = ["CompoundScaling", "best_scaling", "scaling_grid"]

Sizes = tuple[int, int, int]
"""Depth, width and resolution of a network."""

BAND = (1.9, 2.1)
"""What a step of the exponent should cost: about twice as many multiplications."""

FACTORS = (1.0, 1.1, 1.2, 1.3, 1.4)
STEPS = 10
"""Of the exponent, from one whole number to the next."""


@dataclass(frozen=True)
class CompoundScaling:
    """Factors of depth, width and resolution for each step of the exponent (Tan and Le 2019, ICML: EfficientNet).

    The cost of a network grows with ``depth * width^2 * resolution^dimensions``: the square of the resolution for
    images, its first power for sequences.  The defaults double it for sequences; the paper's for images are 1.2, 1.1
    and 1.15.

    Parameters
    ----------
    depth, width, resolution : float, at least 1
    dimensions : {1, 2}

    Examples
    --------
    >>> round(CompoundScaling(1.2, 1.1, 1.15, 2).cost(), 4)
    1.9203
    >>> CompoundScaling().balanced
    True
    """

    depth: float = 1.2
    width: float = 1.2
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

    @property
    def balanced(self) -> bool:
        """Whether a step of the exponent about doubles the cost: by 1.9 to 2.1 times."""
        return BAND[0] <= self.cost() <= BAND[1]

    def scaled(self, depth: int, width: int, resolution: int, exponent: float) -> Sizes:
        """Depth (rounded up), width (to a multiple of 8) and resolution (rounded) of the scaled network."""
        return (
            ceil(depth * self.depth**exponent - 1e-9),
            max(8, int(width * self.width**exponent / 8 + 0.5) * 8),
            max(1, round(resolution * self.resolution**exponent)),
        )

    def cost_of_rounded(self, base: Sizes, scaled: Sizes) -> float:
        """Factor of the multiplications that the rounded sizes predict."""
        (d0, w0, r0), (d1, w1, r1) = base, scaled
        return float(d1 / d0 * (w1 / w0) ** 2 * (r1 / r0) ** self.dimensions)

    def exponent_within(self, base: Sizes, cost: Callable[[Sizes], float], most: float) -> float:
        """The largest exponent, in steps of a tenth up to 20, whose network costs no more than is allowed.

        Parameters
        ----------
        base : tuple of three int
            Depth, width and resolution at exponent 0.
        cost : callable
            What a network of these sizes costs: its multiplications, or its weights.
        most : float

        Raises
        ------
        ParameterError
            Where the network costs too much at exponent 0, and where no exponent makes it larger.
        """
        if self.cost() == 1:
            raise ParameterError("compound scaling: with factors of 1 nothing grows")
        if cost(base) > most:
            raise ParameterError(f"compound scaling: the network costs {cost(base):,} unscaled, more than {most:,}")
        steps = 0
        while steps < STEPS * 20 and cost(self.scaled(*base, (steps + 1) / STEPS)) <= most:
            steps += 1
        return steps / STEPS


def scaling_grid(
    dimensions: int = 1, factors: Iterable[float] = FACTORS, *, resolution: bool = True
) -> list[CompoundScaling]:
    """Every balanced scaling of these factors: ``depth * width^2 * resolution^dimensions`` is 1.9 to 2.1.

    Parameters
    ----------
    dimensions : {1, 2}
    factors : iterable of float
    resolution : bool
        False where the length of the records is fixed by what they are: its factor is then 1.

    Examples
    --------
    >>> len(scaling_grid())
    15
    """
    values = sorted(set(factors))
    made = (
        CompoundScaling(d, w, r, dimensions) for d, w, r in product(values, values, values if resolution else [1.0])
    )
    found = [scaling for scaling in made if scaling.balanced]
    if not found:
        raise ParameterError("compound scaling: none of these factors doubles the cost")
    return found


def best_scaling(base: Sizes, score: Callable[[Sizes], float], grid: Iterable[CompoundScaling]) -> CompoundScaling:
    """The scaling whose network at exponent 1 has the best score; of equal ones that whose cost is closest to twice.

    Scalings that round to the same sizes are judged once.

    Parameters
    ----------
    base : tuple of three int
        Depth, width and resolution.
    score : callable
        How good a network of these sizes is, larger is better: trained briefly, say.
    grid : iterable of CompoundScaling
        Balanced ones, as :func:`scaling_grid` makes them.
    """
    scores: dict[Sizes, float] = {}
    ranked: list[tuple[float, float, CompoundScaling]] = []
    for scaling in grid:
        if not scaling.balanced:
            raise ParameterError(f"compound scaling: a step costs {scaling.cost():.2f} times, outside 1.9..2.1")
        sizes = scaling.scaled(*base, 1.0)
        if sizes not in scores:
            scores[sizes] = score(sizes)
        ranked.append((scores[sizes], -abs(scaling.cost() - 2), scaling))
    if not ranked:
        raise ParameterError("compound scaling: the grid holds nothing to judge")
    return max(ranked, key=lambda entry: entry[:2])[2]
