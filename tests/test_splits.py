"""Folds: whole groups, even strata, no dependence on the order of the records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.errors import LabelError
from bioautofeat.evaluation.splits import (
    groups_per_stratum,
    keys_of_rows,
    keys_of_sequences,
    split_groups,
    strata_of_values,
)
from bioautofeat.sequences import Sequences


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 120), st.integers(1, 4), st.integers(1, 60), st.integers(2, 5))
def test_groups_stay_whole_and_strata_even(seed, n, n_strata, n_groups, n_folds):
    rng = np.random.default_rng(seed)
    groups, strata = rng.integers(0, max(n_groups, n_folds + 1), n), rng.integers(0, n_strata, n)
    groups[:n_folds] = np.arange(n_folds)
    keys = rng.integers(0, 2**63, n).astype(np.uint64)
    folds = split_groups(strata, groups, n_folds, keys)
    assert folds.min() >= 0
    assert folds.max() < n_folds
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    order = rng.permutation(n)
    assert (split_groups(strata[order], groups[order], n_folds, keys[order]) == folds[order]).all()


@pytest.mark.parametrize("n_folds", [2, 3, 5])
def test_single_records_are_spread_evenly(rng, n_folds):
    strata = np.repeat([0, 1, 2], [50, 23, 7])
    keys = rng.integers(0, 2**63, 80).astype(np.uint64)
    folds = split_groups(strata, np.arange(80), n_folds, keys)
    for stratum in range(3):
        counts = np.bincount(folds[strata == stratum], minlength=n_folds)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(folds, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1
    assert (split_groups(strata, np.arange(80), n_folds, keys, seed=1) != folds).any()


def test_large_groups_are_balanced_by_single_records(rng):
    groups = np.concatenate([np.zeros(30, int), np.arange(1, 71)])
    strata = np.concatenate([np.zeros(30, int), rng.integers(0, 2, 70)])
    folds = split_groups(strata, groups, 5, np.arange(100, dtype=np.uint64))
    of_large = folds[0]
    assert (folds[:30] == of_large).all()
    # the fold of the large group gets no further record of its class
    assert not ((folds == of_large) & (strata == 0) & (groups > 0)).any()


def test_too_few_groups():
    with pytest.raises(LabelError, match="2 groups"):
        split_groups(np.zeros(6, int), np.array([0, 0, 0, 1, 1, 1]), 3, np.arange(6, dtype=np.uint64))


def test_keys_follow_content_alone():
    seqs = Sequences.from_strings(["ACGT", "GG", "acgt", ""], "dna")
    keys = keys_of_sequences(seqs)
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 3
    assert (keys_of_sequences(seqs.take([3, 1])) == keys[[3, 1]]).all()
    rows = keys_of_rows(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]))
    assert rows[0] == rows[2] != rows[1]


def test_strata():
    assert strata_of_values(np.arange(100.0), 10).tolist() == np.repeat(range(10), 10).tolist()
    assert set(strata_of_values(np.ones(10), 5).tolist()) == {2}
    assert groups_per_stratum(np.array([0, 0, 1, 1]), np.array([7, 7, 7, 8])).tolist() == [1, 2]
