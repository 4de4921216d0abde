"""Model-based search: how it chooses, and how what it asks for races over the instances of a noisy evaluator."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bioautofeat.automl.joint import strategy_for
from bioautofeat.nas.evaluators.base import Evaluator
from bioautofeat.nas.searching import Budget, search
from bioautofeat.nas.strategies import asking_strategy
from bioautofeat.parameters import Choice, Flag, Int, Real
from bioautofeat.search import (
    History,
    Intensified,
    ModelBased,
    ParameterSpace,
    Race,
    RandomSearch,
    Space,
    Trial,
    run,
)
from bioautofeat.search.base import generator
from bioautofeat.search.testing import check_strategy

ARMS = ParameterSpace({"arm": Int(0, 9)})
WIDE = ParameterSpace({name: Int(0, 40) for name in "abc"})
SIX = ParameterSpace({f"c{place}": Choice(*"pqrst") for place in range(6)})


class Models(Space):
    """A space whose later questions depend on earlier answers."""

    def draw(self, choose):
        if choose("model", Choice("svm", "knn", "forest")) == "svm":
            choose("c", Real(0.01, 100.0, log=True))
        elif choose("scaled", Flag()):
            choose("k", Int(-1, 9))


class Noisy(Evaluator):
    """Arm ``a`` scores ``a`` on the mean; each instance adds noise of its own to each arm."""

    def __init__(self, noise, instances=5):
        self.shift = np.random.default_rng(0).normal(0, noise, (10, instances))
        self.shift -= self.shift.mean(axis=1, keepdims=True)
        self.asked = []

    @property
    def instances(self):
        return self.shift.shape[1]

    def evaluate(self, suggestion):
        arm = dict(suggestion.point)["arm"]
        self.asked.append((arm, suggestion.instance))
        return float(arm + self.shift[arm, suggestion.instance])


class Sure(Noisy):
    """The same without instances."""

    @property
    def instances(self):
        return 1


def smac(space):
    return ModelBased(space, candidates=200, explore=2, climbs=True)


# choosing


@pytest.mark.parametrize("space", [Models(), ARMS], ids=["conditional", "finite"])
def test_contract(space):
    check_strategy(smac, space)
    check_strategy(lambda space: Intensified(RandomSearch(space), 3), space)


def test_every_second_answer_is_random_where_it_is_asked_for():
    """A further run of the same point is no answer: the turn does not change."""
    strategy, same = smac(SIX), smac(SIX)
    told = run(strategy, lambda s: float(len({v for _, v in s.point})), trials=21, seed=0).trials
    for trial in told:
        same.tell(trial)
    chosen = strategy.ask(generator(0, 21))
    assert chosen != RandomSearch.ask(strategy, generator(0, 21))
    same.tell(Trial(told[-1].point, 1.0, instance=1))
    assert same.ask(generator(0, 21)) != RandomSearch.ask(same, generator(0, 21))
    strategy.tell(Trial(chosen.point, 1.0))
    assert strategy.ask(generator(0, 22)) == RandomSearch.ask(strategy, generator(0, 22))


def test_climbing_ends_where_no_neighbour_promises_more():
    """What the first candidates promise can be bettered by one step; what is asked for after climbing cannot."""
    bettered = Counter()
    for seed in range(2):
        for climbs in (False, True):
            strategy, rng = ModelBased(WIDE, candidates=5, explore=7, climbs=climbs), np.random.default_rng(seed)
            tried = list(dict.fromkeys(WIDE.sample(rng) for _ in range(20)))
            for point in tried:
                strategy.tell(Trial(point, -float(sum((value - 20) ** 2 for _, value in point))))
            answer, rng = strategy.ask(generator(0, seed)).point, generator(0, seed)
            pool = [point for point in strategy._pool(rng) if point not in tried]
            gain = strategy._gain(strategy.history.best.merit, pool, int(rng.integers(2**31)))
            promised = gain([answer, *(point for point in WIDE.neighbours(answer, rng) if point not in tried)])
            bettered[climbs] += int(promised.max() > promised[0])
    assert bettered == {False: 2, True: 0}


def test_the_selector_and_architecture_search_have_one_model_based_strategy():
    for chosen in (strategy_for("smbo")(SIX), asking_strategy("smbo", SIX, None)):
        assert type(chosen) is ModelBased
        assert (chosen.candidates, chosen.explore, chosen.climbs) == (300, 8, False)


# racing


def test_architecture_search_races_over_the_instances_of_an_evaluator():
    judge = Noisy(2.0)
    found = search(ARMS, "smbo", judge, Budget(trials=30), seed=1)
    runs = Counter(arm for arm, _ in set(judge.asked))
    assert dict(found.best.point) == {"arm": 9}
    assert runs[9] == 5
    assert found.best.score == pytest.approx(9.0)
    assert min(runs.values()) == 1, "what is far behind is dropped at once"
    assert {instance for _, instance in judge.asked} == set(range(5))
    assert found.ranked()[0] == found.best
    sure = Sure(2.0)
    search(ARMS, "smbo", sure, Budget(trials=12), seed=1)
    assert {instance for _, instance in sure.asked} == {0}


def test_one_run_misleads_where_a_race_does_not():
    """The luckiest single run is not that of the best arm; the incumbent of the race is the best arm all the same."""
    judge = Noisy(4.0)
    single = judge.shift + np.arange(10.0)[:, None]
    assert single.max() > single[9].max()
    strategy = Intensified(RandomSearch(ARMS), judge.instances)
    history = run(strategy, judge.evaluate, trials=80, seed=0)
    assert strategy.standing.incumbent == history.best.point == (("arm", 9),)


def test_a_challenger_runs_one_two_four_instances_and_is_out_when_behind():
    strategy = Intensified(RandomSearch(ARMS), 8)
    best, equal, bad = ((("arm", arm),) for arm in (9, 8, 0))
    for instance in range(8):
        strategy.tell(Trial(best, 1.0, instance=instance))
    asked = []
    strategy.tell(Trial(bad, 0.0, instance=3))
    assert strategy.standing.challenger is None
    strategy.tell(Trial(equal, 1.0, instance=0))
    while strategy.standing.challenger is not None:
        suggestion = strategy.ask(generator(0, len(strategy.history)))
        asked.append((suggestion.point, suggestion.instance))
        # two runs behind, looked at only after the third
        strategy.tell(Trial(equal, 0.5, instance=suggestion.instance))
    assert len(asked) == 2
    assert len(strategy.standing.runs[equal]) == 3
    assert {point for point, _ in asked} == {equal}
    assert strategy.standing.incumbent == best


def test_the_incumbent_gets_one_more_instance_before_each_challenger():
    strategy = Intensified(RandomSearch(ARMS), 4)
    best = (("arm", 9),)
    strategy.tell(Trial(best, 9.0, instance=2))
    again = strategy.ask(generator(0, 1))
    assert again.point == best
    assert again.instance != 2
    strategy.tell(Trial(best, 9.0, instance=again.instance))
    challenger = strategy.ask(generator(0, 2))
    assert challenger.point == best or challenger.instance in {2, again.instance}


def test_a_crash_is_a_bad_score_and_no_end():
    strategy = Intensified(smac(ARMS), 3)

    def score(suggestion):
        return None if dict(suggestion.point)["arm"] == 9 else float(dict(suggestion.point)["arm"])

    history = run(strategy, score, trials=40, seed=0)
    assert dict(history.best.point) == {"arm": 8}
    assert strategy.standing.incumbent == (("arm", 8),)


def test_a_search_goes_on_in_the_middle_of_a_race():
    whole = search(ARMS, "smbo", Noisy(2.0), Budget(trials=26), seed=3).history.trials
    plain = [(trial.point, trial.score, trial.instance) for trial in whole]
    for stop in (5, 18):
        again = search(ARMS, "smbo", Noisy(2.0), Budget(trials=26), seed=3, known=whole[:stop]).history.trials
        assert [(trial.point, trial.score, trial.instance) for trial in again] == plain


def test_many_instances_count_more_than_one_high_score():
    sure, lucky = (("arm", 1),), (("arm", 2),)
    history = History([Trial(sure, 1.0), Trial(sure, 3.0, instance=1), Trial(lucky, 9.0)])
    assert history.best.point == sure
    assert history.best.score == 2.0
    assert [trial.score for trial in history.ranked()] == [2.0, 9.0]
    plain = History([Trial(sure, 1.0), Trial(lucky, 9.0), Trial(sure, 3.0)])
    assert plain.best == plain.trials[1]
    assert [trial.score for trial in plain.ranked()] == [9.0, 3.0]


def test_a_known_run_is_not_paid_for_twice(rng):
    race = Race(lambda point, fold: float(dict(point)["arm"]), 2)
    for _ in range(3):
        for arm in (5, 1):
            race.challenge((("arm", arm),), rng)
    assert race.spent == 4
