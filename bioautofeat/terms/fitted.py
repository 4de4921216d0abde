"""Tables learnt from labelled training records: by position, by word, and by class as a whole.

How training records are told from others, and which table describes them: :mod:`bioautofeat.terms.labels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.kernels import positions as kernels
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import CHUNK_ROWS, Training, row_chunks
from bioautofeat.terms.labels import Labelled, Members, labelled
from bioautofeat.terms.read import OfWords
from bioautofeat.terms.reduce import Count

__all__ = ["Diversity", "PositionScores", "Score", "WordScores"]

MAX_CELLS = 1 << 25
"""Largest number of cells of what a term learns (268 MB)."""

Score = Literal["difference", "log-odds"]


def _check_cells(cells: int, hint: str) -> None:
    if cells > MAX_CELLS:
        size = f"{cells:,} cells ({8 * cells / 1e9:,.1f} GB)"
        raise ParameterError(f"the learnt tables would hold {size}, more than {MAX_CELLS:,}: {hint}")


def _contrasts(
    counts: NDArray[np.float64], known: NDArray[np.float64], score: Score, pseudocount: float
) -> NDArray[np.float64]:
    """What each word says for each class against the rest (for the second class, where there are two).

    Parameters
    ----------
    counts : ndarray, shape (classes, ..., words)
    known : ndarray, shape (classes, ..., 1)
        Total of the counts over the words.
    score : {"difference", "log-odds"}
        Difference of the word's frequencies (0 where a side has no word at all), or the log of their ratio after
        ``pseudocount`` is added to every word's count.

    Returns
    -------
    ndarray, shape (classes or 1, ..., words)
    """
    two = len(counts) == 2
    own, n_own = (counts[1:], known[1:]) if two else (counts, known)
    rest, n_rest = (counts[:1], known[:1]) if two else (counts.sum(axis=0) - counts, known.sum(axis=0) - known)
    if score == "difference":
        found = own / np.maximum(n_own, 1.0) - rest / np.maximum(n_rest, 1.0)
        return np.where((n_own > 0) & (n_rest > 0), found, 0.0)
    added = counts.shape[-1] * pseudocount
    return np.log((own + pseudocount) / (n_own + added)) - np.log((rest + pseudocount) / (n_rest + added))


Counted = Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""For each table, counts of words and their totals over the words."""


def _totalled(tables: NDArray[np.float64]) -> Counted:
    return ((counts, counts.sum(axis=-1, keepdims=True)) for counts in tables)


def _left_out(counts: NDArray[np.float64]) -> Counted:
    """All counts, and for each class those that a record of the class reads: every count of it less one.

    A record reads only the cells that hold its own words, and in these it was counted once.
    """
    known = counts.sum(axis=-1, keepdims=True)
    yield counts, known
    for own in range(len(counts)):
        less, fewer = counts.copy(), known.copy()
        less[own], fewer[own] = np.maximum(counts[own] - 1, 0), np.maximum(known[own] - 1, 0)
        yield less, fewer


def _chunks(records: Labelled) -> Iterator[tuple[Sequences, NDArray[np.int64]]]:
    """Some records at a time, and the group of each."""
    groups = records.groups
    for start, stop in row_chunks(len(groups), CHUNK_ROWS):
        yield records.sequences[start:stop], groups[start:stop]


@dataclass(frozen=True, eq=False)
class _Tables(OfWords):
    """Base of terms that look words up in learnt tables.

    Parameters
    ----------
    words : Kmers
    tables : ndarray of float64, shape (tables, labels, ..., words), learnt
        The first one describes all records but those of the training.
    labels : tuple of str, learnt
        How the names of each column, or block of columns, begin.
    members : Members, learnt
    """

    tables: NDArray[np.float64] | None = field(default=None, kw_only=True)
    labels: tuple[str, ...] = field(default=(), kw_only=True)
    members: Members = field(default_factory=Members, kw_only=True)
    needs = frozenset({"sequences", "labels"})
    axes: ClassVar[int] = 3

    def __post_init__(self) -> None:
        """Refuse tables that do not fit: they may come from a damaged file, and a kernel does not look."""
        tables = self.tables
        if tables is None:
            return
        sound = (
            isinstance(tables, np.ndarray) and tables.dtype == np.float64 and tables.ndim == self.axes
            and len(tables) > 0 and tables.shape[1] == len(self.labels) and tables.shape[-1] == self.words.n_words
            and tables.flags.c_contiguous and bool(np.isfinite(tables).all()) and self.members.highest < self.n_parts
        )  # fmt: skip
        if not sound:
            raise ModelError(f"what {type(self).__name__} has learnt is damaged")
        tables.flags.writeable = False  # as arrays of a model file are: one form, one compilation

    @property
    def learnt(self) -> NDArray[np.float64]:
        """The tables, once fitted."""
        if self.tables is None:
            raise self.not_fitted()
        return self.tables

    @property
    def n_parts(self) -> int:
        """Number of parts of the training records, all others counted as one."""
        return len(self.learnt)

    @property
    def width(self) -> int:
        return self.learnt.shape[1]

    def names(self) -> list[str]:
        if self.tables is None:
            raise self.not_fitted()
        return list(self.labels)


@dataclass(frozen=True, eq=False)
class PositionScores(_Tables):
    """What the word at each position says for a class, from the words that training records have there.

    Parameters
    ----------
    words : Kmers
    score : {"difference", "log-odds"}
        Of the word's frequency, at that position, in the class and in the rest; frequencies are over the records
        whose word there is known.  Unknown words and positions past a record's end score 0.
    anchor : {"start", "end"}
        Whether positions are counted from a record's first letter or from its last.
    folds : int
        How training records are described: 0, less themselves; 2 or more, by the other folds.
    pseudocount : float
        Added to each word's count for log-odds.
    tables : ndarray of float64, shape (tables, contrasts, positions, words), learnt
    labels : tuple of str, learnt
        How the names of each contrast's columns begin.
    members : Members, learnt
    """

    score: Score = "difference"
    anchor: str = "start"
    folds: int = 0
    pseudocount: float = 1.0
    needs = frozenset({"length", "sequences", "labels"})
    axes = 4

    @property
    def width(self) -> int:
        return self.learnt.shape[1] * self.learnt.shape[2]

    def names(self) -> list[str]:
        n = self.learnt.shape[2]
        places = [place - n for place in range(n)] if self.anchor == "end" else range(1, n + 1)
        return [f"{label}{place}" for label in self.labels for place in places]

    def fit(self, training: Training) -> PositionScores:
        records = labelled(self, training, self.folds)
        positions = max(0, training.length - self.words.span + 1)
        contrasts = len(records.classes.prefixes)
        cells = max(records.n_tables * contrasts, records.n_groups) * positions * self.words.n_words
        _check_cells(cells, "use a smaller k, or describe fewer positions (--length)")
        counts = np.zeros((records.n_groups, positions, self.words.n_words))
        for seqs, groups in _chunks(records):
            kernels.count_positions(*self.words.codes(seqs), groups, self.anchor == "end", counts)
        tables = _totalled(records.by_table(counts)) if self.folds else _left_out(counts)
        scores = np.stack([_contrasts(*counted, self.score, self.pseudocount) for counted in tables])
        return replace(self, tables=scores, labels=records.classes.prefixes, members=records.members())

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kernels.score_positions(words, bounds, self.learnt, self.members.which(seqs), self.anchor == "end", out)


@dataclass(frozen=True, eq=False)
class WordScores(_Tables):
    """Mean over a record's words of what each says for a class: the log-odds of the word, wherever it stands.

    Parameters
    ----------
    words : Kmers
    step : int
        Every ``step``-th window is read: 3 for words in frame.
    folds : int
        Training records are described by the other folds, 2 or more.
    pseudocount : float
        Added to each word's count.
    tables : ndarray of float64, shape (tables, contrasts, words), learnt
    labels : tuple of str, learnt
    members : Members, learnt
    """

    step: int = 1
    folds: int = 5
    pseudocount: float = 1.0

    def names(self) -> list[str]:
        return [f"{label}score" for label in super().names()]

    def fit(self, training: Training) -> WordScores:
        records = labelled(self, training, self.folds)
        n_words = self.words.n_words
        _check_cells(max(records.n_tables, self.folds) * len(records.classes.names) * n_words, "use a smaller k")
        counts = np.zeros(records.n_groups * n_words)
        for seqs, groups in _chunks(records):
            words, bounds = self.words.codes(seqs)
            windows = np.diff(bounds)
            place = np.arange(len(words)) - np.repeat(bounds[:-1], windows)
            read = (words >= 0) & (place % self.step == 0)
            cells = np.repeat(groups, windows)[read] * n_words + words[read]
            counts += np.bincount(cells, minlength=len(counts))
        tables = _totalled(records.by_table(counts.reshape(records.n_groups, n_words)))
        scores = np.stack([_contrasts(*counted, "log-odds", self.pseudocount) for counted in tables])
        return replace(self, tables=scores, labels=records.classes.prefixes, members=records.members())

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kernels.score_words(words, bounds, self.learnt, self.members.which(seqs), self.step, out)


@dataclass(frozen=True, eq=False)
class Diversity(_Tables):
    """Increment of diversity of a record's words with the pooled words of each class.

    Parameters
    ----------
    words : Kmers
    folds : int
        How training records are described: 0, less themselves; 2 or more, by the other folds.
    tables : ndarray of float64, shape (tables, classes, words), learnt
        The pooled counts.
    labels : tuple of str, learnt
        The classes.
    members : Members, learnt
    """

    folds: int = 0

    @property
    def n_parts(self) -> int:
        return len(self.learnt) if self.folds else 1 + len(self.labels)

    def _counts(self, seqs: Sequences) -> NDArray[np.float64]:
        counts = np.zeros((len(seqs), self.words.n_words))
        Count(self.words, "count").fill(seqs, counts)
        return counts

    def fit(self, training: Training) -> Diversity:
        records = labelled(self, training, self.folds)
        _check_cells(max(records.n_tables, records.n_groups) * self.words.n_words, "use a smaller k")
        counts = np.zeros((records.n_groups, self.words.n_words))
        for seqs, groups in _chunks(records):
            np.add.at(counts, groups, self._counts(seqs))
        return replace(self, tables=records.by_table(counts), labels=records.classes.names, members=records.members())

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts, which = self._counts(seqs), self.members.which(seqs)
        if self.folds:
            kernels.diversity_increments(counts, self.learnt, which, np.full_like(which, -1), out)
        else:
            kernels.diversity_increments(counts, self.learnt, np.zeros_like(which), which - 1, out)
