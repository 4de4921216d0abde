"""Time and who fits: workers that can be stopped, what fits cost, budgets that are kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from automl_records import QUICK, make, part, run

from bioautofeat.automl.clock import Clock, parse_duration, process_age
from bioautofeat.automl.costs import CostModel, operations
from bioautofeat.automl.crew import Crew, executor_for
from bioautofeat.automl.ending import Ending
from bioautofeat.automl.executor import FitError, Inline, Worker, environment
from bioautofeat.automl.portfolio import Portfolio
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.search import Search
from bioautofeat.automl.trial import Candidate
from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.evaluation.estimate import intervals
from bioautofeat.sequences import Sequences

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def test_a_worker_gives_what_this_process_gives():
    data = make(9, n=40)
    here, _ = run(data, QUICK)
    there, _ = run(data, QUICK, Worker(1))
    assert np.array_equal(here.board.champion.predictions, there.board.champion.predictions)


def test_a_crew_gives_what_one_worker_gives():
    """Folds side by side, or one after the other: the same trials, dropped ones among them, and the same predictions."""
    data, options = make(9, n=60), Options(trials=9, descriptors=("kmer:k=2", "kmer:k=3"), threads=2)
    here, _ = run(data, options)
    there, _ = run(data, options, Crew(2, 2))
    assert [(t.candidate.key, t.state, t.loss) for t in here.board.trials] == [
        (t.candidate.key, t.state, t.loss) for t in there.board.trials
    ]
    assert np.array_equal(here.board.champion.predictions, there.board.champion.predictions)


def test_a_crew_outlives_overruns_and_failures():
    prepared = prepare_records(part(*make(10, n=200, length=200)), None, Options(trials=1))
    slow = Candidate("random_forest", {"trees": 2000, "columns": "all"}, ("kmer:k=5",), "broad")
    good = Candidate("logistic", {}, ("kmer:k=1",), "small")
    with Crew(2, 2) as crew:
        crew.load(prepared.problem)
        found = crew.call_each("fold", [(good, fold, 1) for fold in range(5)])
        assert [len(part["predictions"]) for part in found] == np.bincount(prepared.problem.folds).tolist()
        with pytest.raises(FitError, match="longer than the time"):
            crew.call_each("fold", [(good, 0, 1), (slow, 1, 1)], limit=1.0)
        with pytest.raises(FitError, match="no-such-model"):
            crew.call_each("fold", [(Candidate("no-such-model", {}, ("kmer:k=1",), "x"), 0, 1), (good, 1, 1)])
        again = crew.call_each("fold", [(good, fold, 1) for fold in range(5)])
        assert all(np.array_equal(a["predictions"], b["predictions"]) for a, b in zip(found, again, strict=True))
        kept = crew.call_everywhere("kept", good)
        assert sorted(fold for part in kept for fold in part) == [0, 1, 2, 3, 4]


def test_a_fit_that_overruns_or_fails_costs_itself_alone():
    prepared = prepare_records(part(*make(10, n=200, length=200)), None, Options(trials=1))
    with Worker(1) as worker:
        worker.load(prepared.problem)
        small = Candidate("logistic", {}, ("kmer:k=1",), "small")
        worker.call("shape", small)
        slow = Candidate("random_forest", {"trees": 2000, "columns": "all"}, ("kmer:k=5",), "broad")
        started = time.monotonic()
        with pytest.raises(FitError, match="longer than the time") as overrun:
            worker.call("fold", slow, 0, 1, limit=1.0)
        assert overrun.value.stopped
        assert time.monotonic() - started < 5
        with pytest.raises(FitError, match="no-such-model") as failure:
            worker.call("fold", Candidate("no-such-model", {}, ("kmer:k=1",), "x"), 0, 1)
        assert not failure.value.stopped
        assert len(worker.call("fold", small, 0, 1)["predictions"]) == (prepared.problem.folds == 0).sum()


def test_costs_are_learnt():
    costs = CostModel(2)
    before = costs.seconds("xgboost", {"rounds": 100}, 1000, 500)
    costs.learn("xgboost", {"rounds": 5}, 1000, 500, 4 * costs.seconds("xgboost", {"rounds": 5}, 1000, 500))
    assert costs.seconds("xgboost", {"rounds": 100}, 1000, 500) == pytest.approx(4 * before, rel=0.01)
    assert costs.seconds("extra_trees", {}, 1000, 500) > CostModel(2).seconds("extra_trees", {}, 1000, 500)
    for model in ("logistic", "xgboost", "extra_trees", "svm", "nystroem", "knn", "ridge", "lda"):
        assert operations(model, {}, 2000, 100, 3) >= operations(model, {}, 1000, 100, 3) > 0


def test_time():
    assert [parse_duration(text) for text in ("90", "10m", "2h", "1.5s")] == [90, 600, 7200, 1.5]
    for bad in ("", "m", "-3", "0", "ten", "1e12"):
        with pytest.raises(ParameterError):
            parse_duration(bad)
    assert process_age() > 0
    clock = Clock(10, spent=4)
    assert 5.9 < clock.left <= 6
    assert clock.free == pytest.approx(clock.left - 1, abs=0.01)
    assert Clock().left == float("inf")


def test_a_budget_is_kept():
    started = time.monotonic()
    result, _ = run(make(17, n=60), Options(time_budget=4.0, descriptors=("kmer:k=2",)))
    assert time.monotonic() - started < 9
    assert result.board.trials


def test_small_data_are_fitted_here_unless_there_is_a_limit_to_keep():
    texts, _ = make(20, n=20)
    seqs = Sequences.from_strings(texts, "dna")
    with executor_for(seqs, Options()) as here:
        assert isinstance(here, Inline)
    for limited in (Options(time_budget=60.0), Options(memory_limit=2 << 30)):
        with executor_for(seqs, limited) as other:
            assert isinstance(other, Worker)


def test_folds_models_stand_in_where_no_time_is_left():
    prepared = prepare_records(part(*make(18, n=60)), None, QUICK)
    problem = prepared.problem
    with Inline() as fits:
        fits.load(problem)
        search = Search(problem, Portfolio(problem, {"small": ("kmer:k=2",)}), fits, Clock(), QUICK)
        candidate = Candidate("logistic", {}, ("kmer:k=2",), "small")
        with pytest.raises(FitError, match="not kept"):
            search.refits.averaged(candidate, 9.0)
        fits.call_each("fold", [(candidate, fold, 1) for fold in problem.judged])
        mean = search.refits.averaged(candidate, 9.0)
        whole = fits.call("refit", candidate, 1)["predictor"]
        table = fits.shop.store.matrix(candidate.specs, None)
        assert len(mean.members) == 5
        assert mean.predict_proba(table) == pytest.approx(whole.predict_proba(table), abs=0.1)
        learnt = Candidate("logistic", {}, ("pslogodds",), "position")
        fits.call_each("fold", [(learnt, fold, 1) for fold in problem.judged])
        with pytest.raises(FitError, match="not kept"):  # the folds' descriptors differ
            search.refits.averaged(learnt, 9.0)


def test_a_run_by_the_clock_takes_up_what_was_cut_down(tmp_path):
    """A candidate that had to be made smaller is not asked for again; its journal entry still counts."""
    data, folder = make(19, n=40), tmp_path / "run"
    folder.mkdir()
    options = Options(time_budget=3.0, descriptors=("kmer:k=2",))
    first, _ = run(data, options, folder=folder)
    cut = Candidate("extra_trees", {"trees": 17}, ("kmer:k=2",), "broad")
    done = next(trial for trial in first.board.trials if trial.finished)
    with open(folder / "journal.jsonl", "a", encoding="utf-8") as log:
        log.write(json.dumps({**done.as_dict(), "candidate": cut.as_dict()}) + "\n")
    (folder / "journal" / f"{cut.key}.npy").write_bytes((folder / "journal" / f"{done.candidate.key}.npy").read_bytes())
    again, _ = run(data, options, folder=folder)
    keys = [trial.candidate.key for trial in again.board.trials]
    assert cut.key in keys
    assert len(set(keys)) == len(keys)


def test_costs_are_told_by_records_of_every_class():
    """A file in order of its classes is timed on a sample of it: a fit of one class would take no time at all."""
    texts, labels = make(21, n=300)
    order = np.argsort(labels, kind="stable")
    prepared = prepare_records(part([texts[i] for i in order], [labels[i] for i in order]), None, QUICK)
    with Inline() as fits:
        fits.load(prepared.problem)
        seen, kept = [], fits.shop._fit

        def noted(candidate, values, table, rows, place):
            seen.append(rows)
            return kept(candidate, values, table, rows, place)

        fits.shop._fit = noted
        candidate = Candidate("extra_trees", {"trees": 10}, ("kmer:k=2",), "small")
        assert fits.call("timed", candidate, {}, 40, 1) > 0
    assert [len(rows) for rows in seen] == [40, 40]
    for rows in seen:
        assert np.bincount(prepared.problem.truth[rows]).tolist() == [20, 20]


def test_a_worker_imports_nothing_from_the_current_folder(tmp_path, monkeypatch):
    """A folder that others write in must not be able to run code in every fit."""
    canary = tmp_path / "canary"
    for name in ("csv", "random", "numpy", "sklearn"):
        (tmp_path / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').close()\nraise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    prepared = prepare_records(part(*make(10, n=30)), None, Options(trials=1))
    with Worker(1) as worker:
        worker.load(prepared.problem)
        assert worker.call("shape", Candidate("logistic", {}, ("kmer:k=1",), "small"))["columns"] == 4
    assert not canary.exists()


def test_a_worker_imports_what_this_process_could(tmp_path, monkeypatch):
    """A module in the current folder travels where, as at a prompt, this process looks there, too."""
    (tmp_path / "beside.py").write_text(
        "from sklearn.linear_model import LogisticRegression\nclass Mine(LogisticRegression):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    import beside  # type: ignore[import-not-found]

    prepared = prepare_records(part(*make(10, n=30)), None, Options(trials=1))
    with Worker(1) as worker:
        worker.load(replace(prepared.problem, models={"mine": beside.Mine()}))
        assert worker.call("shape", Candidate("logistic", {}, ("kmer:k=1",), "small"))["columns"] == 4


def test_a_worker_is_silent_about_folders_that_are_tidied_up():
    code = "import warnings; [warnings.warn(text) for text in ('resource_tracker: 1 leaked folder', 'something else')]"
    said = subprocess.run([sys.executable, "-c", code], env=environment(1), capture_output=True, text=True, check=True)
    assert "leaked" not in said.stderr
    assert "something else" in said.stderr


def test_a_process_that_cannot_load_the_data_is_an_end_in_one_line(capfd):
    """The problem is larger than a pipe holds: whoever writes it finds the other side gone."""
    prepared = prepare_records(part(*make(10, n=400, length=600)), None, Options(trials=1, groups="none"))
    candidate = Candidate("logistic", {}, ("kmer:k=1",), "small")
    reasons = []
    with Worker(1, memory=1 << 20) as worker:
        worker.load(prepared.problem)
        worker.split(prepared.problem)
        for _ in range(6):
            with pytest.raises((FitError, UnfinishedError)) as failure:
                worker.call("shape", candidate)
            reasons.append(str(failure.value))
            if isinstance(failure.value, UnfinishedError):
                break
    assert all("memory" in reason for reason in reasons)
    assert "Traceback" not in capfd.readouterr().err


def test_a_process_that_dies_at_once_is_not_started_for_ever(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    prepared = prepare_records(part(*make(10, n=400, length=600)), None, Options(trials=1, groups="none"))
    with Worker(1) as worker:
        worker.load(prepared.problem)
        candidate = Candidate("logistic", {}, ("kmer:k=1",), "small")
        errors = []
        while not errors or not isinstance(errors[-1], UnfinishedError):
            assert len(errors) < 6
            with pytest.raises((FitError, UnfinishedError)) as failure:
                worker.call("shape", candidate)
            errors.append(failure.value)
    assert str(errors[-1]) == "no process that fits models can be kept alive: the process ended with 1"


def test_models_are_held_to_what_one_worker_may_take():
    """Several workers share the memory; under a number of trials the share is that of the largest crew."""
    texts, _ = make(20, n=20)
    seqs, limit = Sequences.from_strings(texts, "dna"), 8 << 30
    shares = {}
    for threads in (1, 2):
        for trials in (None, 3):
            options = Options(memory_limit=limit, trials=trials, threads=threads, time_budget=None if trials else 60.0)
            with executor_for(seqs, options) as fits:
                shares[threads, trials] = fits.memory
                assert all(worker.memory == fits.memory for worker in getattr(fits, "workers", []))
    assert shares == {(1, None): limit, (2, None): limit // 2, (1, 3): limit // 5, (2, 3): limit // 5}
    prepared = prepare_records(part(*make(20, n=20)), None, Options(trials=1))
    with Inline() as fits:
        fits.load(prepared.problem)
        fits.memory = 1000
        search = Search(
            prepared.problem, Portfolio(prepared.problem, {"small": ("kmer:k=2",)}), fits, Clock(), Options(trials=1)
        )
        fitting, why = search._fitting(Candidate("logistic", {}, ("kmer:k=2",), "small"))
    assert fitting is None
    assert "are allowed" in why


class Passing(Clock):
    """A clock on which every look takes a second."""

    def __init__(self, budget, spent):
        super().__init__(budget)
        self.now = spent

    @property
    def spent(self):
        self.now += 1.0
        return self.now


def bootstraps(enough):
    done = 0
    while done < 200 and not enough(done):
        done += 1
    return done


def test_the_end_of_a_run_is_planned():
    """What comes after the estimate keeps its time; however late it is, some bootstraps are made."""
    whole = bootstraps(Ending(Passing(1000.0, 850.0), True).estimated())
    assert 100 < whole < 130  # a reserve of 100 s, 30 of which are the report's
    tested = bootstraps(Ending(Passing(1000.0, 850.0), True, predicting=40.0, judging=500.0).estimated())
    assert 55 < whole - tested < 65  # 40 for the predictions, and no more than 20 for their bootstraps
    best = Ending(Passing(1000.0, 700.0), True, shuffles=True)
    assert bootstraps(best.estimated()) < 80
    assert best.clock.left > 200
    late = Ending(Passing(100.0, 99.0), True)
    assert bootstraps(late.estimated()) == 3
    assert bootstraps(late.judged(2)) == 3
    assert bootstraps(Ending(Passing(100.0, 99.0), False).estimated()) == 200
    assert bootstraps(Ending(Clock(None), True).judged(1)) == 200


def test_intervals_can_be_cut_short():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 2, 60), rng.dirichlet([1, 1], 60)
    asked = []

    def enough(done):
        asked.append(done)
        return done == 7

    short = intervals("classification", truth, said, None, enough=enough)
    assert asked == list(range(8))
    whole = intervals("classification", truth, said, None)
    assert short["auc"].value == whole["auc"].value
    assert short == intervals("classification", truth, said, None, repeats=7)
