"""Labels of records: from their headers, or from a table with the columns ``id`` and ``label``."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bioautofeat.errors import BioautofeatWarning, FastaError, LabelError
from bioautofeat.io.source import Source

__all__ = ["TWICE", "read_groups", "read_labels"]

DELIMITERS = (",", "\t", ";")
MISSING_WORDS = frozenset({"na", "nan", "n/a", "null", "none"})
"""Texts that other programs take for a missing value; here they are the names of classes."""

TWICE = "labels are given twice, by CLASS=FILE inputs and by --labels; give them once"
"""What is said where that is so."""


@dataclass(frozen=True)
class _Row:
    """A row of a label table: its first line in the file, and what it says."""

    line: int
    name: str
    label: str
    stripped: bool


def read_labels(source: str, ids: Sequence[str], *, file: str) -> list[str | None]:
    """The label of each record, as text.

    Parameters
    ----------
    source : str
        ``"header"``: what follows the last ``|`` of the identifier; else a table (comma, tab or semicolon
        separated, UTF-8) whose first row names its columns, ``id`` and ``label`` among them.
    ids : sequence of str, length n
        Identifiers of the records, in order.
    file : str
        The sequence file, for messages.

    Returns
    -------
    list of (str or None), length n
        None where the table has no row for a record.

    Raises
    ------
    LabelError
        For a table that cannot be read, rows of unequal length, empty labels, one identifier under two labels,
        an identifier that several records bear, or a table in which no record is named.
    """
    return _from_headers(ids, file) if source == "header" else _from_table(source, ids, file, "label")


def read_groups(source: str, ids: Sequence[str], *, file: str) -> list[str]:
    """The group of each record; every record needs one.

    Parameters
    ----------
    source : str
        A table with the columns ``id`` and ``group``, or clusters as CD-HIT (``.clstr``) or MMseqs2 (representative,
        tab, member) write them; told by content.
    ids : sequence of str, length n
    file : str
        The sequence file, for messages.
    """
    found = _from_table(source, ids, file, "group")
    for name, group in zip(ids, found, strict=True):
        if group is None:
            raise LabelError(
                f"{source}: no row for record {name!r} of {file}; every record needs a group (cd-hit keeps whole ids with -d 0)"
            )
    return [group for group in found if group is not None]


def _from_table(source: str, ids: Sequence[str], file: str, column: str) -> list[str | None]:
    """The cells of a column, joined by id."""
    text = _text(source)
    rows = _cluster_rows(text, source) if column == "group" else None
    rows = list(_table_rows(text, source, column)) if rows is None else rows
    if not rows:
        raise LabelError(f"{source}: no rows below the header, so no {column} is known")
    labels = _joined(rows, source, column)
    _refuse_doubled(ids, source, file)
    known = set(ids)
    found = [labels.get(name) for name in ids]
    strangers = [name for name in labels if name not in known]
    if len(strangers) == len(labels):
        shown = ids[0] if ids else "none"
        raise LabelError(
            f"{source}: no id of it stands in {file}: its first id is {strangers[0]!r}, the first record is {shown!r}; "
            "write the ids as the first word of each header"
        )
    _warn_about(rows, strangers, source, file, column)
    return found


def _cluster_rows(text: str, source: str) -> list[_Row] | None:
    """The rows that another program's clusters stand for; None for a table with a header."""
    from bioautofeat.io.clusters import read_clusters

    head = next(line for line in text.splitlines() if line.strip())
    if any({"id", "group"} <= {cell.strip().lower() for cell in head.split(mark)} for mark in DELIMITERS):
        return None
    found = read_clusters(text, source)
    return None if found is None else [_Row(0, name, group, False) for name, group in found.items()]


def _from_headers(ids: Sequence[str], file: str) -> list[str | None]:
    labels: list[str | None] = []
    for name in ids:
        _, bar, label = name.rpartition("|")
        if not bar or not label:
            raise LabelError(
                f"{file}, record {name!r}: no label after a '|' in the id; write >{name.rstrip('|')}|CLASS, or give a table (--labels FILE)"
            )
        labels.append(label)
    return labels


def _text(source: str) -> str:
    """The text of a label table, or the reason why there is none."""
    try:
        with Source(source).open() as stream:
            raw = stream.read()
    except FastaError as error:
        raise LabelError(str(error)) from None
    except OSError as error:
        raise LabelError(
            f"{source}: cannot be read: {error.strerror or error}; give a table with the columns id and label, or 'header'"
        ) from None
    if not raw.strip():
        raise LabelError(f"{source}: the file is empty; write the columns id and label")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LabelError(f"{source}, line {line}: not UTF-8 text; save the table as UTF-8") from None
    if "\0" in text:
        raise LabelError(
            f"{source}, line {text[: text.index(chr(0))].count(chr(10)) + 1}: not a text file (it holds a zero byte)"
        )
    return text


def _columns(header: str, source: str, column: str) -> tuple[str, int, int, int]:
    """Delimiter, place of ``id``, place of the column and number of columns, from the first row."""
    for delimiter in DELIMITERS:
        cells = [cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter))]
        if "id" in cells and column in cells:
            for name in ("id", column):
                if cells.count(name) > 1:
                    raise LabelError(f"{source}, line 1: two columns are named {name!r}")
            return delimiter, cells.index("id"), cells.index(column), len(cells)
    shown = header if len(header) <= 60 else header[:57] + "..."
    raise LabelError(
        f"{source}, line 1: the header {shown!r} does not name the columns id and {column}; "
        f"begin the file with the row id,{column} (rows are joined by id, never by position)"
    )


def _table_rows(text: str, source: str, column: str) -> Iterator[_Row]:
    """Rows of a label table below its header; blank lines are left out."""
    body = text.lstrip("\r\n")
    above = len(text[: len(text) - len(body)].splitlines())
    text = body
    delimiter, id_at, label_at, width = _columns(text.splitlines()[0], source, column)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(reader)
        line = above + reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) != width:
                    raise LabelError(f"{source}, line {line}: {len(cells)} fields, the header has {width}")
                name, label = cells[id_at].strip(), cells[label_at].strip()
                if not name:
                    raise LabelError(f"{source}, line {line}: the id is empty")
                if not label:
                    raise LabelError(
                        f"{source}, line {line}: the {column} of {name!r} is empty; fill it in or remove the row"
                    )
                yield _Row(line, name, label, cells[label_at] != label or cells[id_at] != name)
            line = above + reader.line_num + 1
    except csv.Error as error:
        raise LabelError(f"{source}, line {above + reader.line_num}: {error}") from None


def _joined(rows: Sequence[_Row], source: str, column: str) -> dict[str, str]:
    """Label of each identifier of the table; two labels for one identifier are refused."""
    first: dict[str, _Row] = {}
    doubled = 0
    for row in rows:
        known = first.setdefault(row.name, row)
        if known.label != row.label:
            raise LabelError(
                f"{source}: {row.name!r} has two {column}s, {known.label!r} (line {known.line}) and {row.label!r} (line {row.line}); keep one"
            )
        doubled += known is not row
    if doubled:
        warnings.warn(
            f"{source}: {doubled} rows repeat an id with the same {column}; each counts once",
            BioautofeatWarning,
            stacklevel=4,
        )
    return {name: row.label for name, row in first.items()}


def _refuse_doubled(ids: Sequence[str], source: str, file: str) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise LabelError(
                f"{file}, record {name!r}: the id occurs twice, so {source} cannot say which record it labels; make the ids unique"
            )
        seen.add(name)


def _warn_about(rows: Sequence[_Row], strangers: Sequence[str], source: str, file: str, column: str) -> None:
    """One warning of each kind, with a count."""
    stripped = [row for row in rows if row.stripped]
    if stripped:
        warnings.warn(
            f"{source}, line {stripped[0].line}: {len(stripped)} rows have spaces around an id or a {column}; they were stripped",
            BioautofeatWarning,
            stacklevel=3,
        )
    if strangers:
        warnings.warn(
            f"{source}: {len(strangers)} ids stand for no record of {file}, e.g. {strangers[0]!r}; they are left out",
            BioautofeatWarning,
            stacklevel=3,
        )
    missing = sorted({row.label for row in rows if row.label.lower() in MISSING_WORDS})
    if missing and column == "label":
        warnings.warn(
            f"{source}: {missing[0]!r} is taken for the name of a class, not for a missing label; remove those rows if it means missing",
            BioautofeatWarning,
            stacklevel=3,
        )
