"""A network as one model among others: its values, its cost, its estimator, its place in a blend and in a model file."""

from __future__ import annotations

import numpy as np
import pytest
from nas_records import planted

import bioautofeat
from bioautofeat.bundle import FittedModel
from bioautofeat.errors import LabelError, ParameterError, UnfinishedError
from bioautofeat.extraction import Extractor
from bioautofeat.nas.member import NETWORK, NetworkEstimator, network_of, operations, spec, usual, values_of
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.terms.base import Training

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.models import compiled, export, get, restore  # noqa: E402
from bioautofeat.models.predictors.joined import Blend, Calibrated, Steps  # noqa: E402
from bioautofeat.models.predictors.transforms import Select  # noqa: E402
from bioautofeat.nas.hunting import Hunt, Hunted, hunted, searched  # noqa: E402
from bioautofeat.nas.network import macs  # noqa: E402

SMALL = {"channels": 8, "kernel": 7, "layers": "conv3", "pool": "max", "dropout": 0.0, "hide": 0.0}

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def table_of(seqs, *specs, length=39):
    extractor = Extractor.of(specs or [spec(length)], seqs.alphabet).fit(Training(length))
    return extractor, np.asarray(extractor.transform(seqs, short="zero", dtype=np.float32))


@pytest.fixture(scope="module")
def fitted():
    torch.set_num_threads(1)
    seqs, labels = planted(400)
    return NetworkEstimator({**SMALL, "epochs": 20, "learning_rate": 0.01, "members": 2}).fit(table_of(seqs)[1], labels)


# values


@pytest.mark.parametrize("alphabet", ["dna", "rna", "protein"])
@pytest.mark.parametrize("longest", [3, 12, 41, 81, 2000])
def test_the_usual_values_are_the_default_network(alphabet, longest):
    space = SequenceSpace(alphabet, min(longest, 1000))
    values = usual(alphabet, longest)
    assert network_of(values) == space.decode(space.default())
    assert all(NETWORK.parameters[name].default != value for name, value in values.items())
    assert usual(alphabet, longest, epochs=3)["epochs"] == 3


def test_values_and_networks_are_two_names_of_one_thing(rng):
    for alphabet in ("dna", "protein"):
        space = SequenceSpace(alphabet, 60)
        for _ in range(40):
            chosen = space.decode(space.sample(rng))
            assert network_of(values_of(chosen)) == chosen
    assert usual("dna", 81) == {}, "what the row calls defaults is the usual network of DNA"


def test_bad_values_are_told():
    for values, message in [
        ({"layers": "conv3+conv4"}, "unknown operation 'conv4'"),
        ({"skips": "0:2"}, "pairs of layers"),
        ({"kernel": 8}, "odd"),
        ({"width": 8}, "unknown parameter 'width'"),
        ({"channels": 10**6}, "channels"),
        ({"strands": "symmetric", "layers": "gru"}, "tells the strands apart"),
        ({"alphabet": "protein", "strands": "symmetric"}, "symmetric"),
    ]:
        with pytest.raises(ParameterError, match=message):
            network_of(values)
    assert network_of({"layers": "conv3", "skips": "0-2"}).body.genotype.skips == frozenset()


@pytest.mark.parametrize(
    "values",
    [{}, {"channels": 64, "stages": 3}, {"layers": "separable7+max_pool3+conv11", "stride": 2}, {"alphabet": "protein"},
     {"layers": "gru+conv5", "channels": 16}],
)  # fmt: skip
def test_costs_are_in_proportion_to_what_torch_multiplies(values):
    wanted = 3 * 100 * 15 * macs(network_of(values), 200)
    assert 0.6 < operations(values, 100, 200) / wanted < 1.7
    assert operations({**values, "epochs": 30, "members": 2}, 100, 200) == 4 * operations(values, 100, 200)


# the estimator


def test_it_learns(fitted):
    seqs, labels = planted(200, 1)
    predictor = compiled(fitted)
    assert (predictor.predict(table_of(seqs)[1]) == labels).mean() > 0.9
    again = restore(export(fitted))
    assert np.array_equal(again.predict_proba(table_of(seqs)[1]), predictor.predict_proba(table_of(seqs)[1]))


def test_threads_and_neighbours_change_nothing(fitted):
    """Not a bit, neither in training nor in prediction."""
    seqs, labels = planted(150, 2)
    table, predictor = table_of(seqs)[1], compiled(fitted)
    whole = predictor.predict_proba(table)
    assert np.array_equal(predictor.predict_proba(table, threads=3), whole)
    order = np.random.default_rng(0).permutation(150)
    assert np.array_equal(predictor.predict_proba(table[order]), whole[order])
    assert np.array_equal(np.concatenate([predictor.predict_proba(row[None]) for row in table]), whole)
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made = NETWORK.build("classification", {**SMALL, "epochs": 2}, seed=3, threads=threads).fit(table, labels)
        found.append(compiled(made).predict_proba(table))
        assert torch.get_num_threads() == threads
    assert np.array_equal(*found)


def test_double_precision_says_the_same(fitted):
    """The network in double precision is the judge of what single precision costs."""
    from bioautofeat.nas.encode import encode

    table = table_of(planted(150, 2)[0])[1]
    part = compiled(fitted).members[0]
    network = restore(export(part)).network.double()
    x, mask = encode(torch.from_numpy(table.astype(np.int64)), network.architecture.encoder)
    wanted = torch.softmax(network(x.double(), mask.double()), 1).detach().numpy()
    assert np.abs(part.predict_proba(table) - wanted).max() < 1e-5


def test_regression():
    seqs, _ = planted(300)
    values = 100 * (table_of(seqs)[1] == 3).sum(1) / seqs.lengths
    made = NetworkEstimator(
        {"channels": 8, "kernel": 3, "layers": "conv3", "pool": "mean", "epochs": 30}, "regression"
    ).fit(table_of(seqs)[1], values)
    found = compiled(made).predict(table_of(seqs)[1])
    assert np.corrcoef(found, values)[0, 1] > 0.9


def test_bad_input_is_told():
    seqs, labels = planted(40)
    table = table_of(seqs)[1]
    for values, rows, truth, error, message in [
        ({}, table, np.zeros(40), LabelError, "two classes"),
        ({}, table[:, :5], labels, ParameterError, "longest sequence has 5 letters"),
        ({}, table + 0.5, labels, ParameterError, "whole numbers"),
        ({"layers": "conv4"}, table, labels, ParameterError, "unknown operation"),
    ]:
        with pytest.raises(error, match=message):
            NetworkEstimator(values).fit(rows, truth)
    with pytest.raises(UnfinishedError, match="before the first epoch"):
        NetworkEstimator({}, deadline=0.0).fit(table, labels)


# among other models


def test_a_blend_of_words_and_letters_is_a_model_file(fitted, tmp_path):
    """As a selector delivers it: each member picks its columns out of one table."""
    seqs, labels = planted(200, 3)
    extractor, table = table_of(seqs, "kmer:k=2", spec(39))
    linear = get("logistic").build("classification", {}).fit(table[:, :16], labels)
    width = table.shape[1]
    members = (
        Steps((Select(np.arange(16), width),), compiled(linear)),
        Steps((Select(np.arange(16, width), width),), compiled(fitted)),
    )
    blend = Calibrated(Blend(members, np.array([0.4, 0.6])), 1.5, np.zeros(2))
    model = FittedModel(blend, "classification", ("without", "with"), extractor, dtype="float32")
    path = str(tmp_path / "model.baf")
    model.save(path)
    found = bioautofeat.load(path).predict(seqs, threads=2)
    assert np.array_equal(found.probabilities, model.predict(seqs).probabilities)
    assert (
        np.mean([label == ("without", "with")[code] for label, code in zip(found.labels, labels, strict=True)]) > 0.85
    )


def test_a_search_hands_on_what_did_best():
    seqs, labels = planted(120)
    table = table_of(seqs)[1]
    lines = []
    hunt = Hunt(trials=4, epochs=2, most=2, seed=1, tell=lines.append, strategy="random")
    found = searched(table, labels, "dna", hunt, n_classes=2)
    assert 1 <= len(found) <= 2
    assert lines[0].startswith("network 1:")
    assert all(set(values) <= set(NETWORK.parameters) for values in found)
    assert found == searched(table, labels, "dna", hunt, n_classes=2)
    for values in found:
        network_of(values)
    with pytest.raises(ParameterError, match="needs an end"):
        Hunt()


def test_a_search_tells_of_all_that_was_tried(monkeypatch):
    """Failures last, with their reason; only what could be trained is handed on."""
    import json

    from bioautofeat.nas import whole

    sound, calls, lines = whole._trained, [], []

    def trained(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("no room")
        return sound(*arguments)

    monkeypatch.setattr(whole, "_trained", trained)
    seqs, labels = planted(120)
    hunt = Hunt(trials=4, epochs=2, seed=1, tell=lines.append, strategy="random")
    found = hunted(table_of(seqs)[1], labels, "dna", hunt, n_classes=2)
    assert len(found.history) == len(calls) == sum(line.startswith("network") for line in lines)
    assert [row["error"] for row in found.history] == [*[""] * (len(calls) - 1), "no room"]
    assert found.history[-1]["score"] is None
    assert found.history[-1]["values"] not in found.values
    assert Hunted.of(json.loads(json.dumps(found.as_dict(), allow_nan=False))) == found


def test_a_search_keeps_to_its_time():
    import time

    seqs, labels = planted(200)
    start = time.monotonic()
    found = searched(table_of(seqs)[1], labels, "dna", Hunt(seconds=4.0), n_classes=2)
    assert time.monotonic() - start < 5
    assert found
