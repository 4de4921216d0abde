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
from bioautofeat.nas.train import History, Settings, predict, train
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["Candidate", "Member", "WholeTraining", "architecture_of", "train_members"]


@dataclass(frozen=True)
class Candidate:
    """An architecture that was tried.

    Parameters
    ----------
    architecture : Architecture
    settings : Settings
    score : float
        Validation score, larger is better; minus infinity where training failed.
    parameters, epochs : int
    seconds : float
    error : str
    """

    architecture: Architecture
    settings: Settings
    score: float
    parameters: int = 0
    epochs: int = 0
    seconds: float = 0.0
    error: str = ""


def architecture_of(space: Space, point: Point, frame: Frame) -> Architecture:
    """The network of a point: as a whole, or what the space decodes put into a frame."""
    decode: Any = getattr(space, "decode", None)
    if decode is None:
        raise ParameterError(f"{type(space).__name__} is no space of networks that can be trained here")
    found = decode(point)
    if isinstance(found, str):
        raise ParameterError(f"{type(space).__name__} is a space of a published table: search it with nas bench")
    return found if isinstance(found, Architecture) else frame.hold(found)


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
    """

    problem: Problem
    frame: Frame
    settings: Settings
    device: Any = "cpu"
    seconds: float = math.inf
    rows: int = 1 << 30
    tell: Callable[[str], None] = lambda line: None
    candidates: list[Candidate] = field(default_factory=list)

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        """Take the space; nothing is shared between candidates."""
        self.space, self.seed = space, seed

    def evaluate(self, suggestion: Suggestion) -> float | None:
        """The validation score of a suggestion; None where it cannot be trained in its time."""
        settings = replace(self.settings, **getattr(self.space, "training", lambda point: {})(suggestion.point))
        epochs = max(1, round(settings.epochs * suggestion.fidelity))
        candidate = self.tried(
            architecture_of(self.space, suggestion.point, self.frame),
            replace(settings, epochs=epochs), self.seconds * suggestion.fidelity,
        )  # fmt: skip
        return None if candidate.error else candidate.score

    def tried(self, architecture: Architecture, settings: Settings, seconds: float) -> Candidate:
        """Train one architecture, and note what came of it."""
        start, problem = time.monotonic(), self.problem
        known = _some(problem.folds, self.rows, self.seed)
        network, history, error = None, None, ""
        try:
            check_length(architecture, problem.length)
            network, history = _trained(
                problem, architecture, settings, (known, np.flatnonzero(problem.folds == 0)), self.seed, self.device,
                None if math.isinf(seconds) else start + seconds,
            )  # fmt: skip
        except UnfinishedError as failure:
            error = str(failure)
        candidate = Candidate(
            architecture, settings, history.best if history else -math.inf, count_parameters(network) if network else 0,
            len(history.loss) if history else 0, time.monotonic() - start, error,
        )  # fmt: skip
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
    problem: Problem, architecture: Architecture, settings: Settings, rows: tuple[NDArray[Any], NDArray[Any]], seed: int,
    device: Any, deadline: float | None,
) -> tuple[Any, History]:  # fmt: skip
    with seeded(seed):
        network = build(architecture, architecture.encoder.channels, problem.n_outputs)
    data = [problem.data(architecture.encoder, part) for part in rows]
    return network, train(network, *data, settings=settings, seed=seed, device=device, deadline=deadline)


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


def train_members(
    problem: Problem, candidates: list[Candidate], members: int, *, seed: int = 0, device: Any = "cpu",
    deadline: float | None = None, tell: Callable[[str], None] = lambda line: None,
) -> list[Member]:  # fmt: skip
    """Train the networks of the final model: the candidates in turn, each without another fold, which judges it.

    The time that is left is shared out evenly; a network for which it does not suffice is left out, if there is another.
    """
    found: list[Member] = []
    error: UnfinishedError | None = None
    n_folds = int(problem.folds.max()) + 1
    for number in range(members):
        candidate, fold = candidates[number % len(candidates)], number % n_folds
        left = None if deadline is None else (deadline - time.monotonic()) / (members - number)
        if found and left is not None and left <= 0:
            break
        rows = np.flatnonzero(problem.folds == fold)
        until = None if left is None else time.monotonic() + left
        known = np.flatnonzero(problem.folds != fold)
        try:
            network, history = _trained(
                problem, candidate.architecture, candidate.settings, (known, rows), seed + number, device, until
            )
        except UnfinishedError as failure:
            error = failure
            continue
        outputs = predict(network, problem.data(candidate.architecture.encoder, rows), device=device)
        predictor = NetworkPredictor.of(network, problem.length, problem.n_classes, problem.centre, problem.scale)
        trained = replace(candidate, score=history.best, epochs=len(history.loss), seconds=history.seconds)
        found.append(Member(predictor, trained, rows, outputs))
        tell(f"member {len(found)}: validation {history.best:.4f}, {len(history.loss)} epochs, {history.seconds:.1f} s")
    if not found:
        raise error or UnfinishedError("no network could be trained")
    return found
