"""A network in a model file: what it may hold, how many records go through it at a time."""

from __future__ import annotations

import numpy as np
import pytest

from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.nas.genotype import Encoder, Frame, Head, Stem
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.nas.spaces.sequence import SequenceSpace

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas import predictor as module  # noqa: E402
from bioautofeat.nas.network import build  # noqa: E402
from bioautofeat.nas.predictor import NetworkPredictor  # noqa: E402
from bioautofeat.nas.train import seeded  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def predictor_of(operations, k=0, channels=8, letters=60):
    encoder = Encoder("fcgr", k=k) if k else Encoder()
    frame = Frame(encoder, Stem(channels, 1), Head("both"), stages=1)
    architecture = frame.hold(ChainGenotype(tuple(operations), frozenset()))
    with seeded(0):
        return NetworkPredictor.of(build(architecture, encoder.channels, 2), letters, 2)


def test_a_small_file_that_holds_gigabytes_is_refused():
    """3,586 weights and 3.4e7 multiplications, and 512 images of 256 by 256 behind each of 64 layers."""
    with pytest.raises(ModelError, match=r"holds 2,281,701,376 numbers .* 268,435,456 are allowed"):
        predictor_of(["max_pool3"] * 64, k=8, channels=512)


def test_attention_counts_the_cells_of_an_image():
    with pytest.raises(ModelError, match="attention over 16,384 positions; 4,096 are allowed"):
        predictor_of(["attention"], k=7)
    with pytest.raises(ModelError, match="attention over 5,000 positions"):
        predictor_of(["attention"], letters=5000)
    predictor_of(["attention"], k=3)


def test_a_search_does_not_draw_attention_that_no_file_may_hold():
    assert "attention" not in SequenceSpace("dna", 80, encoders=("fcgr:k=7",)).operations
    assert "attention" in SequenceSpace("dna", 80, encoders=("fcgr:k=6",)).operations
    assert "attention" not in SequenceSpace("dna", 5000).operations
    assert "attention" in SequenceSpace("dna", 4096).operations


def test_records_of_a_pass():
    """As many as hold about the same amount, whatever the encoder; those of a usual network stay together."""
    assert predictor_of(["conv3"] * 3)._rows_at_a_time(60) == 32
    large = predictor_of(["conv3"] * 12, k=7, channels=32)
    assert large._rows_at_a_time(60) == module.CELLS // (32 * 128**2 * 16)
    assert predictor_of(["conv3"] * 3, letters=1000)._rows_at_a_time(64) == 32
    frame = Frame(Encoder("fcgr", k=7), Stem(32, 1), Head("both"), stages=1)
    cell = build(frame.hold(EdgeCell(4, ("identity",) * 6)), 1, 2)
    assert NetworkPredictor.of(cell, 60, 2)._rows_at_a_time(60) == module.CELLS // (32 * 128**2 * 16)


@pytest.mark.parametrize("k", [0, 4])
def test_numbers_do_not_depend_on_the_size_of_a_pass(k, monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.integers(1, 5, (21, 60))
    rows[np.arange(60) >= rng.integers(20, 61, (21, 1))] = 0
    predictor = predictor_of(["conv3", "max_pool3", "conv5"], k=k)
    wanted = predictor.predict_proba(rows)
    for cells in (1, 1 << 15, 1 << 17):
        monkeypatch.setattr(module, "CELLS", cells)
        found = predictor.predict_proba(rows)
        assert np.abs(found - wanted).max() < 1e-6
        assert np.array_equal(predictor.predict_proba(rows, threads=2), found)
        assert np.array_equal(predictor.predict_proba(rows[::-1])[::-1], found)


def test_a_search_for_symmetric_networks_that_grow_is_refused_before_it_begins():
    from bioautofeat.nas.estimator import NASClassifier
    from bioautofeat.sequences import Sequences

    texts = ["".join(row) for row in np.random.default_rng(0).choice(list("ACGT"), (40, 20))]
    lines = []
    model = NASClassifier(space="morphism", strands="symmetric", trials=1, epochs=1, tell=lines.append)
    with pytest.raises(ParameterError, match="a grown chain tells the strands apart"):
        model.fit(Sequences.from_strings(texts, "dna"), ["a", "b"] * 20)
    assert not lines, "nothing was trained first"
