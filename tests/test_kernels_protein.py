"""The kernels of places, scales, complexity and charges against their plain twins, over ragged batches."""

from __future__ import annotations

import itertools

import numpy as np
import oracles_protein as oracles
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from bioautofeat.kernels import charges, complexity, occurrence, scales

thorough = settings(deadline=None, max_examples=60)


def packed(records, before=0):
    """Codes and bounds as kernels take them, read-only; some letters of another record may stand before."""
    codes = np.array([0] * before + list(itertools.chain.from_iterable(records)), np.uint8)
    offsets = before + np.concatenate([[0], np.cumsum([len(record) for record in records])]).astype(np.int64)
    codes.flags.writeable = offsets.flags.writeable = False
    return codes, offsets


@st.composite
def batches(draw, symbols=(2, 4, 20), longest=70):
    """Number of symbols, and ragged records: empty, short, all unknown, one repeated letter, repeats, mixed."""
    n = draw(st.sampled_from(symbols))
    letter = st.integers(0, n - 1)
    record = st.one_of(
        st.lists(letter, max_size=longest),
        st.lists(st.integers(0, n), max_size=longest),
        st.builds(lambda code, m: [code] * m, st.integers(0, n), st.integers(0, longest)),
        st.builds(lambda unit, m: unit * m, st.lists(letter, min_size=1, max_size=4), st.integers(1, longest // 4)),
    )
    return n, draw(st.lists(record, max_size=5))


@st.composite
def groupings(draw, n):
    """Classes of letters of one grouping; a letter may be in none."""
    classes = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    return [found for c in range(3) if (found := {letter for letter in range(n) if classes[letter] == c})]


def class_arrays(grouped):
    classes = [sorted(letters) for grouping in grouped for letters in grouping]
    letters = np.array([letter for members in classes for letter in members], np.int64)
    bounds = np.concatenate([[0], np.cumsum([len(members) for members in classes])]).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum([len(grouping) for grouping in grouped])]).astype(np.int64)
    return letters, bounds, ends


@thorough
@given(batches(longest=150), st.data(), st.integers(0, 3))
def test_places_and_neighbours_of_classes(batch, data, before):
    n, records = batch
    grouped = [g for g in data.draw(st.lists(groupings(n), min_size=1, max_size=3)) if g]
    assume(grouped)
    codes, offsets = packed(records, before)
    letters, bounds, ends = class_arrays(grouped)
    classes = [members for grouping in grouped for members in grouping]
    placed = np.zeros((len(records), 5 * len(classes)))
    occurrence.class_places(codes, offsets, letters, bounds, placed)
    shares = np.zeros((len(records), sum(len(g) * (len(g) - 1) // 2 for g in grouped)))
    with_all = np.concatenate([letters, np.arange(n)]), np.append(bounds, len(letters) + n), ends
    occurrence.class_neighbours(codes, offsets, *with_all, shares)
    whole = np.zeros((len(records), len(classes) + shares.shape[1] + placed.shape[1]))
    occurrence.class_profiles(codes, offsets, *with_all, whole)
    assert_array_equal(whole[:, len(classes) :], np.hstack([shares, placed]))
    for s, record in enumerate(records):
        assert_allclose(placed[s], oracles.places(record, classes, (0.0, 0.25, 0.5, 0.75, 1.0)), rtol=1e-12)
        assert_allclose(shares[s], oracles.neighbours(record, grouped, n), rtol=1e-12)
        held = oracles.known(record, n)
        expected = [sum(code in members for code in held) / max(1, len(held)) for members in classes]
        assert_allclose(whole[s, : len(classes)], expected, rtol=1e-12)


@thorough
@given(batches(), st.integers(0, 3))
def test_counts_scores_and_natural_vectors(batch, before):
    n, records = batch
    codes, offsets = packed(records, before)
    counts = np.zeros((len(records), n))
    occurrence.letter_counts(codes, offsets, counts)
    assert_array_equal(counts, np.array([oracles.counts(record, n) for record in records]).reshape(-1, n))
    table = np.zeros((n + 1, n + 1))
    table[:n, :n] = np.arange(n * n).reshape(n, n) / 7 - 3
    scores = np.zeros(len(records))
    occurrence.pair_scores(codes, offsets, table, scores)
    assert_allclose(scores, [oracles.pair_score(record, table, n) for record in records], rtol=1e-12, atol=1e-11)
    vectors = np.zeros((len(records), 3 * n))
    occurrence.place_moments(codes, offsets, n, vectors)
    for row, record in zip(vectors, records, strict=True):
        assert_allclose(row, oracles.natural_vector(record, n), rtol=1e-12)


def decimal_values(n, seed):
    """Values of letters with one decimal, as published scales have them, some of them equal."""
    return np.random.default_rng(seed).integers(-45, 46, n) / 10


@thorough
@given(batches(), st.integers(0, 9))
def test_statistics_of_values(batch, seed):
    n, records = batch
    codes, offsets = packed(records)
    counts = np.zeros((len(records), n))
    occurrence.letter_counts(codes, offsets, counts)
    values = np.array([decimal_values(n, seed), decimal_values(n, seed + 100), np.zeros(n)])
    fractions = np.array([0.0, 0.25, 0.5, 0.9, 1.0])
    out = np.zeros((len(records), 3, 2 + len(fractions)))
    order = np.argsort(values, axis=1).astype(np.int64)
    scales.value_statistics(counts, values, order, fractions, out)
    for rows, record in zip(out, records, strict=True):
        for row, held in zip(rows, values.tolist(), strict=True):
            assert_allclose(row, oracles.value_statistics(record, held, fractions), rtol=1e-10, atol=1e-12)


@thorough
@given(batches(), st.integers(1, 25), st.sampled_from((1.0, 0.25, 0.0)), st.integers(0, 9))
def test_statistics_of_windows(batch, size, edge, seed):
    n, records = batch
    codes, offsets = packed(records)
    table = np.column_stack([np.rint(decimal_values(n, seed) * 10), np.arange(n) % 2.0])
    out = np.zeros((len(records), 2, 6))
    scales.window_statistics(codes, offsets, table, size, edge, out)
    for rows, record in zip(out, records, strict=True):
        for row, held in zip(rows, table.T.tolist(), strict=True):
            expected = oracles.window_statistics(record, held, size, edge)
            assert_allclose(row[:4], expected[:4], rtol=1e-9, atol=1e-10)
            if edge == 1.0:  # sums of whole numbers: ties are exact
                assert_allclose(row[4:], expected[4:], rtol=1e-12)


@thorough
@given(batches(), st.integers(1, 25), st.sampled_from((0, 60, 100, 160, 180)), st.integers(0, 9))
def test_moments_around_a_helix(batch, size, angle, seed):
    n, records = batch
    codes, offsets = packed(records)
    values = decimal_values(n, seed)
    turns = np.radians(angle * np.arange(size))
    out = np.zeros((len(records), 2))
    scales.window_moments(codes, offsets, values, np.cos(turns), np.sin(turns), out)
    for row, record in zip(out, records, strict=True):
        assert_allclose(row, oracles.moments(record, values.tolist(), size, angle), rtol=1e-9, atol=1e-12)


@thorough
@given(batches(), st.integers(1, 5), st.sampled_from((0, 1, 7, 100)), st.integers(0, 9))
def test_means_of_segments(batch, parts, ends, seed):
    n, records = batch
    codes, offsets = packed(records)
    values = decimal_values(n, seed)
    out = np.zeros((len(records), parts + 2 * (ends > 0), 1))
    scales.segment_means(codes, offsets, values[:, None].copy(), parts, ends, out)
    for row, record in zip(out[:, :, 0], records, strict=True):
        assert_allclose(row, oracles.segments(record, values.tolist(), parts, ends), rtol=1e-12, atol=1e-12)


@thorough
@given(batches(), st.integers(1, 12), st.integers(0, 9))
def test_cosine_transform(batch, n_coefficients, seed):
    n, records = batch
    codes, offsets = packed(records)
    values = decimal_values(n, seed)
    out = np.zeros((len(records), n_coefficients))
    scales.cosine_coefficients(codes, offsets, np.append(values, 0.0), out)
    for row, record in zip(out, records, strict=True):
        assert_allclose(row, oracles.cosines(record, values.tolist(), n_coefficients), rtol=1e-9, atol=1e-10)


@thorough
@given(batches(longest=32), st.sampled_from((0, 1, 2, 3, 50)), st.integers(0, 3))
def test_distinct_words(batch, longest, before):
    n, records = batch
    codes, offsets = packed(records, before)
    out = np.zeros((len(records), 2))
    complexity.distinct_words(codes, offsets, n, longest, out)
    for row, record in zip(out.tolist(), records, strict=True):
        assert row == oracles.distinct_words(record, n, longest)


@thorough
@given(batches(longest=32), st.integers(0, 3))
def test_exhaustive_histories(batch, before):
    n, records = batch
    codes, offsets = packed(records, before)
    out = np.zeros((len(records), 2))
    complexity.parsed_components(codes, offsets, n, out)
    for row, record in zip(out.tolist(), records, strict=True):
        assert row == oracles.components(record, n)


@thorough
@given(batches(), st.integers(1, 20), st.sampled_from((0.0, 1.05, 2.2, 5.0)))
def test_complexity_of_windows(batch, size, trigger):
    n, records = batch
    codes, offsets = packed(records)
    out = np.zeros((len(records), 4))
    complexity.window_entropies(codes, offsets, n, size, trigger, out)
    for row, record in zip(out, records, strict=True):
        assert_allclose(row, oracles.window_complexity(record, n, size, trigger), rtol=1e-9, atol=1e-12)


SIGNS = [1.0, -1.0, *[0.0] * 19]
chains = st.lists(st.lists(st.sampled_from((0, 0, 1, 2, 3, 20)), max_size=30), max_size=4)


@thorough
@given(chains, st.integers(1, 8))
def test_arrangement_of_charges(records, size):
    codes, offsets = packed(records)
    found = np.zeros(len(records))
    charges.charge_decoration(codes, offsets, np.array(SIGNS), found)
    assert_allclose(found, [oracles.decoration(record, SIGNS) for record in records], rtol=1e-10, atol=1e-12)
    apart = np.zeros(len(records))
    charges.charge_segregation(codes, offsets, np.array(SIGNS), size, apart)
    assert_allclose(apart, [oracles.kappa(record, SIGNS, size) for record in records], rtol=1e-9, atol=1e-12)


counts_of_groups = st.lists(st.integers(0, 60), min_size=7, max_size=7)


@thorough
@given(st.lists(counts_of_groups, max_size=5))
def test_isoelectric_points(rows):
    pks = [10.0, 12.0, 5.98, 7.5, 4.05, 4.45, 9.0, 10.0, 3.55]
    held = np.array([[*row[:3], 1, *row[3:], 1] for row in rows], float).reshape(-1, 9)
    out = np.zeros(len(held))
    charges.isoelectric_points(held, np.tile(pks, (len(held), 1)), 4, out)
    assert_allclose(out, [oracles.isoelectric_point(row, pks, 4) for row in held.tolist()], rtol=1e-9)
    residual = [
        oracles.net_charge(row, pks, 4, ph) for row, ph in zip(held.tolist(), out.tolist(), strict=True) if 0 < ph < 14
    ]
    assert_allclose(residual, 0.0, atol=1e-8)


def test_a_charge_that_vanishes_nowhere():
    held = np.array([[5.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    out = np.zeros(3)
    charges.isoelectric_points(held, np.tile([9.0, 5.0], (3, 1)), 1, out)
    assert_allclose(out, [14.0, 0.0, 7.0])


def test_long_records_do_not_take_long():
    """Words, histories and windows of a long repeat: linear, where a plain search would be quadratic."""
    codes, offsets = packed([[0, 1, 2, 3] * 25_000, [0] * 100_000])
    words, parsed = np.zeros((2, 2)), np.zeros((2, 2))
    complexity.distinct_words(codes, offsets, 4, 0, words)
    complexity.parsed_components(codes, offsets, 4, parsed)
    assert words[1].tolist() == [
        100_000.0,
        4 + 16 + 64 + 256 + 1024 + 4096 + 16384 + 65536 + sum(range(1, 100_000 - 7)),
    ]
    assert parsed.tolist() == [[5.0, 100_000.0], [2.0, 100_000.0]]
