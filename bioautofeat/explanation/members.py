"""Exact Shapley values of features for the members of a model that allow them: trees and linear models.

A feature's share in a member's own score, against background records: for trees by one walk a pair of records
(:mod:`bioautofeat.kernels.treeshap`), for a linear model its weight times the difference from the background's mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels.treeshap import add_tree_shapley
from bioautofeat.models.predictors import Predictor, Transform
from bioautofeat.models.predictors.joined import Blend, Calibrated, LogPool, Steps
from bioautofeat.models.predictors.linear import Linear
from bioautofeat.models.predictors.transforms import Fill, Scale, Select, Unit
from bioautofeat.models.predictors.trees import Trees

__all__ = ["Member", "leaves", "member_shapley", "members"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Member:
    """A trees' or a linear member of a model.

    Parameters
    ----------
    name : str
        Its kind and, where there are several, its number.
    weight : float
        Its share in the blend.
    transforms : tuple of Transform
        Steps before it; each turns every column by itself, or picks some.
    model : Trees or Linear
    columns : ndarray of int64, shape (width,)
        Columns of the whole table that its own columns come from.
    unit : str
        What its score is counted in: ``probability``, ``log-odds``, ``value``.
    """

    name: str
    weight: float
    transforms: tuple[Transform, ...]
    model: Trees | Linear
    columns: NDArray[np.int64]
    unit: str

    def table(self, rows: Any) -> NDArray[np.float64]:
        """Rows of the whole table as the member's own model sees them."""
        dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)
        for step in self.transforms:
            dense = step.apply(dense)
        single = isinstance(self.model, Trees) and self.model.single
        return np.ascontiguousarray(dense.astype(np.float32).astype(np.float64) if single else dense)


def members(predictor: Predictor, titles: Sequence[str] = ()) -> list[Member]:
    """Trees and linear models inside a predictor, with their weights; others are left out.

    ``titles`` names the models at the bottom, in order, where there is one for each.
    """
    bottom = [leaf for leaf in leaves(predictor, 1.0, ()) if leaf[1] > 0]
    found = []
    for number, (model, weight, transforms) in enumerate(bottom, 1):
        separable = all(isinstance(step, (Select, Fill, Scale, Unit)) for step in transforms)
        if isinstance(model, (Trees, Linear)) and separable:
            columns = np.arange(predictor.n_columns)
            for step in transforms:
                columns = columns[step.columns] if isinstance(step, Select) else columns
            kind = "trees" if isinstance(model, Trees) else "linear"
            name = f"{kind} {number}" if len(bottom) > 1 else kind
            name = f"{number}: {titles[number - 1]}" if len(titles) == len(bottom) else name
            found.append(Member(name, weight, transforms, model, columns.astype(np.int64), _unit(model)))
    return found


def leaves(
    predictor: Predictor, weight: float, transforms: tuple[Transform, ...]
) -> Iterator[tuple[Predictor, float, tuple[Transform, ...]]]:
    """Models at the bottom, with their weights in all and the transforms above them."""
    if isinstance(predictor, (Blend, LogPool)):
        shares = predictor.weights / max(float(predictor.weights.sum()), 1e-300)
        for part, share in zip(predictor.members, shares.tolist(), strict=True):
            yield from leaves(part, weight * share, transforms)
    elif isinstance(predictor, Calibrated):
        yield from leaves(predictor.model, weight, transforms)
    elif isinstance(predictor, Steps):
        yield from leaves(predictor.model, weight, transforms + predictor.transforms)
    else:
        yield predictor, weight, transforms


def _unit(model: Trees | Linear) -> str:
    if model.link in ("sigmoid", "softmax"):
        return "log-odds"
    return "probability" if model.n_classes else "value"


def member_shapley(member: Member, rows: Any, background: Any, chosen: Array, threads: int = 1) -> NDArray[np.float64]:
    """Share of each of a member's columns in its score for each record.

    Parameters
    ----------
    member : Member
    rows, background : ndarray or csr_matrix, shape (n, columns) and (m, columns)
        Of the whole table.
    chosen : ndarray of int64, shape (n,)
        The class that is explained for each record; zeros under regression.
    threads : int

    Returns
    -------
    ndarray of float64, shape (n, member's columns)
        A record's shares sum to its score less the mean score of the background, in the member's unit (under softmax the
        score of a class is its logit).
    """
    own, other = member.table(rows), member.table(background)
    # of two classes a model of log-odds has one score, that of the second
    signs = np.where(chosen == 0, -1.0, 1.0) if member.model.link == "sigmoid" else np.ones(len(own))
    wanted = np.zeros(len(own), np.int64) if member.model.link in ("sigmoid", "identity") else chosen.astype(np.int64)
    if isinstance(member.model, Linear):
        return np.asarray(signs[:, None] * member.model.weights[:, wanted].T * (own - other.mean(axis=0)))
    return signs[:, None] * _tree_shares(member.model, own, other, wanted, threads)


def _tree_shares(model: Trees, own: Array, other: Array, wanted: Array, threads: int) -> NDArray[np.float64]:
    out = np.zeros(own.shape)
    arrays: Any = model._arrays

    def run(part: Array) -> None:
        if len(part):
            add_tree_shapley(own[part[0] : part[-1] + 1], other, arrays, wanted[part], out[part[0] : part[-1] + 1])

    parts = np.array_split(np.arange(len(own)), max(1, threads))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, parts))
    else:
        run(parts[0])
    return out / (max(1, len(other)) * (len(model.trees) if model.link == "mean" else 1))
