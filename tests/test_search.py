"""Strategies: their contract, their definitions, and that they beat chance."""

from __future__ import annotations

import csv
import functools
import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.parameters import Choice, Flag, Int, Real
from bioautofeat.search import (
    STRATEGIES,
    Evolution,
    Grid,
    ParameterSpace,
    Race,
    RandomSearch,
    Space,
    Suggestion,
    Trial,
    loses,
    race,
    run,
)
from bioautofeat.search.smbo import expected_improvement
from bioautofeat.search.testing import check_strategy


class Models(Space):
    """A space whose later questions depend on earlier answers."""

    def draw(self, choose):
        if choose("model", Choice("svm", "knn", "forest")) == "svm":
            choose("c", Real(0.01, 100.0, log=True))
        elif choose("scaled", Flag()):
            choose("k", Int(1, 9))


FINITE = ParameterSpace({"a": Int(0, 4), "b": Choice("x", "yy", "zzz"), "c": Flag()})


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@pytest.mark.parametrize("space", [Models(), FINITE], ids=["conditional", "finite"])
def test_contract(name, space):
    if name == "grid" and isinstance(space, Models):
        with pytest.raises(ValueError, match="finite"):
            run(STRATEGIES[name](space), lambda s: 0.0, trials=3, seed=0)
        return
    check_strategy(STRATEGIES[name], space)


def test_points_are_all_points_once():
    points = list(FINITE.points())
    assert len(points) == len(set(points)) == 5 * 3 * 2
    assert dict(points[0]) == {"a": 0, "b": "x", "c": False}
    assert dict(points[1]) == {"a": 0, "b": "x", "c": True}


def test_mutation_changes_one_answer_and_never_none(rng):
    for _ in range(200):
        point = FINITE.sample(rng)
        child = FINITE.mutate(point, rng)
        assert sum(a != b for a, b in zip(point, child, strict=True)) == 1


def test_a_value_that_its_new_range_does_not_hold_is_drawn_anew(rng):
    space = SequenceSpace("dna", 81)
    point = space.replaced(space.default(), "stages", "3", rng)
    found = [dict(space.replaced(point, "layers", 2, rng)) for _ in range(20)]
    assert {values["stages"] for values in found} == {"1", "2"}
    assert {values["layer1"] for values in found} == {dict(point)["layer1"]}
    kept = dict(space.replaced(point, "layers", 4, rng))
    assert kept["stages"] == "3"


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_suggestions_lie_in_a_space_whose_ranges_depend_on_answers(name):
    costly = name in ("smbo", "tpe", "local")
    space = SequenceSpace("dna", 81)
    wanted = dict(space.default())
    alike = lambda s: float(sum(wanted.get(key) == value for key, value in s.point))  # noqa: E731
    for seed in range(1 if costly else 4):
        for trial in run(STRATEGIES[name](space), alike, trials=24 if costly else 60, seed=seed).trials:
            for key, limits in space.ranges(trial.point).items():
                limits.check(dict(trial.point)[key])
            space.decode(trial.point)


def test_neighbours_are_one_step_away(rng):
    near = FINITE.neighbours((("a", 0), ("b", "x"), ("c", True)), rng)
    assert [dict(p) for p in near] == [
        {"a": 1, "b": "x", "c": True},
        {"a": 0, "b": "yy", "c": True},
        {"a": 0, "b": "zzz", "c": True},
        {"a": 0, "b": "x", "c": False},
    ]


def test_encoding_tells_points_apart(rng):
    points = [Models().sample(rng) for _ in range(40)]
    table = Models().encode(points)
    assert len({tuple(row) for row in table}) == len(set(points))


def test_grid_sees_three_values_and_random_nine():
    space = ParameterSpace({"x": Int(0, 2), "y": Int(0, 2)})
    seen = run(Grid(space), lambda s: 0.0, trials=9, seed=0).trials
    assert len({dict(t.point)["x"] for t in seen}) == 3
    plane = ParameterSpace({"x": Real(0, 1), "y": Real(0, 1)})
    drawn = run(RandomSearch(plane), lambda s: 0.0, trials=9, seed=0).trials
    assert len({dict(t.point)["x"] for t in drawn}) == 9


def test_random_search_reaches_the_top_as_often_as_it_must():
    space = ParameterSpace({"x": Real(0, 1)})
    hits = sum(
        run(RandomSearch(space), lambda s: dict(s.point)["x"], trials=60, seed=seed).best.score > 0.95
        for seed in range(300)
    )
    expected = 1 - 0.95**60
    assert abs(hits / 300 - expected) < 4 * np.sqrt(expected * (1 - expected) / 300)


def test_the_old_die_whatever_their_merit():
    strategy = Evolution(FINITE, population=5, tournament=2)
    history = run(strategy, lambda s: -float(dict(s.point)["a"]), trials=40, seed=1).trials
    assert strategy.population == history[-5:]


def test_the_worst_may_die_instead():
    strategy = Evolution(FINITE, population=5, tournament=2, ageing=False)
    history = run(strategy, lambda s: -float(dict(s.point)["a"]), trials=40, seed=1).trials
    kept = sorted((trial.score for trial in strategy.population), reverse=True)
    assert kept == sorted((trial.score for trial in history), reverse=True)[:5]


def test_a_tournament_of_one_walks_at_random():
    """Parents are drawn evenly: the scores of the children say nothing of the scores of all."""
    wide = ParameterSpace({"a": Int(0, 1), "b": Int(0, 1), "c": Int(0, 1)})
    score = lambda s: float(sum(dict(s.point).values()))  # noqa: E731
    means = []
    for tournament in (1, 5):
        scores = [
            trial.score
            for seed in range(20)
            for trial in run(Evolution(wide, 10, tournament), score, trials=120, seed=seed).trials[20:]
        ]
        means.append(np.mean(scores))
    assert abs(means[0] - 1.5) < 0.1
    assert means[1] > 1.7


def test_expected_improvement():
    gain = expected_improvement(np.array([1.0, 0.0, 2.0]), np.array([0.0, 1.0, 0.0]), 1.0)
    assert gain[0] == 0.0
    assert gain[1] == pytest.approx(0.0833, abs=1e-4)  # phi(1) - (1 - Phi(1))
    assert gain[2] == 1.0


def test_racing_drops_what_is_clearly_behind_and_nothing_on_one_fold():
    best = [0.30, 0.31, 0.29]
    assert loses([0.40, 0.41, 0.40], best)
    assert not loses([0.301, 0.312, 0.289], best)
    assert not loses([0.9], best)


SIX = ParameterSpace({f"c{place}": Choice(*"pqrst") for place in range(6)})


@functools.cache
def effects():
    """A table of the 15,625 points of six choices: an effect of each option, and of each pair of neighbouring ones."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(6, 5)), 0.5 * rng.normal(size=(5, 5, 5))


def tabled(point):
    """Score of a point of six choices."""
    codes, (single, pairs) = ["pqrst".index(value) for _, value in point], effects()
    alone = sum(single[place, code] for place, code in enumerate(codes))
    return float(alone + sum(pairs[place, a, b] for place, (a, b) in enumerate(itertools.pairwise(codes))))


@pytest.mark.parametrize("name", ["smbo", "tpe"])
def test_a_model_beats_chance_on_six_choices(name):
    """Forty evaluations, ten seeds, a rank test."""
    ours, chance = (
        [run(STRATEGIES[kind](SIX), lambda s: tabled(s.point), trials=40, seed=s).best.score for s in range(10)]
        for kind in (name, "random")
    )
    assert mannwhitneyu(ours, chance, alternative="greater").pvalue < 0.05
    assert np.median(ours) > np.median(chance)


def branin(point):
    """Minus Branin's function: its best is -0.398."""
    x, y = (value for _, value in point)
    curve = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return -(curve**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smbo", "tpe"])
def test_a_model_beats_chance_on_branin(name):
    """Fifty evaluations, twenty seeds, a rank test: a forest is coarse where a parabola would do, but better than chance."""
    plane = ParameterSpace({"x": Real(-5, 10), "y": Real(0, 15)})
    ours, chance = (
        [run(STRATEGIES[kind](plane), lambda s: branin(s.point), trials=50, seed=s).best.score for s in range(20)]
        for kind in (name, "random")
    )
    assert mannwhitneyu(ours, chance, alternative="greater").pvalue < 0.05
    assert np.median(ours) > np.median(chance)


ARMS = ParameterSpace({"arm": Int(0, 9)})


def pulled(noise):
    """Arm ``a`` scores ``a`` on the mean over folds; the folds differ by as much for all."""
    shift = np.random.default_rng(0).normal(0, noise, 10)
    return lambda point, fold: float(dict(point)["arm"]) + shift[fold]


def test_a_challenger_far_behind_costs_one_fold(rng):
    found = Race(pulled(1.0), 10)
    best, bad = ((("arm", 9),), (("arm", 4),))
    for _ in range(12):
        found.challenge(best, rng)
        found.challenge((("arm", 0),), rng)
    spent = found.spent
    assert len(found.runs[best]) == 10
    assert not found.challenge(bad, rng)
    assert len(found.runs[bad]) == 1
    assert found.spent - spent == 1


def test_a_better_challenger_runs_all_folds_of_the_incumbent(rng):
    found = Race(pulled(0.1), 4)
    found.challenge((("arm", 3),), rng)
    for _ in range(5):
        found.challenge((("arm", 0),), rng)
    assert len(found.runs[("arm", 3),]) == 4
    assert found.challenge((("arm", 7),), rng)
    assert found.incumbent == (("arm", 7),)
    assert set(found.runs[("arm", 7),]) == set(range(4))


def test_a_crash_is_a_bad_score_and_no_end(rng):
    score = pulled(0.1)
    found = Race(lambda point, fold: float("nan") if dict(point)["arm"] == 9 else score(point, fold), 3)
    found.challenge((("arm", 9),), rng)
    assert found.challenge((("arm", 1),), rng)
    assert not found.challenge((("arm", 9),), rng)
    assert found.mean((("arm", 9),)) == -np.inf


@pytest.mark.parametrize("name", ["random", "evolution", "smbo", "tpe"])
def test_a_race_spends_its_folds_on_the_best(name):
    found, history = race(STRATEGIES[name](ARMS), pulled(0.5), folds=5, runs=60, seed=0)
    assert found.incumbent == (("arm", 9),)
    assert len(found.runs[("arm", 9),]) == 5
    assert found.spent >= 60 or len(history) > 600
    assert all(trial.fidelity <= 1 for trial in history.trials)


def test_halving_promotes_the_best_third():
    strategy = STRATEGIES["halving"](ParameterSpace({"x": Int(0, 1000)}))
    trials = run(strategy, lambda s: float(dict(s.point)["x"]), trials=60, seed=0).trials
    low = sorted((dict(t.point)["x"] for t in trials if t.fidelity < 0.2), reverse=True)
    high = {dict(t.point)["x"] for t in trials if t.fidelity > 0.2}
    assert high
    assert high <= set(low[: len(low) // 2])


class Cells(Space):
    """The six edges of a NAS-Bench-201 cell."""

    def draw(self, choose):
        for edge in range(6):
            choose(str(edge), Choice(*"01234"))


@pytest.fixture(scope="module")
def cells(shared):
    path = Path(shared) / "nas" / "nb201_compact.csv"
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    key = next(name for name in rows[0] if "arch" in name)
    columns = list(rows[0])
    first = next(c for c in columns if "val" in c)
    final = next(c for c in columns if "200" in c)
    return {r[key].zfill(6): (float(r[first]), float(r[final])) for r in rows}


@pytest.mark.parametrize(("name", "bar"), [("random", 93.88), ("evolution", 94.13), ("local", 94.28)])
def test_published_table(cells, name, bar):
    """Two hundred evaluations on NAS-Bench-201, CIFAR-10; the bar is the mean of an independent implementation."""
    sd, n = {"random": 0.26, "evolution": 0.26, "local": 0.20}[name], 60
    picks = []
    for seed in range(n):
        score = lambda s: cells["".join(v for _, v in s.point)][0]  # noqa: E731
        best = run(STRATEGIES[name](Cells()), score, trials=200, seed=seed).best
        picks.append(cells["".join(v for _, v in best.point)][1])
    assert np.mean(picks) > bar - 3 * np.sqrt(sd**2 * (1 / 500 + 1 / n)) - 0.05


def test_failures_do_not_count_as_best():
    history = run(RandomSearch(FINITE), lambda s: None, trials=3, seed=0)
    assert history.best is None
    history.append(Trial(FINITE.sample(np.random.default_rng(0)), 1.0))
    assert history.best.score == 1.0
    assert Suggestion(history.best.point).fidelity == 1.0
