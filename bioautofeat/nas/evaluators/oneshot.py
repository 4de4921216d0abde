"""One-shot: a supernet is trained once, and an architecture is judged by the weights that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bioautofeat.errors import UnfinishedError
from bioautofeat.nas.evaluators.base import Evaluator, Relax, never
from bioautofeat.nas.supernet import Supernet, Weights, dropped, recalibrate, uniform
from bioautofeat.nas.task import Batch, Task
from bioautofeat.search.base import Suggestion
from bioautofeat.search.space import Point, Space

__all__ = ["OneShot", "Sharing"]


@dataclass(frozen=True)
class Sharing:
    """How shared weights are trained.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Learning rate (SGD with momentum .9), falling to 0 as a cosine.
    decay : float
        L2 on the weights that a batch used, and on no others.
    clip : float
    ways : {"paths", "templates"}
        ``paths``: all operations, some paths dropped; ``templates``: one architecture drawn evenly for each batch.
    dropout : float
        Chance that all paths into a node are dropped at the end of training.
    ghost : int
        Records that are normalised together; 0 for the whole batch.
    """

    epochs: int = 30
    batch: int = 64
    rate: float = 0.02
    decay: float = 1e-4
    clip: float = 5.0
    ways: str = "paths"
    dropout: float = 0.05
    ghost: int = 0


class OneShot(Evaluator):
    """Shared weights with path dropout (Bender et al. 2018, ICML), or with single paths drawn evenly.

    An architecture is judged with the other paths off and with normalisation statistics taken anew from one batch.

    Parameters
    ----------
    task : Task
    relax : callable
        Supernet of a space.
    sharing : Sharing
    """

    def __init__(self, task: Task, relax: Relax, sharing: Sharing = Sharing()) -> None:
        self.task, self.relax, self.sharing = task, relax, sharing
        self.supernet: Supernet | None = None
        self._calibration: Batch | None = None

    def open(self, space: Space, *, seed: int) -> Supernet:
        """The supernet with first weights, for searches by gradient that train it themselves."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.supernet = self.relax(space).to(self.task.device)
        rng = np.random.default_rng([seed, 1])
        self._calibration = next(self.task.batches("train", max(self.sharing.batch, 256), rng))
        return self.supernet

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        supernet = self.open(space, seed=seed)
        rng = np.random.default_rng(seed)
        sgd = torch.optim.SGD(supernet.parameters(), self.sharing.rate, 0.9, weight_decay=self.sharing.decay)
        steps = -(-len(self.task.train) // self.sharing.batch) * self.sharing.epochs
        batches = self.task.draws("train", self.sharing.batch, rng)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for step in range(steps):
                for group in sgd.param_groups:
                    group["lr"] = self.sharing.rate * 0.5 * (1 + np.cos(np.pi * step / steps))
                supernet.train()
                self.learn(next(batches), sgd, self.drawn(step / steps, rng))
                self.after(step, steps)
                if stop():
                    if step * self.sharing.batch < len(self.task.train):
                        raise UnfinishedError("the time is too short for one epoch of the supernet: give more")
                    break
        supernet.eval()

    def drawn(self, progress: float, rng: np.random.Generator) -> Weights:
        """What a batch of training goes through."""
        assert self.supernet is not None
        if self.sharing.ways == "templates":
            return uniform(self.supernet.decisions, rng)
        return dropped(self.supernet, self.sharing.dropout, progress, rng)

    def learn(self, batch: Batch, sgd: torch.optim.Optimizer, weights: Weights) -> None:
        """One step of the shared weights; the batch is split where few records are normalised together."""
        assert self.supernet is not None
        x, mask, y = batch
        size = self.sharing.ghost or len(y)
        sgd.zero_grad(set_to_none=True)
        for start in range(0, len(y), size):
            part = slice(start, start + size)
            logits = self.supernet(x[part], None if mask is None else mask[part], weights=weights)
            loss = self.task.loss(logits, y[part]) * (len(y[part]) / len(y))
            if loss.requires_grad:
                loss.backward()
        torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), self.sharing.clip)
        sgd.step()

    def after(self, step: int, steps: int) -> None:
        """What else is learnt after each batch; nothing here."""

    def evaluate(self, suggestion: Suggestion) -> float:
        return self.shared_score(suggestion.point)

    def shared_score(self, point: Point) -> float:
        """Validation score of an architecture with the shared weights."""
        assert self.supernet is not None
        assert self._calibration is not None
        way, net = self.supernet.way(point), self.supernet
        x, mask, _ = self._calibration
        recalibrate(net, lambda: net(x, mask, weights=way))
        return self.task.score(lambda x, mask: net(x, mask, weights=way))
