"""A trial: one way to make a model, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "Trial", "seed_of"]

STATES = ("finished", "failed", "stopped", "skipped", "raced", "screened")
"""``stopped``: over its time or memory, or interrupted; ``raced``: dropped before the last fold, being behind the best of
its kind; ``screened``: judged by a share of the rows alone."""


def seed_of(*parts: Any) -> int:
    """A seed that depends on these parts alone, and on nothing that has happened before."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:4], "little") >> 1


@dataclass(frozen=True)
class Candidate:
    """A model on a set of descriptors, not tried yet.

    Parameters
    ----------
    model : str
        Name in the registry of models.
    values : mapping
        Its parameters that differ from their defaults.
    specs : tuple of str
        Descriptors, side by side.
    block : str
        Name of the set of descriptors, for the leaderboard.
    selection : str
        ``method:columns`` where the model sees the best columns alone, chosen on its training rows.
    share : float
        Share of the training rows that it is shown; below 1 it is only screened.
    """

    model: str
    values: Mapping[str, Any]
    specs: tuple[str, ...]
    block: str
    selection: str = ""
    share: float = 1.0

    @property
    def key(self) -> str:
        """Twelve hex digits that stand for the candidate."""
        settings = ",".join(f"{name}={self.values[name]!r}" for name in sorted(self.values))
        rest = [self.selection, *([f"{self.share:.4f}"] if self.share < 1.0 else [])]
        return hashlib.sha256("\0".join([self.model, settings, *self.specs, *rest]).encode()).hexdigest()[:12]

    @property
    def title(self) -> str:
        """As the leaderboard names it: ``xgboost(depth=6) on broad``."""
        settings = ", ".join(f"{name}={value}" for name, value in sorted(self.values.items()))
        method, _, columns = self.selection.partition(":")
        chosen = f"the best {columns} columns ({method}) of " if self.selection else ""
        part = f", {self.share:.0%} of the rows" if self.share < 1.0 else ""
        return f"{self.model}{f'({settings})' if settings else ''} on {chosen}{self.block}{part}"

    def as_dict(self) -> dict[str, Any]:
        """For the journal; :meth:`of` gives it back."""
        rest = {"selection": self.selection, "share": self.share}
        return {"model": self.model, "values": dict(self.values), "specs": list(self.specs), "block": self.block} | rest

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Candidate:
        """The candidate that :meth:`as_dict` describes."""
        return cls(
            described["model"], described["values"], tuple(described["specs"]), described["block"],
            described["selection"], described["share"],
        )  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What became of a candidate.

    Parameters
    ----------
    number : int
        Place in the order of trials, from 1.
    candidate : Candidate
    state : str
        One of ``STATES``.
    reason : str
        Why it did not finish.
    seconds : float
        Wall time.
    loss : float
        Out of fold: log loss, or mean squared error relative to the variance of the values.
    scores : mapping of str to float
        The usual measures, out of fold.
    fold_losses : tuple of float
    predictions : ndarray of float32, shape (judged rows, classes) or (judged rows,), optional
        Out-of-fold predictions of the rows that are judged.
    """

    number: int
    candidate: Candidate
    state: str = "finished"
    reason: str = ""
    seconds: float = 0.0
    loss: float = float("inf")
    scores: Mapping[str, float] = field(default_factory=dict)
    fold_losses: tuple[float, ...] = ()
    predictions: NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def finished(self) -> bool:
        """Whether it has predictions."""
        return self.state == "finished" and self.predictions is not None

    def as_dict(self) -> dict[str, Any]:
        """For the journal, predictions left out."""
        return {
            "number": self.number,
            "candidate": self.candidate.as_dict(),
            "state": self.state,
            "reason": self.reason,
            "seconds": self.seconds,
            "loss": self.loss if np.isfinite(self.loss) else None,
            "scores": dict(self.scores),
            "fold_losses": list(self.fold_losses),
        }
