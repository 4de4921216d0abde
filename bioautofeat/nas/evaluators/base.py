"""The contract of an evaluator: a space is shown to it once, then it gives each suggestion a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from bioautofeat.errors import ParameterError
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

if TYPE_CHECKING:
    from torch import nn

    from bioautofeat.nas.supernet import Supernet

__all__ = ["FAILURES", "Builder", "Evaluator", "Relax", "never"]

Builder = Callable[[Space, Point], "nn.Module"]
"""Makes the network of a point, called as ``network(x, mask)``; its weights come from torch's generator."""

Relax = Callable[[Space], "Supernet"]
"""Makes the supernet of a space."""


FAILURES = (ParameterError, RuntimeError, ArithmeticError, MemoryError)
"""What makes an evaluation a bad trial, and no end of the search."""


def never() -> bool:
    """A clock that never runs out."""
    return False


class Evaluator(ABC):
    """How good an architecture is, at some cost."""

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:  # noqa: B027  # why: most share nothing
        """What is done once for a space before any question: training what all architectures share.

        Parameters
        ----------
        space : Space
        seed : int
        stop : callable
            Whether time has run out for what is being done; looked at after every batch.  An evaluator that trains keeps
            it: once the questions begin it tells of the time of the whole search.
        """

    @property
    def instances(self) -> int:
        """Folds, or seeds, on which a suggestion may be asked for again; 1 where it has one score for all."""
        return 1

    @abstractmethod
    def evaluate(self, suggestion: Suggestion) -> float | None:
        """The score of a suggestion, larger is better; None where there is none."""
