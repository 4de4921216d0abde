"""Self-evaluated template network: shared weights learn evenly, and logits learn which templates do well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from bioautofeat.nas.evaluators.base import Relax, never
from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing
from bioautofeat.nas.strategies.relaxation import Softmax
from bioautofeat.nas.strategies.templates import ranked
from bioautofeat.nas.task import Batch, Task
from bioautofeat.search.space import Point, Space

__all__ = ["SelfEvaluated"]


class SelfEvaluated(OneShot):
    """Templates drawn evenly teach the weights; logits are trained on validation batches with the weights at rest.

    Weights never depend on the logits, so that nothing pushes skips (Dong and Yang 2019, ICCV: SETN).  The likeliest
    templates are judged with shared weights, and the best of them is the answer.

    Parameters
    ----------
    task : Task
    relax : callable
        Supernet of a space.
    sharing : Sharing
        Its ``ways`` are always templates.
    rate : float
        Learning rate of the logits (Adam).
    """

    def __init__(self, task: Task, relax: Relax, sharing: Sharing = Sharing(), rate: float = 0.02) -> None:  # noqa: B008
        super().__init__(task, relax, replace(sharing, ways="templates"))
        self.rate = rate
        self.alphas: dict[str, nn.Parameter] = {}

    def prepare(self, space: Space, *, seed: int, stop: Callable[[], bool] = never) -> None:
        rng = np.random.default_rng([seed, 2])
        # the logits learn from one half of the training rows that the weights do not see: the judges stay untouched
        whole, self.task = self.task, self.task.halved(rng)
        self._generator = torch.Generator().manual_seed(seed)
        self._judges: Iterator[Batch] = self.task.draws("validation", self.sharing.batch, rng)
        self._adam: torch.optim.Optimizer | None = None
        try:
            super().prepare(space, seed=seed, stop=stop)
        finally:
            self.task = whole

    def after(self, step: int, steps: int) -> None:
        """A step of the logits on a batch that the weights do not learn from."""
        assert self.supernet is not None
        relaxation = Softmax()
        if self._adam is None:
            self.alphas = relaxation.start(self.supernet, self._generator)
            self._adam = torch.optim.Adam(self.alphas.values(), self.rate, betas=(0.5, 0.999))
        x, mask, y = next(self._judges)
        weights = relaxation.weights(self.alphas, step / steps, self._generator)
        loss = self.task.loss(self.supernet(x, mask, weights=weights), y)
        numbers = list(self.alphas.values())
        for number, gradient in zip(numbers, torch.autograd.grad(loss, numbers), strict=True):
            number.grad = gradient
        self._adam.step()

    def log_probability(self, point: Point) -> float:
        """Sum of the logarithms of the probabilities of a template's options."""
        assert self.supernet is not None
        way = self.supernet.way(point)
        rows = {name: torch.log_softmax(alpha.detach().double(), 0) for name, alpha in self.alphas.items()}
        return float(sum(rows[name][number] for name, number in way.items()))

    def pick(self, space: Space, k: int, *, most: int = 20_000, draws: int = 2_000) -> Point:
        """The template of the best shared-weight score among the ``k`` likeliest.

        Parameters
        ----------
        space : Space
        k : int
        most : int
            A space of up to so many templates is enumerated; of a larger one ``draws`` points are looked at.
        draws : int
        """
        likely = ranked(space, self.log_probability, most=most, draws=draws)[:k]
        return likely[0] if k == 1 else max(likely, key=self.shared_score)
