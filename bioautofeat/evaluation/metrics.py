"""Measures of predictions, each with a stated value where its formula has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import unknown

__all__ = [
    "CLASSIFICATION",
    "METRICS",
    "REGRESSION",
    "Metric",
    "confusion",
    "get_metric",
    "mcc_of",
    "own_metric",
    "score",
    "using",
    "usual_metrics",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """A measure.

    Parameters
    ----------
    name, title : str
    task : {"classification", "regression"}
    sees : {"classes", "probabilities", "values"}
        What it compares with the truth.
    sign : int
        1 where more is better, -1 where less is.
    bounds : tuple of float
        Lowest and highest value it can take.
    measure : callable
        ``measure(truth, prediction)``: truth as codes of classes (int) or values; prediction as codes, as
        probabilities of shape ``(n, classes)``, or as values.
    """

    name: str
    title: str
    task: str
    sees: str
    sign: int
    bounds: tuple[float, float]
    measure: Callable[[Array, Array], float]


def confusion(truth: Array, predicted: Array, n_classes: int | None = None) -> NDArray[np.int64]:
    """Counts of records by true (row) and predicted (column) class."""
    size = n_classes or int(max(truth.max(initial=0), predicted.max(initial=0))) + 1
    return np.bincount(truth * size + predicted, minlength=size * size).reshape(size, size)


def mcc_of(counts: Array) -> Array:
    """Matthews' correlation of confusion matrices, shape ``(..., classes, classes)``; 0 where one side is constant."""
    counts = counts.astype(np.float64)
    total = counts.sum(axis=(-2, -1))
    true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    hits = np.trace(counts, axis1=-2, axis2=-1)
    covariance = hits * total - (true * predicted).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (predicted**2).sum(axis=-1))
    return np.where(spread > 0, covariance / np.sqrt(np.where(spread > 0, spread, 1.0)), 0.0)


def _mcc(truth: Array, predicted: Array) -> float:
    return float(mcc_of(confusion(truth, predicted)))


def _accuracy(truth: Array, predicted: Array) -> float:
    return float(np.mean(truth == predicted)) if len(truth) else 0.0


def _recalls(counts: Array) -> Array:
    """Recall of each class that has a record."""
    true = counts.sum(axis=1)
    return np.asarray(counts.diagonal()[true > 0] / true[true > 0])


def _balanced_accuracy(truth: Array, predicted: Array) -> float:
    """Mean recall over the classes that have a record; a class without one is left out, not 0."""
    return float(_recalls(confusion(truth, predicted)).mean()) if len(truth) else 0.0


def _f1_macro(truth: Array, predicted: Array) -> float:
    """Mean F1 over the classes that are true or predicted for some record."""
    counts = confusion(truth, predicted)
    involved = counts.sum(axis=0) + counts.sum(axis=1)
    shown = involved > 0
    return float((2 * counts.diagonal()[shown] / involved[shown]).mean()) if shown.any() else 0.0


def _auc(truth: Array, probabilities: Array) -> float:
    """Area under the ROC curve: the chance that a record of a class scores above one of another, ties counted half.

    Of two classes the second; of more the mean of each against the rest, classes without records (or with all of
    them) left out; .5 where none is left.
    """
    from scipy.stats import rankdata

    n, n_classes = probabilities.shape
    columns = slice(1, 2) if n_classes == 2 else slice(None)
    present = np.bincount(truth, minlength=n_classes)[columns].astype(np.float64)
    ranks = rankdata(probabilities[:, columns], axis=0) if n else np.zeros((0, len(present)))
    first = 1 if n_classes == 2 else 0
    own = np.flatnonzero(truth >= first)
    sums = np.bincount(truth[own] - first, weights=ranks[own, truth[own] - first], minlength=len(present))
    judged = (present > 0) & (present < n)
    areas = (sums - present * (present + 1) / 2)[judged] / (present * (n - present))[judged]
    return float(areas.mean()) if len(areas) else 0.5


def _log_loss(truth: Array, probabilities: Array) -> float:
    """Mean negative logarithm of the true class's probability, which counts as at least 1e-15."""
    if not len(truth):
        return 0.0
    total = np.maximum(probabilities.sum(axis=1), 1e-15)
    own = probabilities[np.arange(len(truth)), truth] / total
    return float(-np.log(np.clip(own, 1e-15, 1.0)).mean())


def _r2(truth: Array, values: Array) -> float:
    """One less the share of the variance that is left; 0 where the truth is constant."""
    spread = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
    return 1.0 - float(((truth - values) ** 2).sum()) / spread if spread > 0 else 0.0


def _correlation(left: Array, right: Array) -> float:
    """Pearson's correlation; 0 where one side is constant."""
    left, right = left - left.mean(), right - right.mean()
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / spread if spread > 0 else 0.0


def _spearman(truth: Array, values: Array) -> float:
    from scipy.stats import rankdata

    return _correlation(rankdata(truth), rankdata(values)) if len(truth) else 0.0


def _pearson(truth: Array, values: Array) -> float:
    return _correlation(truth, values) if len(truth) else 0.0


def _rmse(truth: Array, values: Array) -> float:
    return float(np.sqrt(((truth - values) ** 2).mean())) if len(truth) else 0.0


def _mae(truth: Array, values: Array) -> float:
    return float(np.abs(truth - values).mean()) if len(truth) else 0.0


_inf = float("inf")
_rows = (
    Metric("mcc", "Matthews correlation", "classification", "classes", 1, (-1.0, 1.0), _mcc),
    Metric("acc", "accuracy", "classification", "classes", 1, (0.0, 1.0), _accuracy),
    Metric("balanced_acc", "balanced accuracy", "classification", "classes", 1, (0.0, 1.0), _balanced_accuracy),
    Metric("f1_macro", "macro F1", "classification", "classes", 1, (0.0, 1.0), _f1_macro),
    Metric("auc", "area under the ROC curve", "classification", "probabilities", 1, (0.0, 1.0), _auc),
    Metric("log_loss", "log loss", "classification", "probabilities", -1, (0.0, _inf), _log_loss),
    Metric("r2", "coefficient of determination", "regression", "values", 1, (-_inf, 1.0), _r2),
    Metric("spearman", "Spearman correlation", "regression", "values", 1, (-1.0, 1.0), _spearman),
    Metric("pearson", "Pearson correlation", "regression", "values", 1, (-1.0, 1.0), _pearson),
    Metric("rmse", "root mean squared error", "regression", "values", -1, (0.0, _inf), _rmse),
    Metric("mae", "mean absolute error", "regression", "values", -1, (0.0, _inf), _mae),
)
_known = {row.name: row for row in _rows}
_own: ContextVar[tuple[Metric, ...]] = ContextVar("own measures", default=())
"""The user's own measures, in the run that they were given to and nowhere else."""


class _Measures(Mapping[str, Metric]):
    """The house's measures, and the user's own while they are in use."""

    def __getitem__(self, name: str) -> Metric:
        return next((row for row in _own.get() if row.name == name), None) or _known[name]

    def __iter__(self) -> Iterator[str]:
        yield from (*_known, *(row.name for row in _own.get()))

    def __len__(self) -> int:
        return len(_known) + len(_own.get())


METRICS: Mapping[str, Metric] = _Measures()
"""All measures by name."""


@contextmanager
def using(metric: Metric | None) -> Iterator[None]:
    """Know a further measure by its name, in this thread, until the block ends; None for none."""
    token = _own.set(() if metric is None else (metric,))
    try:
        yield
    finally:
        _own.reset(token)


def own_metric(function: Callable[..., Any], task: str) -> Metric:
    """A function of the user's as a measure.

    Parameters
    ----------
    function : callable
        ``function(truth, probabilities)`` with the place of each record's class among the sorted classes, shape
        ``(n,)``, and probabilities of shape ``(n, classes)``; under regression ``function(truth, values)``.  It gives
        one number, larger is better.  The measure bears its ``__name__``.
    task : {"classification", "regression"}

    Raises
    ------
    ParameterError
        Where the name is that of a measure of the house.
    """
    name = str(getattr(function, "__name__", type(function).__name__)).replace("<lambda>", "own_metric")
    if name in _known or name in _other_names:
        raise ParameterError(f"metric: the function is called {name!r}, as a metric of bioautofeat is; rename it")

    def measure(truth: Array, prediction: Array) -> float:
        whole = task == "regression" or len(np.unique(truth)) == prediction.shape[1]
        try:
            value = float(function(truth, prediction))
        except Exception as error:  # noqa: BLE001  # why: whatever the user's function raises is told by its name
            # what is judged on a part without some class may have no value there
            if not whole:
                return float("nan")
            raise ParameterError(f"metric {name!r} failed: {type(error).__name__}: {error}") from None
        if whole and not np.isfinite(value):
            raise ParameterError(f"metric {name!r} gave {value} for {len(truth)} records; it must give a finite number")
        return value

    sees = "probabilities" if task == "classification" else "values"
    return Metric(name, name, task, sees, 1, (-_inf, _inf), measure)


CLASSIFICATION = ("mcc", "acc", "f1_macro", "auc", "log_loss", "balanced_acc")
REGRESSION = ("r2", "spearman", "rmse", "pearson", "mae")
"""The usual measures of each task, its default first."""

_other_names = {"accuracy": "acc", "f1": "f1_macro", "roc_auc": "auc", "logloss": "log_loss", "matthews": "mcc"}


def usual_metrics(task: str) -> tuple[str, ...]:
    """Names of the measures that are always told: the usual ones of a task, and the user's own."""
    usual = CLASSIFICATION if task == "classification" else REGRESSION
    return (*usual, *(row.name for row in _own.get() if row.task == task))


def get_metric(name: str, task: str) -> Metric:
    """The measure of that name (in any case); :class:`ParameterError` where the task has none of that name."""
    key = name.lower().replace("-", "_")
    usual = usual_metrics(task)
    key = name if name in usual else _other_names.get(key, key)
    if key not in usual:
        raise unknown(f"metric for {task}", name, usual)
    return METRICS[key]


def score(task: str, truth: Array, scores: Array, classes: Array | None = None) -> dict[str, float]:
    """All usual measures of a task.

    Parameters
    ----------
    task : {"classification", "regression"}
    truth : ndarray, shape (n,)
        Codes of classes, or values.
    scores : ndarray, shape (n, classes) or (n,)
        Probabilities, or values.
    classes : ndarray of int, shape (n,), optional
        Predicted codes; the most probable class by default.
    """
    if task == "regression":
        return {name: METRICS[name].measure(truth, scores) for name in usual_metrics(task)}
    predicted = scores.argmax(axis=1) if classes is None else classes
    seen = {"classes": predicted, "probabilities": scores}
    return {name: METRICS[name].measure(truth, seen[METRICS[name].sees]) for name in usual_metrics(task)}
