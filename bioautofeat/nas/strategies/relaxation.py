"""From numbers that a gradient can move to weights of options, and back to an architecture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bioautofeat.errors import ParameterError
from bioautofeat.nas.supernet import Supernet, Weight

__all__ = [
    "SILENT",
    "SKIPS",
    "EdgeNormalised",
    "Relaxation",
    "Rule",
    "Sigmoid",
    "Softmax",
    "discretise",
    "skip_share",
]

SKIPS = ("skip", "skip_connect", "identity")
"""Options that hand on what they get."""

SILENT = ("none",)
"""Options that carry nothing."""

Chances = Mapping[str, NDArray[np.float64]]


class Relaxation(ABC):
    """How the numbers of an architecture weigh its options."""

    def start(self, supernet: Supernet, generator: torch.Generator) -> dict[str, nn.Parameter]:
        """Numbers close to even odds, one row for each decision, on the device of the network's weights."""
        device = next(iter(supernet.parameters())).device
        return {
            name: nn.Parameter((1e-3 * torch.randn(len(options), generator=generator)).to(device))
            for name, options in supernet.decisions.items()
        }

    @abstractmethod
    def weights(self, alphas: Mapping[str, Tensor], progress: float, generator: torch.Generator) -> dict[str, Weight]:
        """Weights for one batch; ``progress`` goes from 0 to 1 over the search."""

    def probabilities(self, alphas: Mapping[str, Tensor]) -> dict[str, NDArray[np.float64]]:
        """What each option is worth, by decision, for the choice at the end."""
        return {name: torch.softmax(alpha.detach().double(), 0).cpu().numpy() for name, alpha in alphas.items()}

    def penalty(self, alphas: Mapping[str, Tensor]) -> Tensor | float:
        """What is added to the validation loss."""
        return 0.0


class Softmax(Relaxation):
    """The options of a decision compete: their weights add up to 1 (Liu et al. 2019, ICLR: DARTS)."""

    def weights(self, alphas: Mapping[str, Tensor], progress: float, generator: torch.Generator) -> dict[str, Weight]:
        return {name: torch.softmax(alpha, 0) for name, alpha in alphas.items()}


class Sigmoid(Relaxation):
    """Every option by itself, pulled towards 0 or 1 by a penalty (Chu et al. 2020, ECCV: FairDARTS).

    Parameters
    ----------
    pull : float
        Weight of ``-mean (sigmoid(alpha) - 1/2)^2`` in the validation loss.
    """

    def __init__(self, pull: float = 1.0) -> None:
        self.pull = pull

    def weights(self, alphas: Mapping[str, Tensor], progress: float, generator: torch.Generator) -> dict[str, Weight]:
        return {name: torch.sigmoid(alpha) for name, alpha in alphas.items()}

    def probabilities(self, alphas: Mapping[str, Tensor]) -> dict[str, NDArray[np.float64]]:
        return {name: torch.sigmoid(alpha.detach().double()).cpu().numpy() for name, alpha in alphas.items()}

    def penalty(self, alphas: Mapping[str, Tensor]) -> Tensor | float:
        rows = torch.cat([alpha.reshape(-1) for alpha in alphas.values()])
        return -self.pull * ((torch.sigmoid(rows) - 0.5) ** 2).mean()


class EdgeNormalised(Relaxation):
    """Softmax over options, times a softmax over the decisions that meet at a node (Xu et al. 2020, ICLR: PC-DARTS)."""

    def start(self, supernet: Supernet, generator: torch.Generator) -> dict[str, nn.Parameter]:
        found = super().start(supernet, generator)
        self._nodes = supernet.nodes
        device = next(iter(found.values())).device
        for number, node in enumerate(supernet.nodes):
            found[f"node:{number}"] = nn.Parameter((1e-3 * torch.randn(len(node), generator=generator)).to(device))
        return found

    def weights(self, alphas: Mapping[str, Tensor], progress: float, generator: torch.Generator) -> dict[str, Weight]:
        found: dict[str, Weight] = {}
        for number, node in enumerate(self._nodes):
            shares = torch.softmax(alphas[f"node:{number}"], 0)
            for place, name in enumerate(node):
                # times the number of edges, so that a node of one edge is that of DARTS
                found[name] = torch.softmax(alphas[name], 0) * shares[place] * len(node)
        return found

    def probabilities(self, alphas: Mapping[str, Tensor]) -> dict[str, NDArray[np.float64]]:
        with torch.no_grad():
            weights = self.weights(alphas, 1.0, torch.Generator())
        return {name: w.double().cpu().numpy() for name, w in weights.items() if isinstance(w, Tensor)}


def _best(row: NDArray[np.float64], options: Sequence[Any], without: Sequence[Any]) -> int:
    """Number of the best option that is not left out (of all, where that would leave none)."""
    kept = [k for k, option in enumerate(options) if option not in without] or list(range(len(options)))
    return max(kept, key=lambda k: row[k])


@dataclass(frozen=True)
class Rule:
    """How an architecture is read off at the end.

    Parameters
    ----------
    edges : int, optional
        At each node so many decisions are kept, those with the largest best chance; the others become ``none`` where
        that is an option (the rule of DARTS is 2; without it every edge is kept, the rule of NAS-Bench-201).
    skips : int, optional
        At most so many skips are kept, the likeliest (Chen et al. 2019, ICCV: P-DARTS).
    silent : tuple
        Options that are never chosen; pass an empty one to allow ``none``.
    """

    edges: int | None = None
    skips: int | None = None
    silent: tuple[Any, ...] = SILENT


def discretise(chances: Chances, supernet: Supernet, rule: Rule = Rule()) -> dict[str, int]:
    """The architecture that the chances mean: at each decision the best option that carries something."""
    decisions, silent = supernet.decisions, rule.silent
    way = {name: _best(chances[name], options, silent) for name, options in decisions.items()}
    if rule.skips is not None:
        taken = [name for name, number in way.items() if decisions[name][number] in SKIPS]
        ranked = sorted(taken, key=lambda name: -chances[name][way[name]])
        for name in ranked[rule.skips :]:
            way[name] = _best(chances[name], decisions[name], (*silent, *SKIPS))
    for node in supernet.nodes if rule.edges is not None else ():
        ranked = sorted(node, key=lambda name: -chances[name][way[name]])
        for name in ranked[rule.edges :]:
            way[name] = next((k for k, o in enumerate(decisions[name]) if o in SILENT), way[name])
    return way


def skip_share(way: Mapping[str, int], supernet: Supernet) -> float:
    """Share of the decisions that have a skip among their options at which the skip is taken; 0 where none has."""
    could = [name for name, options in supernet.decisions.items() if any(option in SKIPS for option in options)]
    took = [name for name in could if supernet.decisions[name][way[name]] in SKIPS]
    return len(took) / len(could) if could else 0.0


def check_relaxable(supernet: Supernet) -> None:
    """Refuse a supernet without anything to decide."""
    if not any(len(options) > 1 for options in supernet.decisions.values()):
        raise ParameterError("the supernet has no decision with two options: there is nothing to search")
