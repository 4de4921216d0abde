"""Inheritance: a child starts from the trained weights of a relative, and is only trained on."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bioautofeat.nas.evaluators.base import Builder, Relax
from bioautofeat.nas.evaluators.training import Training, seed_of
from bioautofeat.nas.fitting import Fit, fit
from bioautofeat.nas.growing import grown_by
from bioautofeat.nas.spaces.morphism import MorphismSpace, way_between
from bioautofeat.nas.task import Task
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point

__all__ = ["Inheriting"]

NOISE = 0.05
"""Of copied channels, as a share of the spread of their weights: enough that training tells them apart."""


@dataclass(frozen=True)
class _Relative:
    state: dict[str, Tensor]
    score: float


class Inheriting(Training):
    """A network that was trained hands its weights on.

    In a space of morphisms the child computes at first what its parent computes; elsewhere it takes over the weights
    that have the same place and shape in the relative with the fewest different choices.

    Parameters
    ----------
    task : Task
    build : callable
    settings : Fit
        Of a network without relatives.
    child : Fit
        Of one that inherits: short, with a rate that falls along a cosine.
    memory : int
        Networks that are remembered, the latest and the best.
    relax : callable, optional
        See :class:`~bioautofeat.nas.evaluators.training.Training`.
    """

    def __init__(
        self,
        task: Task,
        build: Builder,
        settings: Fit = Fit(),  # noqa: B008
        child: Fit = Fit(epochs=3, rate=0.005),  # noqa: B008
        memory: int = 16,
        relax: Relax | None = None,
    ) -> None:
        super().__init__(task, build, settings, relax)
        self.child, self.memory = child, max(2, memory)
        self._known: OrderedDict[Point, _Relative] = OrderedDict()

    @property
    def instances(self) -> int:
        return 1  # what a network has learnt before is its start

    def evaluate(self, suggestion: Suggestion) -> float:
        assert self.space is not None
        point, seed = suggestion.point, seed_of(self.seed, suggestion.point)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self.build(self.space, point).to(self.task.device)
        inherits = self.inherit(network, point, seed)
        score = fit(network, self.task, self.child if inherits else self.settings, seed=seed, stop=self.stop)
        self._remember(point, network, score)
        return score

    def inherit(self, network: nn.Module, point: Point, seed: int) -> bool:
        """Give a network the weights of a relative; whether there was one."""
        found = (
            self._grown(network, point, seed) if isinstance(self.space, MorphismSpace) else self._alike(network, point)
        )
        if found is None:
            return False
        network.load_state_dict(found)
        return True

    def _grown(self, network: Any, point: Point, seed: int) -> dict[str, Tensor] | None:
        """Weights of the ancestor that is the fewest moves away, the better one of two."""
        assert isinstance(self.space, MorphismSpace)
        chain = self.space.decode(point)
        ways = []
        for number, (known, relative) in enumerate(self._known.items()):
            parent = self.space.decode(known)
            moves = way_between(parent, chain)
            if moves is not None:
                ways.append((len(moves), -relative.score, number, parent, moves, relative))
        if not ways:
            return None
        _, _, _, parent, moves, relative = min(ways, key=lambda way: way[:3])
        generator = torch.Generator().manual_seed(seed)
        pool = network.architecture.head.pool
        return grown_by(relative.state, parent, moves, pool=pool, noise=NOISE, generator=generator)[0]

    def _alike(self, network: nn.Module, point: Point) -> dict[str, Tensor] | None:
        """The network's own weights, and those of the nearest relative where place and shape agree."""
        if not self._known:
            return None
        ours = dict(point)
        nearest = min(self._known, key=lambda other: sum(ours.get(name) != value for name, value in other))
        theirs, own = self._known[nearest].state, network.state_dict()
        return {
            name: theirs[name] if name in theirs and theirs[name].shape == value.shape else value
            for name, value in own.items()
        }

    def _remember(self, point: Point, network: nn.Module, score: float) -> None:
        state = {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}
        self._known[point] = _Relative(state, score)
        while len(self._known) > self.memory:
            best = max(self._known, key=lambda known: self._known[known].score)
            self._known.pop(next(known for known in self._known if known != best))
