"""From records or a table to a problem: labels checked, groups found, folds made, and what is odd said once."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit import Audit, Part, TestAudit, audit
from bioautofeat.audit.copies import identical_groups
from bioautofeat.audit.part import check_classes, class_codes, label_numbers, label_values, warn_of_rare
from bioautofeat.audit.rows import RowsAudit, audit_rows, require_row_labels, table_findings
from bioautofeat.automl.own import makers_of, with_own
from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.errors import BioautofeatWarning, LabelError, TableError
from bioautofeat.evaluation.metrics import CLASSIFICATION, REGRESSION, get_metric
from bioautofeat.evaluation.splits import groups_per_stratum, keys_of_rows, split_groups, strata_of_values
from bioautofeat.io.joined import name_of
from bioautofeat.io.table_reader import warn_of_copies
from bioautofeat.table import FeatureTable

__all__ = ["FOLDS", "Options", "Prepared", "prepare_records", "prepare_table", "resplit"]

Array = NDArray[Any]
FOLDS = 5
RELATION_SECONDS = 4e-7
"""Seconds for each letter that the search for related records takes, at most."""


@dataclass(frozen=True)
class Options:
    """How a search is run; the names are those of the command line.

    Parameters
    ----------
    task : {"classification", "regression"}
    metric : str, optional
        By default Matthews' correlation, or R2.
    time_budget : float, optional
        Seconds of the whole command.
    trials : int, optional
        Number of models tried; the result is then the same on every machine.
    preset : {"fast", "balanced", "best"}
    descriptors : tuple of str
        Specs to which the search is restricted.
    groups : {"auto", "none"} or tuple of str
        Related records: found by shared words, not looked for, or a name for each record.
    memory_limit : int, optional
        Bytes.
    seed, threads : int
    nas : bool
        Whether neural networks, searched ones among them, take part (needs the extra ``[nas]``).
    strategy : str or type of Strategy
        How candidates are chosen after the first models: a name of ``bioautofeat.search.STRATEGIES``, or a class.
    splitter : scikit-learn splitter or sequence of int, optional
        Folds of the user's own; see :func:`bioautofeat.automl.own.given_folds`.
    models : mapping of str to estimator, or sequence of str
        Estimators of the user's own, and models of the registry by their names, that take part.
    signatures : bool, optional
        Whether small sets of features are looked for; by default in wide tables alone.
    """

    task: str = "classification"
    metric: str | None = None
    time_budget: float | None = None
    trials: int | None = None
    preset: str = "balanced"
    descriptors: tuple[str, ...] = ()
    groups: str | tuple[str, ...] = "auto"
    memory_limit: int | None = None
    seed: int = 0
    threads: int = 1
    strategy: Any = "tpe"
    nas: bool = False
    splitter: Any = None
    models: Mapping[str, Any] | Sequence[str] = field(default_factory=dict)
    signatures: bool | None = None

    @property
    def metric_name(self) -> str:
        """The metric asked for, or the task's default, checked."""
        usual = CLASSIFICATION if self.task == "classification" else REGRESSION
        return get_metric(self.metric or usual[0], self.task).name

    @property
    def by_clock(self) -> bool:
        """Whether decisions may look at the clock."""
        return self.trials is None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem, its test part and what the audit found.

    Parameters
    ----------
    problem : Problem
    audit : Audit or None
        None for a feature table.
    test : Part, FeatureTable or None
    test_truth : ndarray, optional
    findings : dict
        What ``audit.json`` holds.
    keys : ndarray of uint64
        Of the training records.
    own_folds : bool
        Whether the folds are the user's own, which are not made anew.
    rows : RowsAudit, optional
        What the audit of a test table found.
    """

    problem: Problem
    audit: Audit | None
    test: Part | FeatureTable | None
    test_truth: NDArray[Any] | None
    findings: dict[str, Any]
    keys: NDArray[np.uint64]
    own_folds: bool = False
    rows: RowsAudit | None = None

    @property
    def test_audit(self) -> TestAudit | RowsAudit | None:
        """What was found of the test part; None without one."""
        return self.rows if self.audit is None else self.audit.test

    @property
    def clean_test(self) -> NDArray[np.bool_] | None:
        """Test records that are no copy of a training record; None without a test part."""
        return None if self.test_audit is None else self.test_audit.clean


def _warn(message: str) -> None:
    warnings.warn(message, BioautofeatWarning, stacklevel=3)


def prepare_records(training: Part, test: Part | None, options: Options) -> Prepared:
    """The problem that labelled sequences pose.

    Raises
    ------
    LabelError
        For labels that no model can be trained or judged on.
    """
    labels = training.require_labels()
    classes, truth = _truth(labels, training.sequences.ids, training.origin, options.task)
    test_truth = None
    if test is not None and test.labels:
        test_truth = _test_truth(test.require_labels(), test.sequences.ids, classes, test.origin)
    found = audit(
        training, test, task=options.task, relations=options.groups == "auto" and _affordable(training, options)
    )
    _refuse_one_sequence(found, training)
    _report_copies(found, training, test)
    groups, strata = _groups(options, found, truth, training.origin), _strata(truth, classes)
    folds = np.zeros(len(truth), np.int64)
    if options.splitter is None:
        groups = _splittable(groups, found.identical, strata, classes, training.origin)
        n_folds = _folds(strata, groups, labels if classes else (), training.origin)
        folds = split_groups(strata, groups, n_folds, found.keys, options.seed)
    problem = Problem(
        training.sequences, truth, classes, groups, folds, tuple(range(int(folds.max()) + 1)), options.metric_name, options.seed,
        options.threads, _columns_beside(training, test), makers=makers_of(options.descriptors),
    )  # fmt: skip
    problem = with_own(problem, options.models, options.splitter, training.origin)
    return Prepared(problem, found, test, test_truth, found.as_dict(), found.keys, options.splitter is not None)


def _columns_beside(training: Part, test: Part | None) -> TableSource | None:
    """Columns made elsewhere that stand beside the sequences; those without any value are left out."""
    if training.features is None:
        return None
    file = name_of(training.features)
    values, names = _usable_columns(training.features, file)
    warn_of_copies(file, values, names, training.labels)
    if test is not None:
        if test.features is None:
            raise TableError(f"{test.file}: the training records have columns of {file}, the test records have none")
        lacking = [name for name in names if name not in set(test.features.names)]
        if lacking:
            raise TableError(f"{name_of(test.features)}: the column {lacking[0]!r} is missing for the test records")
    # in the precision that models are fitted in: embeddings are wide
    return TableSource(values.astype(np.float32), names, training.sequences.ids)


def _affordable(training: Part, options: Options) -> bool:
    """Whether related records can be looked for in a quarter of the time; the answer does not depend on the machine."""
    seconds = RELATION_SECONDS * training.sequences.n_letters
    if options.time_budget is None or seconds <= options.time_budget / 4:
        return True
    _warn(
        f"{training.file}: related records are not looked for: it would take about {seconds:.0f} s of {options.time_budget:.0f} s; "
        "give --groups FILE or more time, or the estimate may be too good"
    )
    return False


def resplit(prepared: Prepared, n_folds: int, hold_out: bool = False) -> Problem:
    """The problem with other folds, or with the first of them held out and no other judged; folds of the user's own stay."""
    old = prepared.problem
    if prepared.own_folds:
        return old
    strata = _strata(old.truth, old.classes)
    folds = split_groups(strata, old.groups, n_folds, prepared.keys, old.seed)
    judged = (0,) if hold_out else tuple(range(n_folds))
    return replace(old, folds=folds, judged=judged)


def _truth(labels: Sequence[str], ids: Sequence[str], origin: str, task: str) -> tuple[tuple[str, ...], Array]:
    if task == "regression":
        return (), label_values(labels, ids, origin)
    classes = check_classes(labels, origin)
    return classes, class_codes(labels, classes)


def _test_truth(labels: Sequence[str], ids: Sequence[str], classes: tuple[str, ...], origin: str) -> Array:
    """Truth of the test part; classes that training has not seen are refused, missing ones named."""
    return _known_codes(labels, classes, origin) if classes else label_numbers(labels, ids, origin)


def _known_codes(labels: Sequence[str], classes: tuple[str, ...], origin: str) -> Array:
    strange = sorted(set(labels) - set(classes))
    if strange:
        raise LabelError(f"{origin}: class {strange[0]!r} of the test part does not occur in the training part")
    absent = sorted(set(classes) - set(labels))
    if absent:
        _warn(
            f"{origin}: no test record has the class {', '.join(map(repr, absent[:5]))}; it is left out of the test's means"
        )
    return class_codes(labels, classes)


def _refuse_one_sequence(found: Audit, training: Part) -> None:
    if len(np.unique(found.identical)) == 1:
        raise LabelError(
            f"{training.origin}: all {found.records} records have the same sequence (identical): there is nothing to learn from"
        )


def _report_copies(found: Audit, training: Part, test: Part | None) -> None:
    """Warnings of what the audit found, one of each kind."""
    if found.duplicates:
        _warn(f"{training.file}: {found.duplicates} records are identical to earlier ones; they stay in one fold")
    if found.conflicts:
        ids = " and ".join(repr(name) for name in found.conflict_ids[0][:3])
        _warn(f"{training.origin}: {found.conflicts} sequences stand under two labels, e.g. records {ids}")
    if test is None or found.test is None:
        return
    if found.test.exact.any():
        mine, theirs = found.test.copies[0]
        _warn(
            f"{test.file}: {int(found.test.exact.sum())} test records have the sequence of a training record, e.g. {mine!r} that of {theirs!r}; "
            "scores are given with and without copies"
        )
    shared = set(training.sequences.ids) & set(test.sequences.ids)
    if shared:
        _warn(f"{test.file}: {len(shared)} ids stand in the training part, too, e.g. {min(shared)!r}")


def _groups(options: Options, found: Audit, truth: Array, origin: str) -> NDArray[np.int64]:
    if options.groups == "none":
        return np.arange(len(truth))
    if options.groups == "auto":
        return found.group
    return _named_groups(options.groups, len(truth), origin)


def _named_groups(groups: str | tuple[str, ...], n: int, origin: str) -> NDArray[np.int64]:
    """Groups by the name that each record is given."""
    if isinstance(groups, str) or len(groups) != n:
        given = repr(groups) if isinstance(groups, str) else f"{len(groups)} names"
        raise LabelError(f"{origin}: groups: {given} for {n} records; give auto, none or a name for each record")
    return identical_groups(np.array(groups))


def _strata(truth: Array, classes: tuple[str, ...]) -> NDArray[np.int64]:
    return truth.astype(np.int64) if classes else strata_of_values(truth, min(10, max(2, len(truth) // 20)))


def _splittable(
    groups: Array, identical: Array, strata: Array, classes: tuple[str, ...], origin: str
) -> NDArray[np.int64]:
    """Groups that folds can be made of; where one would swallow a class or half of all, identical records alone stay together."""
    sizes = np.bincount(np.unique(groups, return_inverse=True)[1])
    largest = int(sizes.max())
    if largest > len(groups) / 2 and len(np.unique(identical)) > len(sizes):
        _warn(
            f"{origin}: {largest} of {len(groups)} records are related to each other; no split can keep them together, "
            "so the estimate is that for records with relatives in training"
        )
        return identical
    alone = np.flatnonzero(groups_per_stratum(strata, groups) == 1) if classes else np.empty(0, np.int64)
    if not len(alone):
        return groups
    _warn(
        f"{origin}: all records of class {classes[alone[0]]!r} are related; only identical ones of them are kept in one fold"
    )
    separate = groups.copy()
    inside = np.isin(strata, alone)
    separate[inside] = identical[inside] + groups.max() + 1
    return separate


def _folds(strata: Array, groups: Array, labels: Sequence[str], origin: str) -> int:
    """Number of folds: five, or as many as the rarest class has groups."""
    if not labels:
        n_folds = min(FOLDS, len(np.unique(groups)))
    else:
        n_folds = int(min(FOLDS, groups_per_stratum(strata, groups).min()))
        if n_folds < 2:
            rare = Counter(labels).most_common()[-1][0]
            raise LabelError(f"{origin}: class {rare!r} has a single sequence; at least 2 different ones are needed")
        warn_of_rare(labels, n_folds, FOLDS, origin)
    if n_folds < 2:
        raise LabelError(f"{origin}: all records are one group; a model of them cannot be judged")
    return n_folds


def prepare_table(
    table: FeatureTable, test: FeatureTable | None, options: Options, file: str, test_file: str = ""
) -> Prepared:
    """The problem that a labelled feature table poses.

    Raises
    ------
    LabelError, TableError
        For labels or columns that no model can be trained on.
    """
    if not table.labels or None in table.labels:
        raise LabelError(f"{file}: a label is missing; the table needs a column label, filled in every row")
    labels = [str(label) for label in table.labels]
    classes, truth = _truth(labels, table.ids, file, options.task)
    values, names = _usable_columns(table, file)
    keys = keys_of_rows(values)
    findings = table_findings(keys, labels if classes else (), table.ids, file) | {"columns": len(names)}
    strata, identical = _strata(truth, classes), identical_groups(keys)
    groups = np.arange(len(truth)) if options.groups == "none" else identical
    if options.groups not in ("auto", "none"):
        groups = _named_groups(options.groups, len(truth), file)
    folds = np.zeros(len(truth), np.int64)
    if options.splitter is None:
        groups = _splittable(groups, identical, strata, classes, file)
        n_folds = _folds(strata, groups, labels if classes else (), file)
        folds = split_groups(strata, groups, n_folds, keys, options.seed)
    source = TableSource(values, names, table.ids)
    problem = Problem(
        source, truth, classes, groups, folds, tuple(range(int(folds.max()) + 1)), options.metric_name, options.seed,
        options.threads,
    )  # fmt: skip
    problem = with_own(problem, options.models, options.splitter, file)
    rows = None if test is None else audit_rows(source.values, names, table.ids, test, test_file)
    test_truth = None
    if test is not None and test.labels:
        test_truth = _test_truth(require_row_labels(test, test_file), test.ids, classes, test_file)
    findings |= {} if rows is None else {"test": rows.as_dict()}
    return Prepared(problem, None, test, test_truth, findings, keys, options.splitter is not None, rows)


def _usable_columns(table: FeatureTable, file: str) -> tuple[Array, tuple[str, ...]]:
    """Columns that hold something; what does not fit single precision is refused."""
    values = np.asarray(table.dense(), np.float64)
    if not values.shape[1]:
        raise TableError(f"{file}: the table has no column besides id and label")
    missing = np.isnan(values)
    known = np.asarray(~missing.all(axis=0))
    if not known.all():
        _warn(
            f"{file}: {int((~known).sum())} columns have no value in any row, e.g. {table.names[int(known.argmin())]!r}; they are left out"
        )
    large = np.flatnonzero((np.abs(np.where(missing, 0.0, values)) > 1e37).any(axis=0))
    if len(large):
        raise TableError(
            f"{file}: column {table.names[large[0]]!r} holds a value that is infinite or above 1e37, too large for single precision"
        )
    some = np.flatnonzero(missing.any(axis=0) & known)
    # whoever read a file has told of its gaps
    if len(some) and "table" not in table.metadata:
        _warn(
            f"{file}: {int(missing[:, some].sum())} values are missing, e.g. in column {table.names[some[0]]!r}; "
            "they are filled in by the other training rows, inside each fold"
        )
    if not known.any():
        raise TableError(f"{file}: no column holds a value")
    return values[:, known], tuple(name for name, kept in zip(table.names, known.tolist(), strict=True) if kept)
