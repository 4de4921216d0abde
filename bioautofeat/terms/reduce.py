"""The verb *reduce*: from the words or the track of a sequence to a vector of fixed length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.kernels import kmers
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training
from bioautofeat.terms.read import Kmers

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Count", "Norm", "Window", "normalise"]

Norm = Literal["frequency", "count", "percent"]


def normalise(counts: NDArray[np.float64], norm: Norm = "frequency") -> None:
    """Divide each row by its sum, in place (times 100 for ``percent``); a row of zeros stays as it is."""
    if norm == "count":
        return
    total = counts.sum(axis=1, keepdims=True)
    np.divide(counts, total, out=counts, where=total > 0)
    if norm == "percent":
        counts *= 100.0


@dataclass(frozen=True)
class Count(Term):
    """How often each word occurs; windows that hold an unknown letter are left out.

    Parameters
    ----------
    words : Kmers
    norm : {"frequency", "count", "percent"}
        Frequencies sum to 1 over all columns (0 where no window is known).
    phases : int
        Words are counted apart by their position modulo ``phases``, phase outer; frequencies sum to 1 over all.
    """

    words: Kmers
    norm: Norm = "frequency"
    phases: int = 1

    @property
    def width(self) -> int:
        return self.words.n_words * self.phases

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    def names(self) -> list[str]:
        words = self.words.names()
        if self.phases == 1:
            return words
        return [f"phase{phase + 1}.{word}" for phase in range(self.phases) for word in words]

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        symbols = self.words.symbols(seqs)
        if self.words.contiguous and self.phases == 1:
            kmers.count_contiguous(symbols.codes, symbols.offsets, self.words.n_symbols, self.words.k, out)
        else:
            kmers.count_spaced(
                symbols.codes,
                symbols.offsets,
                self.words.n_symbols,
                self.words.places,
                self.phases,
                out,
            )
        normalise(out, self.norm)

    def fill_sparse(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix

        words, bounds = self.words.codes(seqs)
        if self.phases > 1:
            at = np.arange(len(words)) - np.repeat(bounds[:-1], np.diff(bounds))
            words = np.where(words >= 0, words + at % self.phases * self.words.n_words, -1)
        sizes = np.empty(len(seqs), np.int64)
        kmers.sparse_sizes(words, bounds, sizes)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        indices, data = np.empty(indptr[-1], np.int64), np.empty(indptr[-1])
        kmers.sparse_counts(words, bounds, indptr, indices, data)
        if self.norm != "count":
            total = np.diff(np.concatenate([np.zeros(1), np.cumsum(data)])[indptr])
            data /= np.repeat(total, sizes)
            data *= 100.0 if self.norm == "percent" else 1.0
        return csr_matrix((data, indices, indptr), shape=(len(seqs), self.width))


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
        symbols = self.words.symbols(seqs)
        kmers.window_counts(
            symbols.codes,
            symbols.offsets,
            self.words.n_symbols,
            self.words.places,
            self.size,
            self.step,
            out,
        )
        normalise(out.reshape(-1, self.words.n_words), self.norm)
