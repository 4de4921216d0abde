"""``bioautofeat explain``: which descriptors, features, k-mers and positions speak for a model's predictions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bioautofeat.cli.columns import add_features, check_features
from bioautofeat.cli.common import Progress, positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from bioautofeat.bundle import FittedModel
    from bioautofeat.sequences import Sequences
    from bioautofeat.table import FeatureTable

__all__ = ["add_arguments", "run"]

EPILOG = """\
DIR holds index.html (one self-contained page), tables (records, blocks, features, shap, kmers, positions, mutations and
the same by record) as csv, every drawing as svg, and explanation.json.  With labels the importance of a descriptor is
what the metric loses without it, else how much predictions change.  A model trained on a table takes tables.

examples:
  bioautofeat explain run/model.baf new.fa -o why
  bioautofeat explain run/model.baf pos=pos.fa neg=neg.fa -o why --class pos
  bioautofeat explain run/model.baf all.fa --labels labels.csv -o why --only seq17 --only seq18
  bioautofeat explain run/model.baf one.fa --background all.fa -o why
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("model", metavar="MODEL", help="a model.baf; nothing in it is run")
    parser.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="FASTA (CLASS=FILE labels its records); a table for a model of a table",
    )
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the explanation")
    parser.add_argument(
        "--labels",
        metavar="header|FILE",
        help="what follows the last | of the id, or a csv/tsv with columns id and label",
    )
    add_features(parser)
    parser.add_argument("--metric", metavar="NAME", help="what permutations are measured by (default: the model's own)")
    parser.add_argument(
        "--class",
        dest="target",
        metavar="NAME",
        help="explain this class (default: the second of two; of more the one predicted for each record)",
    )
    parser.add_argument(
        "--background", action="append", default=[], metavar="FILE",
        help="usual records, with which single ones are compared (default: INPUT); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--records", type=int, default=30, metavar="N", help="records explained one by one (default 30)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="explain this record; may be repeated"
    )
    parser.add_argument("--repeats", type=positive, default=5, metavar="N", help="permutations (default 5)")
    parser.add_argument("--window", type=positive, metavar="N", help="letters masked together (default 8 nt, 5 aa)")
    parser.add_argument("-k", "--word", type=positive, metavar="K", help="letters of a k-mer (default 4 nt, 2 aa)")
    parser.add_argument(
        "--force", action="store_true", help="replace what an earlier run wrote in DIR, and nothing else"
    )


def run(options: argparse.Namespace) -> int:
    """Explain; the exit code."""
    from bioautofeat.bundle import load
    from bioautofeat.explanation import Settings, explain
    from bioautofeat.explanation.folder import check_folder
    from bioautofeat.extraction import available_threads

    settings = Settings(
        target=options.target, metric=options.metric, repeats=options.repeats, records=options.records,
        only=tuple(options.only), window=options.window, word=options.word, seed=options.seed,
        threads=options.threads or available_threads(),
    )  # fmt: skip
    check_folder(options.output, force=options.force)
    model = load(options.model)
    check_features(model, options.model, options.features, options.labels)
    records, labels = _read(model, options.input, options.labels)
    usual = _read(model, options.background, None)[0] if options.background else None
    model = _beside(model, options, records, usual)
    with _Parts(options.quiet) as tell:
        found = explain(model, records, labels, background=usual, settings=settings, tell=tell)
    found.save(options.output, force=options.force)
    return 0


def _read(
    model: FittedModel, inputs: list[str], labels: str | None
) -> tuple[Sequences | FeatureTable, list[str] | None]:
    """Records with their labels, or a table with those of its rows."""
    if model.extractor is None:
        return _read_tables(inputs)
    from bioautofeat.cli.fit import read_part

    assert model.alphabet is not None
    part = read_part(inputs, model.alphabet.name, labels)
    return part.sequences, part.require_labels() if part.labels else None


def _beside(model: FittedModel, options: argparse.Namespace, records: Any, usual: Any) -> FittedModel:
    """The model with the columns made elsewhere that it needs of these records."""
    if not model.external:
        return model
    from bioautofeat.io.joined import read_features, rows_by_id, warn_of_unused

    table = read_features(options.features)
    batches = [(records, options.input[0])] + ([] if usual is None else [(usual, options.background[0])])
    for batch, file in batches:
        rows_by_id(table, batch.ids, file)
    warn_of_unused(table, (name for batch, _ in batches for name in batch.ids))
    return model.with_features(table)


def _read_tables(inputs: list[str]) -> tuple[FeatureTable, list[str] | None]:
    from bioautofeat.errors import LabelError, ParameterError
    from bioautofeat.io.table_reader import read_table

    if len(inputs) > 1:
        raise ParameterError("a model of a table is explained on one table; join them first")
    table = read_table(inputs[0])
    if table.labels and None in table.labels:
        raise LabelError(f"{inputs[0]}: a label is missing; fill the column label in every row, or leave it out")
    return table, [str(label) for label in table.labels] or None


class _Parts:
    """Progress of one part after the other."""

    def __init__(self, quiet: bool) -> None:
        self.quiet, self.name = quiet, ""
        self.progress: Progress | None = None

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._tell

    def _tell(self, part: str, done: int, total: int) -> None:
        if part != self.name:
            self.__exit__()
            self.name, self.progress = part, Progress(part, self.quiet)
        assert self.progress is not None
        self.progress(done, total)

    def __exit__(self, *_: Any) -> None:
        if self.progress is not None:
            self.progress.close()
