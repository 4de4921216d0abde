"""From records to the best architectures: which space, which frame, how long each candidate may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.genotype import Encoder, Frame, Head, Stem
from bioautofeat.nas.problem import Problem, check_length
from bioautofeat.nas.spaces import CellSpace, ChainSpace
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.nas.train import Settings
from bioautofeat.nas.whole import Candidate, WholeTraining, architecture_of
from bioautofeat.parameters import unknown
from bioautofeat.search import STRATEGIES, Evolution, Strategy, Suggestion, Trial, run
from bioautofeat.search.space import Space

__all__ = ["SPACES", "Plan", "frame_for", "search_whole", "space_for"]

SPACES = {
    "sequence": "whole networks: encoder, stem, up to four layers, skips, head, learning rate",
    "edge-cell": "one cell of four nodes, an operation on each edge, as in NAS-Bench-201",
    "cell": "a normal and a reduction cell of three blocks, as in NASNet",
    "chain": "four layers and any skips between them",
}
"""Spaces that an estimator searches, by name."""

CELL_OPERATIONS = ("none", "identity", "conv3", "conv7", "max_pool3")
BLOCK_OPERATIONS = ("identity", "conv3", "conv7", "separable7", "dilated3x2", "max_pool3")
SEARCH_SHARE = 0.5
CANDIDATES = 12
"""So many candidates, at least, are to fit into the time of the search."""

LONG = 400
"""Records longer than this make recurrent layers and attention too slow to be searched."""


@dataclass(frozen=True)
class Plan:
    """How to search.

    Parameters
    ----------
    space : str or Space
    strategy, evaluator : str
    trials : int or None
    start : float
        When everything began (``time.monotonic()``).
    deadline : float or None
        When everything, training of the final networks included, must have ended.
    seed : int
    device : torch.device
    symmetric : bool
    tell : callable
    """

    space: str | Space
    strategy: str
    evaluator: str
    trials: int | None
    start: float
    deadline: float | None
    seed: int
    device: Any
    symmetric: bool
    tell: Callable[[str], None]

    @property
    def end(self) -> float:
        """When the search must have ended."""
        return math.inf if self.deadline is None else self.start + SEARCH_SHARE * (self.deadline - self.start)


def space_for(name: str | Space, problem: Problem, *, symmetric: bool = False) -> Space:
    """The space of that name for the records (a space is its own)."""
    if isinstance(name, Space):
        return name
    if name not in SPACES:
        raise unknown("space", name, SPACES)
    if name == "sequence":
        return SequenceSpace(problem.alphabet, problem.length, symmetric=symmetric, recurrent=problem.length <= LONG)
    if name == "edge-cell":
        return EdgeCellSpace(4, CELL_OPERATIONS, cells=1, channels=32)
    return CellSpace(BLOCK_OPERATIONS, 3) if name == "cell" else ChainSpace(BLOCK_OPERATIONS, 4)


def frame_for(problem: Problem, space: Space, *, symmetric: bool = False) -> Frame:
    """What stands around a cell or a chain: sizes by the records' length, width and copies by the space."""
    length = problem.length
    kernel = max(k for k in (1, 3, 5, 7, 9) if k <= max(1, length))
    stem = Stem(getattr(space, "channels", 32), kernel, dropout=0.1)
    stages = 1 if length < 16 else 2
    head = Head("bins", min(12, length), 0, 0.4)
    return Frame(Encoder(alphabet=problem.alphabet.name), stem, head, getattr(space, "cells", 1), stages, symmetric)


def _strategy(name: str, space: Space) -> Strategy:
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    # a few dozen networks are all that a search sees: a small population is soon full
    return Evolution(space, population=6) if name == "evolution" else STRATEGIES[name](space)


def search_whole(problem: Problem, plan: Plan, settings: Settings) -> list[Candidate]:
    """All architectures that were tried, the best first.

    Raises
    ------
    UnfinishedError
        Where not one could be trained in the time there is.
    """
    space = space_for(plan.space, problem, symmetric=plan.symmetric)
    frame = frame_for(problem, space, symmetric=plan.symmetric)
    judge = WholeTraining(problem, frame, settings, plan.device, tell=plan.tell)
    judge.prepare(space, seed=plan.seed)
    known = _first(judge, space, plan)
    strategy = _strategy(plan.strategy, space)

    def evaluate(suggestion: Suggestion) -> float | None:
        judge.seconds = min(judge.seconds, max(0.1, plan.end - time.monotonic()))
        try:
            return judge.evaluate(suggestion)
        except ParameterError:
            # a point of the space that no network can be made of is a bad one, not the end of the search
            return None

    trials = plan.trials if plan.trials is not None else 1 << 30
    run(strategy, evaluate, trials=trials, seed=plan.seed, known=known, stop=lambda: time.monotonic() >= plan.end)
    best = judge.best(1 << 30)
    if not best:
        raise UnfinishedError(judge.candidates[-1].error if judge.candidates else "no network could be tried")
    return best + [candidate for candidate in judge.candidates if candidate.error]


def _first(judge: WholeTraining, space: Space, plan: Plan) -> list[Trial]:
    """The network to be beaten; it also tells how many records, and how much time, a candidate can have."""
    if not isinstance(space, SequenceSpace):
        _limit(judge, plan)
        return []
    point = space.default()
    check_length(architecture_of(space, point, judge.frame), judge.problem.length)
    _limit(judge, plan)
    for _ in range(4):
        score = judge.evaluate(Suggestion(point))
        epochs = judge.candidates[-1].epochs
        if math.isinf(plan.end) or epochs >= min(6, judge.settings.epochs):
            break
        # too slow to learn much: fewer records, so that the next candidates see each of them a few times
        known = min(judge.rows, len(judge.problem.folds))
        judge.rows = max(200, int(known * max(epochs, 0.5) / 8))
        if score is not None or time.monotonic() >= plan.end:
            break
    return [] if score is None else [Trial(point, score)]


def _limit(judge: WholeTraining, plan: Plan) -> None:
    if not math.isinf(plan.end):
        judge.seconds = max(0.5, (plan.end - time.monotonic()) / CANDIDATES)
