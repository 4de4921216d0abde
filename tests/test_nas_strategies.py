"""Strategies of architecture search: policies, hill-climbing, and what all of them reach on a published table."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from bioautofeat.errors import ParameterError
from bioautofeat.nas.evaluators import Tabular
from bioautofeat.nas.evaluators.tabular import nb201
from bioautofeat.nas.spaces.morphism import MorphismSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.nas.strategies import ASKING, GRADIENT, HillClimb, MostProbable, ReinforceTable, asking_strategy
from bioautofeat.nas.strategies.reinforce import Baseline, levels, nearest, score_function_gradient, softmax
from bioautofeat.parameters import Choice, Flag, Int, Real, Text
from bioautofeat.search import ParameterSpace, Space, Trial, run
from bioautofeat.search.testing import check_strategy


class Models(Space):
    """A space whose later questions depend on earlier answers."""

    def draw(self, choose):
        if choose("model", Choice("svm", "knn", "forest")) == "svm":
            choose("c", Real(0.01, 100.0, log=True))
        elif choose("scaled", Flag()):
            choose("k", Int(1, 9))


FINITE = ParameterSpace({"a": Int(0, 4), "b": Choice("x", "yy", "zzz"), "c": Flag()})
ARMS = ParameterSpace({"arm": Choice(*"abcde")})
MEANS = dict(zip("abcde", (0.1, 0.2, 0.9, 0.3, 0.4), strict=True))
SPACES = {"conditional": Models(), "finite": FINITE, "morphisms": MorphismSpace((8, 16), (3, 5), 3)}


def bandit(strategy, steps, seed, shift=0.0):
    """The strategy after so many pulls of five arms with noise .1."""
    noise = np.random.default_rng([seed, 99])
    pull = lambda s: MEANS[dict(s.point)["arm"]] + shift + 0.1 * noise.standard_normal()  # noqa: E731
    run(strategy, pull, trials=steps, seed=seed)
    return strategy.probabilities(("arm", tuple("abcde")), [])


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("name", ["reinforce", "morphism", "templates"])
def test_contract(name, space):
    kinds = {
        "reinforce": ReinforceTable,
        "morphism": HillClimb,
        "templates": lambda space: MostProbable(space, lambda point: -float(len(str(point)))),
    }
    if name == "templates" and isinstance(space, Models):
        pytest.skip("a space with real numbers cannot be ranked")
    trials = 12 if name == "templates" else 25
    check_strategy(kinds[name], space, trials=trials)


@pytest.mark.parametrize("name", ["reinforce", "morphism"])
def test_suggestions_lie_in_the_usual_space(name):
    check_strategy(lambda space: ASKING[name](space, None), SequenceSpace("dna", 81), trials=40)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_contract_of_the_controller(space):
    pytest.importorskip("torch", reason="the controller is an LSTM")
    from bioautofeat.nas.strategies.controller import ReinforceController

    check_strategy(ReinforceController, space)


def test_levels_of_ranges():
    assert levels(Choice("a", "b")) == ("a", "b")
    assert levels(Flag()) == (False, True)
    assert levels(Int(1, 4)) == (1, 2, 3, 4)
    grid = levels(Real(0.01, 100.0, log=True))
    assert grid[0] == pytest.approx(0.01)
    assert grid[-1] == pytest.approx(100.0)
    assert np.allclose(np.diff(np.log(grid)), np.diff(np.log(grid))[0])
    assert nearest(grid, 99.0) == len(grid) - 1
    with pytest.raises(ParameterError, match="'3' is not one of 1, 2"):
        nearest(("1", "2"), "3")
    with pytest.raises(ParameterError, match="no decision"):
        levels(Text("a spacing"))


def test_score_function_gradient_is_the_gradient_of_the_mean():
    """Four arms, 4e5 samples: within 5e-4 of the exact gradient, with a baseline and without."""
    rng = np.random.default_rng(0)
    logits, means = np.array([0.3, -0.5, 0.1, 0.8]), np.array([0.1, 0.5, 0.3, 0.2])
    p = softmax(logits)
    exact = p * (means - p @ means)
    actions = rng.choice(4, 400_000, p=p)
    rewards = means[actions] + 0.1 * rng.standard_normal(len(actions))
    for baseline in (0.0, float(rewards.mean())):
        assert np.abs(score_function_gradient(logits, actions, rewards, baseline) - exact).max() < 5e-4


def test_bandit():
    """The best of five arms is the likeliest in 20 of 20 seeds after 400 steps."""
    chances = np.array([bandit(ReinforceTable(ARMS), 400, seed) for seed in range(20)])
    assert (chances.argmax(1) == 2).all()
    assert chances[:, 2].mean() > 0.9


def test_bandit_in_the_long_run():
    assert np.mean([bandit(ReinforceTable(ARMS), 2000, seed)[2] for seed in range(5)]) > 0.98


def test_bandit_of_the_controller():
    pytest.importorskip("torch", reason="the controller is an LSTM")
    from bioautofeat.nas.strategies.controller import ReinforceController

    chances = np.array([bandit(ReinforceController(ARMS, rate=0.02), 300, seed) for seed in range(5)])
    assert (chances.argmax(1) == 2).sum() >= 4


def test_a_constant_in_all_rewards_changes_nothing():
    first, second = (bandit(ReinforceTable(ARMS), 300, 1, shift) for shift in (0.0, 100.0))
    assert np.allclose(first, second, atol=1e-6)


def test_the_first_reward_only_sets_the_baseline():
    assert Baseline().value is None
    policy = ReinforceTable(ARMS)
    policy.tell(Trial((("arm", "a"),), 3.0))
    assert np.allclose(policy.probabilities(("arm", tuple("abcde")), []), 0.2)
    assert policy.baseline.value == pytest.approx(3.0)
    policy.tell(Trial((("arm", "a"),), 5.0))
    assert policy.probabilities(("arm", tuple("abcde")), [])[0] > 0.2


def test_an_entropy_bonus_keeps_a_policy_open():
    def entropy(chances):
        return float(-(chances * np.log(chances)).sum())

    greedy, open_minded = (
        np.mean([entropy(bandit(ReinforceTable(ARMS, entropy=w), 150, seed)) for seed in range(8)]) for w in (0.0, 0.5)
    )
    assert open_minded > greedy


def test_a_failure_is_the_worst_reward():
    policy = ReinforceTable(ARMS)
    policy.tell(Trial((("arm", "a"),), None))
    for reward in (1.0, 0.5):
        policy.tell(Trial((("arm", "b"),), reward))
    before = policy.probabilities(("arm", tuple("abcde")), [])[0]
    policy.tell(Trial((("arm", "a"),), math.nan))
    assert policy.probabilities(("arm", tuple("abcde")), [])[0] < before


def test_hill_climbing_keeps_to_its_generations():
    space = ParameterSpace({"x": Int(0, 100), "y": Int(0, 100)})
    climb = HillClimb(space, children=3, moves=1)
    trials = run(climb, lambda s: -float(dict(s.point)["x"]), trials=31, seed=0).trials
    for start in range(1, 31, 3):
        parent = dict(HillClimb.parent(trials[:start]))
        for trial in trials[start : start + 3]:
            child = dict(trial.point)
            assert sum(child[name] != parent[name] for name in parent) == 1
    assert trials[0].score < max(trial.score for trial in trials)


def test_hill_climbing_starts_with_the_smallest_network():
    space = MorphismSpace((8, 16), (3, 5), 2)
    trials = run(HillClimb(space), lambda s: 0.0, trials=3, seed=0).trials
    assert trials[0].point == space.start()


def test_the_likeliest_points_come_first():
    strategy = MostProbable(FINITE, lambda point: float(dict(point)["a"]))
    trials = run(strategy, lambda s: 0.0, trials=12, seed=0).trials
    assert [dict(trial.point)["a"] for trial in trials] == [4] * 6 + [3] * 6
    assert len({trial.point for trial in trials}) == 12


def test_names():
    assert not set(ASKING) & set(GRADIENT)
    with pytest.raises(ParameterError, match="did you mean 'reinforce'"):
        asking_strategy("reinforced", FINITE, None)
    with pytest.raises(ParameterError, match="setn"):
        asking_strategy("templates", FINITE, object())


# What each strategy must reach on NAS-Bench-201 (12 epochs' validation seen, 200 epochs' test of the pick), CIFAR-10:
# mean, standard deviation and number of seeds of an independent implementation.
BARS = {
    ("random", 200): (93.88, 0.26, 500),
    ("evolution", 200): (94.13, 0.26, 500),
    ("reinforce", 200): (94.09, 0.28, 200),
    ("local", 200): (94.28, 0.20, 500),
    ("tpe", 50): (93.89, 0.48, 30),
    ("tpe", 200): (94.31, 0.17, 15),
    ("smbo", 50): (93.70, 0.60, 15),
}


@pytest.fixture(scope="module")
def table(shared):
    return nb201(shared / "nas" / "nb201_compact.csv")


def picks(table, name, trials, seeds, data="c10"):
    """200-epoch test accuracies of what a strategy picks."""
    judge = Tabular(table, f"{data}_val_12ep")
    found = []
    for seed in range(seeds):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            best = run(asking_strategy(name, table.space, judge), judge.evaluate, trials=trials, seed=seed).best
        found.append(table.score(best.point, f"{data}_test_200ep"))
    return np.array(found)


def bar(name, trials, seeds):
    """The lowest mean that agrees with the row."""
    mean, sd, n = BARS[name, trials]
    return mean - 3 * sd * math.sqrt(1 / n + 1 / seeds) - 0.05


@pytest.mark.parametrize(("name", "trials", "seeds"), [("reinforce", 200, 40), ("local", 200, 20), ("tpe", 50, 6)])
def test_published_table(table, name, trials, seeds):
    assert picks(table, name, trials, seeds).mean() > bar(name, trials, seeds)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "trials"), list(BARS))
def test_published_table_in_full(table, name, trials):
    seeds = {"tpe": 100, "smbo": 40}.get(name, 200)
    assert picks(table, name, trials, seeds).mean() > bar(name, trials, seeds)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seeds"), [("reinforce", 200), ("controller", 200), ("smbo", 30), ("tpe", 60)])
def test_better_than_random_by_two_standard_errors(table, name, seeds):
    if name == "controller":
        pytest.importorskip("torch", reason="the controller is an LSTM")
    ours, random = picks(table, name, 200, seeds), picks(table, "random", 200, 200)
    error = math.sqrt(ours.var(ddof=1) / len(ours) + random.var(ddof=1) / len(random))
    assert ours.mean() - random.mean() > 2 * error
