"""Tables in formats for programs: Parquet, npz (dense or sparse) and svmlight."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import LabelError
from bioautofeat.io.table import Layout, TableWriter
from bioautofeat.io.text import texts_of

__all__ = ["NpzWriter", "ParquetWriter", "SvmWriter"]

ROW_GROUP = 1 << 22
"""About this many cells stand in a row group of a Parquet file."""

EPOCH = (1980, 1, 1, 0, 0, 0)


class ParquetWriter(TableWriter):
    """Columns ``id``, the features and ``label``; what the table was made of is in the file's metadata.

    polars pulls a stream of frames and the writer is given rows, so a thread stands between them.
    """

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1) -> None:
        super().__init__(stream, layout, threads)
        self._frames: queue.Queue[Any] = queue.Queue(maxsize=1)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._sink, name="parquet", daemon=True)
        self._thread.start()

    def _schema(self) -> dict[str, Any]:
        import polars

        kind = polars.Float64 if self.layout.dtype == "float64" else polars.Float32
        last = {"label": polars.String} if self.layout.labelled else {}
        return {"id": polars.String} | dict.fromkeys(self.layout.names, kind) | last

    def _sink(self) -> None:
        from polars.io.plugins import register_io_source

        def frames(columns: Any, predicate: Any, rows: Any, size: Any) -> Iterator[Any]:
            while (frame := self._frames.get()) is not None:
                if isinstance(frame, BaseException):
                    raise frame
                yield frame

        try:
            metadata = {"bioautofeat": json.dumps(dict(self.layout.metadata))}
            group = max(1, ROW_GROUP // max(1, len(self.layout.names)))
            register_io_source(frames, schema=self._schema()).sink_parquet(
                self.stream, row_group_size=group, maintain_order=True, metadata=metadata
            )
        except BaseException as error:  # noqa: BLE001  # why: it is raised again in the thread that writes
            self._failure = _system_error(error)

    def _give(self, item: Any) -> None:
        while self._failure is None:
            try:
                self._frames.put(item, timeout=0.1)
            except queue.Full:
                continue
            return
        raise self._failure

    def write(self, ids: Sequence[str], values: Any, labels: Sequence[str | None] | None = None) -> None:
        import polars

        dense = values if isinstance(values, np.ndarray) else values.toarray()
        columns = [polars.Series("id", list(ids), dtype=polars.String)]
        columns += [
            polars.Series(name, c) for name, c in zip(self.layout.names, np.ascontiguousarray(dense.T), strict=True)
        ]
        if self.layout.labelled:
            columns.append(polars.Series("label", list(labels or []), dtype=polars.String))
        self._give(polars.DataFrame(columns))

    def close(self) -> None:
        self._give(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        if self._thread.is_alive():
            with suppress(BaseException):
                self._give(InterruptedError("abandoned"))
            self._thread.join()


def _system_error(error: BaseException) -> BaseException:
    """What the system said, where polars only tells of it."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    if isinstance(error, OSError) or found is None:
        return error
    return OSError(int(found[1]), os.strerror(int(found[1])))


def _scratch(folder: str | None) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder)


class NpzWriter(TableWriter):
    """A zip of arrays for numpy: the values dense, or as CSR for ``scipy.sparse.load_npz`` where that is smaller.

    Besides them ``ids``, ``names``, ``labels`` (empty: not known) and ``metadata`` (JSON).
    """

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1) -> None:
        super().__init__(stream, layout, threads)
        # beside the output, where there is room for a table
        folder = os.path.dirname(str(getattr(stream, "name", ""))) or None
        self._data, self._indices, self._ids, self._labels = (_scratch(folder) for _ in range(4))
        self._sizes: list[NDArray[np.int64]] = []
        self._text = np.dtype(f"<U{max(1, layout.id_length)}")

    def write(self, ids: Sequence[str], values: Any, labels: Sequence[str | None] | None = None) -> None:
        from scipy.sparse import csr_matrix

        rows = csr_matrix(values)
        rows.sort_indices()
        self._data.write(np.ascontiguousarray(rows.data, self.layout.dtype).data)
        self._indices.write(np.ascontiguousarray(rows.indices, np.int32).data)
        self._sizes.append(np.diff(rows.indptr).astype(np.int64))
        self._ids.write(np.array(ids, self._text).data)
        if self.layout.labelled:
            self._labels.write(np.array(["" if label is None else label for label in labels or []], self._text).data)

    def close(self) -> None:
        sizes = np.concatenate(self._sizes) if self._sizes else np.empty(0, np.int64)
        rows, columns, cells = len(sizes), len(self.layout.names), int(sizes.sum())
        width = np.dtype(self.layout.dtype).itemsize
        with zipfile.ZipFile(self.stream, "w", zipfile.ZIP_STORED) as archive:
            if cells * (width + 4) + 8 * (rows + 1) < rows * columns * width:
                indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
                kind = np.int32 if cells <= np.iinfo(np.int32).max else np.int64
                self._add(archive, "format", np.array(b"csr"))
                self._add(archive, "shape", np.array([rows, columns], np.int64))
                self._add(archive, "indptr", indptr.astype(kind))
                self._copy(archive, "indices", self._indices, np.dtype(np.int32), (cells,))
                self._copy(archive, "data", self._data, np.dtype(self.layout.dtype), (cells,))
            else:
                self._add_dense(archive, sizes)
            self._copy(archive, "ids", self._ids, self._text, (rows,), zipfile.ZIP_DEFLATED)
            self._add(archive, "names", np.array(self.layout.names), zipfile.ZIP_DEFLATED)
            if self.layout.labelled:
                self._copy(archive, "labels", self._labels, self._text, (rows,), zipfile.ZIP_DEFLATED)
            self._add(archive, "metadata", np.array(json.dumps(dict(self.layout.metadata))))
        self.abandon()

    def abandon(self) -> None:
        for spool in (self._data, self._indices, self._ids, self._labels):
            spool.close()

    @staticmethod
    def _member(archive: zipfile.ZipFile, name: str, method: int) -> IO[bytes]:
        info = zipfile.ZipInfo(f"{name}.npy", EPOCH)
        info.compress_type, info.external_attr = method, 0o644 << 16
        return archive.open(info, "w", force_zip64=True)

    def _add(self, archive: zipfile.ZipFile, name: str, array: NDArray[Any], method: int = zipfile.ZIP_STORED) -> None:
        with self._member(archive, name, method) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)

    def _header(self, member: IO[bytes], kind: np.dtype[Any], shape: tuple[int, ...]) -> None:
        head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(member, head)

    def _copy(
        self, archive: zipfile.ZipFile, name: str, spool: IO[bytes], kind: np.dtype[Any], shape: tuple[int, ...],
        method: int = zipfile.ZIP_STORED,
    ) -> None:  # fmt: skip
        spool.seek(0)
        with self._member(archive, name, method) as member:
            self._header(member, kind, shape)
            shutil.copyfileobj(spool, member, 1 << 20)

    def _add_dense(self, archive: zipfile.ZipFile, sizes: NDArray[np.int64]) -> None:
        """The values row by row, out of their sparse parts."""
        kind, columns = np.dtype(self.layout.dtype), len(self.layout.names)
        self._data.seek(0)
        self._indices.seek(0)
        step = max(1, (1 << 20) // max(1, columns))
        with self._member(archive, "values", zipfile.ZIP_STORED) as member:
            self._header(member, kind, (len(sizes), columns))
            for start in range(0, len(sizes), step):
                part = sizes[start : start + step]
                cells = int(part.sum())
                block = np.zeros((len(part), columns), kind)
                data = np.frombuffer(self._data.read(cells * kind.itemsize), kind)
                indices = np.frombuffer(self._indices.read(4 * cells), np.int32)
                block[np.repeat(np.arange(len(part)), part), indices] = data
                member.write(block.data)


class SvmWriter(TableWriter):
    """``target index:value ... # id`` with indices from 1; classes that are no numbers are numbered in the first line."""

    def __init__(self, stream: IO[bytes], layout: Layout, threads: int = 1) -> None:
        super().__init__(stream, layout, threads)
        if not layout.labelled:
            raise LabelError("svmlight needs labels: give CLASS=FILE inputs or --labels")
        self.targets = {label: label for label in layout.classes}
        if not all(_is_number(label) for label in layout.classes):
            self.targets = {label: str(number) for number, label in enumerate(layout.classes)}
            shown = " ".join(f"{number}={label}" for label, number in self.targets.items())
            stream.write(f"# classes: {shown}\n".encode())

    def write(self, ids: Sequence[str], values: Any, labels: Sequence[str | None] | None = None) -> None:
        from scipy.sparse import csr_matrix

        rows = csr_matrix(values)
        rows.sort_indices()
        cells = [f"{i}:{t}" for i, t in zip((rows.indices + 1).tolist(), texts_of(rows.data), strict=True)]
        bounds = rows.indptr.tolist()
        lines = []
        for row, (name, label) in enumerate(zip(ids, labels or [], strict=True)):
            if label is None:
                raise LabelError(f"record {name!r} has no label; svmlight needs one for each")
            lines.append(" ".join([self.targets[label], *cells[bounds[row] : bounds[row + 1]], f"# {name}\n"]))
        self.stream.write("".join(lines).encode())


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
