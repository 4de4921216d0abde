"""Supernets: one network whose edges hold every candidate operation; an architecture is a way through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from bioautofeat.errors import ParameterError
from bioautofeat.search.space import Point

__all__ = [
    "MixedOperation",
    "Mixture",
    "PartialOperation",
    "Supernet",
    "Taken",
    "dropout_rate",
    "dropped",
    "recalibrate",
    "uniform",
]


@dataclass(frozen=True)
class Taken:
    """One option alone is computed, times a number that a gradient may flow through."""

    option: int
    factor: Tensor


Weight: TypeAlias = int | Taken | Tensor | tuple[float, ...]
"""For one decision: the number of an option; one option with a factor; or a weight for every option."""

Weights: TypeAlias = Mapping[str, Weight]


class Mixture:
    """What the edges of a supernet look up while a batch passes through: the weights of each decision's options."""

    def __init__(self) -> None:
        self._now: Weights = {}

    def __getitem__(self, decision: str) -> Weight:
        if decision not in self._now:
            raise ParameterError(f"the supernet was not told what to do at {decision!r}")
        return self._now[decision]

    @contextmanager
    def holding(self, weights: Weights) -> Iterator[None]:
        """The weights are in force inside the block."""
        before, self._now = self._now, weights
        try:
            yield
        finally:
            self._now = before


class MixedOperation(nn.Module):
    """Every option of one decision; gives their weighted sum, or the one that is chosen.

    An option of weight exactly 0 that no gradient asks for is not computed, so its weights get no gradient at all.

    Parameters
    ----------
    decision : str
    candidates : sequence of Module
        Called as ``candidate(x, mask)``; all give the same shape.
    mixture : Mixture
    """

    def __init__(self, decision: str, candidates: Sequence[nn.Module], mixture: Mixture) -> None:
        super().__init__()
        self.decision, self.mixture = decision, mixture
        self.candidates = nn.ModuleList(candidates)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The options of ``x``, weighed."""
        weight = self.mixture[self.decision]
        if isinstance(weight, int):
            return self._option(weight, x, mask)
        if isinstance(weight, Taken):
            return weight.factor * self._option(weight.option, x, mask)
        learnt = isinstance(weight, Tensor) and weight.requires_grad
        numbers = [0.0] * len(self.candidates) if learnt else [float(number) for number in weight]
        found = [weight[k] * self._option(k, x, mask) for k, number in enumerate(numbers) if learnt or number]
        if not found:
            with torch.no_grad():
                return torch.zeros_like(self._option(0, x, mask))
        return torch.stack(found).sum(0) if len(found) > 1 else found[0]

    def _option(self, number: int, x: Tensor, mask: Tensor | None) -> Tensor:
        found: Tensor = self.candidates[number](x, mask)
        return found


class PartialOperation(MixedOperation):
    """A part of the channels goes through the options, the rest passes by; then channels are shuffled.

    Partial channel connections (Xu et al. 2020, ICLR: PC-DARTS) for options that keep shape.

    Parameters
    ----------
    decision, candidates, mixture
        See :class:`MixedOperation`; the candidates are of ``channels // share`` channels.
    share : int
        One channel in so many goes through.
    """

    def __init__(self, decision: str, candidates: Sequence[nn.Module], mixture: Mixture, share: int) -> None:
        super().__init__(decision, candidates, mixture)
        self.share = share

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The options of the first channels, joined by the others."""
        inside = x.shape[1] // self.share
        found = super().forward(x[:, :inside].contiguous(), mask)
        joined = torch.cat([found, x[:, inside:]], 1)
        mixed = joined.view(x.shape[0], self.share, inside, *x.shape[2:]).transpose(1, 2)
        return mixed.reshape(x.shape)


class Supernet(nn.Module):
    """A network with decisions left open.

    Parameters
    ----------
    decisions : mapping of str to sequence
        Options of each decision, named as the parameters of a space.
    build : callable
        ``build(supernet)`` makes the network; it calls :meth:`mixed` where a decision stands, several times for one
        decision where cells are repeated.
    nodes : sequence of tuple of str
        Decisions whose options are added at one node; by default each decision is a node of its own.
    """

    def __init__(
        self,
        decisions: Mapping[str, Sequence[Any]],
        build: Callable[[Supernet], nn.Module],
        nodes: Sequence[tuple[str, ...]] = (),
        share: int = 1,
    ) -> None:
        super().__init__()
        self.decisions = {name: tuple(options) for name, options in decisions.items()}
        self.nodes = tuple(nodes) or tuple((name,) for name in self.decisions)
        self.share = share
        self.mixture = Mixture()
        self.network = build(self)

    def mixed(self, decision: str, candidates: Sequence[nn.Module]) -> MixedOperation:
        """The module that stands for a decision."""
        if len(candidates) != len(self.decisions[decision]):
            raise ParameterError(f"{decision}: {len(candidates)} modules for {len(self.decisions[decision])} options")
        if self.share > 1:
            return PartialOperation(decision, candidates, self.mixture, self.share)
        return MixedOperation(decision, candidates, self.mixture)

    def forward(self, x: Tensor, mask: Tensor | None = None, *, weights: Weights) -> Tensor:
        """Logits under the weights given."""
        with self.mixture.holding(weights):
            found: Tensor = self.network(x, mask)
        return found

    def way(self, point: Point) -> dict[str, int]:
        """A point as the number of the option taken at each decision."""
        values = dict(point)
        return {name: options.index(values[name]) for name, options in self.decisions.items()}

    def point(self, way: Mapping[str, int]) -> Point:
        """The point of a way."""
        return tuple((name, options[way[name]]) for name, options in self.decisions.items())

    def state_of(self, point: Point) -> dict[str, Tensor]:
        """The shared weights that a point uses, named as in the network that has its operations in place.

        The tensors are the supernet's own, not copies.
        """
        way, found = self.way(point), {}
        mixed = {f"{name}.candidates.": m for name, m in self.network.named_modules() if isinstance(m, MixedOperation)}
        for key, value in self.network.state_dict().items():
            open_at = {start: m for start, m in mixed.items() if key.startswith(start)}
            taken = {start: int(key.removeprefix(start).split(".", 1)[0]) for start in open_at}
            if all(number == way[open_at[start].decision] for start, number in taken.items()):
                found[_closed(key, list(taken))] = value
        return found


def _closed(key: str, starts: Sequence[str]) -> str:
    """A name without the parts that say which candidate of a mixed operation it belongs to."""
    for start in sorted(starts, key=len, reverse=True):
        rest = key.removeprefix(start).split(".", 1)[1]
        key = f"{start.removesuffix('candidates.')}{rest}"
    return key


def uniform(decisions: Mapping[str, Sequence[Any]], rng: np.random.Generator) -> dict[str, int]:
    """A way drawn evenly."""
    return {name: int(rng.integers(len(options))) for name, options in decisions.items()}


def dropout_rate(rate: float, paths: int, progress: float = 1.0) -> float:
    """Rate at which each of ``paths`` paths into a node is dropped.

    ``rate ** (1 / paths)``, so that all of them vanish with probability ``rate`` whatever their number; it rises from 0
    along a straight line while ``progress`` goes from 0 to 1 (Bender et al. 2018, ICML).
    """
    return float(progress * rate ** (1 / paths)) if paths else 0.0


def dropped(
    supernet: Supernet, rate: float, progress: float, rng: np.random.Generator, silent: Sequence[Any] = ("none",)
) -> dict[str, tuple[float, ...]]:
    """Weights of 1 for the paths kept and 0 for those dropped, each path by itself.

    The paths into a node are the options of all its decisions, those that carry nothing (``silent``) apart.
    """
    found: dict[str, tuple[float, ...]] = {}
    for node in supernet.nodes:
        options = {name: supernet.decisions[name] for name in node}
        paths = sum(option not in silent for names in options.values() for option in names)
        lost = dropout_rate(rate, paths, progress)
        for name, names in options.items():
            found[name] = tuple(float(rng.random() >= lost) for _ in names)
    return found


@torch.no_grad()
def recalibrate(network: nn.Module, forward: Callable[[], Any]) -> None:
    """Take the running statistics of every normalisation from one pass; everything else stays in evaluation mode."""
    network.eval()
    norms: list[Any] = [m for m in network.modules() if hasattr(m, "running_mean") and hasattr(m, "momentum")]
    before = [module.momentum for module in norms]
    for module in norms:
        module.momentum = 1.0
        module.train()
    forward()
    for module, momentum in zip(norms, before, strict=True):
        module.momentum = momentum
        module.eval()
