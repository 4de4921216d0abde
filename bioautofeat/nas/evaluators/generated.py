"""Evaluators whose weights come from another network: what SMASH and the graph hypernetwork have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from bioautofeat.errors import UnfinishedError
from bioautofeat.nas.evaluators.base import Builder, Evaluator, never
from bioautofeat.nas.lexicon import Lexicon
from bioautofeat.nas.supernet import recalibrate
from bioautofeat.nas.task import Task
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["Generated", "Hyper", "scaled"]


@dataclass(frozen=True)
class Hyper:
    """How a hypernetwork is made and trained.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Learning rate of Adam, falling to 0 as a cosine.
    width : int
        Of its hidden layers.
    clip : float
    """

    epochs: int = 30
    batch: int = 64
    rate: float = 0.005
    width: int = 64
    clip: float = 5.0


def scaled(values: Tensor, shape: torch.Size) -> Tensor:
    """Generated numbers as weights of a shape: with the spread that keeps the scale of what passes through.

    The root mean square becomes ``sqrt(2 / fan-in)``.
    """
    fan_in = math.prod(shape[1:])
    level = values.pow(2).mean().sqrt().clamp(min=1e-8)
    return (values / level * math.sqrt(2 / fan_in)).reshape(shape)


class Generated(Evaluator, ABC):
    """Each batch goes through an architecture drawn at random, with weights that a hypernetwork makes for it.

    The gradient reaches the hypernetwork, and the weights that it does not make, which all architectures share by
    place and shape; never the network of the architecture itself, which lends its form alone.

    Parameters
    ----------
    task : Task
    build : callable
        Network of a point in a space.
    hyper : Hyper
    """

    def __init__(self, task: Task, build: Builder, hyper: Hyper = Hyper()) -> None:
        self.task, self.build, self.hyper = task, build, hyper
        self.space: Space | None = None
        self._forms: dict[Point, nn.Module] = {}

    @abstractmethod
    def made(self, point: Point, form: nn.Module) -> dict[str, Tensor]:
        """The generated weights of an architecture, by their names in its network."""

    @abstractmethod
    def start(self, seed: int) -> list[nn.Module]:
        """Make the hypernetwork; its parts that exist from the start.  Lexicons follow the optimiser."""

    def form(self, point: Point) -> nn.Module:
        """The network of an architecture; its own weights are never used."""
        assert self.space is not None  # prepare() comes first
        if point not in self._forms:
            if len(self._forms) > 256:
                self._forms.clear()
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                form = self.build(self.space, point).to(self.task.device)
            self._forms[point] = form.requires_grad_(False)
        return self._forms[point]

    def weights(self, point: Point) -> dict[str, Tensor]:
        """All weights of an architecture: generated ones, and shared ones for the rest."""
        form = self.form(point)
        found = self.made(point, form)
        for name, own in form.named_parameters():
            if name not in found:
                found[name] = self.shared.keep(f"{name} {tuple(own.shape)}", own)
        return found

    def forward(self, point: Point, weights: Mapping[str, Tensor], x: Tensor, mask: Tensor | None) -> Tensor:
        """Logits of an architecture under weights."""
        found: Tensor = functional_call(self.form(point), dict(weights), (x, mask))
        return found

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        self.space, self._forms = space, {}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._train(space, seed, stop)

    def _train(self, space: Space, seed: int, stop: Callable[[], bool]) -> None:
        rng = np.random.default_rng(seed)
        self.shared = Lexicon(seed).to(self.task.device)
        parts = [part.to(self.task.device) for part in self.start(seed)]
        own = [weight for part in parts for weight in part.parameters()]
        adam = torch.optim.Adam(own or [nn.Parameter(torch.zeros(1))], self.hyper.rate)
        for part in (*parts, self.shared):
            if isinstance(part, Lexicon):
                part.follow(adam)
        self._calibration = next(self.task.row_batches("train", max(256, self.hyper.batch), rng))
        steps = -(-len(self.task.train) // self.hyper.batch) * self.hyper.epochs
        batches = self.task.row_draws("train", self.hyper.batch, rng)
        for step in range(steps):
            for group in adam.param_groups:
                group["lr"] = self.hyper.rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            self.step(space.sample(rng), next(batches), adam)
            if stop():
                if step * self.hyper.batch < len(self.task.train):
                    raise UnfinishedError("the time is too short for one epoch of the hypernetwork: give more")
                return

    def step(self, point: Point, rows: NDArray[np.int64], adam: torch.optim.Optimizer) -> float:
        """One step of the hypernetwork on one architecture; the loss."""
        form = self.form(point).train()
        x, mask, y = self.task.suited(form).batch(rows)
        weights = self.weights(point)
        loss = self.task.loss(self.forward(point, weights, x, mask), y)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for group in adam.param_groups for p in group["params"]], self.hyper.clip)
        adam.step()
        return float(loss.detach())

    def evaluate(self, suggestion: Suggestion) -> float:
        point = suggestion.point
        form = self.form(point)
        with torch.no_grad():
            weights = self.weights(point)
        task = self.task.suited(form)
        x, mask, _ = task.batch(self._calibration)
        recalibrate(form, lambda: self.forward(point, weights, x, mask))
        return task.score(lambda x, mask: self.forward(point, weights, x, mask))
