"""``bioautofeat fit``: labelled sequences in, a model and an honest account of it out."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from bioautofeat.cli.columns import with_columns
from bioautofeat.cli.common import positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from bioautofeat.audit import Part
    from bioautofeat.automl.prepare import Options, Prepared

__all__ = ["add_arguments", "run"]

STRATEGIES = ("random", "grid", "local", "evolution", "smbo", "tpe", "halving")
"""The names of ``bioautofeat.search.STRATEGIES``, which help must not import."""

EPILOG = """\
RUN holds model.baf, report.html, leaderboard.csv, metrics.json, predictions_oof.csv, audit.json, config.json and the
journal; signatures.csv for wide tables and where asked for; the same command on the same RUN goes on where it stopped.

examples:
  bioautofeat fit pos=positive.fa neg=negative.fa -o run --time-budget 10m
  bioautofeat fit all.fa.gz --labels labels.csv --test test.fa --test-labels test.csv -o run
  bioautofeat fit all.fa --labels header --task regression --trials 12 --seed 7 -o run
  bioautofeat fit --table features.csv -o run
  bioautofeat fit all.fa --labels labels.csv --features embeddings.parquet --groups clusters.tsv -o run
"""


def _duration(text: str) -> float:
    from bioautofeat.automl.clock import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _bytes(text: str) -> int:
    found = re.fullmatch(r"([0-9.]+)\s*([kKmMgGtT]?)i?[bB]?", text)
    try:
        size = float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else 0.0
    except ValueError:
        size = 0.0
    if size < 1 << 20:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of memory: write 500M or 4G")
    return int(size)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("input", nargs="*", metavar="TRAIN", help="FASTA; CLASS=FILE labels its records")
    parser.add_argument("-o", "--output", required=True, metavar="RUN", help="folder of the run")
    parser.add_argument(
        "--labels",
        metavar="header|FILE",
        help="what follows the last | of the id, or a csv/tsv with columns id and label",
    )
    parser.add_argument(
        "--table", metavar="FILE", help="train on a feature table (columns id, features, label) instead of FASTA"
    )
    parser.add_argument("--alphabet", choices=("auto", "dna", "rna", "protein"), default="auto")
    parser.add_argument("--task", choices=("classification", "regression"), default="classification")
    parser.add_argument(
        "--metric",
        metavar="NAME",
        help="mcc (default), acc, balanced_acc, f1_macro, auc, log_loss; r2 (default), spearman, pearson, rmse, mae",
    )
    parser.add_argument(
        "--time-budget", type=_duration, metavar="TIME", help="of the whole command: 90, 10m, 2h (default 10m)"
    )
    parser.add_argument("--trials", type=positive, metavar="N", help="try N models: the same result on every machine")
    parser.add_argument(
        "--memory-limit", type=_bytes, metavar="SIZE", help="e.g. 4G; a model that needs more is left out"
    )
    parser.add_argument(
        "--preset", choices=("fast", "balanced", "best"), default="balanced",
        help="best searches more, and fits and judges what it delivers on shuffled labels, too",
    )  # fmt: skip
    parser.add_argument(
        "--nas", action="store_true", help="let neural networks take part, searched ones among them (extra [nas])"
    )
    parser.add_argument(
        "--strategy", choices=STRATEGIES, default="tpe", help="how models are chosen after the first ones (default tpe)"
    )
    parser.add_argument(
        "--features", action="append", default=[], metavar="FILE",
        help="columns made elsewhere, such as embeddings, joined by id to training and test records: csv, tsv, Parquet or "
        "npz with a column id; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--signatures", action="store_true", default=None,
        help="look for small sets of features that carry what all know (tables of many columns: always)",
    )  # fmt: skip
    parser.add_argument(
        "-d",
        "--descriptor",
        action="append",
        default=[],
        metavar="SPEC",
        help="search these descriptors only; may be repeated",
    )
    parser.add_argument(
        "--test", action="append", default=[], metavar="FILE", help="test part, scored once at the end; may be repeated"
    )
    parser.add_argument("--test-labels", metavar="header|FILE", help="as --labels")
    parser.add_argument(
        "--groups",
        default="auto",
        metavar="auto|none|FILE",
        help="related records stay in one fold: found, not looked for, or a csv/tsv with columns id and group, "
        "CD-HIT's .clstr or MMseqs2's tsv of clusters",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace what an earlier run wrote in RUN, and nothing else"
    )


def run(options: argparse.Namespace) -> int:
    """Fit; the exit code."""
    from bioautofeat.automl.clock import Clock, process_age
    from bioautofeat.automl.run_folder import FitFolder

    budget = options.time_budget
    if budget is None and options.trials is None:
        budget = 600.0
    clock = Clock(budget, process_age())
    _check_usage(options)
    folder = FitFolder(options.output, options.force)
    try:
        folder.hold()
        return _fit(options, clock, folder)
    finally:
        folder.discard_if_empty()


def _check_usage(options: argparse.Namespace) -> None:
    """What is wrong with the options themselves."""
    from bioautofeat.errors import ParameterError
    from bioautofeat.evaluation.metrics import get_metric
    from bioautofeat.families.groups import check_specs

    if options.table and (options.input or options.labels or options.descriptor):
        raise ParameterError("--table stands alone: no FASTA, no --labels and no -d beside it")
    if options.table and options.features:
        raise ParameterError("--features stands beside FASTA; with --table join the columns into the table")
    if options.table and (len(options.test) > 1 or options.test_labels):
        raise ParameterError("--table takes one table as --test, with its labels in the column label")
    if not options.table and not options.input:
        raise ParameterError("no input: name FASTA files (CLASS=FILE, or with --labels), or a table (--table FILE)")
    if options.test_labels and not options.test:
        raise ParameterError("--test-labels is given without --test")
    if options.nas:
        from bioautofeat.nas.ops import blocks

        if options.table:
            raise ParameterError("--nas needs sequences: networks read letters, and --table has none")
        blocks()  # says at once where torch is missing
    if options.metric:
        get_metric(options.metric, options.task)
    check_specs(options.descriptor)


def _fit(options: argparse.Namespace, clock: Any, folder: Any) -> int:
    from bioautofeat.automl.crew import executor_for
    from bioautofeat.automl.run import Run
    from bioautofeat.automl.signing import clock_of_run

    training, test, settings = _read(options, clock.budget)
    source = training.values if options.table else training.sequences
    # a worker loads its libraries while the data are looked over here
    with executor_for(source, settings) as executor:
        prepared = _prepared(options, training, test, settings)
        resumed = folder.open(_config(options, prepared))
        tell = _teller(options.quiet, clock)
        if resumed:
            tell("an earlier run with the same configuration is taken up")
        result = Run(
            prepared, settings, clock_of_run(clock, prepared.problem, settings), executor, folder.path, tell
        ).go()
    metric = prepared.problem.metric
    best = result.estimate.corrected[metric]
    tell(
        f"{metric} {best.value:.4f} (95 % interval {best.low:.4f} to {best.high:.4f}), {result.seconds:.0f} s; {folder.path / 'report.html'}"
    )
    return 0


def _read(options: argparse.Namespace, budget: float | None) -> tuple[Any, Any, Options]:
    """Training part, test part or None, and the settings, with the time that there is."""
    from bioautofeat.automl.prepare import Options
    from bioautofeat.extraction import available_threads
    from bioautofeat.io.table_reader import read_table

    test: Any = None
    if options.table:
        training: Any = read_table(options.table)
        ids, file = training.ids, options.table
        test = read_table(options.test[0]) if options.test else None
    else:
        training = read_part(options.input, options.alphabet, options.labels)
        ids, file = training.sequences.ids, training.file
        if options.test:
            labels = options.test_labels or ("header" if options.labels == "header" else None)
            test = read_part(options.test, training.sequences.alphabet.name, labels)
        if options.features:
            training, *rest = with_columns(options.features, training, *([test] if test is not None else []))
            test = rest[0] if rest else None
    settings = Options(
        options.task, options.metric, budget, options.trials, options.preset, tuple(options.descriptor),
        _groups(options.groups, ids, file), options.memory_limit, options.seed, options.threads or available_threads(),
        strategy=options.strategy, nas=options.nas, signatures=options.signatures,
    )  # fmt: skip
    return training, test, settings


def _prepared(options: argparse.Namespace, training: Any, test: Any, settings: Options) -> Prepared:
    from bioautofeat.automl.prepare import prepare_records, prepare_table

    if options.table:
        return prepare_table(training, test, settings, options.table, options.test[0] if options.test else "")
    return prepare_records(training, test, settings)


def read_part(inputs: list[str], alphabet: str, labels: str | None) -> Part:
    """Records of FASTA inputs with their labels."""
    from bioautofeat.audit import Part
    from bioautofeat.errors import LabelError
    from bioautofeat.io.labels import TWICE, read_labels
    from bioautofeat.io.records import read_records
    from bioautofeat.io.source import parse_input

    sources = [parse_input(text) for text in inputs]
    records = read_records(sources, alphabet)
    names = records.sequences.ids
    file = sources[0].name if len(sources) == 1 else f"{sources[0].name} and {len(sources) - 1} more"
    if labels is not None:
        if records.labels:
            raise LabelError(TWICE)
        known = tuple(read_labels(labels, names, file=file))
        return Part(records.sequences, known, file, labels)
    return Part(records.sequences, tuple(records.labels), file)


def _groups(source: str, ids: tuple[str, ...], file: str) -> str | tuple[str, ...]:
    if source in ("auto", "none"):
        return source
    from bioautofeat.io.labels import read_groups

    return tuple(read_groups(source, ids, file=file))


def _config(options: argparse.Namespace, prepared: Prepared) -> dict[str, Any]:
    """What has to be equal for a run to go on where another stopped."""
    import hashlib

    from bioautofeat.io.run_folder import configuration

    digest = hashlib.sha256(prepared.keys.tobytes() + prepared.problem.truth.tobytes())
    extra = prepared.problem.extra
    if extra is not None:
        digest.update("\n".join(extra.names).encode() + extra.values.tobytes())
    return {"command": "fit", **configuration(vars(options), digest.hexdigest())}


def _teller(quiet: bool, clock: Any) -> Callable[[str], None]:
    """Lines of progress on stderr."""
    import sys

    def tell(line: str) -> None:
        if not quiet:
            sys.stderr.write(f"[{clock.spent:.0f} s] {line}\n")
            sys.stderr.flush()

    return tell
