"""Models of all rows for what is delivered: fitted where there is time, the mean of the folds' models where there is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.forecast import Forecast
from bioautofeat.automl.trial import Candidate

__all__ = ["Refits"]


class Refits:
    """The models of all rows made so far.

    Parameters
    ----------
    executor : Executor
    clock : Clock
    forecast : Forecast

    Attributes
    ----------
    models : dict of str to Predictor
        By the keys of candidates.
    tell : callable
        Told in a line what cannot be made.
    """

    def __init__(self, executor: Executor, clock: Clock, forecast: Forecast) -> None:
        self.executor, self.clock, self.forecast = executor, clock, forecast
        self.models: dict[str, Any] = {}
        self.tell: Callable[[str], None] = lambda line: None

    def missing(self, board: Board) -> list[Candidate]:
        """Members of what would be delivered that have no model of all rows, the cheapest first: they are sure to be had."""
        wanted = [candidate for candidate in board.members if candidate.key not in self.models]
        return sorted(wanted, key=self.forecast.refit)

    def complete(self, board: Board) -> bool:
        """Make every member whole; one that cannot be made is dropped, and the rest blended anew."""
        while board.champion is not None:
            missing = self.missing(board)[: self.executor.width]
            if not missing:
                return True
            for candidate, found in zip(missing, self._made(missing), strict=True):
                if found is None:
                    board.drop(candidate.key)
                else:
                    self.models[candidate.key] = found
        return False

    def _limit(self) -> float:
        """Seconds that fits may take; the first ones as long as they need."""
        if self.clock.budget is None or not self.models:
            return float("inf")
        return max(self.clock.left - 0.5 * self.clock.reserve, 0.0)

    def _made(self, candidates: Sequence[Candidate]) -> list[Any]:
        """A model for each; None where none can be had."""
        limit = self._limit()
        now = [candidate for candidate in candidates if self.forecast.refit(candidate) + 0.2 <= limit]
        share = max(1, self.forecast.options.threads // max(1, len(now)))
        refits = self.executor.gather("refit", [(candidate, share) for candidate in now], limit)
        found = dict(zip((candidate.key for candidate in now), refits, strict=True))
        return [self._settled(candidate, found.get(candidate.key)) for candidate in candidates]

    def _settled(self, candidate: Candidate, refit: Any) -> Any:
        """The model of all rows, else the mean of the folds' models, else a last try at the first, else None."""
        if isinstance(refit, dict):
            return refit["predictor"]
        try:
            return self.averaged(candidate, max(self._limit(), 5.0))
        except FitError as error:
            why = refit or error
        if refit is None and self._limit() > 0.5 * self.forecast.refit(candidate):
            try:
                threads = self.forecast.options.threads
                return self.executor.call("refit", candidate, threads, limit=self._limit())["predictor"]
            except FitError as error:
                why = error
        self.tell(f"{candidate.title}: not fitted on all rows: {why}")
        return None

    def averaged(self, candidate: Candidate, limit: float) -> Any:
        """The mean of the models of the folds."""
        from bioautofeat.models.predictors.joined import Blend

        judged = self.forecast.problem.judged
        kept: dict[int, Any] = {}
        for part in self.executor.call_everywhere("kept", candidate, limit=limit):
            kept |= part
        if len(kept) < len(judged):
            raise FitError("the models of the folds are not kept")
        members = [kept[fold] for fold in judged]
        return members[0] if len(members) == 1 else Blend(tuple(members), np.full(len(members), 1.0 / len(members)))
