"""Spaces: what may be chosen, in what order, under which condition; everything else follows from one method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag, Int, Range, Real

__all__ = ["Chooser", "ParameterSpace", "Point", "Space"]

Point = tuple[tuple[str, Any], ...]
"""A choice for every parameter in force, in the order in which they were drawn; hashable."""

Chooser = Callable[[str, Range], Any]


class Space(ABC):
    """A set of points, told by how one is drawn.

    A subclass writes ``draw`` alone: it asks ``choose(name, range)`` for each parameter in force, in order, and may
    let later questions depend on earlier answers.  Sampling, mutation, neighbours, enumeration and encoding follow.

    Examples
    --------
    >>> from bioautofeat.parameters import Choice, Int
    >>> class Models(Space):
    ...     def draw(self, choose):
    ...         if choose("model", Choice("knn", "bayes")) == "knn":
    ...             choose("neighbours", Int(1, 3))
    >>> [dict(point) for point in Models().points()][-2:]
    [{'model': 'knn', 'neighbours': 3}, {'model': 'bayes'}]
    """

    @abstractmethod
    def draw(self, choose: Chooser) -> None:
        """Ask ``choose(name, range)`` for every parameter in force."""

    def point(self, choose: Chooser) -> Point:
        """The point that the answers of ``choose`` make."""
        drawn: list[tuple[str, Any]] = []

        def keep(name: str, limits: Range) -> Any:
            value = choose(name, limits)
            drawn.append((name, value))
            return value

        self.draw(keep)
        return tuple(drawn)

    def sample(self, rng: np.random.Generator) -> Point:
        """A point drawn at random: each parameter uniformly from its range."""
        return self.point(lambda name, limits: limits.sample(rng))

    def ranges(self, point: Point) -> dict[str, Range]:
        """The range of every parameter in force at a point."""
        values, found = dict(point), {}

        def answer(name: str, limits: Range) -> Any:
            found[name] = limits
            return values[name]

        self.draw(answer)
        return found

    def replaced(self, point: Point, name: str, value: Any, rng: np.random.Generator) -> Point:
        """The point with one parameter changed.

        Parameters that come into force by it, and those whose new range does not hold their value, are drawn at random.
        """
        values = dict(point) | {name: value}
        return self.point(
            lambda key, limits: values[key] if key in values and _holds(limits, values[key]) else limits.sample(rng)
        )

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """The point with one parameter, chosen at random, set to another value."""
        ranges = {name: limits for name, limits in self.ranges(point).items() if _movable(limits)}
        if not ranges:
            return point
        name = list(ranges)[int(rng.integers(len(ranges)))]
        old = dict(point)[name]
        for _ in range(100):
            value = ranges[name].sample(rng)
            if value != old:
                return self.replaced(point, name, value, rng)
        return point

    def neighbours(self, point: Point, rng: np.random.Generator) -> list[Point]:
        """Every point that differs by one step of one parameter, in order of the parameters."""
        values = dict(point)
        return [
            self.replaced(point, name, value, rng)
            for name, limits in self.ranges(point).items()
            for value in limits.neighbours(values[name])
        ]

    def points(self) -> Iterator[Point]:
        """Every point of a finite space, in lexicographic order of the answers; real numbers are refused."""
        answers: list[int] = []
        while True:
            options: list[int] = []
            point = self.point(_following(answers, options))
            yield point
            while options and answers[len(options) - 1] + 1 == options[-1]:
                options.pop()
            if not options:
                return
            answers[len(options) - 1] += 1
            del answers[len(options) :]

    def encode(self, points: Sequence[Point]) -> NDArray[np.float64]:
        """Points as vectors: numbers as they are (logarithms on a logarithmic scale), names as one column each.

        The columns are those that these points use; a parameter that is not in force is -1 in its columns.
        """
        columns: dict[Any, int] = {}
        cells: list[tuple[int, Any, float]] = []
        for row, point in enumerate(points):
            ranges = self.ranges(point)
            for name, value in point:
                key, number = _coordinate(name, ranges[name], value)
                cells.append((row, key, number))
                columns.setdefault(key, 0)
        ordered = {key: column for column, key in enumerate(sorted(columns, key=str))}
        table = np.full((len(points), len(ordered)), -1.0)
        for row, key, number in cells:
            table[row, ordered[key]] = number
        return table


def _holds(limits: Range, value: Any) -> bool:
    """Whether a value lies in a range."""
    try:
        limits.check(value)
    except ParameterError:
        return False
    return True


def _movable(limits: Range) -> bool:
    if isinstance(limits, Choice):
        return len(limits.options) > 1
    return not isinstance(limits, Int) or limits.top > limits.low


def _values(limits: Range) -> list[Any]:
    """All values of a finite range, in order."""
    if isinstance(limits, Choice):
        return list(limits.options)
    if isinstance(limits, Flag):
        return [False, True]
    if isinstance(limits, Int):
        return list(range(limits.low, limits.top + 1))
    raise ParameterError(f"a {limits.kind} has no finite list of values: use another strategy than grid")


def _following(answers: list[int], options: list[int]) -> Chooser:
    """A chooser that gives the answers noted so far, then the first of each range, and notes how many there were."""

    def choose(name: str, limits: Range) -> Any:
        values = _values(limits)
        if len(options) == len(answers):
            answers.append(0)
        options.append(len(values))
        return values[answers[len(options) - 1]]

    return choose


def _coordinate(name: str, limits: Range, value: Any) -> tuple[Any, float]:
    """Column and number of one answer."""
    if isinstance(limits, Real):
        return (name,), float(np.log(value)) if limits.log else float(value)
    if isinstance(limits, (Int, Flag)):
        return (name,), float(value)
    return (name, value), 1.0


class ParameterSpace(Space):
    """A space of parameters that are all in force, fixed ones left out."""

    def __init__(self, ranges: Mapping[str, Range]) -> None:
        self.given = dict(ranges)

    def draw(self, choose: Chooser) -> None:
        for name, limits in self.given.items():
            choose(name, limits)
