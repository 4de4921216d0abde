"""Training: determinism, the clock, checkpoints, strands, weights of classes; and what a trained network looks at."""

from __future__ import annotations

import time
from functools import partial

import nas_records
import numpy as np
import pytest
from nas_records import MOTIF

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.nas.genotype import Encoder, Frame, Head, Stem
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.sequences import Sequences

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas.encode import Data  # noqa: E402
from bioautofeat.nas.network import build  # noqa: E402
from bioautofeat.nas.saliency import filter_motifs, mutations, saliency  # noqa: E402
from bioautofeat.nas.train import Settings, batches, device_of, evaluate, loss_of, predict, seeded, train  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")
planted = partial(nas_records.planted, lengths=(30, 45))


def architecture(operation="conv3", encoder=None, dropout=0.0, **frame):
    stem, head = Stem(16, 7), Head("max", dropout=dropout)
    return Frame(encoder or Encoder(), stem, head, stages=1, **frame).hold(EdgeCell(2, (operation,)))


def network_of(chosen, n_outputs=2, seed=0):
    with seeded(seed):
        return build(chosen, chosen.encoder.channels, n_outputs)


def data_of(n, seed=0, chosen=None, **more):
    seqs, labels = planted(n, seed, **more)
    return Data.of(seqs, (chosen or architecture()).encoder, labels)


@pytest.fixture(scope="module")
def trained():
    """A network that has found the motif."""
    torch.set_num_threads(1)
    chosen = architecture()
    network = network_of(chosen)
    history = train(
        network, data_of(600), data_of(200, 1), settings=Settings(epochs=20, learning_rate=6e-3, patience=0), seed=0
    )
    return network, history


def test_a_planted_motif_is_found(trained):
    network, history = trained
    assert history.best > 0.9
    assert len(history.loss) == len(history.metric) == 20
    assert history.stopped == "epochs"
    test = data_of(200, 2)
    assert evaluate(predict(network, test), test.targets) > 0.9


def test_training_is_the_same_under_a_seed():
    chosen = architecture("gru", dropout=0.3)
    runs = []
    for noise in (1, 2):
        torch.manual_seed(noise)  # what others did with torch's generator does not matter
        network = network_of(chosen)
        history = train(network, data_of(60), data_of(40, 1), settings=Settings(epochs=2), seed=5)
        runs.append((history.loss, history.metric, predict(network, data_of(20, 2))))
    assert runs[0][:2] == runs[1][:2]
    assert np.array_equal(runs[0][2], runs[1][2])
    network = network_of(chosen)
    assert train(network, data_of(60), data_of(40, 1), settings=Settings(epochs=2), seed=6).loss != runs[0][0]


def test_a_training_goes_on_where_it_stopped(tmp_path):
    chosen, path = architecture(dropout=0.3), tmp_path / "checkpoint.pt"
    settings = Settings(epochs=4)
    whole = network_of(chosen)
    history = train(whole, data_of(80), data_of(40, 1), settings=settings, seed=1)

    class StopError(Exception):
        pass

    def stop(line):
        if line.startswith("epoch 3"):
            raise StopError

    half = network_of(chosen)
    with pytest.raises(StopError):
        train(half, data_of(80), data_of(40, 1), settings=settings, seed=1, checkpoint=path, tell=stop)
    fresh = network_of(chosen, seed=9)
    lines = []
    again = train(fresh, data_of(80), data_of(40, 1), settings=settings, seed=1, checkpoint=path, tell=lines.append)
    assert len(lines) == 2, "the first two epochs are not done again"
    assert (again.loss, again.metric, again.best_epoch) == (history.loss, history.metric, history.best_epoch)
    assert all(torch.equal(a, b) for a, b in zip(whole.state_dict().values(), fresh.state_dict().values(), strict=True))
    with pytest.raises(ParameterError, match="another training"):
        train(network_of(chosen), data_of(80), settings=settings, seed=2, checkpoint=path)
    with pytest.raises(ParameterError, match="another training"):
        train(network_of(chosen), data_of(80, 5), data_of(40, 1), settings=settings, seed=1, checkpoint=path)
    path.write_bytes(b"no checkpoint")
    with pytest.raises(UnfinishedError, match="no checkpoint"):
        train(network_of(chosen), data_of(80), settings=settings, seed=1, checkpoint=path)


def test_training_ends_without_progress():
    settings = Settings(epochs=50, patience=2, learning_rate=1e-6)
    network = network_of(architecture())
    history = train(network, data_of(40), data_of(40, 1), settings=settings)
    assert history.stopped == "patience"
    assert len(history.loss) == history.best_epoch + 2 < 50
    assert all(torch.equal(history.best_state[name], value) for name, value in network.state_dict().items()), (
        "the network holds its best weights"
    )


def test_the_clock_is_kept():
    network, start = network_of(architecture("gru")), time.monotonic()
    settings = Settings(epochs=10_000, patience=0, batch=16)
    history = train(network, data_of(128), data_of(64, 1), settings=settings, deadline=start + 2)
    assert history.stopped == "deadline"
    assert time.monotonic() - start < 3
    assert len(history.loss) == len(history.metric) >= 1


def test_a_budget_too_small_for_one_epoch_is_refused():
    network, data = network_of(architecture("gru")), data_of(4000)
    for seconds in (-1, 0.05):
        deadline = time.monotonic() + seconds
        with pytest.raises(UnfinishedError, match="before the first epoch was done"):
            train(network, data, settings=Settings(batch=8), deadline=deadline)


def test_bad_training_is_refused():
    with pytest.raises(ParameterError, match="records with targets"):
        train(network_of(architecture()), Data.of(planted(10)[0], Encoder()))
    with pytest.raises(ParameterError, match="at least one epoch"):
        Settings(epochs=0)
    data = Data.of(Sequences.from_strings(["ACGU"] * 4, "rna"), Encoder(alphabet="rna"), np.array([0, 1, 0, 1]))
    with pytest.raises(ParameterError, match="no other strand"):
        train(network_of(architecture(encoder=Encoder(alphabet="rna"))), data, settings=Settings(other_strand=True))
    data = Data.of(planted(8)[0], Encoder(), np.full(8, 1e30))
    with pytest.raises(UnfinishedError, match="not finite"):
        train(network_of(architecture(), 1), data)


def test_devices():
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type in ("cpu", "cuda")
    with pytest.raises(ParameterError, match="unknown device"):
        device_of("abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ParameterError, match="no such GPU"):
            device_of("cuda")


def test_batches_hold_each_record_once_and_like_lengths_together():
    lengths = torch.randint(10, 200, (501,), generator=torch.Generator().manual_seed(0))
    parts = batches(lengths, 20, torch.Generator().manual_seed(1))
    assert sorted(torch.cat(parts).tolist()) == list(range(501))
    assert min(map(len, parts)) > 1
    spread = np.mean([float(lengths[part].max() - lengths[part].min()) for part in parts])
    assert spread < 30
    again = batches(lengths, 20, torch.Generator().manual_seed(1))
    assert all(torch.equal(a, b) for a, b in zip(parts, again, strict=True))


def test_classes_weigh_the_same_where_asked():
    targets = np.array([0] * 9 + [1])
    data = Data(Encoder(), torch.ones(10, 3, dtype=torch.uint8), torch.from_numpy(targets))
    outputs = torch.zeros(10, 3)
    outputs[:, 0] = 2.0
    loss = loss_of(data, Settings(balanced=True))(outputs, data.targets)
    each = -torch.log_softmax(outputs, 1)
    assert float(loss) == pytest.approx(float((each[0, 0] + each[9, 1]) / 2), rel=1e-5)
    plain = loss_of(data, Settings())(outputs, data.targets)
    assert float(plain) == pytest.approx(float((9 * each[0, 0] + each[9, 1]) / 10), rel=1e-5)


def test_both_strands_in_training():
    """A network that saw both strands finds the motif on the other one; a symmetric network needs no help."""
    turned = data_of(200, 2, motif="TGAGTCA")
    for symmetric, other_strand in ((False, True), (True, False)):
        network = network_of(architecture(symmetric=symmetric))
        settings = Settings(epochs=14, patience=0, other_strand=other_strand)
        train(network, data_of(600), data_of(100, 1), settings=settings)
        assert evaluate(predict(network, turned), turned.targets) > 0.8


def test_regression():
    seqs, _ = planted(500)
    values = np.array([text.count("G") / len(text) for text in seqs])
    values = (values - values.mean()) / values.std()
    chosen = Frame(stem=Stem(8, 3), head=Head("mean"), stages=1).hold(ChainGenotype(("conv3",), frozenset()))
    network = network_of(chosen, 1)
    rows = np.arange(500)
    data = Data.of(seqs, chosen.encoder, values)
    history = train(
        network,
        data.take(rows[:400]),
        data.take(rows[400:]),
        settings=Settings(epochs=25, learning_rate=0.02, patience=0),
    )
    assert history.best > 0.9


# what a network looks at


def with_motif(place, length=40):
    rng = np.random.default_rng(3)
    letters = rng.choice(list("ACGT"), length)
    letters[place : place + len(MOTIF)] = list(MOTIF)
    return "".join(letters)


def test_saliency_and_mutations_point_at_the_motif(trained):
    network, _ = trained
    texts = [with_motif(12), with_motif(25, 60), ""]
    data = Data.of(Sequences.from_strings(texts, "dna"), Encoder())
    for row, text in zip(saliency(network, data, 1), texts, strict=True):
        assert row.shape == (len(text),)
    for shares, effects, place in zip(saliency(network, data, 1), mutations(network, data, 1), (12, 25), strict=False):
        inside = slice(place, place + len(MOTIF))
        assert np.abs(shares[inside]).mean() > 3 * np.abs(np.delete(shares, np.r_[inside])).mean()
        assert effects[inside].mean() < 4 * min(np.delete(effects, np.r_[inside], 0).mean(), -0.05)
    found = mutations(network, data, 1)
    assert [effects.shape for effects in found] == [(40, 4), (60, 4), (0, 4)]
    assert all(effect == 0 for effect in found[0][np.arange(40), ["ACGT".index(c) for c in texts[0]]])


def test_the_motif_is_read_off_the_filters(trained):
    network, _ = trained
    motifs = filter_motifs(network, data_of(400, 4), share=0.7)
    assert motifs
    best = motifs[0]
    assert best.frequencies.shape == (7, 4)
    assert np.allclose(best.frequencies.sum(1), 1)
    assert best.heights.shape == (7, 4)
    assert max(_matches(motif.consensus.upper()) for motif in motifs[:6]) >= 5


def _matches(text):
    """Most letters in common with the motif over all shifts."""
    padded = f"{'.' * 6}{MOTIF}{'.' * 6}"
    return max(sum(a == b for a, b in zip(text, padded[i:], strict=False)) for i in range(13))


def test_images_have_no_positions():
    chosen = Frame(Encoder("fcgr", k=2), Stem(4, 3)).hold(EdgeCell(2, ("conv3",)))
    with pytest.raises(ParameterError, match="no positions"):
        saliency(network_of(chosen), data_of(4, chosen=chosen))
