"""Columns that other programs made."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Text
from bioautofeat.terms.base import Term
from bioautofeat.terms.external import External


@descriptor(
    "Columns of a table, joined by id",
    reference="the user's own table",
    columns="as many as the table has besides the ids",
)
def table(alphabet: Alphabet, file: Annotated[str, Text("a .csv or .tsv file (or .gz of one)")] = "none") -> Term:
    """Numbers from a file whose first column holds the ids of the records, e.g. embeddings of a language model.

    ``table:file=embeddings.csv``.  Every record needs a row, records to be predicted later too: the file is read again
    when it has changed, and must keep its columns.  An id that stands twice or is missing, and a cell that is empty or
    not a finite number, is refused.
    """
    if file == "none":
        raise ParameterError("table: give the file, e.g. table:file=embeddings.csv")
    return External.of(file)
