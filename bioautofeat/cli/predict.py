"""``bioautofeat predict``: a model and new sequences in, labels and probabilities out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bioautofeat.cli.columns import add_features, check_features, with_columns
from bioautofeat.cli.common import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bioautofeat.bundle import FittedModel, Prediction
    from bioautofeat.table import FeatureTable

__all__ = ["add_arguments", "run", "said_of_tables"]

EPILOG = """\
columns: id, prediction, and p_CLASS for each class (prediction follows the model's decision rule, so it need not be
the largest p); for regression low and high, a 90 % interval.  A model trained on a table takes tables.

examples:
  bioautofeat predict run/model.baf new.fa.gz -o predictions.csv
  zcat reads.fa.gz | bioautofeat predict run/model.baf - > predictions.csv
  bioautofeat predict run/model.baf new.fa --features embeddings.parquet -o predictions.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="a model.baf; nothing in it is run")
    parser.add_argument("input", nargs="+", metavar="INPUT", help="FASTA, plain or gz/bz2/xz/zst; - is standard input")
    parser.add_argument("-o", "--output", metavar="OUT.csv", help="default: standard output")
    add_features(parser)
    parser.add_argument("--force", action="store_true", help="replace an existing output")


def _of_sequences(model: FittedModel, options: argparse.Namespace, threads: int) -> Iterator[Prediction]:
    """Predictions of FASTA files, batch after batch."""
    from bioautofeat.io.fasta import BatchSize
    from bioautofeat.io.source import Source, check_sources
    from bioautofeat.io.survey import survey

    sources = [Source(path) for path in options.input]
    check_sources(sources)
    assert model.alphabet is not None
    found = survey(sources, model.alphabet.name, ambiguous=model.ambiguous)
    with Progress("records", options.quiet) as progress:
        done = 0
        for _, batch in found.batches(BatchSize(1 << 14, 1 << 22)):
            yield model.predict(batch, threads)
            done += len(batch)
            progress(done, found.records)


def _with_features(model: FittedModel, options: argparse.Namespace, threads: int) -> Iterator[Prediction]:
    """Predictions of FASTA files with columns made elsewhere: all records at once, as their table is."""
    from bioautofeat.cli.fit import read_part

    assert model.alphabet is not None
    (part,) = with_columns(options.features, read_part(options.input, model.alphabet.name, None))
    yield model.predict(part.sequences, threads, part.features)


def said_of_tables(model: FittedModel, paths: Sequence[str], threads: int) -> Iterator[tuple[FeatureTable, Prediction]]:
    """Tables, and predictions of their rows; columns are found by name."""
    from bioautofeat.errors import TableError
    from bioautofeat.io.table_reader import read_table

    for path in paths:
        table = read_table(path)
        try:
            rows: Any = table.values[:, model.columns_of(table.names)]
            found = model.predict_rows(rows, table.ids, threads)
        except TableError as error:
            raise TableError(f"{path}: {error}") from None
        yield table, found


def _of_tables(model: FittedModel, options: argparse.Namespace, threads: int) -> Iterator[Prediction]:
    """Predictions of tables."""
    return (found for _, found in said_of_tables(model, options.input, threads))


def _lines(parts: Iterator[Prediction]) -> Iterator[bytes]:
    """The output, line by line."""
    from bioautofeat.io.text import quoted

    head = True
    for part in parts:
        if head:
            yield (",".join(quoted(part.columns, ",")) + "\n").encode()
            head = False
        text = "".join(",".join(quoted(row, ",")) + "\n" for row in part.rows())
        yield text.encode()


def run(options: argparse.Namespace) -> int:
    """Write the predictions; the exit code."""
    import sys

    from bioautofeat.bundle import load
    from bioautofeat.extraction import available_threads
    from bioautofeat.io.output import check_output, replacing

    if options.output is not None and options.output != "-":
        check_output(options.output, force=options.force, inputs=[options.model, *options.input, *options.features])
    model = load(options.model)
    check_features(model, options.model, options.features)
    threads = options.threads or available_threads()
    how = _of_tables if model.extractor is None else _with_features if model.external else _of_sequences
    lines = _lines(how(model, options, threads))
    if options.output is None or options.output == "-":
        for line in lines:
            sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        return 0
    with replacing(options.output) as stream:
        for line in lines:
            stream.write(line)
    return 0
