"""Which space goes with which strategy and which evaluator, found by trying every combination on a tiny task.

``python -m bioautofeat.nas.compatibility`` prints the table of ``docs/nas.md``; it takes half a minute.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bioautofeat.errors import BioautofeatError, BioautofeatWarning, ParameterError
from bioautofeat.nas.encode import Data
from bioautofeat.nas.evaluators import EVALUATORS, Benchmark, Tabular
from bioautofeat.nas.evaluators.base import Evaluator
from bioautofeat.nas.evaluators.fidelity import Fidelity
from bioautofeat.nas.evaluators.generated import Hyper
from bioautofeat.nas.evaluators.ghn import GraphHypernetwork
from bioautofeat.nas.evaluators.inherit import Inheriting
from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing
from bioautofeat.nas.evaluators.setn import SelfEvaluated
from bioautofeat.nas.evaluators.smash import Smash
from bioautofeat.nas.evaluators.training import Training
from bioautofeat.nas.fitting import Fit
from bioautofeat.nas.genotype import Encoder, Frame, Stem
from bioautofeat.nas.searching import Budget, search
from bioautofeat.nas.spaces import CellSpace, ChainSpace, NB101Space, NB201Space
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.spaces.morphism import MorphismSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.nas.strategies import ASKING, GRADIENT, gradient_search
from bioautofeat.nas.strategies.gradient import Rates
from bioautofeat.nas.task import SequenceTask
from bioautofeat.nas.wiring import Framed, SupernetOf, graph_of
from bioautofeat.search.space import Space

__all__ = ["SPACES", "Attempt", "attempt", "attempts", "evaluators", "markdown"]

OPERATIONS = ("identity", "conv3")
TABULATED = 20_000
"""A space of more points has no table."""

SPACES: dict[str, Callable[[], Space]] = {
    "edge-cell": lambda: EdgeCellSpace(3, ("none", *OPERATIONS)),
    "vertex-cell": lambda: NB101Space(OPERATIONS, 4),
    "chain": lambda: ChainSpace(OPERATIONS, 3),
    "cell": lambda: CellSpace(OPERATIONS, 1),
    "sequence": lambda: SequenceSpace("dna", 12, 2, OPERATIONS),
    "morphism": lambda: MorphismSpace((8, 12), (3, 5), 2),
    "nb201": NB201Space,
}
"""Small ones of every kind."""


def _task() -> SequenceTask:
    """Thirty-two records of twelve letters; the class says whether A is frequent."""
    rng = np.random.default_rng(0)
    letters = rng.integers(1, 5, (32, 12)).astype(np.uint8)
    targets = ((letters == 1).sum(1) > 2).astype(np.int64)
    data = Data(Encoder(), torch.from_numpy(letters), torch.from_numpy(targets))
    return SequenceTask.of(data, range(24), range(24, 32), n_outputs=2)


def _table(space: Space) -> Evaluator:
    """A table of a space with scores by chance."""
    points = []
    for point in space.points():
        points.append(point)
        if len(points) > TABULATED:
            raise ParameterError("the space is too large for a table")
    scores = np.random.default_rng(0).random(len(points))
    rows = {repr(point): number for number, point in enumerate(points)}
    return Tabular(Benchmark(space, rows, {"score": scores}, repr), "score")


def evaluators(space: Space) -> dict[str, Callable[[], Evaluator]]:
    """Every evaluator, set to take a moment."""
    frame, task = Frame(stem=Stem(8, 3), stages=1), _task()
    build, relax, fast = Framed(frame, 2), SupernetOf(frame, 2), Fit(epochs=1, batch=24)
    sharing, hyper = Sharing(epochs=1, batch=24), Hyper(epochs=1, batch=24, width=16)
    return {
        "training": lambda: Training(task, build, fast, relax),
        "fidelity": lambda: Fidelity(task, build, fast, relax=relax),
        "inherit": lambda: Inheriting(task, build, fast, fast, relax=relax),
        "oneshot": lambda: OneShot(task, relax, sharing),
        "setn": lambda: SelfEvaluated(task, relax, sharing),
        "smash": lambda: Smash(task, build, hyper),
        "ghn": lambda: GraphHypernetwork(task, build, graph_of, hyper),
        "tabular": lambda: _table(space),
    }


@dataclass(frozen=True)
class Attempt:
    """A combination, and why it cannot be; empty where it can."""

    space: str
    strategy: str
    evaluator: str
    reason: str


def attempt(space: str, strategy: str, evaluator: str) -> Attempt:
    """Search with one combination."""
    made = SPACES[space]()
    chosen: Any = gradient_search(strategy, Rates(epochs=1, batch=12)) if strategy in GRADIENT else strategy
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BioautofeatWarning)
            search(made, chosen, evaluators(made)[evaluator](), Budget(trials=2))
    except BioautofeatError as error:
        return Attempt(space, strategy, evaluator, str(error))
    return Attempt(space, strategy, evaluator, "")


def attempts(
    spaces: Iterable[str] = tuple(SPACES),
    strategies: Iterable[str] = (*ASKING, *GRADIENT),
    evaluators: Iterable[str] = tuple(EVALUATORS),
) -> Iterator[Attempt]:
    """All combinations of these, one after the other."""
    for strategy in strategies:
        for evaluator in evaluators:
            for space in spaces:
                yield attempt(space, strategy, evaluator)


def markdown(tried: Iterable[Attempt]) -> str:
    """A row for strategies that behave alike, a column for each evaluator; in each cell the spaces that go with both."""
    known = list(tried)
    columns = list(dict.fromkeys(one.evaluator for one in known))
    everything = list(dict.fromkeys(one.space for one in known))
    lines = [f"| strategy | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    alike: dict[tuple[str, ...], list[str]] = {}
    for strategy in dict.fromkeys(one.strategy for one in known):
        cells = []
        for column in columns:
            good = [o.space for o in known if (o.strategy, o.evaluator, o.reason) == (strategy, column, "")]
            cells.append("all" if good == everything else ", ".join(good) or "–")
        alike.setdefault(tuple(cells), []).append(strategy)
    lines += [f"| {', '.join(names)} | {' | '.join(row)} |" for row, names in alike.items()]
    reasons: dict[str, int] = {}
    for one in known:
        if one.reason:
            reasons[one.reason] = reasons.get(one.reason, 0) + 1
    works = sum(not one.reason for one in known)
    lines += ["", f"{works} of {len(known)} combinations work; the others refuse with:", ""]
    lines += [f"* {reason} ({count})" for reason, count in sorted(reasons.items(), key=lambda item: -item[1])]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(markdown(attempts()))
