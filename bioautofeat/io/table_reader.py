"""Reading tables of features: columns ``id``, numbers, ``label``; text (plain or compressed) or Parquet."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import BioautofeatWarning, FastaError, TableError
from bioautofeat.io.source import Source
from bioautofeat.table import FeatureTable

if TYPE_CHECKING:
    import polars

__all__ = ["read_table", "warn_of_copies"]

DELIMITERS = ",\t;"
MISSING = ("", "na", "nan", "n/a", "null", "none")
"""Cells, in any case, that hold no number."""

LARGEST = float(np.finfo(np.float32).max)
"""Trees compute in 32-bit numbers, in which a larger value would be infinite."""


def read_table(path: str) -> FeatureTable:
    """Read a table of features.

    Parameters
    ----------
    path : str
        csv, tsv or semicolon separated text in UTF-8, plain or compressed, or Parquet; told by content.
        The first row names the columns; ``id`` must be among them, ``label`` may be, all others are numbers.

    Returns
    -------
    FeatureTable
        float64; missing cells are NaN (with a warning).

    Raises
    ------
    TableError
        For a table that cannot be read, a column or an id that stands twice, text among numbers, and values that
        are infinite or too large for 32-bit numbers.
    """
    frame = _read_frame(Source(path))
    if "id" not in frame.columns:
        near = next((name for name in frame.columns if name.strip().lower() == "id"), None)
        hint = f"rename {near!r} to id" if near else "the first row must name the columns id, features, label"
        raise TableError(f"{path}: no column is named id; {hint}")
    ids = _texts(frame, "id")
    _check_ids(path, ids)
    labels = _texts(frame, "label") if "label" in frame.columns else []
    names = [name for name in frame.columns if name not in ("id", "label")]
    if not names:
        raise TableError(f"{path}: no column of features besides id and label")
    values = np.empty((len(ids), len(names)))
    for j, name in enumerate(names):
        values[:, j] = _numbers(path, frame[name], ids)
    _warn_of_gaps(path, values, names)
    shown = [label or None for label in labels]
    warn_of_copies(path, values, names, shown)
    return FeatureTable(values, tuple(names), tuple(ids), tuple(shown) if any(shown) else (), {"table": path})


def _read_frame(source: Source) -> polars.DataFrame:
    import polars

    try:
        source.check()
        with source.open() as stream:
            raw = stream.read()
    except FastaError as error:
        raise TableError(str(error)) from None
    if not raw.strip():
        raise TableError(f"{source.name}: the file is empty")
    try:
        if raw.startswith(b"PAR1"):
            return polars.read_parquet(io.BytesIO(raw))
        return _read_text(source.name, raw)
    except polars.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"{source.name}: the table cannot be read: {reason}") from None


def _read_text(path: str, raw: bytes) -> polars.DataFrame:
    import polars

    try:
        text = raw.decode("utf-8-sig").lstrip("\r\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TableError(f"{path}, line {line}: not UTF-8 text; save the table as UTF-8") from None
    head = text[: text.find("\n")] if "\n" in text else text
    if head.startswith(">"):
        raise TableError(f"{path}: this looks like FASTA, not a table; give it without --table")
    delimiter = max(DELIMITERS, key=head.count)
    names = [name.strip() for name in next(csv.reader([head.rstrip("\r")], delimiter=delimiter))]
    double = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if double is not None:
        raise TableError(f"{path}: two columns are named {double!r}; rename or remove one")
    _check_widths(path, text, delimiter, len(names))
    frame = polars.read_csv(io.BytesIO(text.encode()), separator=delimiter, infer_schema=False)
    frame.columns = names
    frame = frame.filter(~polars.all_horizontal(polars.all().is_null()))  # blank lines
    if not len(frame):
        raise TableError(f"{path}: no rows below the header")
    return frame


def _check_widths(path: str, text: str, delimiter: str, width: int) -> None:
    """Refuse a row with more or fewer cells than the header."""
    if '"' in text:
        rows = (
            (reader.line_num, len(row))
            for reader in [csv.reader(io.StringIO(text), delimiter=delimiter)]
            for row in reader
        )
    else:
        rows = ((i, line.count(delimiter) + 1 if line else 0) for i, line in enumerate(text.splitlines(), 1))
    for line, cells in rows:
        if cells not in (0, width):
            raise TableError(f"{path}, line {line}: {cells} cells, the header has {width}")


def _texts(frame: polars.DataFrame, name: str) -> list[str]:
    import polars

    return ["" if text is None else text.strip() for text in frame[name].cast(polars.String).to_list()]


def _check_ids(path: str, ids: Sequence[str]) -> None:
    if "" in ids:
        raise TableError(f"{path}, row {ids.index('') + 1}: the id is empty")
    if len(set(ids)) < len(ids):
        seen: dict[str, int] = {}
        for row, name in enumerate(ids, 1):
            if name in seen:
                raise TableError(f"{path}: the id {name!r} stands in rows {seen[name]} and {row}; make the ids unique")
            seen[name] = row


def _numbers(path: str, column: polars.Series, ids: Sequence[str]) -> NDArray[np.float64]:
    """A column as numbers, missing cells as NaN."""
    import polars

    if column.dtype == polars.String:
        text = column.str.strip_chars()
        text = text.set(text.str.to_lowercase().is_in(list(MISSING)), None)
        numbers = text.cast(polars.Float64, strict=False)
        wrong = (numbers.is_null() & text.is_not_null()).arg_true()
        if len(wrong):
            row = int(wrong[0])
            raise TableError(
                f"{path}, row {row + 1} (id {ids[row]!r}), column {column.name!r}: {text[row]!r} is not a number; "
                f"remove or encode the column ({len(wrong)} such cells)"
            )
    elif column.dtype.is_numeric() or column.dtype == polars.Boolean:
        numbers = column.cast(polars.Float64)
    else:
        raise TableError(f"{path}, column {column.name!r}: {column.dtype} is no kind of number; remove or encode it")
    values: NDArray[np.float64] = numbers.fill_null(float("nan")).to_numpy().astype(np.float64)
    large = np.flatnonzero(np.abs(values) > LARGEST)
    if len(large):
        row = int(large[0])
        raise TableError(
            f"{path}, row {row + 1} (id {ids[row]!r}), column {column.name!r}: {values[row]:g} is infinite in 32-bit numbers; "
            "rescale or clip the column"
        )
    return values


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _warn_of_gaps(path: str, values: NDArray[np.float64], names: Sequence[str]) -> None:
    """One warning about missing cells."""
    missing = np.isnan(values).sum(axis=0)
    if missing.any():
        columns = _listed([names[j] for j in np.flatnonzero(missing).tolist()])
        _warn(f"{path}: {int(missing.sum())} missing cells in column {columns}; models fill them in from training rows")


def warn_of_copies(path: str, values: NDArray[Any], names: Sequence[str], labels: Sequence[Any]) -> None:
    """Warn about columns that tell the label outright."""
    classes = {label: number for number, label in enumerate(dict.fromkeys(labels)) if label is not None}
    if not 2 <= len(classes) <= min(100, 2 * len(labels) // 3) or None in labels:
        return  # where hardly a label occurs twice, they are values, and any column of distinct values would match
    codes = np.array([classes[label] for label in labels])
    parts = [values[codes == code] for code in range(len(classes))]
    lowest = np.array([part.min(axis=0) for part in parts])
    # one value in each class (a missing one equals nothing), and another in every class
    alike = (lowest == np.array([part.max(axis=0) for part in parts])).all(axis=0)
    apart = (np.diff(np.sort(lowest, axis=0), axis=0) > 0).all(axis=0)
    copies = [names[j] for j in np.flatnonzero(alike & apart).tolist()]
    if copies:
        _warn(
            f"{path}: column {_listed(copies)} equals the label in every row: the answer may have leaked into the features"
        )


def _warn(message: str) -> None:
    warnings.warn(message, BioautofeatWarning, stacklevel=4)
