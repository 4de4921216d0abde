"""Forward selection by conditional independence, with the columns that could stand in for those selected.

Statistically equivalent signatures (SES; Lagani et al. 2017, J Stat Softw 80:7): columns enter one by one, always the one
most surely dependent on the target given any few of those that have entered; what those few explain away leaves for good.
A column that leaves because of another one, and would in turn explain that one away, is its equivalent.  Dependence is
that of ranks, by the F test of a linear model, so no scale of a column matters.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.kernels.ranks import rank_rows

__all__ = ["Ranked", "Rules", "Selection", "select"]

Array = NDArray[Any]
LEAST_FREEDOM = 8
"""A test with fewer residual degrees of freedom than this is not made."""


@dataclass(frozen=True)
class Rules:
    """How signatures are looked for.

    Parameters
    ----------
    alpha : float
        A dependence is believed where its p value is at most this.
    given : int
        Features are tested given at most so many others.
    most : int
        Features of a signature, at most.
    count : int
        Signatures, at most.
    metric : str, optional
        Of the estimate; MCC or R2 by default.
    groups : ndarray of int, shape (n,), optional
        Related rows, drawn together for the interval.
    """

    alpha: float = 0.05
    given: int = 2
    most: int = 10
    count: int = 20
    metric: str | None = None
    groups: Array | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1 or self.given < 0 or self.most < 1 or self.count < 1:
            raise ParameterError(
                "signatures: alpha lies between 0 and 1, given is at least 0, most and count at least 1"
            )


@dataclass(frozen=True)
class Selection:
    """What a selection on some rows has found.

    Parameters
    ----------
    choices : tuple of tuple of int
        For each place of a signature the columns that may stand there, the first selected one ahead.
    """

    choices: tuple[tuple[int, ...], ...]

    def signatures(self, count: int) -> list[tuple[int, ...]]:
        """Up to ``count`` signatures: the selected columns, then those with equivalents in their places, few changes first."""
        return [
            tuple(choice[place] for choice, place in zip(self.choices, places, strict=True))
            for places, _ in zip(self._places(), range(count), strict=False)
        ]

    def _places(self) -> Iterator[tuple[int, ...]]:
        """Combinations of places, by the number of changes, then by how far down they are."""
        first = (0,) * len(self.choices)
        waiting, seen = [(0, 0, first)], {first}
        while waiting:
            *_, places = heapq.heappop(waiting)
            yield places
            for i, place in enumerate(places):
                following = (*places[:i], place + 1, *places[i + 1 :])
                if place + 1 < len(self.choices[i]) and following not in seen:
                    seen.add(following)
                    heapq.heappush(waiting, (sum(p > 0 for p in following), sum(following), following))


@dataclass(frozen=True, eq=False)
class Ranked:
    """A table that can be ranked among any of its rows.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        May hold missing values.
    """

    values: NDArray[np.float64]

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        columns = np.ascontiguousarray(self.values.T)
        return columns, np.argsort(columns, axis=1, kind="stable").astype(np.int32)

    def among(self, rows: Array) -> NDArray[np.float64]:
        """Centred ranks among some rows (a mask), of length 1; shape ``(p, rows)``, a column of the table in each row."""
        kept = np.where(rows, np.cumsum(rows) - 1, -1).astype(np.int64)
        out = np.zeros((self.values.shape[1], int(rows.sum())))
        columns, order = self._sorted
        rank_rows(columns, order, kept, out)
        return out


def _design(target: Array, task: str) -> NDArray[np.float64]:
    """The target as centred columns: its ranks, or an indicator of each class but one."""
    if task == "regression":
        return Ranked(target[:, None]).among(np.ones(len(target), bool)).T
    names = np.unique(target)
    indicators = (target[:, None] == names[None, 1:]).astype(np.float64)
    return np.asarray(indicators - indicators.mean(axis=0))


class _Tests:
    """Tests of dependence between columns and the target, given other columns.

    Parameters
    ----------
    columns : ndarray, shape (p, n)
        A column in each row; centred, of length 1.
    design : ndarray, shape (n, q)
        The target; centred.
    """

    def __init__(self, columns: Array, design: Array) -> None:
        self.columns, self.design = columns, design

    def _bases(self, given: Sequence[int]) -> tuple[Array, Array]:
        """Orthonormal bases of the given columns, and of what the target has beyond them."""
        known = _orthonormal(self.columns[list(given)].T, None)
        return known, _orthonormal(self.design, known)

    def freedom(self, n_given: int, rank: int) -> int:
        """Residual degrees of freedom."""
        return int(self.columns.shape[1]) - 1 - n_given - rank

    def log_p(self, wanted: Array, given: Sequence[int]) -> NDArray[np.float64]:
        """Logarithm of the p value of each wanted column, given others; 0 where a test cannot be made."""
        known, target = self._bases(given)
        freedom = self.freedom(known.shape[1], target.shape[1])
        if not target.shape[1] or freedom < LEAST_FREEDOM:
            return np.zeros(len(wanted))
        chosen = self.columns[wanted]
        left = (chosen**2).sum(axis=1) - ((chosen @ known) ** 2).sum(axis=1)
        explained = ((chosen @ target) ** 2).sum(axis=1)
        return _log_p(explained, left, target.shape[1], freedom)

    def log_p_swapped(self, feature: int, others: Array, given: Sequence[int]) -> NDArray[np.float64]:
        """Logarithm of the p value of one feature given ``given`` and one of the others, for each of them."""
        known, target = self._bases(given)
        freedom = self.freedom(known.shape[1] + 1, target.shape[1])
        if not target.shape[1] or freedom < LEAST_FREEDOM:
            return np.zeros(len(others))
        own = self.columns[feature] - known @ (known.T @ self.columns[feature])
        other = self.columns[others].T
        other = other - known @ (known.T @ other)
        length = np.sqrt((other**2).sum(axis=0))
        other = other / np.where(length > 1e-9, length, 1.0)
        # the feature and the target less their parts along the other column; the target's inner products by
        # Sherman and Morrison, as its basis loses one direction
        along, shared = target.T @ other, own @ other
        left = own @ own - shared**2
        product = (target.T @ own)[:, None] - along * shared
        rest = np.maximum(1.0 - (along**2).sum(axis=0), 1e-12)
        explained = (product**2).sum(axis=0) + (along * product).sum(axis=0) ** 2 / rest
        return _log_p(explained, left, target.shape[1], freedom)


def _orthonormal(columns: Array, beyond: Array | None) -> NDArray[np.float64]:
    """An orthonormal basis of columns, or of what they have beyond another basis."""
    if beyond is not None and beyond.shape[1]:
        columns = columns - beyond @ (beyond.T @ columns)
    if not columns.shape[1]:
        return np.zeros((len(columns), 0))
    basis, size, _ = np.linalg.svd(columns, full_matrices=False)
    return basis[:, size > 1e-8 * max(1.0, float(size.max(initial=0.0)))]


def _log_p(explained: Array, left: Array, rank: int, freedom: int) -> NDArray[np.float64]:
    """Logarithm of the p value of an F test: sums of squares explained, and left before the target is known."""
    from scipy.special import fdtrc

    sound = left > 1e-9
    share = np.clip(np.where(sound, explained / np.where(sound, left, 1.0), 0.0), 0.0, 1.0 - 1e-12)
    p = fdtrc(rank, freedom, share / (1.0 - share) * freedom / rank)
    # the leading term of its logarithm, for p values too small for a number
    small = 0.5 * freedom * np.log1p(-share)
    return np.asarray(np.where(p > 1e-300, np.log(np.maximum(p, 1e-300)), np.minimum(small, -690.0)))


def select(columns: Ranked, rows: Array, target: Array, task: str, rules: Rules) -> list[Selection]:
    """What has been selected after each step; empty where nothing depends on the target.

    Parameters
    ----------
    columns : Ranked
    rows : ndarray of bool, shape (n,)
        The rows that are looked at.
    target : ndarray, shape (n,)
        Codes of classes, or values.
    task : {"classification", "regression"}
    rules : Rules
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        return _Forward(_Tests(columns.among(rows), _design(target[rows], task)), rules).run()


class _Forward:
    """The forward selection.  ``worst`` is the largest log p value that each column has met so far."""

    def __init__(self, tests: _Tests, rules: Rules) -> None:
        self.tests, self.rules, self.limit = tests, rules, float(np.log(rules.alpha))
        self.first = tests.log_p(np.arange(len(tests.columns)), ())
        self.worst = self.first.copy()
        self.alive = self.worst <= self.limit
        self.chosen: list[int] = []
        self.equal: dict[int, list[int]] = {}

    def run(self) -> list[Selection]:
        """Select until nothing depends on the target given what is selected."""
        steps = []
        while len(self.chosen) < self.rules.most and self.alive.any():
            places = np.flatnonzero(self.alive)
            best = int(places[np.lexsort((self.first[places], self.worst[places].round(9)))[0]])
            self.alive[best] = False
            self.chosen.append(best)
            self.equal[best] = []
            self._test_rest(best)
            self._test_chosen(best)
            steps.append(Selection(tuple((column, *self._sorted(self.equal[column])) for column in self.chosen)))
        return steps

    def _sorted(self, columns: list[int]) -> list[int]:
        return sorted(set(columns), key=lambda column: (self.first[column], column))

    def _sets(self, newest: int, without: int | None = None) -> Iterator[tuple[int, ...]]:
        """Sets of selected columns that hold the newest one."""
        others = [column for column in self.chosen if column not in (newest, without)]
        for size in range(self.rules.given):
            for rest in combinations(others, size):
                yield (newest, *rest)

    def _test_rest(self, newest: int) -> None:
        """Let columns go that a set with the newest column explains away."""
        for given in self._sets(newest):
            places = np.flatnonzero(self.alive)
            if not len(places):
                return
            found = self.tests.log_p(places, given)
            self.worst[places] = np.maximum(self.worst[places], found)
            gone = places[found > self.limit]
            self.alive[gone] = False
            self._keep_equal(gone, given)

    def _keep_equal(self, gone: Array, given: Sequence[int]) -> None:
        """Columns that have gone, and would in turn explain away one of those that made them go."""
        for feature in given:
            if not len(gone):
                return
            others = [column for column in given if column != feature]
            equal = self.tests.log_p_swapped(feature, gone, others) > self.limit
            self.equal[feature].extend(gone[equal].tolist())
            gone = gone[~equal]

    def _test_chosen(self, newest: int) -> None:
        """Let a selected column go that a set with the newest explains away; what equals it may equal another."""
        for column in [c for c in self.chosen if c != newest]:
            for given in self._sets(newest, column):
                if self.tests.log_p(np.array([column]), given)[0] > self.limit:
                    self.chosen.remove(column)
                    own = np.array([column, *self.equal.pop(column)])
                    self._keep_equal(own, given)
                    break
