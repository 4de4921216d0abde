"""Whole networks, trained for real: what judges a candidate, and what is made of the best ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.evaluators.base import Evaluator, never
from bioautofeat.nas.genotype import Architecture, Frame
from bioautofeat.nas.network import build, count_parameters
from bioautofeat.nas.predictor import NetworkPredictor
from bioautofeat.nas.problem import Problem, check_length
from bioautofeat.nas.running import seeded
from bioautofeat.nas.train import Settings, predict, train
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["Candidate", "Member", "WholeTraining", "architecture_of", "settings_of", "train_members"]


ENOUGH = 15
"""Epochs that a network of the final model should have: fewer members are trained where time would not give them."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An architecture that was tried, or is to be.

    Parameters
    ----------
    architecture : Architecture
    settings : Settings
    score : float
        Validation score, larger is better; minus infinity where training failed.
    parameters, epochs : int
    seconds : float
    rows : int
        Records that it was trained on.
    error : str
    member : Member, optional
        The network itself, where it was trained on all records but a fold, and not cut short.
    """

    architecture: Architecture
    settings: Settings
    score: float = -math.inf
    parameters: int = 0
    epochs: int = 0
    seconds: float = 0.0
    rows: int = 0
    error: str = ""
    member: Member | None = None

    def cost(self, rows: int) -> float:
        """Seconds that an epoch over so many records takes, as far as is known."""
        return self.seconds / max(self.epochs, 1) * rows / self.rows if self.rows else 0.0


@dataclass(frozen=True, eq=False)
class Member:
    """A network of the final model.

    Parameters
    ----------
    predictor : NetworkPredictor
    candidate : Candidate
    rows : ndarray of int
        Records that it was not trained on.
    outputs : ndarray
        What it says of them.
    """

    predictor: NetworkPredictor
    candidate: Candidate
    rows: NDArray[np.int64]
    outputs: NDArray[np.float64]


def architecture_of(space: Space, point: Point, frame: Frame) -> Architecture:
    """The network of a point: as a whole, or what the space decodes put into a frame."""
    decode: Any = getattr(space, "decode", None)
    if decode is None:
        raise ParameterError(f"{type(space).__name__} is no space of networks that can be trained here")
    found = decode(point)
    if isinstance(found, str):
        raise ParameterError(f"{type(space).__name__} is a space of a published table: search it with nas bench")
    return found if isinstance(found, Architecture) else frame.hold(found)


def settings_of(space: Space, point: Point, settings: Settings) -> Settings:
    """The settings, with those that a point of the space draws."""
    drawn: Any = getattr(space, "training", None)
    return settings if drawn is None else replace(settings, **drawn(point))


@dataclass
class WholeTraining(Evaluator):
    """Train the network of a suggestion on all folds but one, and judge it by that one.

    Parameters
    ----------
    problem : Problem
    frame : Frame
        For spaces that do not draw whole networks.
    settings : Settings
        Those that the space does not draw.
    device : torch.device
    seconds : float
        Most that one suggestion may take at full fidelity; infinite for no limit.
    rows : int
        Most records that a candidate is trained on.
    end : float
        When the last candidate must be done (``time.monotonic()``).
    tell : callable
    candidates : list of Candidate
        Those that were tried.
    task, relax : optional
        Records and the maker of a supernet, for a search by gradient, whose answer is then judged here.
    """

    problem: Problem
    frame: Frame
    settings: Settings
    device: Any = "cpu"
    seconds: float = math.inf
    rows: int = 1 << 30
    end: float = math.inf
    tell: Callable[[str], None] = lambda line: None
    candidates: list[Candidate] = field(default_factory=list)
    task: Any = None
    relax: Any = None

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        """Take the space; nothing is shared between candidates."""
        self.space, self.seed = space, seed

    def evaluate(self, suggestion: Suggestion) -> float | None:
        """The validation score of a suggestion; None where it cannot be trained in its time."""
        settings = settings_of(self.space, suggestion.point, self.settings)
        epochs = max(1, round(settings.epochs * suggestion.fidelity))
        left = self.end - time.monotonic()
        if left <= 0:
            return None
        seconds = min(self.seconds * suggestion.fidelity, left)
        architecture = architecture_of(self.space, suggestion.point, self.frame)
        candidate = self.tried(architecture, replace(settings, epochs=epochs), seconds)
        return None if candidate.error else candidate.score

    def tried(self, architecture: Architecture, settings: Settings, seconds: float) -> Candidate:
        """Train one architecture, and note what came of it."""
        known = _some(self.problem.folds, self.rows, self.seed)
        candidate = Candidate(architecture, settings, rows=len(known))
        start = time.monotonic()
        try:
            check_length(architecture, self.problem.length)
            held = np.flatnonzero(self.problem.folds == 0)
            deadline = None if math.isinf(seconds) else start + seconds
            member = _trained(self.problem, candidate, (known, held), self.seed, self.device, deadline)
            candidate = member.candidate
            whole = len(known) + len(held) == len(self.problem.folds)
            if whole and (candidate.epochs >= ENOUGH or math.isinf(seconds)):
                candidate = replace(candidate, member=member)
        except UnfinishedError as failure:
            candidate = replace(candidate, error=str(failure), seconds=time.monotonic() - start)
        self.candidates.append(candidate)
        self.tell(_line(candidate, len(self.candidates)))
        return candidate

    def best(self, most: int) -> list[Candidate]:
        """The best of the different architectures that were tried, the best first."""
        found: dict[str, Candidate] = {}
        for candidate in sorted(self.candidates, key=lambda c: -c.score):
            if not candidate.error:
                found.setdefault(candidate.architecture.to_json(), candidate)
        return list(found.values())[:most]


def _line(candidate: Candidate, number: int) -> str:
    what = candidate.error or f"{candidate.score:.4f} with {candidate.parameters:,} weights, {candidate.epochs} epochs"
    return f"network {number}: {what}, {candidate.seconds:.1f} s"


def _some(folds: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Records of all folds but the first, a random part where there are more than ``most``."""
    rows = np.flatnonzero(folds != 0)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 7]).permutation(rows)[:most])


def _trained(
    problem: Problem, candidate: Candidate, rows: tuple[NDArray[Any], NDArray[Any]], seed: int, device: Any,
    deadline: float | None,
) -> Member:  # fmt: skip
    """A network trained on the first rows and judged by the second ones."""
    architecture = candidate.architecture
    with seeded(seed):
        network = build(architecture, architecture.encoder.channels, problem.n_outputs)
    known, held = (problem.data(architecture.encoder, part) for part in rows)
    history = train(network, known, held, settings=candidate.settings, seed=seed, device=device, deadline=deadline)
    outputs = predict(network, held, device=device)
    predictor = NetworkPredictor.of(network, problem.length, problem.n_classes, problem.centre, problem.scale)
    trained = replace(
        candidate, score=history.best, parameters=count_parameters(network), epochs=len(history.loss),
        seconds=history.seconds, rows=len(known), member=None,
    )  # fmt: skip
    return Member(predictor, trained, rows[1], outputs)


def _affordable(problem: Problem, candidates: list[Candidate], members: int, deadline: float | None) -> int:
    """How many networks the time that is left can train well; at least one."""
    if deadline is None:
        return members
    left, rows, count = deadline - time.monotonic(), len(problem.folds), 0
    for number in range(members):
        candidate = candidates[number % len(candidates)]
        if number or candidate.member is None:
            left -= min(ENOUGH, candidate.settings.epochs) * candidate.cost(rows)
        if left < 0:
            break
        count += 1
    return max(1, count)


def train_members(
    problem: Problem, candidates: list[Candidate], members: int, *, seed: int = 0, device: Any = "cpu",
    deadline: float | None = None, tell: Callable[[str], None] = lambda line: None,
) -> list[Member]:  # fmt: skip
    """Train the networks of the final model: the candidates in turn, each without another fold, which judges it.

    As many as the time allows share it evenly.  The first is taken as it is, where the search has trained it in full.
    """
    found: list[Member] = []
    error: UnfinishedError | None = None
    n_folds = int(problem.folds.max()) + 1
    members = _affordable(problem, candidates, members, deadline)
    for number in range(members):
        candidate, fold = candidates[number % len(candidates)], number % n_folds
        member = candidate.member if number == 0 else None
        if member is None:
            left = None if deadline is None else (deadline - time.monotonic()) / (members - number)
            rows = np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold)
            until = None if left is None else time.monotonic() + left
            try:
                member = _trained(problem, candidate, rows, seed + number, device, until)
            except UnfinishedError as failure:
                error = failure
                continue
        found.append(member)
        done = member.candidate
        tell(f"member {len(found)}: validation {done.score:.4f}, {done.epochs} epochs, {done.seconds:.1f} s")
    if not found:
        raise error or UnfinishedError("no network could be trained")
    return found
