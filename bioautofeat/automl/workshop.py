"""Where models are made: in the process that fits, whichever that is."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.own import build_own
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.store import Store
from bioautofeat.automl.trial import Candidate, seed_of
from bioautofeat.sequences import Sequences

if TYPE_CHECKING:
    from bioautofeat.nas.hunting import Hunted

__all__ = ["Workshop"]

FEW = 200
"""Rows of a fit that only loads what the timed one needs."""

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
    """

    def __init__(self, problem: Problem, folder: str | None = None) -> None:
        self.problem = problem
        self.store = Store(problem, folder)
        self.threads = problem.threads
        self.of_folds: OrderedDict[str, dict[int, Any]] = OrderedDict()

    def split(self, folds: Array, judged: tuple[int, ...]) -> None:
        """Other folds for the same data; tables that learn nothing are kept."""
        self.problem = replace(self.problem, folds=folds, judged=judged)
        self.of_folds.clear()
        self.store.renew(self.problem)

    def shape(self, candidate: Candidate) -> dict[str, float]:
        """Number of columns of a candidate's table, and the seconds that making it took (for one fold where it learns)."""
        self._use(self.problem.threads)
        started = time.monotonic()
        width = self.store.matrix(candidate.specs, self.problem.judged[0]).shape[1]
        return {"columns": width, "seconds": time.monotonic() - started}

    def _use(self, threads: int) -> None:
        """Work with so many threads from now on; what comes out does not depend on it."""
        self.threads = self.store.threads = threads

    def timed(self, candidate: Candidate, values: Mapping[str, Any], rows: int, threads: int) -> float:
        """Seconds of one fit with other values on so many rows of a fold's training part: a small round to predict from."""
        self._use(threads)
        train = np.flatnonzero(self.problem.folds != self.problem.judged[0])
        if rows < len(train):
            # a sample: files are often in order of classes, and a fit of one class takes no time
            train = self._share_of(train, rows / len(train))
        table = self.store.matrix(candidate.specs, self.problem.judged[0])
        few = train[:: max(1, len(train) // FEW)]
        for part in (few, train):  # the first fit loads the model's library
            started = time.monotonic()
            self._fit(candidate, {**candidate.values, **values}, table[part], part, 0)
        return time.monotonic() - started

    def fold(self, candidate: Candidate, fold: int, threads: int) -> dict[str, Any]:
        """Predictions of the records of one fold by a model of all the others, and what they cost."""
        self._use(threads)
        problem = self.problem
        table = self.store.matrix(candidate.specs, fold)
        train, held = np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold)
        started = time.monotonic()
        predict, predictor = self._fit(candidate, candidate.values, table[train], train, fold + 1)
        fitted = time.monotonic()
        predictions = predict(table[held]).astype(np.float32)
        self._keep(candidate, fold, predictor)
        return {
            "predictions": predictions if problem.classes else predictions[:, 0],
            "fit_seconds": fitted - started,
            "predict_seconds": time.monotonic() - fitted,
        }

    def screen(self, candidate: Candidate, fold: int, threads: int) -> float:
        """Loss on one fold of a model of a share of the other rows."""
        self._use(threads)
        problem = self.problem
        table = self.store.matrix(candidate.specs, fold)
        train, held = np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold)
        part = self._share_of(train, candidate.share)
        predict, _ = self._fit(candidate, candidate.values, table[part], part, fold + 1)
        predictions = predict(table[held])
        return problem.loss_of(predictions if problem.classes else predictions[:, 0], held)

    def hunt(self, seconds: float | None, trials: int | None) -> Hunted:
        """What a search for networks on the rows outside the first judged fold came to."""
        from bioautofeat.nas.hunting import Hunt, hunted
        from bioautofeat.nas.member import spec

        problem, source = self.problem, self.problem.source
        assert isinstance(source, Sequences)
        self._use(problem.threads)
        rows = np.flatnonzero(problem.folds != problem.judged[0])
        table = self.store.matrix((spec(int(source.lengths.max(initial=1))),), None)
        wanted = Hunt(seconds, trials, seed=problem.seed, threads=self.threads)
        return hunted(
            table[rows], problem.truth[rows], source.alphabet.name, wanted, n_classes=problem.n_classes,
            groups=problem.groups[rows].tolist(),
        )  # fmt: skip

    def _share_of(self, rows: NDArray[np.int64], share: float) -> NDArray[np.int64]:
        """A share of some rows, drawn from every class, in their order."""
        return np.sort(rows[_sampled(self.problem.truth[rows], share, self.problem.n_classes, self.problem.seed)])

    def _keep(self, candidate: Candidate, fold: int, predictor: Any) -> None:
        """Keep the models of the folds, should there be no time for one of all rows."""
        if predictor is None or any(map(self.store.learns, candidate.specs)):
            return
        self.of_folds.setdefault(candidate.key, {})[fold] = predictor
        self.of_folds.move_to_end(candidate.key)
        while len(self.of_folds) > MOST_KEPT:
            self.of_folds.popitem(last=False)

    def kept(self, candidate: Candidate) -> dict[int, Any]:
        """The models of the folds that were judged here, by fold, as far as they are kept."""
        return self.of_folds.get(candidate.key, {})

    def refit(self, candidate: Candidate, threads: int) -> dict[str, Any]:
        """The candidate's model of all rows, as arrays (:class:`bioautofeat.models.Predictor`)."""
        from bioautofeat import models

        self._use(threads)
        table = self.store.matrix(candidate.specs, None)
        estimator = self._build(candidate, candidate.values, 0)
        started = time.monotonic()
        self._limited(estimator.fit, table, self.problem.truth)
        return {"predictor": models.compiled(estimator), "fit_seconds": time.monotonic() - started}

    def _build(self, candidate: Candidate, values: Mapping[str, Any], part: int) -> Any:
        from bioautofeat import models

        seed = seed_of(self.problem.seed, candidate.key, part)
        method, _, columns = candidate.selection.partition(":")
        selection = models.Selection(method, int(columns)) if candidate.selection else None
        if self.problem.models.get(candidate.model) is not None:
            return build_own(self.problem, candidate.model, seed, selection)
        if candidate.model == "network":
            from bioautofeat.nas.member import NETWORK

            return NETWORK.build(self.problem.task, values, seed=seed)
        return models.get(candidate.model).build(
            self.problem.task, values, seed=seed, threads=self.threads, selection=selection
        )

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
    ) -> tuple[Callable[[Array], Array], Any]:
        """A function from rows to probabilities over all classes of the problem, or to values of shape ``(n, 1)``; and
        the predictor behind it, None where a class was missing."""
        from bioautofeat import models

        truth = self.problem.truth[train]
        n_classes, threads = self.problem.n_classes, self.threads
        present = np.unique(truth) if n_classes else np.empty(0, np.int64)
        if n_classes and len(present) == 1:
            only = np.eye(n_classes)[present[0]]
            return lambda rows: np.repeat(only[None, :], len(rows), axis=0), None
        estimator = self._build(candidate, values, part)
        self._limited(estimator.fit, table, truth)
        predictor = models.compiled(estimator)
        if not n_classes:
            return lambda rows: predictor.predict(rows, threads=threads)[:, None], predictor

        def probabilities(rows: Array) -> Array:
            full = np.zeros((len(rows), n_classes))
            full[:, present] = predictor.predict_proba(rows, threads=threads)
            return full

        return probabilities, predictor if len(present) == n_classes else None


def _sampled(truth: Array, share: float, n_classes: int, seed: int) -> Array:
    """Places of a share of the rows, of each class at least two."""
    rng = np.random.default_rng([seed, len(truth)])
    order = rng.permutation(len(truth))
    if not n_classes:
        return order[: max(20, int(share * len(truth)))]
    parts = [order[truth[order] == c] for c in range(n_classes)]
    return np.concatenate([part[: max(2, int(np.ceil(share * len(part))))] for part in parts])
