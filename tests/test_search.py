"""Strategies: their contract, their definitions, and that they beat chance."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from bioautofeat.parameters import Choice, Flag, Int, Real
from bioautofeat.search import (
    STRATEGIES,
    Evolution,
    Grid,
    ParameterSpace,
    RandomSearch,
    Space,
    Suggestion,
    Trial,
    loses,
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
