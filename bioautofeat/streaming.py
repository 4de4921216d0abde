"""From FASTA files to a file of features, in bounded memory: survey, fit, then batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import get_alphabet
from bioautofeat.errors import FastaError, LabelError, ParameterError
from bioautofeat.extraction import DENSE_COLUMNS, Ambiguous, Extractor, Short, available_threads, described_length
from bioautofeat.families.groups import check_specs
from bioautofeat.io.fasta import BatchSize
from bioautofeat.io.source import Source, check_sources
from bioautofeat.io.survey import FileFacts, Survey, survey
from bioautofeat.io.table import SPARSE_FORMATS, Layout, open_writer
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Extraction", "Options", "Plan"]

CHUNK_CELLS = 1 << 21
"""Cells of a chunk: 16 MB of float64, and about twice that as text."""

CHUNK_LETTERS = 1 << 24

Report = Callable[[int, int], None]
"""Called with the number of rows done and of all rows."""


@dataclass(frozen=True)
class Options:
    """How features are extracted to a file; the names are those of the command line.

    Parameters
    ----------
    alphabet : {"auto", "dna", "rna", "protein"}
    short : {"error", "nan", "zero"}
    ambiguous : {"skip", "error"}
    length : int, "min" or "max"
    dtype : {"float64", "float32"}
    labels : str, optional
        ``header`` or a table with the columns ``id`` and ``label``.
    chunk_size : int, optional
        Rows computed at a time; by default as many as fit about 16 MB.
    max_columns : int, optional
    threads : int
    """

    alphabet: str = "auto"
    short: Short = "error"
    ambiguous: Ambiguous = "skip"
    length: int | str = "max"
    dtype: str = "float64"
    labels: str | None = None
    chunk_size: int | None = None
    max_columns: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Plan:
    """What an extraction will do, known before its first row.

    Parameters
    ----------
    survey : Survey
    extractor : Extractor
        Fitted.
    labels : list of (str or None), optional
        Of every record, in order.
    fitted : bool
        Whether columns depend on the records given.
    length : int
        Number of positions that per-position descriptors describe.
    """

    survey: Survey
    extractor: Extractor
    labels: list[str | None] | None
    fitted: bool
    length: int

    @property
    def memory(self) -> int:
        """Bytes of the whole table, dense, in float64."""
        return 8 * self.survey.records * self.extractor.width

    @property
    def disk(self) -> tuple[int, int]:
        """Bytes of the table as text: mostly zeros, and without zeros."""
        cells = self.survey.records * self.extractor.width
        return 4 * cells, 20 * cells

    def rows_at_a_time(self, asked: int | None) -> int:
        """Rows of a chunk."""
        usual = max(1, CHUNK_CELLS // max(1, min(self.extractor.width, DENSE_COLUMNS)))
        return min(asked or usual, 1 << 20, max(1, self.survey.records))

    def chunk_memory(self, asked: int | None) -> int:
        """Bytes of a chunk: its letters, its values and their text."""
        cells = self.rows_at_a_time(asked) * min(self.extractor.width, DENSE_COLUMNS)
        return max(CHUNK_LETTERS, self.survey.longest) + 3 * 8 * cells

    def layout(self, dtype: str) -> Layout:
        """The table before its first row."""
        known = sorted({label for label in self.labels or [] if label is not None})
        longest = max([file.longest_id for file in self.survey.files] + [len(label) for label in known])
        metadata = {
            "alphabet": self.survey.alphabet.name,
            "specs": [str(spec) for spec in self.extractor.specs],
            "length": self.length,
            "fitted": self.fitted,
        }
        return Layout(
            tuple(self.extractor.names),
            self.survey.records,
            dtype,
            self.labels is not None,
            tuple(known),
            longest,
            metadata,
        )


class Extraction:
    """Features of FASTA files to a table file.

    Parameters
    ----------
    sources : sequence of Source
    specs : sequence of str
        Descriptors or named groups, e.g. ``["kmer:k=3", "@dna"]``.
    options : Options
    """

    def __init__(self, sources: Sequence[Source], specs: Sequence[str], options: Options) -> None:
        self.sources, self.options = list(sources), options
        self.specs = list(specs)
        if not self.specs:
            raise ParameterError("no descriptor is given; use -d, e.g. -d kmer:k=3")
        # mistakes that need no data show before any are read
        if options.alphabet == "auto":
            check_specs(self.specs)
        else:
            Extractor.of(self.specs, get_alphabet(options.alphabet))
        described_length(options.length, 1, 1)
        check_sources(self.sources)

    @property
    def threads(self) -> int:
        """Number of threads."""
        return self.options.threads or available_threads()

    def plan(self, form: str = "csv") -> Plan:
        """Survey the inputs, fit what is to be fitted, and refuse what cannot be done.

        Parameters
        ----------
        form : str
            Format of the table, for sparse ones may be wider.
        """
        options = self.options
        found = survey(self.sources, options.alphabet, ambiguous=options.ambiguous, keep_ids=options.labels is not None)
        labels = self._labels(found)
        extractor = Extractor.of(self.specs, found.alphabet)
        fitted = bool(extractor.needs - {"length"})
        extractor, length = self._fit(extractor, found, labels)
        extractor.check_width(found.records, options.max_columns, form in SPARSE_FORMATS)
        self._check_short(extractor, found, form)
        if form == "svm" and labels is None:
            raise LabelError("svmlight (.svm) needs labels: give CLASS=FILE inputs or --labels")
        return Plan(found, extractor, labels, fitted, length)

    def _labels(self, found: Survey) -> list[str | None] | None:
        from bioautofeat.io.labels import TWICE, read_labels

        classes = found.labels
        if classes is not None:
            if self.options.labels is not None:
                raise LabelError(TWICE)
            return [c for c, file in zip(classes, found.files, strict=True) for _ in range(file.records)]
        if self.options.labels is None:
            return None
        return read_labels(self.options.labels, found.ids, file=found.name)

    def _fit(self, extractor: Extractor, found: Survey, labels: list[str | None] | None) -> tuple[Extractor, int]:
        """The extractor fitted on the survey alone where lengths suffice, else on the records in memory."""
        options = self.options
        if not extractor.needs - {"length"}:
            length = described_length(options.length, found.shortest, found.longest)
            return extractor.fit(Training(length)), length
        if "labels" in extractor.needs and labels is None:
            # refused before the records are read into memory
            extractor.fit(Training(1))
        records = Sequences.concatenate([batch for _, batch in found.batches()])
        taught = records if labels is None else records.take([i for i, c in enumerate(labels) if c is not None])
        known = None if labels is None else np.array([c for c in labels if c is not None])
        shortest, longest = int(taught.lengths.min()), int(taught.lengths.max())
        length = described_length(options.length, shortest, longest)
        return extractor.fit(Training(length, taught, known)), length

    def _check_short(self, extractor: Extractor, found: Survey, form: str) -> None:
        """Refuse records that are too short for a descriptor before the first row is written."""
        if self.options.short not in ("error", "nan", "zero"):
            raise ParameterError(f"short: {self.options.short!r} is none of error, nan, zero")
        if self.options.short == "zero":
            return
        for spec, term in zip(extractor.specs, extractor.terms, strict=True):
            if found.shortest >= term.shortest:
                continue
            if self.options.short == "nan":
                if form in SPARSE_FORMATS and extractor.is_wide:
                    raise ParameterError("a sparse table has no place for NaN: use --short zero or --short error")
                continue
            needed = term.shortest
            place, count = found.find_record(lambda lengths, needed=needed: lengths < needed)  # type: ignore[misc]
            more = f" ({count} records are)" if count > 1 else ""
            raise FastaError(
                f"length {place.length} is shorter than the {needed} letters that {spec} needs{more}; "
                "remove it, or use --short nan or --short zero",
                place.file,
                place.line,
                place.record,
            )

    def run(self, plan: Plan, path: str | None, form: str, report: Report | None = None) -> int:
        """Write the table; the number of records longer than the positions described.

        Parameters
        ----------
        plan : Plan
        path : str, optional
            Standard output by default.
        form : str
        report : callable, optional
        """
        done, cut = 0, 0
        size = BatchSize(plan.rows_at_a_time(self.options.chunk_size), CHUNK_LETTERS)
        with open_writer(path, form, plan.layout(self.options.dtype), self.threads) as writer:
            for file, batch in plan.survey.batches(size):
                values = self._values(plan, file, batch, form)
                labels = None if plan.labels is None else plan.labels[done : done + len(batch)]
                writer.write(batch.ids, values, labels)
                done += len(batch)
                cut += int(np.count_nonzero(batch.lengths > plan.length))
                if report is not None:
                    report(done, plan.survey.records)
        return cut

    def _values(self, plan: Plan, file: FileFacts, batch: Sequences, form: str) -> NDArray[Any] | csr_matrix:
        return plan.extractor.transform(
            batch,
            short="zero" if self.options.short == "error" else self.options.short,
            threads=self.threads,
            dtype=np.dtype(self.options.dtype),
            sparse=form in SPARSE_FORMATS and plan.extractor.is_wide,
            file=file.source.name,
        )
