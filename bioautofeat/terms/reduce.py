"""The verb *reduce*: from the words or the track of a sequence to a vector of fixed length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet, Grouping
from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.kernels import kmers
from bioautofeat.kernels.linear import apply_matrix, divide_by_sum
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training, fixed
from bioautofeat.terms.read import Kmers, OfWords

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["ClassCount", "Count", "DisjointCount", "Norm", "OrderedPairs", "PooledWindows", "Window", "normalise"]

Norm = Literal["frequency", "count", "percent"]

PLAIN = np.empty((1, 0), np.int64)
"""Words in columns of their own, all phases together."""


def normalise(counts: NDArray[np.float64], norm: Norm = "frequency") -> None:
    """Divide each row by its sum, in place (times 100 for ``percent``); a row of zeros stays as it is."""
    if norm != "count":
        divide_by_sum(counts, 100.0 if norm == "percent" else 1.0)


def count_rows(words: Kmers, columns: NDArray[np.int64], seqs: Sequences, out: NDArray[np.float64]) -> None:
    """Add the counts of the words of each sequence; ``columns`` as :func:`kernels.kmers.count_words` has them."""
    symbols = words.symbols(seqs)
    kmers.count_words(symbols.codes, symbols.offsets, words.n_symbols, words.places, fixed(columns, np.int64), out)


def _check_window(size: int, words: Kmers) -> None:
    if size < words.span:
        raise ParameterError(f"a window of {size} letters holds no word of {words.span}; use a larger size")


def sparse_rows(words: NDArray[np.int64], bounds: NDArray[np.int64], width: int, norm: Norm) -> csr_matrix:
    """The counts of words (-1: left out) of each sequence as a sparse matrix; the words are sorted in place."""
    from scipy.sparse import csr_matrix

    sizes = np.empty(len(bounds) - 1, np.int64)
    kmers.sparse_sizes(words, bounds, sizes)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    indices, data = np.empty(indptr[-1], np.int64), np.empty(indptr[-1])
    kmers.sparse_counts(words, bounds, indptr, indices, data)
    if norm != "count":
        total = np.diff(np.concatenate([np.zeros(1), np.cumsum(data)])[indptr])
        data *= 100.0 if norm == "percent" else 1.0
        data /= np.repeat(total, sizes)
    return csr_matrix((data, indices, indptr), shape=(len(sizes), width))


@dataclass(frozen=True)
class Count(OfWords):
    """How often each word occurs; windows that hold an unknown letter are left out.

    Parameters
    ----------
    words : Kmers
    norm : {"frequency", "count", "percent"}
        Frequencies sum to 1 over all columns (0 where no window is known).
    phases : int
        Words are counted apart by their position modulo ``phases``, phase outer; frequencies sum to 1 over all.
    by_phase : bool
        Frequencies sum to 1 within each phase instead.
    """

    words: Kmers
    norm: Norm = "frequency"
    phases: int = 1
    by_phase: bool = False

    @property
    def width(self) -> int:
        return self.words.n_words * self.phases

    def names(self) -> list[str]:
        words = self.words.names()
        if self.phases == 1:
            return words
        return [f"phase{phase + 1}.{word}" for phase in range(self.phases) for word in words]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        source = self.words.source
        if isinstance(source, Grouping) and type(self.words) is Kmers and self.words.k == 1 and self.phases == 1:
            # few counters wait for each other, so the letters are counted apart and added up
            letters = np.zeros((len(seqs), source.source.size))
            count_rows(Kmers(source.source), PLAIN, seqs, letters)
            apply_matrix(letters, fixed(np.eye(self.width + 1)[source.codes[:-1], :-1]), out)
        else:
            count_rows(self.words, np.empty((self.phases, 0), np.int64), seqs, out)
        normalise(out.reshape(-1, self.words.n_words) if self.by_phase else out, self.norm)

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        if self.by_phase:
            return super().fill_sparse(seqs)
        words, bounds = self.words.codes(seqs)
        if self.phases > 1:
            at = np.arange(len(words)) - np.repeat(bounds[:-1], np.diff(bounds))
            words = np.where(words >= 0, words + at % self.phases * self.words.n_words, -1)
        return sparse_rows(words, bounds, self.width, self.norm)


@dataclass(frozen=True, eq=False)
class ClassCount(OfWords):
    """How often each class of words occurs, the words of one class counted together.

    Parameters
    ----------
    words : Kmers
    classes : ndarray of int64, shape (words.n_words,)
        Class of each word; -1 leaves a word out.
    columns : tuple of str
        Name of each class.
    norm : {"frequency", "count", "percent"}
        Frequencies sum to 1 over all classes (0 where no word is counted).
    """

    words: Kmers
    classes: NDArray[np.int64]
    columns: tuple[str, ...]
    norm: Norm = "frequency"

    def __post_init__(self) -> None:
        classes = fixed(self.classes, np.int64)
        if classes.shape != (self.words.n_words,) or not -1 <= classes.min() <= classes.max() < len(self.columns):
            raise ModelError(f"{classes.shape} classes of words do not go with {len(self.columns)} columns")
        object.__setattr__(self, "classes", classes)

    @property
    def width(self) -> int:
        return len(self.columns)

    def names(self) -> list[str]:
        return list(self.columns)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        count_rows(self.words, self.classes.reshape(1, -1), seqs, out)
        normalise(out, self.norm)

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        words, bounds = self.words.codes(seqs)
        return sparse_rows(np.where(words >= 0, self.classes[words], -1), bounds, self.width, self.norm)


@dataclass(frozen=True)
class DisjointCount(OfWords):
    """How often each word is found by a search from left to right, in which a word cannot overlap itself.

    Parameters
    ----------
    words : Kmers
    norm : {"frequency", "count", "percent"}
        Frequencies divide by the number of windows, so that they sum to less than 1 where words overlap.
    """

    words: Kmers
    norm: Norm = "frequency"

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kmers.count_disjoint(words, bounds, self.words.span, out)
        if self.norm != "count":
            windows = np.diff(np.concatenate([np.zeros(1, np.int64), np.cumsum(words >= 0)])[bounds])
            out *= 100.0 if self.norm == "percent" else 1.0
            out /= np.maximum(windows, 1)[:, None]


@dataclass(frozen=True)
class OrderedPairs(Term):
    """How often each letter stands before each other one, at any distance.

    Parameters
    ----------
    alphabet : Alphabet
    norm : {"frequency", "count", "percent"}
    """

    alphabet: Alphabet
    norm: Norm = "frequency"
    shortest = 2

    @property
    def width(self) -> int:
        return self.alphabet.size**2

    def names(self) -> list[str]:
        return Kmers(self.alphabet, "11").names()

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        kmers.count_ordered_pairs(seqs.codes, seqs.offsets, self.alphabet.size, out)
        normalise(out, self.norm)


@dataclass(frozen=True)
class Window(Term):
    """The words inside each window of ``size`` letters, windows ``step`` letters apart, up to the length described.

    Parameters
    ----------
    words : Kmers
    size, step : int
        In letters.  A window that reaches past the end of a record counts what is left of it.
    norm : {"frequency", "count"}
        Frequencies divide by the number of known words of their own window.
    length : int, optional
        Number of positions described; learnt when absent.
    """

    words: Kmers
    size: int = 5
    step: int = 1
    norm: Norm = "frequency"
    length: int | None = None
    needs = frozenset({"length"})

    def __post_init__(self) -> None:
        _check_window(self.size, self.words)
        if self.length is not None and self.length < 1:
            raise ModelError(f"a length of {self.length} describes nothing")

    @property
    def n_windows(self) -> int:
        """Number of whole windows in the length described (at least one)."""
        if self.length is None:
            raise self.not_fitted()
        return max(0, self.length - self.size) // self.step + 1

    @property
    def width(self) -> int:
        return self.n_windows * self.words.n_words

    def names(self) -> list[str]:
        words = self.words.names()
        return [f"w{window + 1}.{word}" for window in range(self.n_windows) for word in words]

    def fit(self, training: Training) -> Window:
        return Window(self.words, self.size, self.step, self.norm, training.length)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        counts = out.reshape(len(seqs), self.n_windows, self.words.n_words)
        kmers.window_counts(words, bounds, self.words.span, self.size, self.step, counts)
        normalise(out.reshape(-1, self.words.n_words), self.norm)


@dataclass(frozen=True)
class PooledWindows(OfWords):
    """The words of all windows of ``size`` letters, windows ``step`` letters apart, counted together.

    A word counts once for every window that holds it; a record shorter than a window is one window.

    Parameters
    ----------
    words : Kmers
    size, step : int
        In letters.
    norm : {"frequency", "count", "percent"}
    """

    words: Kmers
    size: int
    step: int
    norm: Norm = "frequency"

    def __post_init__(self) -> None:
        _check_window(self.size, self.words)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        words, bounds = self.words.codes(seqs)
        kmers.pooled_counts(words, bounds, self.words.span, self.size, self.step, out)
        normalise(out, self.norm)
