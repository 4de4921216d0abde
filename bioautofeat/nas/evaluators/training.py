"""Full training: an architecture is as good as its own network, trained from its own start."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from bioautofeat.nas.evaluators.base import Builder, Evaluator, Relax, never
from bioautofeat.nas.fitting import Fit, fit
from bioautofeat.nas.task import Task
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["Training", "seed_of"]


REPEATS = 5
"""Seeds under which a network may be trained again."""


def seed_of(seed: int, point: Point, instance: int = 0) -> int:
    """A seed for a point, and another for each instance: the same whenever and wherever it is evaluated."""
    return zlib.crc32(repr((seed, point, instance) if instance else (seed, point)).encode())


class Training(Evaluator):
    """Train the network of each suggestion from scratch; the fidelity of a suggestion is ignored.

    Parameters
    ----------
    task : Task
    build : callable
        Network of a point in a space.
    settings : Fit
    relax : callable, optional
        Supernet of a space, for a search by gradient whose answer is then trained in full.
    """

    def __init__(
        self,
        task: Task,
        build: Builder,
        settings: Fit = Fit(),  # noqa: B008
        relax: Relax | None = None,
    ) -> None:
        self.task, self.build, self.settings, self.relax = task, build, settings, relax
        self.space: Space | None = None
        self.seed, self.stop = 0, never

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        self.space, self.seed, self.stop = space, seed, stop

    @property
    def instances(self) -> int:
        return REPEATS

    def evaluate(self, suggestion: Suggestion) -> float:
        return self.trained(suggestion.point, self.task, self.settings.epochs, suggestion.instance)[1]

    def trained(self, point: Point, task: Task, epochs: int, instance: int = 0) -> tuple[nn.Module, float]:
        """The network of a point after some epochs on a task, from the start that an instance is, and its score."""
        assert self.space is not None  # prepare() comes first
        seed = seed_of(self.seed, point, instance)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.build(self.space, point).to(task.device)
        return network, fit(network, task, replace(self.settings, epochs=epochs), seed=seed, stop=self.stop)
