"""Which networks are worth a fit on all folds: a search on the rows of one training part."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.nas.member import LONGEST, values_of
from bioautofeat.nas.ops import blocks

if TYPE_CHECKING:
    from bioautofeat.nas.whole import Candidate

__all__ = ["Hunt", "searched"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Hunt:
    """How networks are searched for.

    Parameters
    ----------
    seconds : float, optional
        For the whole search.
    trials : int, optional
        Networks to try; with it and without ``seconds`` the result does not depend on the machine.
    epochs : int
        Of a network that is tried, at most.
    strategy, evaluator : str
    most : int
        Networks that are handed on.
    seed, threads : int
    tell : callable
        Told in a line what happens.
    """

    seconds: float | None = None
    trials: int | None = None
    epochs: int = 15
    strategy: str = "evolution"
    evaluator: str = "training"
    most: int = 3
    seed: int = 0
    threads: int = 1
    tell: Callable[[str], None] = lambda line: None

    def __post_init__(self) -> None:
        if self.seconds is None and self.trials is None:
            raise ParameterError("a search for networks needs an end: give seconds or trials")
        if self.most < 1 or (self.seconds is not None and self.seconds <= 0):
            raise ParameterError("a search for networks needs time, and hands on at least one")


def searched(
    table: Array, truth: Array, alphabet: str, hunt: Hunt, *, n_classes: int, strands: str = "given",
    groups: Sequence[Any] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Values of the networks that did best, the best first; the usual network is always among those that are tried.

    The rows are split once more for it: most teach, the rest judge, related ones on one side.  Give it rows of a training
    part alone.

    Parameters
    ----------
    table : ndarray, shape (n, length)
        Columns of the descriptor ``letters``.
    truth : ndarray, shape (n,)
        Numbers of classes, or values.
    alphabet : str
    hunt : Hunt
    n_classes : int
        0 for regression.
    strands : {"given", "both", "symmetric"}
    groups : sequence, length n, optional
        Related records.

    Raises
    ------
    UnfinishedError
        Where not one network could be trained in the time there is.
    """
    blocks()
    from bioautofeat.nas.problem import Problem
    from bioautofeat.nas.running import threads_of_torch
    from bioautofeat.nas.search_whole import SEARCH_SHARE, Plan, search_whole
    from bioautofeat.nas.train import Settings

    start = time.monotonic()
    problem = Problem.of(
        table, truth, n_classes=n_classes, alphabet=alphabet, longest=LONGEST, groups=groups, seed=hunt.seed
    )
    # the plan leaves time for final networks, which are not trained here
    deadline = None if hunt.seconds is None else start + hunt.seconds / SEARCH_SHARE
    plan = Plan(
        "sequence", hunt.strategy, hunt.evaluator, hunt.trials, start, deadline, hunt.seed, _cpu(),
        strands == "symmetric", hunt.tell,
    )  # fmt: skip
    settings = Settings(hunt.epochs, other_strand=strands == "both", decide=True)
    with threads_of_torch(1 if hunt.seconds is None else hunt.threads):
        found = search_whole(problem, plan, settings)
    return _values_of_all([candidate for candidate in found if not candidate.error], hunt.most)


def _cpu() -> Any:
    import torch

    return torch.device("cpu")


def _values_of_all(candidates: Sequence[Candidate], most: int) -> list[dict[str, Any]]:
    """Values of the first different ones."""
    found: list[dict[str, Any]] = []
    for candidate in candidates:
        values = values_of(candidate.architecture, candidate.settings)
        if values not in found:
            found.append(values)
    return found[:most]
