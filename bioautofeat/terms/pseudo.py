"""The verb *join* for pseudo compositions: a composition and what its order adds to it share one total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.lagged import Forms
from bioautofeat.terms.reduce import Count

__all__ = ["Pseudo", "Weighted"]

SMALLEST = 1e-9
"""A total nearer to 0 than this divides nothing: the row is zeros."""


@dataclass(frozen=True)
class Pseudo(Term):
    """Composition ``f`` and order terms ``t`` as ``f / D`` and ``w t / D``, with ``D = 1 + w sum(t)``.

    Parameters
    ----------
    composition : Count
    order : Forms
    weight : float
    total : float
        Everything is multiplied by it: 1, or 100 for percent.
    apart : bool
        Each form of the order terms has its own ``D``, and its own block of columns with the composition at its head.

    Notes
    -----
    Order terms that are products may be negative, and their weighted sum can reach -1; where ``D`` is within 1e-9
    of 0 the columns are zeros.
    """

    composition: Count
    order: Forms
    weight: float
    total: float = 1.0
    apart: bool = False

    @property
    def n_blocks(self) -> int:
        """Number of blocks of columns that have a composition at their head."""
        return len(self.order.labels) if self.apart else 1

    @property
    def width(self) -> int:
        return self.n_blocks * self.composition.width + self.order.width

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return max(self.composition.shortest, self.order.shortest)

    def names(self) -> list[str]:
        words, order = self.composition.names(), self.order.names()
        if not self.apart:
            return words + order
        lags = len(self.order.lags)
        blocks = [(f"{label}.", order[b * lags : (b + 1) * lags]) for b, label in enumerate(self.order.labels)]
        return [name for label, block in blocks for name in [*(label + word for word in words), *block]]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        head = np.zeros((len(seqs), self.composition.width))
        tail = np.zeros((len(seqs), self.order.width))
        self.composition.fill(seqs, head)
        self.order.fill(seqs, tail)
        tail *= self.weight
        parts = tail.reshape(len(seqs), self.n_blocks, self.order.width // self.n_blocks)
        divisor = 1.0 + parts.sum(axis=2)
        usable = (np.abs(divisor) >= SMALLEST) & (seqs.lengths >= self.shortest)[:, None]
        share = np.divide(self.total, divisor, out=np.zeros_like(divisor), where=usable)[:, :, None]
        blocks = out.reshape(len(seqs), self.n_blocks, self.width // self.n_blocks)
        np.multiply(head[:, None, :], share, out=blocks[:, :, : head.shape[1]])
        np.multiply(parts, share, out=blocks[:, :, head.shape[1] :])


@dataclass(frozen=True, eq=False)
class Weighted(Term):
    """A composition weighted by properties of its words: one block of all words for each property.

    Parameters
    ----------
    composition : Count
    values : ndarray of float64, shape (composition.width, c)
    labels : tuple of str, length c
    """

    composition: Count
    values: NDArray[np.float64]
    labels: tuple[str, ...]

    @property
    def width(self) -> int:
        return self.composition.width * len(self.labels)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.composition.shortest

    def names(self) -> list[str]:
        return [f"{word}.{label}" for label in self.labels for word in self.composition.names()]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts = np.zeros((len(seqs), self.composition.width))
        self.composition.fill(seqs, counts)
        blocks = out.reshape(len(seqs), len(self.labels), self.composition.width)
        np.multiply(counts[:, None, :], self.values.T[None], out=blocks)
