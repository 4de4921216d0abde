"""From sequences to a table: the function behind ``bioautofeat extract``, free of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.errors import AlphabetError, FastaError, ParameterError
from bioautofeat.families import Descriptor, Spec, find
from bioautofeat.families.groups import expand
from bioautofeat.io import read_fasta
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable
from bioautofeat.terms.base import Term, Training, fill_rows, fill_sparse

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = [
    "DENSE_COLUMNS",
    "Ambiguous",
    "Extractor",
    "Short",
    "available_threads",
    "described_length",
]

Short = Literal["error", "nan", "zero"]
Ambiguous = Literal["skip", "error"]

DENSE_COLUMNS = 65_536
"""A descriptor with more columns than this is computed sparse, or refused."""


def available_threads() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def described_length(length: int | str, shortest: int, longest: int) -> int:
    """Number of positions that per-position descriptors describe, from ``N``, ``"min"`` or ``"max"``."""
    if isinstance(length, bool) or not (length in ("min", "max") or (isinstance(length, int) and length > 0)):
        raise ParameterError(f"length: {length!r} is neither max, min nor a number of positions")
    return {"min": shortest, "max": longest}[length] if isinstance(length, str) else length


@dataclass(frozen=True)
class Extractor:
    """Descriptors over one alphabet, side by side: names and width before any data, rows after ``fit``.

    Parameters
    ----------
    specs : tuple of Spec
    alphabet : Alphabet
    terms : tuple of Term
        One for each spec.

    Examples
    --------
    >>> from bioautofeat.alphabet import DNA
    >>> extractor = Extractor.of(["kmer:k=1"], DNA)
    >>> extractor.names
    ['kmer_k1_A', 'kmer_k1_C', 'kmer_k1_G', 'kmer_k1_T']
    >>> extractor.transform(Sequences.from_strings(["AACG"], "dna")).tolist()
    [[0.5, 0.25, 0.25, 0.0]]
    """

    specs: tuple[Spec, ...]
    alphabet: Alphabet
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, specs: Iterable[str | Spec], alphabet: Alphabet) -> Extractor:
        """An extractor of these specs; every error of a spec shows here, before any data are read."""
        parsed = tuple(expand(specs, alphabet))
        if not parsed:
            raise ParameterError("no descriptor is given; e.g. kmer:k=3")
        double = sorted({str(spec) for spec in parsed if parsed.count(spec) > 1})
        if double:
            raise ParameterError(f"descriptor {double[0]!r} is given twice")
        return cls(parsed, alphabet, tuple(spec.term(alphabet) for spec in parsed))

    @property
    def needs(self) -> frozenset[str]:
        """What ``fit`` has to be given, over all terms."""
        return frozenset().union(*(term.needs for term in self.terms))

    @property
    def width(self) -> int:
        """Number of columns."""
        return sum(term.width for term in self.terms)

    @property
    def names(self) -> list[str]:
        """Names of the columns: the spec's prefix and the term's own name."""
        return [
            f"{spec.prefix}_{name}" for spec, term in zip(self.specs, self.terms, strict=True) for name in term.names()
        ]

    @property
    def is_wide(self) -> bool:
        """Whether a descriptor has so many columns that it is computed sparse."""
        return any(term.width > DENSE_COLUMNS for term in self.terms)

    def fit(self, training: Training) -> Extractor:
        """The extractor with all that its terms learn from training records."""
        for spec, term in zip(self.specs, self.terms, strict=True):
            if "labels" in term.needs and training.labels is None:
                raise ParameterError(f"{spec} learns from labels: give them (--labels), or leave it out")
        return replace(self, terms=tuple(term.fit(training) for term in self.terms))

    def check_width(self, rows: int, max_columns: int | None, sparse: bool) -> None:
        """Refuse a table that no one can hold, with the estimate, before anything is allocated."""
        for spec, term in zip(self.specs, self.terms, strict=True):
            if term.width > DENSE_COLUMNS and not sparse:
                raise ParameterError(
                    f"{spec}: {term.width:,} columns x {rows:,} rows would take {8 * term.width * rows / 1e9:,.1f} GB; "
                    f"above {DENSE_COLUMNS:,} columns a table must be sparse (.npz or .svm, sparse=True) or use smaller parameters"
                )
        if max_columns is not None and self.width > max_columns:
            raise ParameterError(
                f"{self.width:,} columns x {rows:,} rows, dense {8 * self.width * rows / 1e9:,.1f} GB: "
                f"more than the {max_columns:,} columns allowed; use smaller parameters or raise --max-columns"
            )

    def transform(
        self,
        seqs: Sequences,
        *,
        short: Short = "error",
        ambiguous: Ambiguous = "skip",
        threads: int = 1,
        dtype: Any = np.float64,
        sparse: bool = False,
        file: str = "",
    ) -> NDArray[Any] | csr_matrix:
        """Rows of a batch.

        Parameters
        ----------
        seqs : Sequences
            Over the extractor's alphabet.
        short : {"error", "nan", "zero"}
            What a record shorter than a descriptor needs becomes in that descriptor's columns.
        ambiguous : {"skip", "error"}
            Whether a letter outside the alphabet is left out with its windows, or refused.
        threads : int
        dtype : float64 or float32
        sparse : bool
            Give a CSR matrix.
        file : str
            Name of the input, for messages.
        """
        if seqs.alphabet != self.alphabet:
            raise AlphabetError(f"{seqs.alphabet.name} sequences given to descriptors of {self.alphabet.name}")
        if ambiguous == "error":
            self._refuse_ambiguous(seqs, file)
        short_rows = [
            self._short_rows(spec, term, seqs, short, file) for spec, term in zip(self.specs, self.terms, strict=True)
        ]
        if sparse:
            return self._sparse(seqs, short_rows, threads, dtype)
        if len(self.terms) == 1:
            table = fill_rows(self.terms[0], seqs, threads=threads, dtype=dtype)
            table[short_rows[0]] = np.nan
            return table
        table = np.zeros((len(seqs), self.width), dtype)
        column = 0
        for term, rows in zip(self.terms, short_rows, strict=True):
            block = table[:, column : column + term.width]
            fill_rows(term, seqs, threads=threads, out=block)
            block[rows] = np.nan
            column += term.width
        return table

    def _sparse(
        self,
        seqs: Sequences,
        short_rows: Sequence[NDArray[np.int64]],
        threads: int,
        dtype: Any,
    ) -> csr_matrix:
        from scipy.sparse import csr_matrix, hstack

        if any(len(rows) for rows in short_rows):
            raise ParameterError("a sparse table has no place for NaN: use short=zero or short=error")
        blocks = [fill_sparse(term, seqs, threads=threads, dtype=dtype) for term in self.terms]
        return csr_matrix(hstack(blocks, format="csr"))

    def _short_rows(self, spec: Spec, term: Term, seqs: Sequences, short: Short, file: str) -> NDArray[np.int64]:
        """Rows to be set to NaN; raises where short records are refused."""
        if short == "zero":
            return np.empty(0, np.int64)
        rows = np.flatnonzero(seqs.lengths < term.shortest)
        if len(rows) and short == "error":
            row = int(rows[0])
            raise FastaError(
                f"length {seqs.lengths[row]} is shorter than the {term.shortest} letters that {spec} needs"
                f"{f' ({len(rows)} such records in this part)' if len(rows) > 1 else ''}; remove it, or use short=nan or short=zero (--short)",
                file=file,
                record=seqs.ids[row],
            )
        return rows

    def _refuse_ambiguous(self, seqs: Sequences, file: str) -> None:
        letters = seqs.codes[seqs.offsets[0] : seqs.offsets[-1]]
        bad = np.flatnonzero(letters >= self.alphabet.size)
        if len(bad):
            at = int(bad[0]) + int(seqs.offsets[0])
            record = int(np.searchsorted(seqs.offsets, at, side="right")) - 1
            raise FastaError(
                f"a letter outside {self.alphabet.name}; use ambiguous=skip (--ambiguous skip) to leave out the windows that hold one",
                file=file,
                record=seqs.ids[record],
                position=at - int(seqs.offsets[record]) + 1,
            )


def descriptors(alphabet: str | Alphabet | None = None) -> list[Descriptor]:
    """The registry's rows, or those of an alphabet, by name."""
    return find(None if alphabet is None else get_alphabet(alphabet))


def extract(
    source: Sequences | str | os.PathLike[str],
    specs: Iterable[str | Spec],
    *,
    alphabet: str = "auto",
    labels: Sequence[Any] | None = None,
    short: Short = "error",
    ambiguous: Ambiguous = "skip",
    length: int | str = "max",
    dtype: str = "float64",
    sparse: bool = False,
    threads: int | None = None,
) -> FeatureTable:
    """Descriptors of sequences as a table.

    Parameters
    ----------
    source : Sequences or path of a FASTA file
    specs : iterable of str or Spec
        E.g. ``["kmer:k=3", "pseknc"]``.
    alphabet : {"auto", "dna", "rna", "protein"}
    labels : sequence, length n, optional
        Class or value of each record, for descriptors that learn from them; records labelled None take no part.
    short : {"error", "nan", "zero"}
        What a record shorter than a descriptor needs becomes.
    ambiguous : {"skip", "error"}
        Whether letters outside the alphabet are left out with their windows, or refused.
    length : int, "min" or "max"
        Number of positions that per-position descriptors describe.
    dtype : {"float64", "float32"}
    sparse : bool
        Give a CSR matrix.
    threads : int, optional
        All cores that this process may use by default; the values are the same for any number.

    Returns
    -------
    FeatureTable
    """
    seqs = source if isinstance(source, Sequences) else read_fasta(os.fspath(source), alphabet=alphabet)
    extractor = Extractor.of(specs, seqs.alphabet)
    taught = seqs if labels is None else seqs.take([i for i, label in enumerate(labels) if label is not None])
    known = None if labels is None else np.array([label for label in labels if label is not None])
    shortest, longest = (int(taught.lengths.min()), int(taught.lengths.max())) if len(taught) else (1, 1)
    extractor = extractor.fit(Training(described_length(length, shortest, longest), taught, known))
    extractor.check_width(len(seqs), None, sparse)
    values = extractor.transform(
        seqs,
        short=short,
        ambiguous=ambiguous,
        threads=threads or available_threads(),
        dtype=np.dtype(dtype),
        sparse=sparse,
        file="" if isinstance(source, Sequences) else os.fspath(source),
    )
    metadata = {
        "alphabet": seqs.alphabet.name,
        "specs": [str(spec) for spec in extractor.specs],
        "fitted": bool(extractor.needs - {"length"}),
    }
    shown = () if labels is None else tuple(None if label is None else str(label) for label in labels)
    return FeatureTable(values, tuple(extractor.names), seqs.ids, shown, metadata)
