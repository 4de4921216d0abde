"""The search: honest on noise, the same on every machine, complete at every moment, never stopped by one failure."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from automl_records import QUICK, make, part, run

import bioautofeat
from bioautofeat.audit import Part
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.estimator import AutoClassifier, AutoRegressor
from bioautofeat.automl.executor import Inline
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.outputs import metrics_of
from bioautofeat.automl.portfolio import Portfolio
from bioautofeat.automl.prepare import Options, prepare_records, prepare_table
from bioautofeat.automl.run import Run
from bioautofeat.automl.search import Search
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.errors import (
    BioautofeatWarning,
    LabelError,
    NotFittedError,
    ParameterError,
    TableError,
    UnfinishedError,
)
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def test_related_records_stay_in_one_fold():
    texts, labels = make(1, n=90, families=18)
    _, prepared = run((texts, labels), Options(trials=1, descriptors=("kmer:k=1",)))
    problem = prepared.problem
    assert len(np.unique(problem.groups)) == 18
    for i, text in enumerate(texts):
        same = [j for j, other in enumerate(texts) if sum(a != b for a, b in zip(text, other, strict=True)) <= 2]
        assert len({problem.folds[j] for j in same}) == 1, i


def test_shuffled_labels_stay_at_chance():
    corrected, naive = [], []
    for seed in range(4):
        texts, labels = make(seed, n=80)
        shuffled = np.random.default_rng(seed).permutation(labels).tolist()
        result, _ = run((texts, shuffled), Options(trials=5, descriptors=("kmer:k=3",), seed=seed))
        corrected.append(result.estimate.corrected["acc"].value)
        naive.append(result.estimate.naive["acc"].value)
    assert np.mean(corrected) < np.mean(naive)
    assert abs(np.mean(corrected) - 0.5) < 0.1


def test_a_signal_is_found_and_saved_predictions_are_equal(tmp_path):
    texts, labels = make(3)
    result, _ = run((texts, labels), QUICK)
    assert result.estimate.corrected["auc"].value > 0.9
    fresh, truth = make(4)
    seqs = Sequences.from_strings(fresh, "dna")
    said = result.model.predict(seqs)
    assert np.mean([a == b for a, b in zip(said.labels, truth, strict=True)]) > 0.8
    result.model.save(str(tmp_path / "m.baf"))
    again = bioautofeat.load(str(tmp_path / "m.baf")).predict(seqs)
    assert again.labels == said.labels
    assert np.array_equal(again.probabilities, said.probabilities)
    assert result.model.keeps in ((), ("rows",))


def test_out_of_fold_predictions_are_what_the_delivered_blend_would_say():
    result, prepared = run(make(5), QUICK)
    champion, board = result.board.champion, result.board
    judged = prepared.problem.judged_truth
    parts = [(w, t.predictions) for t in board.finished if (w := champion.weights.get(t.candidate.key, 0.0))]
    if champion.log:
        mixed = np.prod([np.maximum(p.astype(float), 1e-6) ** w for w, p in parts], axis=0)
        mixed /= mixed.sum(axis=1, keepdims=True)
    else:
        mixed = sum(w * p for w, p in parts)
    assert champion.calibration.apply(mixed) == pytest.approx(champion.predictions, abs=1e-5)
    assert champion.loss <= min(trial.loss for trial in board.finished) + 0.02
    assert champion.predictions.shape == (len(judged), 2)


def test_a_champion_is_replaced_only_by_a_better_one():
    result, prepared = run(make(6), QUICK)
    board, losses = Board(prepared.problem), []
    for trial in result.board.trials:
        board.add(trial)
        losses.append(board.champion.loss)
    assert losses == sorted(losses, reverse=True)
    bad = result.board.trials[0]
    noise = np.random.default_rng(0).dirichlet([1, 1], len(bad.predictions)).astype(np.float32)
    before = board.champion
    assert not board.add(Trial(9, Candidate("knn", {}, ("kmer:k=1",), "x"), predictions=noise, scores=bad.scores))
    assert board.champion is before


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_same_result_for_any_number_of_threads(task, tmp_path):
    texts, labels = make(7, n=50)
    if task == "regression":
        labels = [str(text.count("G") + 0.1 * i) for i, text in enumerate(texts)]
    outputs = []
    for threads in (1, 2):
        options = Options(task=task, trials=4, descriptors=("kmer:k=2", "binary"), threads=threads, seed=7)
        result, _ = run((texts, labels), options)
        result.model.save(str(tmp_path / "m.baf"))
        seqs = Sequences.from_strings(make(8)[0], "dna")
        said = result.model.predict(seqs)
        numbers = said.values if said.probabilities is None else said.probabilities
        corrected = {name: row.as_dict() for name, row in result.estimate.corrected.items()}
        keys = [trial.candidate.key for trial in result.board.trials]
        outputs.append((numbers.tobytes(), json.dumps(corrected), keys, (tmp_path / "m.baf").read_bytes()))
    assert outputs[0] == outputs[1]


def test_a_failed_trial_stands_on_the_leaderboard(monkeypatch):
    def first(self):
        yield Candidate("no-such-model", {}, ("kmer:k=1",), "small")
        yield Candidate("logistic", {}, ("kmer:k=1",), "small")

    monkeypatch.setattr(Portfolio, "_first", first)
    result, _ = run(make(11, n=30), Options(trials=2, descriptors=("kmer:k=1",), preset="fast"))
    states = {trial.candidate.model: trial for trial in result.board.trials}
    assert states["logistic"].state == "finished"
    assert states["no-such-model"].state == "failed"
    assert "no-such-model" in states["no-such-model"].reason
    monkeypatch.setattr(Portfolio, "_first", lambda self: iter([Candidate("no-such-model", {}, ("kmer:k=1",), "s")]))
    with pytest.raises(UnfinishedError, match="no model could be fitted"):
        run(make(11, n=30), Options(trials=2, descriptors=("kmer:k=1",), preset="fast"))


def test_a_killed_run_goes_on_to_the_same_end(tmp_path):
    data, options = make(12, n=40), Options(trials=4, descriptors=("kmer:k=2",), seed=3)
    folder = tmp_path / "run"
    folder.mkdir()
    whole, _ = run(data, options, folder=folder)
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    with pytest.warns(BioautofeatWarning, match="cut after line 3"):
        again, _ = run(data, options, folder=folder)
    assert again.board.champion.weights == whole.board.champion.weights
    assert np.array_equal(again.board.champion.predictions, whole.board.champion.predictions)
    assert [t.seconds for t in again.board.trials[:2]] == [t.seconds for t in whole.board.trials[:2]]
    assert len(journal.read_bytes().splitlines()) == 5


def test_a_journal_of_other_data_is_not_read(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl", "one")
    journal.start([5, 0, 1, 2, 3, 4])
    journal.write(Trial(1, Candidate("knn", {}, ("kmer:k=1",), "x"), predictions=np.ones(3, np.float32), loss=0.5))
    journal.write(Trial(2, Candidate("svm", {}, ("kmer:k=1",), "x"), "stopped", "interrupted"))
    journal.write(Trial(3, Candidate("lda", {}, ("kmer:k=1",), "x"), "failed", "why"))
    again = Journal(tmp_path / "journal.jsonl", "one")
    assert sorted(trial.state for trial in again.read().values()) == ["failed", "finished"]
    assert again.plan == [5, 0, 1, 2, 3, 4]
    assert Journal(tmp_path / "journal.jsonl", "other").read() == {}


def test_estimators(tmp_path):
    texts, labels = make(13, n=40)
    numbers = [int(label == "b") for label in labels]
    model = AutoClassifier(trials=2, time_budget=None, descriptors=["kmer:k=2"], threads=1)
    with pytest.raises(NotFittedError):
        model.predict(texts)
    model.fit(texts, numbers)
    assert model.classes_.tolist() == [0, 1]
    assert set(model.predict(texts).tolist()) <= {0, 1}
    assert model.predict_proba(texts).sum(axis=1) == pytest.approx(1)
    assert model.leaderboard_[0]["name"] == "delivered"
    assert set(model.metrics_["mcc"]) == {"value", "low", "high", "se"}
    path = tmp_path / "x.fa"
    path.write_text("".join(f">r{i}\n{text}\n" for i, text in enumerate(texts)))
    seqs = Sequences.from_strings(texts, "dna")
    assert np.array_equal(model.predict_proba(str(path)), model.predict_proba(seqs))
    model.save(str(tmp_path / "m.baf"))
    assert bioautofeat.load(str(tmp_path / "m.baf")).classes == ("0", "1")
    values = [text.count("G") / 7 for text in texts]
    regressor = AutoRegressor(trials=2, time_budget=None, descriptors=["kmer:k=1"], threads=1).fit(seqs, values)
    low, high = regressor.predict_interval(texts)
    said = regressor.predict(texts)
    assert ((low <= said) & (said <= high)).all()
    assert np.corrcoef(said, values)[0, 1] > 0.9
    with pytest.raises(LabelError, match="3 labels for 40"):
        model.fit(texts, [1, 2, 3])
    with pytest.raises(ParameterError, match="alphabet"):
        model.fit([*texts, "MKLE"], [*labels, "a"])


def table_of(seed, n=40):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 4))
    labels = tuple("yn"[int(v > 0)] for v in values[:, 0] + 0.3 * rng.normal(size=n))
    return FeatureTable(values, ("f0", "f1", "f2", "f3"), tuple(f"x{i}" for i in range(n)), labels)


def test_a_table_is_enough():
    table = table_of(1)
    values = table.values.copy()
    values[3, 2] = np.nan
    holes = FeatureTable(values, table.names, table.ids, table.labels)
    model = AutoClassifier(trials=3, time_budget=None, threads=1).fit(holes)
    assert model.metrics_["auc"]["value"] > 0.7
    assert len(model.predict(table)) == 40
    with pytest.raises(TableError, match="FeatureTable"):
        model.predict(["ACGT"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.__setitem__((slice(None), 2), np.nan), "f2"),
        (lambda v: v.__setitem__((3, 2), np.nan), "f2"),
    ],
)
def test_gaps_are_named(change, words):
    table = table_of(2)
    values = table.values.copy()
    change(values)
    with pytest.warns(BioautofeatWarning, match=words):
        prepare_table(FeatureTable(values, table.names, table.ids, table.labels), None, QUICK, "t.csv")


def test_tables_that_are_refused():
    table = table_of(3)
    values = table.values.copy()
    values[0, 1] = 1e300
    with pytest.raises(TableError, match="'f1'"):
        prepare_table(FeatureTable(values, table.names, table.ids, table.labels), None, QUICK, "t.csv")
    with pytest.raises(LabelError, match="label is missing"):
        prepare_table(FeatureTable(table.values, table.names, table.ids), None, QUICK, "t.csv")
    same = np.ones_like(values)
    with pytest.raises(TableError, match="constant"):
        prepare_table(FeatureTable(same, table.names, table.ids, table.labels), None, QUICK, "t.csv")


def test_what_is_odd_is_said_once():
    texts, labels = make(14, n=40)
    texts[1] = texts[0]
    texts[3] = texts[2]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        test = Part(Sequences.from_strings([texts[4], "ACGTACGTTT"], "dna", ["t5", "s7"]), ("a", "a"), "test.fa")
        prepare_records(part(texts, labels), test, QUICK)
    said = [str(warning.message) for warning in caught if warning.category is BioautofeatWarning]
    for words in (
        "2 records are identical",
        "2 sequences stand under two labels",
        "'t5' that of 's5'",
        "no test record has the class 'b'",
        "'s7'",
    ):
        assert sum(words in line for line in said) == 1, words
    with pytest.raises(LabelError, match="'alien'"):
        prepare_records(part(*make(14)), Part(test.sequences, ("a", "alien")), QUICK)


def test_classes_that_no_split_can_serve():
    texts, _ = make(15, n=40)
    family = [texts[0][:i] + "A" + texts[0][i + 1 :] for i in range(20)]
    labels = ["a"] * 20 + ["b"] * 20
    with pytest.warns(BioautofeatWarning, match="class 'a' are related"):
        prepared = prepare_records(part(family + texts[20:], labels), None, QUICK)
    assert np.bincount(prepared.problem.folds[:20]).min() > 0
    with pytest.raises(LabelError, match="same sequence"):
        prepare_records(part([texts[0]] * 12, ["a", "b"] * 6), None, QUICK)


def test_groups_given_by_the_user():
    texts, labels = make(16, n=40)
    groups = tuple(f"g{i // 4}" for i in range(40))
    prepared = prepare_records(part(texts, labels), None, Options(groups=groups))
    for group in set(groups):
        rows = [i for i in range(40) if groups[i] == group]
        assert len(set(prepared.problem.folds[rows].tolist())) == 1


def test_blocks_suit_the_data():
    aligned = Sequences.from_strings([text for text, _ in zip(*make(1), strict=True)], "dna")
    blocks = choose_blocks(aligned)
    assert {"small", "broad"} <= set(blocks)
    assert "binary" in blocks["broad"]
    ragged = Sequences.from_strings(["ACGT" * 20, "ACGTT" * 30], "dna")
    assert "binary" not in choose_blocks(ragged)["broad"]
    with pytest.raises(ParameterError, match="262,144 columns"):
        choose_blocks(aligned, ["kmer:k=9"])
    assert choose_blocks(aligned, ["kmer:k=2"]) == {"small": ("kmer:k=2",), "broad": ("kmer:k=2",)}
    for alphabet, text in (("rna", "ACGU"), ("protein", "MKLV")):
        assert choose_blocks(Sequences.from_strings([text * 9, text * 11], alphabet))["broad"]


@pytest.mark.parametrize("saves", [False, True])
def test_an_interrupted_run_tells_of_the_model_that_is_there(tmp_path, monkeypatch, saves):
    """A better blend that was not saved is no row of the leaderboard."""
    tried, calls = Search._tried, []

    def third(self, candidate):
        calls.append(candidate)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return tried(self, candidate)

    monkeypatch.setattr(Search, "_tried", third)
    options = Options(trials=5, descriptors=("kmer:k=2",))
    prepared = prepare_records(part(*make(22, n=40)), None, options)
    run = Run(prepared, options, Clock(None), Inline(), tmp_path)
    saved = []

    def improved(search):
        if saves and not saved:
            assert search.complete()
            run._save(search)
            saved.append(search.board.champion)
        run.saving_took = 9.0  # too long to save once more at the end

    run._improved = improved
    monkeypatch.setattr(Search, "_due", lambda self: True)
    with pytest.raises(KeyboardInterrupt):
        run.go()
    rows = (tmp_path / "leaderboard.csv").read_text().splitlines()
    assert (tmp_path / "model.baf").exists() == saves
    delivered = [row for row in rows if "delivered" in row]
    assert len(delivered) == saves
    assert any("interrupted" in row for row in rows)
    if saves:
        assert f"{saved[0].loss:.6g}" in delivered[0]


def against(table, rows, names, labels, **more):
    """A table with a test table."""
    test = FeatureTable(rows, names, tuple(f"t{i}" for i in range(len(rows))), labels)
    return prepare_table(table, test, Options(trials=2, **more), "t.csv", "new.csv")


def test_a_test_table_is_looked_at_before_anything_is_fitted():
    table, rows = table_of(4), table_of(5, n=6).values
    with pytest.raises(TableError, match=r"new.csv: the column 'f1' and 1 more of the training table is missing"):
        against(table, rows[:, [0, 3]], ("f0", "f3"), ("y",) * 6)
    with pytest.raises(LabelError, match=r"new.csv: 1 of 6 rows have no label, e.g. 't2'"):
        against(table, rows, table.names, ("y", "n", None, "y", "n", "y"))
    turned = against(table, rows[:, ::-1], table.names[::-1], ())
    assert turned.test_truth is None
    assert turned.clean_test.all()


def test_copies_in_a_test_table_are_told_and_left_out():
    table, rows = table_of(4), table_of(5, n=30).values
    rows[:3] = table.values[[7, 9, 7]]
    with pytest.warns(
        BioautofeatWarning, match="3 test rows have the cells of a training row, e.g. 't0' those of 'x7'"
    ):
        prepared = against(table, rows, table.names, ("y", "n") * 15)
    assert np.flatnonzero(~prepared.clean_test).tolist() == [0, 1, 2]
    assert prepared.findings["test"]["exact"] == 3
    assert prepared.findings["test"]["clean"] == 27
    with Inline() as fits:
        result = Run(prepared, Options(trials=2), Clock(None), fits).go()
    assert result.test["acc"] != result.test_clean["acc"]
    content = metrics_of(result, prepared, prepared.problem)
    assert content["test_clean"]["acc"]["value"] == result.test_clean["acc"].value
    assert abs(content["shift"] - 0.5) < 0.3
    shifted = against(table, rows + 5.0, table.names, ("y", "n") * 15)
    assert shifted.rows.shift_auc > 0.95


def test_a_test_part_of_values_needs_numbers_only():
    table = table_of(6)
    values = tuple(str(round(float(v), 3)) for v in table.values[:, 0])
    training = FeatureTable(table.values, table.names, table.ids, values)
    rows = table_of(7, n=2).values
    assert against(training, rows, table.names, ("1.5", "1.5"), task="regression").test_truth.tolist() == [1.5, 1.5]
    with pytest.raises(LabelError, match=r"new.csv: the label of 't1' is 'much'"):
        against(training, rows, table.names, ("1.5", "much"), task="regression")
    texts, _ = make(23, n=30)
    seqs = Sequences.from_strings(texts[:2], "dna")
    options = Options(task="regression", trials=1, descriptors=("kmer:k=1",))
    records = part(texts, [str(i) for i in range(30)])
    assert prepare_records(records, Part(seqs, ("3", "3")), options).test_truth.tolist() == [3, 3]
