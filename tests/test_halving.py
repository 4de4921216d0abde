"""Successive halving of candidates: many on a share of the rows, the better ones again on more, the best on all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from automl_records import make, part, run

from bioautofeat.automl import joint
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Inline
from bioautofeat.automl.joint import joint_search
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.automl.workshop import Workshop
from bioautofeat.search import Grid

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")

SPECS = ("kmer:k=1", "kmer:k=2")
CHEAP = ("logistic", "gaussian_bayes")


@pytest.fixture
def cheap(monkeypatch):
    """Only models that are fitted in milliseconds are searched."""
    monkeypatch.setattr(joint, "SEARCHED", CHEAP)


def problem_of(seed=1, n=60):
    return prepare_records(part(*make(seed, n=n)), None, Options(trials=9)).problem


def chooser_for(strategy, problem=None):
    """A search without first models, in which nothing is dear."""
    problem = problem_of() if problem is None else problem
    blocks = choose_blocks(problem.source, SPECS)
    chooser = joint_search(problem, blocks, Options(trials=99, descriptors=SPECS, strategy=strategy))
    chooser.portfolio.candidates, chooser.portfolio.first = [], 0
    return chooser


def quality(candidate):
    """A loss that is the same at every share of the rows."""
    return (int(replace(candidate, share=1.0).key, 16) % 997) / 997


def answered(chooser, number, trials):
    """Ask, answer and tell once."""
    candidate = chooser.ask(trials)
    state = "screened" if candidate.share < 1.0 else "finished"
    trial = Trial(number, candidate, state, loss=quality(candidate), seconds=1.0)
    chooser.tell(trial)
    trials.append(trial)
    return candidate


def test_the_better_ones_rise_until_they_see_all_rows(cheap):
    chooser, trials = chooser_for("halving"), []
    chooser.strategy.rungs = [1 / 9, 1 / 3, 1.0]
    chooser.strategy._told = [{}, {}, {}]
    for number in range(1, 60):
        answered(chooser, number, trials)
    by_share = {share: [t for t in trials if t.candidate.share == share] for share in (1 / 9, 1 / 3, 1.0)}
    low, middle, full = (len(by_share[share]) for share in (1 / 9, 1 / 3, 1.0))
    assert low + middle + full == len(trials)
    assert low // 3 <= middle < low, "what was good among few is not called back when better ones come"
    assert max(3, middle // 3) <= full < middle
    first = {replace(t.candidate, share=1.0).key: t.loss for t in by_share[1 / 9]}
    risen = [first[replace(t.candidate, share=1.0).key] for t in by_share[1.0]]
    assert np.mean(risen) < np.quantile(list(first.values()), 0.4)


def test_few_rows_are_not_divided_into_nothing(cheap):
    assert chooser_for("halving").strategy.rungs == pytest.approx([1 / 3, 1.0])
    assert chooser_for("halving", problem_of(n=3_000)).strategy.rungs == pytest.approx([1 / 9, 1 / 3, 1.0])


def test_a_candidate_that_was_made_smaller_is_not_asked_for_for_ever(cheap):
    chooser, trials = chooser_for("halving"), []
    for number in range(1, 30):
        candidate = chooser.ask(trials)
        cut = replace(candidate, values={**candidate.values, "cut": 1})
        state = "screened" if candidate.share < 1.0 else "finished"
        trials.append(Trial(number, cut, state, loss=quality(candidate)))
        chooser.tell(trials[-1])
    assert len({trial.candidate.key for trial in trials}) == len(trials)


def test_a_share_of_the_rows_is_judged_on_each_fold():
    problem = problem_of(n=80)
    workshop = Workshop(problem)
    candidate = Candidate("logistic", {}, ("kmer:k=1",), "small", share=0.3)
    losses = [workshop.screen(candidate, fold, 1) for fold in problem.judged]
    assert len(set(losses)) == len(problem.judged)
    assert losses[0] == Workshop(problem).screen(candidate, problem.judged[0], 2)


def outcome(result):
    """What has to be equal between two runs."""
    board = result.board
    trials = [(t.candidate.key, t.state, round(t.loss, 12)) for t in board.trials]
    return trials, dict(board.champion.weights), board.champion.predictions.tobytes()


OPTIONS = Options(trials=18, descriptors=SPECS, strategy="halving", seed=2)


@pytest.fixture
def few_first(monkeypatch):
    """One first model, then the search alone."""
    first = Candidate("logistic", {}, ("kmer:k=1",), "small")
    monkeypatch.setattr("bioautofeat.automl.portfolio.Portfolio._listed", lambda self, preset: iter([first]))
    monkeypatch.setattr("bioautofeat.automl.portfolio.Portfolio._first", lambda self: iter([first]))
    monkeypatch.setattr("bioautofeat.automl.portfolio.Portfolio._second", lambda self: iter([]))


def test_only_what_has_seen_all_rows_is_blended(cheap, few_first):
    result, _ = run(make(3, n=60), OPTIONS)
    screened = [t for t in result.board.trials if t.state == "screened"]
    full = [t for t in result.board.trials if t.candidate.share == 1.0]
    assert len(screened) >= 8
    assert len(full) >= 3
    assert all(t.candidate.share < 1.0 and len(t.fold_losses) == 5 for t in screened)
    seen = {replace(t.candidate, share=1.0).key for t in screened}
    assert all(t.candidate.key in seen for t in full[1:]), "what is judged in full has risen"
    assert all(t.candidate.share == 1.0 for t in result.board.finished)
    assert set(result.board.champion.weights) <= {t.candidate.key for t in full}


def test_halving_is_the_same_for_any_number_of_threads_and_after_a_kill(cheap, few_first, tmp_path):
    data = make(4, n=60)
    whole, _ = run(data, OPTIONS, folder=tmp_path)
    assert outcome(run(data, replace(OPTIONS, threads=2))[0]) == outcome(whole)
    journal = tmp_path / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:9]))
    again, _ = run(data, OPTIONS, folder=tmp_path)
    assert outcome(again) == outcome(whole)
    assert [t.seconds for t in again.board.trials[:8]] == [t.seconds for t in whole.board.trials[:8]]


def test_a_timed_search_that_is_taken_up_knows_what_has_been_screened(cheap, few_first, tmp_path):
    from bioautofeat.automl.journal import Journal
    from bioautofeat.automl.search import Search

    data = make(5, n=60)
    whole, prepared = run(data, OPTIONS, folder=tmp_path)
    timed = replace(OPTIONS, trials=None, time_budget=600.0)
    chooser = joint_search(prepared.problem, choose_blocks(prepared.problem.source, SPECS), timed)
    with Inline() as fits:
        fits.load(prepared.problem)
        search = Search(prepared.problem, chooser, fits, Clock(600.0), timed)
        journal = Journal(tmp_path / "journal.jsonl", "")
        journal.fingerprint = journal.path.read_text().split('"')[3]
        search.known = journal.read()
        search._take_up()
    told = chooser.strategy.history.trials
    assert len(told) == len([t for t in whole.board.trials if t.state in ("finished", "screened")])
    assert any(trial.fidelity < 1.0 for trial in told)


def test_a_grid_that_is_taken_up_walks_past_what_is_known(monkeypatch):
    monkeypatch.setattr(joint, "SEARCHED", ("xgboost", "svm"))
    first, trials = chooser_for("grid"), []
    for number in range(1, 46):
        answered(first, number, trials)
    assert len({trial.candidate.key for trial in trials}) == 45
    again = chooser_for("grid")
    for trial in trials:
        again.tell(trial)
    following = again.ask(trials)
    assert isinstance(again.strategy, Grid)
    assert following == first.ask(trials)
    assert {t.point: t.score for t in again.strategy.history.trials} == {
        t.point: t.score for t in first.strategy.history.trials
    }


def test_a_grid_ends_where_all_is_known(monkeypatch):
    monkeypatch.setattr(joint, "SEARCHED", ("lda", "gaussian_bayes"))
    chooser, trials = chooser_for("grid"), []
    n_points = len({chooser.space.candidate(point).key for point in chooser.space.points()})
    for number in range(1, n_points + 1):
        answered(chooser, number, trials)
    assert len({trial.candidate.key for trial in trials}) == n_points
    assert chooser.ask(trials) is None
