"""Tables learnt from labelled training records: by position, by word, and by class as a whole.

How training records are told from others, and which table describes them: :mod:`bioautofeat.terms.labels`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.kernels import positions as kernels
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import CHUNK_ROWS, Term, Training, row_chunks
from bioautofeat.terms.labels import Labelled, Members, labelled
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

__all__ = ["Diversity", "PositionScores", "Score", "WordScores"]

MAX_CELLS = 1 << 25
"""Largest number of cells of what a term learns (268 MB)."""

Score = Literal["difference", "log-odds"]


def _check_cells(cells: int, hint: str) -> None:
    if cells > MAX_CELLS:
        size = f"{cells:,} cells ({8 * cells / 1e9:,.1f} GB)"
        raise ParameterError(f"the learnt tables would hold {size}, more than {MAX_CELLS:,}: {hint}")


def _check_tables(term: Term, tables: Any, members: Members, shape: tuple[int | None, ...]) -> None:
    """Refuse learnt tables that do not fit the term: they may come from a damaged file, and a kernel does not look."""
    sound = (
        isinstance(tables, np.ndarray) and tables.dtype == np.float64 and tables.ndim == len(shape)
        and all(want in (None, have) for want, have in zip(shape, tables.shape, strict=True))
        and tables.flags.c_contiguous and bool(np.isfinite(tables).all()) and members.highest < len(tables)
    )  # fmt: skip
    if not sound:
        raise ModelError(f"what {type(term).__name__} has learnt is damaged")
    tables.flags.writeable = False  # as arrays of a model file are: one form, one compilation


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


@dataclass(frozen=True, eq=False)
class PositionScores(Term):
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
    scores : ndarray of float64, shape (tables, contrasts, positions, words), learnt
    prefixes : tuple of str, learnt
        How the names of each contrast's columns begin.
    members : Members, learnt
    """

    words: Kmers
    score: Score = "difference"
    anchor: str = "start"
    folds: int = 0
    pseudocount: float = 1.0
    scores: NDArray[np.float64] | None = None
    prefixes: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    needs = frozenset({"length", "sequences", "labels"})

    def __post_init__(self) -> None:
        if self.scores is not None:
            _check_tables(self, self.scores, self.members, (None, len(self.prefixes), None, self.words.n_words))

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    @property
    def learnt(self) -> NDArray[np.float64]:
        """The scores, once fitted."""
        if self.scores is None:
            raise self.not_fitted()
        return self.scores

    @property
    def width(self) -> int:
        return self.learnt.shape[1] * self.learnt.shape[2]

    def names(self) -> list[str]:
        n = self.learnt.shape[2]
        places = [place - n for place in range(n)] if self.anchor == "end" else range(1, n + 1)
        return [f"{prefix}{place}" for prefix in self.prefixes for place in places]

    def fit(self, training: Training) -> PositionScores:
        records = labelled(self, training, self.folds)
        positions = max(0, training.length - self.words.span + 1)
        contrasts = len(records.classes.prefixes)
        cells = max(records.n_tables * contrasts, records.n_groups) * positions * self.words.n_words
        _check_cells(cells, "use a smaller k, or describe fewer positions (--length)")
        counts = np.zeros((records.n_groups, positions, self.words.n_words))
        for start, stop in row_chunks(len(records.sequences), CHUNK_ROWS):
            words, bounds = self.words.codes(records.sequences[start:stop])
            kernels.count_positions(words, bounds, records.groups[start:stop], self.anchor == "end", counts)
        scores = self._out_of_fold(records, counts) if self.folds else self._left_out(counts)
        return replace(self, scores=scores, prefixes=records.classes.prefixes, members=records.members())

    def _out_of_fold(self, records: Labelled, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        tables = records.by_table(counts)
        known = tables.sum(axis=-1, keepdims=True)
        pairs = zip(tables, known, strict=True)
        return np.stack([_contrasts(table, total, self.score, self.pseudocount) for table, total in pairs])

    def _left_out(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """The whole table, and for each class the one that a record of the class reads: every count of it less one.

        A record reads only the cells that hold its own words, and in these it was counted once.
        """
        known = counts.sum(axis=-1, keepdims=True)
        tables = [_contrasts(counts, known, self.score, self.pseudocount)]
        for own in range(len(counts)):
            less, fewer = counts.copy(), known.copy()
            less[own], fewer[own] = np.maximum(counts[own] - 1, 0), np.maximum(known[own] - 1, 0)
            tables.append(_contrasts(less, fewer, self.score, self.pseudocount))
        return np.stack(tables)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kernels.score_positions(words, bounds, self.learnt, self.members.which(seqs), self.anchor == "end", out)


@dataclass(frozen=True, eq=False)
class WordScores(Term):
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
    scores : ndarray of float64, shape (tables, contrasts, words), learnt
    prefixes : tuple of str, learnt
    members : Members, learnt
    """

    words: Kmers
    step: int = 1
    folds: int = 5
    pseudocount: float = 1.0
    scores: NDArray[np.float64] | None = None
    prefixes: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    needs = frozenset({"sequences", "labels"})

    def __post_init__(self) -> None:
        if self.scores is not None:
            _check_tables(self, self.scores, self.members, (None, len(self.prefixes), self.words.n_words))

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    @property
    def learnt(self) -> NDArray[np.float64]:
        """The scores, once fitted."""
        if self.scores is None:
            raise self.not_fitted()
        return self.scores

    @property
    def width(self) -> int:
        return self.learnt.shape[1]

    def names(self) -> list[str]:
        if self.scores is None:
            raise self.not_fitted()
        return [f"{prefix}score" for prefix in self.prefixes]

    def fit(self, training: Training) -> WordScores:
        records = labelled(self, training, self.folds)
        n_words = self.words.n_words
        _check_cells(max(records.n_tables, self.folds) * len(records.classes.names) * n_words, "use a smaller k")
        counts = np.zeros(records.n_groups * n_words)
        for start, stop in row_chunks(len(records.sequences), CHUNK_ROWS):
            words, bounds = self.words.codes(records.sequences[start:stop])
            windows = np.diff(bounds)
            place = np.arange(len(words)) - np.repeat(bounds[:-1], windows)
            read = (words >= 0) & (place % self.step == 0)
            cells = np.repeat(records.groups[start:stop], windows)[read] * n_words + words[read]
            counts += np.bincount(cells, minlength=len(counts))
        tables = records.by_table(counts.reshape(records.n_groups, n_words))
        known = tables.sum(axis=-1, keepdims=True)
        pairs = zip(tables, known, strict=True)
        scores = np.stack([_contrasts(table, total, "log-odds", self.pseudocount) for table, total in pairs])
        return replace(self, scores=scores, prefixes=records.classes.prefixes, members=records.members())

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kernels.score_words(words, bounds, self.learnt, self.members.which(seqs), self.step, out)


@dataclass(frozen=True, eq=False)
class Diversity(Term):
    """Increment of diversity of a record's words with the pooled words of each class.

    Parameters
    ----------
    words : Kmers
    folds : int
        How training records are described: 0, less themselves; 2 or more, by the other folds.
    pools : ndarray of float64, shape (tables, classes, words), learnt
    classes : tuple of str, learnt
    members : Members, learnt
    """

    words: Kmers
    folds: int = 0
    pools: NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    needs = frozenset({"sequences", "labels"})

    def __post_init__(self) -> None:
        if self.pools is not None:
            shape = (None, len(self.classes), self.words.n_words)
            _check_tables(self, self.pools, self.members if self.folds else Members(), shape)

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    @property
    def learnt(self) -> NDArray[np.float64]:
        """The pooled counts, once fitted."""
        if self.pools is None:
            raise self.not_fitted()
        return self.pools

    @property
    def width(self) -> int:
        return self.learnt.shape[1]

    def names(self) -> list[str]:
        if self.pools is None:
            raise self.not_fitted()
        return list(self.classes)

    def fit(self, training: Training) -> Diversity:
        records = labelled(self, training, self.folds)
        _check_cells(max(records.n_tables, records.n_groups) * self.words.n_words, "use a smaller k")
        counts = np.zeros((records.n_groups, self.words.n_words))
        for start, stop in row_chunks(len(records.sequences), CHUNK_ROWS):
            rows = np.zeros((stop - start, self.words.n_words))
            Count(self.words, "count").fill(records.sequences[start:stop], rows)
            np.add.at(counts, records.groups[start:stop], rows)
        return replace(self, pools=records.by_table(counts), classes=records.classes.names, members=records.members())

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        counts = np.zeros((len(seqs), self.words.n_words))
        Count(self.words, "count").fill(seqs, counts)
        which, nobody = self.members.which(seqs), np.full(len(seqs), -1, np.int64)
        if self.folds:
            kernels.diversity_increments(counts, self.learnt, which, nobody, out)
        else:
            kernels.diversity_increments(counts, self.learnt, np.zeros_like(which), which - 1, out)
