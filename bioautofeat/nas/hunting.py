"""Which networks are worth a fit on all folds: a search on the rows of one training part."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.nas.member import LONGEST, values_of
from bioautofeat.nas.ops import blocks

if TYPE_CHECKING:
    from bioautofeat.nas.whole import Candidate

__all__ = ["Hunt", "Hunted", "hunted", "searched"]

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


SPACE = "sequence"
"""What is searched: whole networks of layers in a row, which the values of a model can describe."""


@dataclass(frozen=True)
class Hunted:
    """What a search for networks came to, in numbers and texts, for another process, a journal and a report.

    Parameters
    ----------
    values : list of dict
        Of the networks that are handed on, the best first.
    history : list of dict
        A row for each network that was tried, the best first: its ``score`` (None where it failed), ``parameters``, ``epochs``,
        ``seconds``, ``error`` and ``values``.
    space, strategy, evaluator : str
    seconds : float
    """

    values: list[dict[str, Any]]
    history: list[dict[str, Any]]
    space: str
    strategy: str
    evaluator: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For a journal; :meth:`of` gives it back."""
        return asdict(self)

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """What :meth:`as_dict` describes."""
        return cls(**described)


def searched(table: Array, truth: Array, alphabet: str, hunt: Hunt, **more: Any) -> list[dict[str, Any]]:
    """Values of the networks that did best, the best first; all else as in :func:`hunted`."""
    return hunted(table, truth, alphabet, hunt, **more).values


def hunted(
    table: Array, truth: Array, alphabet: str, hunt: Hunt, *, n_classes: int, strands: str = "given",
    groups: Sequence[Any] | None = None,
) -> Hunted:  # fmt: skip
    """A search for networks; the usual network is always among those that are tried.

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
        SPACE, hunt.strategy, hunt.evaluator, hunt.trials, start, deadline, hunt.seed, _cpu(),
        strands == "symmetric", hunt.tell,
    )  # fmt: skip
    settings = Settings(hunt.epochs, patience=0, other_strand=strands == "both", decide=True)
    with threads_of_torch(1 if hunt.seconds is None else hunt.threads):
        found = search_whole(problem, plan, settings)
    history = [_row(candidate) for candidate in plan.record.tried]
    return Hunted(
        _values_of_all(found, hunt.most),
        history,
        SPACE,
        hunt.strategy,
        hunt.evaluator,
        round(time.monotonic() - start, 2),
    )


def _cpu() -> Any:
    import torch

    return torch.device("cpu")


def _row(candidate: Candidate) -> dict[str, Any]:
    """A network that was tried."""
    return {
        "score": None if candidate.error else float(candidate.score), "parameters": candidate.parameters,
        "epochs": candidate.epochs, "seconds": round(candidate.seconds, 2), "error": candidate.error,
        "values": values_of(candidate.architecture, candidate.settings),
    }  # fmt: skip


def _values_of_all(candidates: Sequence[Candidate], most: int) -> list[dict[str, Any]]:
    """Values of the first different ones."""
    found: list[dict[str, Any]] = []
    for candidate in candidates:
        values = values_of(candidate.architecture, candidate.settings)
        if values not in found:
            found.append(values)
    return found[:most]
