"""Whole networks as immutable values: encoder, stem, body and head, written as JSON and read with suspicion.

Nothing here needs torch.  A network from a file can only hold operations of the closed list, in bounded sizes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.nas.ops import OPERATIONS
from bioautofeat.nas.parts import (
    Body,
    CellBody,
    ChainBody,
    EdgeBody,
    Encoder,
    GrownBody,
    Head,
    Stem,
    VertexBody,
    check_sizes,
    sized,
)
from bioautofeat.nas.spaces.cell import Block, CellGenotype
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.nas.spaces.morphism import GrownChain, GrownLayer
from bioautofeat.nas.spaces.nb101 import VertexCell
from bioautofeat.parameters import Flag

__all__ = [
    "MOST_ATTENDED",
    "NO_SYMMETRIC_GROWTH",
    "Architecture",
    "Body",
    "CellBody",
    "ChainBody",
    "EdgeBody",
    "Encoder",
    "Frame",
    "Genotype",
    "GrownBody",
    "Head",
    "Stem",
    "VertexBody",
    "read_architecture",
    "resized",
]

Genotype = EdgeCell | VertexCell | CellGenotype | ChainGenotype | GrownChain
"""What a space of architectures decodes to; a :class:`Frame` makes a network of it."""

NO_SYMMETRIC_GROWTH = (
    "a grown chain tells the strands apart: moves copy single channels; search another space, or use strands='both'"
)

MOST_ATTENDED = 4096
"""Positions that self-attention may look at."""

WIDEST = 4096
"""Channels of the last stage, at most."""


@dataclass(frozen=True)
class Architecture:
    """A network, weights and number of outputs apart.

    Parameters
    ----------
    encoder : Encoder
    stem : Stem
    body : EdgeBody, VertexBody, CellBody, ChainBody or GrownBody
    head : Head
    symmetric : bool
        Whether both strands of DNA give the same output, by construction.
    """

    encoder: Encoder
    stem: Stem
    body: Body
    head: Head
    symmetric: bool = sized(Flag(), False)

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.widest > WIDEST:
            raise ParameterError(f"the last stage would have {self.widest:,} channels; {WIDEST:,} are allowed")
        for name in self.body.operations:
            row = OPERATIONS[name]
            if self.encoder.dimensions not in row.dimensions:
                raise ParameterError(f"operation {name!r} has no form for images")
            if self.symmetric and not row.symmetric:
                raise ParameterError(
                    f"operation {name!r} tells the strands apart: it has no place in a symmetric network"
                )
        if self.symmetric and isinstance(self.body, GrownBody):
            raise ParameterError(NO_SYMMETRIC_GROWTH)
        if self.symmetric and (not self.encoder.is_symmetric or self.stem.channels % 2 or self.stem.embedding):
            raise ParameterError("a symmetric network needs one-hot nucleotides and an even number of channels")
        if self.symmetric and self.stem.stride > 2:
            raise ParameterError("the stem of a symmetric network has stride 1 or 2")

    @property
    def widest(self) -> int:
        """Channels of the last stage."""
        doublings = self.body.stages if isinstance(self.body, CellBody) else self.body.stages - 1
        return int(self.stem.channels * 2**doublings)

    def to_dict(self) -> dict[str, Any]:
        """The architecture as JSON holds it; :func:`read_architecture` reads it back."""
        found = {name: _plain(getattr(self, name)) for name in ("encoder", "stem", "body", "head", "symmetric")}
        found["body"] = {"kind": _names[type(self.body)], **found["body"]}
        return found

    def to_json(self) -> str:
        """The architecture as one line of JSON, the same for the same network."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))


def resized(architecture: Architecture, depth: int, channels: int) -> Architecture:
    """The architecture with another depth and width, as compound scaling asks for.

    Parameters
    ----------
    architecture : Architecture
    depth : int
        Cells of each stage; layers of a chain, whose operations are then repeated or thinned out evenly, and whose
        skips are left out where the depth changes.
    channels : int
        Of the first stage.
    """
    body, stem = architecture.body, replace(architecture.stem, channels=channels)
    if isinstance(body, ChainBody):
        old = body.genotype.operations
        operations = tuple(old[layer * len(old) // depth] for layer in range(depth))
        skips = body.genotype.skips if depth == len(old) else frozenset()
        return replace(architecture, stem=stem, body=replace(body, genotype=ChainGenotype(operations, skips)))
    if isinstance(body, GrownBody):
        raise ParameterError("a grown chain has a width in every layer: it is not scaled, it grows")
    return replace(architecture, stem=stem, body=replace(body, cells=depth))


_names: dict[type, str] = {
    EdgeBody: "edge-cells", VertexBody: "vertex-cells", CellBody: "cells", ChainBody: "chain", GrownBody: "grown"
}  # fmt: skip
_kinds: dict[str, type] = {name: kind for kind, name in _names.items()}


def _plain(value: Any) -> Any:
    """A part as mappings, lists, texts and numbers."""
    if isinstance(value, (tuple, frozenset)):
        return [_plain(entry) for entry in (sorted(value) if isinstance(value, frozenset) else value)]
    if hasattr(value, "__dataclass_fields__"):
        return {place.name: _plain(getattr(value, place.name)) for place in fields(value)}
    return value


def _build(kind: Any, given: Any, **made: Any) -> Any:
    """A part from a mapping with exactly its fields."""
    if not isinstance(given, Mapping) or set(given) != {place.name for place in fields(kind)}:
        raise ModelError(f"the {kind.__name__.lower()} of the architecture is not described as it must be")
    return kind(**{**given, **made})


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 256 or not all(isinstance(text, str) for text in value):
        raise ModelError("the architecture holds something else where it names operations or properties")
    return tuple(value)


def _read_blocks(value: Any) -> tuple[Block, ...]:
    if not isinstance(value, list) or len(value) > 64:
        raise ModelError("the architecture has no list of blocks")
    return tuple(_build(Block, block) for block in value)


def _read_layers(inner: Mapping[str, Any]) -> tuple[GrownLayer, ...]:
    value = inner.get("layers")
    if not isinstance(value, list) or len(value) > 64:
        raise ModelError("the architecture has no list of layers")
    layers = tuple(_build(GrownLayer, layer) for layer in value)
    if not all(type(number) is int for layer in layers for number in (layer.width, layer.kernel, layer.branch)):
        raise ModelError("the layers of the architecture are not described by whole numbers")
    return layers


def _read_skips(value: Any) -> frozenset[tuple[int, int]]:
    sound = isinstance(value, list) and len(value) <= 4096
    if not sound or not all(isinstance(p, list) and len(p) == 2 and all(type(i) is int for i in p) for p in value):
        raise ModelError("the skips or edges of the architecture are no pairs of numbers")
    return frozenset((early, late) for early, late in value)


def _read_cell(given: Any, kind: str) -> EdgeCell | VertexCell:
    cell: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    operations = _texts(cell.get("operations"))
    if kind == "vertex-cells":
        return _build(VertexCell, cell, operations=operations, edges=_read_skips(cell.get("edges")))
    if type(cell.get("nodes")) is not int:
        raise ModelError("the cell of the architecture has no number of nodes")
    return _build(EdgeCell, cell, operations=operations)


def _read_body(given: Any) -> Body:
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if not isinstance(kind, str) or kind not in _kinds:
        raise ModelError(f"{kind!r} is no body of a network that this version knows")
    values = {name: value for name, value in given.items() if name != "kind"}
    if kind in ("edge-cells", "vertex-cells"):
        return _build(_kinds[kind], values, cell=_read_cell(values.get("cell"), kind))
    inner = values.get("genotype")
    if not isinstance(inner, Mapping):
        raise ModelError("the body of the architecture is not described as it must be")
    if kind == "cells":
        made = {name: _read_blocks(inner.get(name)) for name in ("normal", "reduction")}
        return _build(CellBody, values, genotype=_build(CellGenotype, inner, **made))
    if kind == "grown":
        skips = {name: _read_skips(inner.get(name)) for name in ("adds", "joins")}
        return _build(GrownBody, values, genotype=_build(GrownChain, inner, layers=_read_layers(inner), **skips))
    chain = {"operations": _texts(inner.get("operations")), "skips": _read_skips(inner.get("skips"))}
    return _build(ChainBody, values, genotype=_build(ChainGenotype, inner, **chain))


def read_architecture(given: str | Mapping[str, Any]) -> Architecture:
    """The architecture that a JSON text, or the mapping in it, describes.

    Raises
    ------
    ModelError
        For an operation that this version does not know, a size out of bounds, anything missing or too much.
    """
    try:
        found = json.loads(given) if isinstance(given, str) else given
        if not isinstance(found, Mapping) or set(found) != {place.name for place in fields(Architecture)}:
            raise ModelError("the architecture is not described as it must be")
        properties = _texts(found["encoder"].get("properties")) if isinstance(found["encoder"], Mapping) else ()
        return Architecture(
            _build(Encoder, found["encoder"], properties=properties), _build(Stem, found["stem"]),
            _read_body(found["body"]), _build(Head, found["head"]), found["symmetric"],
        )  # fmt: skip
    except ParameterError as error:
        raise ModelError(f"the architecture cannot be used: {error}") from None
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"the architecture is damaged: {error}") from None


@dataclass(frozen=True)
class Frame:
    """What of a network is not searched; ``hold`` puts a genotype into it.

    Parameters
    ----------
    encoder : Encoder
    stem : Stem
    head : Head
    cells : int
        Copies of a cell in each stage.
    stages : int
    symmetric : bool
    """

    encoder: Encoder = field(default_factory=Encoder)
    stem: Stem = field(default_factory=Stem)
    head: Head = field(default_factory=Head)
    cells: int = 1
    stages: int = 2
    symmetric: bool = False

    def hold(self, genotype: Genotype) -> Architecture:
        """The whole network around what a space decoded."""
        body: Body
        if isinstance(genotype, EdgeCell):
            body = EdgeBody(genotype, self.cells, self.stages)
        elif isinstance(genotype, VertexCell):
            body = VertexBody(genotype, self.cells, self.stages)
        elif isinstance(genotype, CellGenotype):
            body = CellBody(genotype, self.cells, self.stages)
        elif isinstance(genotype, GrownChain):
            body = GrownBody(genotype)
        else:
            body = ChainBody(genotype, min(self.stages, len(genotype.operations)))
        return Architecture(self.encoder, self.stem, body, self.head, self.symmetric)

    def with_channels(self, channels: int) -> Frame:
        """The frame with another width of its first stage."""
        return replace(self, stem=replace(self.stem, channels=channels))
