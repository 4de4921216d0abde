"""Architecture search as an estimator, and its model file."""

from __future__ import annotations

import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from nas_records import MOTIF, records
from sklearn.base import clone

import bioautofeat
from bioautofeat.errors import LabelError, ModelError, NotFittedError, ParameterError, TableError, UnfinishedError
from bioautofeat.nas.genotype import Frame, Head, Stem, read_architecture
from bioautofeat.nas.spaces.chain import ChainGenotype
from bioautofeat.nas.spaces.edge_cell import EdgeCell
from bioautofeat.nas.spaces.sequence import SequenceSpace
from bioautofeat.sequences import Sequences

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.models import export, restore  # noqa: E402
from bioautofeat.nas.estimator import NASClassifier, NASRegressor  # noqa: E402
from bioautofeat.nas.network import build  # noqa: E402
from bioautofeat.nas.predictor import NetworkPredictor  # noqa: E402
from bioautofeat.terms.letters import letter_rows  # noqa: E402

SMALL = Frame(stem=Stem(8, 7), head=Head("max"), stages=1).hold(EdgeCell(2, ("conv3",)))

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def quick(**more):
    return NASClassifier(
        **{"architecture": SMALL, "time_budget": None, "epochs": 6, "members": 2, "threads": 1, **more}
    )


@pytest.fixture(scope="module")
def fitted():
    torch.set_num_threads(1)
    return quick(epochs=20, settings={"learning_rate": 0.01}).fit(*records(400))


def test_a_given_architecture_is_trained(fitted):
    texts, labels = records(200, 1)
    assert (fitted.predict(texts) == labels).mean() > 0.85
    shares = fitted.predict_proba(texts)
    assert shares.shape == (200, 2)
    assert np.allclose(shares.sum(1), 1)
    assert fitted.classes_.tolist() == ["with", "without"]
    assert fitted.score(texts, labels) > 0.85
    assert fitted.architectures_ == [SMALL, SMALL]
    assert 0.5 < fitted.score_ <= 1


def test_all_forms_of_sequences_are_taken(fitted):
    texts, _ = records(20, 1)
    seqs = Sequences.from_strings(texts, "dna")
    rows = letter_rows(seqs, fitted.model_.predictor.n_columns).astype(float)
    wanted = fitted.predict_proba(texts)
    for given in (seqs, np.array(texts), [text.lower() for text in texts], rows):
        assert np.array_equal(fitted.predict_proba(given), wanted)
    again = quick(alphabet="dna", epochs=2).fit(letter_rows(seqs, 39).astype(float), records(20, 1)[1])
    assert again.predict_proba(rows[:3, :39] if rows.shape[1] > 39 else rows[:3]).shape == (3, 2)


def test_a_record_alone_is_as_beside_others(fitted):
    texts, _ = records(9, 3)
    together = fitted.predict_proba([*texts, "", "N", "A" * 500])
    assert np.isfinite(together).all()
    alone = np.concatenate([fitted.predict_proba([text]) for text in texts])
    assert np.array_equal(together[:9], alone)


def test_parameters_and_clone():
    model = quick(strands="both", random_state=3)
    again = clone(model)
    assert again.get_params() == model.get_params()
    assert again.set_params(epochs=3).epochs == 3
    with pytest.raises(NotFittedError):
        model.predict(["ACGT"])


def test_the_same_seed_gives_the_same_model():
    texts, labels = records(60)
    first, second = (quick(epochs=3).fit(texts, labels).predict_proba(texts) for _ in range(2))
    assert np.array_equal(first, second)
    other = quick(epochs=3, random_state=1).fit(texts, labels).predict_proba(texts)
    assert not np.array_equal(first, other)


def test_a_search_by_trials_is_reproducible():
    texts, labels = records(80)
    found = [
        NASClassifier(time_budget=None, trials=3, epochs=2, members=1, threads=1, strategy="random").fit(texts, labels)
        for _ in range(2)
    ]
    assert len(found[0].history_) >= 3
    assert found[0].architectures_ == found[1].architectures_
    assert np.array_equal(found[0].predict_proba(texts), found[1].predict_proba(texts))
    scores = [row["score"] for row in found[0].history_]
    assert scores == sorted(scores, reverse=True)
    assert read_architecture(found[0].history_[0]["architecture"]) == found[0].architectures_[0]


def test_a_search_keeps_to_its_time():
    texts, labels = records(120)
    start = time.monotonic()
    model = NASClassifier(time_budget=6, threads=1, epochs=8).fit(texts, labels)
    assert time.monotonic() - start < 7
    assert model.predict(texts).shape == (120,)


@pytest.mark.parametrize("space", ["edge-cell", "cell", "chain", "morphism"])
def test_other_spaces(space):
    texts, labels = records(40)
    model = NASClassifier(space=space, time_budget=None, trials=1, epochs=1, members=1, threads=1).fit(texts, labels)
    assert model.predict_proba(texts).shape == (40, 2)


@pytest.mark.parametrize(
    ("strategy", "evaluator", "space"),
    [("random", "oneshot", "edge-cell"), ("templates", "setn", "chain"), ("random", "smash", "chain"),
     ("random", "ghn", "cell"), ("morphism", "inherit", "morphism"), ("halving", "fidelity", "sequence"),
     ("darts", "training", "edge-cell"), ("gdas", "oneshot", "chain"), ("reinforce", "training", "sequence")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:collapse")
def test_strategies_and_evaluators(strategy, evaluator, space):
    texts, labels = records(48)
    model = NASClassifier(
        strategy=strategy, evaluator=evaluator, space=space, time_budget=None, trials=2, epochs=1, members=1, threads=1
    )
    assert model.fit(texts, labels).predict_proba(texts).shape == (48, 2)


def test_proteins_and_three_classes():
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    texts = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 20)) + "KWD"[label] * 4 for label in labels]
    model = NASClassifier(time_budget=None, trials=1, epochs=12, members=1, threads=1).fit(texts, labels)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict(texts).dtype == labels.dtype
    assert (model.predict(texts) == labels).mean() > 0.8


def test_regression():
    texts, _ = records(300)
    values = np.array([10 + 100 * text.count("G") / len(text) for text in texts])
    chosen = Frame(stem=Stem(8, 3), head=Head("mean"), stages=1).hold(ChainGenotype(("conv3",), frozenset()))
    model = NASRegressor(architecture=chosen, time_budget=None, epochs=30, members=2, threads=1).fit(texts, values)
    assert model.score(texts, values) > 0.5
    bounds = model.predict_interval(texts)
    assert bounds.shape == (300, 2)
    assert 0.7 < ((values >= bounds[:, 0]) & (values <= bounds[:, 1])).mean() <= 1


def test_symmetric_networks_answer_alike_for_both_strands():
    texts, labels = records(60)
    model = NASClassifier(strands="symmetric", time_budget=None, trials=2, epochs=2, members=2, threads=1)
    seqs = Sequences.from_strings(texts, "dna")
    model.fit(seqs, labels)
    assert all(architecture.symmetric for architecture in model.architectures_)
    assert np.allclose(model.predict_proba(seqs), model.predict_proba(seqs.reverse_complement()), atol=1e-5)


def test_bad_input_is_told(tmp_path):
    texts, labels = records(40)
    with pytest.raises(LabelError, match="all 40 records are of class yes"):
        quick().fit(texts, ["yes"] * 40)
    with pytest.raises(LabelError, match="39 labels for 40 records"):
        quick().fit(texts, labels[:-1])
    with pytest.raises(LabelError, match="finite"):
        NASRegressor(architecture=SMALL).fit(texts, [float("nan")] * 40)
    with pytest.raises(LabelError, match="same value"):
        NASRegressor(architecture=SMALL).fit(texts, [1.0] * 40)
    with pytest.raises(ParameterError, match=r"longest sequence has 5 letters.*looks at 7"):
        quick().fit([text[:5] for text in texts], labels)
    with pytest.raises(ParameterError, match="longest sequence has 2 letters"):
        NASClassifier(time_budget=5).fit([text[:2] for text in texts], labels)
    with pytest.raises(ParameterError, match="too few"):
        quick().fit(texts[:2], labels[:2])
    with pytest.raises(UnfinishedError, match="before the first epoch was done"):
        NASClassifier(time_budget=1e-3).fit(*records(2000))
    with pytest.raises(ParameterError, match="needs an end"):
        NASClassifier(time_budget=None).fit(texts, labels)
    with pytest.raises(ParameterError, match="for DNA"):
        quick(strands="both").fit([text.replace("T", "U") for text in texts], labels)
    with pytest.raises(ParameterError, match="unknown space"):
        NASClassifier(space="spaces", trials=1).fit(texts, labels)
    with pytest.raises(ParameterError, match="unknown strategy"):
        NASClassifier(strategy="luck", trials=1, epochs=1).fit(texts, labels)
    with pytest.raises(ModelError, match="unknown operation"):
        quick(architecture=SMALL.to_json().replace("conv3", "conv33")).fit(texts, labels)
    if not torch.cuda.is_available():
        with pytest.raises(ParameterError, match="no such GPU"):
            quick(device="cuda").fit(texts, labels)


def test_the_default_network_is_in_its_space():
    for alphabet in ("dna", "rna", "protein"):
        for length in (3, 10, 41, 81, 2000):
            space = SequenceSpace(alphabet, length)
            for name, limits in space.ranges(space.default()).items():
                limits.check(dict(space.default())[name])
            rng = np.random.default_rng(0)
            for _ in range(20):
                assert space.decode(space.sample(rng)).stem.kernel <= length


# the model file


def test_a_model_file_gives_the_same_numbers(fitted, tmp_path):
    texts, _ = records(10, 5)
    path = str(tmp_path / "model.baf")
    fitted.save(path)
    model = bioautofeat.load(path)
    found = model.predict(Sequences.from_strings(texts, "dna"))
    assert np.array_equal(found.probabilities, fitted.predict_proba(texts))
    assert list(found.labels) == fitted.predict(texts).tolist()
    with zipfile.ZipFile(path) as archive:
        kinds = {name.rsplit(".", 1)[1] for name in archive.namelist()}
    assert kinds == {"json", "npy", "safetensors"}


def test_networks_are_models_like_others(fitted):
    parts = export(fitted)
    assert list(parts.blobs)
    again = restore(parts)
    rows = letter_rows(Sequences.from_strings(records(5)[0], "dna"), again.n_columns).astype(float)
    assert np.array_equal(again.predict_proba(rows), fitted.predictor_.predict_proba(rows))


def test_an_explanation_shows_motifs_and_letters(fitted):
    from bioautofeat.explanation.run import explain
    from bioautofeat.explanation.subject import Settings

    texts, labels = records(60, 7)
    found = explain(
        fitted, texts, [str(label) for label in labels], settings=Settings(records=6, repeats=2, features=3)
    )
    motifs = found.tables["motifs"]
    assert max(motifs.column("sites")) >= 10
    assert sum("motif_" in name for name in found.drawings) == min(6, len(motifs))
    assert "Networks</h2>" in found.page
    inside, outside = [], []
    for name in dict.fromkeys(found.tables["saliency"].column("id")):
        rows = [row for row in found.tables["saliency"].rows if row[0] == name]
        text = texts[int(name[1:]) - 1]
        assert "".join(row[3] for row in rows) == text
        place = text.find(MOTIF)
        if place >= 0:
            shares = np.abs([row[4] for row in rows])
            inside.append(shares[place : place + len(MOTIF)].mean())
            outside.append(np.delete(shares, np.s_[place : place + len(MOTIF)]).mean())
    assert inside
    assert np.mean(inside) > 2 * np.mean(outside)


def predictor():

    return NetworkPredictor.of(build(SMALL, 4, 2), 30, 2)


def test_damaged_networks_are_refused():
    good = predictor()
    other = SMALL.to_json().replace('"channels":8', '"channels":16')
    bad_weights = bytearray(good.weights)
    bad_weights[-4:] = b"\xff\xff\xff\x7f"
    for changes, message in [
        ({"architecture": SMALL.to_json().replace("conv3", "conv4")}, "unknown operation 'conv4'"),
        ({"architecture": SMALL.to_json().replace('"cells":1', '"cells":10000')}, "outside 1..32"),
        ({"architecture": other}, "not those of its architecture"),
        ({"weights": good.weights[:-10]}, "damaged"),
        ({"weights": b"pickle"}, "damaged"),
        ({"weights": bytes(bad_weights)}, "finite"),
        ({"n_columns": 10**9}, "out of bounds"),
        ({"classes": 1}, "out of bounds"),
        ({"classes": 3}, "not those of its architecture"),
    ]:
        with pytest.raises(ModelError, match=message):
            replace(good, **changes)
    large = Frame(stem=Stem(512, 51), stages=1).hold(ChainGenotype(("conv15",) * 40, frozenset()))
    with pytest.raises(ModelError, match="multiplications"):
        replace(good, architecture=large.to_json(), n_columns=20_000)


def test_rows_that_are_no_letters_are_refused():
    model = predictor()
    rows = np.ones((2, 30))
    for row, message in [([0.5] * 30, "whole numbers"), ([9] * 30, "whole numbers"), ([np.nan] * 30, "whole numbers")]:
        with pytest.raises(TableError, match=message):
            model.outputs(np.vstack([rows, row]))
    with pytest.raises(TableError, match="30 letters"):
        model.outputs(np.ones((2, 31)))


def test_a_record_ends_at_its_first_zero():
    model, rows = predictor(), np.ones((2, 30))
    rows[:, 20:] = 0
    rows[1, 25] = 3
    assert np.array_equal(*model.outputs(rows))


def test_without_torch_a_line_says_what_is_missing(fitted, tmp_path, monkeypatch):
    path = str(tmp_path / "model.baf")
    fitted.save(path)
    import builtins

    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "torch" or name.startswith(("torch.", "safetensors")):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"needs torch: pip install 'bioautofeat\[nas\]'"):
        bioautofeat.load(path)
    with pytest.raises(ParameterError, match=r"pip install 'bioautofeat\[nas\]'"):
        quick().fit(*records(20))


def test_the_catalogue_names_all_strategies():
    from bioautofeat.nas.catalogue import STRATEGIES
    from bioautofeat.nas.strategies import ASKING, GRADIENT

    assert set(STRATEGIES) == {*ASKING, *GRADIENT}
