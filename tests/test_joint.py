"""The joint search: its space says what candidates say, its strategies steer, races and screens drop what is behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bioautofeat.audit import Part
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.choices import choices_for
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Inline
from bioautofeat.automl.joint import SCREEN_ROWS, JointSearch, joint_search, searched_models
from bioautofeat.automl.portfolio import Portfolio
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.race import Outcome
from bioautofeat.automl.run import Run
from bioautofeat.automl.space import RANGES, PipelineSpace
from bioautofeat.automl.store import Store
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.errors import ParameterError
from bioautofeat.families import parse
from bioautofeat.models import find, get
from bioautofeat.search import STRATEGIES, RandomSearch
from bioautofeat.sequences import Sequences

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def make(seed, n=50, length=30, alphabet="ACGT"):
    """Two classes that differ by a word that stands anywhere."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        text = "".join(rng.choice(list(alphabet), length))
        if i % 2:
            place = int(rng.integers(length - 5))
            text = text[:place] + alphabet[0] * 5 + text[place + 5 :]
        texts.append(text)
        labels.append("ab"[i % 2])
    return texts, labels


def prepared(kind="dna", n=50, options=None, ragged=False):
    texts, labels = make(1, n=n, alphabet="ACGT" if kind == "dna" else "ACDEFGHIKLMNPQRSTVWY")
    if ragged:
        texts = [text[: 20 + i % 11] for i, text in enumerate(texts)]
    part = Part(Sequences.from_strings(texts, kind), tuple(labels))
    return prepare_records(part, None, options or Options(trials=9))


def space_of(problem):
    blocks = choose_blocks(problem.source)
    return blocks, joint_search(problem, blocks, Options(trials=9)).space


@pytest.mark.parametrize(("kind", "ragged"), [("dna", False), ("dna", True), ("protein", False), ("protein", True)])
def test_every_point_is_a_candidate_that_can_be_built(kind, ragged):
    problem = prepared(kind, ragged=ragged).problem
    _, space = space_of(problem)
    rng = np.random.default_rng(0)
    for _ in range(60):
        candidate = space.candidate(space.sample(rng))
        row = get(candidate.model)
        assert row.checked(candidate.values)
        for spec in candidate.specs:
            parse(spec).term(problem.source.alphabet)
        assert candidate.specs
        assert len(set(candidate.specs)) == len(candidate.specs)


@pytest.mark.parametrize(("kind", "ragged"), [("dna", False), ("dna", True), ("protein", False), ("protein", True)])
def test_a_descriptor_has_one_spelling(kind, ragged):
    """Members that name one descriptor in two ways could not be delivered together."""
    problem = prepared(kind, ragged=ragged).problem
    blocks = choose_blocks(problem.source)
    named = {spec for block in blocks.values() for spec in block}
    named |= {spec for specs in choices_for(problem, blocks).values() for spec in specs}
    assert all(str(parse(spec)) == spec for spec in named)


def test_first_models_are_points_of_the_space():
    problem = prepared().problem
    blocks, space = space_of(problem)
    known = {}
    for candidate in Portfolio(problem, blocks).candidates:
        point = space.point_of(candidate)
        if point is None:
            continue
        back = space.candidate(point)
        assert set(back.specs) == set(candidate.specs)
        assert back.model == candidate.model
        for name, value in candidate.values.items():
            if name in back.values and isinstance(value, float):
                assert back.values[name] == pytest.approx(value, rel=0.02), (candidate.title, name)
        known[candidate.model] = point
    assert {"xgboost", "svm", "logistic", "extra_trees"} <= set(known)


def test_what_is_searched_lies_inside_what_models_allow():
    for model, ranges in RANGES.items():
        row = get(model)
        for name, limits in ranges.items():
            if name == "effort":
                continue
            allowed = row.parameters[name].range
            for value in getattr(limits, "options", None) or (limits.low, limits.high):
                assert allowed.check(value) == value


def test_only_what_is_installed_and_suits_is_searched():
    problem = prepared().problem
    names = searched_models(problem, {})
    assert set(names) <= {row.name for row in find("classification")}
    assert "ridge" not in names
    assert "nystroem" not in names
    own = searched_models(problem, {"mine": object()})
    assert own[-1] == "mine"


def test_restricted_descriptors_are_in_or_out():
    problem = prepared().problem
    given = ("kmer:k=2", "cksnap:gap=1")
    blocks = choose_blocks(problem.source, given)
    assert choices_for(problem, blocks, given) == {spec: (spec,) for spec in given}
    single = PipelineSpace({"kmer:k=2": ("kmer:k=2",)}, ("lda",), ("kmer:k=2",), False)
    assert single.candidate(single.sample(np.random.default_rng(0))).specs == ("kmer:k=2",)


def test_words_that_learn_from_labels_are_no_choice_where_they_do_not_suit():
    problem = prepared(ragged=True).problem
    specs = {spec for kinds in choices_for(problem, choose_blocks(problem.source)).values() for spec in kinds}
    assert not any(spec.startswith(("pslogodds", "binary", "windowed")) for spec in specs)


def go(options, n=50):
    found = prepared(n=n, options=options)
    with Inline() as fits:
        return Run(found, options, Clock(), fits).go()


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_gives_candidates(strategy):
    options = Options(trials=8, descriptors=("kmer:k=2", "cksnap:gap=1"), strategy=strategy)
    first, again = go(options, n=40), go(options, n=40)
    assert [t.candidate.key for t in first.board.trials] == [t.candidate.key for t in again.board.trials]
    assert len(first.board.trials) == 8
    assert np.array_equal(first.board.champion.predictions, again.board.champion.predictions)


def test_the_best_preset_looks_at_shuffled_labels():
    result = go(Options(trials=4, descriptors=("kmer:k=3",), preset="best"), n=60)
    assert len(result.shuffled) == 3
    assert abs(np.mean(result.shuffled)) < 0.3
    assert result.estimate.corrected["mcc"].value > np.mean(result.shuffled) + 0.2
    assert go(Options(trials=2, descriptors=("kmer:k=3",)), n=60).shuffled == []


def test_tables_learnt_from_labels_are_learnt_anew_from_shuffled_ones(tmp_path):
    problem = prepared(n=60).problem
    first = Store(problem, str(tmp_path)).matrix(("pslogodds:k=1",), 0)
    turned = replace(problem, truth=problem.truth[::-1].copy())
    assert not np.array_equal(Store(turned, str(tmp_path)).matrix(("pslogodds:k=1",), 0), first)
    assert np.array_equal(Store(problem, str(tmp_path)).matrix(("pslogodds:k=1",), 0), first)


def test_an_unknown_strategy_is_named():
    with pytest.raises(ParameterError, match=r"unknown strategy 'nonsense'.*tpe"):
        go(Options(trials=3, strategy="nonsense"))


def test_a_strategy_of_ones_own():
    class Mine(RandomSearch):
        asked = 0

        def ask(self, rng):
            Mine.asked += 1
            return super().ask(rng)

    go(Options(trials=12, descriptors=("kmer:k=1", "kmer:k=2"), strategy=Mine))
    assert Mine.asked > 0


def trial(candidate, losses, number=1, predictions=None):
    return Trial(number, candidate, "finished", "", 1.0, float(np.mean(losses)), {}, tuple(losses), predictions)


def outcome_of(problem, quality, folds):
    """An outcome that gives the truth a certain probability."""
    outcome = Outcome(problem)
    for fold in problem.judged[:folds]:
        rows = np.flatnonzero(problem.folds == fold)
        own = np.full((len(rows), 2), 1 - quality)
        own[np.arange(len(rows)), problem.truth[rows]] = quality
        outcome.take(fold, {"predictions": own, "fit_seconds": 0.1, "predict_seconds": 0.1})
    return outcome


def test_a_candidate_behind_its_kind_is_dropped_unless_it_lifts_the_blend():
    problem = prepared(n=60).problem
    rival = trial(Candidate("svm", {}, ("kmer:k=2",), "small"), [0.2] * 5)
    weak = outcome_of(problem, 0.6, 2)
    good_blend = outcome_of(problem, 0.9, 5).predictions.astype(float)
    poor_blend = outcome_of(problem, 0.4, 5).predictions.astype(float)
    assert weak.behind(rival, good_blend)
    assert not weak.behind(rival, poor_blend)
    assert not weak.behind(None, good_blend)
    assert not outcome_of(problem, 0.6, 1).behind(rival, good_blend), "one fold is not enough"
    assert not outcome_of(problem, 0.6, 5).behind(rival, good_blend), "nothing is left to be saved"
    assert not outcome_of(problem, 0.9, 3).behind(rival, good_blend)


def test_out_of_fold_loss_is_that_of_all_rows():
    problem = prepared(n=60).problem
    outcome = outcome_of(problem, 0.7, 5)
    assert problem.loss(outcome.predictions) == pytest.approx(-np.log(0.7), abs=1e-6)
    assert outcome.left == 0
    assert outcome.rows.all()


def chooser_for(problem, cost):
    blocks = choose_blocks(problem.source, ("kmer:k=1", "kmer:k=2"))
    chooser = joint_search(problem, blocks, Options(trials=99, descriptors=("kmer:k=1", "kmer:k=2"), strategy="random"))
    chooser.cost = cost
    return chooser


def answered(chooser, candidate, number, loss):
    state = "screened" if candidate.share < 1.0 else "finished"
    chooser.tell(Trial(number, candidate, state, loss=loss, fold_losses=(loss,)))


def test_dear_candidates_are_screened_and_the_best_is_judged_in_full():
    problem = prepared(n=SCREEN_ROWS).problem
    chooser = chooser_for(problem, lambda candidate: 0.2)
    trials, asked = [], []
    for number in range(1, 60):
        candidate = chooser.ask(trials)
        asked.append(candidate)
        loss = 0.1 * (number % 7)
        answered(chooser, candidate, number, loss)
        trials.append(Trial(number, candidate, "screened" if candidate.share < 1 else "finished", loss=loss))
    first = next(i for i, candidate in enumerate(asked) if candidate.share < 1)
    batch = asked[first : first + 4]
    assert all(candidate.share < 1 for candidate in batch)
    best = min(trials[first : first + 4], key=lambda t: t.loss).candidate
    assert asked[first + 4] == replace(best, share=1.0)
    assert asked[first + 4].key != best.key


CHEAP = ("lda", "gaussian_bayes")


@pytest.mark.parametrize("name", ["lightgbm", "catboost", "gaussian_bayes"])
def test_what_is_installed_is_searched(name):
    if not get(name).available:
        pytest.skip(f"{name} is not installed")
    chooser = chooser_for(prepared().problem, lambda candidate: 0.01)
    assert name in {chooser.ask([]).model for _ in range(200)}


def test_what_cannot_be_paid_for_is_not_asked():
    problem = prepared().problem
    chooser = chooser_for(problem, lambda candidate: 9.0 if candidate.model not in CHEAP else 0.01)
    chooser.portfolio.candidates = []
    chooser.portfolio.first = 0
    models = [chooser.ask([]).model for _ in range(5)]
    assert sum(model in CHEAP for model in models) >= 4
    assert isinstance(chooser, JointSearch)
