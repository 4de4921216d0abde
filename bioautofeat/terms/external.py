"""Columns of a user's own table, such as the embeddings of a language model, joined by id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.properties import from_model_file
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term

__all__ = ["External", "read_columns"]


@dataclass(frozen=True, eq=False)
class _Content:
    """What a file holds: names of its columns, the row of each id, and the values."""

    columns: tuple[str, ...]
    rows: dict[str, int]
    values: NDArray[np.float64]


def _frame(file: str) -> Any:
    """The file as a data frame of polars, its first column as text."""
    import polars

    suffix = Path(file).name.removesuffix(".gz").rpartition(".")[2]
    if suffix not in ("csv", "tsv"):
        raise ParameterError(f"{file}: write a .csv or .tsv file (or .gz of one), the first column the ids")
    try:
        head = polars.read_csv(file, separator="\t" if suffix == "tsv" else ",", n_rows=0)
        kinds = dict.fromkeys(head.columns, polars.Float64) | {head.columns[0]: polars.String}
        return polars.read_csv(file, separator="\t" if suffix == "tsv" else ",", schema_overrides=kinds)
    except OSError as error:
        raise ParameterError(f"cannot read {file}: {error.strerror or 'no such file'}") from None
    except (polars.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: not a table of ids and numbers: {str(error).splitlines()[0]}") from None


@lru_cache(maxsize=8)
def _content(file: str, changed: tuple[int, int]) -> _Content:
    """The content of a file in one state; ``changed`` tells states apart."""
    frame = _frame(file)
    if frame.width < 2:
        raise TableError(f"{file}: it needs a column of ids and at least one of numbers")
    ids = frame.get_columns()[0].to_list()
    values = np.ascontiguousarray(frame[:, 1:].to_numpy().astype(np.float64))
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0].tolist()
        name = frame.columns[1 + column]
        raise TableError(f"{file}: record {ids[row]!r}, column {name!r}: every cell must be a finite number")
    rows = {name: row for row, name in enumerate(ids)}
    if len(rows) < len(ids):
        double = next(name for row, name in enumerate(ids) if rows[name] != row)
        raise TableError(f"{file}: id {double!r} stands in two rows")
    return _Content(tuple(frame.columns[1:]), rows, values)


def read_columns(file: str) -> _Content:
    """The columns of a file, read again only when the file has changed; never for a descriptor of a model file."""
    if from_model_file():
        raise ParameterError(f"{file}: a model file may not name a file to be read")
    try:
        state = Path(file).stat()
    except OSError as error:
        raise ParameterError(f"cannot read {file}: {error.strerror}") from None
    return _content(file, (state.st_mtime_ns, state.st_size))


def _names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Names as a table of features may hold them, distinct."""
    names = [re.sub(r"[^A-Za-z0-9_.+-]", "-", column) or "-" for column in columns]
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            names[place] = f"{name}.{place + 1}"
        seen.add(names[place])
    return tuple(names)


@dataclass(frozen=True)
class External(Term):
    """Columns of a file, joined by id; the file is read where rows are filled, so it may grow between fit and predict.

    Parameters
    ----------
    file : str
        A .csv or .tsv file (or .gz of one); ids in the first column, numbers in all others.
    columns : tuple of str
        The file's columns when the term was made; a file that no longer has them in this order is refused.
    """

    file: str
    columns: tuple[str, ...]
    shortest = 0  # what stands in the table has nothing to do with the letters
    portable = False

    @classmethod
    def of(cls, file: str) -> External:
        """The term of a file, read at once so that an error shows before anything else is done."""
        return cls(file, read_columns(file).columns)

    @property
    def width(self) -> int:
        return len(self.columns)

    def names(self) -> list[str]:
        return list(_names(self.columns))

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        content = read_columns(self.file)
        if content.columns != self.columns:
            raise TableError(f"{self.file}: its columns are no longer those that were there at first")
        missing = [name for name in seqs.ids if name not in content.rows]
        if missing:
            others = f" (and {len(missing) - 1} others of these records)" if len(missing) > 1 else ""
            raise TableError(f"{self.file}: no row for record {missing[0]!r}{others}; add it, or leave the record out")
        out[:] = content.values[[content.rows[name] for name in seqs.ids]]
