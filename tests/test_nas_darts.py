"""The second-order gradient where the losses draw: the closed form under one dropout mask, one noise."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="gradients are those of torch")

from torch.nn import functional  # noqa: E402

from bioautofeat.nas.strategies.darts import InnerStep, second_order  # noqa: E402

SIZE, RATE = 400, 0.1


def numbers(seed):
    generator = torch.Generator().manual_seed(seed)
    a, w = torch.randn(2, SIZE, generator=generator, dtype=torch.float64)
    return a.requires_grad_(), w.requires_grad_()


def closed_form(a, w, mask):
    """By ``a``, of ``|w'|^2`` with ``w' = w - RATE * 2 mask (mask w - a)``, for the loss ``|mask w - a|^2``."""
    stepped = w - RATE * 2 * mask * (mask * w - a)
    return (2 * stepped * 2 * RATE * mask).detach()


@pytest.mark.parametrize("seed", range(5))
def test_dropout_draws_one_mask_for_the_whole_gradient(seed):
    a, w = numbers(seed)
    train = lambda: ((functional.dropout(w, 0.4) - a) ** 2).sum()  # noqa: E731
    validation = lambda: (w**2).sum()  # noqa: E731
    torch.manual_seed(seed)
    mask = functional.dropout(torch.ones(SIZE, dtype=torch.float64), 0.4)
    torch.manual_seed(seed)
    found = second_order([a], [w], validation, train, InnerStep(RATE))[0]
    assert (found - closed_form(a, w, mask)).abs().max() < 1e-6


def test_noise_of_the_relaxation_is_drawn_once_too():
    a, w = numbers(7)
    generator = torch.Generator().manual_seed(3)
    draw = lambda: torch.rand(SIZE, generator=generator, dtype=torch.float64)  # noqa: E731
    mask = draw()
    generator.manual_seed(3)
    train = lambda: ((draw() * w - a) ** 2).sum()  # noqa: E731
    found = second_order([a], [w], lambda: (w**2).sum(), train, InnerStep(RATE), generator)[0]
    assert (found - closed_form(a, w, mask)).abs().max() < 1e-6


def test_later_draws_are_none_of_the_gradient():
    """They go on as after one training and one validation loss."""
    a, w = numbers(1)
    loss = lambda: (functional.dropout(w, 0.4) * a).sum()  # noqa: E731
    torch.manual_seed(0)
    loss(), loss()
    wanted = torch.rand(3)
    torch.manual_seed(0)
    second_order([a], [w], loss, loss, InnerStep(RATE))
    assert torch.equal(torch.rand(3), wanted)
