"""What a search trains on: records, a loss, a score, and which rows teach and which judge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bioautofeat.errors import ParameterError
from bioautofeat.nas.encode import Data

__all__ = ["Batch", "Forward", "SequenceTask", "Task", "TensorTask"]

Batch = tuple[Tensor, Tensor | None, Tensor]
"""Inputs of shape ``(n, channels, length)`` or ``(n, channels, height, width)``, mask or None, targets."""

Forward = Callable[[Tensor, Tensor | None], Tensor]
"""Logits, or values, of inputs and their mask."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Task(ABC):
    """Records with their targets, in two parts.

    Parameters
    ----------
    train, validation : ndarray of int
        Rows of either part; no row belongs to both.
    n_outputs : int
        Classes, or 1 for regression.
    measure : {"accuracy", "loss"}
        What :meth:`score` gives: the share of right classes (minus the loss for real numbers), or minus the loss.
    weights : Tensor, shape (classes,), optional
        Of each class in the loss.
    """

    train: Rows
    validation: Rows
    n_outputs: int = 2
    measure: str = "accuracy"
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.train) < 2 or len(self.validation) == 0:
            raise ParameterError("a search needs at least two rows to learn from and one to judge by")
        if self.measure not in ("accuracy", "loss"):
            raise ParameterError(f"{self.measure!r} is neither accuracy nor loss")

    @property
    @abstractmethod
    def n_inputs(self) -> int:
        """Channels that come in."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the batches are."""

    @abstractmethod
    def batch(self, rows: Rows) -> Batch:
        """The records of some rows."""

    def rows(self, part: str) -> Rows:
        """Rows of ``train`` or ``validation``."""
        return self.train if part == "train" else self.validation

    def suited(self, network: Any) -> Self:
        """The task as a network wants its inputs, where architectures differ in how letters are encoded."""
        return self

    def row_batches(self, part: str, size: int, rng: np.random.Generator) -> Iterator[Rows]:
        """Every row of a part once, in random order; a last batch of a single row is left out."""
        order = rng.permutation(self.rows(part))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            if len(rows) > 1 or len(order) == 1:
                yield rows

    def row_draws(self, part: str, size: int, rng: np.random.Generator) -> Iterator[Rows]:
        """Rows of batches without end, one pass over the part after the other."""
        while True:
            yield from self.row_batches(part, size, rng)

    def batches(self, part: str, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """The batches of :meth:`row_batches`."""
        return map(self.batch, self.row_batches(part, size, rng))

    def draws(self, part: str, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """The batches of :meth:`row_draws`."""
        return map(self.batch, self.row_draws(part, size, rng))

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of class numbers, mean squared error of real numbers."""
        if y.is_floating_point():
            return F.mse_loss(logits.reshape(y.shape), y)
        return F.cross_entropy(logits, y, self.weights)

    @torch.no_grad()
    def score(self, forward: Forward, part: str = "validation", size: int = 512) -> float:
        """The measure over a whole part, larger is better; the caller has put the network into evaluation mode."""
        total, rows = 0.0, self.rows(part)
        for start in range(0, len(rows), size):
            x, mask, y = self.batch(rows[start : start + size])
            found = forward(x, mask)
            right = self.measure == "accuracy" and not y.is_floating_point()
            value = (found.argmax(1) == y).double().mean() if right else -self.loss(found, y).double()
            total += float(value) * len(y)
        return total / len(rows)

    def part(self, share: float, rng: np.random.Generator) -> Self:
        """The task with a share of the rows that teach (at least two); those that judge stay."""
        kept = max(2, round(share * len(self.train)))
        return replace(self, train=np.sort(rng.permutation(self.train)[:kept]))

    def halved(self, rng: np.random.Generator) -> Self:
        """Half of the rows that teach become those that judge, so that a search by gradient leaves the judges alone."""
        order = rng.permutation(self.train)
        middle = (len(order) + 1) // 2
        return replace(self, train=np.sort(order[:middle]), validation=np.sort(order[middle:]))


@dataclass(frozen=True, eq=False, kw_only=True)
class TensorTask(Task):
    """A task of tensors that are encoded already.

    Parameters
    ----------
    x : Tensor, shape (n, channels, length) or (n, channels, height, width)
    y : Tensor, shape (n,)
        Class numbers (int64), or real numbers (floating) for regression.
    mask : Tensor, shape (n, length), optional
        Ones where a record has letters; None where all fill the width.
    """

    x: Tensor
    y: Tensor
    mask: Tensor | None = None

    @property
    def n_inputs(self) -> int:
        return int(self.x.shape[1])

    @property
    def device(self) -> torch.device:
        return self.x.device

    def batch(self, rows: Rows) -> Batch:
        index = torch.from_numpy(np.ascontiguousarray(rows)).to(self.x.device)
        return self.x[index], None if self.mask is None else self.mask[index], self.y[index]


@dataclass(frozen=True, eq=False, kw_only=True)
class SequenceTask(Task):
    """A task of sequences, encoded batch by batch.

    Parameters
    ----------
    data : Data
        All records with their targets, of both parts.
    """

    data: Data

    @classmethod
    def of(cls, data: Data, train: Any, validation: Any, *, n_outputs: int, measure: str = "accuracy") -> Self:
        """The task of some rows of the data."""
        if data.targets is None:
            raise ParameterError("a search needs records with targets")
        rows = [np.asarray(part, np.int64) for part in (train, validation)]
        return cls(train=rows[0], validation=rows[1], n_outputs=n_outputs, measure=measure, data=data)

    def suited(self, network: Any) -> Self:
        encoder = getattr(getattr(network, "architecture", None), "encoder", self.data.encoder)
        return self if encoder == self.data.encoder else replace(self, data=replace(self.data, encoder=encoder))

    @property
    def n_inputs(self) -> int:
        return self.data.encoder.channels

    @property
    def device(self) -> torch.device:
        return self.data.letters.device

    def batch(self, rows: Rows) -> Batch:
        assert self.data.targets is not None  # checked where the task is made
        index = torch.from_numpy(np.ascontiguousarray(rows)).to(self.device)
        return (*self.data.batch(index), self.data.targets[index])
