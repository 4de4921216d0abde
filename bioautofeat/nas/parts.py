"""The parts of a network as immutable values, each size within its bounds: encoder, stem, body, head.

Nothing here needs torch.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from bioautofeat.alphabet import ALPHABETS, Alphabet, get_alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.nas.ops import OPERATIONS
from bioautofeat.nas.spaces.cell import CellGenotype
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.nas.spaces.morphism import KERNELS, GrownChain
from bioautofeat.nas.spaces.nb101 import VertexCell
from bioautofeat.parameters import Choice, Int, Range, Real, unknown

__all__ = [
    "Body",
    "CellBody",
    "ChainBody",
    "EdgeBody",
    "Encoder",
    "GrownBody",
    "Head",
    "Stem",
    "VertexBody",
    "check_sizes",
    "sized",
]

MOST_WORDS = 512
"""Channels of an embedding, and rows of a table of properties, at most."""

EMBEDDING_WIDTH = 16
"""Numbers that a learned embedding gives each word."""


def sized(limits: Range, default: Any = MISSING) -> Any:
    """A field whose values lie in a range."""
    return field(default=default, metadata={"range": limits})


def check_sizes(part: Any) -> None:
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

    name: str = sized(Choice("one-hot", "ncp", "properties", "embedding", "fcgr"), "one-hot")
    alphabet: str = sized(Choice(*ALPHABETS), "dna")
    k: int = sized(Int(1, 8), 1)
    properties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_sizes(self)
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

    @classmethod
    def named(cls, text: str, alphabet: str) -> Encoder:
        """The encoder of a text: ``one-hot``, ``ncp``, ``embedding:k=3``, ``fcgr:k=4``, ``properties:names=zscale``.

        Raises
        ------
        ParameterError
            For a name or an option that is unknown, and for an encoder that the alphabet does not have.
        """
        name, _, options = text.partition(":")
        usual = {"embedding": 3 if get_alphabet(alphabet).complement else 1, "fcgr": 4}
        k = usual.get(name, 1)
        properties: tuple[str, ...] = ()
        for option in options.split(",") if options else ():
            key, _, value = option.partition("=")
            if key == "k" and value.isdecimal():
                k = int(value)
            elif key == "names" and name == "properties" and value:
                properties = tuple(value.split("+"))
            else:
                raise ParameterError(f"encoder {text!r}: {option!r} is none of k=NUMBER, names=NAME+NAME")
        return cls(name, alphabet, k, properties)

    @property
    def side(self) -> int:
        """Cells on a side of the image; 0 for tracks."""
        return 2**self.k if self.dimensions == 2 else 0

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
    def embedding(self) -> int:
        """Width of the vectors that a stem learns for the words; 0 where there are none to learn."""
        return EMBEDDING_WIDTH if self.name == "embedding" else 0

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

    channels: int = sized(Int(2, 512), 32)
    kernel: int = sized(Int(1, 51), 7)
    stride: int = sized(Int(1, 8), 1)
    embedding: int = sized(Int(0, 256), 0)
    dropout: float = sized(Real(0.0, 0.9), 0.0)

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.kernel % 2 == 0:
            raise ParameterError(f"stem: a kernel of {self.kernel} positions has no middle: use an odd one")


@dataclass(frozen=True)
class EdgeBody:
    """``stages`` times ``cells`` copies of a cell; between stages the length is halved and the channels doubled."""

    cell: EdgeCell
    cells: int = sized(Int(1, 32), 1)
    stages: int = sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        check_sizes(self)
        if self.cell.nodes > 8:
            raise ParameterError(f"body: {self.cell.nodes} nodes are more than the 8 allowed")
        _check_operations(self.cell.operations)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        return self.cell.operations


@dataclass(frozen=True)
class VertexBody:
    """As :class:`EdgeBody`, of cells whose vertices carry the operations.

    A vertex adds up what it reads, all at the width of its stage; what reaches the output is joined and projected back.
    """

    cell: VertexCell
    cells: int = sized(Int(1, 32), 1)
    stages: int = sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        check_sizes(self)
        _check_operations(self.cell.operations)

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        return self.cell.operations


@dataclass(frozen=True)
class CellBody:
    """``stages`` motifs, each of ``cells`` normal cells and one reduction cell, which halves the length."""

    genotype: CellGenotype
    cells: int = sized(Int(1, 32), 1)
    stages: int = sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        check_sizes(self)
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
    stages: int = sized(Int(1, 6), 2)

    def __post_init__(self) -> None:
        check_sizes(self)
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


@dataclass(frozen=True)
class GrownBody:
    """A chain that grew layer by layer, all of one length; its weights can grow on without a change of function.

    Parameters
    ----------
    genotype : GrownChain
    activation : str
    """

    genotype: GrownChain
    activation: str = sized(Choice("relu", "tanh", "gelu"), "relu")
    stages = 1

    def __post_init__(self) -> None:
        check_sizes(self)
        layers = self.genotype.layers
        if not 1 <= len(layers) <= 64:
            raise ParameterError(f"body: {len(layers)} layers; from 1 to 64 are allowed")
        for layer in layers:
            Int(1, 512).check(layer.width)
            if layer.kernel not in KERNELS or layer.branch not in (0, *KERNELS):
                raise ParameterError(f"body: kernels are of {', '.join(map(str, KERNELS))} positions")
        for source, target in (*self.genotype.adds, *self.genotype.joins):
            if not 0 <= source < target - 1 < len(layers):
                raise ParameterError(f"body: a skip from layer {source} to layer {target} of {len(layers)}")

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations in use."""
        return tuple(f"conv{max(layer.kernel, layer.branch)}" for layer in self.genotype.layers)


Body = EdgeBody | VertexBody | CellBody | ChainBody | GrownBody


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

    pool: str = sized(Choice("mean", "max", "both", "bins"), "both")
    bins: int = sized(Int(1, 256), 1)
    hidden: int = sized(Int(0, 1024), 0)
    dropout: float = sized(Real(0.0, 0.9), 0.0)

    def __post_init__(self) -> None:
        check_sizes(self)
