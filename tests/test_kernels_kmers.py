"""The kernels that count words, and the row-wise sums, against their plain twins."""

from __future__ import annotations

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.kernels import kmers, linear

thorough = settings(deadline=None, max_examples=60)

SPACINGS = ("1", "11", "111", "101", "1101", "10001", "1001001")
PLAIN = [[]]


def places_of(spacing):
    return [place for place, mark in enumerate(spacing) if mark == "1"]


def packed(records, before=0):
    """Codes and bounds as kernels take them, read-only; some letters of another record may stand before."""
    codes = np.array([0] * before + [code for record in records for code in record], np.uint8)
    offsets = before + np.concatenate([np.zeros(1, np.int64), np.cumsum([len(r) for r in records], dtype=np.int64)])
    codes.flags.writeable = offsets.flags.writeable = False
    return codes, offsets


def read(records, n_symbols, places):
    """Words and bounds as ``kmer_codes`` gives them."""
    codes, offsets = packed(records)
    bounds = np.concatenate([[0], np.cumsum([max(0, len(r) - places[-1]) for r in records])]).astype(np.int64)
    words = np.empty(bounds[-1], np.int64)
    kmers.kmer_codes(codes, offsets, n_symbols, np.array(places), bounds, words)
    return words, bounds


@st.composite
def batches(draw):
    """Number of symbols, and ragged records: empty, short, all unknown, one repeated letter, mixed."""
    n_symbols = draw(st.sampled_from((2, 4, 5, 20)))
    letter = st.integers(0, n_symbols)
    record = st.one_of(
        st.lists(letter, max_size=30),
        st.lists(st.integers(0, min(1, n_symbols - 1)), max_size=40),
        st.builds(lambda code, n: [code] * n, letter, st.integers(0, 25)),
        st.lists(st.sampled_from((n_symbols, n_symbols + 1, 254)), max_size=12),
    )
    return n_symbols, draw(st.lists(record, max_size=6))


words_of = st.sampled_from(SPACINGS).map(places_of)


@thorough
@given(batches(), words_of, st.integers(1, 4), st.integers(0, 7))
def test_counts_equal_the_definition(batch, places, phases, before):
    n_symbols, records = batch
    width = phases * n_symbols ** len(places)
    if width > 20_000:
        return
    out = np.zeros((len(records), width))
    kmers.count_words(*packed(records, before), n_symbols, np.array(places), np.empty((phases, 0), np.int64), out)
    assert out.tolist() == oracles.count_words(records, n_symbols, places, PLAIN * phases, width)


@thorough
@given(batches(), st.sampled_from(("1", "11", "101")), st.integers(1, 3), st.data())
def test_counts_by_a_table_of_columns(batch, spacing, phases, data):
    n_symbols, records = batch
    places = places_of(spacing)
    entries = st.lists(st.integers(-1, 6), min_size=n_symbols ** len(places), max_size=n_symbols ** len(places))
    columns = data.draw(st.lists(entries, min_size=phases, max_size=phases))
    out = np.zeros((len(records), 7))
    kmers.count_words(*packed(records), n_symbols, np.array(places), np.array(columns, np.int64), out)
    assert out.tolist() == oracles.count_words(records, n_symbols, places, columns, 7)


@thorough
@given(batches(), words_of)
def test_codes_equal_the_definition(batch, places):
    n_symbols, records = batch
    words, bounds = read(records, n_symbols, places)
    parts = [words[start:stop].tolist() for start, stop in itertools.pairwise(bounds)]
    assert parts == oracles.kmer_codes(records, n_symbols, places)


@thorough
@given(batches(), words_of)
def test_disjoint_counts_equal_a_search(batch, places):
    n_symbols, records = batch
    if n_symbols ** len(places) > 500:
        return
    out = np.zeros((len(records), n_symbols ** len(places)))
    kmers.count_disjoint(*read(records, n_symbols, places), places[-1] + 1, out)
    assert out.tolist() == oracles.count_disjoint(records, n_symbols, places)


@thorough
@given(st.text("AC", max_size=60), st.integers(1, 4))
def test_disjoint_counts_equal_those_of_python(text, k):
    words, bounds = read([["AC".index(letter) for letter in text]], 2, list(range(k)))
    out = np.zeros((1, 2**k))
    kmers.count_disjoint(words, bounds, k, out)
    sought = ["".join("AC"[word >> i & 1] for i in reversed(range(k))) for word in range(2**k)]
    assert out[0].tolist() == [text.count(word) for word in sought]


@thorough
@given(batches())
def test_ordered_pairs_equal_all_pairs(batch):
    n_symbols, records = batch
    out = np.zeros((len(records), n_symbols**2))
    kmers.count_ordered_pairs(*packed(records), n_symbols, out)
    assert out.tolist() == oracles.count_ordered_pairs(records, n_symbols)


@thorough
@given(batches(), st.sampled_from(("1", "11", "101")), st.integers(3, 12), st.integers(1, 9), st.integers(1, 8))
def test_windows_equal_cut_outs(batch, spacing, size, step, n_windows):
    n_symbols, records = batch
    places = places_of(spacing)
    out = np.zeros((len(records), n_windows, n_symbols ** len(places)))
    kmers.window_counts(*read(records, n_symbols, places), places[-1] + 1, size, step, out)
    assert out.tolist() == oracles.window_counts(records, n_symbols, places, size, step, n_windows)


@thorough
@given(batches(), st.sampled_from(("1", "11", "101")), st.integers(3, 12), st.integers(1, 9))
def test_pooled_windows_equal_cut_outs(batch, spacing, size, step):
    n_symbols, records = batch
    places = places_of(spacing)
    out = np.zeros((len(records), n_symbols ** len(places)))
    kmers.pooled_counts(*read(records, n_symbols, places), places[-1] + 1, size, step, out)
    assert out.tolist() == oracles.pooled_counts(records, n_symbols, places, size, step)


@thorough
@given(batches(), st.sampled_from(("1", "11", "101")), st.sampled_from((0.0, 0.5, 1.0, 2.0, 2.3, 10.0)))
def test_power_sums_equal_the_definition(batch, spacing, q):
    n_symbols, records = batch
    places = places_of(spacing)
    counts, out = np.zeros(n_symbols ** len(places), np.int64), np.empty(len(records))
    kmers.power_sums(*read(records, n_symbols, places), counts, q, out)
    np.testing.assert_allclose(out, oracles.power_sums(records, n_symbols, places, q), rtol=1e-12, atol=1e-12)
    assert not counts.any()


@thorough
@given(batches(), words_of)
def test_sparse_rows_equal_the_definition(batch, places):
    n_symbols, records = batch
    words, bounds = read(records, n_symbols, places)
    sizes = np.empty(len(records), np.int64)
    kmers.sparse_sizes(words, bounds, sizes)
    assert sizes.tolist() == oracles.sparse_sizes(records, n_symbols, places)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    indices, data = np.empty(indptr[-1], np.int64), np.empty(indptr[-1])
    kmers.sparse_counts(words, bounds, indptr, indices, data)
    rows = [list(zip(indices[a:b], data[a:b], strict=True)) for a, b in itertools.pairwise(indptr)]
    assert rows == oracles.sparse_counts(records, n_symbols, places)


@thorough
@given(st.lists(st.integers(0, 5), max_size=50), st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_recoding_looks_up_each_code(codes, table):
    out = np.empty(len(codes), np.uint8)
    kmers.recode(np.array(codes, np.uint8), np.array(table, np.uint8), out)
    assert out.tolist() == oracles.recode(codes, table)


def test_long_records_are_read_in_blocks(rng):
    lengths = (kmers.BLOCK - 1, kmers.BLOCK, kmers.BLOCK + 1, kmers.BLOCK + 2, 3 * kmers.BLOCK + 7)
    records = [rng.integers(0, 4, length).tolist() for length in lengths]
    for record in records:
        record[kmers.BLOCK // 2] = 4
    records[-1][kmers.BLOCK] = 4
    for places, phases in (([0, 1, 2], 1), ([0, 1, 2], 3), ([0, 2, 5], 3)):
        out = np.zeros((len(records), 64 * phases))
        kmers.count_words(*packed(records), 4, np.array(places), np.empty((phases, 0), np.int64), out)
        assert out.tolist() == oracles.count_words(records, 4, places, PLAIN * phases, 64 * phases)


def test_counts_beyond_the_table_of_powers(rng):
    record = [0] * 700 + rng.integers(0, 2, 300).tolist()
    for q in (1.0, 2.3):
        out = np.empty(1)
        kmers.power_sums(*read([record], 2, [0]), np.zeros(2, np.int64), q, out)
        np.testing.assert_allclose(out, oracles.power_sums([record], 2, [0], q), rtol=1e-12)
    kmers.power_sums(*read([[1] * 1000], 2, [0]), np.zeros(2, np.int64), 1.0, out)
    assert out[0] == 0.0


def test_memory_maps_are_read_by_the_same_code(tmp_path, rng):
    codes = rng.integers(0, 5, 500).astype(np.uint8)
    codes.tofile(tmp_path / "codes")
    mapped = np.memmap(tmp_path / "codes", np.uint8, "r")
    offsets = np.array([0, 200, 500])
    offsets.flags.writeable = False
    ours, theirs = np.zeros((2, 2, 16))
    places, columns = np.array([0, 1]), np.empty((1, 0), np.int64)
    held = codes.copy()
    held.flags.writeable = False
    kmers.count_words(held, offsets, 4, places, columns, theirs)
    compiled = len(getattr(kmers.count_words, "signatures", ()))
    kmers.count_words(mapped, offsets, 4, places, columns, ours)
    assert np.array_equal(ours, theirs)
    assert len(getattr(kmers.count_words, "signatures", ())) == compiled


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


@st.composite
def tables(draw, cells=numbers):
    width = draw(st.integers(1, 9))
    row = st.lists(cells, min_size=width, max_size=width)
    return draw(st.lists(row, min_size=1, max_size=5))


@thorough
@given(tables(), st.data())
def test_matrices_are_applied_row_by_row(values, data):
    width = data.draw(st.integers(1, 4))
    row = st.lists(st.one_of(st.just(0.0), numbers), min_size=width, max_size=width)
    matrix = data.draw(st.lists(row, min_size=len(values[0]), max_size=len(values[0])))
    out = np.zeros((len(values), width))
    linear.apply_matrix(np.array(values), np.array(matrix), out)
    np.testing.assert_allclose(out, oracles.apply_matrix(values, matrix), rtol=1e-12, atol=1e-3)


@thorough
@given(tables(), st.data())
def test_sparse_matrices_are_applied_layer_by_layer(values, data):
    width, layers = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 3))

    def layer_of(cell):
        return st.lists(st.lists(cell, min_size=width, max_size=width), min_size=layers, max_size=layers)

    sources = data.draw(layer_of(st.integers(0, len(values[0]) - 1)))
    weights = data.draw(layer_of(numbers))
    out = np.zeros((len(values), width))
    shape = (layers, width)
    linear.apply_sparse_matrix(
        np.array(values), np.array(sources, np.int64).reshape(shape), np.array(weights).reshape(shape), out
    )
    np.testing.assert_allclose(out, oracles.apply_sparse_matrix(values, sources, weights, width), rtol=1e-12, atol=1e-3)


@thorough
@given(tables(st.integers(0, 1000).map(float)), st.sampled_from((1.0, 100.0)))
def test_rows_are_divided_by_their_sum(values, factor):
    out = np.array(values)
    linear.divide_by_sum(out, factor)
    assert out.tolist() == oracles.divide_by_sum(values, factor)


@pytest.mark.parametrize("n_symbols", [4, 20])
def test_rows_without_anything_stay_zeros(n_symbols):
    records = [[], [n_symbols] * 9, [0]]
    out = np.zeros((3, n_symbols**2))
    kmers.count_words(*packed(records), n_symbols, np.array([0, 1]), np.empty((1, 0), np.int64), out)
    linear.divide_by_sum(out, 1.0)
    assert not out.any()


@thorough
@given(tables(st.integers(0, 50).map(float)), st.data())
def test_counts_are_standardised(values, data):
    width = len(values[0])
    expected = data.draw(st.lists(st.floats(0.01, 0.9), min_size=width, max_size=width))
    scale = data.draw(st.lists(st.floats(0.5, 9.0), min_size=width, max_size=width))
    out = np.array(values)
    linear.standardise_counts(out, np.array(expected), np.array(scale))
    np.testing.assert_allclose(out, oracles.standardise_counts(values, expected, scale), rtol=1e-12, atol=1e-12)


@thorough
@given(st.lists(st.integers(-1000, 1000).map(float), max_size=40))
def test_sums_of_rows(row):
    assert linear.row_sum(np.array(row)) == oracles.row_sum(row)
