"""Networks that grow: the body of a grown chain, and its weights after a move, so that the function stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioautofeat.nas.blocks import Kernel, Mask, Norm, covered
from bioautofeat.nas.ops import Layout
from bioautofeat.nas.parts import GrownBody
from bioautofeat.nas.spaces.morphism import GrownChain, Move, applied

__all__ = ["Activation", "GrowingBody", "grown", "grown_by"]

State = dict[str, Tensor]


class Activation(nn.Module):
    """ReLU; or ``(1 - a) x + a f(x)`` with a learnt ``a``, for functions that change what has passed them once.

    Parameters
    ----------
    kind : {"relu", "tanh", "gelu"}
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.function = getattr(functional, kind) if kind != "tanh" else torch.tanh
        self.share = None if kind == "relu" else nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """The activation of ``x``."""
        found: Tensor = self.function(x)
        return found if self.share is None else (1 - self.share) * x + self.share * found


class _Layer(nn.Module):
    """A convolution, perhaps another beside it, normalisation, activation."""

    def __init__(self, layout: Layout, kernel: int, branch: int, activation: str) -> None:
        super().__init__()
        self.kernel = Kernel(layout, kernel)
        self.branch = Kernel(layout, branch) if branch else None
        self.norm = Norm(layout.channels_out)
        self.activation = Activation(activation)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        found = self.kernel(x, mask)
        if self.branch is not None:
            found = found + self.branch(x, mask)
        return covered(self.activation(self.norm(covered(found, mask), mask)), mask)


class GrowingBody(nn.Module):
    """Layers in a row with skips that are added or joined; of one length throughout.

    Parameters
    ----------
    body : GrownBody
    layout : Layout
        What the stem gives.
    """

    def __init__(self, body: GrownBody, layout: Layout) -> None:
        super().__init__()
        self.chain = chain = body.genotype
        widths, dimensions = chain.widths(layout.channels_in), layout.dimensions
        self.layers, self.adds = nn.ModuleList(), nn.ModuleDict()
        for number, layer in enumerate(chain.layers, 1):
            given = widths[number - 1] + sum(widths[source] for source in chain.joined(number))
            own = Layout(given, layer.width, 1, dimensions)
            self.layers.append(_Layer(own, layer.kernel, layer.branch, body.activation))
            for source in chain.added(number):
                self.adds[f"{source}-{number}"] = Kernel(Layout(widths[source], widths[number - 1], 1, dimensions), 1)
        self.channels = widths[-1]

    def forward(self, x: Tensor, mask: Mask) -> tuple[Tensor, Mask]:
        values = [x]
        for number, layer in enumerate(self.layers, 1):
            given = values[-1]
            for source in self.chain.added(number):
                given = given + self.adds[f"{source}-{number}"](values[source], mask)
            joined = [values[source] for source in self.chain.joined(number)]
            values.append(layer(torch.cat([given, *joined], 1) if joined else given, mask))
        return values[-1], mask


def grown(
    state: Mapping[str, Tensor], chain: GrownChain, move: Move, *, pool: str = "both", noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> State:  # fmt: skip
    """The weights of a network with a grown body after a move: the same function in evaluation mode.

    Parameters
    ----------
    state : mapping of str to Tensor
        Of the network before the move.
    chain : GrownChain
        Before the move.
    move : Move
    pool : str
        Of the head, whose first layer reads the channels of the last layer.
    noise : float
        Spread of what is added to the incoming weights of copied channels, as a share of the weights' own spread; with
        0 the copies stay equal in training for ever.
    generator : torch.Generator, optional
        Of the copies that are drawn, and of the noise.
    """
    generator = generator or torch.Generator().manual_seed(0)
    found = {name: value.detach().clone() for name, value in state.items()}
    if move.kind == "deepen":
        return _deepened(found, chain, move)
    if move.kind == "widen":
        return _widened(found, chain, move, pool, noise, generator)
    after = applied(chain, move)  # refuses what cannot be done
    layer = f"body.layers.{move.layer - 1}"
    weight = found[f"{layer}.kernel.weight"]
    if move.kind == "kernel":
        side = (move.value - chain.layers[move.layer - 1].kernel) // 2
        found[f"{layer}.kernel.weight"] = functional.pad(weight, (side, side) * (weight.dim() - 2))
    elif move.kind == "branch":
        found[f"{layer}.branch.weight"] = weight.new_zeros(*weight.shape[:2], *(move.value,) * (weight.dim() - 2))
    else:
        _skipped(found, after, move, layer)
    return found


def _deepened(found: State, chain: GrownChain, move: Move) -> State:
    """A layer that hands on what it gets: the middle of its kernel is the identity, and its normalisation undoes itself."""
    new: State = {}
    for name, value in found.items():
        new[_renumbered(name, move.layer)] = value
    before, layer = f"body.layers.{move.layer - 1}", f"body.layers.{move.layer}"
    old = found[f"{before}.kernel.weight"]
    width, dimensions = old.shape[0], old.dim() - 2
    kernel = old.new_zeros(width, width, *(move.value,) * dimensions)
    middle = (move.value - 1) // 2
    for channel in range(width):
        kernel[(channel, channel, *(middle,) * dimensions)] = 1.0
    new[f"{layer}.kernel.weight"] = kernel
    mean, variance = found[f"{before}.norm.running_mean"], found[f"{before}.norm.running_variance"]
    new[f"{layer}.norm.running_mean"], new[f"{layer}.norm.running_variance"] = mean.clone(), variance.clone()
    new[f"{layer}.norm.weight"] = torch.sqrt(variance + EPSILON)
    new[f"{layer}.norm.bias"] = mean.clone()
    share = f"{before}.activation.share"
    if share in found:
        # a function that is not idempotent begins as the identity
        new[f"{layer}.activation.share"] = torch.zeros_like(found[share])
    return new


EPSILON = Norm(1).epsilon


def _renumbered(name: str, after: int) -> str:
    """A name with the numbers of the layers behind ``after`` one larger."""
    parts = name.split(".")
    if parts[:2] == ["body", "layers"]:
        parts[2] = str(int(parts[2]) + (int(parts[2]) >= after))
    elif parts[:2] == ["body", "adds"]:
        parts[2] = "-".join(str(int(end) + (int(end) > after)) for end in parts[2].split("-"))
    return ".".join(parts)


def _skipped(found: State, after: GrownChain, move: Move, layer: str) -> None:
    """A projection of zeros, or zeros for the channels that are joined."""
    kernels = [name for name in (f"{layer}.kernel.weight", f"{layer}.branch.weight") if name in found]
    weight = found[kernels[0]]
    stem = _stem_width(found, after)
    widths = after.widths(stem)
    if move.kind == "add":
        shape = (widths[move.layer - 1], widths[move.value], *(1,) * (weight.dim() - 2))
        found[f"body.adds.{move.value}-{move.layer}.weight"] = weight.new_zeros(shape)
        return
    order = after.joined(move.layer)
    start = widths[move.layer - 1] + sum(widths[source] for source in order[: order.index(move.value)])
    for name in kernels:
        old = found[name]
        zeros = old.new_zeros(old.shape[0], widths[move.value], *old.shape[2:])
        found[name] = torch.cat([old[:, :start], zeros, old[:, start:]], 1)


def _stem_width(found: State, chain: GrownChain) -> int:
    """Channels of the stem: what the first layer reads, which nothing is joined to."""
    return int(found["body.layers.0.kernel.weight"].shape[1])


def _widened(found: State, chain: GrownChain, move: Move, pool: str, noise: float, generator: torch.Generator) -> State:
    """New channels copy old ones; whatever reads a channel divides its weights by the number of copies."""
    applied(chain, move)
    number, old = move.layer, chain.layers[move.layer - 1].width
    extra = torch.randint(old, (move.value - old,), generator=generator)
    source = torch.cat([torch.arange(old), extra])
    share = 1.0 / torch.bincount(source, minlength=old)[source].double()
    layer = f"body.layers.{number - 1}"
    for name in (f"{layer}.kernel.weight", f"{layer}.branch.weight"):
        if name in found:
            found[name] = _noisy(found[name][source], old, noise, generator)
    for name in ("weight", "bias", "running_mean", "running_variance"):
        found[f"{layer}.norm.{name}"] = found[f"{layer}.norm.{name}"][source]
    widths = list(chain.widths(_stem_width(found, chain)))
    for target in range(number + 1, len(chain.layers) + 1):
        _reread(found, chain, widths, (number, target), source, share)
    for skip_source, target in chain.adds:
        name = f"body.adds.{skip_source}-{target}.weight"
        if skip_source == number:
            found[name] = _columns(found[name], source, share, 0, old)
        if target == number + 1:
            found[name] = found[name][source]
    if number == len(chain.layers):
        _rehead(found, old, source, share, pool)
    return found


def _noisy(weight: Tensor, old: int, noise: float, generator: torch.Generator) -> Tensor:
    """The copies, which are behind the first ``old`` rows, told apart by noise."""
    if not noise:
        return weight
    drawn = torch.randn(weight[old:].shape, generator=generator, dtype=weight.dtype)
    return torch.cat([weight[:old], weight[old:] + noise * weight.std() * drawn])


def _columns(weight: Tensor, source: Tensor, share: Tensor, start: int, old: int) -> Tensor:
    """A weight whose inputs from ``start`` on are the channels that were copied."""
    inside = weight[:, start : start + old][:, source]
    inside = inside * share.to(weight).view(1, -1, *(1,) * (weight.dim() - 2))
    return torch.cat([weight[:, :start], inside, weight[:, start + old :]], 1)


def _reread(
    found: State, chain: GrownChain, widths: Sequence[int], ends: tuple[int, int], source: Tensor, share: Tensor
) -> None:
    """What a later layer reads of the layer that was widened: as its own input, or joined to it."""
    number, target = ends
    places = [0] if target == number + 1 else []
    order = chain.joined(target)
    if number in order:
        places.append(widths[target - 1] + sum(widths[s] for s in order[: order.index(number)]))
    for name in (f"body.layers.{target - 1}.kernel.weight", f"body.layers.{target - 1}.branch.weight"):
        if name in found:
            for start in sorted(places, reverse=True):
                found[name] = _columns(found[name], source, share, start, widths[number])


def _rehead(found: State, old: int, source: Tensor, share: Tensor, pool: str) -> None:
    """The head reads the last layer: its normalisation is copied, the columns of its first layer are shared out."""
    for name in ("weight", "bias", "running_mean", "running_variance"):
        found[f"head.norm.{name}"] = found[f"head.norm.{name}"][source]
    name = "head.hidden.weight" if "head.hidden.weight" in found else "head.output.weight"
    weight = found[name]
    rows, parts = len(weight), weight.shape[1] // old
    # "both" has all means before all maxima, "bins" the bins of a channel side by side
    whole = weight.view(rows, parts, old) if pool == "both" else weight.view(rows, old, parts).transpose(1, 2)
    wider = whole[:, :, source] * share.to(weight)
    found[name] = (wider if pool == "both" else wider.transpose(1, 2)).reshape(rows, -1)


def grown_by(
    state: Mapping[str, Tensor], chain: GrownChain, moves: Sequence[Move], *, pool: str = "both", noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> tuple[State, GrownChain]:  # fmt: skip
    """The weights and the chain after several moves."""
    found, here = dict(state), chain
    for move in moves:
        found = grown(found, here, move, pool=pool, noise=noise, generator=generator)
        here = applied(here, move)
    return found, here
