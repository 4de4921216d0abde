"""Descriptors of the nearest training records: alignment, words, votes; against plain loops."""

from __future__ import annotations

import math

import numpy as np
import oracles_fitted as oracles
import pytest
from fitted_records import fitted, made, renamed, rows

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.families import parse
from bioautofeat.terms import similarity


def test_knn_equals_the_definition(rng):
    seqs = made(PROTEIN, rng, 17, 11, 11)
    labels = [str(i % 2) for i in range(17)]
    matrix = similarity.letter_scores(PROTEIN)[:-1, :-1]
    matrix = (matrix + 4) / 15
    codes = [[PROTEIN.symbols.index(letter) for letter in text] for text in seqs]
    distances = oracles.column_distances(codes, codes, matrix.tolist())
    table = rows(fitted("knn:percent=40", seqs, labels), seqs).reshape(17, 40, 2)
    for row in range(17):
        near = sorted((distances[row][i], labels[i]) for i in range(17) if i != row)
        for percent in range(1, 41):
            nearest = [label for _, label in near[: math.ceil(17 * percent / 100)]]
            assert table[row, percent - 1].tolist() == [nearest.count(c) / len(nearest) for c in "01"]


def test_knn_counts_percents_exactly(rng):
    """7 % of 100 records are 7, not the 8 of ceil(100 * 0.07) in floating point."""
    seqs = made(DNA, rng, 100, 8, 8)
    table = rows(fitted("knn", seqs, ["a", "b"] * 50), seqs).reshape(100, 30, 2)
    assert np.allclose(table[:, 6] * 7, np.round(table[:, 6] * 7))


@pytest.mark.parametrize("spec", ["neighbours", "neighbours:similarity=words,k=1"])
def test_neighbours_equal_the_definition(spec, rng):
    seqs = made(PROTEIN, rng, 14, 3, 20)
    labels = np.array(["a", "b", "c"])[np.arange(14) % 3]
    extractor = fitted(f"{spec}{':' if ':' not in spec else ','}top=1+2,vote=1+4", seqs, labels)
    codes = [[PROTEIN.symbols.index(letter) for letter in text] for text in seqs]
    if "words" in spec:
        units = np.array([np.bincount(record, minlength=20) for record in codes], float)
        units /= np.sqrt((units**2).sum(axis=1, keepdims=True))
        alike = units @ units.T
    else:
        scores = np.array(oracles.local_scores(codes, codes, similarity.letter_scores(PROTEIN).tolist(), 12, 1))
        alike = scores / np.sqrt(np.outer(np.diag(scores), np.diag(scores)))
    np.fill_diagonal(alike, -1)
    targets = (labels[:, None] == np.array(["a", "b", "c"])).astype(float)
    expected = oracles.neighbour_summaries(
        alike.round(12).tolist(), (np.arange(14) % 3).tolist(), targets.tolist(), (1, 2), (1, 4)
    )
    np.testing.assert_allclose(rows(extractor, seqs), expected, atol=1e-9)
    assert extractor.names[0].endswith("a.top1")
    assert extractor.names[-1].endswith("4nearest.c")


def test_a_record_is_no_neighbour_of_itself(rng):
    seqs = made(DNA, rng, 12, 40, 40)
    extractor = fitted("neighbours", seqs, ["a", "b"] * 6)
    own, new = rows(extractor, seqs), rows(extractor, renamed(seqs))
    tops = [i for i, name in enumerate(extractor.names) if name.endswith("top1")]
    assert (own[:, tops].max(axis=1) < 0.99).all()
    np.testing.assert_allclose(new[:, tops].max(axis=1), 1.0, atol=1e-12)


def test_neighbours_of_values_are_averaged(rng):
    seqs = made(DNA, rng, 10, 30, 30)
    values = rng.normal(size=10)
    extractor = fitted("neighbours:top=1,vote=1+25", seqs, values)
    table = rows(extractor, renamed(seqs))
    np.testing.assert_allclose(table[:, 1], values, atol=1e-12)
    np.testing.assert_allclose(table[:, 2], values.mean(), atol=1e-12)
    assert extractor.names[0] == "neighbours_top1_vote1+25_all.top1"


def test_alignment_of_too_many_letters_is_refused(rng, monkeypatch):
    monkeypatch.setattr(similarity, "MAX_STEPS", 1e4)
    seqs = made(PROTEIN, rng, 10, 30, 30)
    with pytest.raises(ParameterError, match="similarity=words"):
        fitted("neighbours", seqs, ["a", "b"] * 5)
    assert fitted("neighbours:similarity=words", seqs, ["a", "b"] * 5).width == 11


@pytest.mark.parametrize("text", ["top=x", "vote=0+3", "top=1+1", "top=+"])
def test_numbers_of_neighbours(text):
    with pytest.raises(ParameterError):
        parse(f"neighbours:{text}").term(DNA)
