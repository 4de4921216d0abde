"""Columns made elsewhere (``--features``) for the records that a command reads."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bioautofeat.audit import Part
    from bioautofeat.bundle import FittedModel

__all__ = ["add_features", "check_features", "with_columns"]


def add_features(parser: argparse.ArgumentParser) -> None:
    """The option of commands that use a model."""
    parser.add_argument(
        "--features",
        action="append",
        default=[],
        metavar="FILE",
        help="columns made elsewhere that the model was trained with, joined by id; may be repeated",
    )


def with_columns(paths: list[str], *parts: Part) -> list[Part]:
    """Parts with the columns of some tables, joined by id; one warning for rows that belong to no record."""
    from dataclasses import replace

    from bioautofeat.io.joined import read_features, rows_by_id, warn_of_unused

    table = read_features(paths)
    found = [replace(part, features=rows_by_id(table, part.sequences.ids, part.file)) for part in parts]
    warn_of_unused(table, (name for part in parts for name in part.sequences.ids))
    return found


def check_features(model: FittedModel, path: str, given: list[str], labels: str | None = None) -> None:
    """Refuse a model without the columns it needs, and what a table holds itself; warn where none of those given is needed."""
    import warnings

    from bioautofeat.errors import BioautofeatWarning, ParameterError, TableError

    if model.extractor is None and given:
        raise ParameterError(f"{path}: a model of a table finds its columns in INPUT; leave out --features")
    if model.extractor is None and labels is not None:
        raise ParameterError("--labels: a table holds its labels, in the column label; leave the option out")
    if given and not model.external:
        warnings.warn(f"{path}: the model uses no column of --features", BioautofeatWarning, stacklevel=2)
    if model.external and not given:
        try:
            model.columns_for(())
        except TableError as error:
            raise TableError(f"{path}: {error}") from None
