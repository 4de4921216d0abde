"""Rows of a table as text, in shortest numbers that read back as the same value."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import cells

__all__ = ["TextRows", "quoted", "texts_of"]

DISTINCT = 1 << 15
"""Up to this many different values are formatted once each; a table with more is formatted cell by cell."""

Text = bytes | memoryview
Ragged = tuple[NDArray[np.uint8], NDArray[np.int64]]


def quoted(texts: Sequence[str], separator: str) -> Sequence[str]:
    """Texts as cells: in quotation marks where they hold a separator, a quotation mark or a line end."""
    special = re.compile(f'[{separator}"\r\n]')
    if not special.search("".join(texts)):
        return texts
    return ['"' + text.replace('"', '""') + '"' if special.search(text) else text for text in texts]


def _ragged(parts: Sequence[bytes]) -> Ragged:
    bounds = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=bounds[1:])
    return np.frombuffer(b"".join(parts), np.uint8), bounds


class TextRows:
    """Turns blocks of rows into text.

    Parameters
    ----------
    separator : str
        One ASCII character.
    threads : int
    """

    def __init__(self, separator: str = ",", threads: int = 1) -> None:
        self.separator, self.threads = separator, max(1, threads)
        self._slots = np.zeros(4 * DISTINCT, np.uint64)
        self._numbers = np.full(4 * DISTINCT, -1, np.int32)
        self._known = np.zeros(DISTINCT, np.uint64)
        self._texts = np.zeros(DISTINCT * cells.CELL, np.uint8)
        self._sizes = np.zeros(DISTINCT, np.int64)
        self._count = 0
        self._few = True

    def header(self, names: Iterable[str]) -> bytes:
        """The line of column names."""
        return (self.separator.join(quoted(list(names), self.separator)) + "\n").encode()

    def format(self, ids: Sequence[str], values: NDArray[Any], labels: Sequence[str | None] | None) -> list[Text]:
        """The rows as pieces of text: id, values, and the label (empty where it is not known)."""
        heads = quoted(ids, self.separator)
        tails = None if labels is None else quoted(["" if label is None else label for label in labels], self.separator)
        codes = self._codes(values) if self._few else None
        if codes is None:
            self._few = False
            return [_by_polars(heads, values, tails, self.separator)]
        ends = ["\n"] * len(heads) if tails is None else [f"{self.separator}{tail}\n" for tail in tails]
        edges = [text.encode() for pair in zip(heads, ends, strict=True) for text in pair]
        return self._pieces(codes, edges)

    def _codes(self, values: NDArray[Any]) -> NDArray[np.int32] | None:
        """Number of each value's text; None where there are too many values."""
        flat = np.ascontiguousarray(values)
        bits = flat.view(np.uint64) if flat.dtype == np.float64 else flat.view(np.uint32).astype(np.uint64)
        codes = np.empty(flat.shape, np.int32)
        count = cells.number_values(bits.ravel(), self._slots, self._numbers, self._known, self._count, codes.ravel())
        if count < 0:
            return None
        if count > self._count:
            new = self._known[self._count : count]
            self._learn(new.view(np.float64) if flat.dtype == np.float64 else new.astype(np.uint32).view(np.float32))
        return codes

    def _learn(self, values: NDArray[Any]) -> None:
        """Keep the text of further values, each with the separator before it."""
        texts = [(self.separator + text).encode() for text in texts_of(values)]
        place = slice(self._count, self._count + len(texts))
        padded = b"".join(text.ljust(cells.CELL) for text in texts)
        self._texts[place.start * cells.CELL : place.stop * cells.CELL] = np.frombuffer(padded, np.uint8)
        self._sizes[place] = [len(text) for text in texts]
        self._count = place.stop

    def _pieces(self, codes: NDArray[np.int32], edges: list[bytes]) -> list[Text]:
        widest = int(self._sizes[: self._count].max(initial=0))
        bounds = np.linspace(0, len(codes), min(self.threads, max(1, len(codes) // 64)) + 1).astype(int).tolist()

        def piece(start: int, stop: int) -> Text:
            around = _ragged(edges[2 * start : 2 * stop])
            out = np.empty(around[0].size + (stop - start) * codes.shape[1] * widest + cells.CELL, np.uint8)
            size = cells.write_rows(codes[start:stop], self._texts, self._sizes, around, out)
            return out[:size].data

        if len(bounds) == 2:
            return [piece(*bounds)]
        with ThreadPoolExecutor(len(bounds) - 1) as pool:
            return list(pool.map(piece, bounds[:-1], bounds[1:]))


def texts_of(values: NDArray[Any]) -> list[str]:
    """The text of each value: the shortest that reads back as the same."""
    import polars

    buffer = io.BytesIO()
    polars.DataFrame({"": values}).write_csv(buffer, include_header=False)
    return buffer.getvalue().decode().splitlines()


def _by_polars(heads: Sequence[str], values: NDArray[Any], tails: Sequence[str] | None, separator: str) -> bytes:
    """The rows as text, every cell formatted by itself."""
    import polars

    columns = [
        polars.Series("id", heads),
        *(polars.Series(str(i), c) for i, c in enumerate(np.ascontiguousarray(values.T))),
    ]
    if tails is not None:
        columns.append(polars.Series("label", tails))
    buffer = io.BytesIO()
    # the texts are quoted already
    polars.DataFrame(columns).write_csv(buffer, include_header=False, separator=separator, quote_style="never")
    return buffer.getvalue()
