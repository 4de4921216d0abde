"""What a term is, and the one scheduler that runs terms over batches.

A term is a chain of verbs (read, map, scan, reduce, join) that has been given its parameters: it knows its
width and the names of its columns, learns what it must from training records, and fills rows.
"""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import NotFittedError
from bioautofeat.sequences import Sequences
from bioautofeat.terms.state import State, learnt_fields, with_fields

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Derived", "Term", "Training", "fill_rows", "fill_sparse", "fixed", "row_chunks", "wanted_rows"]

CHUNK_ROWS = 1024
CHUNK_CELLS = 1 << 16
"""A chunk holds at most this many rows, and about this many cells of output (0.5 MB: what a core keeps close by)."""

WATCH = "bioautofeat-parent"
"""Name of the thread that looks after the parent of a process."""

PROCESS_ROWS = 64
"""Fewer rows than this are not worth the start of processes."""


@dataclass(frozen=True)
class Training:
    """What a term may learn from: training records alone.

    Parameters
    ----------
    length : int
        Number of positions that per-position terms describe.
    sequences : Sequences, optional
        The training records; absent where no term asks for them.
    labels : ndarray, optional
        Class (text) or value (float) of each training record.
    """

    length: int
    sequences: Sequences | None = None
    labels: NDArray[Any] | None = None


class Term(ABC):
    """Base of all terms.  A term is immutable; ``fit`` gives a new one.

    Attributes
    ----------
    needs : frozenset of str
        What ``fit`` has to be given: any of ``"length"``, ``"sequences"``, ``"labels"``; empty when stateless.
    shortest : int
        Number of letters below which a record is too short for the term (its row is then zeros).
    holds_lock : bool
        Whether ``fill`` keeps Python's global lock, so that processes share the work where threads could not.
    portable : bool
        Whether records are all that it needs to fill rows; a term that reads a user's file then cannot be kept in a
        model file.
    """

    needs: frozenset[str] = frozenset()
    shortest: int = 1
    holds_lock: bool = False
    portable: bool = True

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of columns; :class:`NotFittedError` while a fitted term has not learnt it."""

    @abstractmethod
    def names(self) -> list[str]:
        """One name a column."""

    def fit(self, training: Training) -> Term:
        """The term with what it learns from training records; itself when it learns nothing."""
        return self

    @abstractmethod
    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        """Write the rows of a batch into ``out`` (zeros before, C-contiguous, shape ``(len(seqs), width)``)."""

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        """The rows of a batch as a sparse matrix; terms too wide to be held dense have their own way."""
        from scipy.sparse import csr_matrix, vstack

        blocks = [csr_matrix((0, self.width))]
        for start, stop in row_chunks(len(seqs), wanted_rows(self.width)):
            out = np.zeros((stop - start, self.width))
            self.fill(seqs[start:stop], out)
            blocks.append(csr_matrix(out))
        return csr_matrix(vstack(blocks, format="csr"))

    def state(self, blank: Term) -> State:
        """What ``fit`` has put into this term, given the blank term of the same spec; empty when stateless.

        The default is the difference of the two, field by field, nested terms and tracks included, so a fitted term
        writes nothing of its own as long as it follows the three rules of :mod:`bioautofeat.terms.state`.

        Examples
        --------
        >>> from bioautofeat.families import parse
        >>> from bioautofeat.alphabet import DNA
        >>> blank = parse("kmer:k=2").term(DNA)
        >>> blank.fit(Training(length=9)).state(blank)
        {}
        """
        return learnt_fields(blank, self)

    def with_state(self, state: State) -> Term:
        """This (blank) term with a state put back: ``blank.with_state(fitted.state(blank))`` equals ``fitted``."""
        term: Term = with_fields(self, state)
        return term

    def not_fitted(self) -> NotFittedError:
        """The error for a question that only a fitted term answers."""
        return NotFittedError(f"{type(self).__name__} must be fitted first: it learns {', '.join(sorted(self.needs))}")


@dataclass(frozen=True, eq=False)
class Derived(Term):
    """Base of terms that make something of another term's row: as that term, where they say nothing else.

    Parameters
    ----------
    term : Term
    """

    term: Term

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return self.term.needs

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.term.shortest

    @property
    def width(self) -> int:
        return self.term.width

    def names(self) -> list[str]:
        return self.term.names()

    def fit(self, training: Training) -> Term:
        return replace(self, term=self.term.fit(training)) if self.needs else self

    def rows(self, seqs: Sequences) -> NDArray[np.float64]:
        """The other term's rows of a batch."""
        rows = np.zeros((len(seqs), self.term.width))
        self.term.fill(seqs, rows)
        return rows


def fixed(values: NDArray[Any], dtype: Any = np.float64) -> NDArray[Any]:
    """Values as kernels take them from a term: C-contiguous, and read-only as what comes out of a model file is."""
    array = np.ascontiguousarray(values, dtype)
    array.flags.writeable = False
    return array


def wanted_rows(width: int) -> int:
    """Number of rows in a chunk for this many columns."""
    return int(np.clip(CHUNK_CELLS // max(1, width), 1, CHUNK_ROWS))


def row_chunks(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Bounds of consecutive chunks of at most ``size`` of ``n`` rows."""
    return ((start, min(n, start + size)) for start in range(0, n, size))


def _run(task: Callable[[tuple[int, int]], Any], n: int, size: int, threads: int) -> list[Any]:
    """The task's result for every chunk, in order; kernels let go of the global lock, so threads serve."""
    chunks = list(row_chunks(n, size))
    if threads <= 1 or len(chunks) <= 1:
        return [task(chunk) for chunk in chunks]
    with ThreadPoolExecutor(min(threads, len(chunks))) as pool:
        return list(pool.map(task, chunks))


def _chunk_size(n: int, width: int, threads: int) -> int:
    """Rows a chunk: what fits the cache, and enough chunks for every thread."""
    return wanted_rows(width) if threads <= 1 else max(1, min(wanted_rows(width), -(-n // (4 * threads))))


def _leave_with(parent: int) -> None:
    """Make this process end soon after its parent: one that was killed no longer tells its helpers to stop."""
    if os.getpid() == parent or any(thread.name == WATCH for thread in threading.enumerate()):
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name=WATCH, daemon=True).start()


def _filled(term: Term, seqs: Sequences, parent: int) -> NDArray[np.float64]:
    """The rows of a chunk, in a process of its own."""
    _leave_with(parent)
    rows = np.zeros((len(seqs), term.width))
    term.fill(seqs, rows)
    return rows


def _fill_by_processes(term: Term, seqs: Sequences, table: NDArray[Any], threads: int) -> NDArray[Any]:
    """As :func:`fill_rows`, for a term that holds the global lock: workers of joblib need no guard in a user's script."""
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    chunks = list(row_chunks(len(seqs), _chunk_size(len(seqs), term.width, threads)))
    parts = (delayed(_filled)(term, seqs.take(range(start, stop)), os.getpid()) for start, stop in chunks)
    results = Parallel(n_jobs=min(threads, len(chunks)), backend="loky", max_nbytes=None)(parts)
    for (start, stop), rows in zip(chunks, results, strict=True):
        table[start:stop] = rows
    # idle processes hold memory, and complain when this one is killed later
    get_reusable_executor().shutdown(wait=True)
    return table


def fill_rows(
    term: Term,
    seqs: Sequences,
    *,
    threads: int = 1,
    dtype: Any = np.float64,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Fill all rows of a batch, chunk by chunk over threads; every bit depends on its own record alone."""
    width = term.width
    table = np.zeros((len(seqs), width), dtype) if out is None else out
    short = np.flatnonzero(seqs.lengths < term.shortest)
    if term.holds_lock and threads > 1 and len(seqs) >= PROCESS_ROWS:
        _fill_by_processes(term, seqs, table, threads)
        table[short] = 0.0
        return table
    direct = table.dtype == np.float64 and table.flags.c_contiguous

    def fill(chunk: tuple[int, int]) -> None:
        start, stop = chunk
        rows = table[start:stop] if direct else np.zeros((stop - start, width))
        term.fill(seqs[start:stop], rows)
        if not direct:
            table[start:stop] = rows

    _run(fill, len(seqs), _chunk_size(len(seqs), width, threads), threads)
    table[short] = 0.0  # terms side by side may each be long enough for some of their columns
    return table


def fill_sparse(term: Term, seqs: Sequences, *, threads: int = 1, dtype: Any = np.float64) -> csr_matrix:
    """As :func:`fill_rows`, into a sparse matrix."""
    from scipy.sparse import csr_matrix, vstack

    size = _chunk_size(len(seqs), 1, threads)
    blocks = _run(
        lambda chunk: term.fill_sparse(seqs[chunk[0] : chunk[1]]),
        len(seqs),
        size,
        threads,
    )
    if not blocks:
        return csr_matrix((0, term.width), dtype=dtype)
    table = csr_matrix(vstack(blocks, format="csr"), dtype=dtype)
    short = seqs.lengths < term.shortest
    if short.any():
        table.data[np.repeat(short, np.diff(table.indptr))] = 0.0
        table.eliminate_zeros()
    return table
