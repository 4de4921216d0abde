"""A short training of a network on a task: what cheap evaluators, warm starts and children of morphisms need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from bioautofeat.errors import UnfinishedError
from bioautofeat.nas.task import Batch, Task

__all__ = ["Fit", "fit"]


@dataclass(frozen=True)
class Fit:
    """How long and how fast.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Learning rate of AdamW at the start; it falls to 0 as a cosine.
    decay : float
    clip : float
        Largest norm of a gradient.
    """

    epochs: int = 10
    batch: int = 64
    rate: float = 0.01
    decay: float = 1e-3
    clip: float = 5.0


def fit(network: nn.Module, task: Task, settings: Fit, *, seed: int, stop: Callable[[], bool] = lambda: False) -> float:
    """Train in place, and give the validation score; the network is left in evaluation mode.

    Raises
    ------
    UnfinishedError
        Where time runs out before the first epoch is done, or the loss is not finite.
    """
    task = task.suited(network)
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    adam = torch.optim.AdamW(weights, settings.rate, weight_decay=settings.decay)
    steps = settings.epochs * math.ceil(len(task.train) / settings.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: 0.5 * (1 + math.cos(math.pi * min(step / steps, 1)))
    )
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for epoch in range(settings.epochs):
            batches = task.batches("train", settings.batch, rng)
            if not _epoch(network, task, batches, schedule, settings.clip, stop):
                if epoch == 0:
                    raise UnfinishedError("the time is too short for one epoch: give more, or take fewer records")
                break
    network.eval()
    return task.score(network)


def _epoch(
    network: nn.Module, task: Task, batches: Iterator[Batch], schedule: Any, clip: float, stop: Callable[[], bool]
) -> bool:
    """One pass; whether it was finished."""
    network.train()
    for x, mask, y in batches:
        loss = task.loss(network(x, mask), y)
        schedule.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), clip)
        schedule.optimizer.step()
        schedule.step()
        if not math.isfinite(float(loss.detach())):
            raise UnfinishedError("training diverged: the loss is not finite; use a smaller learning rate")
        if stop():
            return False
    return True
