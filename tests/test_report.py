"""The report: complete, sound, harmless, in agreement with the other files of the run and with scikit-learn."""

from __future__ import annotations

import csv
import json
import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bioautofeat.audit import Part
from bioautofeat.automl import outputs
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Inline
from bioautofeat.automl.prepare import Options, prepare_records, prepare_table
from bioautofeat.automl.run import Run
from bioautofeat.cli.main import main
from bioautofeat.evaluation.calibration import Calibration, Decision
from bioautofeat.report import Facts, write_report
from bioautofeat.report.concerns import concerns
from bioautofeat.report.estimate import baseline
from bioautofeat.report.facts import Allowance
from bioautofeat.report.markup import Markup, named, table
from bioautofeat.report.matters import gathered
from bioautofeat.report.mistakes import most_wrong
from bioautofeat.report.page import TITLES
from bioautofeat.report.provenance import command_line
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")

HOSTILE = "<script>alert(1)</script>"
PRESENT = [key for key in TITLES if key != "networks"]
"""Parts of the page of a run without networks."""

VOID = {"meta", "br", "hr", "line", "rect", "circle", "path", "polyline", "polygon"}


class Reader(HTMLParser):
    """Text of each section; fails where tags do not balance."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.sections, self.attributes = [], set(), {}, []
        self.figures, self.captions, self.texts = 0, 0, []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.figures += tag == "figure"
        self.captions += tag == "figcaption"
        if tag == "section":
            self.sections[dict(attrs)["id"]] = ""
            self.current = dict(attrs)["id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> after {self.open[-3:]}"

    def handle_data(self, data):
        if self.sections and "section" in self.open:
            self.sections[self.current] += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def records(seed, n=60, classes=2, length=60, strength=0.15):
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        share = np.full(4, 0.25 - strength / 3)
        share[i % classes] = 0.25 + strength
        texts.append("".join(rng.choice(list("ACGT"), length, p=share)))
        labels.append("abcd"[i % classes])
    return texts, labels


def part(texts, labels, ids=None):
    return Part(Sequences.from_strings(texts, "dna", ids), tuple(labels), "train.fa")


def facts_of(folder, prepared, options):
    """Run, write all, and give back the facts that the report was made from."""
    grabbed = []
    with Inline() as fits, pytest.MonkeyPatch.context() as patch:
        patch.setattr("bioautofeat.report.write_report", lambda *given: grabbed.append(given) or write_report(*given))
        Run(prepared, options, Clock(options.time_budget), fits, folder).go()
    return grabbed[0][1]


QUICK = {"trials": 3, "descriptors": ("kmer:k=2", "length")}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two classes, a copy, a conflict, a test part with a copy; one id is hostile, and so is a class."""
    folder = tmp_path_factory.mktemp("two")
    texts, labels = records(1, 80)
    texts, labels = [*texts, texts[0], texts[1]], [*labels, labels[0], "a"]
    labels = [f"{label}{HOSTILE}" if label == "b" else label for label in labels]
    ids = [f"r{i}" for i in range(len(texts))]
    ids[0], ids[3] = f"{HOSTILE}&amp;", '"><img src=x onerror=alert(2)>'
    more, theirs = records(2, 80)
    theirs = [f"{label}{HOSTILE}" if label == "b" else label for label in theirs]
    test = part([texts[2], *more], [labels[2], *theirs])
    options = Options(**QUICK)
    prepared = prepare_records(part(texts, labels, ids), test, options)
    facts = facts_of(folder, prepared, options)
    return folder, facts, (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three")
    options = Options(**QUICK)
    facts = facts_of(folder, prepare_records(part(*records(3, 90, 3, strength=0.1)), None, options), options)
    return folder, facts, (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    texts, _ = records(4, 90)
    numbers = [str(text.count("A") / 60 + 0.01 * (i % 7)) for i, text in enumerate(texts)]
    options = Options(task="regression", **QUICK)
    more, _ = records(5, 70)
    test = part(more, [str(text.count("A") / 60) for text in more])
    facts = facts_of(folder, prepare_records(part(texts, numbers), test, options), options)
    return folder, facts, (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    """A table with missing values."""
    folder = tmp_path_factory.mktemp("columns")
    rng = np.random.default_rng(6)
    labels = ["yes" if i % 2 else "no" for i in range(80)]
    cells = rng.normal(size=(80, 5)) + np.array([[i % 2, 0, 0, 0, 0] for i in range(80)]) * 1.5
    cells[rng.random(cells.shape) < 0.05] = np.nan
    given = FeatureTable(cells, tuple("vwxyz"), tuple(f"row{i}" for i in range(80)), tuple(labels))
    options = Options(trials=2)
    facts = facts_of(folder, prepare_table(given, None, options, "t.csv"), options)
    return folder, facts, (folder / "report.html").read_text(encoding="utf-8")


ALL = ("two", "three", "values", "columns")


@pytest.mark.parametrize("name", ALL)
def test_the_page_is_sound_and_whole(name, request):
    _, facts, page = request.getfixturevalue(name)
    reader = read(page)
    assert list(reader.sections) == PRESENT
    assert all(len(text) > 40 for text in reader.sections.values())
    assert reader.seen >= {"svg", "table", "figure", "figcaption", "nav", "main"}
    assert reader.figures == reader.captions >= 5
    links = {value for tag, attribute, value in reader.attributes if tag == "a" and attribute == "href"}
    assert links == {f"#{key}" for key in PRESENT}
    for tag, attribute, value in reader.attributes:
        if tag == "svg" and attribute == "aria-label":
            assert value.strip()
    assert len(page.encode()) < 1_500_000
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b", re.sub(r"<style>.*?</style>", "", page, flags=re.S))
    assert facts.metric in page


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_loaded_and_nothing_runs(name, request):
    page = request.getfixturevalue(name)[2]
    reader = read(page)
    assert not reader.seen & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    assert not any(attribute.startswith("on") or attribute in ("src", "srcset", "xlink:href") for _, attribute, _ in reader.attributes)  # fmt: skip
    for word in ("url(", "@import", "http:", "https:", "javascript:"):
        assert word not in page, word
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_hostile_names_are_inert(two, tmp_path, monkeypatch):
    _, facts, page = two
    assert f"b{HOSTILE}" in read(page).sections["asked"]
    monkeypatch.setattr("bioautofeat.report.mistakes.MOST_OF_A_PAIR", 1000)
    monkeypatch.setattr("bioautofeat.report.mistakes.MOST_RECORDS", 1000)
    wrong = replace(facts)
    wrong.__dict__["chosen"] = 1 - facts.truth
    write_report(tmp_path / "report.html", wrong, 0.0)
    other = (tmp_path / "report.html").read_text(encoding="utf-8")
    reader = read(other)
    ids = facts.problem.source.ids
    assert all(str(ids[row]) in reader.sections["errors"] for row in (0, 3))
    for text in (page, other):
        assert "<script" not in text
        assert "<img" not in text
    assert not reader.seen & {"script", "img"}


@pytest.mark.parametrize("name", ALL)
def test_numbers_are_those_of_the_other_files(name, request):
    folder, facts, page = request.getfixturevalue(name)
    metrics = json.loads((folder / "metrics.json").read_text())
    text = read(page).sections["estimate"]
    for key in ("corrected", "naive", "test", "test_clean"):
        for row in (metrics.get(key) or {}).values():
            assert f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})".replace("-0.000", "0.000") in text.replace("-0.000", "0.000")  # fmt: skip
    with open(folder / "leaderboard.csv", newline="", encoding="utf-8") as stream:
        board = list(csv.DictReader(stream))
    shown = read(page).sections["search"]
    for row in board:
        assert row["model"] in shown
    findings = json.loads((folder / "audit.json").read_text())
    assert f"{findings['records']:,}" in read(page).sections["audit"]
    assert facts.result.model.metadata["training_sha256"] in page


def test_the_audit_comes_first_and_in_words(two):
    _, facts, page = two
    text = read(page).sections["audit"]
    assert "1 sequence stands under two labels" in text
    assert "2 training records are identical" in text
    assert "1 test record of 81 has the sequence of a training record" in text
    assert text.index("Attention") < text.index("In order") < text.index("The data in numbers")
    assert page.index('id="audit"') < page.index('id="asked"') < page.index('id="estimate"')
    assert f"{len(list(concerns(facts)))} findings" in page


def test_concerns_of_many_kinds(two):
    _, facts, _ = two
    findings = {
        "records": 100, "duplicates": 1, "conflicts": 0, "classes": {"a": 90, "b": 10}, "letters": {"A": 80, "other": 20},
        "groups": 1, "group_sizes": {"all_groups": 1, "records_in_groups": 100, "largest": 100},
        "shortcuts": {"length": {"auc": 0.97, "mcc": 0.8}},
        "test": {"records": 9, "exact": 0, "reverse_complement": 2, "near": 3, "conflicting": 0, "clean": 5, "same_ids": 4, "shift_auc": 0.9},
    }  # fmt: skip
    odd = replace(facts, findings=findings, sought=False)
    text = " ".join(concerns(odd))
    for words in (
        "1 training record is identical", "uneven", "20.0 % of the letters", "no time to look", "could not all be kept together",
        "length of a record alone tells the classes apart (an AUC of 0.970", "2 test records of 9 are the other strand",
        "3 test records of 9 share half", "4 identifiers", "AUC of 0.900", "only 5 test records are",
    ):  # fmt: skip
        assert words in text, words


def test_confusion_and_classes(two, three):
    for _, facts, page in (two, three):
        predicted = [facts.classes[c] for c in facts.chosen]
        counts = {(t, p): 0 for t in facts.classes for p in facts.classes}
        for t, p in zip(facts.truth, predicted, strict=True):
            counts[facts.classes[t], p] += 1
        body = re.search(r'<table class="matrix".*?</table>', page, re.S)[0]
        cells = [int(cell.replace(",", "")) for cell in re.findall(r'<td class="(?:hit|miss|none)"[^>]*>([\d,]+)</td>', body)]  # fmt: skip
        assert cells == list(counts.values())
        for c in range(len(facts.classes)):
            assert f"{roc_auc_score(facts.truth == c, facts.predictions[:, c]):.3f}" in read(page).sections["errors"]


def test_wrong_records_the_surest_first(three):
    _, facts, page = three
    places = most_wrong(facts)
    assert set(places.tolist()) <= set(np.flatnonzero(facts.chosen != facts.truth).tolist())
    sure = facts.predictions[places, facts.chosen[places]] - facts.predictions[places, facts.truth[places]]
    assert np.all(np.diff(sure) <= 1e-9)
    text = read(page).sections["errors"]
    for place in places.tolist():
        assert str(facts.problem.source.ids[facts.rows[place]]) in text
    many = replace(facts)
    many.__dict__.update(chosen=(facts.truth + 1) % 3, wrong=np.ones(len(facts.truth), bool))
    pairs = [(facts.truth[i], many.chosen[i]) for i in most_wrong(many).tolist()]
    assert len(pairs) == 60
    assert max(pairs.count(pair) for pair in set(pairs)) == 20


def test_regression_is_drawn_and_told(values):
    _, facts, page = values
    text = read(page).sections
    for words in ("Predicted against true values", "Residuals", "Coverage of intervals", "By fifths"):
        assert words in text["judged"]
    error = np.abs(facts.predictions - facts.truth)
    worst = facts.problem.source.ids[facts.rows[int(error.argmax())]]
    first = text["errors"].split("relatives", 1)[1]
    assert first.index(str(worst)) < 40
    assert "Regression: a value and a 90 % interval" in text["dome"]


def test_a_table_says_what_cannot_be_known(columns):
    text = read(columns[2]).sections
    assert "does not tell which records are related" in text["audit"]
    assert "The 5 columns of the table" in text["dome"]
    assert "150" not in text["asked"]


def test_dome_is_answered_and_blanks_are_marked(two):
    page = two[2]
    reader = read(page)
    for item in (
        "Provenance", "Splits", "Redundancy", "Algorithm", "Meta-predictions", "Encoding", "Parameters", "Features", "Fitting", "Regularization",
        "Interpretability", "Output", "Execution time", "Method", "Measures", "Comparison", "Confidence", "Availability",
    ):  # fmt: skip
        assert item in reader.sections["dome"], item
    assert page.count('class="blank"') >= 8
    assert "82 training records" in reader.sections["dome"]


def test_columns_that_learn_from_labels_stay_out_of_the_drawing(tmp_path):
    options = Options(trials=1, descriptors=("pslogodds", "kmer:k=2"))
    facts = facts_of(tmp_path, prepare_records(part(*records(7, 80)), None, options), options)
    found = gathered(facts, Allowance(60.0, False)).embedding
    assert found.left_out > 0
    assert found.columns == 16


def test_without_time_the_page_is_whole_and_says_so(two, tmp_path):
    _, facts, page = two
    write_report(tmp_path / "report.html", facts, 0.0)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    reader = read(text)
    assert list(reader.sections) == PRESENT
    assert text.count("Left out") == 3
    assert "Left out" not in page
    extras = gathered(facts, Allowance(-1.0, True))
    assert (extras.weights, extras.shares, extras.embedding) == (None, None, None)


def test_the_blend_over_time_ends_with_what_is_delivered(two, values):
    for _, facts, _ in (two, values):
        steps = facts.result.board.history
        assert steps[-1] == pytest.approx(facts.champion.scores[facts.metric], abs=1e-9)
        assert len(steps) == len(facts.result.board.trials)


def test_importance_finds_what_matters(columns, two):
    _, facts, _ = columns
    extras = gathered(facts, Allowance(60.0, False))
    assert not extras.weights.measured
    assert extras.weights.features[0][0] == "v"
    assert extras.shares.rows[0][0] == "v"
    measured = gathered(two[1], Allowance(60.0, False)).weights
    assert measured.measured
    assert measured.records == 80
    assert measured.blocks[0][0].name == "kmer:k=2"
    assert measured.blocks[-1][1].main.mean() == pytest.approx(0.0, abs=0.05)


def test_the_same_run_has_the_same_report(three, tmp_path):
    _, facts, _ = three
    pages = []
    for name in ("a", "b"):
        write_report(tmp_path / "report.html", facts, 30.0)
        pages.append((tmp_path / "report.html").read_text(encoding="utf-8"))
        (tmp_path / "report.html").rename(tmp_path / name)
    assert pages[0] == pages[1]


def test_a_baseline_looks_at_no_record(two, values):
    assert baseline(two[1])["auc"] == pytest.approx(0.5)
    assert baseline(values[1])["r2"] == pytest.approx(0.0, abs=0.05)


def test_the_command_repeats_the_run(tmp_path):
    texts, labels = records(8, 40)
    data = tmp_path / "the data's.fa"
    data.write_text(
        "".join(f">x{i}|{label}\n{text}\n" for i, (text, label) in enumerate(zip(texts, labels, strict=True)))
    )
    run = tmp_path / "run"
    given = [
        "fit",
        str(data),
        "--labels",
        "header",
        "--trials",
        "2",
        "-d",
        "kmer:k=1",
        "-d",
        "length",
        "--threads",
        "1",
    ]
    assert main([*given, "-o", str(run), "--quiet"]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    command = unescape(re.search(r'<pre class="command">(.*?)</pre>', page, re.S)[1])
    words = shlex.split(command)
    assert words[0] == "bioautofeat"
    words[words.index("-o") + 1] = str(tmp_path / "again")
    assert main([*words[1:], "--quiet"]) == 0
    for name in ("model.baf", "predictions_oof.csv", "metrics.json"):
        assert (tmp_path / "again" / name).read_bytes() == (run / name).read_bytes(), name
    config = json.loads((run / "config.json").read_text())
    assert config["data_sha256"] in page


def test_a_long_command_is_whole_and_names_the_folder_as_it_was_typed(two, tmp_path, monkeypatch):
    _, facts, _ = two
    files = [f"folder/{'x' * 100} & {number}.fa" for number in range(60)]
    config = {"command": "fit", "input": ["a\x1b[31m.fa"], "test": files, "trials": 3}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "run").mkdir(parents=True)
    write_report(Path("deep/run/report.html"), replace(facts, config=config), 0.0)
    page = (tmp_path / "deep" / "run" / "report.html").read_text(encoding="utf-8")
    read(page)
    command = unescape(re.search(r'<pre class="command">(.*?)</pre>', page, re.S)[1])
    assert len(command) > 6000
    assert "…" not in command
    words = shlex.split(command)
    assert [words[i + 1] for i, word in enumerate(words) if word == "--test"] == files
    assert words[-2:] == ["-o", "deep/run"]
    assert words[2] == "a\ufffd[31m.fa"
    assert shlex.split(command_line(config, 1, "-run"))[-2:] == ["-o", "./-run"]


def test_commands_are_quoted():
    config = {"command": "fit", "input": ["a b.fa", "pos=$(x).fa"], "test": ["t.fa", "u.fa"], "time_budget": 90.0, "nas": True, "metric": None}  # fmt: skip
    words = shlex.split(command_line(config, 2))
    assert words == [
        "bioautofeat", "fit", "a b.fa", "pos=$(x).fa", "--test", "t.fa", "--test", "u.fa", "--time-budget", "90", "--nas", "--threads", "2", "-o", "RUN",
    ]  # fmt: skip
    assert command_line({}, 2) == ""


def test_tables_escape_fold_and_stop():
    text = table([[HOSTILE, 1234, 0.5, True, Markup("<b>x</b>")]], ["a", "b", "c", "d", "e"])
    assert "<script" not in text
    assert "1,234" in text
    assert "<b>x</b>" in text
    long = table([[f"row {i}", i] for i in range(20_000)], ["a", "b"], "in a file")
    assert len(long) < 110_000
    assert "in a file" in long
    assert "<details>" in long
    read(long)
    assert named("a\x00\u202eb") == "a\ufffd\ufffdb"
    assert len(named("x" * 10_000)) == 80


def test_hundreds_of_classes_stay_readable(two, tmp_path):
    """The same page with the truth cut into many classes, by hand."""
    _, facts, _ = two
    rng = np.random.default_rng(0)
    names = tuple(f"class number {i:03d}" for i in range(400))
    n = 1200
    truth = np.arange(n) % 400
    scores = rng.dirichlet(np.ones(400), n)
    scores[np.arange(n), truth] += rng.random(n)
    scores /= scores.sum(axis=1, keepdims=True)
    problem = replace(
        facts.problem, source=Sequences.from_strings(["ACGTTGCA"] * n, "dna"), truth=truth, classes=names, groups=np.arange(n), folds=np.arange(n) % 5,
        judged=tuple(range(5)),
    )  # fmt: skip
    champion = replace(facts.champion, predictions=scores, calibration=Calibration(), decision=Decision((1.0,) * 400))
    board = type(facts.result.board)(problem)
    board.trials = [replace(trial, predictions=scores) for trial in facts.result.board.trials]
    board.champion = champion
    many = Facts(
        {**facts.findings, "classes": dict.fromkeys(names, 3), "records": n}, facts.metrics, facts.leaderboard, replace(facts.result, board=board),
        facts.options,
    )  # fmt: skip
    write_report(tmp_path / "report.html", many, 0.0)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    read(page)
    assert len(page.encode()) < 1_000_000
    assert "The most frequent mistakes" in page
    assert 'class="matrix"' not in page


def test_report_gets_a_share_of_the_budget(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("bioautofeat.report.write_report", lambda path, facts, seconds: given.append(seconds))
    options = Options(time_budget=100.0, trials=1, descriptors=("kmer:k=1",))
    prepared = prepare_records(part(*records(9, 40)), None, options)
    with Inline() as fits:
        result = Run(prepared, options, Clock(100.0), fits, tmp_path).go()
    assert given == [pytest.approx(3.0)]
    late = replace(result, seconds=99.5)
    outputs.write_all(tmp_path, prepared, late.board.problem, late, options)
    assert given[1] < 0.5
    late = replace(result, seconds=200.0)
    outputs.write_all(tmp_path, prepared, late.board.problem, late, options)
    assert given[2] == 0.0
