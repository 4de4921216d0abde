"""The verb *join*: from vectors to a vector."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels.linear import apply_matrix
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Concat", "Linear", "Reordered"]


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
class Linear(Term):
    """A linear map of a term's row: weights, folds, contrasts.

    Parameters
    ----------
    term : Term
    matrix : ndarray of float64, shape (term.width, width)
    columns : tuple of str, length width
    """

    term: Term
    matrix: NDArray[np.float64]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        matrix = np.ascontiguousarray(self.matrix, np.float64)
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return self.term.needs

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.term.shortest

    @property
    def width(self) -> int:
        return len(self.columns)

    def names(self) -> list[str]:
        return list(self.columns)

    def fit(self, training: Training) -> Linear:
        return replace(self, term=self.term.fit(training))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        values = np.zeros((len(seqs), self.term.width))
        self.term.fill(seqs, values)
        apply_matrix(values, self.matrix, out)


@dataclass(frozen=True, eq=False)
class Reordered(Term):
    """The columns of a term in another order; a column may be left out.

    Parameters
    ----------
    term : Term
    order : ndarray of int64, shape (width,)
        Column ``c`` is column ``order[c]`` of the term.
    """

    term: Term
    order: NDArray[np.int64]

    def __post_init__(self) -> None:
        order = np.ascontiguousarray(self.order, np.int64)
        order.flags.writeable = False
        object.__setattr__(self, "order", order)

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return self.term.needs

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.term.shortest

    @property
    def width(self) -> int:
        return len(self.order)

    def names(self) -> list[str]:
        names = self.term.names()
        return [names[column] for column in self.order.tolist()]

    def fit(self, training: Training) -> Reordered:
        return replace(self, term=self.term.fit(training))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        values = np.zeros((len(seqs), self.term.width))
        self.term.fill(seqs, values)
        np.take(values, self.order, axis=1, out=out, mode="clip")

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix

        return csr_matrix(self.term.fill_sparse(seqs)[:, self.order]).sorted_indices()
