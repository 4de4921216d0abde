"""From records to the best architectures: which space, which frame, how long each candidate may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.catalogue import SPACES
from bioautofeat.nas.genotype import Encoder, Frame, Head, Stem
from bioautofeat.nas.problem import Problem, check_length
from bioautofeat.nas.spaces import CellSpace, ChainSpace
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.nas.train import Settings
from bioautofeat.nas.whole import ENOUGH, Candidate, WholeTraining, architecture_of
from bioautofeat.parameters import unknown
from bioautofeat.search import STRATEGIES, Evolution, Strategy, Suggestion, Trial, run
from bioautofeat.search.space import Space

__all__ = ["Plan", "frame_for", "search_whole", "space_for"]

CELL_OPERATIONS = ("none", "identity", "conv3", "conv7", "max_pool3")
BLOCK_OPERATIONS = ("identity", "conv3", "conv7", "separable7", "dilated3x2", "max_pool3")
SEARCH_SHARE, FIRST_SHARE = 0.6, 0.25
"""Of all time, for the search with its first network, and for that one."""

CANDIDATES, FEW, LEAST_ROWS = 12, 8, 500
"""So many candidates are to fit into the time of the search, each with so many epochs over so many records."""

LONG = 400
"""Records longer than this make recurrent layers and attention too slow to be searched."""


@dataclass
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

    end: float = math.inf
    """When the search must have ended."""

    def __post_init__(self) -> None:
        if self.deadline is not None:
            self.end = self.start + SEARCH_SHARE * (self.deadline - self.start)

    def stop_now(self) -> None:
        """There is no time for a search."""
        self.end = -math.inf


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
    """All architectures that were tried, the best first; those that could not be trained last.

    The first is a network that does well on most sets: it tells how long an epoch takes, so how many records, and how
    much time, a candidate can have, and whether there is time for a search at all.

    Raises
    ------
    UnfinishedError
        Where not one could be trained in the time there is.
    """
    space = space_for(plan.space, problem, symmetric=plan.symmetric)
    frame = frame_for(problem, space, symmetric=plan.symmetric)
    judge = WholeTraining(problem, frame, settings, plan.device, tell=plan.tell)
    judge.prepare(space, seed=plan.seed)
    strategy = _strategy(plan.strategy, space)
    known = _first(judge, space, plan)
    if plan.trials is not None or time.monotonic() < plan.end:
        _run(judge, strategy, plan, known)
    best = judge.best(1 << 30)
    if not best:
        raise UnfinishedError(judge.candidates[-1].error if judge.candidates else "no network could be tried")
    return best + [candidate for candidate in judge.candidates if candidate.error]


def _run(judge: WholeTraining, strategy: Strategy, plan: Plan, known: list[Trial]) -> None:
    """Ask and judge until the time or the number of trials is used up."""

    def evaluate(suggestion: Suggestion) -> float | None:
        if not math.isinf(plan.end):
            judge.seconds = min(judge.seconds, max(0.1, plan.end - time.monotonic()))
        try:
            return judge.evaluate(suggestion)
        except ParameterError:
            # a point that no network can be made of is a bad one, not the end of the search
            return None

    trials = plan.trials if plan.trials is not None else 1 << 30
    run(strategy, evaluate, trials=trials, seed=plan.seed, known=known, stop=lambda: time.monotonic() >= plan.end)


def _first(judge: WholeTraining, space: Space, plan: Plan) -> list[Trial]:
    """Train the network to be beaten, and set the limits of those that follow."""
    point = space.default() if isinstance(space, SequenceSpace) else None
    stand_in = SequenceSpace(judge.problem.alphabet, judge.problem.length, symmetric=plan.symmetric)
    chosen = architecture_of(stand_in, stand_in.default(), judge.frame)
    check_length(chosen, judge.problem.length)
    settings = replace(judge.settings, **SequenceSpace.training(stand_in.default()))
    total = math.inf if plan.deadline is None else plan.deadline - time.monotonic()
    first = judge.tried(chosen, settings, total * FIRST_SHARE)
    if first.error:
        # no epoch in a quarter of the time: a search would see nothing, and all that is left goes to this network
        first = replace(first, error="", score=0.0)
        judge.candidates[-1] = first
        plan.stop_now()
    elif not math.isinf(total):
        _limit(judge, plan, first)
    return [Trial(point, first.score)] if point is not None and first.epochs else []


def _limit(judge: WholeTraining, plan: Plan, first: Candidate) -> None:
    """Time and records for each candidate: a few epochs each, and enough time left to train the best in full."""
    rows, now = len(judge.problem.folds), time.monotonic()
    assert plan.deadline is not None
    spare = plan.deadline - now - min(ENOUGH, judge.settings.epochs) * first.cost(rows)
    share = min(spare, plan.end - now) / CANDIDATES
    wanted = FEW * first.cost(rows)
    judge.rows = int(min(rows, max(LEAST_ROWS, rows * share / max(wanted, 1e-9))))
    judge.seconds = max(share, FEW * first.cost(judge.rows))
    if spare < 3 * judge.seconds:
        plan.stop_now()
    else:
        plan.end = min(plan.end, now + spare)
