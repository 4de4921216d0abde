"""A trained network as a part of a model file: its architecture as text, its weights as safetensors, no code.

It takes rows of letters, the columns of the descriptor ``letters``, so that it stands beside any other model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError, TableError
from bioautofeat.models.predictors import Predictor
from bioautofeat.nas.genotype import Architecture, read_architecture

__all__ = ["NetworkPredictor"]

MOST_LETTERS, MOST_ATTENDED = 20_000, 4096
MOST_MULTIPLICATIONS = 10**11
"""What a network from a file may cost for one record."""

CELLS = 1 << 24
"""About as many numbers of a layer are held at a time."""


@dataclass(frozen=True, eq=False)
class NetworkPredictor(Predictor):
    """A network over rows of letters.

    It computes in double precision on one thread, so that every machine gives the same numbers.

    Parameters
    ----------
    architecture : str
        JSON, see :func:`bioautofeat.nas.genotype.read_architecture`.
    weights : bytes
        Safetensors: single precision, by the names that torch gives them.
    n_columns : int
        Letters of a row.
    classes : int
        0 for regression.
    centre, scale : float
        For regression: a value is ``centre + scale * output``.
    """

    kind: ClassVar[str] = "network"
    architecture: str
    weights: bytes
    n_columns: int
    classes: int
    centre: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.n_columns <= MOST_LETTERS or not (self.classes == 0 or 2 <= self.classes <= 10_000):
            raise ModelError("the network's number of letters or classes is out of bounds")
        network = _restored(read_architecture(self.architecture), self.weights, self.n_columns, max(1, self.classes))
        object.__setattr__(self, "network", network.double().eval())

    @classmethod
    def of(
        cls, network: Any, n_columns: int, classes: int, centre: float = 0.0, scale: float = 1.0
    ) -> NetworkPredictor:
        """The predictor of a trained :class:`~bioautofeat.nas.network.Network`."""
        from safetensors.torch import save

        state = {name: value.detach().float().cpu().contiguous() for name, value in network.state_dict().items()}
        return cls(network.architecture.to_json(), save(state), n_columns, classes, centre, scale)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "network"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    @property
    def n_classes(self) -> int:
        return self.classes

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        found = self.logits(rows)
        if not self.classes:
            return self.centre + self.scale * found
        shares = np.exp(found - found.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def logits(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the network gives for rows of letters, shape ``(n, outputs)``."""
        import torch

        from bioautofeat.nas.encode import encode

        network: Any = self.network  # type: ignore[attr-defined]
        letters = torch.from_numpy(_letters(rows, network.architecture))
        found = []
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                for part in letters.split(_rows_at_a_time(network.architecture, self.n_columns)):
                    x, mask = encode(part, network.architecture.encoder)
                    found.append(network(x.double(), None if mask is None else mask.double()))
        finally:
            torch.set_num_threads(threads)
        return np.asarray(torch.cat(found).numpy())


def _letters(rows: NDArray[np.float64], architecture: Architecture) -> NDArray[np.int64]:
    """Rows as whole numbers, refused where they are no letters, or where a letter stands behind the end."""
    most = architecture.encoder.letters.size + 1
    if not (np.isfinite(rows).all() and (rows == np.rint(rows)).all() and (rows >= 0).all() and (rows <= most).all()):
        raise TableError(f"the network takes the columns of the descriptor letters: whole numbers from 0 to {most}")
    letters = rows.astype(np.int64)
    if ((letters[:, 1:] > 0) & (letters[:, :-1] == 0)).any():
        raise TableError("a letter stands behind the end of its record")
    return letters


def _rows_at_a_time(architecture: Architecture, length: int) -> int:
    cells = length * architecture.widest
    if "attention" in architecture.body.operations:
        cells += 8 * length * length
    return int(np.clip(CELLS // cells, 1, 128))


def _check_cost(architecture: Architecture, length: int, n_outputs: int) -> None:
    from bioautofeat.nas.network import macs

    if "attention" in architecture.body.operations and length > MOST_ATTENDED:
        raise ModelError(f"attention over {length:,} letters; {MOST_ATTENDED:,} are allowed")
    if macs(architecture, length, n_outputs) > MOST_MULTIPLICATIONS:
        raise ModelError(f"the network takes more than {MOST_MULTIPLICATIONS:,} multiplications a record")


def _restored(architecture: Architecture, weights: bytes, length: int, n_outputs: int) -> Any:
    """The network, its weights looked at first: names, shapes, type, and that all are finite."""
    from bioautofeat.errors import ParameterError
    from bioautofeat.nas.ops import blocks

    try:
        blocks()
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load
    except (ParameterError, ModuleNotFoundError):
        raise ModelError("it holds a network, which needs torch: pip install 'bioautofeat[nas]'") from None
    from bioautofeat.nas.network import build

    _check_cost(architecture, length, n_outputs)
    with torch.device("meta"):
        network = build(architecture, architecture.encoder.channels, n_outputs)
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    try:
        state = load(weights)
    except (SafetensorError, ValueError, KeyError, OverflowError) as error:
        raise ModelError(f"the network's weights are damaged: {error}") from None
    if {name: tuple(value.shape) for name, value in state.items()} != wanted:
        raise ModelError("the network's weights are not those of its architecture")
    if not all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in state.values()):
        raise ModelError("the network's weights are not all finite numbers of single precision")
    network.load_state_dict(state, assign=True)
    return network
