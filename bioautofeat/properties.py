"""Named tables of properties and groupings of letters, from the package's data or from a user's CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN, Alphabet, Grouping
from bioautofeat.errors import ParameterError
from bioautofeat.parameters import unknown

__all__ = ["PropertyTable", "grouping", "groupings", "property_table"]


@dataclass(frozen=True, eq=False)
class PropertyTable:
    """Properties of words.

    Parameters
    ----------
    name : str
    words : tuple of str
        In the order of their codes in an alphabet.
    slugs, titles : tuple of str
        How users write each property, and its name in its source.
    values : ndarray of float64, shape (words, properties)
        NaN where the source has no value.
    """

    name: str
    words: tuple[str, ...]
    slugs: tuple[str, ...]
    titles: tuple[str, ...]
    values: NDArray[np.float64]

    def columns(self, slugs: Iterable[str]) -> NDArray[np.float64]:
        """The values of these properties, shape ``(words, len(slugs))``; unknown and incomplete ones are refused."""
        wanted = list(slugs)
        for slug in wanted:
            if slug not in self.slugs:
                raise unknown("property", slug, self.slugs)
        values = self.values[:, [self.slugs.index(slug) for slug in wanted]]
        gaps = [slug for slug, column in zip(wanted, values.T, strict=True) if np.isnan(column).any()]
        if gaps:
            raise ParameterError(f"property {gaps[0]!r} has no value for some of {self.name}'s words in its source")
        return values

    def standardised(self, slugs: Iterable[str], ddof: int = 0) -> NDArray[np.float64]:
        """The values of these properties less their mean over the words, divided by their standard deviation."""
        values = self.columns(slugs)
        spread = values.std(axis=0, ddof=ddof)
        return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _rows(file: str) -> list[list[str]]:
    """Rows of a CSV file, of the package or of the user; empty lines left out."""
    if file.endswith(".csv"):
        path = Path(file)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ParameterError(f"cannot read {file}: {reason}") from None
    else:
        text = files("bioautofeat.data").joinpath(f"{file}.csv").read_text(encoding="utf-8")
    return [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]


def _number(cell: str, file: str, slug: str) -> float:
    try:
        return float(cell) if cell.strip() else float("nan")
    except ValueError:
        raise ParameterError(f"{file}: property {slug!r}: {cell!r} is not a number") from None


@lru_cache(maxsize=64)
def property_table(file: str, words: tuple[str, ...]) -> PropertyTable:
    """A table of the package by name, or a user's ``.csv``, its columns put in the order of the words.

    The file has one row a property: ``slug,title,WORD,WORD,...`` (``title`` may be missing); U and T are the same.

    Raises
    ------
    ParameterError
        For a file that cannot be read, a word without a column, a cell that is no number, a slug used twice.
    """
    head, *rows = _rows(file) or [[]]
    first = 2 if len(head) > 1 and head[1].strip().lower() == "title" else 1
    spelt = [
        cell.strip().upper().replace("U", "T") if set(cell.strip().upper()) <= set("ACGTU") else cell.strip().upper()
        for cell in head
    ]
    places = {word: i for i, word in enumerate(spelt) if i >= first}
    wanted = [word.replace("U", "T") if word.replace("U", "T") in places else word for word in words]
    missing = [word for word in wanted if word not in places]
    if missing or not rows:
        raise ParameterError(
            f"{file}: no column for {', '.join(missing[:5]) or 'any property'}; write one row a property: slug,{','.join(words[:3])},..."
        )
    for row in rows:
        if len(row) != len(head):
            raise ParameterError(f"{file}: the row of {row[0]!r} has {len(row)} cells, the header {len(head)}")
    slugs = tuple(row[0].strip() for row in rows)
    double = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if double:
        raise ParameterError(f"{file}: property {double[0]!r} stands twice")
    values = np.array([[_number(row[places[word]], file, row[0]) for word in wanted] for row in rows]).T
    titles = tuple(row[1] if first == 2 else row[0] for row in rows)
    values.flags.writeable = False
    return PropertyTable(file, words, slugs, titles, values)


@lru_cache(maxsize=1)
def groupings() -> dict[str, Grouping]:
    """The groupings of the 20 residues that the package knows, by slug."""
    rows = _rows("residue-groups")[1:]
    return {row[0]: Grouping(row[0], PROTEIN, tuple(row[2].split()), tuple(row[3].split())) for row in rows}


def grouping(name: str, alphabet: Alphabet = PROTEIN) -> Grouping:
    """A grouping by slug, or from a user's ``.csv`` with columns ``group,letters``."""
    if not name.endswith(".csv"):
        known = groupings()
        if name not in known:
            raise unknown("grouping", name, known)
        return known[name]
    rows = _rows(name)
    rows = rows[1:] if rows and rows[0][0].strip().lower() == "group" else rows
    if not rows or any(len(row) != 2 for row in rows):
        raise ParameterError(f"{name}: write two columns, group,letters, e.g. acidic,DE")
    return Grouping(
        Path(name).stem.lower(),
        alphabet,
        tuple(r[1].strip().upper() for r in rows),
        tuple(r[0].strip() for r in rows),
    )
