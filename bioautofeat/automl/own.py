"""What experts bring along: estimators, folds, descriptors and measures of their own, checked before anything is fitted."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat import models
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.space import TABLES
from bioautofeat.errors import BioautofeatWarning, LabelError, ParameterError
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.families import parse
from bioautofeat.models.selection import selected
from bioautofeat.sequences import Sequences

__all__ = ["build_own", "checked_models", "given_folds", "makers_of", "travels", "with_own"]

Array = NDArray[Any]


def with_own(problem: Problem, given: Mapping[str, Any] | Sequence[str], splitter: Any, origin: str) -> Problem:
    """The problem with the user's own estimators and folds, and the metric tried once.

    Parameters
    ----------
    problem : Problem
    given : mapping of str to estimator, or sequence of str
    splitter : scikit-learn splitter or sequence of int, optional
    origin : str
        The file to name in a warning about folds that part related records.
    """
    problem = replace(problem, models=checked_models(given, problem.task))
    _check_tables(problem)
    _check_measure(problem)
    if splitter is None:
        return problem
    folds = given_folds(splitter, problem.truth, problem.groups, problem.classes)
    names, group = np.unique(problem.groups, return_inverse=True)
    reach = np.zeros((len(names), int(folds.max()) + 2), bool)
    reach[group, folds + 1] = True
    parted = np.flatnonzero(reach.sum(axis=1) > 1)
    if len(parted):
        shown = " and ".join(repr(problem.source.ids[row]) for row in np.flatnonzero(group == parted[0])[:2].tolist())
        warnings.warn(
            f"{origin}: the folds given part {len(parted)} groups of related records ({int(np.isin(group, parted).sum())} records, "
            f"e.g. {shown}); the estimate is that for records with relatives in training",
            BioautofeatWarning,
            stacklevel=3,
        )
    return replace(problem, folds=folds, judged=tuple(range(int(folds.max()) + 1)))


def checked_models(given: Mapping[str, Any] | Sequence[str] | None, task: str) -> dict[str, Any]:
    """The user's estimators by name; :class:`ParameterError` for one that cannot take part, with the reason.

    Parameters
    ----------
    given : mapping of str to estimator, or sequence of str, optional
        Names alone, or names with None, are those of models of the registry.
    task : {"classification", "regression"}
    """
    if given is None:
        return {}
    if isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given):
        given = dict.fromkeys(given)
    if not isinstance(given, Mapping):
        raise ParameterError(
            "models: give a dict of estimators by name, e.g. {'mine': LogisticRegression()}, or a list of names of ours"
        )
    known = {row.name for row in models.find(absent=True, square=True)}
    for name, estimator in given.items():
        if estimator is None:
            # the registry says what is wrong with a name, a task or a library
            models.get(name).build(task, {})
            continue
        reason = _unfit(estimator, task)
        if not isinstance(name, str) or not name.strip():
            reason = "the name must be a text that is not empty"
        elif name in known:
            reason = "bioautofeat has a model of that name; choose another"
        if reason:
            raise ParameterError(f"models: {name!r}: {reason}")
    return dict(given)


def _check_tables(problem: Problem) -> None:
    """Refuse a named model that works on similarities of sequences where there are none, or too many."""
    for name in problem.models:
        if name not in TABLES:
            continue
        most = models.get(name).rows
        if not isinstance(problem.source, Sequences):
            raise ParameterError(f"models: {name!r} compares sequences, and a table has none")
        if most is not None and len(problem) > most:
            raise ParameterError(f"models: {name!r} is for at most {most:,} records, these are {len(problem):,}")


def _unfit(estimator: Any, task: str) -> str:
    """Why an estimator cannot take part; empty where it can."""
    from sklearn.base import is_classifier, is_regressor

    from bioautofeat.models.convert import no_safe_form

    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        return f"{estimator!r} is no scikit-learn estimator (an object with fit and get_params)"[:200]
    suits = is_classifier(estimator) if task == "classification" else is_regressor(estimator)
    if not suits:
        return f"{type(estimator).__name__} is no estimator for {task}"
    if not models.can_export(estimator):
        return no_safe_form(estimator)
    return ""


def build_own(problem: Problem, name: str, seed: int, selection: models.Selection | None = None) -> Any:
    """A fresh copy of one of the user's estimators, seeded, with gaps filled before it where it takes none.

    A seed that the user has set is kept.

    Parameters
    ----------
    problem : Problem
    name : str
    seed : int
    selection : Selection, optional
        Which columns it sees.
    """
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline
    from sklearn.utils import get_tags

    estimator = clone(problem.models[name])
    unset = [
        key
        for key, value in estimator.get_params(deep=True).items()
        if key.rpartition("__")[2] == "random_state" and value is None
    ]
    estimator.set_params(**dict.fromkeys(sorted(unset), seed))
    gaps = problem.table is not None and bool(np.isnan(problem.table.values).any())
    if gaps and not get_tags(estimator).input_tags.allow_nan:
        from bioautofeat.models.estimators.prepare import FillMissing

        estimator = Pipeline([("fill", FillMissing()), ("model", estimator)])
    if selection is None:
        return estimator
    # the user's own steps stay together, whatever they are called
    estimator = Pipeline([("own", estimator)])
    return selected(estimator, selection, bool(problem.classes), seed, problem.threads)


def given_folds(splitter: Any, truth: Array, groups: Array, classes: Sequence[str]) -> NDArray[np.int64]:
    """Fold of each record by the user's own split, from 0 on; -1 for one that is always in training.

    Parameters
    ----------
    splitter : scikit-learn splitter, or sequence of int, length n
        Numbers as of ``PredefinedSplit``: records of one number are held out together, those of -1 never.
    truth, groups : ndarray, shape (n,)
    classes : sequence of str

    Raises
    ------
    ParameterError
        For folds that overlap, are fewer than two, or leave a training part of other records than all the rest.
    LabelError
        Where the training part of a fold lacks a class.
    """
    n = len(truth)
    if hasattr(splitter, "split") and not isinstance(splitter, (str, np.ndarray)):
        folds = _split(splitter, truth, groups)
    else:
        folds = _numbers(splitter, n)
    names, codes = np.unique(folds[folds >= 0], return_inverse=True)
    if len(names) < 1 or (len(names) < 2 and not (folds < 0).any()):
        raise ParameterError("splitter: one fold only; records that are held out need others to train on")
    folds[folds >= 0] = codes
    for fold in range(len(names)):
        lacking = set(range(len(classes))) - set(truth[folds != fold].tolist()) if classes else set()
        if lacking:
            raise LabelError(
                f"splitter: fold {fold + 1} of {len(names)} holds every record of class {classes[min(lacking)]!r}; none is left to train on"
            )
    return folds


def _split(splitter: Any, truth: Array, groups: Array) -> NDArray[np.int64]:
    """Folds of a scikit-learn splitter."""
    n = len(truth)
    folds = np.full(n, -1, np.int64)
    name = type(splitter).__name__
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The groups parameter is ignored")
            parts = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(np.zeros((n, 1)), truth, groups)]
    except (ValueError, TypeError) as error:
        raise ParameterError(f"splitter: {name} cannot split these records: {error}") from None
    for fold, (train, held) in enumerate(parts):
        if (folds[held] >= 0).any():
            raise ParameterError(
                f"splitter: {name} holds a record out twice; give one that holds each out once, such as StratifiedGroupKFold"
            )
        if len(train) + len(held) != n or len(np.union1d(train, held)) != n:
            raise ParameterError(f"splitter: {name} trains on a part of the other records only; that is not supported")
        folds[held] = fold
    return folds


def _numbers(given: Any, n: int) -> NDArray[np.int64]:
    """Folds given as numbers."""
    try:
        numbers = np.asarray(given)
        whole = np.array(numbers, np.int64)
        sound = bool(np.all(whole == numbers))
    except (TypeError, ValueError, OverflowError):
        sound = False
    if not sound:
        raise ParameterError("splitter: neither a scikit-learn splitter nor whole numbers, one a record")
    if whole.shape != (n,):
        raise ParameterError(f"splitter: {whole.size} fold numbers of shape {whole.shape} for {n} records")
    return np.where(whole < 0, -1, whole)


def _check_measure(problem: Problem) -> None:
    """Compute the metric once on made-up predictions, so that a measure that fails does so at once."""
    rng = np.random.default_rng(0)
    n, classes = len(problem), problem.n_classes
    if classes:
        made_up = rng.dirichlet(np.ones(classes), n) * 0.5 + 0.5 * np.eye(classes)[problem.truth]
    else:
        made_up = problem.truth + rng.normal(size=n) * (float(problem.truth.std()) or 1.0)
    metric = METRICS[problem.metric]
    if metric.sees != "classes":
        metric.measure(problem.truth, made_up)


def makers_of(specs: Sequence[str]) -> tuple[Callable[..., Any], ...]:
    """Functions of descriptors that are none of ours, so that another process can be told of them."""
    rows = [parse(spec).descriptor.build for spec in specs if not str(spec).startswith("@")]
    return tuple(build for build in rows if build.__module__.partition(".")[0] != "bioautofeat")


def travels(*things: Any) -> bool:
    """Whether things of the user can be handed to another process: not where a script or a notebook defines them."""
    try:
        return b"__main__" not in pickle.dumps(things, protocol=2)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
