"""The pair kernels against plain loops, on ragged batches with unknown words."""

from __future__ import annotations

import numpy as np
import oracles_pairs as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.kernels import pairs

BATCH = st.lists(st.lists(st.integers(-1, 2), max_size=40), min_size=1, max_size=5)
"""Up to three words: nine different pairs, so that short and long sequences take either way through the kernel."""


def flat(batch):
    bounds = np.concatenate([[0], np.cumsum([len(track) for track in batch])]).astype(np.int64)
    return np.array([word for track in batch for word in track], np.int64), bounds


def known(track):
    return [None if word < 0 else word for word in track]


@settings(deadline=None, max_examples=60)
@given(BATCH, st.integers(1, 4), st.integers(1, 3))
def test_forms_equal_loops(batch, last, n_forms):
    words, bounds = flat(batch)
    forms = np.random.default_rng(last).integers(-9, 9, (3, 3, n_forms)).astype(float)
    lags = np.array([[lag, lag] for lag in range(last + 1)], np.int64)
    out = np.zeros((len(batch), last + 1, n_forms + 1))
    pairs.sum_forms(words, bounds, forms, lags, out)
    for row, track in zip(out, batch, strict=True):
        for lag in range(last + 1):
            found = oracle.pairs(known(track), lag) if len(track) > last else []
            expected = [sum(forms[a, b, f] for a, b in found) for f in range(n_forms)]
            assert row[lag].tolist() == [*expected, len(found)]  # whole numbers: exact


@settings(deadline=None, max_examples=40)
@given(BATCH, st.integers(1, 3))
def test_a_partner_may_stand_nearer_than_the_reach(batch, reach):
    words, bounds = flat(batch)
    forms = np.arange(9.0).reshape(3, 3, 1)
    out = np.zeros((len(batch), 1, 2))
    pairs.sum_forms(words, bounds, forms, np.array([[1, reach]], np.int64), out)
    for row, track in zip(out, batch, strict=True):
        found = oracle.pairs(known(track), 1, reach)
        assert row[0].tolist() == [sum(3 * a + b for a, b in found), len(found)]


@settings(deadline=None, max_examples=60)
@given(BATCH, st.integers(1, 4))
def test_covariances_equal_loops(batch, last):
    words, bounds = flat(batch)
    values = np.random.default_rng(last).normal(size=(3, 2))
    moments = np.zeros((len(batch), 2, 2))
    pairs.word_moments(words, bounds, values, moments)
    lags = np.array([[lag, lag] for lag in range(1, last + 1)], np.int64)
    auto, cross = np.zeros((len(batch), last, 3)), np.zeros((len(batch), last, 5))
    for out in (auto, cross):
        pairs.sum_covariances(words, bounds, values, np.ascontiguousarray(moments[:, 0]), lags, out)
    for s, track in enumerate(map(known, batch)):
        for lag in range(1, last + 1):
            n = len(oracle.pairs(track, lag)) if len(track) > last else 0
            table = [dict(enumerate(column)) for column in values.T.tolist()]
            expected = [[oracle.covariance(track, u, v, lag) * n for v in table] for u in table]
            assert auto[s, lag - 1, -1] == cross[s, lag - 1, -1] == n
            assert cross[s, lag - 1, :-1] == pytest.approx(np.ravel(expected), abs=1e-12)
            assert auto[s, lag - 1, :-1] == pytest.approx(np.diag(expected), abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(BATCH)
def test_moments_equal_loops_and_know_what_does_not_vary(batch):
    words, bounds = flat(batch)
    values = np.array([[0.1, 3.3], [0.7, 3.3], [0.3, 3.3]])
    out = np.zeros((len(batch), 2, 2))
    pairs.word_moments(words, bounds, values, out)
    for row, track in zip(out, map(known, batch), strict=True):
        for c in range(2):
            column = dict(enumerate(values[:, c].tolist()))
            assert row[0, c] == pytest.approx(oracle.centre(track, column), abs=1e-12)
            assert row[1, c] == pytest.approx(oracle.squares(track, column)[0], abs=1e-12)
        assert row[1, 1] == 0.0


def test_a_repeated_letter_has_no_spread_whatever_its_value():
    for value in (0.1, 1 / 3, 1e17, -7.77):
        for length in (1, 3, 7, 49, 1001):
            words, bounds = flat([[1] * length])
            out = np.zeros((1, 2, 1))
            pairs.word_moments(words, bounds, np.array([[5.0], [value], [6.0]]), out)
            assert out[0].tolist() == [[value], [0.0]]


def test_scratch_counts_are_zero_again():
    counts = np.zeros((2, 2), np.int64)
    words = np.array([0, 1, 1, 0, 1, 0, -1, 1], np.int64)
    firsts, seconds, weights = np.empty(8, np.uint32), np.empty(8, np.uint32), np.empty(8)
    listed, found = pairs.list_pairs(words, np.array([1, 1], np.int64), counts, firsts, seconds, weights)
    assert (listed, found) == (3, 5)
    assert firsts[:3].tolist() == [0, 1, 1]
    assert seconds[:3].tolist() == [1, 0, 1]
    assert weights[:3].tolist() == [2.0, 2.0, 1.0]
    assert not counts.any()


def test_empty_batches_and_sequences():
    for batch in ([[]], [[], []], [[-1] * 30]):
        words, bounds = flat(batch)
        out = np.zeros((len(batch), 1, 2))
        pairs.sum_forms(words, bounds, np.ones((3, 3, 1)), np.ones((1, 2), np.int64), out)
        assert not out.any()
    assert pairs.longest_part(np.zeros(1, np.int64)) == 0
