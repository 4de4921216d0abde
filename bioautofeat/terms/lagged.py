"""The verb *reduce* over pairs: what words at a distance from each other have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.kernels import pairs
from bioautofeat.properties import distances
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Derived, Term, fixed
from bioautofeat.terms.read import Kmers

__all__ = [
    "Covariances",
    "Forms",
    "Lags",
    "LeadCovariances",
    "PerVariance",
    "Ratio",
    "differences",
    "products",
    "squared_distances",
]

Kind = Literal["auto", "cross", "both"]
FormNorm = Literal["mean", "sum", "letters"]
Spread = Literal["population", "sample", "propy"]


@dataclass(frozen=True)
class Lags:
    """The distances at which words are paired.

    Parameters
    ----------
    last : int
        Largest lag.
    first : int
        Smallest lag.
    partner : int, optional
        Distance of the partner at every lag, where it is not the lag itself: a pair of lag ``d`` is then
        ``(i, i + partner)`` for all ``i`` that have a word at ``i + d``.
    """

    last: int
    first: int = 1
    partner: int | None = None

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ParameterError(f"the largest lag, {self.last}, is below the smallest, {self.first}")

    def __len__(self) -> int:
        return self.last - self.first + 1

    def names(self) -> list[str]:
        """A name for each lag."""
        return [f"lag{lag}" for lag in range(self.first, self.last + 1)]

    def table(self) -> NDArray[np.int64]:
        """Distance of a pair, and number of last words without one, for each lag; shape ``(lags, 2)``."""
        lags = np.arange(self.first, self.last + 1)
        partners = lags if self.partner is None else np.full_like(lags, self.partner)
        return np.ascontiguousarray(np.stack([partners, lags], axis=1))


def products(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each property, its product at every pair of words; shape ``(words, words, properties)``."""
    return values[:, None, :] * values[None, :, :]


def differences(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each property, its squared difference at every pair of words; shape ``(words, words, properties)``."""
    return (values[:, None, :] - values[None, :, :]) ** 2


def squared_distances(names: Sequence[str], alphabet: Alphabet) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Squared distances of all pairs of letters by named tables, shape ``(letters, letters, tables)``, and their labels."""
    labels = tuple(re.sub(r"[^a-z0-9.]+", "-", PurePath(name).name.lower().removesuffix(".csv")) for name in names)
    double = sorted({label for label in labels if labels.count(label) > 1})
    if double:
        raise ParameterError(f"table of distances {double[0]!r} is given twice")
    return np.stack([distances(name, alphabet) ** 2 for name in names], axis=2), labels


def _known(words: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Number of known words of each sequence, shape ``(n,)``."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(words >= 0)])
    return np.diff(before[bounds]).astype(np.float64)


def _means(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums divided by the number of pairs, which stands last; 0 where there is none."""
    number = sums[..., -1:]
    return np.divide(sums[..., :-1], number, out=np.zeros_like(sums[..., :-1]), where=number > 0)


@dataclass(frozen=True, eq=False)
class Forms(Term):
    """Mean (or sum) of forms over the pairs of words at each lag.

    Parameters
    ----------
    words : Kmers
    forms : ndarray of float64, shape (words.n_words, words.n_words, f)
        Value of each form at each pair of a first and a second word.
    labels : tuple of str, length f
        Name of each form; ``""`` where there is one that needs no name.
    lags : Lags
    order : {"form", "lag"}
        Which of the two is the slower index of the columns.
    norm : {"mean", "sum", "letters"}
        A mean divides by the number of pairs of known words; ``letters`` divides by the number of known words.
    """

    words: Kmers
    forms: NDArray[np.float64]
    labels: tuple[str, ...]
    lags: Lags
    order: Literal["form", "lag"] = "form"
    norm: FormNorm = "mean"

    def __post_init__(self) -> None:
        shape = (self.words.n_words, self.words.n_words, len(self.labels))
        object.__setattr__(self, "forms", fixed(self.forms).reshape(shape))

    @property
    def width(self) -> int:
        return len(self.labels) * len(self.lags)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span + self.lags.last

    def names(self) -> list[str]:
        labels = [f"{label}." if label else "" for label in self.labels]
        if self.order == "form":
            return [label + lag for label in labels for lag in self.lags.names()]
        return [label + lag for lag in self.lags.names() for label in labels]

    def sums(self, words: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Sum of each form and, last, the number of pairs, at each lag; shape ``(n, lags, f + 1)``."""
        sums = np.zeros((len(bounds) - 1, len(self.lags), len(self.labels) + 1))
        pairs.sum_forms(words, bounds, self.forms, self.lags.table(), sums)
        return sums

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        sums = self.sums(words, bounds)
        if self.norm == "letters":
            sums[..., -1] = _known(words, bounds)[:, None]
        values = sums[..., :-1] if self.norm == "sum" else _means(sums)
        out[:] = (values.transpose(0, 2, 1) if self.order == "form" else values).reshape(out.shape)


@dataclass(frozen=True, eq=False)
class Ratio(Term):
    """Each column of one term over that of another; 0 where the latter is 0."""

    top: Forms
    bottom: Forms

    @property
    def width(self) -> int:
        return self.top.width

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return max(self.top.shortest, self.bottom.shortest)

    def names(self) -> list[str]:
        return self.top.names()

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        top, bottom = np.zeros_like(out), np.zeros_like(out)
        self.top.fill(seqs, top)
        self.bottom.fill(seqs, bottom)
        np.divide(top, bottom, out=out, where=bottom != 0)


def _pair_columns(n: int, kind: Kind) -> list[tuple[int, int]]:
    """Pairs of properties: each with itself, then the different ones as (1,2), (2,1), (1,3), (3,1), ..., (2,3), ..."""
    alone = [(u, u) for u in range(n)] if kind != "cross" else []
    both = [pair for u in range(n) for v in range(u + 1, n) for pair in ((u, v), (v, u))] if kind != "auto" else []
    return alone + both


@dataclass(frozen=True, eq=False)
class Covariances(Term):
    """Covariance of properties at words a lag apart, about each record's own means.

    ``sum over i of (P_u(i) - mean P_u) (P_v(i + d) - mean P_v)``, divided by the number of pairs.

    Parameters
    ----------
    words : Kmers
    values : ndarray of float64, shape (words.n_words, c)
    labels : tuple of str, length c
    lags : Lags
    kind : {"auto", "cross", "both"}
        A property with itself; two different ones, ordered; both, in this order.
    """

    words: Kmers
    values: NDArray[np.float64]
    labels: tuple[str, ...]
    lags: Lags
    kind: Kind = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", fixed(self.values))
        if self.kind == "cross" and len(self.labels) < 2:
            raise ParameterError("a cross covariance needs two properties or more")

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of properties, in the order of the columns."""
        return _pair_columns(len(self.labels), self.kind)

    @property
    def width(self) -> int:
        n = len(self.labels)
        return {"auto": n, "cross": n * (n - 1), "both": n * n}[self.kind] * len(self.lags)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span + self.lags.last

    def pair_names(self) -> list[str]:
        """A name for each pair of properties."""
        return [self.labels[u] if u == v else f"{self.labels[u]}+{self.labels[v]}" for u, v in self.pairs]

    def names(self) -> list[str]:
        return [f"{pair}.{lag}" for pair in self.pair_names() for lag in self.lags.names()]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        n = len(self.labels)
        moments = np.zeros((len(seqs), 2, n))
        pairs.word_moments(words, bounds, self.values, moments)
        means = np.ascontiguousarray(moments[:, 0])
        cross = self.kind != "auto"
        sums = np.zeros((len(seqs), len(self.lags), (n * n if cross else n) + 1))
        pairs.sum_covariances(words, bounds, self.values, means, self.lags.table(), sums)
        values = _means(sums)
        if cross:
            values = values[..., [u * n + v for u, v in self.pairs]]
        out[:] = values.transpose(0, 2, 1).reshape(out.shape)


class LeadCovariances(Covariances):
    """The covariances of repDNA, kept for tables that were made with it.

    Means are taken over the words that open a pair of the lag but divided by the record's letters, the second
    factor of a property with itself is not centred, columns run lag by lag, and different pairs as
    (1,2), (1,3), ..., (2,1), ...
    """

    @property
    def pairs(self) -> list[tuple[int, int]]:
        n = len(self.labels)
        alone = [(u, u) for u in range(n)] if self.kind != "cross" else []
        return alone + [(u, v) for u in range(n) for v in range(n) if u != v and self.kind != "auto"]

    def names(self) -> list[str]:
        kinds = (True, False) if self.kind == "both" else (self.kind == "auto",)
        named = list(zip(self.pairs, self.pair_names(), strict=True))
        return [
            f"{name}.{lag}"
            for alone in kinds
            for lag in self.lags.names()
            for (u, v), name in named
            if (u == v) == alone
        ]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        # with a constant beside the properties one set of products holds all sums that the formula needs
        n = len(self.labels)
        values = np.column_stack([self.values, np.ones(len(self.values))])
        forms = (values[:, None, :, None] * values[None, :, None, :]).reshape(len(values), len(values), -1)
        words, bounds = self.words.codes(seqs)
        sums = Forms(self.words, forms, ("",) * forms.shape[2], self.lags).sums(words, bounds)[..., :-1]
        sums = sums.reshape(len(seqs), len(self.lags), n + 1, n + 1)
        number, letters = sums[..., -1, -1], np.maximum(seqs.lengths, 1)[:, None]
        column = 0
        for alone in (True, False):
            chosen = [pair for pair in self.pairs if (pair[0] == pair[1]) == alone]
            block = np.zeros((len(seqs), len(self.lags), len(chosen)))
            for c, (u, v) in enumerate(chosen):
                mean_u, mean_v = sums[..., u, -1] / letters, sums[..., v, -1] / letters
                total = sums[..., u, v] - mean_u * sums[..., -1, v]
                total -= 0.0 if alone else mean_v * sums[..., u, -1] - number * mean_u * mean_v
                np.divide(total, number, out=block[..., c], where=number > 0)
            width = block.shape[1] * block.shape[2]
            out[:, column : column + width] = block.reshape(len(seqs), width)
            column += width


@dataclass(frozen=True, eq=False)
class PerVariance(Derived):
    """The columns of each property divided by its variance over the words of the record; 0 where that is 0.

    Parameters
    ----------
    term : Covariances or Forms
        Properties outer, lags inner.
    values : ndarray of float64, shape (words.n_words, c)
    spread : {"population", "sample", "propy"}
        The sum of squares is divided by the number of known words ``N``; by ``N - 1``; by ``(N - 1)^2 / N``.
    """

    term: Covariances | Forms
    values: NDArray[np.float64]
    spread: Spread = "population"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", fixed(self.values))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        self.term.fill(seqs, out)
        words, bounds = self.term.words.codes(seqs)
        moments = np.zeros((len(seqs), 2, self.values.shape[1]))
        pairs.word_moments(words, bounds, self.values, moments)
        known = _known(words, bounds)[:, None]
        less = known - 1
        divisor = {"population": known, "sample": less, "propy": less**2 / np.maximum(known, 1)}[self.spread]
        squares = moments[:, 1]
        share = np.divide(divisor, squares, out=np.zeros_like(squares), where=(squares > 0) & (divisor > 0))
        out *= np.repeat(share, len(self.term.lags), axis=1)
