"""Measures against scikit-learn and scipy, and their stated values where a formula has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from bioautofeat.errors import ParameterError
from bioautofeat.evaluation.calibration import (
    Calibration,
    Decision,
    fit_calibration,
    fit_decision,
    interval_offsets,
    normalise,
)
from bioautofeat.evaluation.metrics import METRICS, get_metric, score


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_classification_against_scikit_learn(rng, n_classes):
    truth = rng.integers(0, n_classes, 200)
    probabilities = rng.dirichlet(np.ones(n_classes), 200).round(2) + 0.01
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    chosen = probabilities.argmax(axis=1)
    found = score("classification", truth, probabilities)
    assert found["mcc"] == pytest.approx(reference.matthews_corrcoef(truth, chosen))
    assert found["acc"] == pytest.approx(reference.accuracy_score(truth, chosen))
    assert found["balanced_acc"] == pytest.approx(reference.balanced_accuracy_score(truth, chosen))
    assert found["f1_macro"] == pytest.approx(reference.f1_score(truth, chosen, average="macro"))
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, probabilities))
    ranked = probabilities[:, 1] if n_classes == 2 else probabilities
    assert found["auc"] == pytest.approx(reference.roc_auc_score(truth, ranked, multi_class="ovr"))


def test_regression_against_scipy(rng):
    truth = rng.normal(size=100).round(1)
    values = truth + rng.normal(size=100)
    found = score("regression", truth, values)
    assert found["r2"] == pytest.approx(reference.r2_score(truth, values))
    assert found["spearman"] == pytest.approx(stats.spearmanr(truth, values)[0])
    assert found["pearson"] == pytest.approx(stats.pearsonr(truth, values)[0])
    assert found["rmse"] == pytest.approx(reference.root_mean_squared_error(truth, values))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(truth, values))


def test_degenerate_input_has_stated_values():
    ones = np.ones(4, np.int64)
    assert score("classification", ones, np.eye(2)[ones]) == {
        "mcc": 0.0, "acc": 1.0, "f1_macro": 1.0, "auc": 0.5, "log_loss": 0.0, "balanced_acc": 1.0,
    }  # fmt: skip
    assert METRICS["log_loss"].measure(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(34.54, abs=0.01)
    assert METRICS["r2"].measure(np.ones(3), np.zeros(3)) == 0.0
    assert METRICS["spearman"].measure(np.ones(3), np.arange(3.0)) == 0.0
    empty = np.empty(0)
    assert all(
        np.isfinite(METRICS[name].measure(empty, empty)) for name in ("r2", "spearman", "rmse", "mae", "pearson")
    )


def test_a_class_without_records_is_left_out_of_the_means():
    truth, chosen = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    assert METRICS["balanced_acc"].measure(truth, chosen) == 0.75
    probabilities = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]])
    assert METRICS["auc"].measure(truth, probabilities) == pytest.approx(1.0)


def test_names():
    assert get_metric("MCC", "classification").name == "mcc"
    assert get_metric("roc_auc", "classification").name == "auc"
    with pytest.raises(ParameterError, match="unknown metric for regression"):
        get_metric("mcc", "regression")


def test_calibration_finds_the_truth(rng):
    logits = rng.normal(scale=2, size=(4000, 3))
    true = normalise(np.exp(logits))
    truth = (true.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    bold = Calibration(2.0).apply(true)
    found = fit_calibration(bold, truth)
    assert found.exponent == pytest.approx(0.5, abs=0.05)
    assert found.apply(bold) == pytest.approx(true, abs=0.05)
    two = normalise(true[:, :2])
    labels = (rng.random(4000) < two[:, 1]).astype(int)
    shifted = Calibration(1.0, (0.0, 1.5)).apply(two)
    back = fit_calibration(shifted, labels)
    assert back.apply(shifted) == pytest.approx(two, abs=0.06)


def test_calibration_of_few_records_changes_little():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = fit_calibration(probabilities, np.array([0, 1]))
    assert 0.8 < found.exponent < 2.5
    assert np.isfinite(fit_calibration(np.eye(2), np.array([0, 1])).exponent)


def test_the_threshold_suits_the_metric(rng):
    truth = (rng.random(3000) < 0.08).astype(int)
    scores = np.clip(0.08 + 0.12 * truth + 0.06 * rng.normal(size=3000), 0.001, 0.999)
    probabilities = np.column_stack([1 - scores, scores])
    rule = fit_decision(probabilities, truth, "mcc")
    mcc = METRICS["mcc"].measure
    best = max(mcc(truth, (scores > cut).astype(int)) for cut in np.linspace(0.01, 0.5, 60))
    assert mcc(truth, probabilities.argmax(axis=1)) < 0.1
    assert mcc(truth, rule.apply(probabilities)) > best - 0.03
    assert fit_decision(probabilities, truth, "auc") == Decision((1.0, 1.0))


def test_rare_classes_are_helped_where_the_metric_asks(rng):
    share = np.array([0.8, 0.15, 0.05])
    truth = rng.choice(3, 4000, p=share)
    scores = normalise(np.exp(rng.normal(size=(4000, 3)) + 1.2 * np.eye(3)[truth]) * share)
    plain, helped = scores.argmax(axis=1), fit_decision(scores, truth, "balanced_acc").apply(scores)
    measure = METRICS["balanced_acc"].measure
    assert measure(truth, helped) > measure(truth, plain) + 0.05


def test_intervals_hold_what_they_promise(rng):
    truth = rng.normal(size=2000)
    predicted = truth + rng.standard_t(4, size=2000) + 0.3
    low, high = interval_offsets(truth[:1000], predicted[:1000])
    inside = (truth[1000:] >= predicted[1000:] + low) & (truth[1000:] <= predicted[1000:] + high)
    assert inside.mean() == pytest.approx(0.9, abs=0.03)
    assert interval_offsets(np.array([1.0, 2.0]), np.array([0.0, 3.0])) == (-1.0, 1.0)
