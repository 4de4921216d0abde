"""Arrays in a model file: all arrays of one type lie in one ``.npy`` part, and an index says where each begins.

The header of such a part is compared with the only form that we write; nothing in it is evaluated.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError

__all__ = ["join_trees", "pack", "parse_npy", "split_trees", "unpack"]

TYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
HEADER = re.compile(
    rb"\{'descr': '([<>=|][A-Za-z][0-9]*)', 'fortran_order': (True|False), 'shape': \(([0-9]{1,18}), ?\), \} *\n"
)
MAX_HEADER = 4096


def parse_npy(content: bytes, name: str) -> NDArray[Any]:
    """The one-dimensional array of numbers that a part holds, read-only and without a copy.

    Raises
    ------
    ModelError
        For another header than the plain one, for objects, and where the length is not that of the content.
    """
    if content[:6] != b"\x93NUMPY" or len(content) < 10:
        raise ModelError(f"{name} is corrupt: it is no .npy array")
    length = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + length]
    if b"O" in re.sub(rb"fortran_order|True|False", b"", header[:MAX_HEADER]):
        raise ModelError(f"{name} holds objects (a pickle): not allowed in a model bundle")
    found = HEADER.fullmatch(header) if content[6:8] == b"\x01\x00" and length <= MAX_HEADER else None
    if found is None or found[2] != b"False":
        raise ModelError(f"{name} is corrupt: its header is not that of a plain list of numbers")
    kinds = [kind for kind in TYPES if np.dtype(kind).newbyteorder("<").str == found[1].decode()]
    if not kinds:
        raise ModelError(f"{name} holds values of type {found[1].decode()}: not allowed in a model bundle")
    kind, count = np.dtype(kinds[0]), int(found[3])
    if count * kind.itemsize != len(content) - 10 - length:
        raise ModelError(f"{name} is corrupt: its header declares another number of values than it holds")
    return np.frombuffer(content, kind.newbyteorder("<"), count, 10 + length).astype(kind, copy=False)


def pack(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The index of the arrays, and the parts that hold them.

    Returns
    -------
    index : dict of str to [type, offset, shape]
    parts : dict of str to bytes
        One ``<type>.npy`` for each type that occurs.
    """
    index: dict[str, Any] = {}
    content: dict[str, list[NDArray[Any]]] = {}
    for name, array in sorted(arrays.items()):
        kind = array.dtype.name
        if kind not in TYPES:
            raise ModelError(f"an array of type {kind} cannot be kept in a model file")
        flat = content.setdefault(kind, [])
        index[name] = [kind, sum(part.size for part in flat), list(array.shape)]
        flat.append(np.ascontiguousarray(array).ravel())
    parts = {}
    for kind, flat in content.items():
        stream = io.BytesIO()
        joined = np.concatenate(flat)
        np.lib.format.write_array(
            stream, joined.astype(joined.dtype.newbyteorder("<")), version=(1, 0), allow_pickle=False
        )
        parts[f"{kind}.npy"] = stream.getvalue()
    return index, parts


def unpack(index: Any, parts: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of an index, as read-only views; every place is checked."""
    if not isinstance(index, dict):
        raise ModelError("meta.json is corrupt: it has no index of arrays")
    found = {}
    for name, row in index.items():
        if not isinstance(row, list) or len(row) != 3 or not isinstance(row[2], list) or len(row[2]) > 4:
            raise ModelError(f"meta.json is corrupt: array {name!r} is not described")
        kind, offset, shape = row
        numbers = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (offset, *shape))
        flat = parts.get(f"{kind}.npy") if isinstance(kind, str) else None
        if flat is None or not numbers or offset + math.prod(shape) > len(flat):
            raise ModelError(f"meta.json is corrupt: array {name!r} lies outside its part")
        found[name] = flat[offset : offset + math.prod(shape)].reshape(shape)
    return found


def split_trees(value: Any, arrays: dict[str, NDArray[Any]], path: str) -> Any:
    """A tree of mappings, lists and plain values, its arrays moved to ``arrays`` and named in their place."""
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path}
    if isinstance(value, Mapping):
        return {str(key): split_trees(inner, arrays, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [split_trees(inner, arrays, f"{path}.{i}") for i, inner in enumerate(value)]
    return value


def join_trees(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The tree with its arrays back in their places; what it takes is taken out of ``arrays`` by the caller."""
    if isinstance(value, dict):
        if set(value) == {"array"}:
            if not isinstance(value["array"], str) or value["array"] not in arrays:
                raise ModelError(f"meta.json is corrupt: array {value['array']!r} is missing")
            return arrays[value["array"]]
        return {key: join_trees(inner, arrays) for key, inner in value.items()}
    return [join_trees(inner, arrays) for inner in value] if isinstance(value, list) else value
