"""The parts that explanations are made of: Shapley values, variants, windows, words, ticks."""

from __future__ import annotations

import numpy as np
import pytest
from explain_records import planted
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_explain import depth_below, row_shapley
from oracles_models import walk_trees
from test_models_trees import random_trees

from bioautofeat.bundle import FittedModel
from bioautofeat.explanation import Settings, Subject
from bioautofeat.explanation.drawing import ticks
from bioautofeat.explanation.permutation import swapped
from bioautofeat.explanation.sampling import block_shares
from bioautofeat.explanation.variants import masked_windows, masked_words, mutations, per_letter
from bioautofeat.extraction import Extractor
from bioautofeat.kernels.treeshap import add_tree_shapley, deepest
from bioautofeat.models.predictors.linear import Linear
from bioautofeat.sequences import Sequences


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1), (1, 3), (2, 2)]), st.integers(0, 3), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_tree_shapley_equals_the_definition(seed, shape, n, m):
    rng = np.random.default_rng(seed)
    width, outputs = shape
    trees, nodes, thresholds, values = random_trees(rng, width=width, outputs=outputs)
    rows, other = (rng.integers(-3, 4, (size, 4)).astype(np.float64) for size in (n, m))
    for part in (rows, other):
        part[rng.random(part.shape) < 0.2] = np.nan
    wanted, out = rng.integers(0, outputs, n), np.zeros((n, 4))
    add_tree_shapley(rows, other, (trees, nodes, thresholds, values), wanted, out)
    for row, target, found in zip(rows, wanted, out, strict=True):

        def said(x, target=target):
            return walk_trees(x[None], trees, nodes.tolist(), thresholds, values, outputs)[0, target]

        assert found == pytest.approx(m * row_shapley(said, row, other), abs=1e-10)
    assert deepest(trees, nodes) == max(depth_below(nodes.tolist(), root) for root in trees[:, 0])


def test_block_shares_of_a_linear_model_are_exact(rng):
    seqs, _ = planted(5, 20)
    extractor = Extractor.of(["kmer:k=1", "kmer:k=2"], seqs.alphabet)
    rows = extractor.transform(seqs)
    weights = rng.normal(size=(rows.shape[1], 1))
    model = FittedModel(Linear(weights, np.zeros(1), "identity"), "regression", (), extractor)
    subject = Subject.of(model, Settings())
    found = block_shares(subject, rows[:5], rows[5:6], 2, rng)
    parts = (rows[:5] - rows[5]) * weights[:, 0]
    assert found.values == pytest.approx(np.column_stack([parts[:, :4].sum(axis=1), parts[:, 4:].sum(axis=1)]))
    assert found.errors == pytest.approx(np.zeros((5, 2)), abs=1e-12)


def test_swapping_columns_of_sparse_rows(rng):
    from scipy.sparse import csr_matrix

    own, other = rng.integers(0, 2, (4, 7)).astype(float), rng.integers(0, 2, (4, 7)).astype(float)
    dense = swapped(own, other, 2, 5)
    assert np.array_equal(dense, np.hstack([own[:, :2], other[:, 2:5], own[:, 5:]]))
    assert np.array_equal(swapped(csr_matrix(own), csr_matrix(other), 2, 5).toarray(), dense)


@given(st.integers(0, 60), st.integers(1, 12), st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_windows_cover_every_letter(length, size, most):
    seqs = Sequences.from_strings(["ACGT", "A" * length], "dna")
    variants = masked_windows(seqs, 1, size, most)
    assert len(variants) <= most
    covered = np.bincount(variants.place, minlength=length)
    assert (covered > 0).all()
    made = variants.made(seqs, 0, len(variants))
    assert [text.count("?") for text in made] == np.bincount(variants.owner, minlength=len(variants)).tolist()
    ones = per_letter(variants, np.ones(len(variants)), length)
    assert ones == pytest.approx(np.ones(length))


def test_every_single_mutation_is_made():
    seqs = Sequences.from_strings(["GG", "ANT"], "dna")
    made = mutations(seqs, 1).made(seqs, 0, 6)
    assert sorted(made) == sorted(["C?T", "G?T", "T?T", "A?A", "A?C", "A?G"])
    assert set(made.ids) == {"s2"}
    assert len(mutations(Sequences.from_strings(["N"], "dna"), 0)) == 0


@given(st.text("ACGN", max_size=14), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_words_are_masked_wherever_they_stand(text, k):
    seqs = Sequences.from_strings(["TTT", text], "dna")
    words = masked_words(seqs, 1, k)
    made = list(words.variants.made(seqs, 0, len(words.word)))
    shown = text.replace("N", "?")
    known = sorted({shown[i : i + k] for i in range(len(text) - k + 1) if "?" not in shown[i : i + k]})
    assert len(made) == len(known)
    for word, variant, count in zip(known, made, words.count, strict=True):
        places = [i for i in range(len(text) - k + 1) if shown[i : i + k] == word]
        masked = {j for i in places for j in range(i, i + k)}
        assert variant == "".join("?" if j in masked else letter for j, letter in enumerate(shown))
        assert count == len(places)


def test_ticks_are_round():
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(-0.03, 0.11) == pytest.approx([0.0, 0.05, 0.1])
    assert ticks(2, 2) == [2]
