"""Whole networks, trained for real: what judges a candidate, and what is made of the best ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.evaluators.base import FAILURES, Evaluator, never
from bioautofeat.nas.genotype import Architecture, Frame
from bioautofeat.nas.network import build, count_parameters
from bioautofeat.nas.predictor import NetworkPredictor
from bioautofeat.nas.problem import Problem, check_length
from bioautofeat.nas.running import seeded
from bioautofeat.nas.train import Settings, checkpoint_of, predict, train
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = [
    "Candidate",
    "Conditions",
    "Member",
    "WholeTraining",
    "architecture_of",
    "settings_of",
    "train_members",
    "trainable",
]


ENOUGH = 15
"""Epochs that a network of the final model should have: fewer members are trained where time would not give them."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An architecture that was tried, or is to be.

    Parameters
    ----------
    architecture : Architecture
    settings : Settings
        At full cost.
    score : float
        What the evaluator says, larger is better; minus infinity where there is no score.
    parameters, epochs : int
    seconds : float
    rows : int
        Records that it was trained on.
    fold : int
        The part of the records that judged.
    error : str
    member : Member, optional
        The network itself, where it was trained at full cost on all records but a fold, and not cut short.
    fidelity : float
        Share of the full cost at which it was judged.
    evaluator : str
    outputs : ndarray, optional
        Of the network for the records of the first fold, where that one judged at full cost.
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
    fold: int = 0
    fidelity: float = 1.0
    evaluator: str = "training"
    outputs: NDArray[np.float64] | None = None

    @property
    def rank(self) -> tuple[float, float]:
        """For sorting, the best first: what was judged at a higher cost, then what has a higher score."""
        return -self.fidelity, -self.score

    def cost(self, rows: int) -> float:
        """Seconds that an epoch over so many records takes, as far as is known."""
        return self.seconds / max(self.epochs, 1) * rows / self.rows if self.rows else 0.0

    def needs(self, rows: int) -> float:
        """Seconds that the training of a network for the final model takes, as far as is known."""
        return min(ENOUGH, self.settings.epochs) * self.cost(rows)


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


@dataclass(frozen=True)
class Conditions:
    """Under which one network is trained.

    Parameters
    ----------
    seed : int
    device : torch.device
    deadline : float, optional
        When training must have ended (``time.monotonic()``).
    folder : Path, optional
        Where the training is kept after each epoch, to be taken up after an interrupt.
    """

    seed: int = 0
    device: Any = "cpu"
    deadline: float | None = None
    folder: Path | None = None


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
    folder : Path, optional
        See :class:`Conditions`.
    finished : Member, optional
        The best network so far, whatever it was trained on: what there is after an interrupt.
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
    folder: Path | None = None
    finished: Member | None = None

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        """Take the space; nothing is shared between candidates."""
        self.space, self.seed = space, seed

    @property
    def instances(self) -> int:
        return int(self.problem.folds.max()) + 1

    def evaluate(self, suggestion: Suggestion) -> float | None:
        """The validation score of a suggestion; None where it cannot be trained in its time."""
        left = self.end - time.monotonic()
        if left <= 0:
            return None
        settings = settings_of(self.space, suggestion.point, self.settings)
        architecture = architecture_of(self.space, suggestion.point, self.frame)
        seconds = min(self.seconds * suggestion.fidelity, left)
        candidate = self.tried(architecture, settings, seconds, suggestion)
        return None if candidate.error else candidate.score

    def tried(
        self, architecture: Architecture, settings: Settings, seconds: float, asked: Suggestion | None = None
    ) -> Candidate:
        """Train one architecture on all folds but one, for a share of its epochs, and note what came of it."""
        fidelity, fold = (1.0, 0) if asked is None else (asked.fidelity, asked.instance)
        known = _some(self.problem.folds, self.rows, self.seed, fold)
        held = np.flatnonzero(self.problem.folds == fold)
        candidate = Candidate(architecture, settings, rows=len(known), fold=fold, fidelity=fidelity)
        start = time.monotonic()
        conditions = Conditions(
            self.seed + fold, self.device, None if math.isinf(seconds) else start + seconds, self.folder
        )  # fmt: skip
        try:
            check_length(architecture, self.problem.length)
            member = _trained(self.problem, candidate, (known, held), conditions)
            candidate = member.candidate
            whole = fidelity >= 1.0 and len(known) + len(held) == len(self.problem.folds)
            if whole and (candidate.epochs >= ENOUGH or math.isinf(seconds)):
                candidate = replace(candidate, member=member)
            if fidelity >= 1.0 and fold == 0:
                candidate = replace(candidate, outputs=member.outputs)
            if self.finished is None or candidate.rank < self.finished.candidate.rank:
                self.finished = member
        except FAILURES as failure:
            error = str(failure) or type(failure).__name__
            candidate = replace(candidate, error=error, seconds=time.monotonic() - start)
        self.candidates.append(candidate)
        self.tell(_line(candidate, len(self.candidates)))
        return candidate

    def best(self, most: int) -> list[Candidate]:
        """The best of the different architectures that were tried, the best first.

        What was trained at a higher cost comes first, then what was judged by more folds, with its mean score.
        """
        runs: dict[tuple[str, Settings, float], dict[int, Candidate]] = {}
        for candidate in sorted(self.candidates, key=lambda c: c.rank):
            if not candidate.error:
                key = candidate.architecture.to_json(), candidate.settings, candidate.fidelity
                runs.setdefault(key, {}).setdefault(candidate.fold, candidate)
        found: dict[str, Candidate] = {}
        ranked = sorted(runs.items(), key=lambda item: (-item[0][2], -len(item[1]), -_mean_score(item[1])))
        for (name, _, _), own in ranked:
            score, first = _mean_score(own), own[min(own)]
            found.setdefault(name, replace(first, score=score, member=first.member if min(own) == 0 else None))
        return list(found.values())[:most]


def _mean_score(runs: Mapping[int, Candidate]) -> float:
    return sum(candidate.score for candidate in runs.values()) / len(runs)


def _line(candidate: Candidate, number: int) -> str:
    what = candidate.error or f"{candidate.score:.4f} with {candidate.parameters:,} weights, {candidate.epochs} epochs"
    return f"network {number}: {what}, {candidate.seconds:.1f} s"


def _some(folds: NDArray[np.int64], most: int, seed: int, fold: int = 0) -> NDArray[np.int64]:
    """Records of all folds but one, a random part where there are more than ``most``."""
    rows = np.flatnonzero(folds != fold)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng([seed, 7]).permutation(rows)[:most])


def _trained(
    problem: Problem, candidate: Candidate, rows: tuple[NDArray[Any], NDArray[Any]], conditions: Conditions
) -> Member:
    """A network trained on the first rows, for as many epochs as its fidelity says, and judged by the second ones."""
    architecture, full = candidate.architecture, candidate.settings
    settings = replace(full, epochs=max(1, round(full.epochs * candidate.fidelity)))
    with seeded(conditions.seed):
        network = build(architecture, architecture.encoder.channels, problem.n_outputs)
    known, held = (problem.data(architecture.encoder, part) for part in rows)
    history = train(
        network, known, held, settings=settings, seed=conditions.seed, device=conditions.device,
        deadline=conditions.deadline,
        checkpoint=checkpoint_of(conditions.folder, architecture.to_json(), settings, conditions.seed, (known, held)),
    )  # fmt: skip
    outputs = predict(network, held, device=conditions.device)
    predictor = NetworkPredictor.of(network, problem.length, problem.n_classes, problem.centre, problem.scale)
    trained = replace(
        candidate, score=history.best, parameters=count_parameters(network), epochs=len(history.loss),
        seconds=history.seconds, rows=len(known), member=None,
    )  # fmt: skip
    return Member(predictor, trained, rows[1], outputs)


def trainable(candidates: list[Candidate], members: int, rows: int, deadline: float | None) -> list[Candidate]:
    """The first candidate, and those of the others that an equal share of the time that is left can train well."""
    if deadline is None or len(candidates) < 2:
        return candidates
    first, *others = candidates
    share = (deadline - time.monotonic()) / max(1, members - (first.member is not None))
    return [first, *(other for other in others if other.needs(rows) <= share)]


def _affordable(problem: Problem, candidates: list[Candidate], members: int, deadline: float | None) -> int:
    """How many networks the time that is left can train well; at least one."""
    if deadline is None:
        return members
    left, rows, count = deadline - time.monotonic(), len(problem.folds), 0
    for number in range(members):
        candidate = candidates[number % len(candidates)]
        if number or candidate.member is None:
            left -= candidate.needs(rows)
        if left < 0:
            break
        count += 1
    return max(1, count)


def train_members(
    problem: Problem, candidates: list[Candidate], members: int, conditions: Conditions,
    tell: Callable[[str], None] = lambda line: None,
) -> Iterator[Member]:  # fmt: skip
    """Train the networks of the final model: the candidates in turn, each without another fold, which judges it.

    As many as the time allows share it evenly.  The first is taken as it is, where the search has trained it in full.

    Raises
    ------
    UnfinishedError
        Where not one could be trained; or what kept the last one from being trained.
    """
    found, deadline = 0, conditions.deadline
    error: Exception = UnfinishedError("no network could be trained")
    n_folds = int(problem.folds.max()) + 1
    members = _affordable(problem, candidates, members, deadline)
    for number in range(members):
        candidate, fold = candidates[number % len(candidates)], number % n_folds
        member = candidate.member if number == 0 else None
        if member is None:
            now = time.monotonic()
            until = None if deadline is None else now + (deadline - now) / (members - number)
            rows = np.flatnonzero(problem.folds != fold), np.flatnonzero(problem.folds == fold)
            own = replace(conditions, seed=conditions.seed + number, deadline=until)
            try:
                member = _trained(problem, replace(candidate, fidelity=1.0, evaluator="training"), rows, own)
            except FAILURES as failure:
                error = failure
                tell(f"a network of the model: {failure}")
                continue
        found += 1
        done = member.candidate
        tell(f"member {found}: validation {done.score:.4f}, {done.epochs} epochs, {done.seconds:.1f} s")
        yield member
    if not found:
        raise error
