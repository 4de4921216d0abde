"""Searches from records to networks: what they refuse, what they record, what they leave time for."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from nas_records import planted, records

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas import searching
from bioautofeat.nas.evaluators.base import Evaluator, never
from bioautofeat.nas.searching import Budget, search
from bioautofeat.parameters import Int
from bioautofeat.search import ParameterSpace, Suggestion

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas import search_whole as module  # noqa: E402
from bioautofeat.nas import whole  # noqa: E402
from bioautofeat.nas.estimator import NASClassifier  # noqa: E402
from bioautofeat.nas.evaluators.oneshot import OneShot  # noqa: E402
from bioautofeat.nas.genotype import Frame, Head, Stem  # noqa: E402
from bioautofeat.nas.problem import Problem  # noqa: E402
from bioautofeat.nas.search_whole import Plan, evaluator_for, frame_for, search_whole, space_for  # noqa: E402
from bioautofeat.nas.spaces.chain import ChainGenotype  # noqa: E402
from bioautofeat.nas.train import Settings  # noqa: E402
from bioautofeat.nas.whole import Candidate, Conditions, WholeTraining, train_members, trainable  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")

CPU = torch.device("cpu")
SMALL = Frame(stem=Stem(4, 3), head=Head("max"), stages=1).hold(ChainGenotype(("conv3",), frozenset()))


def problem(n=48):
    seqs, targets = planted(n)
    return Problem.of(seqs, targets, n_classes=2, alphabet="dna")


def plan(**more):
    given = {
        "space": "sequence", "strategy": "random", "evaluator": "training", "trials": 3, "start": time.monotonic(),
        "deadline": None, "seed": 0, "device": CPU, "symmetric": False, "tell": lambda line: None, **more,
    }  # fmt: skip
    return Plan(**given)


# time


class Clocked(Evaluator):
    """Looks at its clock while it prepares, and while it evaluates."""

    def __init__(self, now):
        self.now, self.seen, self.stop = now, [], never

    def prepare(self, space, *, seed, stop=never):
        self.stop = stop
        self.seen += [self.at(0.69), self.at(0.71)]

    def evaluate(self, suggestion):
        self.seen += [self.at(0.8), self.at(1.0)]
        return 1.0

    def at(self, moment):
        self.now[0] = moment
        return self.stop()


def test_preparation_has_a_part_of_the_time_and_evaluations_all_of_it(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(searching._Clock, "spent", lambda clock: now[0])
    judge = Clocked(now)
    search(ParameterSpace({"x": Int(0, 9)}), "random", judge, Budget(seconds=1.0))
    assert judge.seen == [False, True, False, True]


@pytest.mark.parametrize("trials", [None, 3])
def test_without_time_for_a_search_the_first_network_is_delivered(monkeypatch, trials):
    monkeypatch.setattr(module, "_limit", lambda judge, plan, first: plan.stop_now())
    monkeypatch.setattr(module, "search", lambda *given, **more: pytest.fail("there is no time for a search"))
    asked = plan(trials=trials, deadline=time.monotonic() + 3600)
    (best,) = search_whole(problem(), asked, Settings(epochs=1))
    assert math.isfinite(best.score)
    (row,) = asked.record.tried
    assert (row.architecture, row.score, row.error) == (best.architecture, best.score, "")


def test_a_first_network_without_an_epoch_gets_what_is_left_and_keeps_its_reason(monkeypatch):
    real = WholeTraining.tried

    def late(self, architecture, settings, seconds, asked=None):
        found = real(self, architecture, settings, -1.0, asked)
        self.candidates[-1] = replace(found, seconds=seconds)
        return self.candidates[-1]

    monkeypatch.setattr(WholeTraining, "tried", late)
    asked = plan(trials=3, deadline=time.monotonic() + 3600)
    (best,) = search_whole(problem(), asked, Settings(epochs=1))
    assert not best.error
    (row,) = asked.record.tried
    assert "before the first epoch was done" in row.error
    assert row.score == -math.inf


def test_every_candidate_of_a_search_with_both_limits_has_a_deadline(monkeypatch):
    seen = []
    real = whole.train
    monkeypatch.setattr(whole, "train", lambda *given, **more: seen.append(more["deadline"]) or real(*given, **more))
    search_whole(problem(), plan(trials=3, deadline=time.monotonic() + 3600), Settings(epochs=1))
    assert len(seen) == 3
    assert None not in seen


def test_a_search_that_finds_nothing_leaves_the_first_network(monkeypatch):
    def nothing(*given, **more):
        raise UnfinishedError("no architecture could be evaluated")

    monkeypatch.setattr(module, "search", nothing)
    lines = []
    (best,) = search_whole(problem(), plan(tell=lines.append), Settings(epochs=1))
    assert math.isfinite(best.score)
    assert lines[-1] == "the search found nothing: no architecture could be evaluated"


# fidelity


def test_what_was_trained_for_less_is_ranked_behind_and_trained_in_full():
    asked = plan(strategy="halving", evaluator="fidelity", trials=6)
    best = search_whole(problem(), asked, Settings(epochs=9, patience=0))
    assert {candidate.fidelity for candidate in best} > {1.0}
    for candidate in best:
        assert candidate.settings.epochs == 9
        assert candidate.epochs == round(9 * candidate.fidelity)
        assert (candidate.member is not None) == (candidate.fidelity == 1.0)
    assert [c.fidelity for c in best] == sorted((c.fidelity for c in best), reverse=True)
    cheap = next(candidate for candidate in best if candidate.fidelity < 1.0)
    (member,) = train_members(problem(), [cheap], 1, Conditions(0, CPU))
    assert (member.candidate.epochs, member.candidate.fidelity) == (9, 1.0)


def test_a_cheap_score_does_not_beat_one_at_full_cost():
    judge = WholeTraining(problem(), Frame(), Settings(epochs=3), CPU)
    judge.seed = 0
    judge.tried(SMALL, Settings(epochs=3), math.inf)
    cheap = replace(judge.candidates[0], fidelity=1 / 3, score=2.0, architecture=replace(SMALL, symmetric=True))
    judge.candidates.append(cheap)
    assert [candidate.fidelity for candidate in judge.best(2)] == [1.0, 1 / 3]


# final networks


def timed(seconds, epochs=30, rows=48, **more):
    """A candidate that took so long for 15 epochs over so many records."""
    return Candidate(SMALL, Settings(epochs=epochs), seconds=seconds, epochs=15, rows=rows, **more)


def test_a_network_that_is_too_slow_makes_way_for_others():
    member = object()
    quick, slow, part = timed(20.0), timed(90.0), timed(30.0, rows=24)
    deadline = time.monotonic() + 100.5
    # the first is there, two more share 100 s; half of the records took half of the time
    found = trainable([timed(90.0, member=member), slow, quick, part], 3, 48, deadline)
    assert found[1:] == [quick]
    assert trainable([slow, part, quick], 1, 48, deadline) == [slow, part, quick]
    assert trainable([slow, part], 3, 48, None) == [slow, part]
    # fifteen epochs do, and fewer where no more are asked for
    few = timed(60.0, epochs=5)
    assert trainable([quick, few, slow], 4, 48, deadline) == [quick, few]


# the record


def test_every_kind_of_failure_is_told_and_recorded(monkeypatch):
    real, kinds = whole.build, iter([MemoryError(), RuntimeError("no such kernel"), ParameterError("too wide")])
    lines = []

    def sometimes(*given, **more):
        if len(lines) in (1, 3, 4):
            raise next(kinds)
        return real(*given, **more)

    monkeypatch.setattr(whole, "build", sometimes)
    texts, labels = records(40)
    model = NASClassifier(
        time_budget=None, trials=6, strategy="random", epochs=1, members=1, threads=1, tell=lines.append
    ).fit(texts, labels)
    assert [row["error"] for row in model.history_[-3:]] == ["MemoryError", "no such kernel", "too wide"]
    assert "network 2: MemoryError" in lines[1]
    assert model.model_.metadata["nas"]["tried"] == len(model.history_) == 6


def test_the_table_holds_all_that_another_evaluator_has_judged(monkeypatch):
    real, count, lines = OneShot.evaluate, [0], []

    def sometimes(self, suggestion):
        count[0] += 1
        if count[0] % 5 == 0:
            raise RuntimeError("it does not fit")
        return real(self, suggestion)

    monkeypatch.setattr(OneShot, "evaluate", sometimes)
    texts, labels = records(40)
    model = NASClassifier(
        strategy="random", evaluator="oneshot", space="edge-cell", time_budget=None, trials=20, epochs=1, members=1,
        threads=1, tell=lines.append,
    ).fit(texts, labels)  # fmt: skip
    rows = model.history_
    assert len(rows) == 21
    assert [row["evaluator"] for row in rows].count("oneshot") == 20
    assert [bool(row["error"]) for row in rows] == [False] * 17 + [True] * 4
    assert all(row["parameters"] > 0 and row["seconds"] >= 0 for row in rows)
    assert sum("by oneshot: it does not fit" in line for line in lines) == 4
    assert model.model_.metadata["nas"]["tried"] == 21


# what does not go together


@pytest.mark.parametrize(
    ("parts", "message"),
    [({"strategy": "darts"}, "no supernet"), ({"evaluator": "oneshot"}, "no supernet"),
     ({"evaluator": "setn"}, "no supernet"), ({"strategy": "templates"}, "use the evaluator setn"),
     ({"strategy": "darts", "evaluator": "smash", "space": "chain"}, "needs a supernet"),
     ({"strategy": "pc-darts", "space": "chain"}, "partial channels")],
)  # fmt: skip
def test_parts_that_do_not_go_together_are_refused_before_anything_is_trained(monkeypatch, parts, message):
    monkeypatch.setattr(WholeTraining, "tried", lambda *given: pytest.fail("nothing is to be trained"))
    with pytest.raises(ParameterError, match=message):
        search_whole(problem(), plan(**parts), Settings(epochs=1))


def test_the_check_draws_nothing_from_the_generator():
    asked = problem()
    space = space_for("edge-cell", asked)
    frame = frame_for(asked, space)
    judge = evaluator_for("oneshot", asked, frame, Settings(), CPU)
    before = torch.get_rng_state()
    module.check_parts(space, "controller", judge, frame)
    assert torch.equal(torch.get_rng_state(), before)


def test_epochs_reach_supernets_and_hypernetworks():
    asked = problem()
    frame = frame_for(asked, space_for("chain", asked))
    assert module._strategy("darts", 7).rates.epochs == 7
    for name in ("smash", "ghn"):
        assert evaluator_for(name, asked, frame, Settings(epochs=7), CPU).hyper.epochs == 7
    assert evaluator_for("oneshot", asked, frame, Settings(epochs=7), CPU).sharing.epochs == 7


# going on


class StopError(KeyboardInterrupt):
    """What a test ends a search with."""


def stopping(monkeypatch, epochs):
    """An interrupt after so many epochs of all trainings together."""
    from bioautofeat.nas import train

    real, left = train._Run.keep, [epochs]

    def keep(self, path):
        real(self, path)
        left[0] -= 1
        if left[0] == 0:
            raise StopError

    monkeypatch.setattr(train._Run, "keep", keep)


@pytest.mark.parametrize("epochs", [2, 9, 14])
def test_a_search_goes_on_where_it_was_ended(monkeypatch, tmp_path, epochs):
    """In the first network, in the search, in the networks of the model: the result is that of a search in one go."""
    texts, labels = records(60)
    given = {"time_budget": None, "trials": 3, "strategy": "random", "epochs": 4, "members": 2, "threads": 1}
    wanted = NASClassifier(**given).fit(texts, labels)
    with monkeypatch.context() as patch:
        stopping(patch, epochs)
        ended = NASClassifier(**given, checkpoints=tmp_path / "kept")
        with pytest.raises(StopError):
            ended.fit(texts, labels)
        assert hasattr(ended, "model_") == (epochs > 4)
        assert len(ended.history_) == min(3, epochs // 4)
    lines = []
    again = NASClassifier(**given, checkpoints=tmp_path / "kept", tell=lines.append).fit(texts, labels)
    assert np.array_equal(again.predict_proba(texts), wanted.predict_proba(texts))
    timeless = [[{**row, "seconds": 0} for row in model.history_] for model in (again, wanted)]
    assert timeless[0] == timeless[1]


def test_other_records_are_another_training(tmp_path):
    given = {"architecture": SMALL, "time_budget": None, "epochs": 2, "members": 1, "threads": 1}
    for seed in (0, 1):
        NASClassifier(**given, checkpoints=tmp_path / "kept").fit(*records(40, seed))
        assert len(list((tmp_path / "kept").iterdir())) == seed + 1


def test_a_suggestion_names_its_fold_and_its_cost():
    judge = WholeTraining(problem(), Frame(), Settings(epochs=4, patience=0), CPU)
    judge.seed = 0
    found = judge.tried(SMALL, judge.settings, math.inf, Suggestion((), 0.5, 2))
    assert (found.epochs, found.fidelity, found.fold, found.member) == (2, 0.5, 2, None)
