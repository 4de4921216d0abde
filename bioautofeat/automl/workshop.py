"""Where models are made: in the process that fits, whichever that is."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.problem import Problem
from bioautofeat.automl.store import Store
from bioautofeat.automl.trial import Candidate, seed_of
from bioautofeat.errors import ModelError

__all__ = ["Workshop"]

MOST_KEPT = 10
"""The models of the folds are kept of this many candidates."""

Array = NDArray[Any]


class Workshop:
    """Fits candidates on a problem.

    Parameters
    ----------
    problem : Problem
    folder : str, optional
        For tables that survive this process.
    tell : callable
        Told ``(what, number)`` after each step, so that someone may stop the work.
    """

    def __init__(
        self,
        problem: Problem,
        folder: str | None = None,
        tell: Callable[[str, float], None] = lambda what, number: None,
    ) -> None:
        self.problem = problem
        self.store = Store(problem, folder)
        self.tell = tell
        self.of_folds: OrderedDict[str, list[Any]] = OrderedDict()
        self._last: list[Any] = []

    def split(self, folds: Array, judged: tuple[int, ...]) -> None:
        """Other folds for the same data; tables that learn nothing are kept."""
        self.problem = replace(self.problem, folds=folds, judged=judged)
        self.of_folds.clear()
        self.store.renew(self.problem)

    def shape(self, candidate: Candidate) -> dict[str, float]:
        """Number of columns of a candidate's table, and the seconds that making it took (for one fold where it learns)."""
        started = time.monotonic()
        width = self.store.matrix(candidate.specs, self.problem.judged[0]).shape[1]
        return {"columns": width, "seconds": time.monotonic() - started}

    def timed(self, candidate: Candidate, values: Mapping[str, Any], rows: int) -> float:
        """Seconds of one fit with other values on the first rows of a fold's training part: a small round to predict from."""
        train = np.flatnonzero(self.problem.folds != self.problem.judged[0])[:rows]
        table = self.store.matrix(candidate.specs, self.problem.judged[0])
        started = time.monotonic()
        self._fit(candidate, {**candidate.values, **values}, table[train], train, 0)
        return time.monotonic() - started

    def cross_validate(self, candidate: Candidate) -> dict[str, Any]:
        """Out-of-fold predictions of the judged rows, and the loss of each fold."""
        problem = self.problem
        width = (max(1, problem.n_classes),)
        out = np.zeros((len(problem), *width), np.float64)
        fit_seconds = predict_seconds = 0.0
        self._last = []
        for fold in problem.judged:
            table = self.store.matrix(candidate.specs, fold)
            train, held = np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold)
            started = time.monotonic()
            predict = self._fit(candidate, candidate.values, table[train], train, fold + 1)
            fitted = time.monotonic()
            out[held] = predict(table[held])
            fit_seconds += fitted - started
            predict_seconds += time.monotonic() - fitted
            self.tell("fold", fold)
        self._keep(candidate)
        judged = out[problem.judged_rows].astype(np.float32)
        predictions = judged if problem.classes else judged[:, 0]
        fold_of = problem.folds[problem.judged_rows]
        return {
            "predictions": predictions,
            "fold_losses": [problem.loss(predictions, fold_of == fold) for fold in problem.judged],
            "fit_seconds": fit_seconds / len(problem.judged),
            "predict_seconds": predict_seconds / len(judged),
        }

    def _keep(self, candidate: Candidate) -> None:
        """Keep the models of the folds, should there be no time for one of all rows."""
        whole = len(self._last) == len(self.problem.judged) and not any(map(self.store.learns, candidate.specs))
        if whole:
            self.of_folds[candidate.key] = self._last
        while len(self.of_folds) > MOST_KEPT:
            self.of_folds.popitem(last=False)
        self._last = []

    def averaged(self, candidate: Candidate) -> dict[str, Any]:
        """The mean of the models of the folds, in place of one of all rows."""
        from bioautofeat.models.predictors.joined import Blend

        members = self.of_folds.get(candidate.key)
        if not members:
            raise ModelError("the models of the folds are not kept")
        share = np.full(len(members), 1.0 / len(members))
        return {"predictor": members[0] if len(members) == 1 else Blend(tuple(members), share)}

    def refit(self, candidate: Candidate) -> dict[str, Any]:
        """The candidate's model of all rows, as arrays (:class:`bioautofeat.models.Predictor`)."""
        from bioautofeat import models

        table = self.store.matrix(candidate.specs, None)
        estimator = self._build(candidate, candidate.values, 0)
        started = time.monotonic()
        self._limited(estimator.fit, table, self.problem.truth)
        return {"predictor": models.compiled(estimator), "fit_seconds": time.monotonic() - started}

    def _build(self, candidate: Candidate, values: Mapping[str, Any], part: int) -> Any:
        from bioautofeat import models

        seed = seed_of(self.problem.seed, candidate.key, part)
        return models.get(candidate.model).build(self.problem.task, values, seed=seed, threads=self.problem.threads)

    def _limited(self, fit: Callable[..., Any], table: Array, truth: Array) -> None:
        """Fit with one thread for matrix products, whose bits depend on the number of threads."""
        import warnings

        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
            # a model that has not converged is judged out of fold like any other
            warnings.simplefilter("ignore")
            fit(table, truth)

    def _fit(
        self, candidate: Candidate, values: Mapping[str, Any], table: Array, train: Array, part: int
    ) -> Callable[[Array], Array]:
        """A function from rows to probabilities over all classes of the problem, or to values of shape ``(n, 1)``."""
        from bioautofeat import models

        truth = self.problem.truth[train]
        n_classes, threads = self.problem.n_classes, self.problem.threads
        present = np.unique(truth) if n_classes else np.empty(0, np.int64)
        if n_classes and len(present) == 1:
            only = np.eye(n_classes)[present[0]]
            return lambda rows: np.repeat(only[None, :], len(rows), axis=0)
        estimator = self._build(candidate, values, part)
        self._limited(estimator.fit, table, truth)
        predictor = models.compiled(estimator)
        if part > 0 and (not n_classes or len(present) == n_classes):
            self._last.append(predictor)
        if not n_classes:
            return lambda rows: predictor.predict(rows, threads=threads)[:, None]

        def probabilities(rows: Array) -> Array:
            full = np.zeros((len(rows), n_classes))
            full[:, present] = predictor.predict_proba(rows, threads=threads)
            return full

        return probabilities
