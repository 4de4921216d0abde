"""A benchmark of architecture search on sequences, as a table: every cell of a small space, trained and judged.

The table is one text file: a line of JSON that says what was done, then one line a training,
``task,cell,seed,parameters,macs,seconds,test,validation``; the cell as one digit for each edge (the number of its
operation), the validation scores of all epochs joined by blanks.  ``tools/nas_benchmark.py`` makes it.  One comes with
the package, :data:`OWN`.  Nothing here needs torch.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.nas.evaluators.tabular import NB201_DATA, macro, nb201
from bioautofeat.nas.spaces.edge_cell import EdgeCell, EdgeCellSpace
from bioautofeat.nas.strategies import GRADIENT, asking_strategy
from bioautofeat.parameters import unknown
from bioautofeat.search import History, run
from bioautofeat.search.space import Point, Space

__all__ = [
    "OWN",
    "Benchmark",
    "Contest",
    "Protocol",
    "Training",
    "code_of",
    "contest",
    "picks",
    "read_benchmark",
    "write_head",
    "write_line",
]

COLUMNS = ("task", "cell", "seed", "parameters", "macs", "seconds", "test", "validation")
FORMAT = "bioautofeat-nas-benchmark"
OWN = Path(__file__).with_name("benchmark.csv")
"""The table that comes with the package."""


@dataclass(frozen=True)
class Protocol:
    """How the cells of a benchmark were trained.

    Parameters
    ----------
    nodes : int
    operations : tuple of str
    channels, cells, stages, kernel : int
        Of the networks around the cells.
    epochs : int
    tasks : mapping of str to str
        What each task is, by its name.
    settings : mapping
        Of the training.
    metric : str
        Of both scores.
    """

    nodes: int
    operations: tuple[str, ...]
    channels: int
    cells: int
    stages: int
    kernel: int
    epochs: int
    tasks: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)
    metric: str = "mcc"

    @property
    def space(self) -> EdgeCellSpace:
        """The space, every point of which was trained."""
        return EdgeCellSpace(self.nodes, self.operations, self.cells, self.channels)

    def cell_of(self, code: str) -> EdgeCell:
        """The cell of a code of digits."""
        return EdgeCell(self.nodes, tuple(self.operations[int(digit)] for digit in code))


@dataclass(frozen=True)
class Training:
    """One training of one cell.

    Parameters
    ----------
    task, cell : str
    seed, parameters, macs : int
    seconds : float
    test : float
        Score of the test part after the last epoch.
    validation : tuple of float
        Score of the validation part after each epoch.
    """

    task: str
    cell: str
    seed: int
    parameters: int
    macs: int
    seconds: float
    test: float
    validation: tuple[float, ...]


def code_of(cell: EdgeCell, operations: Sequence[str]) -> str:
    """A digit for each edge: the number of its operation."""
    return "".join(str(operations.index(name)) for name in cell.operations)


class Benchmark:
    """A table of trainings.

    Parameters
    ----------
    protocol : Protocol
    trainings : iterable of Training
    """

    def __init__(self, protocol: Protocol, trainings: Iterable[Training]) -> None:
        self.protocol, self.space = protocol, protocol.space
        self.trainings: dict[tuple[str, str, int], Training] = {}
        for training in trainings:
            self.trainings[training.task, training.cell, training.seed] = training
        self.seeds = tuple(sorted({seed for _, _, seed in self.trainings}))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks with a training."""
        return tuple(sorted({task for task, _, _ in self.trainings}))

    def cells(self, task: str) -> list[str]:
        """Codes of the cells that have been trained for a task, in order."""
        if task not in self.tasks:
            raise unknown("task of the benchmark", task, self.tasks)
        return sorted({cell for name, cell, _ in self.trainings if name == task})

    def _found(self, what: Point | EdgeCell | str, task: str, seed: int | None) -> list[Training]:
        code = what if isinstance(what, str) else self.code(what)
        seeds = self.seeds if seed is None else (seed,)
        found = [self.trainings[task, code, s] for s in seeds if (task, code, s) in self.trainings]
        if not found:
            self.cells(task)
            raise ParameterError(f"the benchmark has no training of cell {code} for {task}")
        return found

    def code(self, what: Point | EdgeCell) -> str:
        """Code of a point of the space, or of a cell."""
        cell = what if isinstance(what, EdgeCell) else self.space.decode(what)
        return code_of(cell, self.protocol.operations)

    def validation(
        self, what: Point | EdgeCell | str, task: str, *, epochs: int | None = None, seed: int | None = None
    ) -> float:
        """Validation score after so many epochs (all by default) of one seed, or the mean over seeds."""
        found = self._found(what, task, seed)
        last = min(epochs or self.protocol.epochs, self.protocol.epochs) - 1
        if last < 0:
            raise ParameterError("epochs: 1 or more")
        return sum(training.validation[last] for training in found) / len(found)

    def test(self, what: Point | EdgeCell | str, task: str, *, seed: int | None = None) -> float:
        """Test score of one seed, or the mean over seeds: what a search is judged by, and must not look at."""
        found = self._found(what, task, seed)
        return sum(training.test for training in found) / len(found)

    def cost(self, what: Point | EdgeCell | str, task: str) -> Training:
        """The first training of a cell, for its parameters, multiplications and seconds."""
        return self._found(what, task, None)[0]

    def best(self, task: str) -> tuple[str, float]:
        """The cell with the best mean test score, and that score."""
        return max(((cell, self.test(cell, task)) for cell in self.cells(task)), key=lambda pair: pair[1])


@dataclass(frozen=True)
class Contest:
    """What a search is asked to find on a table, and what it is judged by.

    Parameters
    ----------
    space : Space
    validation : callable
        Score of a point, as a search sees it.
    test : callable
        Score of a point, as its pick is judged.
    best : float
        The largest test score there is.
    """

    space: Space
    validation: Callable[[Point], float]
    test: Callable[[Point], float]
    best: float


def contest(path: str | os.PathLike[str] = OWN, name: str | None = None) -> Contest:
    """The contest that a table holds under a name.

    Parameters
    ----------
    path : path
        A table of this package; or the compact one of NAS-Bench-201, whose 12-epoch validation accuracy is what a search
        sees and whose 200-epoch test accuracy judges; or that of NAS-Bench-Macro, whose test accuracy is both.
    name : str or None
        A task of the table, or ``cifar10``, ``cifar100``, ``imagenet16``.

    Raises
    ------
    ParameterError
        For a name that the table does not have, and for a table of which cells are missing.
    """
    file = os.fspath(path)
    try:
        head = Path(file).read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{file}: cannot be read: {error}") from None
    if head.startswith("arch_string,"):
        chains, judged = macro(file), "test_acc_mean"
        return Contest(
            chains.space,
            partial(chains.score, column=judged),
            partial(chains.score, column=judged),
            chains.best(judged),
        )
    known = sorted(NB201_DATA) if head.startswith("index,arch,") else list(read_benchmark(file).tasks)
    if name not in known:
        raise ParameterError(f"{file}: name one of its sets: {', '.join(known)}")
    if head.startswith("index,arch,"):
        cells, seen, judged = nb201(file), f"{NB201_DATA[name]}_val_12ep", f"{NB201_DATA[name]}_test_200ep"
        return Contest(
            cells.space, partial(cells.score, column=seen), partial(cells.score, column=judged), cells.best(judged)
        )
    own = read_benchmark(file)
    if len(own.cells(name)) < own.space.size_enumerated():
        raise ParameterError(
            f"the table holds {len(own.cells(name))} of {own.space.size_enumerated()} cells for {name}"
        )
    return Contest(own.space, partial(own.validation, task=name), partial(own.test, task=name), own.best(name)[1])


def picks(asked: Contest, strategy: str, trials: Sequence[int], seeds: int, seed: int = 0) -> NDArray[np.float64]:
    """Scores of what a strategy picks on a table: test, and validation, by which the pick was made.

    Repeated questions count as trials.

    Parameters
    ----------
    asked : Contest
    strategy : str
        One of those that ask, see ``bioautofeat nas strategies``.
    trials : sequence of int
        Numbers of trials after which the best so far is picked.
    seeds : int
        Number of searches.
    seed : int
        Of the first search; each of the others has the next one.

    Returns
    -------
    ndarray, shape (seeds, len(trials), 2)
        NaN where nothing asked so far had a score.

    Raises
    ------
    ParameterError
        For a strategy that trains a supernet.
    """
    if strategy in GRADIENT:
        raise ParameterError(f"{strategy} trains a supernet and looks up nothing: a table compares strategies that ask")
    found = np.full((seeds, len(trials), 2), np.nan)
    for search in range(seeds):
        made = asking_strategy(strategy, asked.space, None)
        told = run(made, lambda s: asked.validation(s.point), trials=max(trials), seed=seed + search).trials
        for place, number in enumerate(trials):
            best = History(told[:number]).best
            if best is not None:
                found[search, place] = asked.test(best.point), best.merit
    return found


def write_head(protocol: Protocol) -> str:
    """The first two lines of a table."""
    head = {"format": FORMAT, **asdict(protocol)}
    return f"#{json.dumps(head, sort_keys=True)}\n{','.join(COLUMNS)}\n"


def write_line(training: Training) -> str:
    """The line of a training: scores with four decimals."""
    curve = " ".join(f"{score:.4f}" for score in training.validation)
    return (
        f"{training.task},{training.cell},{training.seed},{training.parameters},{training.macs},"
        f"{training.seconds:.2f},{training.test:.4f},{curve}\n"
    )


def _protocol(line: str, path: str) -> Protocol:
    try:
        head = json.loads(line.removeprefix("#"))
        if head.pop("format") != FORMAT:
            raise KeyError("format")
        return Protocol(**{**head, "operations": tuple(head["operations"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TableError(f"{path}: its first line does not describe a benchmark of architectures") from None


def _trainings(lines: Iterator[str], protocol: Protocol, path: str) -> Iterator[Training]:
    edges = protocol.nodes * (protocol.nodes - 1) // 2
    reader = csv.reader(lines)
    if tuple(next(reader, ())) != COLUMNS:
        raise TableError(f"{path}: its columns are not {', '.join(COLUMNS)}")
    for number, row in enumerate(reader, 3):
        try:
            task, cell, seed, parameters, macs, seconds, test, curve = row
            found = tuple(map(float, curve.split()))
            sound = len(found) == protocol.epochs and len(cell) == edges and task in protocol.tasks
            if not sound or any(int(digit) >= len(protocol.operations) for digit in cell):
                raise ValueError(cell)
            yield Training(task, cell, int(seed), int(parameters), int(macs), float(seconds), float(test), found)
        except ValueError:
            raise TableError(f"{path}, line {number}: no training of this benchmark") from None


def read_benchmark(path: str | os.PathLike[str] = OWN) -> Benchmark:
    """Read a table; by default that of the package.

    Raises
    ------
    TableError
        For a file that is no such table, with the line.
    """
    name = os.fspath(path)
    try:
        lines = iter(Path(name).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{name}: cannot be read: {error}") from None
    protocol = _protocol(next(lines, ""), name)
    return Benchmark(protocol, _trainings(lines, protocol, name))
