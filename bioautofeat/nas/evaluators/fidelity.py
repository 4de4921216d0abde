"""Low fidelity: fewer epochs or fewer rows tell the better half of the architectures at a part of the cost."""

from __future__ import annotations

import numpy as np

from bioautofeat.errors import ParameterError
from bioautofeat.nas.evaluators.base import Builder, Relax
from bioautofeat.nas.evaluators.training import Training
from bioautofeat.nas.fitting import Fit
from bioautofeat.nas.task import Task
from bioautofeat.search.base import Suggestion

__all__ = ["Fidelity"]


class Fidelity(Training):
    """Training at a share of the full cost: that of the suggestion (successive halving) times one of its own.

    Parameters
    ----------
    task : Task
    build : callable
    settings : Fit
        At full cost.
    axis : {"epochs", "rows"}
        What is spared; fewer rows are the same ones for every architecture, and fewer are part of more.
    share : float
        Of the full cost, for a suggestion at full fidelity.
    relax : callable, optional
        See :class:`~bioautofeat.nas.evaluators.training.Training`.
    """

    def __init__(
        self,
        task: Task,
        build: Builder,
        settings: Fit = Fit(),  # noqa: B008
        axis: str = "epochs",
        share: float = 1.0,
        relax: Relax | None = None,
    ) -> None:
        super().__init__(task, build, settings, relax)
        if axis not in ("epochs", "rows"):
            raise ParameterError(f"{axis!r} is neither epochs nor rows")
        if not 0 < share <= 1:
            raise ParameterError(f"a share of {share} is outside (0, 1]")
        self.axis, self.share = axis, share

    def evaluate(self, suggestion: Suggestion) -> float:
        share = self.share * suggestion.fidelity
        if self.axis == "epochs":
            epochs = max(1, round(share * self.settings.epochs))
            return self.trained(suggestion.point, self.task, epochs, suggestion.instance)[1]
        task = self.task.part(share, np.random.default_rng(self.seed))
        return self.trained(suggestion.point, task, self.settings.epochs, suggestion.instance)[1]
