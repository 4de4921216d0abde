"""The search: candidates one after the other, each predicted, bounded, recorded; the best so far always complete."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.costs import BOOSTERS, FORESTS, free_memory, memory_of
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.forecast import Forecast
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.portfolio import Chooser, network
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.automl.race import Outcome
from bioautofeat.automl.refits import Refits
from bioautofeat.automl.trial import Candidate, Trial

if TYPE_CHECKING:
    from bioautofeat.nas.hunting import Hunted

__all__ = ["Search"]

LATE = "the folds left would take longer than there is time"

HUNT_SHARE = 0.3
"""Part of the time left that is spent on the search for networks, once."""

LEAST_HUNT = 15.0
"""Seconds; a shorter search finds nothing that the usual network is not."""

HUNT_TRIALS = 6

NETWORK_SHARE = 0.5
"""Part of the time left that one network may take: what comes after it helps as surely."""

PATIENCE = 60
"""The search ends when so many candidates in a row have not made the blend better."""

SURE = 1.3
"""A fit is let begin where this many times its predicted seconds are left."""


class Search:
    """Tries candidates until time, trials or candidates are used up.

    Parameters
    ----------
    problem : Problem
    chooser : Chooser
    executor : Executor
        Loaded with the problem.
    clock : Clock
    options : Options
    journal : Journal, optional

    Attributes
    ----------
    improved : callable
        Told when there is a better champion and every member of it is there, so that it can be saved.
    tell : callable
        Told in a line what happens.
    networks : Hunted, optional
        What the search for networks came to.
    """

    def __init__(
        self,
        problem: Problem,
        chooser: Chooser,
        executor: Executor,
        clock: Clock,
        options: Options,
        journal: Journal | None = None,
    ) -> None:
        self.problem, self.chooser, self.executor = problem, chooser, executor
        self.clock, self.options, self.journal = clock, options, journal
        self.improved: Callable[[Search], None] = lambda search: None
        self.tell: Callable[[str], None] = lambda line: None
        self.forecast = Forecast(problem, options, executor, clock)
        self.refits = Refits(executor, clock, self.forecast)
        self.test_rows = 0
        self.networks: Hunted | None = None
        self.completed_at = float("-inf")
        self.known: dict[str, Trial] = {}
        self.chooser.cost = lambda candidate: self.forecast.share_of(candidate, self.free)
        self.chooser.width = self.forecast.width
        self.running: Candidate | None = None
        self.in_vain, self.hunted, self.asks = 0, False, True
        self.take(problem)

    def take(self, problem: Problem) -> None:
        """Serve a problem, before anything has been tried."""
        self.problem, self.board = problem, Board(problem)
        self.forecast.take(problem)

    @property
    def over(self) -> bool:
        """Whether the trials asked for are done, or no time is left for another."""
        done = len(self.board.trials)
        if self.options.trials is not None:
            return done >= self.options.trials
        if self.in_vain >= PATIENCE:
            return True
        return done > 0 and self.free <= 0.01 * (self.clock.budget or 0.0)

    @property
    def free(self) -> float:
        """Seconds for further models, the fits on all rows that the champion still needs taken off."""
        return self.clock.free - SURE * self._pending()

    def _pending(self) -> float:
        """Predicted seconds of what the champion still needs: fits on all rows, and the test part's predictions."""
        if self.board.champion is None or self.clock.budget is None:
            return 0.0
        fits = self.forecast.refits(self.refits.missing(self.board))
        return fits + self.test_rows * self.forecast.prediction(self.board.members)

    def run(self) -> Board:
        """Try candidates until the search is over."""
        if self.options.by_clock:
            self._take_up()
        while self._step() or self._time_regained():
            pass
        return self.board

    def _step(self) -> bool:
        """Try the next candidate; False where the search is over."""
        if self.over:
            return False
        self._hunt()
        candidate = self.chooser.ask(self.board.trials)
        if candidate is None:
            self.asks = False
            return False
        if any(trial.candidate.key == candidate.key for trial in self.board.trials):
            return True
        self.running = candidate
        trial = self._tried(candidate)
        self.running = None
        self.chooser.tell(trial)
        better = self.board.add(trial)
        in_full = candidate.share == 1.0 or not self.chooser.by_shares
        self.in_vain = 0 if better else self.in_vain + in_full
        if self.journal is not None and candidate.key not in self.known:
            self.journal.write(trial)
        self.tell(self._line(trial))
        if better and self._due() and self.complete():
            self.improved(self)
        return True

    def _time_regained(self) -> bool:
        """Make the champion whole; True where that took less than was set aside for it, and the search can go on."""
        if not self.forecast.timed or not self.asks or not self.refits.missing(self.board):
            return False
        return self.complete() and self.free > 0.05 * (self.clock.budget or 0.0) and not self.over

    def _hunt(self) -> None:
        """Once the first models are there, look for networks that are worth a place among them."""
        source = self.problem.source
        if not self.options.nas or self.hunted or isinstance(source, TableSource) or self.chooser.early:
            return
        self.hunted = True
        if not any(trial.candidate.model == "network" and trial.finished for trial in self.board.trials):
            self.tell("no search for networks: the usual one could not be fitted on all folds")
            return
        self.networks = self._searched_networks()
        if self.networks is not None:
            self.tell(f"{len(self.networks.values)} networks found by search")
            self.chooser.admit([network(source, values) for values in self.networks.values])

    def _searched_networks(self) -> Hunted | None:
        """What a search for networks comes to, or came to in an earlier run; None where there is no time, or it failed."""
        if self.journal is not None and self.journal.hunt is not None:
            from bioautofeat.nas.hunting import Hunted

            return Hunted.of(self.journal.hunt)
        seconds = HUNT_SHARE * self.free if self.forecast.timed else None
        if seconds is not None and seconds < LEAST_HUNT:
            return None
        trials = None if seconds is not None else HUNT_TRIALS
        try:
            limit = float("inf") if seconds is None else 1.5 * seconds
            found: Hunted = self.executor.call("hunt", seconds, trials, limit=limit)
        except FitError as error:
            self.tell(f"no network was found: {error}")
            return None
        if self.journal is not None:
            self.journal.keep_hunt(found.as_dict())
        return found

    def _take_up(self) -> None:
        """Put what an earlier run has finished on the board, candidates that it had to cut down among them."""
        for trial in sorted(self.known.values(), key=lambda trial: trial.number):
            if trial.finished or (trial.state == "screened" and self.chooser.by_shares):
                self.forecast.recall(trial)
                self.board.add(replace(trial, number=len(self.board.trials) + 1))
                self.chooser.tell(trial)

    def _due(self) -> bool:
        """Whether to make the champion whole now: at once for the first one, then when it costs little of the time since."""
        since = self.clock.spent - self.completed_at
        return since > 10 and SURE * self._pending() <= 0.15 * since

    def interrupt(self) -> None:
        """Take note of the candidate that an interrupt ended."""
        if self.running is not None:
            self.board.trials.append(Trial(len(self.board.trials) + 1, self.running, "stopped", "interrupted"))
            self.running = None

    def _tried(self, candidate: Candidate) -> Trial:
        number = len(self.board.trials) + 1
        known = self.known.get(candidate.key)
        if known is not None:
            self.forecast.recall(known)
            return replace(known, number=number)
        fits, why = self._fitting(candidate)
        if fits is None:
            return Trial(number, candidate, "skipped", why)
        if fits.share < 1.0:
            return self._screened(number, fits)
        outcome = Outcome(self.problem)
        try:
            why = self._judged(fits, outcome)
        except FitError as error:
            state = "stopped" if error.stopped else "failed"
            return Trial(number, fits, state, str(error), outcome.seconds)
        if why:
            state = "stopped" if why == LATE else "raced"
            loss = float(np.mean(outcome.losses))
            return Trial(number, fits, state, why, outcome.seconds, loss, {}, tuple(outcome.losses))
        predictions = outcome.predictions
        return Trial(
            number, fits, "finished", "", outcome.seconds, self.problem.loss(predictions),
            self.problem.scores(predictions), tuple(outcome.losses), predictions,
        )  # fmt: skip

    def _judged(self, candidate: Candidate, outcome: Outcome) -> str:
        """Judge fold by fold; why it was given up, empty where it was not."""
        judged, width = self.problem.judged, self.executor.width
        for start in range(0, len(judged), width):
            folds = judged[start : start + width]
            found = self.executor.call_each(
                "fold", [(candidate, fold, self.forecast.threads) for fold in folds], limit=self._limit()
            )
            for fold, part in zip(folds, found, strict=True):
                outcome.take(fold, part)
                self.forecast.learn(candidate, outcome)
                # as if they had come one after the other: the answer must not depend on the number of threads
                why = self._given_up(candidate, outcome)
                if why:
                    return why
        return ""

    def _screened(self, number: int, candidate: Candidate) -> Trial:
        """Judge by a share of the rows: on the first fold, or on all where that is how candidates rise."""
        started = time.monotonic()
        by_shares = self.chooser.by_shares
        folds = self.problem.judged if by_shares else self.problem.judged[:1]
        threads = self.forecast.threads if by_shares else self.problem.threads
        try:
            calls = [(candidate, fold, threads) for fold in folds]
            losses = self.executor.call_each("screen", calls, limit=self._limit())
        except FitError as error:
            state = "stopped" if error.stopped else "failed"
            return Trial(number, candidate, state, str(error), time.monotonic() - started)
        return Trial(
            number, candidate, "screened", "", time.monotonic() - started, float(np.mean(losses)), {}, tuple(losses)
        )

    def _given_up(self, candidate: Candidate, outcome: Outcome) -> str:
        """Why not to go on with the folds that are left; empty where there is no reason."""
        champion = self.board.champion
        if champion is None or not outcome.left:
            return ""
        if self.forecast.timed:
            rounds = self.forecast.fit_seconds[candidate.key] * self.forecast.rounds(outcome.left)
            if rounds + self.forecast.refit(candidate) > self.free:
                return LATE
        rival = self.board.best_of(candidate.model)
        if rival is not None and outcome.behind(rival, champion.predictions):
            return f"behind {rival.candidate.title} on the first {len(outcome.losses)} folds"
        return ""

    def _limit(self) -> float:
        """Seconds that a step of a trial may take; the first model may take longer than there is time, for without one all was in vain."""
        if self.clock.budget is None:
            return float("inf")
        if self.board.champion is None:
            return max(self.clock.left - 0.5 * self.clock.reserve, 3.0, 0.5 * self.clock.budget)
        return max(self.free, 0.0)

    def _fitting(self, candidate: Candidate) -> tuple[Candidate | None, str]:
        """The candidate, or a smaller one, that time and memory allow; or None and the reason."""
        dear = self.forecast.tables(candidate.specs)
        if self.board.champion is not None and dear > 0.4 * self.free:
            return None, f"its descriptors would take about {dear:.0f} s, {max(0.0, self.free):.0f} s are left"
        try:
            columns = self.forecast.columns(candidate, self._limit())
        except FitError as error:
            return None, str(error)
        limit = self.executor.memory or self.options.memory_limit or (free_memory() if self.options.by_clock else None)
        wanted = memory_of(candidate.model, self.forecast.rows, columns)
        if limit is not None and wanted > limit:
            return None, f"would take {wanted / 1e9:.1f} GB, {limit / 1e9:.1f} GB are allowed"
        if not self.forecast.timed or self.board.champion is None:
            return candidate, ""
        seconds = self.forecast.predicted(candidate, columns) * (candidate.share if self.chooser.by_shares else 1.0)
        allowed = self.free * (NETWORK_SHARE if candidate.model == "network" else 1.0)
        if SURE * seconds <= allowed:
            return candidate, ""
        smaller = _smaller(candidate, allowed / (SURE * seconds))
        if smaller is None:
            return None, f"would take about {seconds:.0f} s, {max(0.0, self.free):.0f} s are left"
        return smaller, ""

    def complete(self) -> bool:
        """Make what would be delivered whole; False where nothing can be."""
        done = self.refits.complete(self.board)
        self.completed_at = self.clock.spent
        return done

    def _line(self, trial: Trial) -> str:
        metric = self.problem.metric
        if not trial.finished:
            return f"{trial.candidate.title}: {trial.state}: {trial.reason}"
        champion = self.board.champion
        best = "" if champion is None else f", blend {champion.scores[metric]:.4f}"
        return f"{trial.candidate.title}: {metric} {trial.scores[metric]:.4f} in {trial.seconds:.1f} s{best}"


def _smaller(candidate: Candidate, share: float) -> Candidate | None:
    """The candidate with as many rounds or trees as a share of its cost pays for; None where that would be too few."""
    name = "rounds" if candidate.model in BOOSTERS else "trees" if candidate.model in FORESTS else None
    name = "epochs" if candidate.model == "network" else name
    usual = {"rounds": 100, "trees": FORESTS.get(candidate.model, 0), "epochs": 15}
    values = dict(candidate.values)
    if name is None or share < 0.25:
        return None
    values[name] = max(3 if name == "epochs" else 10, int(values.get(name, usual[name]) * share))
    return replace(candidate, values=values)
