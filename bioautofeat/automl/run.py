"""A whole run: folds by the clock, the search, what is delivered after every improvement, and what at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl import outputs
from bioautofeat.automl.blocks import Blocks, choose_blocks
from bioautofeat.automl.board import Board, Champion
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.costs import table_seconds
from bioautofeat.automl.deliver import fitted_model
from bioautofeat.automl.ending import SHUFFLED_SHARE, Ending, judging_seconds
from bioautofeat.automl.executor import Executor
from bioautofeat.automl.forecast import NOMINAL_SECONDS
from bioautofeat.automl.joint import joint_search
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.portfolio import Chooser, Portfolio
from bioautofeat.automl.prepare import Options, Prepared, resplit
from bioautofeat.automl.problem import TableSource
from bioautofeat.automl.search import Search
from bioautofeat.automl.shuffled import on_shuffled
from bioautofeat.automl.signing import signatures_of
from bioautofeat.bundle import FittedModel, Prediction
from bioautofeat.errors import UnfinishedError
from bioautofeat.evaluation.estimate import Estimate, Interval, estimate, intervals
from bioautofeat.evaluation.signatures import Signature
from bioautofeat.extraction import Extractor

if TYPE_CHECKING:
    from bioautofeat.nas.hunting import Hunted

__all__ = ["Result", "Run"]

Array = NDArray[Any]
SHUFFLINGS = 3

FIRST_SHARE = 0.6
"""Part of the time that the first models may take by their predicted cost; the better ones come after them."""


@dataclass(eq=False)
class Result:
    """What a run has come to.

    Parameters
    ----------
    model : FittedModel
    board : Board
    estimate : Estimate
    test, test_clean : mapping of str to Interval, optional
    test_prediction : Prediction, optional
    seconds : float
    shuffled : list of float
        Corrected scores on shuffled labels, where these were asked for.
    networks : Hunted, optional
        What a search for networks came to.
    signatures : list of Signature, optional
        Small sets of features; None where none were looked for.
    """

    model: FittedModel
    board: Board
    estimate: Estimate
    test: Mapping[str, Interval] | None = None
    test_clean: Mapping[str, Interval] | None = None
    test_prediction: Prediction | None = None
    seconds: float = 0.0
    shuffled: list[float] = field(default_factory=list)
    extractors: dict[str, Extractor] = field(default_factory=dict)
    networks: Hunted | None = None
    signatures: list[Signature] | None = None


class Run:
    """One run of the search on prepared data.

    Parameters
    ----------
    prepared : Prepared
    options : Options
    clock : Clock
    executor : Executor
    folder : path, optional
        Where everything is written; nothing is without it.
    tell : callable
        Told in a line what happens.
    """

    def __init__(
        self, prepared: Prepared, options: Options, clock: Clock, executor: Executor,
        folder: Path | None = None, tell: Callable[[str], None] = lambda line: None,
    ) -> None:  # fmt: skip
        self.prepared, self.options, self.clock = prepared, options, clock
        self.executor, self.folder, self.tell = executor, folder, tell
        self.problem = prepared.problem
        self.extractors: dict[str, Extractor] = {}
        self.saved_at, self.saving_took = float("-inf"), 0.0
        self.result: Result | None = None
        self.saved: Champion | None = None

    def go(self) -> Result:
        """Search, deliver, judge; on an interrupt deliver what there is and let the interrupt pass."""
        journal = self._journal()
        self.executor.load(self.problem)
        blocks = self._payable(choose_blocks(self.problem.source, self.options.descriptors, extra=self.problem.extra))
        portfolio = Portfolio(self.problem, blocks, self.options.preset, self.options.nas)
        chooser: Chooser = portfolio
        if self._searches:
            chooser = joint_search(self.problem, blocks, self.options, portfolio)
        clock = self.clock.part(1.0 - SHUFFLED_SHARE) if self.options.preset == "best" else self.clock
        search = Search(self.problem, chooser, self.executor, clock, self.options, journal)
        search.improved, search.tell = self._improved, self.tell
        search.refits.tell = self.tell
        search.test_rows = 0 if self.prepared.test is None else len(self.prepared.test)
        if journal is not None:
            search.known = journal.read()
        self._plan_folds(search, portfolio, journal)
        finished = False
        try:
            search.run()
            finished = True
        finally:
            if not finished:
                self._interrupted(search)
        if not search.complete():
            raise UnfinishedError(_why_nothing(search.board))
        return self._finish(search)

    def _payable(self, blocks: Blocks) -> Blocks:
        """The sets without descriptors that would take more than a quarter of the time by themselves."""
        source = self.problem.source
        if self.options.descriptors or not self.options.by_clock or self.clock.budget is None:
            return blocks
        if isinstance(source, TableSource):
            return blocks
        most = 0.25 * self.clock.budget
        specs = {spec for block in blocks.values() for spec in block}
        dear = {spec for spec in specs if table_seconds(spec, source.lengths, self.options.threads) > most}
        for spec in sorted(dear):
            self.tell(
                f"{spec} is left out: it would take more than a quarter of the time; give more, or ask for it by -d"
            )
        kept = {name: tuple(spec for spec in block if spec not in dear) for name, block in blocks.items()}
        return {name: block for name, block in kept.items() if block}

    @property
    def _searches(self) -> bool:
        """Whether there is a search after the first models; not without an end to it."""
        limited = self.clock.budget is not None or self.options.trials is not None
        return limited and self.options.preset != "fast"

    def _journal(self) -> Journal | None:
        if self.folder is None:
            return None
        problem = self.problem
        content = [
            self.prepared.keys.tobytes(),
            problem.truth.tobytes(),
            problem.groups.tobytes(),
            "\0".join(problem.classes).encode(),
        ]
        described = json.dumps(
            [
                self.options.seed,
                self.options.preset,
                self.options.descriptors,
                problem.metric,
                str(self.options.strategy),
                self.options.nas,
            ]
        ).encode()
        digest = hashlib.sha256(b"\0".join([*content, described])).hexdigest()
        return Journal(self.folder / "journal.jsonl", digest)

    def _plan_folds(self, search: Search, chooser: Portfolio, journal: Journal | None) -> None:
        """Five folds, else three, else a hold-out, by the predicted cost of the first set of models."""
        present = [int(self.problem.folds.max()) + 1, *self.problem.judged]
        plan = None if journal is None else journal.plan
        if plan is None:
            plan = present if self.prepared.own_folds else self._affordable(search, chooser)
        chooser.in_order_of(search.forecast.of)
        if plan != present:
            self.problem = resplit(self.prepared, plan[0], hold_out=len(plan) == 2)
            self.executor.split(self.problem)
            search.take(self.problem)
        if journal is not None:
            journal.start(plan)

    def _affordable(self, search: Search, chooser: Portfolio) -> list[int]:
        """Number of folds and which are judged."""
        most = int(self.problem.folds.max()) + 1
        search.forecast.calibrate(chooser.blocks["small"])
        cost = sum(search.forecast.of(chooser.core))
        free = self.clock.free if self.options.by_clock else NOMINAL_SECONDS
        width = self.executor.width if self.options.by_clock else 1
        # the folds, several at a time, and a fit on all rows
        for n_folds in (most, 3):
            fits = -(-n_folds // width) + n_folds / (n_folds - 1) / width
            if n_folds <= most and fits * cost <= FIRST_SHARE * free:
                return [n_folds, *range(n_folds)]
        # a hold-out of a fifth serves best where there are many records
        return (
            [most, 0]
            if len(self.problem) >= 100 * max(2, self.problem.n_classes)
            else [min(most, 2), *range(min(most, 2))]
        )

    def _metadata(self, board: Board) -> dict[str, Any]:
        champion = board.champion
        assert champion is not None
        titles = {t.candidate.key: t.candidate.title for t in board.trials}
        return {
            "members": [{"model": titles[key], "weight": weight} for key, weight in champion.weights.items()],
            "metric": self.problem.metric,
            "seed": self.options.seed,
            "records": len(self.problem),
            "training_sha256": hashlib.sha256(np.sort(self.prepared.keys).tobytes()).hexdigest(),
        }

    def _improved(self, search: Search) -> None:
        """Save a better champion, unless saving takes long and was done a moment ago."""
        wait = 5 * self.saving_took
        if self.folder is not None and self.clock.spent - self.saved_at >= wait:
            self._save(search)

    def _save(self, search: Search) -> None:
        assert self.folder is not None
        started = self.clock.spent
        model = fitted_model(search.board, search.refits.models, self.extractors, self._metadata(search.board))
        model.save(str(self.folder / "model.baf"))
        self.saved, self.saved_at = search.board.champion, self.clock.spent
        outputs.write_leaderboard(self.folder, search.board, self.saved)
        self.saving_took = self.clock.spent - started

    def _interrupted(self, search: Search) -> None:
        """Write what there is, in a few seconds; the leaderboard tells of the model that is there."""
        search.interrupt()
        self.executor.close()
        if self.folder is None:
            return
        champion = search.board.champion
        whole = champion is not None and all(key in search.refits.models for key in champion.weights)
        if whole and self.saved is not champion and self.saving_took < 2.0:
            self._save(search)
        # an earlier run's model has its own leaderboard
        if self.saved is not None or not (self.folder / "model.baf").exists():
            outputs.write_leaderboard(self.folder, search.board, self.saved)

    def _finish(self, search: Search) -> Result:
        board, best = search.board, self.options.preset == "best"
        model = fitted_model(board, search.refits.models, self.extractors, self._metadata(board))
        if self.folder is not None and self.saved is not board.champion:
            self._save(search)
        ending = Ending(
            self.clock, self.options.by_clock, best, predicting=search.test_rows * search.forecast.prediction(board.members),
            judging=self._judging(board),
        )  # fmt: skip
        groups = self.problem.groups[self.problem.judged_rows]
        found = estimate(board.selection(), groups, seed=self.options.seed, enough=ending.estimated())
        self.result = result = Result(model, board, found, extractors=self.extractors, networks=search.networks)
        try:
            self._judge_test(result, ending)
            if best:
                self._shuffle(result)
            result.signatures = self._signatures(ending)
        except Exception:  # why: whatever it is, it is told once what there is has been written
            self._write(result)
            raise
        except BaseException:  # why: an interrupt leaves a few seconds: no report
            if self.folder is not None:
                outputs.write_tables(self.folder, self.prepared, self.problem, result)
            raise
        self._write(result)
        return result

    def _judging(self, board: Board) -> float:
        """Predicted seconds of the bootstraps of the test part."""
        truth, champion = self.prepared.test_truth, board.champion
        return 0.0 if truth is None or champion is None else judging_seconds(self.problem, champion, len(truth))

    def _signatures(self, ending: Ending) -> list[Signature] | None:
        """Small sets of features, where they are looked for; the search has left time for them."""
        budget = self.options.time_budget
        seconds = float("inf") if budget is None else budget - self.clock.spent - ending.report
        return signatures_of(self.problem, self.options, seconds, self.tell)

    def _write(self, result: Result) -> None:
        """All files of the folder."""
        result.seconds = self.clock.spent
        if self.folder is not None:
            outputs.write_all(self.folder, self.prepared, self.problem, result, self.options)

    def _shuffle(self, result: Result) -> None:
        """See what the delivered models find in shuffled labels, as often as there is time."""
        board = result.board
        seconds = sum(trial.seconds for trial in board.finished if trial.candidate in board.members)

        def go_on(done: int) -> bool:
            if not self.options.by_clock or self.clock.budget is None:
                return True
            return 1.5 * seconds + 1.0 < self.clock.left - 0.3 * self.clock.reserve

        result.shuffled = on_shuffled(self.problem, board.members, self.executor, repeats=SHUFFLINGS, go_on=go_on)
        metric = self.problem.metric
        scores = ", ".join(f"{score:.3f}" for score in result.shuffled)
        self.tell(f"on shuffled labels: {metric} {scores}" if scores else "no time was left for shuffled labels")

    def _judge_test(self, result: Result, ending: Ending) -> None:
        """Predict the test part, and score it whole and without copies where its labels are known."""
        test = self.prepared.test
        if test is None:
            return
        result.test_prediction = outputs.predict_part(result.model, test, self.options.threads)
        truth = self.prepared.test_truth
        if truth is None:
            return
        scores, classes = outputs.as_arrays(result.test_prediction)
        task, seed = self.problem.task, self.options.seed
        clean = self.prepared.clean_test
        parts = 1 if clean is None or clean.all() else 2
        result.test = intervals(task, truth, scores, classes, seed=seed, enough=ending.judged(parts))
        if clean is not None and clean.sum() >= 2 and (task == "regression" or len(np.unique(truth[clean])) > 1):
            part = scores[clean], None if classes is None else classes[clean]
            result.test_clean = (
                result.test if clean.all() else intervals(task, truth[clean], *part, seed=seed, enough=ending.judged(1))
            )


def _why_nothing(board: Board) -> str:
    reasons = [f"{trial.candidate.title}: {trial.reason}" for trial in board.trials]
    return f"no model could be fitted; {'; '.join(reasons[:3]) or 'no candidate suits the data'}"
