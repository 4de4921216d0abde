"""``bioautofeat evaluate``: how good a model is on labelled sequences it has not seen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bioautofeat.cli.columns import add_features, check_features, with_columns

if TYPE_CHECKING:
    from bioautofeat.bundle import FittedModel

    Judged = tuple[Any, Any, Any | None]

__all__ = ["add_arguments", "run"]

EPILOG = """\
examples:
  bioautofeat evaluate run/model.baf pos=new_pos.fa neg=new_neg.fa
  bioautofeat evaluate run/model.baf new.fa --labels new.csv --format json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="a model.baf")
    parser.add_argument(
        "input", nargs="+", metavar="TEST", help="FASTA (CLASS=FILE labels its records); a table for a model of a table"
    )
    parser.add_argument(
        "--labels",
        metavar="header|FILE",
        help="what follows the last | of the id, or a csv/tsv with columns id and label",
    )
    add_features(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Evaluate; the exit code."""
    import json
    import sys

    from bioautofeat.bundle import load
    from bioautofeat.evaluation.estimate import intervals
    from bioautofeat.extraction import available_threads

    model = load(options.model)
    check_features(model, options.model, options.features, options.labels)
    judge = _of_tables if model.extractor is None else _of_records
    truth, scores, classes = judge(model, options, options.threads or available_threads())
    found = intervals(model.task, truth, scores, classes, seed=options.seed, repeats=500)
    if options.format == "json":
        content = {"records": len(truth), "metrics": {name: row.as_dict() for name, row in found.items()}}
        sys.stdout.write(json.dumps(content, indent=1, allow_nan=False) + "\n")
        return 0
    sys.stdout.write("metric\tvalue\tlow\thigh\n")
    for name, row in found.items():
        sys.stdout.write(f"{name}\t{row.value:.6g}\t{row.low:.6g}\t{row.high:.6g}\n")
    return 0


def _of_records(model: FittedModel, options: argparse.Namespace, threads: int) -> Judged:
    """Truth, as codes or values, and what the model says of records of FASTA files."""
    from bioautofeat.automl.outputs import as_arrays
    from bioautofeat.cli.fit import read_part

    assert model.alphabet is not None
    part = read_part(options.input, model.alphabet.name, options.labels)
    truth = _truth(part.require_labels(), part.sequences.ids, model, part.origin)
    if model.external:
        (part,) = with_columns(options.features, part)
    return truth, *as_arrays(model.predict(part.sequences, threads, part.features))


def _of_tables(model: FittedModel, options: argparse.Namespace, threads: int) -> Judged:
    """The same of the rows of one or several tables."""
    import numpy as np

    from bioautofeat.automl.outputs import as_arrays
    from bioautofeat.cli.predict import said_of_tables
    from bioautofeat.errors import LabelError

    parts = []
    for path, (table, prediction) in zip(options.input, said_of_tables(model, options.input, threads), strict=True):
        if not table.labels or None in table.labels:
            raise LabelError(f"{path}: a label is missing; evaluation needs the column label, filled in every row")
        truth = _truth([str(label) for label in table.labels], table.ids, model, path)
        parts.append((truth, *as_arrays(prediction)))
    truths, scores, classes = zip(*parts, strict=True)
    together = None if classes[0] is None else np.concatenate(classes)
    return np.concatenate(truths), np.concatenate(scores), together


def _truth(labels: list[str], ids: tuple[str, ...], model: FittedModel, origin: str) -> Any:
    """Codes of the model's classes, or values."""
    from bioautofeat.audit.part import class_codes, label_numbers
    from bioautofeat.errors import LabelError

    if model.task == "regression":
        return label_numbers(labels, ids, origin)
    strange = sorted(set(labels) - set(model.classes))
    if strange:
        raise LabelError(f"{origin}: class {strange[0]!r} is none of the model's ({', '.join(model.classes[:6])})")
    return class_codes(labels, model.classes)
