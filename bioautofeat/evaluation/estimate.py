"""What a selected model is worth: out-of-fold scores corrected for the selection that they steered.

Bootstrap bias correction (Tsamardinos, Greasidou and Borboudakis 2018, Machine Learning 107:1895): the whole
selection is repeated on bootstrap samples of the out-of-fold predictions and scored on the records left out,
at no cost of further fits.  Groups of related records are drawn whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.blend import MAX_MEMBERS, blend_classes, blend_values, log_losses, log_pool_classes, pooled
from bioautofeat.evaluation.calibration import Calibration, fit_decision
from bioautofeat.evaluation.metrics import METRICS, score
from bioautofeat.models.predictors.links import log_pooled

__all__ = [
    "BestOfMany",
    "ClassBlend",
    "Estimate",
    "Interval",
    "Selection",
    "ValueBlend",
    "bootstrap_groups",
    "estimate",
    "intervals",
    "uneven",
]

Array = NDArray[Any]
FEW = 50
"""Groups in effect, below which a bootstrap of groups is no small copy of the data."""

TAUGHT = 1.15
"""Factor of the spread for what no bootstrap of out-of-fold predictions can see: with other training records the models would be
others, and those of the folds share most of theirs, so that their errors go together (Bengio and Grandvalet 2004, JMLR 5:1089;
Bates, Hastie and Tibshirani 2024, JASA 119:1434).  ``python -m benchmarks coverage`` found the root mean square of the error
to be 1.14 (MCC, R2), 1.09 (AUC, Spearman) and 1.14 (log loss) times what the bootstrap says, over 81 fits."""

Outcome = tuple[Array, Array | None]
"""Probabilities (or values) of records, and their classes (None under regression)."""


@dataclass(frozen=True)
class Interval:
    """A measure with its uncertainty: value, 95 % interval and standard error."""

    value: float
    low: float
    high: float
    se: float

    def as_dict(self) -> dict[str, float]:
        """As ``metrics.json`` holds it."""
        return {"value": self.value, "low": self.low, "high": self.high, "se": self.se}


@dataclass(frozen=True)
class Estimate:
    """Corrected and naive measures of a selection.

    Parameters
    ----------
    corrected : mapping of str to Interval
    naive : mapping of str to Interval
        The same measures on the very records that steered the selection.
    repeats : int
        Number of bootstrap samples behind it.
    """

    corrected: Mapping[str, Interval]
    naive: Mapping[str, Interval]
    repeats: int


class Selection(ABC):
    """A way to a final prediction from the out-of-fold predictions of many models."""

    task: str
    truth: Array

    @abstractmethod
    def fit(self, rows: Array) -> Callable[[Array], Outcome]:
        """Select on some rows (which may repeat); the result predicts any rows."""


class BestOfMany(Selection):
    """The single model that does best by a metric.

    Parameters
    ----------
    predictions : ndarray, shape (models, n, classes) or (models, n)
    truth : ndarray, shape (n,)
    metric : str
    """

    def __init__(self, predictions: Array, truth: Array, metric: str) -> None:
        self.predictions, self.truth, self.metric = predictions, truth, METRICS[metric]
        self.task = self.metric.task

    def fit(self, rows: Array) -> Callable[[Array], Outcome]:
        truth = self.truth[rows]
        values = [
            self.metric.sign
            * self.metric.measure(truth, model if self.metric.sees != "classes" else model.argmax(axis=1))
            for model in self.predictions[:, rows]
        ]
        best = self.predictions[int(np.argmax(values))]
        return lambda wanted: (best[wanted], None if self.task == "regression" else best[wanted].argmax(axis=1))


class ClassBlend(Selection):
    """A blend of the models of least log loss, and the decision rule that suits a metric.

    Parameters
    ----------
    predictions : ndarray, shape (models, n, classes)
    truth : ndarray of int, shape (n,)
    metric : str
    calibration : Calibration
        Of the blend; one or three numbers, not refitted.
    losses : ndarray, shape (models, n), optional
        By which the best models are found; log losses by default.
    kinds : ndarray of int, shape (models,), optional
        Kind of each model.
    log : bool
        Whether it is a logarithmic pool.
    """

    task = "classification"

    def __init__(
        self, predictions: Array, truth: Array, metric: str, calibration: Calibration, losses: Array | None = None,
        kinds: Array | None = None, log: bool = False,
    ) -> None:  # fmt: skip
        self.predictions, self.truth = predictions, truth
        self.metric, self.calibration = metric, calibration
        self.losses = log_losses(predictions, truth) if losses is None else losses
        self.kinds, self.log = kinds, log

    def fit(self, rows: Array) -> Callable[[Array], Outcome]:
        weigh, join = (log_pool_classes, log_pooled) if self.log else (blend_classes, pooled)
        weights = weigh(self.predictions, self.truth, _thinned(rows), self.losses, self.kinds)
        members = np.flatnonzero(weights)
        blend = self.calibration.apply(join(self.predictions[members], weights[members]))
        rule = fit_decision(blend[rows], self.truth[rows], self.metric)
        return lambda wanted: (blend[wanted], rule.apply(blend[wanted]))


class ValueBlend(Selection):
    """A blend of the models of least squared error.

    Parameters
    ----------
    predictions : ndarray, shape (models, n)
    truth : ndarray, shape (n,)
    kinds : ndarray of int, shape (models,), optional
        Kind of each model.
    """

    task = "regression"

    def __init__(self, predictions: Array, truth: Array, kinds: Array | None = None) -> None:
        self.predictions, self.truth, self.kinds = predictions, truth, kinds

    def fit(self, rows: Array) -> Callable[[Array], Outcome]:
        weights = blend_values(self.predictions, self.truth, _thinned(rows), self.kinds)
        members = np.flatnonzero(weights)
        blend = pooled(self.predictions[members], weights[members])
        return lambda wanted: (blend[wanted], None)


def _thinned(rows: Array, most: int = 5_000) -> Array:
    """Every so-manieth row of many: a few weights need no more."""
    return rows[:: max(1, len(rows) // most)]


def bootstrap_groups(groups: Array, strata: Array, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Endless bootstrap samples: rows drawn (whole groups, as many from each stratum as it has), rows left out.

    A group belongs to the stratum of its first record.
    """
    names, first, group = np.unique(groups, return_index=True, return_inverse=True)
    members = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(group))])
    stratum = strata[first]
    parts = [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    sizes = np.diff(starts)
    while True:
        times = np.zeros(len(names), np.int64)
        for part in parts:
            times[part] = np.bincount(rng.integers(0, len(part), len(part)), minlength=len(part))
        of_row = np.repeat(times, sizes)
        yield np.repeat(members, of_row), members[of_row == 0]


def estimate(
    selection: Selection,
    groups: Array,
    *,
    seed: int = 0,
    repeats: int = 200,
    enough: Callable[[int], bool] = lambda done: False,
) -> Estimate:
    """Measures of what a selection gives, corrected for having been selected.

    The value is the mean over bootstrap samples of the score, on the groups left out, of what the sample
    selects.  Its spread joins two sources: the sampling of groups (a plain bootstrap of the final predictions)
    and the selection (how much the score on all records moves with what is selected).  It is no less than the
    scores on the groups left out say by theirs: the final predictions may be right on all records, where those of
    the samples are not.  A factor stands for the training (``TAUGHT``).

    Where a few groups hold most records (:func:`uneven`), a sample without one of them is no small copy of the data, and
    scores on what it leaves out are not those of all records.  There each record's predictions by the samples that left it
    out are averaged, and all records are scored together.

    Parameters
    ----------
    selection : Selection
    groups : ndarray of int, shape (n,)
        Related records, which stay together; one group each where nothing is related.
    seed, repeats : int
    enough : callable
        Told the number of samples done; True stops early (for a deadline).
    """
    truth, task = selection.truth, selection.task
    everything = np.arange(len(truth))
    final = selection.fit(everything)(everything)
    naive = score(task, truth, *final)
    samples = bootstrap_groups(groups, _strata(task, truth), np.random.default_rng(seed))
    outside, plain, selected, shares = [], [], [], []
    pooled_rows = _Pooled(final)
    for done in range(repeats):
        if enough(done):
            break
        drawn, left = next(samples)
        plain.append(score(task, truth[drawn], *_rows_of(final, drawn)))
        predict = selection.fit(drawn)
        if done % 4 == 0:
            selected.append(score(task, truth, *predict(everything)))
        if len(left) and (task == "regression" or len(np.unique(truth[left])) > 1):
            said = predict(left)
            outside.append(score(task, truth[left], *said))
            shares.append(len(left) / len(truth))
            pooled_rows.take(left, said)
    if uneven(groups) and outside:
        outside = [score(task, truth[pooled_rows.known], *pooled_rows.outcome())]
    n_groups = len(np.unique(groups))
    left_out = float(np.mean(shares)) if shares else 0.0
    corrected = {
        name: _corrected(name, value, n_groups, outside, plain, selected, left_out) for name, value in naive.items()
    }
    return Estimate(
        corrected, {name: _plain_interval(name, naive[name], plain, n_groups) for name in naive}, len(plain)
    )


def uneven(groups: Array) -> bool:
    """Whether a few groups hold most records: fewer than 50 in effect, and less than a tenth of their number."""
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    return bool(effective < min(FEW, 0.1 * len(sizes)))


class _Pooled:
    """Mean prediction of each record, and its most frequent class, over the samples that left it out."""

    def __init__(self, like: Outcome) -> None:
        self.scores = np.zeros_like(like[0], np.float64)
        self.times = np.zeros(len(self.scores))
        self.votes = None if like[1] is None else np.zeros(self.scores.shape)

    def take(self, rows: Array, outcome: Outcome) -> None:
        self.scores[rows] += outcome[0]
        self.times[rows] += 1
        if self.votes is not None and outcome[1] is not None:
            self.votes[rows, outcome[1]] += 1

    @property
    def known(self) -> NDArray[np.bool_]:
        """Records that were left out at least once."""
        return self.times > 0

    def outcome(self) -> Outcome:
        """Of the known records."""
        times = self.times[self.known]
        scores = self.scores[self.known] / (times[:, None] if self.scores.ndim == 2 else times)
        return scores, None if self.votes is None else self.votes[self.known].argmax(axis=1)


def _strata(task: str, truth: Array) -> Array:
    """Classes, or one stratum for all."""
    return truth if task == "classification" else np.zeros(len(truth), np.int64)


def _rows_of(outcome: Outcome, rows: Array) -> Outcome:
    scores, classes = outcome
    return scores[rows], None if classes is None else classes[rows]


def intervals(
    task: str,
    truth: Array,
    scores: Array,
    classes: Array | None,
    groups: Array | None = None,
    *,
    seed: int = 0,
    repeats: int = 200,
    enough: Callable[[int], bool] = lambda done: False,
) -> dict[str, Interval]:
    """The usual measures of given predictions with 95 % intervals, by bootstrap of records (or of groups).

    ``enough`` is told the number of samples done; True stops early (for a deadline).
    """
    outcome = scores, classes
    groups = np.arange(len(truth)) if groups is None else groups
    values = score(task, truth, *outcome)
    samples = bootstrap_groups(groups, _strata(task, truth), np.random.default_rng(seed))
    plain: Rows = []
    while len(plain) < repeats and not enough(len(plain)):
        drawn = next(samples)[0]
        plain.append(score(task, truth[drawn], *_rows_of(outcome, drawn)))
    return {name: _plain_interval(name, value, plain, len(np.unique(groups))) for name, value in values.items()}


Rows = list[dict[str, float]]


def _corrected(
    name: str, naive: float, n_groups: int, outside: Rows, plain: Rows, selected: Rows, left_out: float
) -> Interval:
    """One measure from its values outside the samples, of the final predictions, and of each selection."""
    left, drawn, chosen = (_known(rows, name) for rows in (outside, plain, selected))
    return _interval(METRICS[name].bounds, naive, n_groups, left, drawn, chosen, left_out, TAUGHT)


def _known(rows: Rows, name: str) -> NDArray[np.float64]:
    """Values of a measure; a user's own may have none on a sample that lacks a class."""
    values = np.array([row[name] for row in rows], np.float64)
    return values[np.isfinite(values)]


def _plain_interval(name: str, value: float, plain: Rows, n_groups: int) -> Interval:
    """A measure with the spread of its bootstrap."""
    drawn = _known(plain, name)
    return _interval(METRICS[name].bounds, value, n_groups, np.array([value]), drawn, np.zeros(len(drawn)))


def _interval(
    bounds: tuple[float, float], naive: float, n_groups: int, outside: Array, plain: Array, selected: Array,
    left_out: float = 0.0, factor: float = 1.0,
) -> Interval:  # fmt: skip
    """One measure from its values outside the samples, of the final predictions, and of each selection.

    ``left_out`` is the share of the records that the values outside are of: a part ``f`` drawn without replacement has
    a mean whose variance is ``(1 - f) / f`` times that of all records.  ``factor`` multiplies the spread.
    """
    value = float(outside.mean()) if len(outside) else naive
    sampling = float(plain.std()) if len(plain) > 1 else 0.0
    spread = float(np.hypot(sampling, selected.std())) if len(plain) > 1 else 0.0
    # a perfect score has no spread of its own: one wrong group in twice as many is still likely
    least = 0.5 / max(1, n_groups)
    seen = float(outside.std() * np.sqrt(left_out / (1.0 - left_out))) if len(outside) > 1 else 0.0
    spread = max(factor * spread, factor * seen, least)
    low, high = value - 1.96 * spread, value + 1.96 * spread
    if sampling > least:
        # the shape of the bootstrap (skewed near a bound), moved to the value and widened by the selection
        tails = np.quantile(plain, [0.025, 0.975]) - plain.mean()
        low, high = value + tails * (spread / sampling)
    return Interval(value, float(max(low, bounds[0])), float(min(high, bounds[1])), spread)


def reduced(predictions: Array, truth: Array, task: str, keep: int = 4 * MAX_MEMBERS) -> NDArray[np.int64]:
    """Places of the models worth giving to an estimate: those of least loss, in order of their places."""
    if task == "regression":
        loss = ((predictions - truth) ** 2).mean(axis=1)
    else:
        loss = -np.log(np.maximum(predictions[:, np.arange(len(truth)), truth], 1e-6)).mean(axis=1)
    return np.sort(np.argsort(loss.round(12), kind="stable")[:keep])
