"""The search: candidates one after the other, each predicted, bounded, recorded; the best so far always complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.costs import CostModel, free_memory, memory_of, small_round
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.portfolio import Chooser
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.store import expected_width
from bioautofeat.automl.trial import Candidate, Trial

__all__ = ["Search"]

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
        self.costs = CostModel(problem.n_classes, options.threads)
        self.refits: dict[str, Any] = {}
        self.widths: dict[tuple[str, ...], int] = {}
        self.fit_seconds: dict[str, float] = {}
        self.row_seconds: dict[str, float] = {}
        self.table_seconds: dict[tuple[str, ...], float] = {}
        self.test_rows = 0
        self.completed_at = float("-inf")
        self.known: dict[str, Trial] = {}
        self.running: Candidate | None = None
        self.take(problem)

    def take(self, problem: Problem) -> None:
        """Serve a problem, before anything has been tried."""
        self.problem, self.board = problem, Board(problem)
        self.rows = int((problem.folds != problem.judged[0]).sum())

    def costs_of(self, candidates: Sequence[Candidate]) -> list[float]:
        """Predicted seconds of one fit of each; by the formulas alone where no decision may look at a clock."""
        costs = self.costs if self.options.by_clock else CostModel(self.problem.n_classes)
        widths = [expected_width(candidate.specs, self.problem) for candidate in candidates]
        return [costs.seconds(c.model, c.values, self.rows, d) for c, d in zip(candidates, widths, strict=True)]

    def calibrate(self, specs: tuple[str, ...]) -> None:
        """Time two small fits on a few columns: how fast this machine is, now."""
        if not self.options.by_clock or self.clock.free < 10:
            return
        rows = min(self.rows, 4000)
        for model, values in (("xgboost", {"rounds": 20}), ("extra_trees", {"trees": 20})):
            candidate = Candidate(model, values, specs, "small")
            try:
                columns = self._columns(candidate)
                seconds = self.executor.call("timed", candidate, {}, rows, limit=0.05 * self.clock.free)
            except FitError:
                continue
            self.costs.observe(model, values, rows, columns, seconds)

    @property
    def over(self) -> bool:
        """Whether the trials asked for are done, or no time is left for another."""
        done = len(self.board.trials)
        if self.options.trials is not None and done >= self.options.trials:
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
        members = self.board.champion.weights
        growth = len(self.problem) / self.rows
        fits = sum(self.fit_seconds.get(key, 1.0) * growth for key in members if key not in self.refits)
        specs = {t.candidate.specs for t in self.board.finished if t.candidate.key in members}
        tables = sum(self.table_seconds.get(one, 0.0) for one in specs) / len(self.problem)
        rows = sum(self.row_seconds.get(key, 0.0) for key in members)
        return fits + self.test_rows * (rows + tables)

    def run(self) -> Board:
        """Try candidates until the search is over."""
        if self.options.by_clock:
            self._take_up()
        while not self.over:
            candidate = self.chooser.ask(self.board.trials)
            if candidate is None:
                break
            if any(trial.candidate.key == candidate.key for trial in self.board.trials):
                continue
            self.running = candidate
            trial = self._tried(candidate)
            self.running = None
            self.chooser.tell(trial)
            better = self.board.add(trial)
            if self.journal is not None and candidate.key not in self.known:
                self.journal.write(trial)
            self.tell(self._line(trial))
            if better and self._due() and self.complete():
                self.improved(self)
            elif self._pending() > 0.3 * self.clock.free:
                # what is done now need not be reckoned with any more
                self.complete()
        return self.board

    def _take_up(self) -> None:
        """Put what an earlier run has finished on the board, candidates that it had to cut down among them."""
        for trial in sorted(self.known.values(), key=lambda trial: trial.number):
            if trial.finished:
                self.fit_seconds[trial.candidate.key] = trial.seconds / len(self.problem.judged)
                self.board.add(replace(trial, number=len(self.board.trials) + 1))

    def _due(self) -> bool:
        """Whether to make the champion whole now: at once for the first one, then now and then."""
        wait = max(20.0, 0.1 * (self.clock.budget or 600.0))
        return self.clock.spent - self.completed_at >= wait

    def interrupt(self) -> None:
        """Take note of the candidate that an interrupt ended."""
        if self.running is not None:
            self.board.trials.append(Trial(len(self.board.trials) + 1, self.running, "stopped", "interrupted"))
            self.running = None

    def _tried(self, candidate: Candidate) -> Trial:
        number = len(self.board.trials) + 1
        known = self.known.get(candidate.key)
        if known is not None:
            self.fit_seconds[candidate.key] = known.seconds / len(self.problem.judged)
            return replace(known, number=number)
        fits, why = self._fitting(candidate)
        if fits is None:
            return Trial(number, candidate, "skipped", why)
        started = time.monotonic()
        try:
            found = self.executor.call("cross_validate", fits, limit=self._limit())
        except FitError as error:
            return Trial(number, fits, "stopped" if error.stopped else "failed", str(error), time.monotonic() - started)
        self.costs.learn(fits.model, fits.values, self.rows, self.widths[fits.specs], found["fit_seconds"])
        self.fit_seconds[fits.key], self.row_seconds[fits.key] = found["fit_seconds"], found["predict_seconds"]
        predictions = found["predictions"]
        return Trial(
            number, fits, "finished", "", time.monotonic() - started, self.problem.loss(predictions),
            self.problem.scores(predictions), tuple(found["fold_losses"]), predictions,
        )  # fmt: skip

    def _limit(self) -> float:
        """Seconds that a step may take; the first model may take longer than there is time, for without one all was in vain."""
        if self.clock.budget is None:
            return float("inf")
        least = 0.0 if self.board.champion is not None else max(3.0, 0.5 * self.clock.budget)
        return max(self.clock.left - 0.5 * self.clock.reserve, least)

    def _fitting(self, candidate: Candidate) -> tuple[Candidate | None, str]:
        """The candidate, or a smaller one, that time and memory allow; or None and the reason."""
        try:
            columns = self._columns(candidate)
        except FitError as error:
            return None, str(error)
        limit = self.options.memory_limit or (free_memory() if self.options.by_clock else None)
        wanted = memory_of(candidate.model, self.rows, columns)
        if limit is not None and wanted > limit:
            return None, f"would take {wanted / 1e9:.1f} GB, {limit / 1e9:.1f} GB are allowed"
        if not self.options.by_clock or self.clock.budget is None or self.board.champion is None:
            return candidate, ""
        seconds = self._predicted(candidate, columns)
        if SURE * seconds <= self.free:
            return candidate, ""
        smaller = _smaller(candidate, self.free / (SURE * seconds))
        if smaller is None:
            return None, f"would take about {seconds:.0f} s, {max(0.0, self.free):.0f} s are left"
        return smaller, ""

    def _columns(self, candidate: Candidate) -> int:
        """Width of a candidate's table, which is made for it."""
        if candidate.specs not in self.widths:
            shape = self.executor.call("shape", candidate, limit=self._limit())
            self.widths[candidate.specs] = int(shape["columns"])
            self.table_seconds[candidate.specs] = float(shape["seconds"])
        return self.widths[candidate.specs]

    def _predicted(self, candidate: Candidate, columns: int) -> float:
        """Seconds of all folds and a fit on all rows."""
        return self._one_fit(candidate, columns) * (len(self.problem.judged) + len(self.problem) / self.rows)

    def _one_fit(self, candidate: Candidate, columns: int) -> float:
        """Seconds of one fit; a small round is timed for models not seen yet."""
        rough = self.costs.seconds(candidate.model, candidate.values, self.rows, columns)
        if not self.costs.knows(candidate.model) and 0.1 * self.clock.free < rough < 10 * self.clock.free:
            self._try_small(candidate, columns)
        return self.costs.seconds(candidate.model, candidate.values, self.rows, columns)

    def _try_small(self, candidate: Candidate, columns: int) -> None:
        small = small_round(candidate.model, candidate.values, self.rows)
        if small is None:
            return
        values, rows = small
        limit = max(1.0, 0.2 * self.clock.free)
        try:
            seconds = self.executor.call("timed", candidate, values, rows, limit=limit)
        except FitError:
            seconds = limit
        self.costs.learn(candidate.model, {**candidate.values, **values}, rows, columns, seconds)

    def complete(self) -> bool:
        """Fit the champion's members on all rows; one that fails is dropped, and the rest blended anew."""
        while self.board.champion is not None:
            missing = [key for key in self.board.champion.weights if key not in self.refits]
            missing.sort(key=lambda key: self.fit_seconds.get(key, 0.0))  # the cheap ones are sure to be had
            if not missing:
                self.completed_at = self.clock.spent
                return True
            candidate = next(t.candidate for t in self.board.trials if t.candidate.key == missing[0])
            predictor = self._refitted(candidate)
            if predictor is None:
                self.board.drop(missing[0])
            else:
                self.refits[missing[0]] = predictor
        return False

    def _refitted(self, candidate: Candidate) -> Any:
        """The candidate's model of all rows; the mean of its folds' models where time is short; None where neither can be had."""
        limit = self._limit() if self.refits else float("inf")
        needed = self.fit_seconds.get(candidate.key, 0.0) * len(self.problem) / self.rows
        try:
            dear = self.options.by_clock and len(self.problem.judged) == 1 and needed > 0.1 * self.clock.free
            if limit < 1.2 * needed + 0.2 or dear:
                return self.executor.call("averaged", candidate, limit=max(limit, 5.0))["predictor"]
        except FitError:
            pass
        try:
            if limit < 0.7 * needed + 0.2:
                raise FitError("no time is left", stopped=True)
            return self.executor.call("refit", candidate, limit=limit)["predictor"]
        except FitError as error:
            self.tell(f"{candidate.title}: not fitted on all rows: {error}")
            return None

    def _line(self, trial: Trial) -> str:
        metric = self.problem.metric
        if not trial.finished:
            return f"{trial.candidate.title}: {trial.state}: {trial.reason}"
        champion = self.board.champion
        best = "" if champion is None else f", blend {champion.scores[metric]:.4f}"
        return f"{trial.candidate.title}: {metric} {trial.scores[metric]:.4f} in {trial.seconds:.1f} s{best}"


def _smaller(candidate: Candidate, share: float) -> Candidate | None:
    """The candidate with as many rounds or trees as a share of its cost pays for; None where that would be too few."""
    name = {"xgboost": "rounds", "hist_boosting": "rounds", "extra_trees": "trees", "random_forest": "trees"}.get(
        candidate.model
    )
    usual = {"rounds": 100, "trees": 500 if candidate.model == "extra_trees" else 300}
    values = dict(candidate.values)
    if name is None or share < 0.25:
        return None
    values[name] = max(10, int(values.get(name, usual[name]) * share))
    return replace(candidate, values=values)
