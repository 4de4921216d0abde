"""Whole networks for sequences: encoder, stem, layers, skips, head, and how fast they learn, all drawn together."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.nas.genotype import MOST_ATTENDED, Architecture, ChainBody, Encoder, Head, Stem
from bioautofeat.nas.ops import operations_for
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.parameters import Choice, Int
from bioautofeat.search.space import Chooser, Point, Space

__all__ = ["OPERATIONS", "SYMMETRIC", "SequenceSpace"]

OPERATIONS = (
    "conv3", "conv5", "conv7", "conv11", "dilated3x2", "dilated3x4", "separable7", "max_pool3", "identity", "gru",
    "attention", "squeeze",
)  # fmt: skip
"""Operations of a layer."""

SYMMETRIC = ("conv3", "conv5", "conv7", "conv11", "dilated3x2", "dilated3x4", "separable7", "max_pool3", "identity")
"""Those of a network that treats both strands alike."""


class SequenceSpace(Space):
    """Networks of one to four layers around what is known of the records: their alphabet and their lengths.

    Parameters
    ----------
    alphabet : str or Alphabet
    length : int
        Letters of a typical long record: no kernel is wider, and no record is cut into more parts.
    layers : int
        At most.
    operations : tuple of str, optional
    symmetric : bool
        Networks that treat both strands of DNA alike.
    recurrent : bool
        Whether recurrent layers are in the space; they are slow on long records.
    encoders : tuple of str, optional
        Those to choose from, as :meth:`Encoder.named` reads them: ``("one-hot", "ncp")``; ``("fcgr:k=4",)`` for networks
        of chaos-game images, whose kernels and parts then have to fit into the image.

    Examples
    --------
    >>> space = SequenceSpace("dna", 81)
    >>> dict(space.default())["kernel"]
    '9'
    """

    def __init__(
        self, alphabet: str | Alphabet, length: int, layers: int = 4, operations: tuple[str, ...] | None = None,
        symmetric: bool = False, recurrent: bool = True, encoders: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        self.alphabet, self.layers, self.symmetric = get_alphabet(alphabet), layers, symmetric
        self.encoders = {text: Encoder.named(text, self.alphabet.name) for text in encoders or self._usual()}
        self.length = max(1, length)
        images = [encoder for encoder in self.encoders.values() if encoder.dimensions == 2]
        if images:
            if len(images) < len(self.encoders):
                raise ParameterError("encoders: images and tracks need different networks, so search them apart")
            self.length = min(encoder.side for encoder in images)
        known = operations or (SYMMETRIC if symmetric else OPERATIONS)
        known = tuple(name for name in known if recurrent or name not in ("gru", "lstm", "attention"))
        places = max((encoder.side**2 for encoder in images), default=self.length)
        known = tuple(name for name in known if name != "attention" or places <= MOST_ATTENDED)
        self.operations = tuple(name for name in known if not images or name in operations_for(2))

    def _numbers(self, *options: int) -> Choice:
        """Those of the numbers that fit into a record, as names."""
        fitting = [option for option in options if option <= self.length]
        return Choice(*map(str, fitting or options[:1]))

    def _usual(self) -> tuple[str, ...]:
        """Encoders that are searched where none is named."""
        if self.symmetric:
            return ("one-hot",)
        usual = ("one-hot", "embedding")
        return usual if self.alphabet.complement else (*usual, "properties:names=zscale")

    def draw(self, choose: Chooser) -> None:
        choose("encoder", Choice(*self.encoders))
        choose("channels", Choice("16", "32", "64"))
        choose("kernel", self._numbers(3, 5, 7, 9, 11, 15, 19))
        choose("stride", Choice("1", "2") if self.length >= 80 else Choice("1"))
        most = 3 if self.length >= 64 else 2 if self.length >= 16 else 1
        layers = choose("layers", Int(1, self.layers))
        if layers > 1 and most > 1:
            choose("stages", Choice(*(str(i) for i in range(1, min(most, layers) + 1))))
        for layer in range(layers):
            choose(f"layer{layer}", Choice(*self.operations))
            for early in range(layer - 1):
                choose(f"skip{early}-{layer}", Choice("no", "yes"))
        if choose("pool", Choice("mean", "max", "both", "bins")) == "bins":
            choose("bins", self._numbers(4, 8, 12, 16, 24, 32, 48))
        choose("hidden", Choice("0", "64"))
        choose("dropout", Choice("0", "0.2", "0.4", "0.6"))
        choose("hide", Choice("0", "0.1", "0.2"))
        choose("learning_rate", Choice("0.001", "0.003", "0.01"))
        choose("weight_decay", Choice("0.0001", "0.01", "0.1"))

    def sample(self, rng: np.random.Generator) -> Point:
        """A point anywhere in the space, or, as often, one that differs from the default in one to five choices.

        A search of a few dozen networks must not spend most of them far from what is known to do well.
        """
        if rng.random() < 0.5:
            return super().sample(rng)
        point = self.default()
        for _ in range(int(rng.integers(1, 6))):
            point = self.mutate(point, rng)
        return point

    def default(self) -> Point:
        """A network that does well on most sets, where no search is worth its time."""
        values: dict[str, Any] = {
            "encoder": "one-hot", "channels": "32", "kernel": "9", "stride": "1", "layers": min(3, self.layers),
            "stages": "2", "layer0": "conv5", "layer1": "conv5", "layer2": "conv5", "skip0-2": "yes", "pool": "bins",
            "bins": "12", "hidden": "0", "dropout": "0.4", "hide": "0.1", "learning_rate": "0.003",
            "weight_decay": "0.01",
        }  # fmt: skip
        if next(iter(self.encoders.values())).dimensions == 2:
            values["bins"] = "4"  # on each side

        def nearest(name: str, limits: Any) -> Any:
            wanted = values[name]
            if isinstance(limits, Choice) and wanted not in limits.options:
                return limits.options[-1]
            return wanted

        return self.point(nearest)

    def decode(self, point: Point) -> Architecture:
        """The whole network of a point."""
        values = dict(point)
        encoder = self.encoders[values["encoder"]]
        stem = Stem(
            int(values["channels"]), int(values["kernel"]), int(values["stride"]),
            encoder.embedding, float(values["hide"]),
        )  # fmt: skip
        operations = tuple(values[f"layer{layer}"] for layer in range(values["layers"]))
        skips = [
            key.removeprefix("skip").split("-") for key, value in point if key.startswith("skip") and value == "yes"
        ]
        chain = ChainGenotype(operations, frozenset((int(early), int(late)) for early, late in skips))
        body = ChainBody(chain, int(values.get("stages", 1)))
        head = Head(
            values["pool"], int(values.get("bins", 1)), int(values["hidden"]), float(values["dropout"])
        )  # fmt: skip
        return Architecture(encoder, stem, body, head, self.symmetric)

    @staticmethod
    def training(point: Point) -> dict[str, Any]:
        """How the network of a point learns: settings of ``bioautofeat.nas.train`` by name."""
        values = dict(point)
        return {name: float(values[name]) for name in ("learning_rate", "weight_decay")}
