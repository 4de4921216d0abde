"""The audit of feature tables: rows that stand twice, and a test table beside its training table."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit import copies
from bioautofeat.audit.shortcuts import table_shift_auc
from bioautofeat.errors import BioautofeatWarning, LabelError, TableError
from bioautofeat.evaluation.splits import keys_of_rows
from bioautofeat.table import FeatureTable

__all__ = ["RowsAudit", "audit_rows", "require_row_labels", "table_findings"]

Array = NDArray[Any]


@dataclass(frozen=True)
class RowsAudit:
    """What is wrong with a test table, beside its training table.

    Parameters
    ----------
    exact : ndarray of bool, shape (n,)
        Test rows whose cells are those of a training row.
    copies : tuple of (str, str)
        Some of them: id in the test part, id in the training part.
    same_ids : tuple of str
        Identifiers that stand in both parts, sorted.
    shift_auc : float, optional
        How well training and test rows are told apart; .5 for not at all.  None where it was too dear to find out.
    """

    exact: NDArray[np.bool_]
    copies: tuple[tuple[str, str], ...]
    same_ids: tuple[str, ...]
    shift_auc: float | None

    @property
    def clean(self) -> NDArray[np.bool_]:
        """Test rows that are no copy of a training row."""
        return ~self.exact

    def as_dict(self) -> dict[str, Any]:
        """The counts, as ``audit.json`` holds them."""
        counts = {"records": len(self.exact), "exact": int(self.exact.sum()), "clean": int(self.clean.sum())}
        shift = {} if self.shift_auc is None else {"shift_auc": self.shift_auc}
        return {**counts, "same_ids": len(self.same_ids), **shift}


def audit_rows(
    values: Array, names: Sequence[str], ids: Sequence[str], test: FeatureTable, test_file: str
) -> RowsAudit:
    """Look a test table over, and warn of what is odd, once of each kind.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Training rows.
    names : sequence of str, length d
    ids : sequence of str, length n
    test : FeatureTable
    test_file : str
        As the user named it.

    Raises
    ------
    TableError
        Where it lacks a column of the training table.
    """
    place = {name: column for column, name in enumerate(test.names)}
    lacking = [name for name in names if name not in place]
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise TableError(f"{test_file}: the column {lacking[0]!r}{more} of the training table is missing")
    rows = np.asarray(test.dense(), np.float64)[:, [place[name] for name in names]]
    keys, test_keys = keys_of_rows(values), keys_of_rows(rows)
    exact = copies.in_training(keys, test_keys)
    first = {key: row for row, key in reversed(list(enumerate(keys.tolist())))} if exact.any() else {}
    examples = [(test.ids[i], ids[first[int(test_keys[i])]]) for i in np.flatnonzero(exact)[:20].tolist()]
    shared = tuple(sorted(set(ids) & set(test.ids)))
    _report(exact, examples, shared, test_file)
    return RowsAudit(exact, tuple(examples), shared, table_shift_auc(values, rows, keys, test_keys))


def require_row_labels(test: FeatureTable, test_file: str) -> list[str]:
    """The labels of a test table; :class:`LabelError` naming a row without."""
    missing = [name for name, label in zip(test.ids, test.labels, strict=True) if label is None]
    if missing:
        raise LabelError(
            f"{test_file}: {len(missing)} of {len(test)} rows have no label, e.g. {missing[0]!r}; fill them in, or leave "
            "the column label out"
        )
    return [str(label) for label in test.labels]


def table_findings(keys: Array, labels: Sequence[str], ids: Sequence[str], file: str) -> dict[str, Any]:
    """What an audit of a table can find: rows that stand twice, and under two labels.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Of the rows.
    labels : sequence of str
        Classes; none under regression.
    ids : sequence of str, length n
    file : str
    """
    if len(np.unique(keys)) == 1:
        raise TableError(f"{file}: all rows are identical: every column is constant")
    repeats, clashes = copies.n_repeats(keys), copies.conflicting_rows(keys, labels) if labels else []
    if repeats:
        _warn(f"{file}: {repeats} rows are identical to earlier ones; they stay in one fold")
    if clashes:
        shown = " and ".join(repr(ids[i]) for i in clashes[0][:3].tolist())
        _warn(f"{file}: {len(clashes)} rows stand under two labels, e.g. {shown}")
    counts = dict(sorted(Counter(labels).items()))
    return {"records": len(ids), "duplicates": repeats, "conflicts": len(clashes), "classes": counts}


def _report(exact: Array, examples: Sequence[tuple[str, str]], shared: Sequence[str], test_file: str) -> None:
    if examples:
        mine, theirs = examples[0]
        _warn(
            f"{test_file}: {int(exact.sum())} test rows have the cells of a training row, e.g. {mine!r} those of {theirs!r}; "
            "scores are given with and without copies"
        )
    if shared:
        _warn(f"{test_file}: {len(shared)} ids stand in the training part, too, e.g. {shared[0]!r}")


def _warn(message: str) -> None:
    warnings.warn(message, BioautofeatWarning, stacklevel=3)
