"""The registry: one row a descriptor, written once by ``@descriptor`` above the function that builds its term."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioautofeat.alphabet import DNA, PROTEIN, RNA, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Parameter, parameters_of, unknown
from bioautofeat.terms.base import Term

__all__ = ["ANY", "Descriptor", "Spec", "descriptor", "find", "get", "parse"]

ANY = frozenset({DNA, RNA, PROTEIN})


@dataclass(frozen=True)
class Descriptor:
    """What is known of a descriptor before any data are seen.

    Parameters
    ----------
    name, title : str
    family : str
        Module that holds it.
    alphabets : frozenset of Alphabet
    parameters : mapping of str to Parameter
    reference : str
        The source of the definition.
    columns : str
        Number of columns as a formula of the parameters, ``n`` (symbols) and ``L`` (length described).
    peers : tuple of str
        Programs that compute it.
    differs : str
        Where the value deliberately differs from which peer, and why, with a number; empty where it does not.
    aliases : tuple of str
        Other names of the literature; ``name:key=value`` where a name stands for certain parameters.
    build : callable
        ``build(alphabet, **parameters)`` gives the term.
    """

    name: str
    title: str
    family: str
    alphabets: frozenset[Alphabet]
    parameters: Mapping[str, Parameter]
    reference: str
    columns: str
    peers: tuple[str, ...]
    differs: str
    aliases: tuple[str, ...]
    build: Callable[..., Term]

    @property
    def documentation(self) -> str:
        """The docstring of the function that builds it."""
        return inspect.cleandoc(self.build.__doc__ or "")

    def __call__(self, **values: Any) -> Spec:
        """The descriptor with these parameters, for Python; checked at once."""
        return Spec(self, self._checked(values))

    def _checked(self, values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        given = {name.rstrip("_"): value for name, value in values.items()}
        checked = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, value in given.items():
            if name not in self.parameters:
                raise ParameterError(f"{self.name}: {unknown('parameter', name, self.parameters)}")
            try:
                checked[name] = self.parameters[name].range.check(value)
            except ParameterError as error:
                raise ParameterError(f"{self.name}: {name}: {error}") from None
        return tuple(checked.items())


@dataclass(frozen=True)
class Spec:
    """A descriptor with its parameters: what ``kmer:k=3`` stands for.

    Examples
    --------
    >>> spec = parse("kmer:k=4")
    >>> str(spec), spec.prefix
    ('kmer:k=4', 'kmer_k4')
    """

    descriptor: Descriptor
    values: tuple[tuple[str, Any], ...]

    @property
    def changed(self) -> list[tuple[str, str]]:
        """Names and texts of the parameters that differ from their defaults."""
        rows = self.descriptor.parameters
        return [(name, rows[name].range.text(v)) for name, v in self.values if v != rows[name].default]

    def __str__(self) -> str:
        options = ",".join(f"{name}={text}" for name, text in self.changed)
        return f"{self.descriptor.name}:{options}" if options else self.descriptor.name

    @property
    def prefix(self) -> str:
        """Start of the columns' names: letters, digits and ``_ . - +`` only; long values as eight hex digits."""
        parts = [self.descriptor.name]
        for name, text in self.changed:
            short = Path(text).stem if "/" in text or text.endswith(".csv") else text
            if len(short) > 24 or not re.fullmatch(r"[A-Za-z0-9_.+-]+", short):
                short = hashlib.sha256(text.encode()).hexdigest()[:8]
            parts.append(f"{name}{short}")
        return "_".join(parts)

    def term(self, alphabet: Alphabet) -> Term:
        """The term for an alphabet; :class:`ParameterError` where the descriptor has no meaning there."""
        if alphabet not in self.descriptor.alphabets:
            fit = ", ".join(sorted(a.name for a in self.descriptor.alphabets))
            raise ParameterError(f"{self.descriptor.name} is for {fit}, not for {alphabet.name}")
        arguments = {name + "_" * (name == "lambda"): value for name, value in self.values}
        try:
            return self.descriptor.build(alphabet, **arguments)
        except ParameterError as error:
            if str(error).startswith(self.descriptor.name):
                raise
            raise ParameterError(f"{self}: {error}") from None


_rows: dict[str, Descriptor] = {}
_aliases: dict[str, tuple[str, str]] = {}
"""Other names, in lower case: the descriptor's name, and the options that the name stands for."""


def descriptor(
    title: str,
    *,
    alphabets: Iterable[Alphabet] = ANY,
    reference: str,
    columns: str,
    peers: str = "",
    differs: str = "",
    aliases: str = "",
) -> Callable[[Callable[..., Term]], Callable[..., Term]]:
    """Register the function below as a descriptor; its signature, after the alphabet, is its parameter table."""

    def register(build: Callable[..., Term]) -> Callable[..., Term]:
        name, family = build.__name__, build.__module__.rsplit(".", 1)[-1]
        row = Descriptor(
            name, title, family, frozenset(alphabets), parameters_of(build, skip=1), reference, columns,
            tuple(peers.split()), differs, tuple(aliases.split()), build,
        )  # fmt: skip
        others = {alias.partition(":")[0].lower(): (name, alias.partition(":")[2]) for alias in row.aliases}
        others.pop(name, None)
        for key in (name, *others):
            if key in _rows or key in _aliases:
                raise ParameterError(f"descriptor {key!r} is already registered")
        _rows[name] = row
        _aliases.update(others)
        return build

    return register


def get(name: str) -> Descriptor:
    """The descriptor of that name or alias, in upper or lower case."""
    return _rows[_look_up(name)[0]]


def _look_up(name: str) -> tuple[str, str]:
    """The name of a descriptor and the options that an alias stands for."""
    key = name.lower()
    if key not in _rows and key not in _aliases:
        raise unknown("descriptor", name, [*_rows, *_aliases])
    return (key, "") if key in _rows else _aliases[key]


def find(alphabet: Alphabet | None = None) -> list[Descriptor]:
    """All descriptors, or those of an alphabet, by name."""
    return sorted(
        (r for r in _rows.values() if alphabet is None or alphabet in r.alphabets),
        key=lambda r: r.name,
    )


def parse(text: str | Spec) -> Spec:
    """Read ``name`` or ``name:key=value,key=value``; nothing in it is ever evaluated."""
    if isinstance(text, Spec):
        return text
    name, _, options = text.partition(":")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name):
        raise ParameterError(f"{text!r} is not a descriptor: write name or name:key=value,key=value, e.g. kmer:k=3")
    key, preset = _look_up(name)
    row = _rows[key]
    values = {**_options(row, name, preset), **_options(row, name, options)}
    return row(**values)


def _options(row: Descriptor, name: str, text: str) -> dict[str, Any]:
    """The values that ``key=value,key=value`` gives."""
    values: dict[str, Any] = {}
    for option in text.split(",") if text else []:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise ParameterError(f"{name}: {option!r} is no option: write key=value, e.g. {name}:k=3")
        if key not in row.parameters:
            raise ParameterError(f"{name}: {unknown('parameter', key, row.parameters)}")
        if key in values:
            raise ParameterError(f"{name}: {key} is given twice")
        try:
            values[key] = row.parameters[key].range.parse(value)
        except ParameterError as error:
            raise ParameterError(f"{name}: {key}: {error}") from None
    return values
