"""The kernels behind fitted, similarity and mismatch descriptors against their plain twins."""

from __future__ import annotations

import numpy as np
import oracles_fitted as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.kernels import alignment, mismatch, positions
from bioautofeat.sequences import Sequences
from bioautofeat.terms.mismatch import Mismatches
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.similarity import PADDING, Alignment, letter_scores

thorough = settings(deadline=None, max_examples=60)

N_WORDS = 6


def packed(records, kind=np.int64):
    values = np.array([value for record in records for value in record], kind)
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(r) for r in records], dtype=np.int64)])
    return values, bounds


words = st.integers(-1, N_WORDS - 1)
word_record = st.one_of(
    st.lists(words, max_size=14),
    st.builds(lambda word, n: [word] * n, words, st.integers(0, 12)),
    st.just([]),
)
word_batch = st.lists(word_record, max_size=6)


def letters_of(n_symbols, longest=12):
    letter = st.integers(0, n_symbols)
    return st.one_of(
        st.lists(letter, max_size=longest),
        st.builds(lambda code, n: [code] * n, letter, st.integers(0, longest)),
        st.just([n_symbols] * 5),
    )


@thorough
@given(word_batch, st.integers(0, 12), st.booleans(), st.data())
def test_tables_by_position(records, n_positions, from_end, data):
    groups = [data.draw(st.integers(0, 2)) for _ in records]
    flat, bounds = packed(records)
    counts = np.zeros((3, n_positions, N_WORDS))
    positions.count_positions(flat, bounds, np.array(groups, np.int64), from_end, counts)
    expected = oracles.count_positions(records, groups, 3, n_positions, N_WORDS, from_end)
    assert counts.tolist() == expected
    scores = np.random.default_rng(1).normal(size=(3, 2, n_positions, N_WORDS))
    out = np.zeros((len(records), 2 * n_positions))
    positions.score_positions(flat, bounds, scores, np.array(groups, np.int64), from_end, out)
    assert out.tolist() == oracles.score_positions(records, scores.tolist(), groups, from_end)


@thorough
@given(word_batch, st.integers(1, 4), st.data())
def test_word_scores(records, step, data):
    which = [data.draw(st.integers(0, 1)) for _ in records]
    flat, bounds = packed(records)
    scores = np.random.default_rng(2).normal(size=(2, 3, N_WORDS))
    out = np.zeros((len(records), 3))
    positions.score_words(flat, bounds, scores, np.array(which, np.int64), step, out)
    expected = np.array(oracles.score_words(records, scores.tolist(), which, step)).reshape(out.shape)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-15)


@thorough
@given(st.lists(st.lists(st.integers(0, 5), min_size=N_WORDS, max_size=N_WORDS), max_size=5), st.data())
def test_diversity(counts, data):
    which = [data.draw(st.integers(0, 1)) for _ in counts]
    own = [data.draw(st.integers(-1, 1)) for _ in counts]
    pools = np.random.default_rng(3).integers(5, 20, (2, 2, N_WORDS)).astype(float)
    out = np.zeros((len(counts), 2))
    table = np.array(counts, float).reshape(len(counts), N_WORDS)
    positions.diversity_increments(table, pools, np.array(which, np.int64), np.array(own, np.int64), out)
    expected = np.array(oracles.diversity_increments(counts, pools.tolist(), which, own)).reshape(out.shape)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-9)


@thorough
@given(st.lists(st.integers(0, 7), max_size=5), st.integers(0, 6), st.integers(1, 3))
def test_the_last_values_stand_rightmost(sizes, length, channels):
    rng = np.random.default_rng(4)
    tracks = [rng.normal(size=(n, channels)) for n in sizes]
    values = np.concatenate([*tracks, np.zeros((0, channels))])
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
    out = np.zeros((len(sizes), length * channels))
    positions.flatten_end(values, bounds, out)
    if any(sizes):
        assert out.tolist() == oracles.flatten_end([track.tolist() for track in tracks], length)
    else:
        assert not out.any()


@thorough
@given(st.lists(letters_of(4, 20), max_size=5))
def test_walks(records):
    codes, offsets = packed(records, np.uint8)
    steps = np.array([0.0, -1.0, 1.0, 0.0, 0.0])
    out = np.zeros((len(records), 4))
    positions.walk_extremes(codes, offsets, steps, out)
    assert out.tolist() == oracles.walk_extremes(records, steps)


def batch_of(records, alphabet):
    codes, offsets = packed(records, np.uint8)
    return Sequences(codes, offsets, tuple(map(str, range(len(records)))), alphabet)


def scores_of(records, targets, alphabet, gaps):
    """Scores of records with targets, through the packing that the term does."""
    prepared = Alignment(alphabet).prepare(batch_of(targets, alphabet))
    n = alphabet.size
    matrix = np.full((n + 2, n + 2), PADDING)
    matrix[: n + 1, : n + 1] = letter_scores(alphabet)
    out = np.zeros((len(records), (len(prepared.starts) - 1) * alignment.LANES))
    codes, offsets = packed(records, np.uint8)
    alignment.local_scores(codes, offsets, prepared.letters, prepared.starts, matrix, np.array(gaps), out)
    return out[:, prepared.places]


@thorough
@given(
    st.lists(letters_of(4), max_size=3),
    st.lists(letters_of(4), min_size=1, max_size=20),
    st.sampled_from(((12.0, 1.0), (2.0, 2.0), (6.0, 0.0), (0.0, 0.0))),
)
def test_local_alignment(records, targets, gaps):
    expected = oracles.local_scores(records, targets, letter_scores(DNA).tolist(), *gaps)
    assert scores_of(records, targets, DNA, gaps).tolist() == expected


def test_local_alignment_equals_biopython(rng):
    from Bio.Align import PairwiseAligner, substitution_matrices

    aligner = PairwiseAligner(mode="local", substitution_matrix=substitution_matrices.load("BLOSUM62"))
    aligner.open_gap_score, aligner.extend_gap_score = -12, -1
    motif = rng.integers(0, 20, 12).tolist()
    records = [
        rng.integers(0, 20, n).tolist() + motif[: n % 13] + rng.integers(0, 20, 5).tolist() for n in range(0, 60, 3)
    ]
    texts = list(batch_of(records, PROTEIN))
    expected = [[aligner.score(a, b) for b in texts] for a in texts]
    assert scores_of(records, records, PROTEIN, (12.0, 1.0)).tolist() == expected


@thorough
@given(st.lists(letters_of(4), max_size=4), st.lists(letters_of(4), max_size=4))
def test_column_distances(records, targets):
    matrix = np.zeros((5, 5))
    matrix[:4, :4] = np.eye(4)
    out = np.empty((len(records), len(targets)))
    alignment.column_distances(*packed(records, np.uint8), *packed(targets, np.uint8), matrix, out)
    assert out.tolist() == oracles.column_distances(records, targets, matrix.tolist())


@thorough
@given(st.integers(0, 12), st.integers(1, 3), st.data())
def test_neighbour_summaries(n, n_values, data):
    classes = [data.draw(st.integers(0, 2)) for _ in range(n)]
    # few distinct similarities, so that ties stand at the border; -1 takes no part
    rows = [[data.draw(st.sampled_from((-1.0, 0.0, 0.25, 0.5, 1.0))) for _ in range(n)] for _ in range(3)]
    values = [[data.draw(st.sampled_from((0.0, 1.0, 2.5))) for _ in range(n_values)] for _ in range(n)]
    tops, votes = (1, 3), (1, 2, 5)
    n_classes = max(classes) + 1 if classes else 0
    out = np.zeros((3, n_classes * len(tops) + n_values * len(votes)))
    alignment.neighbour_summaries(
        np.array(rows).reshape(3, n), np.array(classes, np.int64), np.array(values).reshape(n, n_values),
        np.array(tops), np.array(votes), out,
    )  # fmt: skip
    if n:
        np.testing.assert_allclose(out, oracles.neighbour_summaries(rows, classes, values, tops, votes), rtol=1e-12)
    else:
        assert not out.any()


@thorough
@given(st.sampled_from(((2, 4), (4, 3), (5, 2), (3, 1))), st.integers(0, 3), st.data())
def test_mismatches(shape, mismatches, data):
    n_symbols, k = shape
    mismatches = min(mismatches, k - 1)
    row = st.lists(st.sampled_from((0, 0, 0, 1, 2, 7)), min_size=n_symbols**k, max_size=n_symbols**k)
    counts = np.array(data.draw(st.lists(row, max_size=3)), float).reshape(-1, n_symbols**k)
    expected = oracles.within_mismatches(counts.tolist(), n_symbols, k, mismatches)
    levels, spread = np.zeros_like(counts), np.zeros_like(counts)
    mismatch.spread_levels(counts, n_symbols, mismatches, levels)
    alphabet = type(DNA)("letters", tuple("abcde"[:n_symbols]))
    mismatch.spread_words(counts, n_symbols, *Mismatches(Kmers(alphabet, "1" * k), mismatches)._blocks, spread)
    assert levels.tolist() == expected
    assert spread.tolist() == expected


@thorough
@given(st.sampled_from(((2, 3), (4, 2), (3, 1), (2, 4))), st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0)), st.data())
def test_subsequences(shape, decay, data):
    n_symbols, k = shape
    records = data.draw(st.lists(letters_of(n_symbols, 11), max_size=4))
    out = np.zeros((len(records), n_symbols**k))
    mismatch.count_subsequences(*packed(records, np.uint8), n_symbols, k, decay, out)
    expected = np.array(oracles.count_subsequences(records, n_symbols, k, decay)).reshape(out.shape)
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-300)


def test_long_subsequences_stay_fast_and_finite():
    """Weights that have become tiny are taken as 0, or arithmetic on them would crawl."""
    codes, offsets = packed([[0] + [1] * 20_000], np.uint8)
    out = np.zeros((1, 64))
    mismatch.count_subsequences(codes, offsets, 4, 3, 0.5, out)
    # a subsequence of the same letter: the sum over spans n of C(n - 2, 1) places between, times 0.5^n
    assert out[0, 21] == pytest.approx(sum((20_000 - n + 1) * (n - 2) * 0.5**n for n in range(3, 200)))
