"""Fitted models as plain arrays: what a predictor is, and how it is taken apart and put together again.

A predictor is a frozen dataclass of numbers, texts, arrays, bytes and other predictors, each field checked by its annotation
and by the class's own ``__post_init__``.  So one that comes from a file can be wrong, but it cannot run code, read
outside its arrays or walk in circles.
"""

from __future__ import annotations

import sys
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError, TableError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["BLOCK", "Part", "Parts", "Predictor", "Transform", "require", "restore", "take_apart"]

BLOCK = 128
"""Rows computed at a time (fewer for very wide tables).  A model always takes the same number, the last block being
filled up, so that a row's bits do not depend on how many others were asked for: a matrix product may sum in another
order for another shape."""

BLOCK_CELLS = 1 << 23
MANY = 512
"""Rows computed at a time by models without a matrix product."""

DEEPEST = 24

_homes = {
    "fill": "transforms:Fill",
    "scale": "transforms:Scale",
    "select": "transforms:Select",
    "unit": "transforms:Unit",
    "kernel-map": "kernel:KernelMap",
    "steps": "joined:Steps",
    "blend": "joined:Blend",
    "log_pool": "joined:LogPool",
    "calibrated": "joined:Calibrated",
    "constant": "linear:Constant",
    "linear": "linear:Linear",
    "pairs": "linear:Pairs",
    "gaussian-bayes": "linear:GaussianBayes",
    "kernel-classifier": "kernel:KernelClassifier",
    "kernel-regressor": "kernel:KernelRegressor",
    "neighbours": "neighbours:Neighbours",
    "nearest-columns": "neighbours:NearestColumns",
    "trees": "trees:Trees",
    "network": "bioautofeat.nas.predictor:NetworkPredictor",
}
"""Every kind of part there is, and the class of each (in this package, unless the module's whole name is given);
nothing else can be loaded."""


@dataclass(frozen=True)
class Parts:
    """A fitted model without code.

    Parameters
    ----------
    settings : dict
        JSON: kinds, numbers, texts; ``{"array": name}`` where an array stands, ``{"blob": name}`` where bytes do.
    arrays : dict of str to ndarray
    blobs : dict of str to bytes
        Content that has its own safe format; the name's suffix tells which (``.safetensors``).
    """

    settings: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    blobs: dict[str, bytes] = field(default_factory=dict)


def require(condition: bool | np.bool_, message: str) -> None:
    """Refuse a part that does not hold together."""
    if not condition:
        raise ModelError(f"the model is damaged: {message}")


class Part(ABC):
    """A dataclass that can be kept in a model file.

    Attributes
    ----------
    kind : str
        Its name in the file.
    keeps_rows : bool
        Whether it holds rows of the training table.
    row_by_row : bool
        Whether a row's bits are the same in a block of any size (no matrix product is involved).
    tolerance : float
        How far its numbers may lie, relative to one more than their size, from those on another kind of processor.
    """

    kind: ClassVar[str]
    keeps_rows: ClassVar[bool] = False
    row_by_row: ClassVar[bool] = False
    tolerance: ClassVar[float] = 1e-6

    def parts_below(self) -> Iterator[Part]:
        """This part and all parts inside it."""
        yield self
        for place in fields(self):  # type: ignore[arg-type]
            value = getattr(self, place.name)
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, Part):
                    yield from inner.parts_below()


class Transform(Part):
    """A step that turns rows into other rows before a model sees them."""

    n_columns: int

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of columns that come out."""

    @abstractmethod
    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows turned; the given ones stay as they are."""


class Predictor(Part):
    """A fitted model: rows in, probabilities or values out."""

    n_columns: int

    @property
    @abstractmethod
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""

    @abstractmethod
    def outputs(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities, shape ``(n, classes)``, or values, shape ``(n, 1)``, of a block of dense rows."""

    def table(self, rows: Any, threads: int = 1) -> NDArray[np.float64]:
        """The outputs of any number of rows, dense or sparse, computed block by block over threads."""
        return _in_blocks(self, rows, threads)

    def predict_proba(self, rows: NDArray[Any] | csr_matrix, threads: int = 1) -> NDArray[np.float64]:
        """Probability of each class for each row, shape ``(n, classes)``; rows of sums 1."""
        if self.n_classes == 0:
            raise ModelError("a regression model gives values, not probabilities")
        return np.minimum(self.table(rows, threads), 1.0)  # a sum of shares may pass 1 by its last bit

    def predict(self, rows: NDArray[Any] | csr_matrix, threads: int = 1) -> NDArray[Any]:
        """Value of each row, or the index of its most probable class; shape ``(n,)``."""
        found = self.table(rows, threads)
        return found.argmax(axis=1) if self.n_classes else found[:, 0]


def _dense(rows: Any) -> NDArray[np.float64]:
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)


BRING_BLAS = ("numpy", "scipy.linalg", "torch")
"""Modules that bring a library of matrix products of their own."""


@lru_cache(maxsize=8)
def _controller(loaded: tuple[str, ...]) -> Any:
    """Who sets the threads of the libraries in this process: looking for them takes longer than a small prediction."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_blas_thread(model: Predictor) -> Any:
    """One thread for matrix products, whose bits depend on the number; nothing for a model that has none."""
    if model.row_by_row:
        return nullcontext()
    loaded = tuple(name for name in BRING_BLAS if name in sys.modules)
    return _controller(loaded).limit(limits=1, user_api="blas")


def _in_blocks(model: Predictor, rows: Any, threads: int) -> NDArray[np.float64]:
    """The model's outputs, block by block, one BLAS thread each; refuses what gives no finite number."""
    rows = rows if hasattr(rows, "toarray") else np.asarray(rows)
    if rows.ndim != 2 or rows.shape[1] != model.n_columns:
        raise TableError(f"rows of shape {rows.shape} given to a model of {model.n_columns} columns")
    out = np.empty((rows.shape[0], max(1, model.n_classes)))
    size = int(np.clip(BLOCK_CELLS // max(1, model.n_columns), 8, MANY if model.row_by_row else BLOCK))

    def run(start: int) -> None:
        part = block = _dense(rows[start : start + size])
        _refuse_rows(start, np.isinf(part).any(axis=1))
        if len(part) < size and not model.row_by_row:
            block = np.zeros((size, model.n_columns))
            block[: len(part)] = part
        out[start : start + size] = model.outputs(block)[: len(part)]

    starts = range(0, rows.shape[0], size)
    with _one_blas_thread(model):
        if threads > 1 and len(starts) > 1:
            with ThreadPoolExecutor(min(threads, len(starts))) as pool:
                list(pool.map(run, starts))
        else:
            list(map(run, starts))
    _refuse_rows(0, ~np.isfinite(out).all(axis=1))
    return out


def _refuse_rows(start: int, bad: Any) -> None:
    """Refuse a row with a value that gives no finite number."""
    if bad.any():
        raise TableError(
            f"row {start + int(bad.argmax()) + 1} has a missing or infinite value that this model cannot take"
        )


def take_apart(part: Part) -> Parts:
    """A part as settings, arrays and blobs."""
    arrays: dict[str, NDArray[Any]] = {}
    blobs: dict[str, bytes] = {}

    def encode(value: Any, path: str) -> Any:
        if isinstance(value, np.ndarray):
            arrays[path] = value
            return {"array": path}
        if isinstance(value, bytes):
            blobs[f"{path}.safetensors"] = value
            return {"blob": f"{path}.safetensors"}
        if isinstance(value, Part):
            inner = {f.name: encode(getattr(value, f.name), f"{path}.{f.name}") for f in fields(value)}  # type: ignore[arg-type]
            return {"kind": value.kind, **inner}
        if isinstance(value, tuple):
            return [encode(entry, f"{path}.{i}") for i, entry in enumerate(value)]
        return value

    return Parts(encode(part, "model"), arrays, blobs)


@lru_cache(maxsize=64)
def _checks(kind: str) -> tuple[type[Part], dict[str, Callable[[Any], bool]]]:
    """The class of a kind, and a check of each of its fields by its annotation."""
    module, name = _homes[kind].split(":")
    found = getattr(import_module(module if "." in module else f"bioautofeat.models.predictors.{module}"), name)
    hints = typing.get_type_hints(found)
    return found, {f.name: _check_of(hints[f.name]) for f in fields(found)}


def _check_of(hint: Any) -> Callable[[Any], bool]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is np.ndarray:
        wanted = np.dtype(typing.get_args(arguments[1])[0])
        return lambda value: isinstance(value, np.ndarray) and value.dtype == wanted
    if origin is tuple:
        inner = _check_of(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(inner, value))
    if hint is float:
        return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return lambda value: isinstance(value, hint)


def restore(parts: Parts) -> Predictor:
    """The predictor that was taken apart; every field, shape and index is looked at first.

    Raises
    ------
    ModelError
        For a kind, a field or an array that does not belong, and for anything that does not hold together.
    """
    used: set[str] = set()

    def decode(value: Any, depth: int) -> Any:
        require(depth < DEEPEST, "parts are nested too deep")
        if isinstance(value, list):
            return tuple(decode(entry, depth + 1) for entry in value)
        if not isinstance(value, Mapping):
            return value
        if set(value) in ({"array"}, {"blob"}):
            what, name = next(iter(value.items()))
            held: Mapping[str, Any] = parts.arrays if what == "array" else parts.blobs
            require(isinstance(name, str) and name in held, f"{what} {name!r} is missing")
            used.add(name)
            return held[name]
        kind = value.get("kind")
        require(isinstance(kind, str) and kind in _homes, f"{kind!r} is no kind of model that this version knows")
        return _build(str(kind), {k: decode(v, depth + 1) for k, v in value.items() if k != "kind"})

    model = decode(parts.settings, 0)
    require(isinstance(model, Predictor), "it holds no model")
    stray = sorted({*parts.arrays, *parts.blobs} - used)
    require(not stray, f"{stray[0] if stray else ''!r} belongs to nothing")
    return typing.cast(Predictor, model)


def _build(kind: str, values: dict[str, Any]) -> Part:
    found, checks = _checks(kind)
    require(set(values) == set(checks), f"{kind} has the fields {', '.join(sorted(values))}")
    for name, check in checks.items():
        value = values[name]
        require(check(value), f"{kind}: {name} is of the wrong type")
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            require(np.isfinite(value).all(), f"{kind}: {name} holds numbers that are not finite")
    return found(**values)
