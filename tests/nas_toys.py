"""Small tasks on which each method of architecture search must show what it claims; needs torch."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from bioautofeat.nas.evaluators.ghn import Graph
from bioautofeat.nas.fitting import Fit, fit
from bioautofeat.nas.genotype import Frame, Stem
from bioautofeat.nas.spaces import CellSpace, ChainSpace
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.supernet import Supernet
from bioautofeat.nas.task import TensorTask
from bioautofeat.parameters import Choice
from bioautofeat.search import ParameterSpace

torch.set_num_threads(1)

CHANNELS = 8
PLANTED = ("none", "skip", "conv3", "conv7")
COLLAPSE = ("skip", "conv3", "conv7")
DEPTH = ("skip", "conv3")
FRAME = Frame(stem=Stem(8, 3), stages=2)
OPERATIONS = ("none", "identity", "conv3")
SPACES = {
    "edge-cell": EdgeCellSpace(3, OPERATIONS),
    "chain": ChainSpace(OPERATIONS[1:], 3),
    "cell": CellSpace(OPERATIONS[1:], 2),
}


@lru_cache(maxsize=8)
def planted(seed, n=800, length=30, width=7):
    """Random DNA; the class says whether the best place of a random motif of this width is better than the median."""
    generator = torch.Generator().manual_seed(seed)
    letters = torch.randint(0, 4, (n, length), generator=generator)
    x = nn.functional.one_hot(letters, 4).transpose(1, 2).float()
    motif = torch.randn(1, 4, width, generator=generator)
    score = nn.functional.conv1d(x, motif).amax(2)[:, 0]
    y = (score > score.median()).long()
    return TensorTask(x=x, y=y, train=np.arange(n // 2), validation=np.arange(n // 2, n))


class Operation(nn.Module):
    """None, skip, or a convolution with normalisation."""

    def __init__(self, name, channels):
        super().__init__()
        self.name = name
        if name.startswith("conv"):
            width = int(name[4:])
            self.kernel = nn.Conv1d(channels, channels, width, padding=width // 2, bias=False)
            self.norm = nn.BatchNorm1d(channels, affine=False)

    def forward(self, x, mask=None):
        if self.name == "none":
            return torch.zeros_like(x)
        return x if self.name == "skip" else self.norm(self.kernel(x))


class Chain(nn.Module):
    """Letters to channels, some layers, the maximum over positions, two classes: no context without a convolution."""

    def __init__(self, layers):
        super().__init__()
        self.stem = nn.Conv1d(4, CHANNELS, 1)
        self.layers = nn.ModuleList(layers)
        self.out = nn.Linear(CHANNELS, 2)

    def forward(self, x, mask=None):
        x = self.stem(x)
        for layer in self.layers:
            x = torch.relu(layer(x, mask))
        return self.out(x.amax(2))


def chain(names):
    """A chain of these operations."""
    return Chain([Operation(name, CHANNELS) for name in names])


def space_of(names, layers):
    """Chains of so many layers over these operations."""
    return ParameterSpace({f"e{layer}": Choice(*names) for layer in range(layers)})


def build(space, point):
    """The chain of a point."""
    return chain([name for _, name in point])


class Relax:
    """The supernet of a space of chains."""

    def __init__(self, share=1):
        self.share = share

    def partial(self, share):
        return Relax(share)

    def __call__(self, space):
        decisions = {name: limits.options for name, limits in space.given.items()}

        def made(net):
            inside = CHANNELS // self.share
            return Chain([net.mixed(e, [Operation(o, inside) for o in options]) for e, options in decisions.items()])

        return Supernet(decisions, made, share=self.share)


def graph(space, point, network):
    """The graph of a chain."""
    names = [name for _, name in point]
    weights = [(f"layers.{i}.kernel.weight",) if name.startswith("conv") else () for i, name in enumerate(names)]
    return Graph(("in", *names, "out"), tuple(pairwise(range(len(names) + 2))), ((), *weights, ()))


@lru_cache(maxsize=1024)
def alone(names, seed, n=1600, epochs=15):
    """Accuracy of a chain that is trained by itself on half of the planted task."""
    task = planted(seed, n)
    torch.manual_seed(1000 + seed)
    return fit(chain(names), task, Fit(epochs=epochs, batch=64, decay=0.0), seed=seed)


def some_chains(layers, count, seed):
    """So many different chains of the depth toy, as points, and their accuracies alone."""
    space = space_of(DEPTH, layers)
    points = list(space.points())
    chosen = [points[i] for i in np.random.default_rng(seed).permutation(len(points))[:count]]
    return space, chosen, [alone(tuple(name for _, name in point), seed) for point in chosen]


def half(task):
    """Half of the rows of either part."""
    return replace(task, train=task.train[::2], validation=task.validation[::2])
