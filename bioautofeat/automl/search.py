"""The search: candidates one after the other, each predicted, bounded, recorded; the best so far always complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.costs import BOOSTERS, CostModel, free_memory, memory_of, small_round, table_seconds
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.portfolio import Chooser
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.automl.race import Outcome
from bioautofeat.automl.store import expected_width
from bioautofeat.automl.trial import Candidate, Trial

__all__ = ["NOMINAL_SECONDS", "Search"]

LATE = "the folds left would take longer than there is time"

NOMINAL_SECONDS = 300.0
"""Without a clock, costs are weighed as if there were this much time."""

PATIENCE = 60
"""The search ends when so many candidates in a row have not made the blend better."""

SURE = 1.3
"""A fit is let begin where this many times its predicted seconds are left."""


FORESTS = {"extra_trees": 500, "random_forest": 300}


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
        self._widths: dict[str, int] = {}
        self.fit_seconds: dict[str, float] = {}
        self.row_seconds: dict[str, float] = {}
        self.table_seconds: dict[tuple[str, ...], float] = {}
        self.test_rows = 0
        self.completed_at = float("-inf")
        self.known: dict[str, Trial] = {}
        self.chooser.cost = self.share_of_time
        self.chooser.width = lambda specs: sum(map(self._expected, specs))
        self.running: Candidate | None = None
        self.in_vain = 0
        self.take(problem)

    def take(self, problem: Problem) -> None:
        """Serve a problem, before anything has been tried."""
        self.problem, self.board = problem, Board(problem)
        self.rows = int((problem.folds != problem.judged[0]).sum())
        self.costs.threads = self.threads

    @property
    def threads(self) -> int:
        """Threads of one fit of a fold: all for a hold-out, else a share."""
        side_by_side = min(self.executor.width, len(self.problem.judged))
        return max(1, self.options.threads // side_by_side)

    def _rounds(self, folds: int) -> int:
        """How often fits of folds are waited for: several are made at the same time."""
        return -(-folds // self.executor.width)

    def costs_of(self, candidates: Sequence[Candidate]) -> list[float]:
        """Predicted seconds of one fit of each; by the formulas alone where no decision may look at a clock."""
        costs = self.costs if self.options.by_clock else CostModel(self.problem.n_classes)
        widths = [sum(map(self._expected, candidate.specs)) for candidate in candidates]
        return [costs.seconds(c.model, c.values, self.rows, d) for c, d in zip(candidates, widths, strict=True)]

    def _expected(self, spec: str) -> int:
        """Number of columns of a descriptor."""
        if spec not in self._widths:
            self._widths[spec] = expected_width((spec,), self.problem)
        return self._widths[spec]

    def share_of_time(self, candidate: Candidate) -> float:
        """Predicted part of the time left that a candidate would take; of a fixed time where no clock is looked at."""
        seconds = self.costs_of([candidate])[0] * (
            self._rounds(len(self.problem.judged)) + len(self.problem) / self.rows
        )
        if not self.options.by_clock or self.clock.budget is None:
            return seconds / NOMINAL_SECONDS
        return seconds / max(self.free, 1e-6)

    def calibrate(self, specs: tuple[str, ...]) -> None:
        """Time two small fits on a few columns: how fast this machine is, now."""
        if not self.options.by_clock or self.clock.free < 10:
            return
        rows = min(self.rows, 4000)
        for model, values in (("xgboost", {"rounds": 20}), ("extra_trees", {"trees": 20})):
            candidate = Candidate(model, values, specs, "small")
            try:
                columns = self._columns(candidate)
                seconds = self.executor.call("timed", candidate, {}, rows, self.threads, limit=0.05 * self.clock.free)
            except FitError:
                continue
            self.costs.observe(model, values, rows, columns, seconds)

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
        members = [t.candidate for t in self.board.finished if t.candidate.key in self.board.champion.weights]
        missing = sorted(self._refit_seconds(c) for c in members if c.key not in self.refits)
        # as many at a time as there are workers
        fits = sum(missing[:: -self.executor.width])
        tables = sum(self.table_seconds.get(specs, 0.0) for specs in {c.specs for c in members}) / len(self.problem)
        rows = sum(self.row_seconds.get(c.key, 0.0) for c in members)
        return fits + self.test_rows * (rows + tables)

    def _refit_seconds(self, candidate: Candidate) -> float:
        """Predicted seconds of a fit on all rows, on its share of the threads."""
        growth = len(self.problem) / self.rows
        gain = self.costs.gain(candidate.model, self.threads) / self.costs.gain(candidate.model, self._share)
        return self.fit_seconds.get(candidate.key, 1.0) * growth * gain

    @property
    def _share(self) -> int:
        """Threads of a fit on all rows."""
        return max(1, self.options.threads // self.executor.width)

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
            self.in_vain = 0 if better else self.in_vain + 1
            if self.journal is not None and candidate.key not in self.known:
                self.journal.write(trial)
            self.tell(self._line(trial))
            if better and self._due() and self.complete():
                self.improved(self)
        return self.board

    def _take_up(self) -> None:
        """Put what an earlier run has finished on the board, candidates that it had to cut down among them."""
        for trial in sorted(self.known.values(), key=lambda trial: trial.number):
            if trial.finished:
                self.fit_seconds[trial.candidate.key] = trial.seconds * self.executor.width / len(self.problem.judged)
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
            self.fit_seconds[candidate.key] = known.seconds * self.executor.width / max(1, len(known.fold_losses))
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
                "fold", [(candidate, fold, self.threads) for fold in folds], limit=self._limit()
            )
            for fold, part in zip(folds, found, strict=True):
                outcome.take(fold, part)
                self._learn(candidate, outcome)
                # as if they had come one after the other: the answer must not depend on the number of threads
                why = self._given_up(candidate, outcome)
                if why:
                    return why
        return ""

    def _screened(self, number: int, candidate: Candidate) -> Trial:
        """Judge by one fold and a share of the rows."""
        started = time.monotonic()
        try:
            loss = float(self.executor.call("screen", candidate, limit=self._limit()))
        except FitError as error:
            state = "stopped" if error.stopped else "failed"
            return Trial(number, candidate, state, str(error), time.monotonic() - started)
        return Trial(number, candidate, "screened", "", time.monotonic() - started, loss)

    def _learn(self, candidate: Candidate, outcome: Outcome) -> None:
        """Note what a fold cost."""
        judged = len(outcome.losses)
        seconds = outcome.fit_seconds / judged
        rows = int(outcome.rows.sum())
        self.costs.learn(candidate.model, candidate.values, self.rows, self.widths[candidate.specs], seconds)
        self.fit_seconds[candidate.key] = seconds
        self.row_seconds[candidate.key] = outcome.predict_seconds / max(1, rows)

    def _given_up(self, candidate: Candidate, outcome: Outcome) -> str:
        """Why not to go on with the folds that are left; empty where there is no reason."""
        champion = self.board.champion
        if champion is None or not outcome.left:
            return ""
        if self.options.by_clock and self.clock.budget is not None:
            needed = self.fit_seconds[candidate.key] * self._rounds(outcome.left) + self._refit_seconds(candidate)
            if needed > self.free:
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

    def _refit_limit(self) -> float:
        """Seconds that fits on all rows may take; the first ones as long as they need."""
        if self.clock.budget is None or not self.refits:
            return float("inf")
        return max(self.clock.left - 0.5 * self.clock.reserve, 0.0)

    def _fitting(self, candidate: Candidate) -> tuple[Candidate | None, str]:
        """The candidate, or a smaller one, that time and memory allow; or None and the reason."""
        dear = self._table_seconds(candidate.specs)
        if self.board.champion is not None and dear > 0.4 * self.free:
            return None, f"its descriptors would take about {dear:.0f} s, {max(0.0, self.free):.0f} s are left"
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

    def _table_seconds(self, specs: tuple[str, ...]) -> float:
        """Predicted seconds of the dear descriptors among those not computed yet; 0 where no clock is looked at."""
        source = self.problem.source
        if not self.options.by_clock or self.clock.budget is None or isinstance(source, TableSource):
            return 0.0
        known = {spec for done in self.widths for spec in done}
        return sum(table_seconds(s, source.lengths, self.options.threads) for s in specs if s not in known)

    def _columns(self, candidate: Candidate) -> int:
        """Width of a candidate's table, which is made for it."""
        if candidate.specs not in self.widths:
            shape = self.executor.call("shape", candidate, limit=self._limit())
            self.widths[candidate.specs] = int(shape["columns"])
            self.table_seconds[candidate.specs] = float(shape["seconds"])
        return self.widths[candidate.specs]

    def _predicted(self, candidate: Candidate, columns: int) -> float:
        """Seconds of all folds and a fit on all rows."""
        seconds = self._one_fit(candidate, columns)
        return seconds * (self._rounds(len(self.problem.judged)) + len(self.problem) / self.rows / self.executor.width)

    def _one_fit(self, candidate: Candidate, columns: int) -> float:
        """Seconds of one fit; a small round is timed for models not seen yet."""
        rough = self.costs.seconds(candidate.model, candidate.values, self.rows, columns)
        if not self.costs.knows(candidate.model) and 0.1 * self.clock.free < rough < 10 * self.clock.free:
            self._try_small(candidate, columns)
        return self.costs.seconds(candidate.model, candidate.values, self.rows, columns)

    def _try_small(self, candidate: Candidate, columns: int) -> None:
        small = small_round(candidate.model, candidate.values, self.rows)  # None for models of whole tables
        if small is None:
            return
        values, rows = small
        limit = max(1.0, 0.2 * self.clock.free)
        try:
            seconds = self.executor.call("timed", candidate, values, rows, self.threads, limit=limit)
        except FitError:
            seconds = limit
        self.costs.learn(candidate.model, {**candidate.values, **values}, rows, columns, seconds)

    def complete(self) -> bool:
        """Fit the champion's members on all rows; one that fails is dropped, and the rest blended anew."""
        while self.board.champion is not None:
            members = [t.candidate for t in self.board.trials if t.candidate.key in self.board.champion.weights]
            missing = [candidate for candidate in members if candidate.key not in self.refits]
            missing.sort(
                key=lambda candidate: self.fit_seconds.get(candidate.key, 0.0)
            )  # the cheap ones are sure to be had
            if not missing:
                self.completed_at = self.clock.spent
                return True
            for candidate, found in zip(missing, self._refitted(missing[: self.executor.width]), strict=False):
                if found is None:
                    self.board.drop(candidate.key)
                else:
                    self.refits[candidate.key] = found
        return False

    def _refitted(self, candidates: Sequence[Candidate]) -> list[Any]:
        """Models of all rows; the mean of the folds' models where time is short; None where neither can be had."""
        limit = self._refit_limit()
        now = [c for c in candidates if not self._stands_in(c, limit)]
        share = max(1, self.options.threads // max(1, len(now)))
        refits = self.executor.gather("refit", [(candidate, share) for candidate in now], limit)
        found = dict(zip((candidate.key for candidate in now), refits, strict=True))
        return [self._settled(candidate, found.get(candidate.key), limit) for candidate in candidates]

    def _stands_in(self, candidate: Candidate, limit: float) -> bool:
        """Whether there is no time for a model of all rows."""
        needed = self._refit_seconds(candidate)
        dear = self.options.by_clock and len(self.problem.judged) == 1 and needed > 0.1 * self.clock.free
        return dear or limit < needed + 0.2

    def _settled(self, candidate: Candidate, refit: Any, limit: float) -> Any:
        """The model of a candidate: that of all rows, else the mean of its folds' models, else None."""
        if isinstance(refit, dict):
            return refit["predictor"]
        try:
            return self._averaged(candidate, max(self._refit_limit(), 5.0))
        except FitError as error:
            why = refit or error
        if refit is None and limit > 0.5 * self._refit_seconds(candidate):
            try:
                return self.executor.call("refit", candidate, self.options.threads, limit=limit)["predictor"]
            except FitError as error:
                why = error
        self.tell(f"{candidate.title}: not fitted on all rows: {why}")
        return None

    def _averaged(self, candidate: Candidate, limit: float) -> Any:
        """The mean of the models of the folds, in place of one of all rows."""
        from bioautofeat.models.predictors.joined import Blend

        kept: dict[int, Any] = {}
        for part in self.executor.call_everywhere("kept", candidate, limit=limit):
            kept |= part
        if len(kept) < len(self.problem.judged):
            raise FitError("the models of the folds are not kept")
        members = [kept[fold] for fold in self.problem.judged]
        return members[0] if len(members) == 1 else Blend(tuple(members), np.full(len(members), 1.0 / len(members)))

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
    usual = {"rounds": 100, "trees": FORESTS.get(candidate.model, 0)}
    values = dict(candidate.values)
    if name is None or share < 0.25:
        return None
    values[name] = max(10, int(values.get(name, usual[name]) * share))
    return replace(candidate, values=values)
