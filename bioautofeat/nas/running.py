"""Running networks: devices, seeds, outputs and their scores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bioautofeat.errors import ParameterError
from bioautofeat.evaluation.calibration import fit_decision
from bioautofeat.evaluation.metrics import get_metric
from bioautofeat.nas.encode import Data

__all__ = ["device_of", "evaluate", "precision", "predict", "reproducible", "seeded", "threads_of_torch"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's generators begin at a seed, and are put back afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def reproducible() -> Iterator[None]:
    """On a GPU, the same kernels every time."""
    before = (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark)
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before


@contextmanager
def threads_of_torch(threads: int) -> Iterator[None]:
    """So many threads for torch's operations, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def device_of(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
    except RuntimeError:
        raise ParameterError(f"unknown device {name!r}: use auto, cpu or cuda") from None
    if found.type == "cuda" and not (torch.cuda.is_available() and (found.index or 0) < torch.cuda.device_count()):
        raise ParameterError(f"device {name!r} is asked for, but torch sees no such GPU here: use cpu or auto")
    if found.type not in ("cpu", "cuda"):
        raise ParameterError(f"unknown device {name!r}: use auto, cpu or cuda")
    return found


def precision(device: torch.device) -> Any:
    """Mixed precision on a GPU that has it; plain single precision elsewhere."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


@torch.no_grad()
def predict(
    network: nn.Module, data: Data, *, device: Any = "cpu", batch: int = 256, precise: bool = True
) -> NDArray[np.float64]:
    """Outputs of a network for records, in their order, shape ``(n, outputs)``; the network is left in eval mode."""
    network.eval()
    device = torch.device(device)
    data = data.to(device)
    order = data.lengths.argsort(stable=True)
    found = []
    with nullcontext() if precise else precision(device):
        for rows in order.split(batch):
            found.append(network(*data.batch(rows)).double().cpu())
    out = torch.cat(found)
    back = torch.empty_like(out)
    back[order.cpu()] = out
    return back.numpy()


def probabilities(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outputs as probabilities of classes."""
    shares = np.exp(outputs - outputs.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def evaluate(outputs: NDArray[np.float64], targets: Tensor, metric: str = "", *, decide: bool = False) -> float:
    """Score of outputs, larger is better.

    Parameters
    ----------
    outputs : ndarray, shape (n, outputs)
    targets : Tensor, shape (n,)
    metric : str
        By default ``mcc`` for classes and ``r2`` for values.
    decide : bool
        Whether the rule that turns probabilities into classes is chosen for the metric on these very records, rather
        than the most probable class: what a model is worth before its rule is chosen.
    """
    truth = targets.cpu().numpy()
    if targets.is_floating_point():
        row = get_metric(metric or "r2", "regression")
        return float(row.sign * row.measure(truth.astype(np.float64), outputs[:, 0]))
    row = get_metric(metric or "mcc", "classification")
    shares = probabilities(outputs)
    if row.sees == "probabilities":
        return float(row.sign * row.measure(truth, shares))
    chosen = fit_decision(shares, truth, row.name).apply(shares) if decide else shares.argmax(1)
    return float(row.sign * row.measure(truth, chosen))
