"""A network as one model among others: it is fitted on the table of the descriptor ``letters``.

What a selector needs of it: the descriptor it sees, its parameters with their ranges, what a fit will cost, and an estimator
whose predictor a model file can keep; :mod:`bioautofeat.nas.hunting` says which networks are worth a fit.  Nothing here
needs torch before a network is fitted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from bioautofeat.errors import ParameterError
from bioautofeat.models import Model, Setting
from bioautofeat.models.predictors import Predictor
from bioautofeat.nas.genotype import Architecture, ChainBody, Encoder, Head, Stem
from bioautofeat.nas.ops import OPERATIONS, blocks
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.parameters import Choice, Int, Real, Text, parameters_of

if TYPE_CHECKING:
    from bioautofeat.nas.train import Settings

__all__ = ["LONGEST", "NETWORK", "NetworkEstimator", "network_of", "operations", "spec", "usual", "values_of"]

Array = NDArray[Any]
LONGEST = 1000
"""Letters of a record that a network looks at; a longer one keeps its ends."""

STRANDS = ("given", "both", "symmetric")
ENCODERS = ("one-hot", "embedding", "zscale")
REFERENCE = "Zhou and Troyanskaya 2015, Nat Methods 12:931"


def spec(longest: int) -> str:
    """The descriptor that a network sees, for records of at most so many letters."""
    return f"letters:longest={max(1, min(longest, LONGEST))}"


def _network(
    setting: Setting,
    alphabet: Annotated[str, Choice("dna", "rna", "protein")] = "dna",
    encoder: Annotated[str, Choice(*ENCODERS)] = "one-hot",
    channels: Annotated[int, Int(2, 256)] = 32,
    kernel: Annotated[int, Int(1, 51)] = 9,
    stride: Annotated[int, Int(1, 8)] = 1,
    layers: Annotated[str, Text("names of operations, joined by +")] = "conv5+conv5+conv5",
    skips: Annotated[str, Text("pairs of layers such as 0-2, joined by +, or none")] = "0-2",
    stages: Annotated[int, Int(1, 6)] = 2,
    pool: Annotated[str, Choice("mean", "max", "both", "bins")] = "bins",
    bins: Annotated[int, Int(1, 256)] = 12,
    hidden: Annotated[int, Int(0, 1024)] = 0,
    dropout: Annotated[float, Real(0.0, 0.9)] = 0.4,
    hide: Annotated[float, Real(0.0, 0.9)] = 0.1,
    learning_rate: Annotated[float, Real(1e-5, 1.0, log=True)] = 0.003,
    weight_decay: Annotated[float, Real(1e-6, 1.0, log=True)] = 0.01,
    epochs: Annotated[int, Int(1, 1000)] = 15,
    batch: Annotated[int, Int(2, 4096)] = 64,
    members: Annotated[int, Int(1, 16)] = 1,
    strands: Annotated[str, Choice(*STRANDS)] = "given",
) -> Any:
    """Convolutions over the letters of a record; ``members`` networks of different first weights are averaged."""
    given = dict(locals())
    del given["setting"]
    return NetworkEstimator(given, setting.task, setting.seed)


NETWORK = Model(
    name="network", title="Neural network on the letters", tasks=frozenset({"classification", "regression"}),
    parameters=parameters_of(_network, skip=1), reference=REFERENCE, simplicity=60, sparse=False, rows=None, classes=None,
    keeps_rows=False, library="torch", square=False, builder=_network,
)  # fmt: skip
"""The row that the registry of models would hold; it is asked for by name here, for it needs the extra ``[nas]``."""


def network_of(values: Mapping[str, Any]) -> Architecture:
    """The architecture that a model's values describe.

    Raises
    ------
    ParameterError
        For an operation that does not exist, and for sizes that do not go together.
    """
    full = NETWORK.checked(values)
    encoder = _encoder(full)
    stem = Stem(full["channels"], full["kernel"], full["stride"], encoder.embedding, full["hide"])
    layers = tuple(full["layers"].split("+"))
    chain = ChainGenotype(layers, _skips(full["skips"], len(layers)))
    body = ChainBody(chain, min(full["stages"], len(layers)))
    bins = full["bins"] if full["pool"] == "bins" else 1
    head = Head(full["pool"], bins, full["hidden"], full["dropout"])
    return Architecture(encoder, stem, body, head, full["strands"] == "symmetric")


def _skips(text: str, layers: int) -> frozenset[tuple[int, int]]:
    """Pairs of layers; those that this many layers do not have are left out, so that the usual ones suit every depth."""
    try:
        pairs = [tuple(map(int, pair.split("-"))) for pair in text.split("+") if pair != "none"]
    except ValueError:
        pairs = [()]
    if any(len(pair) != 2 for pair in pairs):
        raise ParameterError(f"network: skips: {text!r} is not pairs of layers such as 0-2, joined by +, or none")
    return frozenset((pair[0], pair[1]) for pair in pairs if 0 <= pair[0] < pair[1] < layers)


def values_of(architecture: Architecture, settings: Settings | None = None) -> dict[str, Any]:
    """The values of a network of layers in a row, those that differ from the defaults.

    Raises
    ------
    ParameterError
        For another body than a chain, and for an encoder that the values have no name for.
    """
    body, stem, head = architecture.body, architecture.stem, architecture.head
    if not isinstance(body, ChainBody):
        raise ParameterError("only networks of layers in a row are models of the selector")
    encoder = architecture.encoder
    skips = "+".join(f"{early}-{late}" for early, late in sorted(body.genotype.skips)) or "none"
    found: dict[str, Any] = {
        "alphabet": encoder.alphabet, "encoder": "zscale" if encoder.properties == ("zscale",) else encoder.name,
        "channels": stem.channels, "kernel": stem.kernel, "stride": stem.stride, "hide": stem.dropout,
        "layers": "+".join(body.genotype.operations), "skips": skips, "stages": body.stages, "pool": head.pool,
        "bins": head.bins, "hidden": head.hidden, "dropout": head.dropout,
        "strands": "symmetric" if architecture.symmetric else "given",
    }  # fmt: skip
    if settings is not None:
        found |= {name: getattr(settings, name) for name in ("learning_rate", "weight_decay", "batch")}
        if settings.other_strand:
            found["strands"] = "both"
    if found["pool"] != "bins":
        del found["bins"]
    if network_of(found) != architecture:
        raise ParameterError("the values of a model cannot describe this network")
    return _changed(found)


def _changed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that differ from the defaults."""
    usual_ones = {name: parameter.default for name, parameter in NETWORK.parameters.items()}
    return {name: value for name, value in NETWORK.checked(values).items() if value != usual_ones[name]}


def usual(alphabet: str, longest: int, **more: Any) -> dict[str, Any]:
    """Values of a network that does well on most sets, cut to records of at most so many letters.

    Parameters
    ----------
    alphabet : str
    longest : int
    **more
        Values that are to be other ones, such as ``epochs``.
    """
    space = SequenceSpace(alphabet, max(1, min(longest, LONGEST)), symmetric=more.get("strands") == "symmetric")
    point = space.default()
    return _changed({**values_of(space.decode(point)), **space.training(point), **more})


def _encoder(full: Mapping[str, Any]) -> Encoder:
    name = full["encoder"]
    return Encoder.named("properties:names=zscale" if name == "zscale" else name, full["alphabet"])


def operations(values: Mapping[str, Any], rows: int, columns: int) -> float:
    """About how many multiplications a fit takes: three passes' worth of every record, in every epoch of every member."""
    full = NETWORK.checked(values)
    names = full["layers"].split("+")
    stages = min(full["stages"], len(names))
    encoder = _encoder(full)
    inputs = encoder.embedding or encoder.channels
    places, width = columns / full["stride"], float(full["channels"])
    total = places * inputs * full["kernel"] * width
    for layer, name in enumerate(names):
        if layer and layer * stages // len(names) > (layer - 1) * stages // len(names):
            places, width = places / 2, 2 * width
            total += places * 3 * width * width / 2
        total += places * width * _per_place(name, width, places)
    return float(3 * rows * full["epochs"] * full["members"] * total)


def _per_place(name: str, width: float, places: float) -> float:
    """Multiplications of an operation for one channel of one position."""
    if name not in OPERATIONS:
        return width
    window = max(1, OPERATIONS[name].window)
    if name in ("gru", "lstm"):
        return 12 * width  # steps one after the other keep no processor busy
    if name == "attention":
        return 4 * width + 2 * places
    if name.startswith("separable"):
        return width + window
    if name.startswith(("conv", "dilated")):
        # a dilated window looks at every so many positions
        return width * (window if name.startswith("conv") else float(name.removeprefix("dilated").split("x")[0]))
    return 3.0


class NetworkEstimator(BaseEstimator):
    """A network as scikit-learn has it: rows of letters in, a predictor without code out.

    All records teach, for as many epochs as the values say; the learning rate has then fallen to nothing, and the last
    weights are those that are kept.  Each network is trained on one thread: a sum over several would depend on their
    number, and a training carries its smallest differences on.

    Parameters
    ----------
    values : mapping
        As :data:`NETWORK` describes them.
    task : {"classification", "regression"}
    seed : int
    deadline : float, optional
        Time (``time.monotonic()``) at which training has ended.  Without it the result does not depend on the clock.

    Attributes
    ----------
    classes_ : ndarray
        Of a classification.
    predictor_ : Predictor
    """

    def __init__(
        self, values: Mapping[str, Any], task: str = "classification", seed: int = 0, deadline: float | None = None
    ) -> None:
        self.values = values
        self.task = task
        self.seed = seed
        self.deadline = deadline

    def fit(self, table: Array, truth: Array) -> Self:
        """Train.

        Parameters
        ----------
        table : ndarray, shape (n, length)
            Columns of the descriptor ``letters``.
        truth : ndarray, shape (n,)
            Classes, as numbers or names, or values.

        Raises
        ------
        ParameterError
            Without torch, and for records shorter than the first layer's window.
        LabelError
            For one class alone, or values that are not finite or all alike.
        UnfinishedError
            Where the deadline comes before the first epoch is done.
        """
        blocks()
        from bioautofeat.models.predictors.joined import Blend
        from bioautofeat.nas.running import threads_of_torch

        architecture, full = network_of(self.values), NETWORK.checked(self.values)
        with threads_of_torch(1):
            parts = [self._trained(table, truth, architecture, full, number) for number in range(full["members"])]
        share = np.full(len(parts), 1.0 / len(parts))
        self.predictor_: Predictor = parts[0] if len(parts) == 1 else Blend(tuple(parts), share)
        return self

    def _trained(
        self, table: Array, truth: Array, architecture: Architecture, full: Mapping[str, Any], number: int
    ) -> Predictor:
        """One network."""
        import torch

        from bioautofeat.nas.encode import Data
        from bioautofeat.nas.network import build
        from bioautofeat.nas.predictor import NetworkPredictor
        from bioautofeat.nas.problem import check_length, rows_of
        from bioautofeat.nas.running import seeded
        from bioautofeat.nas.train import Settings, train

        letters = rows_of(table, table.shape[1])
        check_length(architecture, int((letters > 0).sum(1).max(initial=0)))
        targets, n_classes, centre, scale = self._targets(truth)
        settings = Settings(
            full["epochs"], full["batch"], full["learning_rate"], full["weight_decay"], patience=0,
            other_strand=full["strands"] == "both",
        )  # fmt: skip
        seed = self.seed + 7919 * number
        with seeded(seed):
            network = build(architecture, architecture.encoder.channels, max(1, n_classes))
        data = Data(architecture.encoder, torch.from_numpy(letters), torch.from_numpy(targets))
        train(network, data, settings=settings, seed=seed, deadline=self._share(number, full["members"]))
        return NetworkPredictor.of(network, table.shape[1], n_classes, centre, scale)

    def _share(self, number: int, members: int) -> float | None:
        """When this member must be done: what is left is shared evenly by those that are left."""
        if self.deadline is None:
            return None
        now = time.monotonic()
        return now + (self.deadline - now) / (members - number)

    def _targets(self, truth: Array) -> tuple[Array, int, float, float]:
        """Numbers to be learnt, how many classes they are of, and mean and deviation of values."""
        from bioautofeat.nas.problem import classes_of, values_of

        if self.task == "classification":
            self.classes_, codes = classes_of(truth)
            return codes, len(self.classes_), 0.0, 1.0
        values = values_of(truth)
        centre, scale = float(values.mean()), float(values.std())
        return ((values - centre) / scale).astype(np.float32), 0, centre, scale
