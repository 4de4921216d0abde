"""Writing tables of features, block by block: text, Parquet, npz and svmlight, chosen by suffix."""

from __future__ import annotations

import gzip
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import OutputError
from bioautofeat.io.output import replacing, writing
from bioautofeat.io.text import TextRows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from bioautofeat.table import FeatureTable

__all__ = ["FORMATS", "SPARSE_FORMATS", "Layout", "TableWriter", "open_writer", "table_format", "write_table"]

FORMATS = ("csv", "tsv", "csv.gz", "tsv.gz", "parquet", "npz", "svm")
SPARSE_FORMATS = ("npz", "svm")
"""Formats that hold a sparse table as such."""

GZIP_LEVEL = 4
"""Numbers as text hardly get smaller above it, but take several times as long."""


@dataclass(frozen=True)
class Layout:
    """What is known of a table before its first row.

    Parameters
    ----------
    names : tuple of str
        Columns of features.
    rows : int
    dtype : str
        ``float64`` or ``float32``.
    labelled : bool
        Whether there is a column of labels.
    classes : tuple of str
        The labels that occur, sorted, where a format needs them beforehand.
    id_length : int
        Characters of the longest id and label, where a format needs them beforehand.
    metadata : mapping
    """

    names: tuple[str, ...]
    rows: int
    dtype: str = "float64"
    labelled: bool = False
    classes: tuple[str, ...] = ()
    id_length: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)


class TableWriter(ABC):
    """Takes blocks of rows in order."""

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1) -> None:
        self.stream, self.layout, self.threads = stream, layout, threads

    @abstractmethod
    def write(
        self, ids: Sequence[str], values: NDArray[Any] | csr_matrix, labels: Sequence[str | None] | None = None
    ) -> None:
        """Add rows."""

    def close(self) -> None:  # noqa: B027  # why: most formats need no last word
        """Write what comes after the last row."""

    def abandon(self) -> None:  # noqa: B027  # why: most formats hold nothing
        """Let go of what is held; the file will be removed."""


class TextWriter(TableWriter):
    """Rows as separated text with a header, ``\\n`` after each; NaN is ``NaN``, an unknown label is empty."""

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1, *, separator: str = ",") -> None:
        super().__init__(stream, layout, threads)
        self.rows = TextRows(separator, threads)
        self.stream.write(self.rows.header(["id", *layout.names, *(["label"] if layout.labelled else [])]))

    def write(
        self, ids: Sequence[str], values: NDArray[Any] | csr_matrix, labels: Sequence[str | None] | None = None
    ) -> None:
        dense = values if isinstance(values, np.ndarray) else values.toarray()
        for piece in self.rows.format(ids, dense, labels if self.layout.labelled else None):
            self.stream.write(piece)


class GzipTextWriter(TextWriter):
    """The same, compressed; the bytes depend on the table alone."""

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1, *, separator: str = ",") -> None:
        packed = gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=stream, mtime=0)
        super().__init__(packed, layout, threads, separator=separator)  # type: ignore[arg-type]

    def close(self) -> None:
        self.stream.close()


def table_format(path: str | None, chosen: str | None = None) -> str:
    """The format of a table: chosen, told by the suffix, or CSV for standard output and devices."""
    if chosen is not None:
        return chosen
    if path is None or path == "-":
        return "csv"
    name = os.path.basename(path).lower()
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if name.endswith("." + suffix):
            return suffix
    if os.path.exists(path) and not os.path.isfile(path):
        return "csv"
    listed = ", ".join("." + suffix for suffix in FORMATS)
    raise OutputError(f"{path}: the suffix names no format; use one of {listed}, or --format")


def _writer(stream: IO[bytes], form: str, layout: Layout, threads: int) -> TableWriter:
    if form in ("csv", "tsv"):
        return TextWriter(stream, layout, threads, separator="," if form == "csv" else "\t")
    if form in ("csv.gz", "tsv.gz"):
        return GzipTextWriter(stream, layout, threads, separator="," if form == "csv.gz" else "\t")
    from bioautofeat.io.binary import NpzWriter, ParquetWriter, SvmWriter

    writers: dict[str, type[ParquetWriter | NpzWriter | SvmWriter]] = {
        "parquet": ParquetWriter,
        "npz": NpzWriter,
        "svm": SvmWriter,
    }
    return writers[form](stream, layout, threads)


@contextmanager
def _stream(path: str | None) -> Iterator[IO[bytes]]:
    if path is None or path == "-":
        with writing("standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
    else:
        with replacing(path) as stream:
            yield stream


@contextmanager
def open_writer(path: str | None, form: str, layout: Layout, threads: int = 1) -> Iterator[TableWriter]:
    """A writer whose file appears once all rows are written, and not at all when something goes wrong.

    Parameters
    ----------
    path : str, optional
        Standard output by default.
    form : str
        One of ``FORMATS``.
    layout : Layout
    threads : int
    """
    with _stream(path) as stream:
        writer = _writer(stream, form, layout, threads)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.abandon()
            raise


def write_table(table: FeatureTable, path: str, *, form: str | None = None, force: bool = False) -> None:
    """Write a table that is in memory, in the format of the path's suffix."""
    from bioautofeat.io.output import check_output

    check_output(path, force=force)
    chosen = table_format(path, form)
    labels = list(table.labels) if table.labels else None
    layout = Layout(
        table.names,
        len(table),
        str(table.values.dtype),
        labels is not None,
        tuple(sorted({label for label in table.labels if label is not None})),
        max((len(text) for text in (*table.ids, *(label or "" for label in table.labels))), default=1),
        table.metadata,
    )
    with open_writer(path, chosen, layout) as writer:
        step = max(1, (1 << 21) // max(1, len(table.names)))
        for start in range(0, len(table), step):
            part = slice(start, start + step)
            writer.write(table.ids[part], table.values[part], None if labels is None else labels[part])
