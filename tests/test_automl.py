"""The search: honest on noise, the same on every machine, complete at every moment, never stopped by one failure."""

from __future__ import annotations

import json
import time
import warnings

import numpy as np
import pytest

import bioautofeat
from bioautofeat.audit import Part
from bioautofeat.automl.blocks import choose_blocks
from bioautofeat.automl.board import Board
from bioautofeat.automl.clock import Clock, parse_duration, process_age
from bioautofeat.automl.costs import CostModel, operations
from bioautofeat.automl.crew import Crew, executor_for
from bioautofeat.automl.estimator import AutoClassifier, AutoRegressor
from bioautofeat.automl.executor import FitError, Inline, Worker
from bioautofeat.automl.journal import Journal
from bioautofeat.automl.portfolio import Portfolio
from bioautofeat.automl.prepare import Options, prepare_records, prepare_table
from bioautofeat.automl.run import Run
from bioautofeat.automl.run_folder import RunFolder
from bioautofeat.automl.search import Search
from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.errors import (
    BioautofeatWarning,
    LabelError,
    NotFittedError,
    OutputError,
    ParameterError,
    TableError,
    UnfinishedError,
)
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def make(seed, n=60, signal=0.12, length=60, families=None):
    """Two classes of DNA that differ in composition; records of one family are mutated copies."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        kind = i % 2
        share = np.array([0.25 + signal, 0.25 - signal, 0.25 - signal, 0.25 + signal])
        text = rng.choice(list("ACGT"), length, p=share if kind else share[::-1][[1, 0, 3, 2]])
        if families is not None and i >= families:
            text = list(texts[i % families])
            text[int(rng.integers(length))] = str(rng.choice(list("ACGT")))
            kind = (i % families) % 2
        texts.append("".join(text))
        labels.append("ab"[kind])
    return texts, labels


def part(texts, labels):
    return Part(Sequences.from_strings(texts, "dna"), tuple(labels))


def run(data, options, executor=None, folder=None):
    prepared = prepare_records(part(*data), None, options)
    with executor or Inline() as fits:
        return Run(prepared, options, Clock(options.time_budget), fits, folder).go(), prepared


QUICK = Options(trials=3, descriptors=("kmer:k=2",))


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


def test_a_worker_gives_what_this_process_gives():
    data = make(9, n=40)
    here, _ = run(data, QUICK)
    there, _ = run(data, QUICK, Worker(1))
    assert np.array_equal(here.board.champion.predictions, there.board.champion.predictions)


def test_a_crew_gives_what_one_worker_gives():
    """Folds side by side, or one after the other: the same trials, dropped ones among them, and the same predictions."""
    data, options = make(9, n=60), Options(trials=9, descriptors=("kmer:k=2", "kmer:k=3"), threads=2)
    here, _ = run(data, options)
    there, _ = run(data, options, Crew(2, 2))
    assert [(t.candidate.key, t.state, t.loss) for t in here.board.trials] == [
        (t.candidate.key, t.state, t.loss) for t in there.board.trials
    ]
    assert np.array_equal(here.board.champion.predictions, there.board.champion.predictions)


def test_a_crew_outlives_overruns_and_failures():
    prepared = prepare_records(part(*make(10, n=200, length=200)), None, Options(trials=1))
    slow = Candidate("random_forest", {"trees": 2000, "columns": "all"}, ("kmer:k=5",), "broad")
    good = Candidate("logistic", {}, ("kmer:k=1",), "small")
    with Crew(2, 2) as crew:
        crew.load(prepared.problem)
        found = crew.call_each("fold", [(good, fold, 1) for fold in range(5)])
        assert [len(part["predictions"]) for part in found] == np.bincount(prepared.problem.folds).tolist()
        with pytest.raises(FitError, match="longer than the time"):
            crew.call_each("fold", [(good, 0, 1), (slow, 1, 1)], limit=1.0)
        with pytest.raises(FitError, match="no-such-model"):
            crew.call_each("fold", [(Candidate("no-such-model", {}, ("kmer:k=1",), "x"), 0, 1), (good, 1, 1)])
        again = crew.call_each("fold", [(good, fold, 1) for fold in range(5)])
        assert all(np.array_equal(a["predictions"], b["predictions"]) for a, b in zip(found, again, strict=True))
        kept = crew.call_everywhere("kept", good)
        assert sorted(fold for part in kept for fold in part) == [0, 1, 2, 3, 4]


def test_a_fit_that_overruns_or_fails_costs_itself_alone():
    prepared = prepare_records(part(*make(10, n=200, length=200)), None, Options(trials=1))
    with Worker(1) as worker:
        worker.load(prepared.problem)
        small = Candidate("logistic", {}, ("kmer:k=1",), "small")
        worker.call("shape", small)
        slow = Candidate("random_forest", {"trees": 2000, "columns": "all"}, ("kmer:k=5",), "broad")
        started = time.monotonic()
        with pytest.raises(FitError, match="longer than the time") as overrun:
            worker.call("fold", slow, 0, 1, limit=1.0)
        assert overrun.value.stopped
        assert time.monotonic() - started < 5
        with pytest.raises(FitError, match="no-such-model") as failure:
            worker.call("fold", Candidate("no-such-model", {}, ("kmer:k=1",), "x"), 0, 1)
        assert not failure.value.stopped
        assert len(worker.call("fold", small, 0, 1)["predictions"]) == (prepared.problem.folds == 0).sum()


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


def test_the_run_folder(tmp_path):
    config = {"seed": 1}
    first = RunFolder(str(tmp_path / "r"))
    assert not first.open(config)
    with pytest.raises(OutputError, match="another run"):
        RunFolder(str(tmp_path / "r"))
    first.close()
    second = RunFolder(str(tmp_path / "r"))
    assert second.open(config)
    second.close()
    (tmp_path / "r" / "thesis.txt").write_text("mine")
    other = RunFolder(str(tmp_path / "r"))
    with pytest.raises(OutputError, match="holds another run"):
        other.open({"seed": 2})
    other.close()
    (tmp_path / "r" / "model.baf").write_text("old")
    forced = RunFolder(str(tmp_path / "r"), force=True)
    assert not forced.open({"seed": 2})
    forced.close()
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["config.json", "thesis.txt"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        RunFolder(str(tmp_path / "full"))
    for bad in (tmp_path / "full" / "x", tmp_path / "no" / "such"):
        with pytest.raises(OutputError):
            RunFolder(str(bad))


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


def test_costs_are_learnt():
    costs = CostModel(2)
    before = costs.seconds("xgboost", {"rounds": 100}, 1000, 500)
    costs.learn("xgboost", {"rounds": 5}, 1000, 500, 4 * costs.seconds("xgboost", {"rounds": 5}, 1000, 500))
    assert costs.seconds("xgboost", {"rounds": 100}, 1000, 500) == pytest.approx(4 * before, rel=0.01)
    assert costs.seconds("extra_trees", {}, 1000, 500) > CostModel(2).seconds("extra_trees", {}, 1000, 500)
    for model in ("logistic", "xgboost", "extra_trees", "svm", "nystroem", "knn", "ridge", "lda"):
        assert operations(model, {}, 2000, 100, 3) >= operations(model, {}, 1000, 100, 3) > 0


def test_time():
    assert [parse_duration(text) for text in ("90", "10m", "2h", "1.5s")] == [90, 600, 7200, 1.5]
    for bad in ("", "m", "-3", "0", "ten", "1e12"):
        with pytest.raises(ParameterError):
            parse_duration(bad)
    assert process_age() > 0
    clock = Clock(10, spent=4)
    assert 5.9 < clock.left <= 6
    assert clock.free == pytest.approx(clock.left - 1, abs=0.01)
    assert Clock().left == float("inf")


def test_a_budget_is_kept():
    started = time.monotonic()
    result, _ = run(make(17, n=60), Options(time_budget=4.0, descriptors=("kmer:k=2",)))
    assert time.monotonic() - started < 9
    assert result.board.trials


def test_small_data_are_fitted_here_unless_there_is_a_limit_to_keep():
    texts, _ = make(20, n=20)
    seqs = Sequences.from_strings(texts, "dna")
    with executor_for(seqs, 1, timed=False) as here:
        assert isinstance(here, Inline)
    for limited in ({"timed": True}, {"timed": False, "memory": 2 << 30}):
        with executor_for(seqs, 1, **limited) as other:
            assert isinstance(other, Worker)


def test_folds_models_stand_in_where_no_time_is_left():
    prepared = prepare_records(part(*make(18, n=60)), None, QUICK)
    problem = prepared.problem
    with Inline() as fits:
        fits.load(problem)
        search = Search(problem, Portfolio(problem, {"small": ("kmer:k=2",)}), fits, Clock(), QUICK)
        candidate = Candidate("logistic", {}, ("kmer:k=2",), "small")
        with pytest.raises(FitError, match="not kept"):
            search.refits.averaged(candidate, 9.0)
        fits.call_each("fold", [(candidate, fold, 1) for fold in problem.judged])
        mean = search.refits.averaged(candidate, 9.0)
        whole = fits.call("refit", candidate, 1)["predictor"]
        table = fits.shop.store.matrix(candidate.specs, None)
        assert len(mean.members) == 5
        assert mean.predict_proba(table) == pytest.approx(whole.predict_proba(table), abs=0.1)
        learnt = Candidate("logistic", {}, ("pslogodds",), "position")
        fits.call_each("fold", [(learnt, fold, 1) for fold in problem.judged])
        with pytest.raises(FitError, match="not kept"):  # the folds' descriptors differ
            search.refits.averaged(learnt, 9.0)


def test_a_run_by_the_clock_takes_up_what_was_cut_down(tmp_path):
    """A candidate that had to be made smaller is not asked for again; its journal entry still counts."""
    data, folder = make(19, n=40), tmp_path / "run"
    folder.mkdir()
    options = Options(time_budget=3.0, descriptors=("kmer:k=2",))
    first, _ = run(data, options, folder=folder)
    cut = Candidate("extra_trees", {"trees": 17}, ("kmer:k=2",), "broad")
    done = next(trial for trial in first.board.trials if trial.finished)
    with open(folder / "journal.jsonl", "a", encoding="utf-8") as log:
        log.write(json.dumps({**done.as_dict(), "candidate": cut.as_dict()}) + "\n")
    (folder / "journal" / f"{cut.key}.npy").write_bytes((folder / "journal" / f"{done.candidate.key}.npy").read_bytes())
    again, _ = run(data, options, folder=folder)
    keys = [trial.candidate.key for trial in again.board.trials]
    assert cut.key in keys
    assert len(set(keys)) == len(keys)


def test_costs_are_told_by_records_of_every_class():
    """A file in order of its classes is timed on a sample of it: a fit of one class would take no time at all."""
    texts, labels = make(21, n=300)
    order = np.argsort(labels, kind="stable")
    prepared = prepare_records(part([texts[i] for i in order], [labels[i] for i in order]), None, QUICK)
    with Inline() as fits:
        fits.load(prepared.problem)
        seen, kept = [], fits.shop._fit

        def noted(candidate, values, table, rows, place):
            seen.append(rows)
            return kept(candidate, values, table, rows, place)

        fits.shop._fit = noted
        candidate = Candidate("extra_trees", {"trees": 10}, ("kmer:k=2",), "small")
        assert fits.call("timed", candidate, {}, 40, 1) > 0
    assert [len(rows) for rows in seen] == [40, 40]
    for rows in seen:
        assert np.bincount(prepared.problem.truth[rows]).tolist() == [20, 20]
