"""Signatures: small sets of features that carry what a wide table knows, and sets that carry the same.

They are selected forward by tests of conditional independence (:mod:`bioautofeat.evaluation.forward`).  Among thousands
of features some pass any such test by chance; so the size of a signature is chosen by cross-validation, the smallest within
one standard error of the best.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.evaluation.estimate import intervals
from bioautofeat.evaluation.forward import Ranked, Rules, Selection, select
from bioautofeat.evaluation.metrics import get_metric
from bioautofeat.evaluation.probe import probe_classes, probe_values
from bioautofeat.io.output import replacing
from bioautofeat.io.text import quoted
from bioautofeat.table import FeatureTable

__all__ = ["Rules", "Signature", "signatures", "write_signatures"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Signature:
    """A set of features, and what sets so found are worth.

    Parameters
    ----------
    features : tuple of str
        The first to enter first.
    score, low, high : float
        Out-of-fold estimate with its 95 % interval.  In each fold signatures are selected anew on the other rows, and the
        one of the same rank is judged: it tells what the procedure gives, and no row helps to choose what it judges.
    metric : str
    support : tuple of float
        In which share of the folds each feature was selected, itself or as an equivalent.
    """

    features: tuple[str, ...]
    score: float
    low: float
    high: float
    metric: str = ""
    support: tuple[float, ...] = ()


def signatures(
    table: FeatureTable, y: Sequence[Any] | Array, task: str, folds: Array, seed: int = 0, rules: Rules | None = None
) -> list[Signature]:
    """Small, statistically equivalent sets of features of a table, each with its out-of-fold estimate.

    Parameters
    ----------
    table : FeatureTable
        May hold missing values; far more columns than rows are no trouble.
    y : sequence, length n
        Classes (of any kind), or values.
    task : {"classification", "regression"}
    folds : ndarray of int, shape (n,)
        Related rows in one fold.
    seed : int
        Of the bootstrap behind the intervals; everything else is determined.
    rules : Rules, optional

    Returns
    -------
    list of Signature
        The selected one first.  Without any dependence a list without entries.

    Notes
    -----
    A signature is judged by a linear discriminant (ridge regression) of the normal scores of its features, with all steps,
    the choice of its size included, inside the folds.
    Equivalents are equivalent as far as these rows can tell; with few rows that is not very far.
    """
    rules = rules or Rules()
    metric = get_metric(rules.metric or ("mcc" if task == "classification" else "r2"), task)
    truth = np.unique(np.asarray(y), return_inverse=True)[1] if task == "classification" else np.asarray(y, np.float64)
    folds, values = np.asarray(folds), np.asarray(table.dense(), np.float64)
    _check(values, truth, folds)
    judge = _Judge(values, truth, task, folds, rules)
    final = judge.selected(())
    if final is None:
        return []
    inner = {fold: judge.selected((fold,)) for fold in judge.names}
    held_by = [set() if part is None else {c for choice in part.choices for c in choice} for part in inner.values()]
    rows, known = [], {}
    for rank, columns in enumerate(final.signatures(rules.count)):
        scores, classes = judge.predictions(inner, rank)
        key = scores.tobytes()
        if key not in known:
            known[key] = intervals(task, truth, scores, classes, rules.groups, seed=seed)[metric.name]
        interval = known[key]
        support = tuple(float(np.mean([column in held for held in held_by])) for column in columns)
        names = tuple(table.names[column] for column in columns)
        rows.append(Signature(names, interval.value, interval.low, interval.high, metric.name, support))
    return rows


def _check(values: Array, truth: Array, folds: Array) -> None:
    if not len(values) == len(truth) == len(folds):
        raise TableError(f"{len(values)} rows, {len(truth)} targets and {len(folds)} folds do not go together")
    if len(np.unique(folds)) < 2:
        raise ParameterError("signatures: at least two folds are needed")
    if np.isinf(values).any():
        raise TableError("signatures: the table holds an infinite value")


class _Judge:
    """Selections without some folds, their sizes, and what they say of the rows of those folds."""

    def __init__(self, values: Array, truth: Array, task: str, folds: Array, rules: Rules) -> None:
        self.values, self.truth, self.task, self.folds, self.rules = values, truth, task, folds, rules
        self._ranked = Ranked(values)
        self.names: list[Any] = np.unique(folds).tolist()
        self.n_classes = int(truth.max()) + 1 if task == "classification" else 0
        self._steps: dict[frozenset[Any], list[Selection]] = {}
        self._known: dict[tuple[frozenset[Any], tuple[int, ...]], tuple[Array, Array]] = {}

    def steps(self, without: frozenset[Any]) -> list[Selection]:
        """The selection on the rows of all folds but some, step by step."""
        if without not in self._steps:
            kept = ~np.isin(self.folds, list(without))
            self._steps[without] = select(self._ranked, kept, self.truth, self.task, self.rules)
        return self._steps[without]

    def selected(self, without: tuple[Any, ...]) -> Selection | None:
        """The selection without some folds, of the size that does best on folds left out of it in turn."""
        steps = self.steps(frozenset(without))
        turns = [fold for fold in self.names if fold not in without]
        if len(steps) < 2 or len(turns) < 2:
            return steps[-1] if steps else None
        losses = np.concatenate([self._losses(without, fold, len(steps)) for fold in turns], axis=1)
        best = int(losses.mean(axis=1).argmin())
        beyond = losses[: best + 1] - losses[best]
        error = beyond.std(axis=1) / np.sqrt(losses.shape[1])
        return steps[int(np.flatnonzero(beyond.mean(axis=1) <= error)[0])]

    def _losses(self, without: tuple[Any, ...], fold: Any, size: int) -> NDArray[np.float64]:
        """Loss of each row of a fold after each step of the selection that does not see it, shape ``(size, rows)``."""
        out = frozenset((*without, fold))
        steps, truth, rows = self.steps(out), self.truth[self.folds == fold], []
        for step in range(size):
            columns = steps[min(step, len(steps) - 1)].signatures(1)[0] if steps else ()
            scores = self.said(out, columns)[0][self.folds == fold]
            if self.n_classes:
                rows.append(-np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-3)))
            else:
                rows.append((scores - truth) ** 2)
        return np.array(rows)

    def predictions(self, inner: Mapping[Any, Selection | None], rank: int) -> tuple[Array, Array | None]:
        """Probabilities and classes, or values and None, of all rows by the signatures of a rank (the last there is)."""
        scores = np.zeros((len(self.truth), self.n_classes) if self.n_classes else len(self.truth))
        classes = np.zeros(len(self.truth), np.int64)
        for fold, selection in inner.items():
            ranked = [()] if selection is None else selection.signatures(self.rules.count)
            held = self.folds == fold
            found = self.said(frozenset((fold,)), ranked[min(rank, len(ranked) - 1)])
            scores[held], classes[held] = found[0][held], found[1][held]
        return scores, classes if self.n_classes else None

    def said(self, without: frozenset[Any], columns: tuple[int, ...]) -> tuple[Array, Array]:
        """Scores and classes of all rows by a model of some columns, fitted without some folds."""
        key = (without, columns)
        if key not in self._known:
            held = np.isin(self.folds, list(without))
            features = _normal_scores(self.values[:, list(columns)], ~held)
            if not columns:
                self._known[key] = self._blank(~held)
            elif self.n_classes:
                self._known[key] = probe_classes(features, self.truth, held.astype(np.int64), self.n_classes)
            else:
                values = probe_values(features, self.truth, held.astype(np.int64))
                self._known[key] = values, np.zeros(len(held), np.int64)
        return self._known[key]

    def _blank(self, kept: Array) -> tuple[Array, Array]:
        """What is said without any feature: the shares of the classes, or the mean."""
        n, truth = len(kept), self.truth[kept]
        if not self.n_classes:
            return np.full(n, truth.mean()), np.zeros(n, np.int64)
        share = np.bincount(truth, minlength=self.n_classes) / len(truth)
        return np.tile(share, (n, 1)), np.full(n, share.argmax())


def _normal_scores(features: Array, kept: Array) -> NDArray[np.float64]:
    """Each column by its place among the kept rows, as a quantile of the normal distribution; 0 where missing."""
    from scipy.special import ndtri

    found = np.zeros(features.shape)
    for j, column in enumerate(features.T):
        known = np.sort(column[kept & ~np.isnan(column)])
        place = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
        share = (0.5 * place + 0.5) / (len(known) + 1)
        found[:, j] = np.where(np.isnan(column), 0.0, ndtri(share))
    return found


def write_signatures(path: str | Path, found: Sequence[Signature]) -> None:
    """Write ``signatures.csv``: one row a signature, its features and their support joined by blanks."""
    text = io.StringIO()
    text.write("signature,size,metric,score,low,high,features,support\n")
    for number, row in enumerate(found, 1):
        numbers = [f"{value:.6g}" for value in (row.score, row.low, row.high)]
        support = " ".join(f"{share:.3g}" for share in row.support)
        cells = [str(number), str(len(row.features)), row.metric, *numbers, " ".join(row.features), support]
        text.write(",".join(quoted(cells, ",")) + "\n")
    with replacing(str(path)) as stream:
        stream.write(text.getvalue().encode("utf-8"))
