"""Tables of scores: every architecture of a space trained once, so that a search costs nothing.

The tables are given by path; none comes with the package but its own.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.nas.evaluators.base import Evaluator
from bioautofeat.nas.spaces.nb201 import NB201Space
from bioautofeat.parameters import Choice, unknown
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import ParameterSpace, Point, Space

__all__ = ["MACRO_OPERATIONS", "NB201_DATA", "Benchmark", "Tabular", "digits", "macro", "nb201"]

MACRO_OPERATIONS = ("identity", "MB3_K3", "MB6_K5")
NB201_DATA = {"cifar10": "c10", "cifar100": "c100", "imagenet16": "in16"}

Key = Callable[[Point], str]


def digits(space: Space) -> Key:
    """Points as the numbers of their options, in the order in which they are drawn: ``421211``."""

    def key(point: Point) -> str:
        ranges = space.ranges(point)
        found = []
        for name, value in point:
            limits = ranges[name]
            if not isinstance(limits, Choice) or len(limits.options) > 10:
                raise ParameterError(f"{name} has no digit: a table of codes is for spaces of up to ten names a choice")
            found.append(str(limits.options.index(value)))
        return "".join(found)

    return key


@dataclass(frozen=True)
class Benchmark:
    """A table of scores by architecture.

    Parameters
    ----------
    space : Space
    rows : mapping of str to int
        Row of each architecture's code.
    columns : mapping of str to ndarray
        Numbers of every row.
    key : callable
        Code of a point.
    """

    space: Space
    rows: Mapping[str, int]
    columns: Mapping[str, NDArray[np.float64]]
    key: Key

    @classmethod
    def read(cls, path: str | PathLike[str], space: Space, code: str, key: Key | None = None) -> Benchmark:
        """A table from a CSV file, whose lines that begin with ``#`` are remarks.

        Parameters
        ----------
        path : path
        space : Space
        code : str
            Name of the column that holds the code of the architecture; columns of other texts are left out.
        key : callable, optional
            Code of a point; by default :func:`digits`.

        Raises
        ------
        TableError
            Where there is no such column, a code stands twice, or a row is cut off.
        """
        with Path(path).open(newline="", encoding="utf-8") as handle:
            lines = list(csv.reader(line for line in handle if not line.startswith("#")))
        if not lines or code not in lines[0]:
            raise TableError(f"{path}: there is no column {code!r}")
        header, body = lines[0], lines[1:]
        short = next((number for number, row in enumerate(body, 1) if len(row) != len(header)), None)
        if short is not None:
            raise TableError(f"{path}: row {short} has {len(body[short - 1])} cells, the header has {len(header)}")
        codes = [row[header.index(code)] for row in body]
        rows = {name: number for number, name in enumerate(codes)}
        if len(rows) != len(body):
            raise TableError(f"{path}: an architecture stands in two rows")
        columns = {}
        for place, name in enumerate(header):
            numbers = _numbers([row[place] for row in body]) if name != code else None
            if numbers is not None:
                columns[name] = numbers
        return cls(space, rows, columns, key or digits(space))

    def score(self, point: Point, column: str) -> float:
        """A number of the table."""
        if column not in self.columns:
            raise unknown("column", column, self.columns)
        code = self.key(point)
        if code not in self.rows:
            raise ParameterError(f"architecture {code} is not in the table")
        return float(self.columns[column][self.rows[code]])

    def best(self, column: str) -> float:
        """The largest number of a column."""
        if column not in self.columns:
            raise unknown("column", column, self.columns)
        return float(self.columns[column].max())


def _numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """A column as numbers, or None where it is text."""
    try:
        return np.array([float(cell) for cell in cells])
    except ValueError:
        return None


def nb201(path: str | PathLike[str]) -> Benchmark:
    """NAS-Bench-201 (Dong and Yang 2020, ICLR): 15,625 cells on three sets of images.

    Columns ``c10_val_12ep``, ``c10_test_200ep`` and the like for ``c100`` and ``in16``; ``params_c10``, ``mflops_c10``.
    """
    return Benchmark.read(path, NB201Space(), "arch", NB201Space.decode)


def macro(path: str | PathLike[str]) -> Benchmark:
    """NAS-Bench-Macro (Su et al. 2021, ICCV): 6,561 chains of eight layers on CIFAR-10; column ``test_acc_mean``."""
    layers = {f"layer{number}": Choice(*MACRO_OPERATIONS) for number in range(8)}
    return Benchmark.read(path, ParameterSpace(layers), "arch_string")


class Tabular(Evaluator):
    """Scores looked up in a table.

    Parameters
    ----------
    benchmark : Benchmark
    column : str
        The score at full cost.
    cheaper : mapping of float to str
        Columns at shares of the full cost, such as ``{12 / 200: "c10_val_12ep"}``; a suggestion gets the dearest
        column that costs no more than it asks for, or else the cheapest there is.
    """

    def __init__(self, benchmark: Benchmark, column: str, cheaper: Mapping[float, str] | None = None) -> None:
        self.benchmark = benchmark
        self.levels = sorted({**(cheaper or {}), 1.0: column}.items())
        for _, name in self.levels:
            benchmark.best(name)

    def evaluate(self, suggestion: Suggestion) -> float:
        affordable = [name for share, name in self.levels if share <= suggestion.fidelity + 1e-9]
        return self.benchmark.score(suggestion.point, affordable[-1] if affordable else self.levels[0][1])
