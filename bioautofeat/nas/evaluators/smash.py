"""SMASH: a hypernetwork turns an architecture's code into the weights of its convolutions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from bioautofeat.nas.evaluators.generated import Generated, scaled
from bioautofeat.nas.lexicon import Lexicon
from bioautofeat.search.space import Point

__all__ = ["Smash"]


class Smash(Generated):
    """Weights from the binary code of an architecture (Brock et al. 2018, ICLR).

    The code has a bit for each option of each decision.  Convolutions wider than one position are generated; those over
    one position, normalisation and the layer to the outputs are shared and learnt as usual.
    """

    def start(self, seed: int) -> list[nn.Module]:
        width = self.hyper.width
        self._code, self._heads = Lexicon(seed), Lexicon(seed + 1)
        self._middle = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        return [self._middle, self._code, self._heads]

    def made(self, point: Point, form: nn.Module) -> dict[str, Tensor]:
        width = self.hyper.width
        # a layer on a code of bits is a sum of its columns: those of the bits that are set
        columns: list[Tensor] = [self._code.get(f"{name}={value!r}", (width,), 0.5) for name, value in point]
        code = self._middle(torch.stack(columns).sum(0))
        found = {}
        for place, module in form.named_modules():
            for own, weight in module.named_parameters(prefix=place, recurse=False):
                if weight.dim() >= 3 and math.prod(weight.shape[2:]) > 1:
                    slot = f"{own} {tuple(weight.shape)} {type(module).__name__} {getattr(module, 'dilation', 1)}"
                    head = self._heads.get(slot, (weight.numel(), width), 1 / math.sqrt(width))
                    bias = self._heads.get(f"{slot} bias", (weight.numel(),), 0.5)
                    found[own] = scaled(head @ code + bias, weight.shape)
        return found
