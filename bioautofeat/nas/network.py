"""From an architecture to a network of torch, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bioautofeat.nas import ops
from bioautofeat.nas.genotype import Architecture

__all__ = ["Edge", "Network", "build", "count_parameters", "macs", "receptive_field"]

Edge = Callable[[str, str, ops.Layout], nn.Module]
"""``edge(place, operation, layout)`` makes the module of one edge, block side or layer.  ``place`` names it, e.g.
``stage0.cell0.0-1``; a supernet gives its own, with every operation inside, called as ``module(x, mask)``."""
