"""Networks among the selector's candidates: the usual one first, searched ones after the first models, same folds, one file."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

import bioautofeat
from bioautofeat.audit import Part
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Inline, Worker
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.run import Run
from bioautofeat.automl.search import Search
from bioautofeat.nas.hunting import Hunted
from bioautofeat.sequences import Sequences

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")
OPTIONS = Options(trials=7, descriptors=("kmer:k=1",), nas=True)


def make(seed, n=60, length=40):
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]
    texts = [text[:12] + "TATAAT" + text[18:] if i % 2 else text for i, text in enumerate(texts)]
    return Sequences.from_strings(texts, "dna"), tuple("ab"[i % 2] for i in range(n))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def done(folder):
    prepared = prepare_records(Part(*make(0)), None, OPTIONS)
    with Inline() as fits:
        return Run(prepared, OPTIONS, Clock(), fits, folder).go()


def test_networks_take_part_with_the_same_folds(done):
    networks = [trial for trial in done.board.trials if trial.candidate.model == "network"]
    assert len(networks) >= 2, "the usual one and a searched one"
    assert networks[0].finished
    assert networks[0].predictions.shape == (60, 2)
    assert len(networks[0].fold_losses) == 5


class Unhunted(Inline):
    """An executor that is never asked to search for networks."""

    def call(self, method, *arguments, limit=float("inf")):
        assert method != "hunt"
        return super().call(method, *arguments, limit=limit)


def test_no_search_where_not_even_the_usual_network_was_fitted(monkeypatch):
    """A search would use up the time that is left, and find what cannot be paid either."""

    affordable = Search._fitting

    def dear(self, candidate):
        return (None, "too dear") if candidate.model == "network" else affordable(self, candidate)

    monkeypatch.setattr(Search, "_fitting", dear)
    told = []
    with Unhunted() as fits:
        Run(prepare_records(Part(*make(0)), None, OPTIONS), OPTIONS, Clock(), fits, tell=told.append).go()
    assert any("no search for networks" in line for line in told)


def test_a_model_with_a_network_is_one_file_without_code(done, tmp_path):
    if not any(member.model == "network" for member in done.board.members):
        pytest.skip("no network is a member of this blend")
    fresh, _ = make(1)
    said = done.model.predict(fresh)
    done.model.save(str(tmp_path / "m.baf"))
    again = bioautofeat.load(str(tmp_path / "m.baf")).predict(fresh)
    assert again.probabilities == pytest.approx(said.probabilities, abs=1e-6)


def networks_of(folder):
    """The part of the report that is about networks, as text."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '<a href="#networks">' in page
    return re.search(r'<section id="networks">.*?</section>', page, re.S)[0]


def test_the_report_tells_of_the_search_and_draws_a_network(done, folder):
    told, found = networks_of(folder), done.networks
    assert len(found.history) == 6
    assert "http:" not in told
    sizes = [f"{row['parameters']:,}" for row in found.history]
    assert all(words in told for words in ("<svg", "evolution", "sequence", "Boxes are layers", *sizes))
    weights = done.board.champion.weights
    delivered = [t for t in done.board.trials if t.candidate.model == "network" and t.candidate.key in weights]
    assert told.count("<svg") == max(1, len(delivered))
    assert all(f"Trial {trial.number}: " in told for trial in delivered)


def test_a_run_that_is_taken_up_does_not_search_for_networks_again(done, folder, tmp_path):
    """As a run leaves it that was killed before its last trial."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    lines = (folder / "journal.jsonl").read_text().splitlines(keepends=True)
    assert '"hunt"' in "".join(lines[:-1])
    (tmp_path / "journal.jsonl").write_text("".join(lines[:-1]))
    with Unhunted() as fits:
        again = Run(prepare_records(Part(*make(0)), None, OPTIONS), OPTIONS, Clock(), fits, tmp_path).go()
    assert again.networks == done.networks
    assert [t.candidate.key for t in again.board.trials] == [t.candidate.key for t in done.board.trials]
    assert "Every network of the search" in networks_of(tmp_path)


def test_what_a_search_came_to_passes_between_processes():
    prepared = prepare_records(Part(*make(0)), None, OPTIONS)
    with Worker(1) as fits:
        fits.load(prepared.problem)
        found = fits.call("hunt", None, 2)
    assert Hunted.of(json.loads(json.dumps(found.as_dict()))) == found
    assert len(found.history) == 2
    assert found.seconds > 0


def test_the_same_networks_again(done):
    prepared = prepare_records(Part(*make(0)), None, OPTIONS)
    with Inline() as fits:
        again = Run(prepared, OPTIONS, Clock(), fits).go()
    assert [t.candidate.key for t in again.board.trials] == [t.candidate.key for t in done.board.trials]
    assert np.array_equal(again.board.champion.predictions, done.board.champion.predictions)
