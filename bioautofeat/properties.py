"""Named tables of properties and groupings of letters, from the package's data or from a user's CSV file."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import NUCLEIC, PROTEIN, Alphabet, Grouping
from bioautofeat.errors import ParameterError
from bioautofeat.parameters import unknown

__all__ = [
    "RESIDUE_ORDERS",
    "PropertyTable",
    "distances",
    "files_given",
    "from_model_file",
    "grouping",
    "groupings",
    "ordered_residues",
    "property_sets",
    "property_table",
    "property_titles",
    "user_file",
    "word_properties",
]

RESIDUE_ORDERS = {
    "alphabet": "ACDEFGHIKLMNPQRSTVWY",
    "arndcqe": "ARNDCQEGHILKMFPSTWYV",
    "arndceq": "ARNDCEQGHILKMFPSTWYV",
}
"""Orders of the residues in the literature: by one-letter code, by name, and by name with E before Q (propy3)."""

NUCLEOTIDE_GROUPS = {"ry": ("AG", "CT"), "mk": ("AC", "GT"), "sw": ("CG", "AT")}
"""The three ways to pair the nucleotides: purine and pyrimidine, amino and keto, strong and weak; IUPAC's letters."""


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


_given: ContextVar[Mapping[str, str] | None] = ContextVar("given", default=None)
"""Users' files by name, where they come from a model file instead of the disk."""


def user_file(file: str) -> str:
    """The text of a user's ``.csv`` file."""
    given = _given.get()
    if given is not None:
        if file not in given:
            raise ParameterError(f"{file} is not among the files that the model holds")
        return given[file]
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ParameterError(f"cannot read {file}: {reason}") from None


def from_model_file() -> bool:
    """Whether descriptors are being built as a model file describes them: nothing may be read from the disk then."""
    return _given.get() is not None


@contextmanager
def files_given(texts: Mapping[str, str]) -> Iterator[None]:
    """Inside, users' files are these texts by name, and nothing of theirs is read from the disk."""
    cached = [function for function in globals().values() if hasattr(function, "cache_clear")]
    token = _given.set(texts)
    try:
        for function in cached:
            function.cache_clear()
        yield
    finally:
        _given.reset(token)
        for function in cached:
            function.cache_clear()


def _rows(file: str) -> list[list[str]]:
    """Rows of a CSV file, of the package or of the user; empty lines left out."""
    if file.endswith(".csv"):
        text = user_file(file)
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
    slugs = tuple(re.sub(r"[^a-z0-9.]+", "-", row[0].strip().lower()).strip("-") for row in rows)
    double = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if double:
        raise ParameterError(f"{file}: property {double[0]!r} stands twice")
    values = np.array([[_number(row[places[word]], file, row[0]) for word in wanted] for row in rows]).T
    titles = tuple(row[1] if first == 2 else row[0] for row in rows)
    values.flags.writeable = False
    return PropertyTable(file, words, slugs, titles, values)


@lru_cache(maxsize=16)
def _listed(file: str, alphabet: str, k: int) -> list[list[str]]:
    """Rows of an index of tables or sets for words of ``k`` letters, without their first two columns."""
    return [row[2:] for row in _rows(file)[1:] if row[:2] == [alphabet, str(k)]]


def _words(alphabet: Alphabet, k: int) -> tuple[str, ...]:
    """All words of ``k`` letters, in the order of their codes."""
    return tuple("".join(word) for word in itertools.product(alphabet.symbols, repeat=k))


def property_sets(alphabet: Alphabet, k: int) -> dict[str, str]:
    """The named sets of properties of words of ``k`` letters: name, and the properties joined by ``+``."""
    return {row[0]: row[1] for row in _listed("property-sets", alphabet.name, k)}


def _natural(slug: str) -> list[tuple[int, str]]:
    """A key that puts ``kf2`` before ``kf10``."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", slug)]


def property_titles(alphabet: Alphabet, k: int) -> dict[str, str]:
    """All properties of words of ``k`` letters: the slug that users write, and the name in its source."""
    words = _words(alphabet, k)
    tables = [(row[0], property_table(row[1], words)) for row in _listed("property-tables", alphabet.name, k)]
    return {
        prefix + slug: title for prefix, table in tables for slug, title in zip(table.slugs, table.titles, strict=True)
    }


def _find(words: tuple[str, ...], alphabet: str, name: str) -> Iterator[tuple[str, str, PropertyTable, bool]]:
    """Each property that a name stands for: its slug as written, its slug in its table, the table, whether it is raw."""
    k = len(words[0])
    tables = [
        (prefix, property_table(file, words), values == "raw")
        for prefix, file, values in _listed("property-tables", alphabet, k)
    ]
    sets = {row[0]: row[1] for row in _listed("property-sets", alphabet, k)}
    if name.endswith(".csv"):
        table = property_table(name, words)
        yield from ((slug, slug, table, True) for slug in table.slugs)
    elif sets.get(name, "").startswith("@"):
        prefix, table, raw = next(row for row in tables if row[1].name == sets[name][1:])
        whole = [not np.isnan(column).any() for column in table.values.T]
        yield from ((prefix + slug, slug, table, raw) for slug in itertools.compress(table.slugs, whole))
    elif name in sets:
        for part in sets[name].split("+"):
            yield from _find(words, alphabet, part)
    else:
        slugs = {prefix + slug: (slug, table, raw) for prefix, table, raw in tables for slug in table.slugs}
        family = sorted((slug for slug in slugs if slug.startswith(f"{name}.")), key=_natural)
        if name not in slugs and not family:
            raise unknown("property", name, [*sets, *slugs])
        yield from ((slug, *slugs[slug]) for slug in ([name] if name in slugs else family))


@lru_cache(maxsize=64)
def word_properties(alphabet: Alphabet, k: int, names: tuple[str, ...], standardise: str = "auto") -> PropertyTable:
    """Properties of all words of ``k`` letters by name, as numbers that can be compared.

    Parameters
    ----------
    alphabet : Alphabet
    k : int
    names : tuple of str
        Slugs, named sets (:func:`property_sets`) or a user's ``.csv`` file, all of whose properties are taken.
    standardise : {"auto", "none", "sample", "population"}
        Which standard deviation over all words divides a value less its mean.  ``auto``: tables that were
        published standardised stay as they are, all else by the sample's for pairs of letters and the
        population's otherwise, as published tables do; ``none``: every table as it was published.

    Raises
    ------
    ParameterError
        For a name that is unknown or stands twice, and for a property without a value for some word.
    """
    words = _words(alphabet, k)
    found = [row for name in names for row in _find(words, alphabet.name, name)]
    slugs = tuple(row[0] for row in found)
    double = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if double:
        raise ParameterError(f"property {double[0]!r} is given twice")
    columns, titles = [], []
    for _, slug, table, raw in found:
        scale = ("sample" if k == 2 else "population") if standardise == "auto" and raw else standardise
        as_is = scale in ("auto", "none")
        columns.append(table.columns([slug]) if as_is else table.standardised([slug], ddof=int(scale == "sample")))
        titles.append(table.titles[table.slugs.index(slug)])
    values = np.hstack(columns)
    values.flags.writeable = False
    return PropertyTable("+".join(names), words, slugs, tuple(titles), values)


@lru_cache(maxsize=16)
def distances(name: str, alphabet: Alphabet = PROTEIN) -> NDArray[np.float64]:
    """A table of distances from a first letter (rows) to a second: ``schneider-wrede``, ``grantham``, a user's ``.csv``.

    A file has one column a first letter and one row a second one, as iLearn and propy read the distances of Schneider
    and Wrede, which are not symmetric.
    """
    known = ("schneider-wrede", "grantham", "grantham-unscaled")
    if name not in known and not name.endswith(".csv"):
        raise unknown("table of distances", name, known)
    table = property_table(name if name.endswith(".csv") else f"residue-{name}", alphabet.symbols)
    matrix = np.ascontiguousarray(table.columns(symbol.lower() for symbol in alphabet.symbols))
    matrix.flags.writeable = False
    return matrix


@lru_cache(maxsize=1)
def groupings() -> dict[str, Grouping]:
    """The groupings of the 20 residues that the package knows, by slug."""
    rows = _rows("residue-groups")[1:]
    return {row[0]: Grouping(row[0], PROTEIN, tuple(row[2].split()), tuple(row[3].split())) for row in rows}


def _nucleotide_groupings(alphabet: Alphabet) -> dict[str, Grouping]:
    """The groupings of the four nucleotides, by slug."""
    known = {}
    for slug, pairs in NUCLEOTIDE_GROUPS.items():
        letters = tuple(pair.replace("T", alphabet.symbols[3]) for pair in pairs)
        known[slug] = Grouping(slug, alphabet, letters, tuple(slug.upper()))
    return known


def ordered_residues(order: str) -> Alphabet | Grouping:
    """The residues in one of :data:`RESIDUE_ORDERS`, for words whose columns follow it."""
    if order == "alphabet":
        return PROTEIN
    return Grouping(order, PROTEIN, tuple(RESIDUE_ORDERS[order]))


def _column_part(text: str) -> str:
    """A user's text with the characters that a column's name may hold."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", text.strip()).strip("-") or "group"


def grouping(name: str, alphabet: Alphabet = PROTEIN) -> Grouping:
    """A grouping by slug, or from a user's ``.csv`` with columns ``group,letters``."""
    if not name.endswith(".csv"):
        known = _nucleotide_groupings(alphabet) if alphabet in NUCLEIC else groupings()
        if name not in known:
            raise unknown("grouping", name, known)
        return known[name]
    rows = _rows(name)
    rows = rows[1:] if rows and rows[0][0].strip().lower() == "group" else rows
    if not rows or any(len(row) != 2 for row in rows):
        raise ParameterError(f"{name}: write two columns, group,letters, e.g. acidic,DE")
    return Grouping(
        _column_part(Path(name).stem.lower()),
        alphabet,
        tuple(r[1].strip().upper() for r in rows),
        tuple(_column_part(r[0]) for r in rows),
    )
