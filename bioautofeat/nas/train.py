"""Training: one plain loop, deterministic under a seed, that keeps to its clock and can go on where it stopped."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.encode import Data
from bioautofeat.nas.running import device_of, evaluate, precision, predict, reproducible, seeded

__all__ = [
    "History",
    "Settings",
    "batches",
    "checkpoint_of",
    "device_of",
    "evaluate",
    "loss_of",
    "predict",
    "seeded",
    "train",
]

BUCKET = 32
"""So many batches are drawn at random and then dealt by length, where records differ in length."""


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Parameters
    ----------
    epochs : int
        At most.
    batch : int
    learning_rate : float
        Largest, of AdamW; it rises over the first tenth of the steps and falls to 0 as a cosine.
    weight_decay : float
    patience : int
        Epochs without a better validation score after which training ends; 0 for never.
    balanced : bool
        Whether each class weighs the same in the loss, whatever its size.
    smoothing : float
        Share of the target that is spread over all classes.
    other_strand : bool
        Whether half of the records are read from the other strand in training (DNA alone).
    clip : float
        Largest norm of a gradient.
    metric : str
        The validation score that picks the best epoch: a measure of ``bioautofeat.evaluation.metrics``; by default
        ``mcc`` for classes and ``r2`` for values.
    decide : bool
        Whether that score is taken after choosing the rule that turns probabilities into classes, as fits a metric
        of rare classes, rather than of the most probable class.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    patience: int = 8
    balanced: bool = False
    smoothing: float = 0.0
    other_strand: bool = False
    clip: float = 5.0
    metric: str = ""
    decide: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.patience < 0:
            raise ParameterError(
                "training needs at least one epoch, batches of at least one record, patience from 0 on"
            )
        if not (0 < self.learning_rate < 10 and 0 <= self.weight_decay < 10 and 0 <= self.smoothing < 1):
            raise ParameterError("the learning rate, the weight decay or the smoothing is out of bounds")


@dataclass
class History:
    """What happened, one entry an epoch.

    Parameters
    ----------
    loss : list of float
        Mean training loss.
    metric : list of float
        Validation score, larger is better; empty without validation records.
    best_epoch : int
        Number of epochs behind the best state.
    best_state : dict of str to Tensor
        Weights of the best epoch, on the CPU; the network holds them when training has ended.
    stopped : str
        Why it ended: ``epochs``, ``patience`` or ``deadline``.
    seconds : float
    """

    loss: list[float] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    best_epoch: int = 0
    best_state: dict[str, Tensor] = field(default_factory=dict)
    stopped: str = "epochs"
    seconds: float = 0.0

    @property
    def best(self) -> float:
        """The best validation score; minus the last loss without validation records."""
        return self.metric[self.best_epoch - 1] if self.metric else -self.loss[-1]


def batches(lengths: Tensor, size: int, generator: torch.Generator) -> list[Tensor]:
    """Rows of each batch of an epoch, in random order; records of like length share a batch.

    A last batch of one record joins the one before it: a single record has no spread to normalise by.
    """
    order = torch.randperm(len(lengths), generator=generator)
    if int(lengths.max()) > int(lengths.min()):
        dealt = [part[lengths[part].argsort(stable=True)] for part in order.split(size * BUCKET)]
        order = torch.cat(dealt)
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return [parts[i] for i in torch.randperm(len(parts), generator=generator).tolist()]


def loss_of(data: Data, settings: Settings) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of outputs against targets: cross-entropy for classes, squared error for values."""
    if not data.classifies:
        return lambda outputs, targets: functional.mse_loss(outputs[:, 0].float(), targets)
    assert data.targets is not None
    counts = torch.bincount(data.targets).float()
    each = torch.where(counts > 0, counts.sum() / (counts > 0).sum() / counts.clamp(min=1), 0.0)

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        weights = functional.pad(each, (0, outputs.shape[1] - len(each))) if settings.balanced else None
        return functional.cross_entropy(outputs.float(), targets, weights, label_smoothing=settings.smoothing)

    return loss


def _seed(*numbers: int) -> int:
    """A seed of its own for each combination of numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _rate(share: float) -> float:
    """Factor of the learning rate after a share of the training."""
    warm = 0.1
    return (
        max(share / warm, 0.02)
        if share < warm
        else 0.5 * (1 + math.cos(math.pi * min(1.0, (share - warm) / (1 - warm))))
    )


class _Run:
    """One training: what its epochs share."""

    def __init__(
        self,
        network: nn.Module,
        data: Data,
        validation: Data | None,
        settings: Settings,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.settings, self.seed, self.device = network.to(device), settings, seed, device
        self.data = data.to(device)
        self.validation = validation.to(device) if validation is not None and len(validation) else None
        self.lengths = data.lengths.cpu()
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.history = History()
        self.start, self.deadline = time.monotonic(), math.inf
        self.validating = 0.0
        """Seconds that scoring the validation records takes."""

    def share(self, epoch: int, step: int, steps: int) -> float:
        """How far training is, by steps or by the clock, whichever is further."""
        done = (epoch + step / steps) / self.settings.epochs
        spent = time.monotonic() - self.start
        return max(done, spent / max(self.deadline - self.start, 1e-9)) if self.deadline < math.inf else done

    def late(self) -> bool:
        """Whether only the time for a last look at the validation records is left."""
        return time.monotonic() + self.validating >= self.deadline

    def epoch(self, number: int) -> float | None:
        """Train for one epoch; its mean loss, None where the deadline cut it off."""
        settings, data = self.settings, self.data
        generator = torch.Generator().manual_seed(_seed(self.seed, number, 1))
        parts = batches(self.lengths, settings.batch, generator)
        loss_function = loss_of(data, settings)
        self.network.train()
        total, seen = 0.0, 0
        for step, rows in enumerate(parts):
            if self.late():
                self._refuse_first(number, step, len(parts))
                return None
            for group in self.optimiser.param_groups:
                group["lr"] = settings.learning_rate * _rate(self.share(number, step, len(parts)))
            flip = torch.rand(len(rows), generator=generator) < 0.5 if settings.other_strand else None
            rows = rows.to(self.device)
            total += self.step(rows, None if flip is None else flip.to(self.device), loss_function) * len(rows)
            seen += len(rows)
        return total / seen

    def _refuse_first(self, number: int, step: int, steps: int) -> None:
        if self.history.loss or number:
            return
        spent = max(time.monotonic() - self.start, 1e-3)
        guess = f"; one takes about {math.ceil(spent * steps / step)} s here" if step else ""
        raise UnfinishedError(
            f"the time budget ended before the first epoch was done{guess}: give more time, fewer records or a smaller network"
        )

    def step(self, rows: Tensor, flip: Tensor | None, loss_function: Callable[[Tensor, Tensor], Tensor]) -> float:
        """One step of the optimiser; the batch's loss."""
        assert self.data.targets is not None
        self.optimiser.zero_grad(set_to_none=True)
        with precision(self.device):
            outputs = self.network(*self.data.batch(rows, flip))
        loss = loss_function(outputs, self.data.targets[rows])
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.optimiser.step()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise UnfinishedError("training diverged: the loss is not finite; use a smaller learning rate")
        return value

    def judge(self) -> None:
        """Score the validation records, and keep the weights where they are the best so far."""
        history, begin = self.history, time.monotonic()
        if self.validation is not None:
            assert self.validation.targets is not None
            outputs = predict(self.network, self.validation, device=self.device, precise=False)
            history.metric.append(
                evaluate(outputs, self.validation.targets, self.settings.metric, decide=self.settings.decide)
            )
            self.validating = max(self.validating, time.monotonic() - begin)
        if self.validation is None or history.metric[-1] > max(history.metric[:-1], default=-math.inf):
            history.best_epoch = len(history.loss)
            history.best_state = _copied(self.network)

    def go(self, checkpoint: Path | None, tell: Callable[[str], None]) -> None:
        """All epochs that are left."""
        history, settings = self.history, self.settings
        for number in range(len(history.loss), settings.epochs):
            if settings.patience and number - history.best_epoch >= settings.patience:
                history.stopped = "patience"
                return
            with seeded(_seed(self.seed, number, 2)):
                loss = self.epoch(number)
            if loss is None:
                history.stopped = "deadline"
                return
            history.loss.append(loss)
            self.judge()
            score = f", validation {history.metric[-1]:.4f}" if history.metric else ""
            tell(f"epoch {number + 1} of {settings.epochs}: loss {loss:.4f}{score}")
            if checkpoint is not None:
                self.keep(checkpoint)

    def fingerprint(self) -> str:
        """What must be the same for a training to go on: settings, seed, shapes of weights, records with their targets."""
        shapes = [(name, tuple(value.shape)) for name, value in self.network.state_dict().items()]
        parts = (self.data,) if self.validation is None else (self.data, self.validation)
        return repr((asdict(self.settings), self.seed, shapes, _digest(parts)))

    def keep(self, path: Path) -> None:
        """Write everything that the next epoch needs."""
        content = {
            "fingerprint": self.fingerprint(), "network": self.network.state_dict(), "optimiser": self.optimiser.state_dict(),
            "loss": self.history.loss, "metric": self.history.metric, "best_epoch": self.history.best_epoch,
            "best_state": self.history.best_state,
        }  # fmt: skip
        beside = path.with_name(f"{path.name}.part")
        torch.save(content, beside)
        os.replace(beside, path)

    def resume(self, path: Path) -> None:
        """Take up a training that was kept; another one than this is refused."""
        try:
            content = torch.load(path, map_location=self.device, weights_only=True)
            found = content["fingerprint"]
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError):
            raise UnfinishedError(f"{path} is no checkpoint that can be read: remove it to begin anew") from None
        if found != self.fingerprint():
            raise ParameterError(f"{path} is the checkpoint of another training: remove it or name another file")
        self.network.load_state_dict(content["network"])
        self.optimiser.load_state_dict(content["optimiser"])
        state = {name: value.cpu() for name, value in content["best_state"].items()}
        self.history = History(content["loss"], content["metric"], content["best_epoch"], state)


def _digest(parts: Iterable[Data]) -> str:
    """A hash of letters and targets."""
    digest = hashlib.sha256()
    for part in parts:
        for values in (part.letters, part.targets):
            if values is not None:
                digest.update(repr((values.dtype, tuple(values.shape))).encode())
                digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def checkpoint_of(
    folder: Path | None, architecture: str, settings: Settings, seed: int, parts: Iterable[Data]
) -> Path | None:
    """Where in a folder a training is kept: another file for everything on which its result depends.

    Parameters
    ----------
    folder : Path or None
        None where trainings are not kept.
    architecture : str
    settings : Settings
    seed : int
    parts : iterable of Data
        Records that teach, and those that judge.
    """
    if folder is None:
        return None
    known = repr((architecture, asdict(settings), seed, _digest(parts)))
    return folder / f"{hashlib.sha256(known.encode()).hexdigest()[:32]}.pt"


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def train(
    network: nn.Module, data: Data, validation: Data | None = None, *, settings: Settings | None = None, seed: int = 0,
    device: Any = "cpu", deadline: float | None = None, checkpoint: str | os.PathLike[str] | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> History:  # fmt: skip
    """Train a network; afterwards it holds the weights of its best epoch, in eval mode.

    Parameters
    ----------
    network : Module
        Called as ``network(x, mask)``.
    data, validation : Data
        Records with targets.  Without validation records the last epoch is the best.
    settings : Settings
    seed : int
        Of the order of records, of dropout and of strands; the weights are drawn by whoever builds the network.
    device : str or torch.device
    deadline : float, optional
        Time (``time.monotonic()``) at which training has ended; the learning rate falls in time.  Where it cuts the
        epochs short, the result depends on the machine's speed.
    checkpoint : path, optional
        Written after each epoch; an existing one of the same training is taken up where it stopped.
    tell : callable
        Is given a line for each epoch.

    Raises
    ------
    UnfinishedError
        Where the deadline comes before the first epoch is done, and where the loss is no longer finite.
    """
    if data.targets is None or not len(data):
        raise ParameterError("training needs records with targets")
    settings = settings or Settings()
    if settings.other_strand and data.encoder.alphabet != "dna":
        raise ParameterError(f"records of {data.encoder.alphabet} have no other strand to be read from")
    run = _Run(network, data, validation, settings, seed, torch.device(device))
    run.deadline = math.inf if deadline is None else deadline
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        run.resume(path)
    with reproducible():
        run.go(path, tell)
    history = run.history
    network.load_state_dict(history.best_state)
    network.eval()
    history.seconds = time.monotonic() - run.start
    return history
