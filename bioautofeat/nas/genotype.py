"""Whole networks as immutable values: encoder, stem, body and head, written as JSON and read with suspicion.

Nothing here needs torch.  A network from a file can only hold operations of the closed list, in bounded sizes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from bioautofeat.alphabet import ALPHABETS, Alphabet, get_alphabet
from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.nas.ops import OPERATIONS
from bioautofeat.nas.spaces.cell import Block, CellGenotype
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.parameters import Choice, Flag, Int, Range, Real, unknown

__all__ = [
    "Architecture",
    "Body",
    "CellBody",
    "ChainBody",
    "EdgeBody",
    "Encoder",
    "Frame",
    "Genotype",
    "Head",
    "Stem",
    "read_architecture",
]

Genotype = EdgeCell | CellGenotype | ChainGenotype
"""What a space of architectures decodes to; a :class:`Frame` makes a network of it."""

WIDEST = 4096
MOST_WORDS = 512


def _sized(limits: Range, default: Any = MISSING) -> Any:
    """A field whose values lie in a range."""
    return field(default=default, metadata={"range": limits})


def _check(part: Any) -> None:
    """Refuse a value outside its field's range, and an operation that does not exist."""
    for place in fields(part):
        limits, value = place.metadata.get("range"), getattr(part, place.name)
        if limits is not None:
            try:
                object.__setattr__(part, place.name, limits.check(value))
            except ParameterError as error:
                raise ParameterError(f"{type(part).__name__.lower()}: {place.name}: {error}") from None


def _check_operations(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in OPERATIONS:
            raise unknown("operation", str(name), OPERATIONS)


@dataclass(frozen=True)
class Encoder:
    """How letters become numbers.

    Parameters
    ----------
    name : str
        ``one-hot``; ``ncp``, three chemical bits of a nucleotide; ``properties``, tracks of the words of ``k`` letters;
        ``embedding``, a learnt vector for each word of ``k`` letters; ``fcgr``, the record as one image, frequencies of
        its words of ``k`` letters laid out as in the chaos game.
    alphabet : str
    k : int
        Letters of a word; 1 for ``one-hot`` and ``ncp``.
    properties : tuple of str
        Names of the package's properties, for ``properties``.
    """

    name: str = _sized(Choice("one-hot", "ncp", "properties", "embedding", "fcgr"), "one-hot")
    alphabet: str = _sized(Choice(*ALPHABETS), "dna")
    k: int = _sized(Int(1, 8), 1)
    properties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)
        if self.name in ("one-hot", "ncp") and self.k != 1:
            raise ParameterError(f"encoder: {self.name} is for single letters, k=1")
        if self.name in ("ncp", "fcgr") and not self.letters.complement:
            raise ParameterError(f"encoder: {self.name} is for nucleotides")
        if self.name in ("embedding", "properties") and self.letters.size**self.k > MOST_WORDS:
            raise ParameterError(f"encoder: {self.letters.size}^{self.k} words are more than the {MOST_WORDS} allowed")
        if (self.name == "properties") != bool(self.properties):
            raise ParameterError("encoder: properties are named for 'properties', and for nothing else")
        if any(not isinstance(name, str) or name.endswith(".csv") for name in self.properties):
            raise ParameterError("encoder: only the package's own properties can be kept in a model file")

    @property
    def letters(self) -> Alphabet:
        """The alphabet."""
        return get_alphabet(self.alphabet)

    @property
    def dimensions(self) -> int:
        """1 for tracks, 2 for an image."""
        return 2 if self.name == "fcgr" else 1

    @property
    def channels(self) -> int:
        """Number of channels that a network is given."""
        if self.name == "properties":
            from bioautofeat.properties import word_properties

            return len(word_properties(self.letters, self.k, self.properties).slugs)
        return {"ncp": 3, "fcgr": 1}.get(self.name) or self.letters.size**self.k

    @property
    def is_symmetric(self) -> bool:
        """Whether the channels of the other strand are these, backwards."""
        return self.name == "one-hot" and self.alphabet in ("dna", "rna")


@dataclass(frozen=True)
class Stem:
    """The first layer: a convolution from the encoder's channels to those of the body.

    Parameters
    ----------
    channels : int
    kernel : int
        Odd.
    stride : int
    embedding : int
        Numbers that each letter or word becomes before the convolution; 0 leaves the encoder's channels as they are.
    dropout : float
        Share of positions whose letters are hidden in training.
    """

    channels: int = _sized(Int(2, 512), 32)
    kernel: int = _sized(Int(1, 51), 7)
    stride: int = _sized(Int(1, 8), 1)
    embedding: int = _sized(Int(0, 256), 0)
    dropout: float = _sized(Real(0.0, 0.9), 0.0)

    def __post_init__(self) -> None:
        _check(self)
        if self.kernel % 2 == 0:
            raise ParameterError(f"stem: a kernel of {self.kernel} positions has no middle: use an odd one")


@dataclass(frozen=True)
class EdgeBody:
    """``stages`` times ``cells`` copies of a cell; between stages the length is halved and the channels doubled."""

    cell: EdgeCell
    cells: int = _sized(Int(1, 32), 1)
    stages: int = _sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        _check(self)
        if self.cell.nodes > 8:
            raise ParameterError(f"body: {self.cell.nodes} nodes are more than the 8 allowed")
        _check_operations(self.cell.operations)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        return self.cell.operations


@dataclass(frozen=True)
class CellBody:
    """``stages`` motifs, each of ``cells`` normal cells and one reduction cell, which halves the length."""

    genotype: CellGenotype
    cells: int = _sized(Int(1, 32), 1)
    stages: int = _sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        _check(self)
        for blocks in (self.genotype.normal, self.genotype.reduction):
            if not 1 <= len(blocks) <= 8:
                raise ParameterError(f"body: a cell of {len(blocks)} blocks; from 1 to 8 are allowed")
            for number, block in enumerate(blocks):
                for source in (block.left, block.right):
                    if not isinstance(source, int) or isinstance(source, bool) or not 0 <= source < number + 2:
                        raise ParameterError(f"body: block {number} reads input {source!r}, which is not before it")
        _check_operations(self.operations)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        blocks = (*self.genotype.normal, *self.genotype.reduction)
        return tuple(name for block in blocks for name in (block.left_operation, block.right_operation))


@dataclass(frozen=True)
class ChainBody:
    """Layers one after the other; what skips bring is joined to a layer's input and projected back.

    The layers are dealt to ``stages`` as evenly as can be; between stages the length is halved, the channels doubled.
    """

    genotype: ChainGenotype
    stages: int = _sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        _check(self)
        layers = len(self.genotype.operations)
        if not 1 <= layers <= 64 or layers < self.stages:
            raise ParameterError(f"body: {layers} layers in {self.stages} stages; from 1 to 64 layers are allowed")
        for early, late in self.genotype.skips:
            if not 0 <= early < late < layers:
                raise ParameterError(f"body: a skip from layer {early} to layer {late} of {layers}")
        _check_operations(self.genotype.operations)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        return self.genotype.operations


Body = EdgeBody | CellBody | ChainBody


@dataclass(frozen=True)
class Head:
    """From the body's positions to the outputs.

    Parameters
    ----------
    pool : str
        ``mean`` or ``max`` over the positions, ``both``, or ``bins``: means of as many parts of the record, in order.
    bins : int
        Parts, for ``bins`` (per side, for an image).
    hidden : int
        Width of a layer before the output; 0 for none.
    dropout : float
    """

    pool: str = _sized(Choice("mean", "max", "both", "bins"), "both")
    bins: int = _sized(Int(1, 256), 1)
    hidden: int = _sized(Int(0, 1024), 0)
    dropout: float = _sized(Real(0.0, 0.9), 0.0)

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class Architecture:
    """A network, weights and number of outputs apart.

    Parameters
    ----------
    encoder : Encoder
    stem : Stem
    body : EdgeBody, CellBody or ChainBody
    head : Head
    symmetric : bool
        Whether both strands of DNA give the same output, by construction.
    """

    encoder: Encoder
    stem: Stem
    body: Body
    head: Head
    symmetric: bool = _sized(Flag(), False)

    def __post_init__(self) -> None:
        _check(self)
        if self.widest > WIDEST:
            raise ParameterError(f"the last stage would have {self.widest:,} channels; {WIDEST:,} are allowed")
        for name in self.body.operations:
            row = OPERATIONS[name]
            if self.encoder.dimensions not in row.dimensions:
                raise ParameterError(f"operation {name!r} has no form for images")
            if self.symmetric and not row.symmetric:
                raise ParameterError(f"operation {name!r} tells the strands apart: it has no place in a symmetric network")
        if self.symmetric and (not self.encoder.is_symmetric or self.stem.channels % 2 or self.stem.embedding):
            raise ParameterError("a symmetric network needs one-hot nucleotides and an even number of channels")

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


_names: dict[type, str] = {EdgeBody: "edge-cells", CellBody: "cells", ChainBody: "chain"}
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


def _read_skips(value: Any) -> frozenset[tuple[int, int]]:
    sound = isinstance(value, list) and len(value) <= 4096
    if not sound or not all(isinstance(p, list) and len(p) == 2 and all(type(i) is int for i in p) for p in value):
        raise ModelError("the skips of the architecture are no pairs of layers")
    return frozenset((early, late) for early, late in value)


def _read_body(given: Any) -> Body:
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if not isinstance(kind, str) or kind not in _kinds:
        raise ModelError(f"{kind!r} is no body of a network that this version knows")
    values = {name: value for name, value in given.items() if name != "kind"}
    if kind == "edge-cells":
        cell = values.get("cell")
        operations = _texts(cell.get("operations")) if isinstance(cell, Mapping) else ()
        nodes = cell.get("nodes") if isinstance(cell, Mapping) else None
        if type(nodes) is not int:
            raise ModelError("the cell of the architecture has no number of nodes")
        return _build(EdgeBody, values, cell=_build(EdgeCell, cell, operations=operations))
    inner = values.get("genotype")
    if not isinstance(inner, Mapping):
        raise ModelError("the body of the architecture is not described as it must be")
    if kind == "cells":
        made = {name: _read_blocks(inner.get(name)) for name in ("normal", "reduction")}
        return _build(CellBody, values, genotype=_build(CellGenotype, inner, **made))
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

    encoder: Encoder = Encoder()
    stem: Stem = Stem()
    head: Head = Head()
    cells: int = 1
    stages: int = 2
    symmetric: bool = False

    def hold(self, genotype: Genotype) -> Architecture:
        """The whole network around what a space decoded."""
        body: Body
        if isinstance(genotype, EdgeCell):
            body = EdgeBody(genotype, self.cells, self.stages)
        elif isinstance(genotype, CellGenotype):
            body = CellBody(genotype, self.cells, self.stages)
        else:
            body = ChainBody(genotype, min(self.stages, len(genotype.operations)))
        return Architecture(self.encoder, self.stem, body, self.head, self.symmetric)

    def with_channels(self, channels: int) -> Frame:
        """The frame with another width of its first stage."""
        return replace(self, stem=replace(self.stem, channels=channels))
