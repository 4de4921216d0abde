"""Points of curves, calibration, intervals and components of a report, against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from bioautofeat.evaluation.calibration import interval_offsets
from bioautofeat.report.curves import (
    average_precision,
    calibration_bins,
    calibration_error,
    coverage_of_folds,
    pr_points,
    roc_points,
    thinned,
    wilson,
)
from bioautofeat.report.embedding import principal_components
from bioautofeat.report.judged import area

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def test_points_of_curves_are_those_of_scikit_learn(rng):
    for n, digits in ((200, 2), (500, 6)):
        hits = rng.random(n) < 0.3
        scores = np.round(np.clip(hits * 0.2 + rng.random(n), 0, 1.2), digits)
        false, true = roc_points(hits, scores)
        expected = roc_curve(hits, scores, drop_intermediate=False)
        assert np.allclose(false, expected[0])
        assert np.allclose(true, expected[1])
        assert area(hits, scores) == pytest.approx(roc_auc_score(hits, scores), abs=1e-12)
        recall, precision = pr_points(hits, scores)
        theirs = precision_recall_curve(hits, scores)
        assert np.allclose(precision[::-1], theirs[0][:-1])
        assert np.allclose(recall[::-1], theirs[1][:-1])
        assert average_precision(recall, precision) == pytest.approx(average_precision_score(hits, scores), abs=1e-12)


def test_calibration_is_that_of_scikit_learn(rng):
    promised = rng.permutation(np.linspace(0.01, 0.99, 1000))
    kept = rng.random(1000) < promised
    bins = calibration_bins(kept, promised, 10)
    share, mean = calibration_curve(kept, promised, n_bins=10, strategy="quantile")
    assert np.allclose(bins.kept, share)
    assert np.allclose(bins.promised, mean)
    assert bins.n.tolist() == [100] * 10
    assert calibration_error(bins) == pytest.approx(np.abs(share - mean).mean())
    tied = calibration_bins(np.array([True, False] * 20), np.full(40, 0.5))
    assert tied.n.tolist() == [40]


def test_wilson_interval_has_its_closed_form():
    low, high = wilson(np.array([0, 5, 10]), np.array([10, 10, 10]))
    # roots of (p - s)^2 = z^2 p (1 - p) / n
    for s, bounds in zip((0.0, 0.5, 1.0), zip(low, high, strict=True), strict=True):
        z, n = 1.959964, 10
        roots = np.roots([1 + z * z / n, -(2 * s + z * z / n), s * s])
        assert sorted(bounds) == pytest.approx(sorted(roots.real.tolist()), abs=1e-9)


def test_coverage_learns_its_interval_elsewhere(rng):
    truth = rng.normal(size=4000)
    folds = rng.integers(0, 5, 4000)
    inside = coverage_of_folds(truth, np.zeros(4000), folds, 0.8)
    assert inside.mean() == pytest.approx(0.8, abs=0.025)
    low, high = interval_offsets(truth[folds != 0], np.zeros((folds != 0).sum()), 0.8)
    assert np.array_equal(inside[folds == 0], (truth[folds == 0] >= low) & (truth[folds == 0] <= high))
    alone = coverage_of_folds(truth, np.zeros(4000), np.zeros(4000, int), 0.8)
    assert alone.mean() == pytest.approx(0.8, abs=0.01)


def test_thinned_curves_keep_their_ends():
    x = np.arange(10_000.0)
    few, _ = thinned(x, x, 250)
    assert len(few) == 250
    assert (few[0], few[-1]) == (0.0, 9999.0)


def test_components_are_those_of_scikit_learn(rng):
    cells = rng.normal(size=(100, 6)) @ rng.normal(size=(6, 6))
    cells = np.column_stack([cells, np.ones(100)])
    points, shares = principal_components(cells, 0)
    kept = cells[:, :6]
    expected = PCA(2).fit((kept - kept.mean(axis=0)) / kept.std(axis=0))
    theirs = expected.transform((kept - kept.mean(axis=0)) / kept.std(axis=0))
    assert np.allclose(np.abs(points), np.abs(theirs), atol=1e-8)
    assert shares == pytest.approx(tuple(expected.explained_variance_ratio_))
    # the sign does not depend on that of the data's other directions
    again, _ = principal_components(cells[:, ::-1], 0)
    assert np.allclose(points, again, atol=1e-8)
    missing = cells.copy()
    missing[3, 2] = np.nan
    filled, _ = principal_components(missing, 0)
    assert np.isfinite(filled).all()
    assert principal_components(np.ones((50, 3)), 0) is None
