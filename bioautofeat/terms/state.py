"""What a term has learnt, as plain values: how fitted terms are kept in a model file without any code.

A fitted term and the blank one that its spec builds differ in what ``fit`` put there, and in nothing else.  So the
state of a term is that difference, field by field, and nobody has to write it down: a term that is a frozen dataclass
and learns numbers, texts, arrays, tuples of these, training sequences, or the fields of nested terms and tracks, is
already storable.  Three rules for whoever writes a fitted term:

1. ``fit`` returns the same class with some fields replaced (``dataclasses.replace``).
2. A learnt field holds None, bool, int, float, str, a numeric or text ndarray, :class:`Sequences`, a tuple of these,
   or a term or track of the class that already stood there.
3. ``__post_init__`` checks the shapes (and ranges of indices) of learnt arrays and raises :class:`ModelError`, because
   the values may come from a file that someone else made, and a kernel does not look before it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.errors import ModelError
from bioautofeat.sequences import Sequences

__all__ = ["State", "learnt_fields", "with_fields"]

State = Mapping[str, Any]
"""Learnt fields by name: plain values, arrays, lists, or a mapping of one entry that says what its content is."""


def _same(old: Any, new: Any) -> bool:
    """Whether two values of a field are equal, arrays and nested parts included."""
    if old is new:
        return True
    if type(old) is not type(new) or isinstance(new, Sequences):
        return False
    if isinstance(new, np.ndarray):
        return old.dtype == new.dtype and np.array_equal(old, new, equal_nan=new.dtype.kind == "f")
    if isinstance(new, (tuple, list)):
        return len(old) == len(new) and all(map(_same, old, new))
    if is_dataclass(new) and not isinstance(new, Alphabet):
        return all(_same(getattr(old, field.name), getattr(new, field.name)) for field in fields(new))
    return bool(old == new)


def _encode(old: Any, new: Any, where: str) -> Any:
    if new is None or isinstance(new, (bool, int, float, str)):
        return new
    if isinstance(new, np.generic):
        return new.item()
    if isinstance(new, np.ndarray) and new.dtype.kind in "biuf":
        return new
    if isinstance(new, np.ndarray) and new.dtype.kind == "U":
        return {"text": new.tolist()}
    if isinstance(new, (tuple, list)):
        before = old if isinstance(old, (tuple, list)) and len(old) == len(new) else (None,) * len(new)
        return [_encode(a, b, f"{where}.{i}") for i, (a, b) in enumerate(zip(before, new, strict=True))]
    if isinstance(new, Sequences):
        codes = new.codes[new.offsets[0] : new.offsets[-1]]
        return {"sequences": {"codes": codes, "offsets": new.offsets - new.offsets[0], "alphabet": new.alphabet.name}}
    if is_dataclass(new) and type(new) is type(old):
        state = new.state(old) if hasattr(new, "state") else learnt_fields(old, new)
        return {"part": state}
    raise ModelError(f"{where}: a {type(new).__name__} that was learnt cannot be kept in a model file")


def learnt_fields(blank: Any, fitted: Any) -> dict[str, Any]:
    """The fields in which a fitted part differs from the blank one, as plain values."""
    if type(blank) is not type(fitted):
        raise ModelError(f"{type(blank).__name__} became {type(fitted).__name__} when fitted: it cannot be kept")
    pairs = ((f.name, getattr(blank, f.name), getattr(fitted, f.name)) for f in fields(fitted) if f.init)
    return {
        name: _encode(old, new, f"{type(fitted).__name__}.{name}") for name, old, new in pairs if not _same(old, new)
    }


def _sequences(content: Mapping[str, Any]) -> Sequences:
    """Training sequences, their bounds and codes checked."""
    alphabet = get_alphabet(content["alphabet"])
    codes, offsets = content["codes"], content["offsets"]
    sound = (
        isinstance(codes, np.ndarray) and codes.dtype == np.uint8 and codes.ndim == 1
        and isinstance(offsets, np.ndarray) and offsets.dtype == np.int64 and offsets.ndim == 1
        and len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == len(codes)
        and bool(np.all(np.diff(offsets) >= 0)) and (not len(codes) or int(codes.max()) <= alphabet.size)
    )  # fmt: skip
    if not sound:
        raise ModelError("the training sequences in the model are damaged")
    return Sequences(codes, offsets, tuple(f"t{i + 1}" for i in range(len(offsets) - 1)), alphabet)


def _read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array


def _decode(old: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _read_only(np.ascontiguousarray(value))
    if isinstance(value, list):
        before = old if isinstance(old, (tuple, list)) and len(old) == len(value) else (None,) * len(value)
        return tuple(_decode(a, b) for a, b in zip(before, value, strict=True))
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((kind, content),) = value.items()
            if kind == "text":
                return _read_only(np.array(content, dtype=np.str_))
            if kind == "sequences":
                return _sequences(content)
            if kind == "part" and is_dataclass(old) and not isinstance(old, type):
                return old.with_state(content) if hasattr(old, "with_state") else with_fields(old, content)
        raise ModelError(f"the state of a descriptor holds an unknown entry: {', '.join(map(str, value))}")
    return value


def with_fields(blank: Any, state: State) -> Any:
    """A part with its learnt fields put back; ``__post_init__`` of the part checks them."""
    known = {field.name for field in fields(blank)}
    stray = sorted(set(state) - known)
    if stray:
        raise ModelError(f"{type(blank).__name__} has no field {stray[0]!r}: the model was made by another version")
    return replace(blank, **{name: _decode(getattr(blank, name), value) for name, value in state.items()})
