"""Kernels that compare records against their slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import oracles_similarity as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.kernels import similarity, strings

records = st.lists(st.lists(st.integers(0, 4), max_size=14), min_size=1, max_size=8)
short = settings(max_examples=60, deadline=None)


def flat(batch):
    offsets = np.concatenate([[0], np.cumsum([len(record) for record in batch])]).astype(np.int64)
    return np.array([code for record in batch for code in record], np.uint8), offsets


@short
@given(records, st.integers(0, 3))
def test_edit_distance(batch, limit):
    codes, offsets = flat(batch)
    pairs = [(i, j) for i in range(len(batch)) for j in range(len(batch))]
    left, right = np.array(pairs, np.int64).T.copy()
    close = np.full(len(pairs), 7, np.int64)
    similarity.within_edits(codes, offsets, left, right, np.full(len(pairs), limit), close)
    assert close.tolist() == [int(oracle.edit_distance(batch[i], batch[j]) <= limit) for i, j in pairs]


@short
@given(records, st.integers(0, 2))
def test_records_within_edits_share_a_variant(batch, edits):
    codes, offsets = flat(batch)
    lengths = np.diff(offsets)
    sizes = 1 + lengths * (edits > 0) + lengths * (lengths - 1) // 2 * (edits > 1)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    out = np.zeros(bounds[-1], np.int64)
    similarity.deletion_variants(codes, offsets, np.full(len(batch), edits), bounds, out)
    hashes = [set(out[a:b].tolist()) for a, b in itertools.pairwise(bounds)]
    for i, record in enumerate(batch):
        assert len(hashes[i]) == len(oracle.deletions(record, edits))
        for j, other in enumerate(batch):
            if oracle.edit_distance(record, other) <= edits:
                assert hashes[i] & hashes[j]
            shared = oracle.deletions(record, edits) & oracle.deletions(other, edits)
            assert bool(shared) == bool(hashes[i] & hashes[j])


@short
@given(st.lists(st.sets(st.integers(0, 12), max_size=8), min_size=1, max_size=9), st.sampled_from([0.2, 0.5, 1.0]))
def test_join_by_words(sets, share):
    words = sorted(set().union(*sets))
    held = [[i for i, own in enumerate(sets) if word in own] for word in words]
    holders = np.array([i for row in held for i in row], np.int64)
    holder_bounds = np.concatenate([[0], np.cumsum([len(row) for row in held])]).astype(np.int64)
    own = [[k for k, word in enumerate(words) if word in record] for record in sets]
    bounds = np.concatenate([[0], np.cumsum([len(row) for row in own])]).astype(np.int64)
    parent = np.arange(len(sets))
    numbers = np.array([k for row in own for k in row], np.int64)
    similarity.join_by_words(numbers, bounds, holders, holder_bounds, share * np.diff(bounds), 100, parent)
    assert parent.tolist() == oracle.components(len(sets), oracle.sharing(sets, lambda size: share * size))


def test_only_the_first_holders_are_compared():
    sets = [{0}, {0}, {0}]
    bounds, holders = np.arange(4), np.arange(3)
    parent = np.arange(3)
    similarity.join_by_words(np.zeros(3, np.int64), bounds, holders, np.array([0, 3]), np.full(3, 0.5), 1, parent)
    assert parent.tolist() == [0] * len(sets)


def laid_out(batch, known):
    """Records end to end as targets, padded to a multiple of the pack."""
    codes, offsets = flat(batch)
    more = -len(codes) % strings.PACK
    letters = np.concatenate([codes, np.full(more, strings.NOTHING, np.uint8)])
    owner = np.concatenate([np.repeat(np.arange(len(batch)), np.diff(offsets)), np.full(more, len(batch) - 1)])
    return letters, np.concatenate([known, np.zeros(more, np.uint8)]), owner


def windows_known(batch, length, n_symbols):
    codes, offsets = flat(batch)
    known = np.full(len(codes), 7, np.uint8)
    strings.known_windows(codes, offsets, length, n_symbols, known)
    return known


@short
@given(records, st.integers(1, 6))
def test_known_windows(batch, length):
    known = windows_known(batch, length, 4).tolist()
    expected = [
        255 * (i + 1 >= length and max(record[i + 1 - length : i + 1]) < 4)
        for record in batch
        for i in range(len(record))
    ]
    assert known == expected


@short
@given(records, records, st.lists(st.integers(0, 1000), min_size=2, max_size=8), st.integers(0, 6))
def test_word_kernels(left, right, amounts, zeros):
    """Any values, small agreements worth nothing or something, records of all lengths with unknown letters (4)."""
    amounts = [0] * min(zeros, len(amounts) - 1) + amounts[min(zeros, len(amounts) - 1) :]
    length, values = len(amounts) - 1, np.array([0, *amounts])
    codes, offsets = flat(left)
    out, own = np.zeros((len(left), len(right))), np.zeros(len(left))
    these = (codes, offsets, windows_known(left, length, 4))
    strings.word_kernels(these, laid_out(right, windows_known(right, length, 4)), values, out)
    assert out.tolist() == [[oracle.word_kernel(x, y, length, 4, amounts) for y in right] for x in left]
    for others in (left, [record[::-1] for record in left]):
        own[:] = 5.0
        strings.paired_word_kernels(these, (*flat(others), windows_known(others, length, 4)), values, own)
        expected = [oracle.word_kernel(x, y, length, 4, amounts) for x, y in zip(left, others, strict=True)]
        assert (own - 5.0).tolist() == expected
