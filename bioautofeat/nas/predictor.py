"""A trained network as a part of a model file: its architecture as text, its weights as safetensors, no code.

It takes rows of letters, the columns of the descriptor ``letters``, so that it stands beside any other model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError, TableError
from bioautofeat.models.predictors import Predictor
from bioautofeat.nas.genotype import (
    MOST_ATTENDED,
    Architecture,
    Body,
    CellBody,
    EdgeBody,
    VertexBody,
    read_architecture,
)

__all__ = ["NetworkPredictor", "letters_of"]

MOST_LETTERS, MOST_MULTIPLICATIONS = 20_000, 10**11
"""What a network from a file may cost for one record."""

CELLS, MOST_HELD = 1 << 26, 1 << 28
"""About as many numbers are held at a time, in all layers together; what one record alone may hold."""

BATCH = 32
"""Records of a pass (fewer for long ones).  Every pass holds as many, the last being filled up, and records of one width
alone: what a record gets does not depend on how many others there are, nor on which."""


@dataclass(frozen=True, eq=False)
class NetworkPredictor(Predictor):
    """A network over rows of letters.

    It computes in single precision, each pass on one thread: the same numbers for any number of records and of threads,
    and on another kind of processor those within ``tolerance``.

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
    row_by_row: ClassVar[bool] = True
    tolerance: ClassVar[float] = 1e-4
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
        object.__setattr__(self, "network", network.float().eval())

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
    def module(self) -> Any:
        """The network itself, of torch, in evaluation mode."""
        return self.network  # type: ignore[attr-defined]

    @property
    def form(self) -> Architecture:
        """Its architecture."""
        return read_architecture(self.architecture)

    @property
    def multiplications(self) -> int:
        """What one record of the greatest length costs."""
        from bioautofeat.nas.network import macs

        return macs(self.form, self.n_columns, max(1, self.classes))

    @property
    def n_classes(self) -> int:
        return self.classes

    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.table(rows)

    def table(self, rows: Any, threads: int = 1) -> NDArray[np.float64]:
        found = self.logits(np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows), threads)
        if not self.classes:
            return self.centre + self.scale * found
        shares = np.exp(found - found.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def logits(self, rows: NDArray[Any], threads: int = 1) -> NDArray[np.float64]:
        """What the network gives for rows of letters, shape ``(n, outputs)``."""
        import torch

        from bioautofeat.nas.encode import encode
        from bioautofeat.nas.running import threads_of_torch

        if rows.ndim != 2 or rows.shape[1] != self.n_columns:
            raise TableError(f"rows of shape {rows.shape} given to a network of {self.n_columns} letters")
        network = self.module
        letters = torch.from_numpy(letters_of(rows, network.architecture))
        out = np.empty((len(letters), max(1, self.classes)))

        def run(part: tuple[NDArray[np.int64], int, int]) -> None:
            places, width, size = part
            filled = np.resize(places, size)  # over again from the first
            with torch.inference_mode():
                found = network(*encode(letters[torch.from_numpy(filled), :width], network.architecture.encoder))
            out[places] = found[: len(places)].double().numpy()

        parts = list(_passes((letters > 0).sum(1).numpy(), self.n_columns, self._rows_at_a_time))
        with threads_of_torch(1), ThreadPoolExecutor(max(1, min(threads, len(parts)))) as pool:
            list(pool.map(run, parts) if threads > 1 else map(run, parts))
        return out

    def _rows_at_a_time(self, width: int) -> int:
        """Records of one width in a pass."""
        from bioautofeat.nas.network import costs

        architecture = self.module.architecture
        widest = costs(architecture, self.n_columns, max(1, self.classes))[1]
        if not architecture.encoder.side:
            widest = -(-widest * width // self.n_columns)  # in proportion, rather than counted anew for each width
        return int(np.clip(CELLS // _held(architecture, width, widest), 1, BATCH))


def _passes(
    lengths: NDArray[np.int64], longest: int, rows: Callable[[int], int]
) -> Iterator[tuple[NDArray[np.int64], int, int]]:
    """Records of each pass, their width, and how many a pass holds.

    The width depends on a record's own length alone; records that fill it and records that do not are never in one pass,
    for the former need no mask.
    """
    widths = np.minimum(_widths(lengths), longest)
    kinds = 2 * widths + (lengths == widths)
    for kind in np.unique(kinds).tolist():
        places, width = np.flatnonzero(kinds == kind), kind // 2
        size = rows(width)
        for start in range(0, len(places), size):
            yield places[start : start + size], width, size


def _widths(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths rounded up to a multiple of an eighth of the power of two below them, of 8 at least."""
    step = np.maximum(8, 2 ** (np.log2(np.maximum(lengths, 1)).astype(np.int64)) // 8)
    return np.asarray(np.maximum(8, -(-lengths // step) * step))


def letters_of(rows: NDArray[Any], architecture: Architecture) -> NDArray[np.uint8]:
    """Rows as whole numbers, refused where they are no letters; a record ends at its first zero."""
    most = architecture.encoder.letters.size + 1
    if not (np.isfinite(rows).all() and (rows == np.rint(rows)).all() and (rows >= 0).all() and (rows <= most).all()):
        raise TableError(f"the network takes the columns of the descriptor letters: whole numbers from 0 to {most}")
    letters = rows.astype(np.uint8)
    # what stands behind a record's end is none of it, as when a table's columns were permuted to see what they matter
    return np.asarray(letters * np.logical_and.accumulate(letters > 0, axis=1), np.uint8)


def _held(architecture: Architecture, length: int, widest: int) -> int:
    """Numbers of one record that are alive at a time, about: the widest layer, times the layers that are kept."""
    attended = _places(architecture, length) if "attention" in architecture.body.operations else 0
    return widest * _alive(architecture.body) + 8 * attended**2


def _alive(body: Body) -> int:
    """Layers whose outputs are kept until later ones have read them, and four more while one of them is computed."""
    if isinstance(body, (EdgeBody, VertexBody)):
        return 4 + 3 * body.cell.nodes  # what arrives at a node is held twice, one by one and side by side
    if isinstance(body, CellBody):
        return 4 + 2 + max(len(body.genotype.normal), len(body.genotype.reduction))
    return 4 + len(body.operations)


def _places(architecture: Architecture, length: int) -> int:
    """Positions that the encoder gives: those of the record, or the cells of an image."""
    return architecture.encoder.side**2 or length


def _check_cost(architecture: Architecture, length: int, n_outputs: int) -> None:
    from bioautofeat.nas.network import costs

    places = _places(architecture, length)
    if "attention" in architecture.body.operations and places > MOST_ATTENDED:
        raise ModelError(f"attention over {places:,} positions; {MOST_ATTENDED:,} are allowed")
    multiplications, widest = costs(architecture, length, n_outputs)
    if multiplications > MOST_MULTIPLICATIONS:
        raise ModelError(f"the network takes more than {MOST_MULTIPLICATIONS:,} multiplications a record")
    held = _held(architecture, length, widest)
    if held > MOST_HELD:
        raise ModelError(f"the network holds {held:,} numbers at a time for one record; {MOST_HELD:,} are allowed")


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
