"""Columns made elsewhere, such as embeddings: read from one or several tables and joined to records by id."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import BioautofeatWarning, TableError
from bioautofeat.io.table_reader import read_table
from bioautofeat.table import FeatureTable

__all__ = ["columns_beside", "name_of", "read_features", "rows_by_id", "warn_of_unused"]


def read_features(paths: Sequence[str]) -> FeatureTable:
    """One table of all columns of some files: csv, tsv, Parquet or npz with a column ``id``, as ``extract`` writes.

    Files of the same columns are parts of one table, one below the other; files of other columns stand beside them,
    joined by id.  Labels in them are not looked at.

    Parameters
    ----------
    paths : sequence of str

    Returns
    -------
    FeatureTable
        float64; NaN where a value is missing.  Of several tables side by side the ids that all have.

    Raises
    ------
    TableError
        For a file that cannot be read, an id that stands in two parts, a column that stands in two tables.
    """
    parts: dict[frozenset[str], list[FeatureTable]] = {}
    for path in paths:
        table = _read(path)
        parts.setdefault(frozenset(table.names), []).append(table)
    tables = [_below(same) for same in parts.values()]
    return tables[0] if len(tables) == 1 else _side_by_side(tables)


def name_of(table: FeatureTable) -> str:
    """The file of a table, for messages."""
    return str(table.metadata.get("table", "the features"))


def _read(path: str) -> FeatureTable:
    try:
        with open(path, "rb") as stream:
            packed = stream.read(4) == b"PK\x03\x04"
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror or error}") from None
    return _read_npz(path) if packed else read_table(path)


def _read_npz(path: str) -> FeatureTable:
    """A table as ``extract`` writes it: ``ids``, ``names``, and ``values`` or the parts of a CSR matrix."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise TableError(f"{path}: cannot be read as npz: {' '.join(str(error).split())}") from None
    if "ids" not in arrays or not ({"values"} <= set(arrays) or {"data", "indices", "indptr", "shape"} <= set(arrays)):
        held = ", ".join(sorted(arrays)[:6]) or "nothing"
        raise TableError(f"{path}: an npz table holds the arrays ids and values (and names); this one holds {held}")
    values, ids = _values(path, arrays), arrays["ids"].ravel().astype(str).tolist()
    if values.ndim != 2 or len(values) != len(ids):
        raise TableError(f"{path}: values of shape {values.shape} for {len(ids)} ids")
    names = arrays.get("names", np.array([f"feature_{j + 1}" for j in range(values.shape[1])]))
    double = _first_double(ids)
    if double is not None:
        raise TableError(f"{path}: the id {double!r} stands twice; make the ids unique")
    columns = tuple(names.ravel().astype(str).tolist())
    if len(columns) != values.shape[1]:
        raise TableError(f"{path}: {len(columns)} names for {values.shape[1]} columns")
    if len(set(columns)) < len(columns):
        raise TableError(f"{path}: the column {_first_double(columns)!r} stands twice")
    return FeatureTable(values, columns, tuple(ids), metadata={"table": path})


def _values(path: str, arrays: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    try:
        if "values" in arrays:
            return np.asarray(arrays["values"], np.float64)
        from scipy.sparse import csr_matrix

        parts = arrays["data"], arrays["indices"], arrays["indptr"]
        matrix = csr_matrix(parts, tuple(arrays["shape"].tolist()))
        matrix.check_format()
        return np.asarray(matrix.toarray(), np.float64)
    except (ValueError, TypeError, IndexError) as error:
        raise TableError(f"{path}: the values are no table of numbers: {error}") from None


def _first_double(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _below(tables: list[FeatureTable]) -> FeatureTable:
    """Tables of the same columns, one below the other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    home: dict[str, str] = {}
    rows = []
    for table in tables:
        for name in table.ids:
            if name in home:
                raise TableError(f"{name_of(table)}: the id {name!r} stands in {home[name]}, too; keep one row")
            home[name] = name_of(table)
        place = {name: j for j, name in enumerate(table.names)}
        rows.append(table.dense()[:, [place[name] for name in first.names]])
    file = f"{name_of(first)} and {len(tables) - 1} more"
    return FeatureTable(np.concatenate(rows), first.names, tuple(home), metadata={"table": file})


def _side_by_side(tables: list[FeatureTable]) -> FeatureTable:
    """Tables of other columns, joined by id; ids that one of them lacks are left out and named in the metadata."""
    home: dict[str, str] = {}
    for table in tables:
        for name in table.names:
            if name in home:
                raise TableError(f"{name_of(table)}: the column {name!r} stands in {home[name]}, too; rename one")
            home[name] = name_of(table)
    shared = set.intersection(*(set(table.ids) for table in tables))
    ids = tuple(name for name in tables[0].ids if name in shared)
    lacking = {}
    for table in tables:
        own = set(table.ids)
        lacking.update({name: name_of(table) for other in tables for name in other.ids if name not in own})
    values = np.hstack([_picked(table, ids) for table in tables])
    file = f"{name_of(tables[0])} and {len(tables) - 1} more"
    return FeatureTable(values, tuple(home), ids, metadata={"table": file, "lacking": lacking})


def _picked(table: FeatureTable, ids: Sequence[str]) -> NDArray[Any]:
    place = {name: i for i, name in enumerate(table.ids)}
    return np.asarray(table.dense()[[place[name] for name in ids]])


def rows_by_id(
    table: FeatureTable, ids: Sequence[str], records: str = "the records", *, repeats: bool = False
) -> FeatureTable:
    """The rows of some records, in their order.

    Parameters
    ----------
    table : FeatureTable
    ids : sequence of str, length n
    records : str
        The file of the records, for messages.
    repeats : bool
        Whether one id may stand for several records, as it does for variants of one.

    Raises
    ------
    TableError
        Where a record has no row, naming the first and how many, or an id stands twice.
    """
    double = None if repeats else _first_double(ids)
    if double is not None:
        raise TableError(
            f"{records}: the id {double!r} stands twice, so no row of {name_of(table)} can be told to be its own; make the ids unique"
        )
    place = {name: i for i, name in enumerate(table.ids)}
    missing = [name for name in ids if name not in place]
    if missing:
        file = table.metadata.get("lacking", {}).get(missing[0], name_of(table))
        raise TableError(
            f"{file}: no row for record {missing[0]!r} of {records}; {len(missing)} of {len(ids)} records have none; add them"
        )
    rows = table.dense()[[place[name] for name in ids]]
    return FeatureTable(np.asarray(rows), table.names, tuple(ids), metadata=table.metadata)


def warn_of_unused(table: FeatureTable, used: Iterable[str]) -> None:
    """One warning where rows of a table belong to no record."""
    known = set(used)
    unused = [name for name in table.ids if name not in known]
    if unused:
        warnings.warn(
            f"{name_of(table)}: {len(unused)} rows belong to no record, e.g. {unused[0]!r}; they are left out",
            BioautofeatWarning,
            stacklevel=3,
        )


def columns_beside(given: Any, ids: Sequence[str]) -> FeatureTable:
    """Columns for records as a caller has them: a path (or several), a table joined by id, or an array of their rows.

    Parameters
    ----------
    given : FeatureTable, path, sequence of paths, or array or data frame of shape (n, d)
        The rows of an array or a data frame are those of the records; the columns of an array are called ``feature_1``
        and so on.
    ids : sequence of str, length n

    Raises
    ------
    TableError
        For an array of another number of rows, values that are no numbers, and as :func:`rows_by_id`.
    """
    if isinstance(given, (str, os.PathLike)):
        given = [given]
    if isinstance(given, (list, tuple)) and given and all(isinstance(path, (str, os.PathLike)) for path in given):
        given = read_features([os.fspath(path) for path in given])
    if isinstance(given, FeatureTable):
        return rows_by_id(given, ids)
    names = tuple(str(name) for name in getattr(given, "columns", ()))
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise TableError("features: neither a FeatureTable, nor paths, nor an array of numbers") from None
    if values.ndim != 2 or len(values) != len(ids):
        raise TableError(
            f"features: an array of shape {values.shape} for {len(ids)} records; it needs one row a record"
        )
    names = names or tuple(f"feature_{j + 1}" for j in range(values.shape[1]))
    if len(set(names)) < len(names):
        raise TableError(f"features: the column {_first_double(names)!r} stands twice; rename or remove one")
    return FeatureTable(values, names, tuple(ids))
