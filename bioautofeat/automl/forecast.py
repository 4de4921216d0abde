"""What trials will cost in this run: formulas, corrected by what fits on this machine have taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bioautofeat.automl.clock import Clock
from bioautofeat.automl.costs import CostModel, small_round, table_seconds
from bioautofeat.automl.executor import Executor, FitError
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem, TableSource
from bioautofeat.automl.race import Outcome
from bioautofeat.automl.store import expected_width
from bioautofeat.automl.trial import Candidate, Trial

__all__ = ["NOMINAL_SECONDS", "Forecast"]

NOMINAL_SECONDS = 300.0
"""Without a clock, costs are weighed as if there were this much time."""


class Forecast:
    """Predicted seconds.

    Parameters
    ----------
    problem : Problem
    options : Options
    executor : Executor
        Makes tables and small rounds, to be timed.
    clock : Clock
    """

    def __init__(self, problem: Problem, options: Options, executor: Executor, clock: Clock) -> None:
        self.options, self.executor, self.clock = options, executor, clock
        self.costs = CostModel(problem.n_classes, options.threads)
        self.widths: dict[tuple[str, ...], int] = {}
        self._widths: dict[str, int] = {}
        self.fit_seconds: dict[str, float] = {}
        self.row_seconds: dict[str, float] = {}
        self.table_seconds: dict[tuple[str, ...], float] = {}
        self.take(problem)

    def take(self, problem: Problem) -> None:
        """Serve a problem (the same data in other folds)."""
        self.problem = problem
        self.rows = int((problem.folds != problem.judged[0]).sum())
        self.growth = len(problem) / self.rows
        self.costs.threads = self.threads

    @property
    def timed(self) -> bool:
        """Whether there is a budget that decisions look at."""
        return self.options.by_clock and self.clock.budget is not None

    @property
    def threads(self) -> int:
        """Threads of one fit of a fold: all for a hold-out, else a share."""
        side_by_side = min(self.executor.width, len(self.problem.judged))
        return max(1, self.options.threads // side_by_side)

    @property
    def share(self) -> int:
        """Threads of a fit on all rows."""
        return max(1, self.options.threads // self.executor.width)

    def rounds(self, folds: int) -> int:
        """How often fits of folds are waited for: several are made at the same time."""
        return -(-folds // self.executor.width)

    def width(self, specs: Iterable[str]) -> int:
        """Number of columns of descriptors, none of which is computed."""
        for spec in specs:
            if spec not in self._widths:
                self._widths[spec] = expected_width((spec,), self.problem)
        return sum(self._widths[spec] for spec in specs)

    def of(self, candidates: Sequence[Candidate]) -> list[float]:
        """Seconds of one fit of each; by the formulas alone where no decision may look at a clock."""
        costs = self.costs if self.options.by_clock else CostModel(self.problem.n_classes)
        return [costs.seconds(c.model, c.values, self.rows, self.width(c.specs)) for c in candidates]

    def share_of(self, candidate: Candidate, free: float) -> float:
        """Part of the time left that a candidate would take; of a fixed time, on one thread, where no clock is looked at."""
        seconds = self.of([candidate])[0]
        if not self.timed:
            return seconds * (len(self.problem.judged) + self.growth) / NOMINAL_SECONDS
        return seconds * (self.rounds(len(self.problem.judged)) + self.growth) / max(free, 1e-6)

    def predicted(self, candidate: Candidate, columns: int) -> float:
        """Seconds of all folds and a fit on all rows; a small round is timed for models not seen yet."""
        rough, free = self.costs.seconds(candidate.model, candidate.values, self.rows, columns), self.clock.free
        if not self.costs.knows(candidate.model) and 0.1 * free < rough < 10 * free:
            self._try_small(candidate, columns)
        seconds = self.costs.seconds(candidate.model, candidate.values, self.rows, columns)
        return seconds * (self.rounds(len(self.problem.judged)) + self.growth / self.executor.width)

    def _try_small(self, candidate: Candidate, columns: int) -> None:
        small = small_round(candidate.model, candidate.values, self.rows)
        if small is None:
            return
        values, rows = small
        limit = max(1.0, 0.2 * self.clock.free)
        try:
            seconds = self.executor.call("timed", candidate, values, rows, self.threads, limit=limit)
        except FitError:
            seconds = limit
        self.costs.learn(candidate.model, {**candidate.values, **values}, rows, columns, seconds)

    def calibrate(self, specs: tuple[str, ...]) -> None:
        """Time two small fits on a few columns: how fast this machine is, now."""
        if not self.options.by_clock or self.clock.free < 10:
            return
        rows = min(self.rows, 4000)
        for model, values in (("xgboost", {"rounds": 20}), ("extra_trees", {"trees": 20})):
            candidate = Candidate(model, values, specs, "small")
            limit = 0.05 * self.clock.free
            try:
                columns = self.columns(candidate, limit=max(limit, 5.0))
                seconds = self.executor.call("timed", candidate, {}, rows, self.threads, limit=limit)
            except FitError:
                continue
            self.costs.observe(model, values, rows, columns, seconds)

    def learn(self, candidate: Candidate, outcome: Outcome) -> None:
        """Note what the folds so far have cost."""
        seconds = outcome.fit_seconds / len(outcome.losses)
        self.costs.learn(candidate.model, candidate.values, self.rows, self.widths[candidate.specs], seconds)
        self.fit_seconds[candidate.key] = seconds
        self.row_seconds[candidate.key] = outcome.predict_seconds / max(1, int(outcome.rows.sum()))

    def recall(self, trial: Trial) -> None:
        """Note what a trial of an earlier run has cost."""
        self.fit_seconds[trial.candidate.key] = trial.seconds * self.executor.width / max(1, len(trial.fold_losses))

    def refit(self, candidate: Candidate) -> float:
        """Seconds of a fit on all rows, on its share of the threads."""
        gain = self.costs.gain(candidate.model, self.threads) / self.costs.gain(candidate.model, self.share)
        return self.fit_seconds.get(candidate.key, 1.0) * self.growth * gain

    def refits(self, candidates: Iterable[Candidate]) -> float:
        """Seconds of fits on all rows, as many at a time as there are workers."""
        return sum(sorted(map(self.refit, candidates))[:: -self.executor.width])

    def prediction(self, candidates: Sequence[Candidate]) -> float:
        """Seconds of predicting one record."""
        tables = sum(self.table_seconds.get(specs, 0.0) for specs in {c.specs for c in candidates}) / len(self.problem)
        return tables + sum(self.row_seconds.get(c.key, 0.0) for c in candidates)

    def tables(self, specs: Sequence[str]) -> float:
        """Seconds of the dear descriptors among those not computed yet; 0 where no clock is looked at."""
        source = self.problem.source
        if not self.timed or isinstance(source, TableSource):
            return 0.0
        known = {spec for done in self.widths for spec in done}
        return sum(table_seconds(s, source.lengths, self.options.threads) for s in specs if s not in known)

    def columns(self, candidate: Candidate, limit: float) -> int:
        """Width of a candidate's table, which is made for it."""
        if candidate.specs not in self.widths:
            shape = self.executor.call("shape", candidate, limit=limit)
            self.widths[candidate.specs] = int(shape["columns"])
            self.table_seconds[candidate.specs] = float(shape["seconds"])
        return self.widths[candidate.specs]
