"""From records to the best architectures: which space, which frame, how long each candidate may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.catalogue import SPACES
from bioautofeat.nas.evaluators import EVALUATORS, Evaluator
from bioautofeat.nas.fitting import Fit
from bioautofeat.nas.genotype import NO_SYMMETRIC_GROWTH, Encoder, Frame, Head, Stem
from bioautofeat.nas.network import build, count_parameters
from bioautofeat.nas.ops import operations_for
from bioautofeat.nas.problem import Problem, check_length
from bioautofeat.nas.searching import Budget, relax_of, search
from bioautofeat.nas.spaces import CellSpace, ChainSpace, NB101Space
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.spaces.morphism import MorphismSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.nas.strategies import ASKING, GRADIENT, asking_strategy, gradient_search
from bioautofeat.nas.task import SequenceTask
from bioautofeat.nas.train import Settings
from bioautofeat.nas.whole import Candidate, Member, WholeTraining, architecture_of, settings_of
from bioautofeat.nas.wiring import Framed, SupernetOf, graph_of
from bioautofeat.parameters import unknown
from bioautofeat.search import Evolution, Trial
from bioautofeat.search.space import Space

__all__ = ["Plan", "Record", "check_parts", "evaluator_for", "frame_for", "search_whole", "space_for", "task_of"]

CELL_OPERATIONS = ("none", "identity", "conv3", "conv7", "max_pool3")
VERTEX_OPERATIONS = ("conv3", "conv7", "max_pool3")
BLOCK_OPERATIONS = ("identity", "conv3", "conv7", "separable7", "dilated3x2", "max_pool3")
SEARCH_SHARE, FIRST_SHARE = 0.6, 0.25
"""Of all time, for the search with its first network, and for that one."""

CANDIDATES, FEW, LEAST_ROWS = 12, 8, 500
"""So many candidates are to fit into the time of the search, each with so many epochs over so many records."""

DEARER = 1.5
"""So much more than the first network the final ones may cost."""

MOST_RANKED = 10
"""Architectures that another evaluator than training hands on."""

LONG = 400
"""Records longer than this make recurrent layers and attention too slow to be searched."""


@dataclass
class Record:
    """What a search has come to so far; it outlives an interrupt.

    Parameters
    ----------
    judge : WholeTraining, optional
        Which holds the networks that it has trained.
    others : list of Candidate
        What another evaluator than training has judged.
    """

    judge: WholeTraining | None = None
    others: list[Candidate] = field(default_factory=list)

    @property
    def tried(self) -> list[Candidate]:
        """Everything that was tried, in one order: what the evaluator judged, the best first; then failures."""
        trained = [] if self.judge is None else self.judge.candidates
        ranked = [*sorted(self.others, key=lambda c: c.rank), *sorted(trained, key=lambda c: c.rank)]
        return [c for c in ranked if not c.error] + [c for c in ranked if c.error]

    @property
    def finished(self) -> Member | None:
        """The best network so far."""
        return None if self.judge is None else self.judge.finished


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
    encoders : tuple of str
        As :meth:`Encoder.named` reads them; the space's own where there are none.
    folder : Path, optional
        Where trainings are kept while they go on.
    record : Record
        Is filled as the search goes on.
    finals : int
        Networks that are trained afterwards: where their time is known to be shorter the search is longer; 0 where the
        search has its share and no more.
    passes : int, optional
        Epochs of what many networks share; as many as each training has where nothing is said.
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
    encoders: tuple[str, ...] = ()
    folder: Path | None = None
    record: Record = field(default_factory=Record)
    finals: int = 0
    passes: int | None = None

    end: float = math.inf
    """When the search must have ended; minus infinity where there is no time for one."""

    def __post_init__(self) -> None:
        if self.deadline is not None:
            self.end = self.start + SEARCH_SHARE * (self.deadline - self.start)

    def stop_now(self) -> None:
        """There is no time for a search."""
        self.end = -math.inf


def space_for(name: str | Space, problem: Problem, *, symmetric: bool = False, encoders: tuple[str, ...] = ()) -> Space:
    """The space of that name for the records (a space is its own)."""
    if isinstance(name, Space):
        return name
    if name not in SPACES:
        raise unknown("space", name, SPACES)
    if name == "sequence":
        return SequenceSpace(
            problem.alphabet, problem.length, symmetric=symmetric, recurrent=problem.length <= LONG,
            encoders=encoders or None,
        )  # fmt: skip
    if len(encoders) > 1:
        raise ParameterError(f"the space {name} draws no encoder: name one, or use the space sequence")
    possible = operations_for(_encoder(problem, encoders).dimensions)
    cells, blocks = (
        tuple(operation for operation in operations if operation in possible)
        for operations in (CELL_OPERATIONS, BLOCK_OPERATIONS)
    )
    if name == "edge-cell":
        return EdgeCellSpace(4, cells, cells=1, channels=32)
    if name == "vertex-cell":
        return NB101Space(VERTEX_OPERATIONS)  # all of them have a form for images
    if name == "cell":
        return CellSpace(blocks, 3)
    if name == "morphism":
        kernels = MorphismSpace().kernels
        return MorphismSpace(kernels=tuple(kernel for kernel in kernels if f"conv{kernel}" in possible))
    return ChainSpace(blocks, 4)


def _encoder(problem: Problem, encoders: tuple[str, ...]) -> Encoder:
    """The encoder of a frame."""
    return Encoder.named(encoders[0] if encoders else "one-hot", problem.alphabet.name)


def frame_for(problem: Problem, space: Space, *, symmetric: bool = False, encoders: tuple[str, ...] = ()) -> Frame:
    """What stands around a cell or a chain: sizes by the records' length, width and copies by the space."""
    if symmetric and isinstance(space, MorphismSpace):
        raise ParameterError(NO_SYMMETRIC_GROWTH)
    encoder = _encoder(problem, encoders)
    length = encoder.side or problem.length
    kernel = max(k for k in (1, 3, 5, 7, 9) if k <= max(1, length))
    channels, cells = (space.channels, space.cells) if isinstance(space, EdgeCellSpace) else (32, 1)
    stem = Stem(channels, kernel, embedding=encoder.embedding, dropout=0.1)
    stages = 1 if length < 16 else 2
    head = Head("bins", min(4 if encoder.side else 12, length), 0, 0.4)
    return Frame(encoder, stem, head, cells, stages, symmetric)


def _strategy(name: str, epochs: int) -> Any:
    """What ``search`` takes for a strategy's name; a search by gradient passes so many times over the records."""
    if name not in ASKING and name not in GRADIENT:
        raise unknown("strategy", name, [*ASKING, *GRADIENT])
    if name in GRADIENT:
        from bioautofeat.nas.strategies.gradient import Rates

        return gradient_search(name, Rates(epochs))
    # a few dozen networks are all that a search sees: a small population is soon full
    return (lambda space: Evolution(space, population=6)) if name == "evolution" else name


def evaluator_for(name: str, problem: Problem, frame: Frame, settings: Settings, device: Any) -> Evaluator | None:
    """The evaluator of that name; None for ``training``, which is this module's own.

    Raises
    ------
    ParameterError
        For a name that is unknown, and for ``tabular``, which needs a table and no records.
    """
    if name not in EVALUATORS:
        raise unknown("evaluator", name, EVALUATORS)
    if name == "tabular":
        raise ParameterError("the evaluator tabular looks up a table and sees no records: use nas bench")
    from bioautofeat.nas.evaluators.generated import Hyper
    from bioautofeat.nas.evaluators.ghn import GraphHypernetwork
    from bioautofeat.nas.evaluators.inherit import Inheriting
    from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing
    from bioautofeat.nas.evaluators.setn import SelfEvaluated
    from bioautofeat.nas.evaluators.smash import Smash

    build, relax = Framed(frame, problem.n_outputs), SupernetOf(frame, problem.n_outputs)
    task = task_of(problem, frame, device)
    short = Fit(settings.epochs, settings.batch, settings.learning_rate, settings.weight_decay)
    sharing, hyper = Sharing(settings.epochs, settings.batch), Hyper(settings.epochs, settings.batch)
    makers: dict[str, Callable[[], Evaluator]] = {
        "inherit": lambda: Inheriting(task, build, short), "oneshot": lambda: OneShot(task, relax, sharing),
        "setn": lambda: SelfEvaluated(task, relax, sharing), "smash": lambda: Smash(task, build, hyper),
        "ghn": lambda: GraphHypernetwork(task, build, graph_of, hyper),
    }  # fmt: skip
    return makers[name]() if name in makers else None


def task_of(problem: Problem, frame: Frame, device: Any) -> SequenceTask:
    """The records for evaluators that share weights: the first fold judges."""
    data = problem.data(frame.encoder).to(device)
    rows = [np.flatnonzero(problem.folds != 0), np.flatnonzero(problem.folds == 0)]
    measure = "accuracy" if problem.n_classes else "loss"
    return SequenceTask.of(data, *rows, n_outputs=problem.n_outputs, measure=measure)


def check_parts(space: Space, strategy: Any, evaluator: Any, frame: Frame) -> None:
    """Refuse, before any time is spent, what does not go together.

    Raises
    ------
    ParameterError
        For a space without whole networks or without a supernet where one is needed, and for a strategy that asks what
        the evaluator does not know.
    """
    from bioautofeat.nas.evaluators.oneshot import OneShot
    from bioautofeat.nas.strategies.relaxation import check_relaxable

    architecture_of(space, space.sample(np.random.default_rng(0)), frame)
    with torch.random.fork_rng(devices=[]):
        if hasattr(strategy, "relaxation"):
            check_relaxable(relax_of(strategy, evaluator)(space))
            return
        if isinstance(evaluator, OneShot):
            evaluator.relax(space)
        if isinstance(strategy, str):
            asking_strategy(strategy, space, evaluator)


def search_whole(problem: Problem, plan: Plan, settings: Settings) -> list[Candidate]:
    """Architectures for networks that are to be trained in full, the best first; ``plan.record`` tells of all others.

    The first is a network that does well on most sets: it tells how long an epoch takes, so how many records, and how
    much time, a candidate can have, and whether there is time for a search at all.

    Raises
    ------
    ParameterError
        Where the parts do not go together.
    UnfinishedError
        Where the search finds nothing, and the first network failed as well.
    """
    space = space_for(plan.space, problem, symmetric=plan.symmetric, encoders=plan.encoders)
    frame = frame_for(problem, space, symmetric=plan.symmetric, encoders=plan.encoders)
    shared = replace(settings, epochs=plan.passes or settings.epochs)
    strategy = _strategy(plan.strategy, shared.epochs)
    other = evaluator_for(plan.evaluator, problem, frame, shared, plan.device)
    judge = WholeTraining(problem, frame, settings, plan.device, tell=plan.tell, folder=plan.folder)
    judge.task, judge.relax = task_of(problem, frame, plan.device), SupernetOf(frame, problem.n_outputs)
    judge.prepare(space, seed=plan.seed)
    check_parts(space, strategy, other or judge, frame)
    plan.record.judge = judge
    known = _first(judge, space, plan)
    chosen = _run(space, strategy, other or judge, judge, plan, known) if time.monotonic() < plan.end else []
    best = chosen + judge.best(1 << 30)
    # without a search all the time that is left goes to the first network
    return best or [replace(judge.candidates[0], error="")]


def _run(
    space: Space, strategy: Any, evaluator: Evaluator, judge: WholeTraining, plan: Plan, known: list[Trial]
) -> list[Candidate]:
    """Search; the architectures that another evaluator than training likes best, in order."""
    judge.end = plan.end
    seconds = None if plan.end == math.inf else max(0.1, plan.end - time.monotonic())
    own = evaluator is judge

    def note(trial: Trial) -> None:
        if not own:
            plan.record.others.append(_judged(space, trial, judge, plan))

    budget = Budget(plan.trials, seconds)
    try:
        found = search(space, strategy, evaluator, budget, plan.seed, known=known if own else (), note=note)
    except UnfinishedError as failure:
        if not judge.best(1):
            raise
        plan.tell(f"the search found nothing: {failure}")
        return []
    if own:
        return []
    ranked = [(trial, architecture_of(space, trial.point, judge.frame)) for trial in found.ranked()[:MOST_RANKED]]
    return [
        Candidate(architecture, settings_of(space, trial.point, judge.settings), trial.merit)
        for trial, architecture in ranked
    ]


def _judged(space: Space, trial: Trial, judge: WholeTraining, plan: Plan) -> Candidate:
    """A trial of another evaluator than training as a row of the history; a failure is told."""
    architecture = architecture_of(space, trial.point, judge.frame)
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        weights = count_parameters(build(architecture, architecture.encoder.channels, judge.problem.n_outputs))
    error = trial.error or ("" if trial.merit > -math.inf else "no score")
    if error:
        plan.tell(f"network {len(plan.record.others) + 1} by {plan.evaluator}: {error}, {trial.seconds:.1f} s")
    return Candidate(
        architecture, settings_of(space, trial.point, judge.settings), trial.merit, weights, seconds=trial.seconds,
        error=error, fold=trial.instance, fidelity=trial.fidelity, evaluator=plan.evaluator,
    )  # fmt: skip


def _first(judge: WholeTraining, space: Space, plan: Plan) -> list[Trial]:
    """Train the network to be beaten, and set the limits of those that follow."""
    point = space.default() if isinstance(space, SequenceSpace) else None
    stand_in = space_for("sequence", judge.problem, symmetric=plan.symmetric, encoders=plan.encoders)
    assert isinstance(stand_in, SequenceSpace)
    chosen = architecture_of(stand_in, stand_in.default(), judge.frame)
    check_length(chosen, judge.problem.length)
    settings = replace(judge.settings, **SequenceSpace.training(stand_in.default()))
    total = math.inf if plan.deadline is None else plan.deadline - time.monotonic()
    first = judge.tried(chosen, settings, total * FIRST_SHARE)
    if first.error and first.seconds >= total * FIRST_SHARE:
        # no epoch in a quarter of the time: a search would see nothing
        plan.stop_now()
    elif total < math.inf:
        _limit(judge, plan, first)
    return [Trial(point, first.score)] if point is not None and first.epochs else []


def _limit(judge: WholeTraining, plan: Plan, first: Candidate) -> None:
    """Time and records for each candidate: a few epochs each, and enough time left to train the best in full."""
    rows, now = len(judge.problem.folds), time.monotonic()
    assert plan.deadline is not None
    if plan.finals:
        finals = DEARER * plan.finals * judge.settings.epochs * first.cost(rows)
        plan.end = max(plan.end, plan.deadline - finals)
    spare = plan.deadline - now - first.needs(rows)
    share = min(spare, plan.end - now) / CANDIDATES
    wanted = FEW * first.cost(rows)
    judge.rows = int(min(rows, max(LEAST_ROWS, rows * share / max(wanted, 1e-9))))
    judge.seconds = max(share, FEW * first.cost(judge.rows))
    if spare < 3 * judge.seconds:
        plan.stop_now()
    else:
        plan.end = min(plan.end, now + spare)
