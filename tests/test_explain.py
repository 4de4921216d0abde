"""Explanations find what was planted, credit nothing to what a model ignores, and add up."""

from __future__ import annotations

import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from explain_records import LENGTH, MOTIF, PLACE, forest, planted, table_model

import bioautofeat
from bioautofeat.bundle import FittedModel
from bioautofeat.errors import BioautofeatWarning, LabelError, OutputError, ParameterError, TableError
from bioautofeat.explanation import Settings, explain, member_shapley, members
from bioautofeat.explanation.subject import operations, operations_of_record, used_columns
from bioautofeat.explanation.tables import TABLES
from bioautofeat.extraction import Extractor
from bioautofeat.models.predictors.joined import Blend, Calibrated, Steps
from bioautofeat.models.predictors.linear import Linear
from bioautofeat.models.predictors.transforms import Scale, Select
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable
from bioautofeat.terms.base import Training

SPECS = ("binary", "kmer:k=3", "cksnap:gap=1")
SMALL = Settings(records=8, rows=60, repeats=2)


@pytest.fixture(scope="module")
def fitted():
    """A blend of trees and a linear model that looks at the first two of three blocks."""
    seqs, labels = planted(0)
    extractor = Extractor.of(SPECS, seqs.alphabet).fit(Training(LENGTH, seqs))
    rows = extractor.transform(seqs, short="zero")
    seen = extractor.terms[0].width + extractor.terms[1].width
    chosen = Select(np.arange(seen), rows.shape[1])
    trees = Steps((chosen,), forest(rows[:, :seen], labels))
    weights = np.zeros((seen, 1))
    signs = np.where(np.array(labels) == "motif", 1.0, -1.0)
    weights[:, 0] = (rows[:, :seen] * signs[:, None]).mean(axis=0)
    linear = Steps((chosen, Scale(rows[:, :seen].mean(axis=0), np.ones(seen))), Linear(weights, np.zeros(1), "sigmoid"))
    blend = Calibrated(Blend((trees, linear), np.array([0.7, 0.3])), 1.2, np.array([0.1, -0.1]))
    return FittedModel(blend, "classification", ("motif", "plain")[::-1], extractor), *planted(1, 120)


@pytest.fixture(scope="module")
def flipped(fitted):
    """The same with the classes in the order of the trees' training."""
    model, seqs, labels = fitted
    return FittedModel(model.predictor, "classification", ("motif", "plain"), model.extractor), seqs, labels


@pytest.fixture(scope="module")
def explained(flipped):
    model, seqs, labels = flipped
    return explain(model, seqs, labels, settings=Settings(target="motif", records=8, rows=80, repeats=3))


def test_the_planted_block_and_features_come_first(explained):
    blocks = explained.tables["blocks"]
    assert blocks.column("block")[0] == "binary"
    assert blocks.column("importance")[0] > 0.2
    inside = {f"binary_{PLACE + i + 1}.{letter}" for i, letter in enumerate(MOTIF)}
    assert len(inside & set(explained.tables["features"].column("feature")[:6])) >= 4
    assert len(inside & set(explained.tables["shap"].column("feature")[:6])) >= 4


def test_a_block_that_the_model_ignores_is_worth_nothing(explained):
    (row,) = [row for row in explained.tables["blocks"].rows if row[0] == "cksnap:gap=1"]
    assert row[2:] == (0.0,) * 6
    shares = [row[5] for row in explained.tables["record_blocks"].rows if row[4] == "cksnap:gap=1"]
    assert shares == [0.0] * 8


def test_planted_kmers_come_first(explained):
    words = [MOTIF[i : i + 4] for i in range(3)]
    table = explained.tables["kmers"]
    assert set(table.column("kmer")[:3]) == set(words)
    assert min(table.column("total")[:3]) > 0.1
    assert min(table.column("effect")[:3]) > 0.3


def test_planted_positions_come_first(explained):
    rows = [row for row in explained.tables["positions"].rows if row[0] == "motif"]
    assert len(rows) == LENGTH
    top = sorted(rows, key=lambda row: -row[4])[:6]
    assert {row[2] for row in top} <= set(range(PLACE - 1, PLACE + len(MOTIF) + 3))
    mutated = {}
    for row in explained.tables["mutations"].rows:
        if int(row[0][1:]) % 2 == 0:
            mutated[row[2]] = mutated.get(row[2], 0.0) + row[5]
    assert set(sorted(mutated, key=mutated.get)[:4]) <= set(range(PLACE + 1, PLACE + 1 + len(MOTIF)))


def test_shares_add_up(explained, flipped):
    model, seqs, _ = flipped
    table = explained.tables["record_blocks"]
    sums, heads = {}, {}
    for row in table.rows:
        sums[row[0]] = sums.get(row[0], 0.0) + row[5]
        heads[row[0]] = row[2] - row[3]
    assert sums == pytest.approx(heads, abs=1e-9)
    p = dict(zip(explained.tables["records"].column("id"), explained.tables["records"].column("p"), strict=True))
    assert p[seqs.ids[3]] == pytest.approx(model.predict(seqs[3:4]).probabilities[0, 0])


def test_members_add_up(flipped):
    model, seqs, _ = flipped
    rows = model.features(seqs)
    trees, linear = members(model.predictor)
    assert (trees.weight, linear.weight, trees.unit, linear.unit) == (0.7, 0.3, "probability", "log-odds")
    for chosen in (0, 1):
        shares = member_shapley(trees, rows[:9], rows[9:30], np.full(9, chosen), threads=2)
        said = model.predictor.model.members[0].predict_proba(rows)[:, chosen]
        assert shares.sum(axis=1) == pytest.approx(said[:9] - said[9:30].mean(), abs=1e-12)
        shares = member_shapley(linear, rows[:9], rows[9:30], np.full(9, chosen))
        p = model.predictor.model.members[1].predict_proba(rows)[:, chosen]
        odds = np.log(p / (1 - p))
        assert shares.sum(axis=1) == pytest.approx(odds[:9] - odds[9:30].mean(), abs=1e-9)
    assert [m.name for m in members(model.predictor, ["extra trees", "logistic"])] == ["1: extra trees", "2: logistic"]


def test_the_same_for_any_number_of_threads(flipped, explained):
    model, seqs, labels = flipped
    again = explain(model, seqs, labels, settings=Settings(target="motif", records=8, rows=80, repeats=3, threads=2))
    assert {name: table.rows for name, table in again.tables.items()} == {
        name: table.rows for name, table in explained.tables.items()
    }
    assert again.page == explained.page
    other = explain(model, seqs, labels, settings=Settings(records=0, rows=20, repeats=1, features=1, seed=1))
    assert other.tables["blocks"].rows != explained.tables["blocks"].rows


def test_without_labels_the_change_of_predictions_counts(flipped, explained):
    model, seqs, _ = flipped
    found = explain(model, seqs, settings=SMALL)
    blocks = found.tables["blocks"]
    assert blocks.column("importance") == blocks.column("change")
    assert blocks.column("block")[0] == "binary"
    assert "label" not in found.tables["records"].columns
    assert found.facts["explained"] == "plain"
    # what speaks for one of two classes speaks against the other
    against = dict(zip(found.tables["kmers"].column("kmer"), found.tables["kmers"].column("total"), strict=True))
    assert against[MOTIF[:4]] < -0.1


def test_more_than_two_classes_and_unequal_lengths(rng):
    texts, labels = [], []
    for i in range(90):
        label = "acg"[i % 3]
        weights = np.where(np.array(list("ACGT")) == label.upper(), 3.0, 1.0)
        texts.append("".join(rng.choice(list("ACGT"), int(rng.integers(230, 260)), p=weights / weights.sum())))
        labels.append(label)
    seqs = Sequences.from_strings(texts, "dna")
    extractor = Extractor.of(["kmer:k=1", "length"], seqs.alphabet)
    model = FittedModel(forest(extractor.transform(seqs), labels), "classification", ("a", "c", "g"), extractor)
    with pytest.warns(BioautofeatWarning, match="windows are masked"):
        found = explain(model, seqs, labels, settings=Settings(records=6, rows=60, repeats=2, word=1))
    assert set(found.tables["kmers"].column("explained")) == {"a", "c", "g"}
    best = {row[0]: row[1] for row in found.tables["kmers"].rows[::-1]}
    assert best == {"a": "A", "c": "C", "g": "G"}
    assert set(found.tables["positions"].column("unit")) == {"of 50 parts"}
    assert "mutations" not in found.tables
    assert found.tables["blocks"].column("block")[0] == "kmer:k=1"


def test_regression_on_a_table(rng):
    model, table, target = table_model(rng)
    shuffled = FeatureTable(table.values[:, ::-1], table.names[::-1], table.ids)
    found = explain(model, shuffled, target, settings=SMALL)
    assert found.facts["importance"]["metric"] == "r2"
    assert found.tables["features"].column("feature")[:2] == ["c", "e"]
    assert found.tables["features"].column("importance")[0] > 1
    assert found.tables["shap"].column("feature")[:2] == ["c", "e"]
    assert [round(d) for d in found.tables["shap"].column("direction")[:2]] == [1, -1]
    assert found.tables["records"].columns == ("id", "label", "prediction")
    assert "kmers" not in found.tables
    frame = found.tables["features"].to_frame()
    assert list(frame["feature"][:2]) == ["c", "e"]


def test_a_single_record_against_others(flipped):
    model, seqs, _ = flipped
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = explain(model, seqs[1:2], background=seqs, settings=Settings(target="motif"))
    assert ["too few to permute" in str(w.message) for w in said] == [True]
    assert set(found.tables) == set(TABLES) - {"blocks", "features", "motifs", "saliency"}
    with pytest.warns(BioautofeatWarning, match="too few") as said:
        alone = explain(model, seqs[1:2])
    assert any("too few to compare" in str(w.message) for w in said)
    assert "shap" not in alone.tables
    assert len(alone.tables["record_positions"]) == LENGTH
    named = explain(model, seqs, settings=Settings(only=(seqs.ids[7],), rows=20, repeats=1))
    assert set(named.tables["mutations"].column("id")) == {seqs.ids[7]}


def test_records_of_the_training_are_told(flipped):
    import hashlib

    from bioautofeat.evaluation.splits import keys_of_sequences

    model, seqs, _ = flipped
    digest = hashlib.sha256(np.sort(keys_of_sequences(seqs)).tobytes()).hexdigest()
    known = FittedModel(
        model.predictor, "classification", model.classes, model.extractor, metadata={"training_sha256": digest}
    )
    with pytest.warns(BioautofeatWarning, match="was trained on"):
        explain(known, seqs, settings=Settings(records=0, rows=10, repeats=1, features=1, word=1))


def test_odd_records(flipped):
    model, seqs, _ = flipped
    odd = Sequences.from_strings(["", "N", "NNNNNNNNNN", "A", "ACGNACGTTT" * 4, *list(seqs)[:8]], "dna")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = explain(model, odd, settings=Settings(records=20, rows=20, repeats=1))
    for table in found.tables.values():
        numbers = [cell for row in table.rows for cell in row if isinstance(cell, float)]
        assert np.isfinite(numbers).all()
    letters = [row[3] for row in found.tables["record_positions"].rows if row[0] == "s5"]
    assert letters[:5] == list("ACGNA")
    assert not [row for row in found.tables["mutations"].rows if row[3] == "N"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nothing = explain(model, odd[:2], settings=Settings(records=0))
        empty = explain(model, odd[:1])
    assert set(nothing.tables) == set(empty.tables) == {"records"}


def test_what_is_refused(flipped, rng):
    model, seqs, labels = flipped
    table = table_model(rng)
    with pytest.raises(ParameterError, match="class 'x' is none of the model's"):
        explain(model, seqs, settings=Settings(target="x"))
    with pytest.raises(ParameterError, match="it is a regression"):
        explain(table[0], table[1], settings=Settings(target="x"))
    with pytest.raises(ParameterError, match="no record has the id"):
        explain(model, seqs, settings=Settings(only=("nobody",)))
    with pytest.raises(ParameterError, match="needs labels"):
        explain(model, seqs, settings=Settings(metric="acc"))
    with pytest.raises(ParameterError, match="no records"):
        explain(model, seqs[:0])
    with pytest.raises(LabelError, match="2 labels for 120"):
        explain(model, seqs, ["motif", "plain"])
    with pytest.raises(LabelError, match="class 'other'"):
        explain(model, seqs, ["other", *labels[1:]])
    with pytest.raises(TableError, match="not a table"):
        explain(model, table[1])
    with pytest.raises(TableError, match="trained on a table"):
        explain(table[0], seqs)
    for wrong in ({"repeats": 0}, {"word": 0}, {"window": 10_000}, {"rows": 2}):
        with pytest.raises(ParameterError):
            Settings(**wrong)


# files


def tree_of(text):
    """Check that tags are closed in order."""

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.seen = [], set()

        def handle_starttag(self, tag, attributes):
            self.seen.add(tag)
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader.seen


def test_page_and_drawings_are_sound(explained):
    assert {"section", "figure", "svg", "table", "article"} <= tree_of(explained.page)
    assert "prefers-color-scheme" in explained.page
    assert "@media print" in explained.page
    for word in ("<script", "<link", "<img", "url(", "@import"):
        assert word not in explained.page
    for name, drawing in explained.drawings.items():
        root = ElementTree.fromstring(drawing)
        assert root.tag.endswith("svg"), name
        assert "nan" not in drawing.lower().replace("nano", "")
    assert {"blocks", "features", "shap_1", "shap_2", "kmers_1", "positions", "logo_1"} <= set(explained.drawings)
    assert {"record_008_positions", "record_008_blocks"} <= set(explained.drawings)


def test_names_are_escaped(flipped):
    model, seqs, _ = flipped
    nasty = Sequences(seqs.codes, seqs.offsets, ("<script>alert(1)</script>", *seqs.ids[1:]), seqs.alphabet)
    found = explain(model, nasty, settings=Settings(only=(nasty.ids[0],), rows=20, repeats=1))
    assert "<script" not in found.page
    assert not any("<script" in drawing for drawing in found.drawings.values())


def test_files_are_whole_and_the_users_stay(explained, tmp_path):
    folder = tmp_path / "why"
    explained.save(str(folder))
    names = {path.name for path in folder.iterdir()}
    assert names >= {"index.html", "explanation.json", "blocks.csv", "kmers.csv", "blocks.svg", "record_001_blocks.svg"}
    assert sorted(tmp_path.iterdir()) == [folder]
    assert (folder / "blocks.csv").read_text().splitlines()[0].startswith("block,columns,importance")
    with pytest.raises(OutputError, match="not empty"):
        explained.save(str(folder))
    (folder / "notes.txt").write_text("mine")
    (folder / "record_900_blocks.svg").write_text("mine too")
    fewer = type(explained)({"blocks": explained.tables["blocks"]}, {}, explained.facts, "page")
    fewer.save(str(folder), force=True)
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "explanation.json", "blocks.csv", "notes.txt", "record_900_blocks.svg",
    }  # fmt: skip
    assert (folder / "index.html").read_text() == "page"


def test_a_failed_write_leaves_nothing(explained, tmp_path, monkeypatch):
    import os

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(bioautofeat.errors.UnfinishedError, match="disk is full"):
        explained.save(str(tmp_path / "why"))
    (tmp_path / "held").mkdir()
    with pytest.raises(bioautofeat.errors.UnfinishedError):
        explained.save(str(tmp_path / "held"))
    assert list((tmp_path / "held").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["held"]


def test_folders_that_cannot_be_used(explained, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        explained.save(str(tmp_path / "file"))
    with pytest.raises(OutputError, match="does not exist"):
        explained.save(str(tmp_path / "no" / "where"))


def test_used_columns_are_those_that_matter(flipped, rng):
    model = flipped[0]
    used = used_columns(model.predictor)
    rows = np.repeat(model.features(flipped[1][:1]), 40, axis=0)
    changed = rows + np.where(used, 0.0, rng.normal(size=rows.shape))
    assert np.array_equal(model.predictor.predict_proba(rows), model.predictor.predict_proba(changed))
    assert 0 < used.sum() < len(used)
    assert operations(model.predictor) > len(used)
    assert operations_of_record(model, 100) == operations(model.predictor)
