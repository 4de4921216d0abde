"""``bioautofeat check``: an audit of the data before anyone trains on them."""

from __future__ import annotations

import argparse

__all__ = ["add_arguments", "run"]

EPILOG = """\
examples:
  bioautofeat check pos=positive.fa neg=negative.fa
  bioautofeat check train.fa --labels train.csv --test test.fa --test-labels test.csv --format json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("input", nargs="+", metavar="INPUT", help="FASTA; CLASS=FILE labels its records")
    parser.add_argument(
        "--labels",
        metavar="header|FILE",
        help="what follows the last | of the id, or a csv/tsv with columns id and label",
    )
    parser.add_argument("--test", action="append", default=[], metavar="FILE", help="the test part; may be repeated")
    parser.add_argument("--test-labels", metavar="header|FILE", help="as --labels")
    parser.add_argument("--alphabet", choices=("auto", "dna", "rna", "protein"), default="auto")
    parser.add_argument("--task", choices=("classification", "regression"), default="classification")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Audit; the exit code."""
    import json
    import sys

    from bioautofeat.audit import audit
    from bioautofeat.audit.text import describe
    from bioautofeat.cli.fit import read_part
    from bioautofeat.errors import ParameterError

    if options.test_labels and not options.test:
        raise ParameterError("--test-labels is given without --test")
    training = read_part(options.input, options.alphabet, options.labels)
    test = None
    if options.test:
        source = options.test_labels or ("header" if options.labels == "header" else None)
        test = read_part(options.test, training.sequences.alphabet.name, source)
    found = audit(training, test, task=options.task)
    if options.format == "json":
        sys.stdout.write(json.dumps(found.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        sys.stdout.write(describe(found, options.task))
    return 0
