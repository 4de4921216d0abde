"""Search by gradient: the weights of a supernet and the numbers of its architecture are trained in turn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bioautofeat.errors import BioautofeatWarning, ParameterError
from bioautofeat.nas.strategies import darts
from bioautofeat.nas.strategies.relaxation import Relaxation, Rule, Softmax, check_relaxable, discretise, skip_share
from bioautofeat.nas.supernet import Supernet
from bioautofeat.nas.task import Batch, Task
from bioautofeat.search.space import Point

__all__ = ["CollapseStop", "Epoch", "GradientSearch", "Rates", "Relaxed"]


@dataclass(frozen=True)
class Rates:
    """Steps of both levels.

    Parameters
    ----------
    epochs, batch : int
        Passes over the rows that teach; rows of a batch.
    weight_rate, weight_rate_end : float
        Learning rate of the weights (SGD), from the first to the second along a cosine.
    momentum, weight_decay, clip : float
        Of the weights; ``clip`` is the largest norm of a gradient.
    alpha_rate, alpha_decay : float
        Of the architecture's numbers (Adam, betas .5 and .999).
    warmup : int
        Epochs at the start in which the architecture's numbers rest.
    share : float
        Of the validation loss, where both levels are one.
    """

    epochs: int = 50
    batch: int = 64
    weight_rate: float = 0.025
    weight_rate_end: float = 0.001
    momentum: float = 0.9
    weight_decay: float = 3e-4
    clip: float = 5.0
    alpha_rate: float = 3e-4
    alpha_decay: float = 1e-3
    warmup: int = 0
    share: float = 1.0


@dataclass(frozen=True)
class CollapseStop:
    """Stop when the curvature of the validation loss has risen, and go back to the numbers from before it rose.

    Parameters
    ----------
    window : int
        Epochs over which the dominant eigenvalue is averaged, and how far back it is compared.
    drop : float
        Stop when the mean of the window before, divided by that of now, is below this (Zela et al. 2020, ICLR).
    """

    window: int = 5
    drop: float = 0.75

    def says_stop(self, eigenvalues: list[float]) -> bool:
        """Whether the last epoch is the one to stop at."""
        if len(eigenvalues) < 2 * self.window:
            return False
        now = abs(float(np.mean(eigenvalues[-self.window :])))
        before = abs(float(np.mean(eigenvalues[-2 * self.window : -self.window])))
        return before / max(now, 1e-300) < self.drop


@dataclass(frozen=True)
class Epoch:
    """What an epoch left behind: mean losses of both parts, share of skips, dominant eigenvalue (NaN if not asked for)."""

    train: float
    validation: float
    skips: float
    eigenvalue: float


@dataclass
class Relaxed:
    """What a search by gradient found.

    Parameters
    ----------
    point : Point
    chances : dict of str to ndarray
        What each option was worth.
    epochs : list of Epoch
    collapsed : bool
        Whether more than half of the decisions came out as skips.
    stopped : {"epochs", "collapse", "deadline"}
    """

    point: Point
    chances: dict[str, NDArray[np.float64]]
    epochs: list[Epoch] = field(default_factory=list)
    collapsed: bool = False
    stopped: str = "epochs"


class GradientSearch:
    """DARTS and its kin: alternate steps of the architecture on validation batches and of the weights on training ones.

    Parameters
    ----------
    relaxation : Relaxation
    order : {"first", "second", "mixed"}
        ``mixed`` moves both at once along ``L_train + share * L_val``.
    rates : Rates
    channels : int
        One channel in so many goes through the operations; the supernet must be made so.
    stop : CollapseStop, optional
    rule : Rule
        Of the choice at the end.
    """

    def __init__(
        self,
        relaxation: Relaxation | None = None,
        order: str = "first",
        rates: Rates = Rates(),
        *,
        channels: int = 1,
        stop: CollapseStop | None = None,
        rule: Rule = Rule(),  # noqa: B008
    ) -> None:
        if order not in ("first", "second", "mixed"):
            raise ParameterError(f"{order!r} is none of first, second, mixed")
        self.relaxation, self.order, self.rates = relaxation or Softmax(), order, rates
        self.channels, self.stop, self.rule = channels, stop, rule

    def run(self, supernet: Supernet, task: Task, *, seed: int, stop: Callable[[], bool] = lambda: False) -> Relaxed:
        """Search; the supernet's weights are trained in place.

        Parameters
        ----------
        supernet : Supernet
        task : Task
        seed : int
        stop : callable
            Looked at after every batch; at least one batch is done.
        """
        check_relaxable(supernet)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found = _Run(self, supernet, task, seed).go(stop)
        if found.collapsed:
            share = found.epochs[-1].skips
            warnings.warn(
                f"collapse: {share:.0%} of the edges ended as skips; try darts-es, fair-darts or darts-mixed",
                BioautofeatWarning,
                stacklevel=2,
            )
        return found


class _Run:
    """The state of one search."""

    def __init__(self, search: GradientSearch, supernet: Supernet, task: Task, seed: int) -> None:
        self.search, self.rates, self.net, self.task = search, search.rates, supernet, task
        self.generator = torch.Generator().manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.alphas = search.relaxation.start(supernet, self.generator)
        self.weights = [weight for weight in supernet.parameters() if weight.requires_grad]
        rates = self.rates
        self.sgd = torch.optim.SGD(self.weights, rates.weight_rate, rates.momentum, weight_decay=rates.weight_decay)
        self.adam = torch.optim.Adam(
            self.alphas.values(), rates.alpha_rate, betas=(0.5, 0.999), weight_decay=rates.alpha_decay
        )
        self.past: list[dict[str, Tensor]] = []
        self.log: list[Epoch] = []

    def go(self, stop: Callable[[], bool]) -> Relaxed:
        """All epochs, or as many as there is time for."""
        judges = self.task.draws("validation", self.rates.batch, self.rng)
        why = "epochs"
        for epoch in range(self.rates.epochs):
            self._cool(epoch)
            ended = self._epoch(epoch, judges, stop)
            if ended:
                why = "deadline"
                break
            rule = self.search.stop
            if rule is not None and rule.says_stop([entry.eigenvalue for entry in self.log]):
                why = "collapse"
                kept = self.past[max(0, len(self.past) - 1 - rule.window)]
                for name, alpha in self.alphas.items():
                    alpha.data.copy_(kept[name])
                break
        return self._found(why)

    def _cool(self, epoch: int) -> None:
        """The learning rate of the weights along its cosine."""
        rates = self.rates
        wave = 0.5 * (1 + np.cos(np.pi * epoch / rates.epochs))
        for group in self.sgd.param_groups:
            group["lr"] = rates.weight_rate_end + (rates.weight_rate - rates.weight_rate_end) * wave

    def _epoch(self, epoch: int, judges: Iterator[Batch], stop: Callable[[], bool]) -> bool:
        """One pass over the rows that teach; whether time ran out."""
        self.net.train()
        losses: list[tuple[float, float]] = []
        batches = list(self.task.batches("train", self.rates.batch, self.rng))
        ended = False
        for number, teacher in enumerate(batches):
            progress = (epoch + number / len(batches)) / self.rates.epochs
            losses.append(self._pair(teacher, next(judges), progress, epoch >= self.rates.warmup))
            ended = stop()
            if ended:
                break
        self._note(np.mean(losses, axis=0), next(judges))
        return ended

    def _loss(self, batch: Batch, progress: float) -> Tensor:
        x, mask, y = batch
        weights = self.search.relaxation.weights(self.alphas, progress, self.generator)
        return self.task.loss(self.net(x, mask, weights=weights), y)

    def _pair(self, teacher: Batch, judge: Batch, progress: float, moves: bool) -> tuple[float, float]:
        """A step of the architecture and one of the weights; both losses before the step that they lead to."""
        seen = {"train": 0.0, "validation": 0.0}

        def train() -> Tensor:
            loss = self._loss(teacher, progress)
            seen["train"] = float(loss.detach())
            return loss

        def validation() -> Tensor:
            loss = self._loss(judge, progress)
            seen["validation"] = float(loss.detach())
            return loss + self.search.relaxation.penalty(self.alphas)

        numbers = list(self.alphas.values())
        if self.search.order == "mixed":
            by_alpha, by_weight = darts.mixed(numbers, self.weights, validation, train, self.rates.share)
            if moves:
                self._step(self.adam, numbers, by_alpha)
            self._step(self.sgd, self.weights, by_weight)
            return seen["train"], seen["validation"]
        if moves:
            self._step(self.adam, numbers, self._outward(numbers, validation, train))
        self.sgd.zero_grad(set_to_none=True)
        train().backward()
        nn.utils.clip_grad_norm_(self.weights, self.rates.clip)
        self.sgd.step()
        return seen["train"], seen["validation"]

    def _outward(
        self, numbers: list[nn.Parameter], validation: Callable[[], Tensor], train: Callable[[], Tensor]
    ) -> list[Tensor]:
        """The gradient of the architecture, of the order asked for."""
        if self.search.order == "first":
            return darts.first_order(numbers, validation)
        buffers = [self.sgd.state[weight].get("momentum_buffer") for weight in self.weights]
        rate = float(self.sgd.param_groups[0]["lr"])
        step = darts.InnerStep(rate, self.rates.momentum, self.rates.weight_decay, buffers)
        return darts.second_order(numbers, self.weights, validation, train, step, self.generator)

    def _step(self, optimiser: torch.optim.Optimizer, values: list[nn.Parameter], gradients: list[Tensor]) -> None:
        for value, gradient in zip(values, gradients, strict=True):
            value.grad = gradient
        nn.utils.clip_grad_norm_(values, self.rates.clip)
        optimiser.step()

    def _note(self, losses: Mapping[int, float] | NDArray[np.float64], judge: Batch) -> None:
        """Write the epoch down."""
        value = float("nan")
        if self.search.stop is not None:
            numbers = list(self.alphas.values())
            value = darts.dominant_eigenvalue(lambda: self._loss(judge, 1.0), numbers, self.generator)
        share = skip_share(self._way(), self.net)
        self.log.append(Epoch(float(losses[0]), float(losses[1]), share, value))
        self.past.append({name: alpha.detach().clone() for name, alpha in self.alphas.items()})

    def _way(self) -> dict[str, int]:
        chances = self.search.relaxation.probabilities(self.alphas)
        return discretise(chances, self.net, self.search.rule)

    def _found(self, why: str) -> Relaxed:
        chances = self.search.relaxation.probabilities(self.alphas)
        way = self._way()
        return Relaxed(self.net.point(way), chances, self.log, skip_share(way, self.net) > 0.5, why)
