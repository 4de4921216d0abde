"""From an architecture to a network of torch, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioautofeat.nas import ops
from bioautofeat.nas.blocks import Attention, Convolution, Kernel, Mask, Norm, covered, mean_of_positions, shortened
from bioautofeat.nas.bodies import Edge, make_body, stages_of_layers
from bioautofeat.nas.genotype import Architecture, Body, CellBody, ChainBody, GrownBody, Head, Stem, VertexBody
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.spaces.cell import Block
from bioautofeat.nas.spaces.edge_cell import edges_of

__all__ = ["Edge", "Network", "build", "costs", "count_parameters", "macs", "plain_edge", "receptive_field"]


def plain_edge(place: str, operation: str, layout: Layout) -> nn.Module:
    """The operation that the architecture names."""
    return ops.make(
        operation, layout.channels_in, layout.channels_out, layout.stride, layout.dimensions, symmetric=layout.symmetric
    )


class _Stem(nn.Module):
    """Letters hidden in training, an embedding where there is one, a convolution."""

    def __init__(self, stem: Stem, channels: int, dimensions: int, symmetric: bool) -> None:
        super().__init__()
        self.dropout, self.stride = stem.dropout, stem.stride
        self.embedding = nn.Linear(channels, stem.embedding, bias=False) if stem.embedding else None
        layout = Layout(stem.embedding or channels, stem.channels, stem.stride, dimensions, symmetric)
        self.first = Convolution(layout, stem.kernel, activate=False)

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        if self.training and self.dropout:
            places = torch.rand(x.shape[0], 1, *x.shape[2:], device=x.device) >= self.dropout
            x = x * places.to(x.dtype)
        if self.embedding is not None:
            x = self.embedding(x.movedim(1, -1)).movedim(-1, 1)
        return self.first(x, mask), shortened(mask, self.stride)


def _bins(x: Tensor, mask: Mask, bins: int) -> Tensor:
    """Means of ``bins`` consecutive parts of each record, shape ``(batch, channels, bins)``; parts may share an end.

    Parts of an image are ``bins`` by ``bins``, in rows.  Products of matrices, and not torch's adaptive pooling: on a GPU
    that adds up its gradient in an order of chance.
    """
    if x.dim() == 4:
        rows, columns = (_parts(_whole(x, size), size, bins) for size in x.shape[2:])
        sizes = rows.sum(2).unsqueeze(2) * columns.sum(2).unsqueeze(1)
        found = torch.matmul(torch.matmul(rows.to(x.dtype), x), columns.transpose(1, 2).to(x.dtype))
        return (found / sizes).flatten(2)
    parts = _parts(_whole(x, x.shape[2]) if mask is None else mask.sum(1), x.shape[2], bins)
    return torch.matmul(x, parts.transpose(1, 2).to(x.dtype)) / parts.sum(2).clamp(min=1).unsqueeze(1)


def _whole(x: Tensor, size: int) -> Tensor:
    """The one length of records that all fill the batch."""
    return torch.full((1,), size, device=x.device)


def _parts(lengths: Tensor, size: int, bins: int) -> Tensor:
    """Ones where one of ``size`` positions is in a part of its record, shape ``(records, bins, size)``."""
    whole = lengths.long().view(-1, 1, 1)
    part = torch.arange(bins, device=lengths.device).view(1, -1, 1)
    place = torch.arange(size, device=lengths.device).view(1, 1, -1)
    first, last = part * whole // bins, -(-(part + 1) * whole // bins)
    return ((place >= first) & (place < last)).float()


class _Head(nn.Module):
    """Normalisation, ReLU, pooling, layers to the outputs."""

    def __init__(self, head: Head, channels: int, dimensions: int, symmetric: bool, n_outputs: int) -> None:
        super().__init__()
        self.head, self.symmetric = head, symmetric
        self.norm = Norm(channels, symmetric)
        parts = head.bins**dimensions if head.pool == "bins" else 2 if head.pool == "both" else 1
        width = channels * parts // 2 if symmetric else channels * parts
        self.dropout = nn.Dropout(head.dropout)
        self.hidden = nn.Linear(width, head.hidden) if head.hidden else None
        self.output = nn.Linear(head.hidden or width, n_outputs)

    def pooled(self, x: Tensor, mask: Mask) -> Tensor:
        """What is left of the positions, shape ``(batch, channels * parts)``."""
        pool, found = self.head.pool, []
        if pool == "bins":
            found.append(_bins(x, mask, self.head.bins))
        if pool in ("mean", "both"):
            found.append(mean_of_positions(x, mask).unsqueeze(2))
        if pool in ("max", "both"):
            found.append(x.flatten(2).amax(2, keepdim=True))  # after a ReLU nothing lies below the zeros behind the end
        if self.symmetric:
            found = [(part + part.flip((1, 2)))[:, : part.shape[1] // 2] for part in found]
        return torch.cat([part.flatten(1) for part in found], 1)

    def forward(self, x: Tensor, mask: Mask) -> Tensor:
        x = self.dropout(self.pooled(covered(functional.relu(self.norm(x, mask)), mask), mask))
        if self.hidden is not None:
            x = self.dropout(functional.relu(self.hidden(x)))
        return self.output(x)


class Network(nn.Module):
    """Stem, body and head.

    Attributes
    ----------
    architecture : Architecture
    stem, body, head : Module
    """

    def __init__(self, architecture: Architecture, n_inputs: int, n_outputs: int, edge: Edge) -> None:
        super().__init__()
        self.architecture = architecture
        dimensions, symmetric = architecture.encoder.dimensions, architecture.symmetric
        width = architecture.stem.channels
        self.stem = _Stem(architecture.stem, n_inputs, dimensions, symmetric)
        layout = Layout(width, width, 1, dimensions, symmetric)
        self.body = make_body(architecture.body, layout, edge)
        self.head = _Head(architecture.head, self.body.channels, dimensions, symmetric, n_outputs)

    def positions(self, x: Tensor, mask: Mask = None) -> tuple[Tensor, Mask]:
        """The body's output and its mask."""
        found: tuple[Tensor, Mask] = self.body(*self.stem(covered(x, mask), mask))
        return found

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """Outputs before any link (logits, or values), shape ``(batch, n_outputs)``.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, length) or (batch, channels, height, width)
        mask : Tensor, shape (batch, length), optional
            Ones where a record has letters, from its start on; None where all records fill the batch.
        """
        found: Tensor = self.head(*self.positions(x, mask))
        return found


def build(architecture: Architecture, n_inputs: int, n_outputs: int, *, edge: Edge = plain_edge) -> Network:
    """The network of an architecture, its weights drawn from torch's generator (:func:`~bioautofeat.nas.train.seeded`).

    Parameters
    ----------
    architecture : Architecture
    n_inputs : int
        Channels that come in: ``architecture.encoder.channels``.
    n_outputs : int
        Classes, or 1 for regression.
    edge : callable
        Makes the module of each edge; a supernet gives its own.
    """
    return Network(architecture, n_inputs, n_outputs, edge)


def count_parameters(network: nn.Module) -> int:
    """Number of weights that are learnt."""
    return sum(weight.numel() for weight in network.parameters())


def receptive_field(architecture: Architecture) -> int:
    """Letters that one position of the body's output looks at, over the longest path; operations that look at all
    positions count as one.

    A record shorter than the stem's part of it, ``architecture.stem.kernel``, never fills the first layer's window.
    """
    stem, body = architecture.stem, architecture.body
    width, step = stem.kernel + architecture.encoder.k - 1, stem.stride
    for stage, reach in enumerate(_reaches(body)):
        if stage and not isinstance(body, CellBody):
            width += 2 * step
            step *= 2
        width += step * reach
        step *= 2 if isinstance(body, CellBody) else 1
    return int(width)


def _reaches(body: Body) -> list[int]:
    """Positions beyond one that each stage looks at, in steps of that stage."""
    windows = {name: max(1, ops.OPERATIONS[name].window) - 1 for name in body.operations}
    if isinstance(body, (ChainBody, GrownBody)):
        dealt = list(zip(body.operations, stages_of_layers(len(body.operations), body.stages), strict=True))
        return [sum(windows[name] for name, own in dealt if own == stage) for stage in range(body.stages)]
    if isinstance(body, CellBody):
        normal, reduction = (_reach(blocks, windows) for blocks in (body.genotype.normal, body.genotype.reduction))
        return [normal * body.cells + reduction] * body.stages
    reach = [0] * body.cell.nodes
    if isinstance(body, VertexBody):
        for vertex in range(1, body.cell.nodes):
            own = windows[body.operations[vertex - 1]] if vertex <= len(body.operations) else 0
            reach[vertex] = own + max(reach[source] for source in body.cell.sources(vertex))
        return [reach[-1] * body.cells] * body.stages
    for (source, target), name in zip(edges_of(body.cell.nodes), body.operations, strict=True):
        if name != "none":
            reach[target] = max(reach[target], reach[source] + windows[name])
    return [reach[-1] * body.cells] * body.stages


def _reach(blocks: Sequence[Block], windows: dict[str, int]) -> int:
    """Positions beyond one that a cell's output looks at."""
    reach = [0, 0]
    for block in blocks:
        left = reach[block.left] + windows[block.left_operation]
        reach.append(max(left, reach[block.right] + windows[block.right_operation]))
    return max(reach)


def macs(architecture: Architecture, length: int, n_outputs: int = 2) -> int:
    """Multiplications for one record of ``length`` letters, in convolutions, linear and recurrent layers, attention."""
    return costs(architecture, length, n_outputs)[0]


@lru_cache(maxsize=256)
def costs(architecture: Architecture, length: int, n_outputs: int = 2) -> tuple[int, int]:
    """What one record of ``length`` letters costs: multiplications, and the numbers that the widest layer takes or gives.

    Counted in a pass without numbers (the device ``meta`` of torch), so that the size does not matter.
    """
    total, widest = 0, 0

    def count(module: nn.Module, given: Any, found: Any) -> None:
        nonlocal total, widest
        total += _multiplications(module, given[0], found)
        widest = max(widest, *(value.numel() for value in (given[0], found) if isinstance(value, Tensor)))

    with torch.device("meta"), torch.no_grad():
        network = build(architecture, architecture.encoder.channels, n_outputs).eval()
        hooks = [module.register_forward_hook(count) for module in network.modules()]
        side = architecture.encoder.side
        shape = (side, side) if side else (length,)
        network(torch.zeros(1, architecture.encoder.channels, *shape))
    for hook in hooks:
        hook.remove()
    return total, widest


def _multiplications(module: nn.Module, given: Any, found: Any) -> int:
    if isinstance(module, Kernel):
        # a symmetric one computes all positions before it halves them
        places = given[0, 0].numel() if module.layout.symmetric else found[0, 0].numel()
        return int(module.whole()[0].numel() * module.layout.channels_out * places)
    if isinstance(module, nn.Linear):
        return int(module.in_features * found.numel())
    if isinstance(module, nn.RNNBase):
        weights = sum(weight.numel() for name, weight in module.named_parameters() if name.startswith("weight"))
        return int(weights * given.shape[1])
    if isinstance(module, Attention):
        return int(2 * given[0, 0].numel() ** 2 * module.layout.channels_out)
    return 0
