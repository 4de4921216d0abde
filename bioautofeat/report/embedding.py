"""The data in two dimensions: the principal components of the features that the model is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.subject import Subject
from bioautofeat.report.drawing import Plot
from bioautofeat.report.facts import SPEED, Allowance, Facts
from bioautofeat.report.markup import figure
from bioautofeat.report.samples import FEWEST, Sample

__all__ = ["Embedding", "embedded", "embedding_figure", "principal_components"]

Array = NDArray[Any]
EXTREME = 8.0
"""Standardised values count as at most this much, so that a single record does not fill the drawing."""

COLOURED = 5
"""Classes with a colour of their own; the others share one."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """Records in two dimensions.

    Parameters
    ----------
    places : ndarray of int64, shape (n,)
        Among the judged records.
    points : ndarray of float64, shape (n, 2)
    shares : (float, float)
        Of the variance.
    columns, left_out : int
        Columns used, and those left out because they were learnt from labels.
    """

    places: NDArray[np.int64]
    points: NDArray[np.float64]
    shares: tuple[float, float]
    columns: int
    left_out: int


def principal_components(table: Array, seed: int) -> tuple[NDArray[np.float64], tuple[float, float]] | None:
    """First two principal components of standardised columns, and their shares of the variance.

    Constant columns are left out and missing values are medians.  The loading of largest size is positive, so that a
    drawing is never turned over.  None where fewer than two columns vary.

    Parameters
    ----------
    table : ndarray, shape (n, columns)
    seed : int
    """
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    dense = np.asarray(table, np.float64)
    if np.isnan(dense).any():
        known = ~np.isnan(dense).all(axis=0)
        dense = dense[:, known]
        dense = np.where(np.isnan(dense), np.nanmedian(dense, axis=0), dense)
    largest = np.abs(dense).max(axis=0, initial=0.0)
    dense = dense - dense.mean(axis=0)
    spread = dense.std(axis=0)
    varies = spread > 1e-9 * np.maximum(1.0, largest)
    if varies.sum() < 2 or len(dense) < 3:
        return None
    dense = np.clip(dense[:, varies] / spread[varies], -EXTREME, EXTREME)
    solver = "full" if min(dense.shape) <= 200 else "randomized"
    with threadpool_limits(1, user_api="blas"):
        found = PCA(2, svd_solver=solver, random_state=seed)
        points = found.fit_transform(dense)
    heaviest = np.abs(found.components_).round(9).argmax(axis=1)
    signs = np.sign(found.components_[[0, 1], heaviest])
    shares = found.explained_variance_ratio_.tolist()
    return points * np.where(signs == 0, 1.0, signs), (shares[0], shares[1])


def embedded(facts: Facts, sample: Sample, allowance: Allowance) -> Embedding | None:
    """The sample's records in two dimensions; None where there is no time, or nothing that varies."""
    kept = _untaught(facts)
    n, columns = len(sample.places), int(kept.sum())
    if n < FEWEST or not columns or not allowance.pay(400.0 * n * columns / SPEED + 1e-3):
        return None
    found = principal_components(sample.rows[:, kept], facts.options.seed)
    if found is None:
        return None
    return Embedding(sample.places, found[0], found[1], columns, int((~kept).sum()))


def _untaught(facts: Facts) -> NDArray[np.bool_]:
    """Columns that have learnt nothing from labels; the others would draw the classes apart by themselves."""
    model = facts.result.model
    kept = np.ones(len(model.names), bool)
    if model.extractor is not None:
        # columns made elsewhere are a block after those of the terms, and have learnt nothing here
        for block, term in zip(Subject(model, None).blocks, model.extractor.terms, strict=False):
            kept[block.start : block.stop] = "labels" not in term.needs
    return kept


def embedding_figure(facts: Facts, found: Embedding) -> str:
    """The drawing, coloured by class or value, with the wrong ones ringed."""
    points = found.points
    spans = [(float(column.min()), float(column.max())) for column in points.T]
    edges = [(low - 0.03 * (high - low), high + 0.03 * (high - low)) for low, high in spans]
    axes = [f"component {i + 1} ({100 * share:.1f} % of the variance)" for i, share in enumerate(found.shares)]
    plot = Plot("The data in two dimensions", edges[0], edges[1], axes[0], axes[1], 640, 420)
    if facts.classifies:
        _by_class(plot, facts, found)
    else:
        _by_value(plot, facts, found)
    wrong = facts.wrong[found.places]
    plot.rings(points[wrong, 0], points[wrong, 1], "wrong, out of fold" if facts.classifies else "outside its 90 % interval")  # fmt: skip
    left = f" {found.left_out:,} columns that learn from labels are left out." if found.left_out else ""
    caption = (
        f"Each mark is one of {len(points):,} judged records, near to others that are alike in the {found.columns:,} standardised features of the "
        f"delivered model; {'classes' if facts.classifies else 'values'} that mix here may still differ in other directions.{left}"
    )
    return figure(plot.svg(), "Principal components", caption)


def _by_class(plot: Plot, facts: Facts, found: Embedding) -> None:
    truth = facts.truth[found.places]
    sizes = np.bincount(facts.truth, minlength=len(facts.classes))
    order = np.argsort(-sizes, kind="stable").tolist()
    if len(order) == 2:
        order = [0, 1]
    single = order[: COLOURED if len(order) > COLOURED + 1 else COLOURED + 1]
    rest = ~np.isin(truth, single)
    if len(order) > len(single):
        plot.marks(
            found.points[rest, 0],
            found.points[rest, 1],
            0,
            f"{len(order) - len(single)} other classes",
            "rest faint",
            2.2,
        )
    for i, c in enumerate(single):
        own = truth == c
        plot.marks(found.points[own, 0], found.points[own, 1], i, facts.classes[c], f"f{i} faint", 2.8)


def _by_value(plot: Plot, facts: Facts, found: Embedding) -> None:
    truth = facts.truth[found.places]
    edges = np.quantile(facts.truth, [0.2, 0.4, 0.6, 0.8])
    part = np.searchsorted(edges, truth, side="right")
    bounds = [float(facts.truth.min()), *edges.tolist(), float(facts.truth.max())]
    for i in range(5):
        own = part == i
        name = f"{bounds[i]:.3g} to {bounds[i + 1]:.3g}"
        plot.marks(found.points[own, 0], found.points[own, 1], 0, name, f"v{i}", 2.8)
