"""Ranges of parameters: one declaration that checks, parses, documents and searches.

A descriptor or a model declares its parameters as annotations of its own signature::

    def cksnap(alphabet: Alphabet, gap: Annotated[int, Int(0)] = 3) -> Term: ...
"""

from __future__ import annotations

import inspect
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from bioautofeat.errors import ParameterError

__all__ = [
    "Choice",
    "Flag",
    "Int",
    "Names",
    "Parameter",
    "Range",
    "Real",
    "Slug",
    "Text",
    "parameters_of",
    "unknown",
]


def unknown(kind: str, name: str, known: typing.Iterable[str]) -> ParameterError:
    """The error for a name that does not exist, with the nearest one that does."""
    options = sorted(known)
    near = get_close_matches(name, options, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(options[:12])}"
    return ParameterError(f"unknown {kind} {name!r}; {hint}")


class Range(ABC):
    """What values a parameter may take."""

    kind = "value"

    @abstractmethod
    def parse(self, text: str) -> Any:
        """The value that a text stands for; :class:`ParameterError` where it stands for none."""

    @abstractmethod
    def check(self, value: Any) -> Any:
        """The value in its canonical type; :class:`ParameterError` where it is outside."""

    def text(self, value: Any) -> str:
        """The value as a spec writes it; ``parse`` turns it back."""
        return str(value)

    @abstractmethod
    def describe(self) -> str:
        """The range in words, for documentation and messages."""

    def sample(self, rng: np.random.Generator) -> Any:
        """A value drawn from the range, for searches."""
        raise ParameterError(f"a {self.kind} cannot be drawn at random")

    def neighbours(self, value: Any) -> list[Any]:
        """Values next to one, for local searches."""
        return []


@dataclass(frozen=True)
class Int(Range):
    """Whole numbers from ``low`` to ``high``; without ``high`` only memory bounds them.

    ``usual`` is the largest value that a search tries where ``high`` is open.
    """

    low: int
    high: int | None = None
    usual: int | None = None
    kind = "integer"

    def parse(self, text: str) -> int:
        try:
            return self.check(int(text))
        except ValueError as error:
            if isinstance(error, ParameterError):
                raise
            raise ParameterError(f"{text!r} is not a whole number") from None

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise ParameterError(f"{value!r} is not a whole number")
        if value < self.low or (self.high is not None and value > self.high):
            raise ParameterError(f"{value} is outside {self.describe()}")
        return int(value)

    def describe(self) -> str:
        return f"{self.low}..{self.high}" if self.high is not None else f"{self.low} or more"

    @property
    def top(self) -> int:
        """Largest value that a search tries."""
        return self.high if self.high is not None else (self.usual or self.low + 5)

    def sample(self, rng: np.random.Generator) -> int:
        return int(rng.integers(self.low, self.top + 1))

    def neighbours(self, value: int) -> list[int]:
        return [near for near in (value - 1, value + 1) if self.low <= near <= self.top]


@dataclass(frozen=True)
class Real(Range):
    """Real numbers from ``low`` to ``high``, on a logarithmic scale where that is asked."""

    low: float
    high: float
    log: bool = False
    kind = "number"

    def parse(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ParameterError(f"{text!r} is not a number") from None
        return self.check(number)

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise ParameterError(f"{value!r} is not a number")
        if not self.low <= float(value) <= self.high:
            raise ParameterError(f"{value} is outside {self.describe()}")
        return float(value)

    def text(self, value: float) -> str:
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)

    def describe(self) -> str:
        return f"{self.low:g}..{self.high:g}"

    def sample(self, rng: np.random.Generator) -> float:
        if self.log:
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    def neighbours(self, value: float) -> list[float]:
        step = (self.high / self.low) ** 0.1 if self.log else (self.high - self.low) / 10
        pair = [value / step, value * step] if self.log else [value - step, value + step]
        return [min(max(near, self.low), self.high) for near in pair]


@dataclass(frozen=True)
class Choice(Range):
    """One of a few names."""

    options: tuple[str, ...]
    kind = "choice"

    def __init__(self, *options: str) -> None:
        object.__setattr__(self, "options", options)

    def parse(self, text: str) -> str:
        return self.check(text)

    def check(self, value: Any) -> str:
        if value not in self.options:
            raise ParameterError(f"{value!r} is not one of {self.describe()}")
        return str(value)

    def describe(self) -> str:
        return ", ".join(self.options)

    def sample(self, rng: np.random.Generator) -> str:
        return self.options[int(rng.integers(len(self.options)))]

    def neighbours(self, value: str) -> list[str]:
        return [option for option in self.options if option != value]


@dataclass(frozen=True)
class Flag(Range):
    """Yes or no."""

    kind = "flag"

    def parse(self, text: str) -> bool:
        known = {
            "true": True,
            "yes": True,
            "1": True,
            "false": False,
            "no": False,
            "0": False,
        }
        if text.lower() not in known:
            raise ParameterError(f"{text!r} is neither true nor false")
        return known[text.lower()]

    def check(self, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise ParameterError(f"{value!r} is neither true nor false")
        return bool(value)

    def text(self, value: bool) -> str:
        return "true" if value else "false"

    def describe(self) -> str:
        return "true, false"

    def sample(self, rng: np.random.Generator) -> bool:
        return bool(rng.integers(2))

    def neighbours(self, value: bool) -> list[bool]:
        return [not value]


@dataclass(frozen=True)
class Text(Range):
    """A free text that the descriptor itself checks: a spacing pattern, the name of a table, a CSV file."""

    pattern: str
    kind = "text"

    def parse(self, text: str) -> str:
        return self.check(text)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ParameterError(f"{value!r} is not {self.pattern}")
        return value

    def describe(self) -> str:
        return self.pattern


@dataclass(frozen=True)
class Slug(Range):
    """A name from the package's data, listed only when a value is drawn, or a user's CSV file.

    The descriptor itself refuses a name that does not exist.
    """

    what: str
    known: Callable[[], typing.Iterable[str]]
    kind = "name"

    def parse(self, text: str) -> str:
        return self.check(text)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ParameterError(f"{value!r} is not {self.what}")
        return value

    def describe(self) -> str:
        return self.what

    def sample(self, rng: np.random.Generator) -> str:
        names = sorted(self.known())
        return names[int(rng.integers(len(names)))]

    def neighbours(self, value: str) -> list[str]:
        names = sorted(self.known())
        if value not in names:
            return []
        place = names.index(value)
        return [names[near] for near in (place - 1, place + 1) if 0 <= near < len(names)]


@dataclass(frozen=True)
class Names(Range):
    """One or more names, joined by ``+`` in a spec, from a table that the descriptor looks up."""

    what: str
    kind = "names"

    def parse(self, text: str) -> tuple[str, ...]:
        return self.check(tuple(text.split("+")))

    def check(self, value: Any) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else tuple(value)
        if not names or not all(isinstance(name, str) and name for name in names):
            raise ParameterError(f"{value!r} is no list of {self.what}")
        return names

    def text(self, value: tuple[str, ...]) -> str:
        return "+".join(value)

    def describe(self) -> str:
        return f"{self.what}, joined by +"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a descriptor, a model or a strategy: its name as users write it, its range, its default."""

    name: str
    range: Range
    default: Any


def parameters_of(build: Callable[..., Any], skip: int = 0) -> Mapping[str, Parameter]:
    """The parameters that a function declares by ``Annotated[type, Range] = default``.

    A trailing underscore (``lambda_``) belongs to Python, not to the name that users write.
    """
    hints = typing.get_type_hints(build, include_extras=True)
    found = {}
    for argument in list(inspect.signature(build).parameters.values())[skip:]:
        limits = [extra for extra in typing.get_args(hints[argument.name])[1:] if isinstance(extra, Range)]
        if len(limits) != 1 or argument.default is inspect.Parameter.empty:
            raise ParameterError(f"{build.__name__}: {argument.name} needs one range and a default")
        name = argument.name.rstrip("_")
        found[name] = Parameter(name, limits[0], limits[0].check(argument.default))
    return found
