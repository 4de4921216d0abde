"""GDAS: one option is drawn for each decision and batch, and its gradient taken as if the draw were soft."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from bioautofeat.nas.strategies.relaxation import Relaxation
from bioautofeat.nas.supernet import Taken, Weight

__all__ = ["Gumbel", "gumbel_choice"]


def gumbel_choice(alpha: Tensor, temperature: float, generator: torch.Generator) -> Taken:
    """The option of the largest noisy logit, with a factor of 1 that hands the gradient of its soft weight on.

    Soft weights are ``softmax((log softmax(alpha) + g) / temperature)`` with Gumbel noise ``g``, so that an option is
    drawn with its probability ``softmax(alpha)``.
    """
    uniform = torch.rand(alpha.shape, generator=generator).clamp(min=1e-20, max=1 - 1e-7)
    noise = -torch.log(-torch.log(uniform)).to(alpha)
    soft = torch.softmax((torch.log_softmax(alpha, 0) + noise) / temperature, 0)
    option = int(soft.argmax())
    return Taken(option, 1.0 - soft[option].detach() + soft[option])


class Gumbel(Relaxation):
    """Hard samples with straight-through gradients (Dong and Yang 2019, CVPR: GDAS).

    Only the option that is drawn is computed, so a batch costs what one architecture costs.

    Parameters
    ----------
    hot, cold : float
        Temperature at the start and at the end, along a straight line.
    """

    def __init__(self, hot: float = 10.0, cold: float = 0.1) -> None:
        self.hot, self.cold = hot, cold

    def temperature(self, progress: float) -> float:
        """The temperature at a point of the search."""
        return self.hot + (self.cold - self.hot) * progress

    def weights(self, alphas: Mapping[str, Tensor], progress: float, generator: torch.Generator) -> dict[str, Weight]:
        heat = self.temperature(progress)
        return {name: gumbel_choice(alpha, heat, generator) for name, alpha in alphas.items()}
