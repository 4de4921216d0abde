"""``bioautofeat extract``: FASTA in, table out."""

from __future__ import annotations

import argparse
import os
from dataclasses import fields
from typing import TYPE_CHECKING

from bioautofeat.cli.common import Progress, positive

if TYPE_CHECKING:
    from bioautofeat.streaming import Options, Plan

__all__ = ["add_arguments", "run"]

EPILOG = """\
a SPEC is name or name:key=value,key=value (lists join with +), e.g. kmer:k=3 or psednc:lambda=3;
@dna, @rna, @protein ... are named groups; bioautofeat descriptors NAME gives a descriptor's parameters and bounds.

examples:
  bioautofeat extract genes.fa.gz -d kmer:k=3 -d kmer:k=4 -o features.csv
  bioautofeat extract promoter=pos.fa other=neg.fa -d @dna -o features.parquet
  zcat reads.fa.gz | bioautofeat extract - -d kmer:k=6 --short zero -o features.npz
"""


def _length(text: str) -> int | str:
    return text if text in ("min", "max") else positive(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add(
        "input",
        nargs="+",
        metavar="INPUT",
        help="FASTA, plain or gz/bz2/xz/zst; - is standard input; CLASS=FILE labels its records",
    )
    add("-d", "--descriptor", action="append", default=[], metavar="SPEC", help="descriptor or @group; may be repeated")
    add("--alphabet", choices=("auto", "dna", "rna", "protein"), default="auto", help="default: auto, from all records")
    add(
        "--ambiguous",
        choices=("skip", "error"),
        default="skip",
        help="letters outside the alphabet: leave out their windows, or refuse",
    )
    add(
        "--short",
        choices=("error", "nan", "zero"),
        default="error",
        help="records too short for a descriptor: refuse, NaN, or 0.0 (default: error)",
    )
    add(
        "--length",
        type=_length,
        default="max",
        metavar="N|min|max",
        help="positions that per-position descriptors describe",
    )
    add(
        "--labels",
        metavar="header|FILE",
        help="what follows the last | of the id, or a csv/tsv with columns id and label",
    )
    _add_output(parser)


def _add_output(parser: argparse.ArgumentParser) -> None:
    """The options that say what is written, and how."""
    add = parser.add_argument_group("output").add_argument
    add(
        "-o",
        "--output",
        metavar="OUT",
        help=".csv (default, standard output), .tsv, .csv.gz, .tsv.gz, .parquet, .npz, .svm",
    )
    add(
        "--format", choices=("csv", "tsv", "csv.gz", "tsv.gz", "parquet", "npz", "svm"), help="whatever the suffix says"
    )
    add("--dtype", choices=("float64", "float32"), default="float64", help="precision of the table (default: float64)")
    add("--force", action="store_true", help="replace an output that exists")
    add("--dry-run", action="store_true", help="print rows, columns, memory and disk, and write nothing")
    add("--max-columns", type=positive, default=1 << 20, metavar="N", help="refuse wider tables (default 1048576)")
    add("--chunk-size", type=positive, metavar="ROWS", help="rows computed at a time (default: about 16 MB of them)")


def run(options: argparse.Namespace) -> int:
    """Extract features; the exit code."""
    if options.threads:
        os.environ.setdefault("POLARS_MAX_THREADS", str(options.threads))
    from bioautofeat.io.output import check_output
    from bioautofeat.io.source import check_sources, parse_input

    sources = [parse_input(text) for text in options.input]
    check_sources(sources)
    path = None if options.output in (None, "-") else options.output
    if path is not None:
        check_output(path, force=options.force, inputs=[*(s.path for s in sources), options.labels or ""])
    from bioautofeat.io.table import table_format
    from bioautofeat.streaming import Extraction

    form = table_format(path, options.format)
    extraction = Extraction(sources, options.descriptor, _options(options))
    plan = extraction.plan(form)
    if options.dry_run:
        _print_estimates(plan, options.chunk_size)
        return 0
    with Progress("records", options.quiet) as progress:
        cut = extraction.run(plan, path, form, progress)
    _warn_about(plan, cut)
    return 0


def _options(options: argparse.Namespace) -> Options:
    from bioautofeat.streaming import Options

    return Options(**{field.name: getattr(options, field.name) for field in fields(Options)})


def _warn_about(plan: Plan, cut: int) -> None:
    """Say what the table alone does not show."""
    import warnings

    from bioautofeat.errors import BioautofeatWarning

    name = plan.survey.name
    if cut:
        message = f"{name}: {cut} records are longer than the {plan.length} positions described; the rest of them has no columns"
        warnings.warn(message, BioautofeatWarning, stacklevel=2)
    if plan.fitted:
        message = f"{name}: columns were fitted on these very records; a model must not be trained and judged on such a table (fit does it inside the folds)"
        warnings.warn(message, BioautofeatWarning, stacklevel=2)


def _print_estimates(plan: Plan, chunk_size: int | None) -> None:
    low, high = plan.disk
    at_a_time = _amount(plan.chunk_memory(chunk_size))
    print(f"rows\t{plan.survey.records}\ncolumns\t{plan.extractor.width}")
    print(f"alphabet\t{plan.survey.alphabet.name}\nletters\t{plan.survey.letters}")
    print(f"memory\t{at_a_time} at a time, {_amount(plan.memory)} as one dense table")
    print(f"disk\t{_amount(low)} to {_amount(high)} as text")


def _amount(size: int) -> str:
    """Bytes in words."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size / 1e3:,.1f} kB"
