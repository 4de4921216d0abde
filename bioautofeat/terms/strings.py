"""String kernels: how much two records have in common, as the scalar product of what they hold, scaled to 1 for equal ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.kernels import strings as kernels
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training, fixed, row_chunks
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count
from bioautofeat.terms.similarity import BLOCK_CELLS, Alignment, Similarity, WordCosine

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["AlignmentKernel", "Spectrum", "StringKernel", "WordPairs", "gapped_values", "mismatch_values"]

MAX_RECORDS = 3000
"""Largest number of training records: the table is as wide, and a kernel machine grows with its square and more."""

MAX_PAIRS = 2e10
"""Largest number of pairs of letters that comparing the training records with each other may take: about a minute."""


def gapped_values(length: int, k: int) -> tuple[int, ...]:
    """What two windows add that agree in 0, 1 ... ``length`` letters: in how many ways ``k`` of these can be chosen.

    The sum over all pairs of windows is the scalar product of the counts of all gapped words, ``k`` letters anywhere in a
    window of ``length``: Ghandi et al. 2014, PLoS Computational Biology 10:e1003711.
    """
    return tuple(comb(agreeing, k) for agreeing in range(length + 1))


def mismatch_values(k: int, m: int, n_symbols: int) -> tuple[int, ...]:
    """What two words of ``k`` letters add that agree in 0, 1 ... ``k`` of them: words within ``m`` mismatches of both.

    The sum is the scalar product of the mismatch counts: Leslie et al. 2004, Bioinformatics 20:467.
    """

    def within(differing: int) -> int:
        """Words that differ from both in ``s`` of the agreeing places, and hold the first's letter in ``i`` of the others, the second's in ``j``."""
        total = 0
        for s in range(k - differing + 1):
            for i in range(differing + 1):
                for j in range(differing - i + 1):
                    if s + differing - min(i, j) <= m:
                        neither = (n_symbols - 2) ** (differing - i - j)
                        outside = comb(k - differing, s) * (n_symbols - 1) ** s
                        total += outside * comb(differing, i) * comb(differing - i, j) * neither
        return total

    return tuple(within(k - agreeing) for agreeing in range(k + 1))


def _refuse(steps: float, what: str) -> None:
    if steps > MAX_PAIRS:
        raise ParameterError(
            f"comparing the training records with each other would take {steps:.1e} {what}, more than {MAX_PAIRS:.0e}: "
            "a string kernel is for small sets; use fewer or shorter records, or neighbours or kmer instead"
        )


@dataclass(frozen=True)
class Spectrum(WordCosine):
    """Cosine of the angle between the counts of words of several lengths, all in one vector.

    Parameters
    ----------
    words : Kmers
        The shortest words.
    longer : tuple of Kmers
    """

    longer: tuple[Kmers, ...] = ()

    def counts(self, seqs: Sequences) -> csr_matrix:
        from scipy.sparse import csr_matrix, hstack

        parts = [Count(words, "count").fill_sparse(seqs) for words in (self.words, *self.longer)]
        return csr_matrix(hstack(parts, format="csr"))

    def check(self, training: Sequences) -> None:
        holders = np.unique(self.counts(training).indices, return_counts=True)[1].astype(np.float64)
        _refuse(float((holders**2).sum()), "pairs of equal words")


@dataclass(frozen=True, eq=False)
class _Targets:
    """Training records as :func:`bioautofeat.kernels.strings.word_kernels` takes them, and their kernels with themselves."""

    arrays: kernels.Targets
    own: NDArray[np.float64]


@dataclass(frozen=True)
class WordPairs(Similarity):
    """A value for each pair of windows of two records, by the number of letters in which they agree, summed and scaled.

    Parameters
    ----------
    alphabet : Alphabet
    amounts : tuple of int, length letters of a window + 1
        What a pair adds that agrees in 0, 1 ... letters.
    both : bool
        Whether the words of the other strand are counted with those of the record.
    """

    alphabet: Alphabet
    amounts: tuple[int, ...]
    both: bool = False

    @property
    def length(self) -> int:
        """Letters of a window."""
        return len(self.amounts) - 1

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.length

    @property
    def _values(self) -> NDArray[np.int64]:
        values: NDArray[np.int64] = fixed(np.array([0, *self.amounts]), np.int64)
        return values

    def check(self, training: Sequences) -> None:
        _refuse((1 + self.both) * float(training.n_letters) ** 2, "pairs of letters")

    def _strands(self, seqs: Sequences) -> list[kernels.Records]:
        """The records as kernels take them, and their other strands where both count."""
        found = []
        for part in (seqs, seqs.reverse_complement()) if self.both else (seqs,):
            codes, offsets = (
                part.codes[part.offsets[0] : part.offsets[-1]],
                fixed(part.offsets - part.offsets[0], np.int64),
            )
            letters, known = fixed(codes, np.uint8), np.zeros(len(codes), np.uint8)
            kernels.known_windows(letters, offsets, self.length, self.alphabet.size, known)
            found.append((letters, offsets, fixed(known, np.uint8)))
        return found

    def _own(self, strands: list[kernels.Records]) -> NDArray[np.float64]:
        """The kernel of each record with itself."""
        own = np.zeros(len(strands[0][1]) - 1)
        for other in strands:
            kernels.paired_word_kernels(strands[0], other, self._values, own)
        return own

    def prepare(self, training: Sequences) -> _Targets:
        strands = self._strands(training)
        owners = np.repeat(np.arange(len(training)), np.diff(strands[0][1]))

        def padded(parts: list[NDArray[Any]], filling: int) -> NDArray[Any]:
            whole = [np.pad(part, (0, -len(part) % kernels.PACK), constant_values=filling) for part in parts]
            return fixed(np.concatenate(whole), parts[0].dtype)

        letters = padded([strand[0] for strand in strands], kernels.NOTHING)
        known = padded([strand[2] for strand in strands], 0)
        return _Targets((letters, known, padded([owners] * len(strands), len(training) - 1)), self._own(strands))

    def values(self, seqs: Sequences, prepared: _Targets) -> NDArray[np.float64]:
        strands = self._strands(seqs)
        out = np.zeros((len(seqs), len(prepared.own)))
        kernels.word_kernels(strands[0], prepared.arrays, self._values, out)
        scale = np.sqrt(self._own(strands))[:, None] * np.sqrt(prepared.own)
        return np.minimum(np.divide(out, scale, out=np.zeros_like(out), where=scale > 0), 1.0)


@dataclass(frozen=True)
class AlignmentKernel(Similarity):
    """``exp(beta (s - 1))`` with ``s`` the Smith-Waterman score over the geometric mean of the scores with themselves.

    The exponential makes near relatives count; it is no scalar product of anything, but kernel machines take it.

    Parameters
    ----------
    alignment : Alignment
    beta : float
    """

    alignment: Alignment
    beta: float = 4.0

    def check(self, training: Sequences) -> None:
        _refuse(float(training.n_letters) ** 2, "pairs of letters")

    def prepare(self, training: Sequences) -> Any:
        return self.alignment.prepare(training)

    def values(self, seqs: Sequences, prepared: Any) -> NDArray[np.float64]:
        scores = self.alignment.values(seqs, prepared)
        known = (self.alignment.own(seqs) > 0)[:, None] & (prepared.own > 0)
        return np.where(known, np.exp(self.beta * np.minimum(scores - 1.0, 0.0)), 0.0)


@dataclass(frozen=True, eq=False)
class StringKernel(Term):
    """The kernel of a record with every training record, itself among them: the table that kernel machines work on.

    Nothing is learnt from labels, and a training record's row holds its kernel with itself, 1.

    Parameters
    ----------
    similarity : Similarity
    training : Sequences, learnt
    """

    similarity: Similarity
    training: Sequences | None = None
    needs = frozenset({"sequences"})

    def __post_init__(self) -> None:
        if self.training is not None and not len(self.training):
            raise ModelError("what StringKernel has learnt is damaged: there is no training record")

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.similarity.shortest

    @property
    def width(self) -> int:
        if self.training is None:
            raise self.not_fitted()
        return len(self.training)

    def names(self) -> list[str]:
        return [f"t{record + 1}" for record in range(self.width)]

    def fit(self, training: Training) -> StringKernel:
        seqs = training.sequences
        if seqs is None or not len(seqs):
            raise self.not_fitted()
        if len(seqs) > MAX_RECORDS:
            raise ParameterError(
                f"{len(seqs):,} training records would be as many columns: a string kernel is for small sets, up to "
                f"{MAX_RECORDS:,} records; use neighbours or kmer instead"
            )
        self.similarity.check(seqs)
        return replace(self, training=seqs)

    @cached_property
    def _prepared(self) -> Any:
        if self.training is None:
            raise self.not_fitted()
        return self.similarity.prepare(self.training)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        for start, stop in row_chunks(len(seqs), max(1, BLOCK_CELLS // self.width)):
            out[start:stop] = self.similarity.values(seqs[start:stop], self._prepared)
