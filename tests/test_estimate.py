"""Corrected estimates: no luck counted as skill, intervals that are neither too narrow nor too wide."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from bioautofeat.evaluation.blend import (
    blend_classes,
    blend_values,
    log_pool_classes,
    log_weights,
    mixture_weights,
    value_weights,
)
from bioautofeat.evaluation.calibration import Calibration, normalise
from bioautofeat.evaluation.estimate import (
    TAUGHT,
    BestOfMany,
    ClassBlend,
    Selection,
    ValueBlend,
    bootstrap_groups,
    estimate,
    intervals,
    uneven,
)
from bioautofeat.models.predictors.links import log_pooled

CONFIGURATIONS = 50
RECORDS = 100


def random_predictions(rng, n=RECORDS):
    scores = rng.random((CONFIGURATIONS, n))
    return np.stack([1 - scores, scores], axis=2), rng.integers(0, 2, n)


@pytest.mark.parametrize("kind", ["best", "blend"])
def test_random_labels_stay_at_chance(kind):
    """Over 60 data sets without any signal the naive score is far above .5, the corrected one is not."""
    naive, corrected = [], []
    for repeat in range(60):
        predictions, truth = random_predictions(np.random.default_rng(repeat))
        selection = (
            BestOfMany(predictions, truth, "acc")
            if kind == "best"
            else ClassBlend(0.4 + 0.2 * predictions, truth, "acc", Calibration())
        )
        found = estimate(selection, np.arange(RECORDS), seed=repeat, repeats=60)
        naive.append(found.naive["acc"].value)
        corrected.append(found.corrected["acc"].value)
    assert np.mean(naive) > 0.54
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.015)


def test_groups_are_drawn_whole_and_by_stratum(rng):
    groups = np.repeat(np.arange(12), 3)
    strata = np.repeat([0, 1, 0, 1], 9)
    samples = bootstrap_groups(groups, strata, rng)
    for _ in range(20):
        drawn, left = next(samples)
        assert set(groups[drawn]) | set(groups[left]) == set(range(12))
        assert not set(groups[drawn]) & set(groups[left])
        times = np.bincount(drawn, minlength=36).reshape(12, 3)
        assert (times == times[:, :1]).all()
        assert np.bincount(strata[drawn]).tolist() == [18, 18]


def test_copies_do_not_make_an_estimate_surer(rng):
    """Five copies of each record say no more than one, when they are known to be related."""
    scores = np.clip(rng.normal(0.5, 0.2, 80), 0.05, 0.95)
    truth = (rng.random(80) < scores).astype(np.int64)
    predictions = np.column_stack([1 - scores, scores])[None]
    alone = estimate(ClassBlend(predictions, truth, "mcc", Calibration()), np.arange(80))
    five = np.repeat(np.arange(80), 5)
    copied = ClassBlend(predictions[:, five], truth[five], "mcc", Calibration())
    known, unknown = (estimate(copied, groups).corrected["auc"].se for groups in (five, np.arange(400)))
    assert known == pytest.approx(alone.corrected["auc"].se, rel=0.25)
    assert unknown < 0.6 * known


def test_intervals_cover_the_truth_and_are_not_too_wide():
    """95 % intervals where all models are right in 80 % of new records; at most 1.7 times as wide as a plain bootstrap."""
    inside, naively, ratios = 0, 0, []
    for repeat in range(60):
        rng = np.random.default_rng(repeat)
        truth = rng.integers(0, 2, 150)
        right = np.where(rng.random((10, 150)) < 0.8, 0.75, 0.25)
        members = np.where(truth[None, :, None] == [0, 1], right[:, :, None], 1 - right[:, :, None])
        found = estimate(BestOfMany(members, truth, "acc"), np.arange(150), repeats=80)
        row, plain = found.corrected["acc"], found.naive["acc"]
        inside += row.low <= 0.8 <= row.high
        naively += plain.low <= 0.8 <= plain.high
        ratios.append((row.high - row.low) / (plain.high - plain.low))
    assert inside >= 55
    assert naively < inside
    assert np.median(ratios) < 1.7


def test_a_perfect_score_keeps_some_doubt():
    truth = np.array([0, 1] * 12)
    found = estimate(ClassBlend(np.eye(2)[truth][None] * 0.9 + 0.05, truth, "mcc", Calibration()), np.arange(24))
    assert found.naive["acc"].value == 1.0
    assert 0 < found.corrected["acc"].se < 0.1
    assert found.corrected["acc"].low < 1.0
    assert found.corrected["acc"].high == 1.0


class RightOnAll(Selection):
    """Right on every record once it has seen them all; what a sample selects is wrong on each tenth record."""

    task = "classification"

    def __init__(self, n):
        self.truth = np.arange(n) // 2 % 2

    def fit(self, rows):
        wrong = (np.arange(len(self.truth)) % 10 == 0) & (len(np.unique(rows)) < len(self.truth))
        classes = np.where(wrong, 1 - self.truth, self.truth)
        return lambda wanted: (np.eye(2)[classes[wanted]], classes[wanted])


def test_an_estimate_is_no_surer_than_its_errors():
    """The final choice has no error whose spread could be seen, those of the samples have."""
    found = estimate(RightOnAll(200), np.arange(200)).corrected["acc"]
    assert found.value == pytest.approx(0.9, abs=0.01)
    assert found.se == pytest.approx(TAUGHT * (0.9 * 0.1 / 200) ** 0.5, rel=0.15)


def nearest_centre(points, classes):
    """Direction and threshold of the classifier by the nearer of two means."""
    one, other = points[classes == 1].mean(0), points[classes == 0].mean(0)
    return one - other, (one - other) @ (one + other) / 2


def test_intervals_know_that_models_were_trained():
    """Two Gaussian classes, whose classifiers' accuracies are known exactly; the errors of five folds go together."""
    n, width, inside, naively, z = 200, 50, 0, 0, []
    centre = np.zeros(width)
    centre[0] = 0.75
    for repeat in range(150):
        rng = np.random.default_rng(repeat)
        truth, fold = np.arange(n) % 2, np.arange(n) // 2 % 5
        points = rng.normal(size=(n, width)) + np.where(truth[:, None] == 1, centre, -centre)
        said = np.empty(n, np.int64)
        for held in range(5):
            direction, cut = nearest_centre(points[fold != held], truth[fold != held])
            said[fold == held] = points[fold == held] @ direction > cut
        direction, cut = nearest_centre(points, truth)
        size = np.linalg.norm(direction)
        worth = norm.cdf([(direction @ centre - cut) / size, (cut + direction @ centre) / size]).mean()
        found = estimate(BestOfMany(np.eye(2)[said][None], truth, "acc"), np.arange(n), repeats=40)
        row, plain = found.corrected["acc"], found.naive["acc"]
        z.append([(row.value - worth) / row.se, (plain.value - worth) / plain.se])
        inside += row.low <= worth <= row.high
        naively += plain.low <= worth <= plain.high
    spread = np.sqrt((np.array(z) ** 2).mean(axis=0))
    assert spread[0] == pytest.approx(1.0, abs=0.12)
    assert spread[1] > 1.1
    assert inside >= 139
    assert naively < inside


def test_the_left_out_records_tell_the_same_spread_as_all(rng):
    """The score of a part drawn without replacement, scaled, against the binomial spread of all records."""
    right = rng.random(400) < 0.8
    scores = [right[left].mean() for _, (_, left) in zip(
        range(2000), bootstrap_groups(np.arange(400), np.zeros(400, int), rng), strict=False
    )]  # fmt: skip
    share = (1 - 1 / 400) ** 400
    assert np.std(scores) * (share / (1 - share)) ** 0.5 == pytest.approx(
        (right.mean() * (1 - right.mean()) / 400) ** 0.5, rel=0.05
    )


def test_a_deadline_ends_the_bootstrap(rng):
    predictions, truth = random_predictions(rng)
    found = estimate(BestOfMany(predictions, truth, "mcc"), np.arange(RECORDS), enough=lambda done: done == 7)
    assert found.repeats == 7


def test_regression(rng):
    truth = rng.normal(size=200)
    members = truth + rng.normal(scale=[[0.5], [0.6], [2.0]], size=(3, 200))
    found = estimate(ValueBlend(members, truth), np.arange(200))
    assert set(found.corrected) == {"r2", "spearman", "rmse", "pearson", "mae"}
    best = estimate(BestOfMany(members, truth, "r2"), np.arange(200))
    assert found.corrected["r2"].value > best.corrected["r2"].value
    assert found.corrected["r2"].low < found.corrected["r2"].value < found.corrected["r2"].high
    plain = intervals("regression", truth, members[0], None)
    assert plain["rmse"].low < 0.5 < plain["rmse"].high + 0.05


def test_mixture_weights_are_the_most_likely_ones(rng):
    good = np.clip(rng.beta(4, 2, 500), 0.01, 0.99)
    own = np.column_stack([good, np.full(500, 0.5), rng.random(500)])
    weights = mixture_weights(own, even=0.0, rounds=500)
    likelihood = np.log(own @ weights).mean()
    for other in (*np.eye(3), np.ones(3) / 3, weights[::-1]):
        assert likelihood >= np.log(np.maximum(own @ other, 1e-9)).mean() - 1e-4
    assert weights.sum() == pytest.approx(1)
    assert all(weight == 0 or weight >= 0.05 for weight in weights)
    assert mixture_weights(own, even=0.02).max() < weights.max()
    assert mixture_weights(own[:5]).max() < mixture_weights(own[:5], even=0.0, rounds=500).max()


def test_a_logarithmic_pool_is_logistic_stacking(rng):
    """The weights without bounds and prior are those of a conditional logistic regression on the members' logarithms."""
    from scipy.optimize import minimize

    truth = rng.integers(0, 3, 400)
    members = []
    for strength in (1.5, 1.0, 0.7):
        scores = rng.normal(size=(400, 3)) + strength * np.eye(3)[truth]
        members.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    logs = np.log(np.stack(members))

    def loss(weights):
        scores = np.tensordot(weights, logs, 1)
        return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(400), truth]).sum()

    best = minimize(loss, np.ones(3), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 4000}).x
    assert log_weights(logs, truth, hold=0.0) == pytest.approx(best, abs=2e-3)
    assert log_weights(logs, truth, hold=1e9) == pytest.approx(np.full(3, 1 / 3), abs=1e-3)
    joined = log_pooled(members, best)
    by_hand = np.prod([m**w for m, w in zip(members, best, strict=True)], axis=0)
    assert joined == pytest.approx(by_hand / by_hand.sum(axis=1, keepdims=True))


def test_a_pool_of_members_that_know_nothing_is_even(rng):
    truth = rng.integers(0, 2, 300)
    wrong = np.eye(2)[1 - truth] * 0.8 + 0.1
    weights = log_pool_classes(np.stack([wrong, wrong]), truth)
    assert log_pooled(np.stack([wrong, wrong]), weights) == pytest.approx(0.5, abs=1e-3)


def test_one_group_that_holds_most_records_does_not_bend_the_estimate(rng):
    """Values vary between records of the large group and hardly between the others: R2 on the others alone says nothing."""
    large = np.zeros(700, int)
    groups = np.concatenate([large, np.arange(1, 301)])
    truth = np.concatenate([rng.normal(0, 1, 700), rng.normal(0, 0.3, 300)])
    members = np.stack([truth + rng.normal(0, 0.3, 1000) for _ in range(3)])
    assert uneven(groups)
    assert not uneven(np.arange(1000))
    found = estimate(ValueBlend(members, truth), groups, repeats=60)
    assert found.corrected["r2"].value == pytest.approx(found.naive["r2"].value, abs=0.02)
    labels = (truth > 0).astype(int)
    guesses = rng.dirichlet([1, 1], (12, 1000))
    chance = estimate(ClassBlend(guesses, labels, "mcc", Calibration()), groups, repeats=60)
    assert abs(chance.corrected["mcc"].value) < 0.12


def test_some_of_each_kind_are_looked_at(rng):
    """Thirty clones and one other model: the other one is not crowded out of the blend."""
    truth = rng.integers(0, 2, 500)
    right = rng.random(500) < 0.8
    clone = np.where(right, 0.75, 0.25)
    other = np.where(rng.random(500) < 0.7, 0.65, 0.35)
    own = np.vstack([np.clip(clone + rng.normal(0, 0.01, (30, 500)), 0.05, 0.95), other])
    predictions = np.zeros((31, 500, 2))
    predictions[:, np.arange(500), truth], predictions[:, np.arange(500), 1 - truth] = own, 1 - own
    kinds = np.array([0] * 30 + [1])
    for weigh in (blend_classes, log_pool_classes):
        assert weigh(predictions, truth, kinds=kinds)[30] > 0.1
    assert blend_classes(predictions, truth)[30] == 0


def test_value_weights_are_the_least_squares_ones(rng):
    truth = rng.normal(size=300)
    values = truth[:, None] + rng.normal(scale=[1.0, 1.0, 3.0], size=(300, 3))
    weights = value_weights(values, truth, even=0.0)
    error = ((values @ weights - truth) ** 2).mean()
    for other in (*np.eye(3), np.ones(3) / 3):
        assert error <= ((values @ other - truth) ** 2).mean() + 1e-6
    assert weights.sum() == pytest.approx(1)
    assert np.ptp(value_weights(values, truth)) < np.ptp(weights)
    assert (value_weights(np.column_stack([truth, truth]), truth) >= 0).all()


def test_a_blend_has_few_members(rng):
    truth = rng.integers(0, 3, 90)
    predictions = np.array([normalise(rng.random((90, 3)) + 0.5 * np.eye(3)[truth]) for _ in range(20)])
    weights = blend_classes(predictions, truth)
    assert 1 <= (weights > 0).sum() <= 8
    values = rng.normal(size=(20, 90)) + truth
    assert 1 <= (blend_values(values, truth.astype(float)) > 0).sum() <= 8
