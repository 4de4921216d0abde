"""The verb *join*: from vectors to a vector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels.linear import apply_matrix, apply_sparse_matrix, standardise_counts
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Derived, Term, Training, fixed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Concat", "Linear", "Ratio", "Reordered", "Scaled", "Standardised"]

SPARSE_SHARE = 0.25
"""A matrix none of whose columns has a larger share of entries that are not zero is applied entry by entry."""


@dataclass(frozen=True)
class Concat(Term):
    """Terms side by side.

    Parameters
    ----------
    terms : tuple of Term
    labels : tuple of str, optional
        A prefix for the names of each term's columns.
    """

    terms: tuple[Term, ...]
    labels: tuple[str, ...] = ()

    def __init__(self, terms: Iterable[Term], labels: Iterable[str] = ()) -> None:
        object.__setattr__(self, "terms", tuple(terms))
        object.__setattr__(self, "labels", tuple(labels))

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset().union(*(term.needs for term in self.terms))

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return max((term.shortest for term in self.terms), default=1)

    @property
    def width(self) -> int:
        return sum(term.width for term in self.terms)

    def names(self) -> list[str]:
        labels = self.labels or ("",) * len(self.terms)
        return [label + name for label, term in zip(labels, self.terms, strict=True) for name in term.names()]

    def fit(self, training: Training) -> Concat:
        return Concat((term.fit(training) for term in self.terms), self.labels)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        column = 0
        for term in self.terms:
            block = np.zeros((len(seqs), term.width))
            term.fill(seqs, block)
            out[:, column : column + term.width] = block
            column += term.width

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix, hstack

        return csr_matrix(hstack([term.fill_sparse(seqs) for term in self.terms], format="csr"))


@dataclass(frozen=True, eq=False)
class Linear(Derived):
    """A linear map of a term's row: weights, folds, contrasts.

    Parameters
    ----------
    term : Term
    matrix : ndarray of float64, shape (term.width, width)
    columns : tuple of str, length width
    """

    matrix: NDArray[np.float64]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", fixed(self.matrix))

    @cached_property
    def layers(self) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """Rows and values of the first, second, ... entry of every column; None where a column has many."""
        columns, rows = np.nonzero(self.matrix.T)
        sizes = np.bincount(columns, minlength=self.width)
        if sizes.max(initial=0) > SPARSE_SHARE * len(self.matrix):
            return None
        layer = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        sources = np.zeros((sizes.max(initial=0), self.width), np.int64)
        weights = np.zeros(sources.shape)
        sources[layer, columns] = rows
        weights[layer, columns] = self.matrix[rows, columns]
        return sources, weights

    @property
    def width(self) -> int:
        return len(self.columns)

    def names(self) -> list[str]:
        return list(self.columns)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        if self.layers is None:
            apply_matrix(self.rows(seqs), self.matrix, out)
        else:
            apply_sparse_matrix(self.rows(seqs), *self.layers, out)


@dataclass(frozen=True, eq=False)
class Reordered(Derived):
    """The columns of a term in another order; a column may be left out.

    Parameters
    ----------
    term : Term
    order : ndarray of int64, shape (width,)
        Column ``c`` is column ``order[c]`` of the term.
    """

    order: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", fixed(self.order, np.int64))

    @property
    def width(self) -> int:
        return len(self.order)

    def names(self) -> list[str]:
        names = self.term.names()
        return [names[column] for column in self.order.tolist()]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        np.take(self.rows(seqs), self.order, axis=1, out=out, mode="clip")

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix

        return csr_matrix(self.term.fill_sparse(seqs)[:, self.order]).sorted_indices()


@dataclass(frozen=True, eq=False)
class Ratio(Derived):
    """Quotients of two weighted sums of a term's row; a divisor below 1 counts as 1.

    The term gives counts, so a quotient of what does not occur is its dividend: 0, or a count.

    Parameters
    ----------
    term : Term
    dividends, divisors : ndarray of float64, shape (term.width, width)
    columns : tuple of str, length width
    """

    dividends: NDArray[np.float64]
    divisors: NDArray[np.float64]
    columns: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.columns)

    def names(self) -> list[str]:
        return list(self.columns)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        values, below = self.rows(seqs), np.zeros(out.shape)
        apply_matrix(values, fixed(self.dividends), out)
        apply_matrix(values, fixed(self.divisors), below)
        out /= np.maximum(below, 1.0)


@dataclass(frozen=True, eq=False)
class Standardised(Derived):
    """Frequencies less what chance makes of them, divided by its standard deviation: ``(f - p) / sqrt(p (1 - p) / n)``.

    Parameters
    ----------
    term : Term
        Counts; ``n`` is their sum.  A row without any is zeros.
    expected : ndarray of float64, shape (term.width,)
        ``p``, between 0 and 1.
    """

    expected: NDArray[np.float64]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        self.term.fill(seqs, out)
        standardise_counts(out, self.expected, 1.0 / np.sqrt(self.expected * (1.0 - self.expected)))


@dataclass(frozen=True)
class Scaled(Derived):
    """Each row less its smallest value, divided by its largest one; a row without positive values is zeros.

    Parameters
    ----------
    term : Term
        Values of 0 or more.
    """

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        self.term.fill(seqs, out)
        largest = out.max(axis=1, keepdims=True)
        out -= out.min(axis=1, keepdims=True)
        out /= np.where(largest > 0, largest, 1.0)
