"""What is left to do after the search, and how long each part of it may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from bioautofeat.automl.board import Champion
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.problem import Problem

__all__ = ["SHUFFLED_SHARE", "Ending", "judging_seconds"]

SHUFFLED_SHARE = 0.2
"""Part of the time that the preset ``best`` keeps for shuffled labels."""

REPORT_SHARE = 0.3
"""Part of the reserve that is kept for the files and the report."""

JUDGING_SHARE = 0.2
"""Part of the reserve that bootstraps of the test part may have kept for them, at most."""

ENOUGH = 12
"""Bootstraps that are made although time is short."""

FEWEST = 3
"""Bootstraps that are made although there is no time at all: a spread needs some."""


class Ending:
    """The seconds after the search.

    Parameters
    ----------
    clock : Clock
    by_clock : bool
        Whether decisions may look at the clock.
    shuffles : bool
        Whether shuffled labels come at the end.
    predicting, judging : float
        Predicted seconds of predicting the test part, and of its bootstraps.
    """

    def __init__(
        self, clock: Clock, by_clock: bool, shuffles: bool = False, *, predicting: float = 0.0, judging: float = 0.0
    ) -> None:
        self.clock, self.by_clock = clock, by_clock
        budget = clock.budget or 0.0
        self.report = REPORT_SHARE * clock.reserve
        self.shuffling = SHUFFLED_SHARE * budget if shuffles else 0.0
        self.test = predicting + min(judging, JUDGING_SHARE * clock.reserve)

    def estimated(self) -> Callable[[int], bool]:
        """Whether so many bootstraps of the estimate have to be enough: the test part comes after it."""
        return self._enough(self.clock.left - self.test - self.shuffling - self.report)

    def judged(self, parts: int) -> Callable[[int], bool]:
        """Whether so many bootstraps of a test part have to be enough, where so many parts are still to be judged."""
        return self._enough((self.clock.left - self.shuffling - 0.5 * self.report) / parts)

    def _enough(self, seconds: float) -> Callable[[int], bool]:
        stop = self.clock.spent + max(seconds, 0.5)
        last = stop + 0.5 * self.report

        def told(done: int) -> bool:
            if not self.by_clock:
                return False
            spent = self.clock.spent
            return (done >= ENOUGH and spent > stop) or (done >= FEWEST and spent > last)

        return told


def judging_seconds(problem: Problem, champion: Champion, records: int, parts: int = 2, repeats: int = 200) -> float:
    """Predicted seconds of the bootstraps of test parts of so many records, by what one score of the judged rows takes."""
    started = time.monotonic()
    problem.scores(champion.predictions, champion.chosen)
    return (time.monotonic() - started) * parts * repeats * records / max(1, len(champion.predictions))
