"""Building blocks of networks, as torch modules called with a batch and its mask.

What lies behind a record's end is zero, before and after; every module sees to that itself.  A module of stride 2 gives
``ceil(length / 2)`` positions, never fewer than one.
"""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from bioautofeat.nas.ops import Layout

__all__ = [
    "Attention",
    "Convolution",
    "Identity",
    "Kernel",
    "Mask",
    "Norm",
    "Pool",
    "Recurrent",
    "Separable",
    "Squeeze",
    "Zero",
    "covered",
    "halved",
    "mean_of_positions",
    "shortened",
    "strided",
]

Mask: TypeAlias = Tensor | None


def covered(x: Tensor, mask: Mask) -> Tensor:
    """``x`` with zeros behind each record's end."""
    return x if mask is None else x * mask.unsqueeze(1).to(x.dtype)


def shortened(mask: Mask, stride: int) -> Mask:
    """The mask after a stride: a record of length l then has ``ceil(l / stride)`` positions."""
    return mask if mask is None or stride == 1 else mask[:, ::stride]


def strided(x: Tensor, stride: int) -> Tensor:
    """Every ``stride``-th position (row and column)."""
    if stride == 1:
        return x
    return x[:, :, ::stride] if x.dim() == 3 else x[:, :, ::stride, ::stride]


def mean_of_positions(x: Tensor, mask: Mask) -> Tensor:
    """Mean over a record's own positions, shape ``(batch, channels)``; zero for an empty record."""
    if mask is None:
        return x.flatten(2).mean(2)
    return x.sum(2) / mask.sum(1, keepdim=True).clamp(min=1).to(x.dtype)


def halved(x: Tensor, mask: Mask) -> Tensor:
    """Half as many positions, the same from either end of a record: means of pairs, or of threes for an odd length.

    A plain stride keeps the first position and every second one after it, so a record of even length that is read
    backwards would keep the others.
    """
    lengths = x.new_full((len(x),), x.shape[2]) if mask is None else mask.sum(1).to(x.dtype)
    whole = torch.ones_like(x[:, :1]) if mask is None else mask.unsqueeze(1).to(x.dtype)
    pairs = functional.avg_pool1d(x, 2, 2, ceil_mode=True, count_include_pad=False)
    threes = functional.avg_pool1d(x, 3, 2, 1) / functional.avg_pool1d(whole, 3, 2, 1).clamp(min=1e-6)
    odd = (lengths % 2 == 1).view(-1, 1, 1)
    return covered(torch.where(odd, threes, pairs), shortened(mask, 2))


class Norm(nn.Module):
    """Batch normalisation over the records' own positions; with ``symmetric``, channels of two strands share all.

    Parameters
    ----------
    channels : int
    symmetric : bool
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, channels: int, symmetric: bool = False, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.symmetric, self.momentum, self.epsilon = symmetric, momentum, epsilon
        size = channels // 2 if symmetric else channels
        self.weight, self.bias = nn.Parameter(torch.ones(size)), nn.Parameter(torch.zeros(size))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))

    def _affine(self) -> tuple[Tensor, Tensor]:
        if not self.symmetric:
            return self.weight, self.bias
        return torch.cat([self.weight, self.weight.flip(0)]), torch.cat([self.bias, self.bias.flip(0)])

    def _statistics(self, x: Tensor, mask: Mask) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel over all positions that belong to a record; updates the running ones."""
        flat = covered(x.flatten(2), mask)
        count = flat.new_full((), flat.shape[0] * flat.shape[2]) if mask is None else mask.sum().clamp(min=1).to(x)
        mean = flat.sum((0, 2)) / count
        if self.symmetric:
            mean = (mean + mean.flip(0)) / 2
        centred = covered(flat - mean.view(1, -1, 1), mask)
        variance = (centred * centred).sum((0, 2)) / count
        if self.symmetric:
            variance = (variance + variance.flip(0)) / 2
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_variance.lerp_(variance.to(self.running_variance), self.momentum)
        return mean, variance

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """``x`` normalised, of the same shape."""
        weight, bias = self._affine()
        several = x.numel() > x.shape[1]  # a single position has no spread: take the running figures
        if self.training and several and (self.symmetric or mask is not None):
            mean, variance = self._statistics(x, mask)
            scale = weight * torch.rsqrt(variance + self.epsilon)
            shape = (1, -1) + (1,) * (x.dim() - 2)
            return covered(x * scale.view(shape).to(x.dtype) + (bias - mean * scale).view(shape).to(x.dtype), mask)
        train = self.training and several
        found = functional.batch_norm(
            x, self.running_mean, self.running_variance, weight, bias, train, self.momentum, self.epsilon
        )
        return covered(found, mask)


class Kernel(nn.Module):
    """A convolution without bias that keeps the length; bound to both strands in a symmetric layout.

    There the weight of output ``o``, input ``i``, position ``p`` is that of the last ones counted from the other end.
    """

    def __init__(self, layout: Layout, width: int, dilation: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.layout, self.width, self.dilation, self.groups = layout, width, dilation, groups
        self.stride = 1 if layout.symmetric else layout.stride
        rows = layout.channels_out // 2 if layout.symmetric else layout.channels_out
        shape = (rows, layout.channels_in // groups) + (width,) * layout.dimensions
        self.weight = nn.Parameter(torch.empty(shape))
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")

    def whole(self) -> Tensor:
        """The weights as the convolution takes them."""
        if not self.layout.symmetric:
            return self.weight
        turned = (0, 2) if self.groups > 1 else (0, 1, 2)
        return torch.cat([self.weight, self.weight.flip(turned)])

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """The convolution of ``x``, which is zero behind each record's end."""
        convolve = functional.conv1d if self.layout.dimensions == 1 else functional.conv2d
        padding = self.dilation * (self.width - 1) // 2
        found = convolve(x, self.whole(), None, self.stride, padding, self.dilation, self.groups)
        if self.layout.symmetric and self.layout.stride > 1:
            return halved(covered(found, mask), mask)
        return found


def _after(layout: Layout) -> Layout:
    """The layout of a second layer behind one that has already taken the stride."""
    return Layout(layout.channels_out, layout.channels_out, 1, layout.dimensions, layout.symmetric)


class Convolution(nn.Module):
    """ReLU, convolution, normalisation; the first is left out at the start of a network."""

    def __init__(self, layout: Layout, width: int, dilation: int = 1, *, activate: bool = True) -> None:
        super().__init__()
        self.activate, self.stride = activate, layout.stride
        self.kernel = Kernel(layout, width, dilation)
        self.norm = Norm(layout.channels_out, layout.symmetric)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation: see :mod:`bioautofeat.nas.ops`."""
        return self.norm(self.kernel(functional.relu(x) if self.activate else x, mask), shortened(mask, self.stride))


class Separable(nn.Module):
    """ReLU, a convolution of each channel by itself, one across channels, normalisation."""

    def __init__(self, layout: Layout, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.stride = layout.stride
        own = Layout(layout.channels_in, layout.channels_in, layout.stride, layout.dimensions, layout.symmetric)
        across = Layout(layout.channels_in, layout.channels_out, 1, layout.dimensions, layout.symmetric)
        self.own = Kernel(own, width, dilation, groups=layout.channels_in)
        self.across = Kernel(across, 1)
        self.norm = Norm(layout.channels_out, layout.symmetric)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        return self.norm(self.across(self.own(functional.relu(x), mask)), shortened(mask, self.stride))


class Identity(nn.Module):
    """What comes in; where channels or length change, a convolution over one position brings them about."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        same = layout.stride == 1 and layout.channels_in == layout.channels_out
        self.project = None if same else Convolution(layout, 1)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        return x if self.project is None else self.project(x, mask)


class Zero(nn.Module):
    """Zeros of the shape that another operation would give."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.channels, self.stride = layout.channels_out, layout.stride

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        kept = strided(x, self.stride)
        return kept.new_zeros(kept.shape[0], self.channels, *kept.shape[2:])


class Pool(nn.Module):
    """Largest or mean of three positions (three by three), of those that belong to the record."""

    def __init__(self, layout: Layout, kind: str) -> None:
        super().__init__()
        self.layout, self.kind = layout, kind
        self.stride = 1 if layout.symmetric else layout.stride
        same = Layout(layout.channels_in, layout.channels_out, 1, layout.dimensions, layout.symmetric)
        self.project = Identity(same)

    def _largest(self, x: Tensor, mask: Mask) -> Tensor:
        if self.layout.dimensions == 2:
            return functional.max_pool2d(x, 3, self.stride, 1)
        if mask is not None:
            x = x.masked_fill(mask.unsqueeze(1) == 0, torch.finfo(x.dtype).min)
        return functional.max_pool1d(x, 3, self.stride, 1)

    def _mean(self, x: Tensor, mask: Mask) -> Tensor:
        if self.layout.dimensions == 2:
            return functional.avg_pool2d(x, 3, self.stride, 1, count_include_pad=False)
        if mask is None:
            return functional.avg_pool1d(x, 3, self.stride, 1, count_include_pad=False)
        share = functional.avg_pool1d(mask.unsqueeze(1).to(x.dtype), 3, self.stride, 1)
        return functional.avg_pool1d(x, 3, self.stride, 1) / share.clamp(min=0.1)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        found = self._largest(x, mask) if self.kind == "max" else self._mean(x, mask)
        kept = shortened(mask, self.stride)
        if kept is not None:
            found = torch.where(kept.unsqueeze(1) > 0, found, 0.0)
        if self.layout.symmetric and self.layout.stride > 1:
            found = halved(found, mask)
        return self.project(found, shortened(mask, self.layout.stride))


class Recurrent(nn.Module):
    """A recurrent layer in both directions, each over the record's own positions alone."""

    def __init__(self, layout: Layout, kind: str) -> None:
        super().__init__()
        self.layout = layout
        width = -(-layout.channels_out // 2)
        self.cell = getattr(nn, kind)(layout.channels_in, width, batch_first=True, bidirectional=True)
        self.norm = Norm(layout.channels_out)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        steps = x.transpose(1, 2)
        if mask is None:
            found, _ = self.cell(steps)
        else:
            lengths = mask.sum(1).long().clamp(min=1).cpu()
            packed = nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
            found, _ = self.cell(packed)
            found, _ = nn.utils.rnn.pad_packed_sequence(found, batch_first=True, total_length=x.shape[2])
        kept = strided(found.transpose(1, 2)[:, : self.layout.channels_out], self.layout.stride)
        left = shortened(mask, self.layout.stride)
        return self.norm(covered(kept, left), left)


def _turned(x: Tensor) -> Tensor:
    """Queries or keys turned by angles that grow with their place, so that products depend on distance alone.

    Rotary embedding (Su et al. 2024, Neurocomputing 568:127063); ``x`` of shape ``(batch, heads, positions, size)``.
    """
    half, kind = x.shape[-1] // 2, torch.promote_types(x.dtype, torch.float32)
    rates = 10000.0 ** (-torch.arange(half, device=x.device, dtype=kind) / max(half, 1))
    angles = torch.arange(x.shape[2], device=x.device, dtype=kind)[:, None] * rates
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x[..., :half], x[..., half : 2 * half]
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine, x[..., 2 * half :]], -1)


class Attention(nn.Module):
    """What comes in, plus what its positions attend to (Vaswani et al. 2017); the other positions of the record alone."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        width = layout.channels_out
        self.heads = next(heads for heads in (8, 4, 2, 1) if width % heads == 0 and (width // heads >= 8 or heads == 1))
        self.before = nn.LayerNorm(layout.channels_in)
        self.inside = nn.Linear(layout.channels_in, 3 * width)
        self.outside = nn.Linear(width, width)
        self.shortcut = Identity(Layout(layout.channels_in, width, 1, layout.dimensions))

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        flat = x.flatten(2).transpose(1, 2)
        batch, places, _ = flat.shape
        parts = self.inside(self.before(flat)).view(batch, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind(0)
        if self.layout.dimensions == 1:
            query, key = _turned(query), _turned(key)
        seen = None
        if mask is not None:
            seen = mask > 0
            seen = torch.cat([torch.ones_like(seen[:, :1]), seen[:, 1:]], 1)[:, None, None, :]  # an empty record too
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        found = self.outside(found.transpose(1, 2).reshape(batch, places, -1)).transpose(1, 2)
        found = found.reshape(batch, -1, *x.shape[2:]) + self.shortcut(x, mask)
        return covered(strided(found, self.layout.stride), shortened(mask, self.layout.stride))


class Squeeze(nn.Module):
    """Channels weighed by a small network that sees the mean of each (Hu et al. 2018, CVPR: squeeze-and-excitation)."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.stride = layout.stride
        self.project = Identity(Layout(layout.channels_in, layout.channels_out, layout.stride, layout.dimensions))
        inner = max(4, layout.channels_out // 8)
        self.down, self.up = nn.Linear(layout.channels_out, inner), nn.Linear(inner, layout.channels_out)

    def forward(self, x: Tensor, mask: Mask = None) -> Tensor:
        """As every operation."""
        found = self.project(x, mask)
        weights = torch.sigmoid(
            self.up(functional.relu(self.down(mean_of_positions(found, shortened(mask, self.stride)))))
        )
        return found * weights.view(*weights.shape, *(1,) * (x.dim() - 2))
