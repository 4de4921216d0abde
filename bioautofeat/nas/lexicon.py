"""Parameters by name, made when they are first asked for, the same whatever the order of asking."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

__all__ = ["Lexicon"]


class Lexicon(nn.Module):
    """A growing store of learnt tensors; the first values of each depend on the seed and its name alone.

    What is made later stands on the device that the store was moved to.

    Parameters
    ----------
    seed : int
    """

    here: torch.Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        # moving a module moves its buffers, so an empty one knows the device before there is any entry
        self.register_buffer("here", torch.empty(0), persistent=False)
        self.entries = nn.ParameterList()
        self._places: dict[str, int] = {}
        self._optimiser: torch.optim.Optimizer | None = None

    def follow(self, optimiser: torch.optim.Optimizer) -> None:
        """From now on an optimiser gets what is made."""
        self._optimiser = optimiser

    def get(self, name: str, shape: Sequence[int], spread: float) -> nn.Parameter:
        """The tensor of a name, drawn evenly from ``-spread`` to ``spread`` when it is new."""
        if name not in self._places:
            rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
            values = torch.from_numpy(rng.uniform(-spread, spread, tuple(shape)).astype(np.float32))
            self.keep(name, values)
        return self.entries[self._places[name]]

    def keep(self, name: str, values: torch.Tensor) -> nn.Parameter:
        """The tensor of a name; ``values`` are its first ones when it is new."""
        if name not in self._places:
            entry = nn.Parameter(values.detach().clone().to(self.here.device))
            self._places[name] = len(self.entries)
            self.entries.append(entry)
            if self._optimiser is not None:
                self._optimiser.add_param_group({"params": [entry]})
        return self.entries[self._places[name]]
