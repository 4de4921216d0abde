"""Gradients of an architecture's numbers: first order, second order through one step of the weights, mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["InnerStep", "dominant_eigenvalue", "first_order", "mixed", "second_order"]

Loss = Callable[[], Tensor]
"""The loss of one batch at the present weights and numbers of the architecture."""


@dataclass(frozen=True)
class InnerStep:
    """The step of the weights that the second-order gradient looks through: momentum and weight decay included.

    Parameters
    ----------
    rate, momentum, decay : float
    buffers : sequence of Tensor or None
        What the optimiser of the weights remembers of earlier gradients; None before its first step.
    """

    rate: float
    momentum: float = 0.0
    decay: float = 0.0
    buffers: Sequence[Tensor | None] | None = None

    def directions(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        """Where the step goes: ``momentum * buffer + gradient + decay * weight``."""
        buffers = self.buffers or [None] * len(weights)
        found = []
        for weight, gradient, buffer in zip(weights, gradients, buffers, strict=True):
            direction = gradient + self.decay * weight.detach()
            found.append(direction if buffer is None else direction + self.momentum * buffer)
        return found


def _gradients(loss: Tensor, by: Sequence[Tensor]) -> list[Tensor]:
    """Gradients, zero for what the loss does not depend on."""
    if not loss.requires_grad:
        return [torch.zeros_like(one) for one in by]
    found = torch.autograd.grad(loss, list(by), allow_unused=True)
    return [torch.zeros_like(one) if g is None else g.detach() for g, one in zip(found, by, strict=True)]


class _Draws:
    """Where the generators stand that a loss draws from (dropout, noise), so that it can draw the same once more."""

    def __init__(self, weights: Sequence[Tensor], own: torch.Generator | None) -> None:
        places = {weight.get_device() for weight in weights if weight.is_cuda}
        self._generators = [torch.default_generator, *(torch.cuda.default_generators[place] for place in places)]
        self._generators += [] if own is None else [own]

    def state(self) -> list[Tensor]:
        """What :meth:`put_back` takes."""
        return [generator.get_state() for generator in self._generators]

    def put_back(self, state: Sequence[Tensor]) -> None:
        """Draw from here on as after that state."""
        for generator, one in zip(self._generators, state, strict=True):
            generator.set_state(one)


@contextmanager
def _moved(weights: Sequence[Tensor], by: Sequence[Tensor], factor: float) -> Iterator[None]:
    """The weights moved along a direction inside the block, and put back as they were."""
    kept = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for weight, direction in zip(weights, by, strict=True):
            weight.add_(direction, alpha=factor)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, old in zip(weights, kept, strict=True):
                weight.copy_(old)


def first_order(alphas: Sequence[Tensor], validation: Loss) -> list[Tensor]:
    """``grad_alpha L_val(w, alpha)``: the weights are taken as they are (Liu et al. 2019, ICLR: DARTS, xi = 0)."""
    return _gradients(validation(), alphas)


def second_order(
    alphas: Sequence[Tensor],
    weights: Sequence[Tensor],
    validation: Loss,
    train: Loss,
    step: InnerStep,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """``grad_alpha L_val(w', alpha)`` where ``w'`` is one step of the weights on the training loss, which alpha moves.

    ``grad_alpha L_val(w', alpha) - rate * (grad_alpha L_train(w+, alpha) - grad_alpha L_train(w-, alpha)) / (2 e)``
    with ``w+- = w +- e v``, ``v = grad_w' L_val(w', alpha)`` and ``e = 0.01 / |v|`` (Liu et al. 2019, equation 8).
    The weights are as before when it returns.  The training loss is taken three times and draws the same each time: two
    dropout masks would differ by far more than the weights of ``w+`` and ``w-`` do.

    Parameters
    ----------
    alphas, weights : sequence of Tensor
    validation, train : callable
        Losses of one batch each.
    step : InnerStep
    generator : torch.Generator, optional
        What the losses draw from beside torch's own generators.
    """
    draws = _Draws(weights, generator)
    start = draws.state()
    directions = step.directions(weights, _gradients(train(), weights))
    with _moved(weights, directions, -step.rate):
        found = _gradients(validation(), [*alphas, *weights])
    outer, vector = found[: len(alphas)], found[len(alphas) :]
    norm = sum(float((v * v).sum()) for v in vector) ** 0.5
    if norm == 0.0:
        return outer
    small, after = 0.01 / norm, draws.state()
    draws.put_back(start)
    with _moved(weights, vector, small):
        above = _gradients(train(), alphas)
    draws.put_back(start)
    with _moved(weights, vector, -small):
        below = _gradients(train(), alphas)
    draws.put_back(after)
    return [o - step.rate * (a - b) / (2 * small) for o, a, b in zip(outer, above, below, strict=True)]


def mixed(
    alphas: Sequence[Tensor], weights: Sequence[Tensor], validation: Loss, train: Loss, share: float
) -> tuple[list[Tensor], list[Tensor]]:
    """Gradients of ``L_train + share * L_val`` by the architecture and by the weights: one level (He et al. 2020, CVPR).

    Returns
    -------
    tuple of two lists of Tensor
        By alpha, by the weights.
    """
    found = _gradients(train() + share * validation(), [*alphas, *weights])
    return found[: len(alphas)], found[len(alphas) :]


def dominant_eigenvalue(
    validation: Loss, alphas: Sequence[Tensor], generator: torch.Generator, steps: int = 10
) -> float:
    """Largest eigenvalue (by its absolute value) of the Hessian of the validation loss by alpha, by power iteration.

    Its rise announces that the found architecture will be worse than the supernet (Zela et al. 2020, ICLR).
    """
    gradients = torch.autograd.grad(validation(), list(alphas), create_graph=True, allow_unused=True)
    used = [(g, a) for g, a in zip(gradients, alphas, strict=True) if g is not None and g.requires_grad]
    if not used:
        return 0.0
    flat = torch.cat([g.reshape(-1) for g, _ in used])
    vector = torch.randn(flat.shape, generator=generator, dtype=flat.dtype).to(flat.device)
    value = 0.0
    for _ in range(steps):
        vector = vector / vector.norm().clamp(min=1e-12)
        product = torch.autograd.grad(flat, [a for _, a in used], vector, retain_graph=True, allow_unused=True)
        image = torch.cat(
            [
                torch.zeros_like(a).reshape(-1) if p is None else p.reshape(-1)
                for p, (_, a) in zip(product, used, strict=True)
            ]
        )
        value, vector = float(vector @ image), image
    return value
