"""Tables of descriptors for a problem: each computed once, fitted ones once for every fold."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.problem import TABLE_SPEC, Problem, TableSource
from bioautofeat.extraction import Extractor
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

__all__ = ["Store", "extractor_for"]

Array = NDArray[Any]
MOST_BYTES = 2 << 30
"""Tables kept in memory; the oldest are computed anew when asked for again."""


def extractor_for(specs: tuple[str, ...], problem: Problem, rows: Array | None = None) -> Extractor:
    """The extractor of these specs, fitted on some rows of the training data (all by default).

    The number of positions described is that of the longest record of all training data: it tells nothing about
    labels, and folds of one width can be compared.
    """
    seqs = problem.source
    assert isinstance(seqs, Sequences)
    extractor = Extractor.of(specs, seqs.alphabet)
    needs = extractor.needs & {"sequences", "labels"}
    taught = seqs if rows is None else seqs.take(rows)
    labels = problem.labels if rows is None else problem.labels[rows]
    longest = int(seqs.lengths.max(initial=1))
    return extractor.fit(Training(max(1, longest), taught if needs else None, labels if "labels" in needs else None))


def expected_width(specs: tuple[str, ...], problem: Problem) -> int:
    """Number of columns of specs, without computing any; 30 a class for descriptors whose width is learnt
    (one a record for string kernels)."""
    source, table = problem.source, problem.table
    if isinstance(source, TableSource):
        return len(source.names)
    plain = Training(max(1, int(source.lengths.max(initial=1))))
    total = len(table.names) if table is not None and TABLE_SPEC in specs else 0
    for spec in specs:
        if spec == TABLE_SPEC:
            continue
        extractor = Extractor.of([spec], source.alphabet)
        learns = extractor.needs - {"length"}
        if spec.startswith("string_kernel"):
            total += len(problem)
        else:
            total += 30 * max(1, problem.n_classes) if learns else extractor.fit(plain).width
    return total


class Store:
    """Descriptor tables of all rows, float32.

    Parameters
    ----------
    problem : Problem
    folder : path, optional
        Where tables are kept, mapped into memory, for other processes and for the next one should this one be killed.

    Attributes
    ----------
    threads : int
        Of a computation; may be set between calls.
    """

    def __init__(self, problem: Problem, folder: str | None = None) -> None:
        self.problem = problem
        self.folder = None if folder is None else Path(folder)
        self._tables: OrderedDict[tuple[str, int], Array] = OrderedDict()
        self._joined: tuple[Any, Array] | None = None
        self._learns: dict[str, bool] = {}
        self.threads = problem.threads

    def renew(self, problem: Problem) -> None:
        """Serve the same data in other folds."""
        self.problem, self._joined = problem, None
        for key in [key for key in self._tables if key[1] >= 0]:
            del self._tables[key]

    def learns(self, spec: str) -> bool:
        """Whether a descriptor learns from training records (beyond their greatest length)."""
        if spec == TABLE_SPEC:
            return False
        if spec not in self._learns:
            assert isinstance(self.problem.source, Sequences)
            needs = Extractor.of([spec], self.problem.source.alphabet).needs
            self._learns[spec] = bool(needs - {"length"})
        return self._learns[spec]

    def matrix(self, specs: tuple[str, ...], fold: int | None) -> Array:
        """All rows of the descriptors side by side, shape ``(n, d)``, learnt on the rows outside a fold (None: on all)."""
        key = (specs, fold if any(map(self.learns, specs)) else None)
        if self._joined is not None and self._joined[0] == key:
            return self._joined[1]
        self._joined = None
        tables = [self._table(spec, fold) for spec in specs]
        joined = tables[0] if len(tables) == 1 else np.hstack(tables)
        self._joined = (key, joined)
        return joined

    def _table(self, spec: str, fold: int | None) -> Array:
        key = (spec, fold if fold is not None and self.learns(spec) else -1)
        if key not in self._tables:
            self._tables[key] = self._compute(*key)
            while sum(table.nbytes for table in self._tables.values()) > MOST_BYTES and len(self._tables) > 1:
                self._tables.popitem(last=False)
        self._tables.move_to_end(key)
        return self._tables[key]

    def _compute(self, spec: str, fold: int) -> Array:
        source, table = self.problem.source, self.problem.table
        if spec == TABLE_SPEC:
            assert table is not None
            return np.ascontiguousarray(table.values, np.float32)
        place = self._place(spec, fold)
        if place is not None and place.exists():
            return np.asarray(np.load(place, mmap_mode="r", allow_pickle=False))
        assert isinstance(source, Sequences)
        rows = None if fold < 0 else np.flatnonzero(self.problem.folds != fold)
        extractor = extractor_for((spec,), self.problem, rows)
        extractor.check_width(len(source), None, sparse=False)
        found = np.asarray(extractor.transform(source, short="zero", threads=self.threads, dtype=np.float32))
        return found if place is None else _mapped(found, place)

    def _place(self, spec: str, fold: int) -> Path | None:
        """The file of a table."""
        if self.folder is None:
            return None
        learnt = self.learns(spec)
        split = self.problem.folds.tobytes() if fold >= 0 else b""
        split += self.problem.truth.tobytes() if learnt else b""
        return self.folder / f"{hashlib.sha256(f'{spec} {fold} '.encode() + split).hexdigest()[:24]}.npy"


def _mapped(table: Array, place: Path) -> Array:
    """The table from a file, where there is room for one."""
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            np.save(stream, table, allow_pickle=False)
        os.replace(name, place)
    except OSError:
        # a full disk costs memory, not the run
        Path(name).unlink(missing_ok=True)
        return table
    return np.asarray(np.load(place, mmap_mode="r", allow_pickle=False))
