"""Operations that an edge, a block or a layer of a network may carry; one row each, known without torch.

An operation is built by :func:`make` and called as ``operation(x, mask)``: ``x`` of shape ``(batch, channels, length)``
or ``(batch, channels, height, width)``, ``mask`` of shape ``(batch, length)`` with ones where a record has letters, or
None where all records fill the batch.  What lies behind a record's end is zero before and after, and never reaches a
record's own positions, so that a record's output does not depend on its neighbours in a batch.

In a symmetric network (DNA alone) channel ``c`` of one strand is channel ``channels - 1 - c`` of the other, read
backwards: convolutions then bind their weights so that turning the record turns their output and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import unknown

if TYPE_CHECKING:
    from torch import nn

__all__ = ["OPERATIONS", "Layout", "Operation", "blocks", "make", "operation", "operations_for"]


@dataclass(frozen=True)
class Layout:
    """Where an operation stands: what goes in, what comes out.

    Parameters
    ----------
    channels_in, channels_out : int
    stride : int
        The length becomes ``ceil(length / stride)``.
    dimensions : {1, 2}
        Sequences or images.
    symmetric : bool
        Whether the network treats both strands of DNA alike.
    """

    channels_in: int
    channels_out: int
    stride: int = 1
    dimensions: int = 1
    symmetric: bool = False


@dataclass(frozen=True)
class Operation:
    """What is known of an operation before torch is imported.

    Parameters
    ----------
    name, title : str
    dimensions : tuple of int
        1 for sequences, 2 for images.
    window : int
        Positions that one output looks at; 0 for all of them.
    symmetric : bool
        Whether it may stand in a network that treats both strands alike.
    weights : bool
        Whether it has weights (where channels and stride stay as they are).
    build : callable
        ``build(layout)`` gives the module.
    """

    name: str
    title: str
    dimensions: tuple[int, ...]
    window: int
    symmetric: bool
    weights: bool
    build: Callable[[Layout], nn.Module]


_rows: dict[str, Operation] = {}
OPERATIONS: Mapping[str, Operation] = MappingProxyType(_rows)
"""Every operation by name: the closed list that architectures are made of."""

Builder = Callable[[Layout], Any]


def operation(
    name: str,
    title: str,
    *,
    dimensions: tuple[int, ...] = (1, 2),
    window: int = 1,
    symmetric: bool = False,
    weights: bool = True,
) -> Callable[[Builder], Builder]:
    """Register the builder below as an operation."""

    def register(build: Builder) -> Builder:
        if name in _rows:
            raise ParameterError(f"operation {name!r} is already registered")
        _rows[name] = Operation(name, title, dimensions, window, symmetric, weights, build)
        return build

    return register


def operations_for(dimensions: int = 1, *, symmetric: bool = False) -> tuple[str, ...]:
    """Names of the operations that a network of these dimensions may hold."""
    return tuple(
        row.name for row in _rows.values() if dimensions in row.dimensions and (row.symmetric or not symmetric)
    )


def blocks() -> Any:
    """The module of building blocks, which needs torch; one line says how to get it where it is missing."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise ParameterError("networks need torch: pip install 'bioautofeat[nas]'") from None
    from bioautofeat.nas import blocks as found

    return found


def make(
    name: str, channels_in: int, channels_out: int, stride: int = 1, dimensions: int = 1, *, symmetric: bool = False
) -> nn.Module:
    """The module of an operation, to be called as ``module(x, mask)``.

    Raises
    ------
    ParameterError
        For an unknown name, and for an operation that has no form in these dimensions.
    """
    if name not in _rows:
        raise unknown("operation", name, _rows)
    row = _rows[name]
    if dimensions not in row.dimensions:
        raise ParameterError(f"operation {name!r} is for {row.dimensions[0]} dimension(s), not for {dimensions}")
    if symmetric and not row.symmetric:
        raise ParameterError(f"operation {name!r} tells the strands apart: it has no place in a symmetric network")
    return row.build(Layout(channels_in, channels_out, stride, dimensions, symmetric))


@operation("none", "nothing: zeros", symmetric=True, weights=False)
def _none(layout: Layout) -> Any:
    return blocks().Zero(layout)


@operation("identity", "what comes in goes out", symmetric=True, weights=False)
def _identity(layout: Layout) -> Any:
    return blocks().Identity(layout)


def _register_convolutions() -> None:
    """Convolutions of several widths: plain, separable, dilated."""

    def row(
        name: str, title: str, kind: str, width: int, dilation: int = 1, dimensions: tuple[int, ...] = (1, 2)
    ) -> None:
        window = (width - 1) * dilation + 1
        register = operation(name, title, dimensions=dimensions, window=window, symmetric=True)
        register(lambda layout: getattr(blocks(), kind)(layout, width, dilation))

    for width in (1, 3, 5, 7, 9, 11, 15):
        flat = (1, 2) if width <= 7 else (1,)
        row(f"conv{width}", f"convolution over {width} positions", "Convolution", width, dimensions=flat)
    for width, dilation in ((3, 2), (3, 4), (7, 2), (7, 4)):
        title = f"convolution over {width} of every {dilation}th position"
        row(f"dilated{width}x{dilation}", title, "Convolution", width, dilation, (1, 2) if width == 3 else (1,))
    for width in (3, 5, 7, 11):
        flat = (1, 2) if width <= 7 else (1,)
        row(f"separable{width}", f"separable convolution over {width} positions", "Separable", width, dimensions=flat)


_register_convolutions()


@operation("max_pool3", "largest of three positions", window=3, symmetric=True, weights=False)
def _max_pool(layout: Layout) -> Any:
    return blocks().Pool(layout, "max")


@operation("average_pool3", "mean of three positions", window=3, symmetric=True, weights=False)
def _average_pool(layout: Layout) -> Any:
    return blocks().Pool(layout, "average")


@operation("gru", "gated recurrent unit, both directions", dimensions=(1,), window=0)
def _gru(layout: Layout) -> Any:
    return blocks().Recurrent(layout, "GRU")


@operation("lstm", "long short-term memory, both directions", dimensions=(1,), window=0)
def _lstm(layout: Layout) -> Any:
    return blocks().Recurrent(layout, "LSTM")


@operation("attention", "self-attention of several heads", window=0)
def _attention(layout: Layout) -> Any:
    return blocks().Attention(layout)


@operation("squeeze", "squeeze and excitation: channels weighed by what all positions hold", window=0)
def _squeeze(layout: Layout) -> Any:
    return blocks().Squeeze(layout)
