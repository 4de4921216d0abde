"""Kernels of tracks, spectra and open reading frames against their slow twins."""

from __future__ import annotations

import itertools

import numpy as np
import oracles_tracks as slow
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.kernels import orfs, spectra, tracks

N_SYMBOLS = 4

ragged = st.lists(
    st.one_of(
        st.lists(st.integers(0, N_SYMBOLS), max_size=25),
        st.integers(0, 12).map(lambda n: [N_SYMBOLS] * n),
        st.tuples(st.integers(0, 3), st.integers(0, 12)).map(lambda pair: [pair[0]] * pair[1]),
    ),
    min_size=1,
    max_size=5,
)


def words_of(records, k=1):
    """Words of each record, flat with -1 for unknown ones, their bounds, and as lists with None."""
    listed = [slow.windows(record, N_SYMBOLS, k) for record in records]
    flat = np.array([-1 if w is None else w for row in listed for w in row], np.int64)
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(row) for row in listed], dtype=np.int64)])
    return flat, bounds, listed


def by_record(values, bounds):
    return [values[a:b].tolist() for a, b in itertools.pairwise(bounds)]


@settings(max_examples=60, deadline=None)
@given(ragged, st.integers(1, 3), st.integers(1, 4))
def test_look_up_and_recurrence(records, k, channels):
    words, bounds, listed = words_of(records, k)
    table = np.random.default_rng(k + channels).normal(size=(N_SYMBOLS**k, channels))
    out = np.zeros((len(words), channels))
    tracks.look_up(words, table, out)
    assert by_record(out, bounds) == [slow.look_up(row, table) for row in listed]
    out = np.empty((len(words), channels))
    tracks.recur(words, bounds, 0.5 * table, 0.25, 0.125, out)
    expected = [slow.recurrence(row, table, 0.25, 0.5, 0.125) for row in listed]
    assert by_record(out, bounds) == expected


@settings(max_examples=40, deadline=None)
@given(ragged)
def test_look_up_of_letters(records):
    codes = np.array([code for record in records for code in record], np.uint8)
    table = np.vstack([np.arange(8.0).reshape(4, 2) + 1, np.zeros((1, 2))])
    out = np.empty((len(codes), 2))
    tracks.look_up_letters(codes, table, out)
    assert out.tolist() == table[codes].tolist()


@settings(max_examples=60, deadline=None)
@given(ragged, st.integers(1, 2))
def test_frequencies(records, k):
    words, bounds, listed = words_of(records, k)
    for kernel, twin in (
        (tracks.prefix_frequency, slow.prefix_frequency),
        (tracks.position_frequency, slow.position_frequency),
    ):
        out = np.zeros((len(words), 1))
        kernel(words, bounds, N_SYMBOLS**k, out)
        assert by_record(out, bounds) == [twin(row) for row in listed]


@settings(max_examples=60, deadline=None)
@given(ragged, st.integers(0, 8), st.integers(1, 3))
def test_layouts(records, length, channels):
    words, bounds, listed = words_of(records)
    values = np.random.default_rng(channels).normal(size=(len(words), channels))
    parts = by_record(values, bounds)
    for order in ("position", "channel", "packed"):
        out = np.zeros((len(records), length * channels))
        if order == "packed":
            tracks.pack(values, bounds, out)
        else:
            tracks.flatten(values, bounds, order == "channel", out)
        assert out.tolist() == [slow.flat(part, channels, length, order) for part in parts]
    for order in ("position", "channel"):
        out = np.zeros((len(records), length * N_SYMBOLS))
        tracks.one_hot(words, bounds, N_SYMBOLS, order == "channel", out)
        assert out.tolist() == [slow.one_hot(row, N_SYMBOLS, length, order) for row in listed]


@settings(max_examples=40, deadline=None)
@given(ragged, st.sampled_from([2.0, 3.0, 3.6, 10.5]))
def test_signal_to_noise(records, period):
    words, bounds, listed = words_of(records)
    table = np.array([[-1.5, 1.0], [0.5, 0.0], [-0.5, 0.0], [1.5, 0.0]])
    values = np.zeros((len(words), 2))
    tracks.look_up(words, table, values)
    angle = 2 * np.pi * np.arange(25) / period
    out = np.zeros((len(records), 1))
    tracks.signal_to_noise(values, bounds, np.cos(angle), np.sin(angle), out)
    for row, words_in in zip(out, listed, strict=True):
        channels = list(zip(*slow.look_up(words_in, table), strict=True))
        assert row[0] == pytest.approx(slow.signal_to_noise(channels, period), rel=1e-9, abs=1e-9)


def described(values):
    """The kernel's statistics of real (or complex) channels, shape (length, channels)."""
    length, out = len(values), np.zeros((1, 19))
    if np.iscomplexobj(values):
        spectrum = scipy.fft.fft(values[None], axis=1)
        spectra.describe_spectra(spectrum.view(np.float64), length, False, out)
    else:
        spectrum = scipy.fft.rfft(values[None], axis=1)
        spectra.describe_spectra(spectrum.view(np.float64), length, True, out)
    return out[0]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 7, 8, 17, 30, 64, 97, 126, 127, 128, 129, 130, 200, 301])
@pytest.mark.parametrize("kind", ["real", "two", "complex", "integer"])
def test_nineteen_statistics(rng, length, kind):
    values = {
        "real": rng.normal(size=(length, 1)),
        "two": rng.normal(size=(length, 2)) + 3,
        "complex": rng.normal(size=(length, 1)) + 1j * rng.normal(size=(length, 1)),
        "integer": rng.integers(0, 4, (length, 1)).astype(float),
    }[kind]
    expected = slow.nineteen([list(channel) for channel in values.T])
    np.testing.assert_allclose(described(values), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(30), np.ones(31), np.full(1009, 0.1), np.tile([1.0, 2.0], 40), np.tile([1.0, 0.0, 0.0], 33),
        np.eye(1, 90, 3)[0], 1.0 + np.eye(1, 91, 3)[0], np.arange(10.0), np.array([2.0]), np.array([1.0, 1.0]),
        np.full(500, 1e-3),
    ],
    ids=lambda v: f"{len(v)}:{v[:4]}",
)  # fmt: skip
def test_statistics_of_signals_without_noise(values):
    """What rounding leaves of zero is zero: no statistic is a quotient of two rounding errors."""
    row = described(values[:, None])
    assert np.isfinite(row).all()
    np.testing.assert_allclose(row, slow.nineteen([values.tolist()]), rtol=1e-8, atol=1e-9)


def test_statistics_do_not_depend_on_the_block(rng):
    """Rows of one transform of many are, bit for bit, the rows of transforms of one."""
    for length in (1, 2, 5, 16, 30, 97, 100, 243, 499, 998, 1000, 1009, 1024):
        values = rng.integers(-3, 4, (17, length, 3)) * 0.37
        together = scipy.fft.rfft(values, axis=1)
        signal = values[..., :2].copy().view(np.complex128)
        turned = scipy.fft.fft(signal, axis=1)
        for rows in (slice(0, 1), slice(3, 5), slice(8, 17)):
            assert (scipy.fft.rfft(values[rows], axis=1) == together[rows]).all()
            assert (scipy.fft.fft(signal[rows], axis=1) == turned[rows]).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=64, max_size=200), st.integers(-20, 300))
def test_order_statistics_with_ties(values, octaves):
    numbers = np.array(values) * 2.0**octaves
    ranks = np.array([0, 5, 5, 6, 30, 60, 63])
    out = np.empty(len(ranks))
    spectra.order_statistics(numbers, numbers.max(), ranks, out)
    assert (out == np.sort(numbers)[ranks]).all()


@pytest.mark.parametrize("spread", [0.0, 1.0, 40.0])
def test_order_statistics_of_wide_ranges(rng, spread):
    for n in (64, 100, 1000):
        numbers = np.exp(spread * rng.normal(size=n))
        ranks = np.sort(rng.integers(0, n, 12))
        out = np.empty(12)
        spectra.order_statistics(numbers, numbers.max(), ranks, out)
        assert (out == np.sort(numbers)[ranks]).all()


texts = st.lists(
    st.lists(st.sampled_from(["A", "C", "G", "T", "?", "ATG", "TAA", "TAG", "TGA", "GGC"]), max_size=25).map("".join),
    min_size=1,
    max_size=4,
)


def encoded(strings):
    codes = np.array(["ACGT?".index(c) for s in strings for c in s], np.uint8)
    return codes, np.concatenate([np.zeros(1, np.int64), np.cumsum([len(s) for s in strings], dtype=np.int64)])


def codon_table(codons):
    table = np.zeros(64, bool)
    for codon in codons:
        table[sum("ACGT".index(c) * 4 ** (2 - i) for i, c in enumerate(codon))] = True
    return table


@settings(max_examples=100, deadline=None)
@given(texts)
def test_open_reading_frames(strings):
    codes, offsets = encoded(strings)
    opens, closes = codon_table(["ATG"]), codon_table(["TAA", "TAG", "TGA"])
    out = np.zeros((len(strings), 10))
    orfs.orf_statistics(codes, offsets, 1, opens, closes, out)
    np.testing.assert_allclose(out, [slow.orf_statistics([s]) for s in strings], rtol=1e-12, atol=1e-9)
    if len(strings) % 2 == 0:
        pairs = list(zip(strings[::2], strings[1::2], strict=True))
        out = np.zeros((len(pairs), 10))
        orfs.orf_statistics(codes, offsets, 2, opens, closes, out)
        np.testing.assert_allclose(out, [slow.orf_statistics(pair) for pair in pairs], rtol=1e-12, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_fickett(strings):
    codes, offsets = encoded(strings)
    tables = np.random.default_rng(3).random((2, 2, 4, 11))
    positions, contents = np.array([1.5, 1.2, 0.9, 0.0]), np.array([[0.3, 0.25, 0.2, 0.0], [0.5, 0.3, 0.1, 0.0]])
    out = np.zeros((len(strings), 2))
    orfs.fickett(codes, offsets, tables, positions, contents, out)
    for row, text in zip(out, strings, strict=True):
        for t in range(2):
            named = {
                (kind, letter): tables[t, i, j].tolist()
                for i, kind in enumerate(("position", "content"))
                for j, letter in enumerate("ACGT")
            }
            assert row[t] == pytest.approx(slow.fickett(text, named, positions, contents[t]), rel=1e-12)
