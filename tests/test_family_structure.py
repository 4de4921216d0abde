"""Secondary structure: what a structure is made of, and the energies of ViennaRNA."""

from __future__ import annotations

import numpy as np
import oracles_fitted as oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import DNA, RNA
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms import structure as terms
from bioautofeat.terms.base import fill_rows

thorough = settings(deadline=None, max_examples=100)

structures = st.recursive(
    st.sampled_from(("", ".", "...", "....")),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join), inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"((.{text}))"), inner.map(lambda text: f"(({text}..))"),
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def vienna():
    return pytest.importorskip("RNA")


@thorough
@given(structures)
def test_loops_equal_the_definition(structure):
    assert sorted(terms.loops_of(structure)) == oracles.loops(structure)


@thorough
@given(structures.filter(len), st.randoms(use_true_random=False))
def test_shares_add_up(structure, random):
    letters = "".join(random.choice("ACGU") for _ in structure)
    row = dict(zip(terms.NAMES[len(terms.ENERGIES) :], terms.describe_structure(letters, structure), strict=True))
    assert np.isfinite(list(row.values())).all()
    triplets = sum(value for name, value in row.items() if name.startswith("triplet"))
    assert triplets == pytest.approx(float(len(structure) > 2))
    assert sum(row[f"unpaired.{x}"] for x in "ACGU") == pytest.approx(float("." in structure))
    assert sum(row[f"paired.{x}"] for x in "ACGU") == pytest.approx(float("(" in structure))
    letters_by_loop = sum(value for name, value in row.items() if name.startswith("letters."))
    assert letters_by_loop == pytest.approx(structure.count(".") / len(structure))
    loops = oracles.loops(structure)
    for name, kind in (
        ("hairpins", "hairpin"),
        ("bulges", "bulge"),
        ("interiors", "interior"),
        ("multiloops", "multiloop"),
    ):
        assert row[name] == sum(k == kind for k, _ in loops)
    assert row["stems"] == structure.count("(") - sum(kind == "stack" for kind, _ in loops)


def test_a_hairpin_by_hand():
    #         GGGAAACUCC      two pairs, a bulge of U on the right, one more pair, a loop of three, one letter outside
    letters, structure = "GGGAAACUCCA", "(((...).))."
    row = dict(zip(terms.NAMES[len(terms.ENERGIES) :], terms.describe_structure(letters, structure), strict=True))
    assert row["pairs.letter"] == 3 / 11
    assert row["pairs.CG"] == 1
    assert (row["stems"], row["stem.longest"], row["stem.mean"]) == (2, 2, 1.5)
    assert (row["hairpins"], row["bulges"], row["hairpin.longest"]) == (1, 1, 3)
    assert row["letters.bulge"] == row["letters.exterior"] == 1 / 11
    assert row["letters.hairpin"] == 3 / 11
    assert row["triplet.GPPP"] == row["triplet.GPPU"] == 1 / 9
    assert row["triplet.APUU"] == row["triplet.UPUP"] == 1 / 9
    assert row["triplet.AUUU"] == 1 / 9
    assert row["paired.G"] == row["paired.C"] == 0.5
    assert row["unpaired.U"] == 0.2


def test_energies_are_those_of_vienna(vienna, rng):
    texts = ["".join(rng.choice(list("ACGU"), n)) for n in (1, 2, 5, 30, 90)]
    seqs = Sequences.from_strings([*texts, "", "N" * 20, "GGGGNNNNCCCC"], RNA)
    extractor = Extractor.of(["structure"], RNA)
    table = extractor.transform(seqs, short="zero")
    row = {name.removeprefix("structure_"): column for name, column in zip(extractor.names, table.T, strict=True)}
    for place, text in enumerate(texts):
        lowest = vienna.fold(text)[1]
        assert row["mfe"][place] == pytest.approx(lowest, abs=1e-4)
        assert row["mfe.letter"][place] == pytest.approx(lowest / len(text), abs=1e-4)
        assert row["ensemble"][place] <= row["mfe"][place] + 1e-4
        assert 0 < row["frequency"][place] <= 1 + 1e-6
    assert not table[5].any()
    assert row["frequency"][6] == pytest.approx(1)
    assert row["pairs.letter"][7] > 0
    quick = Extractor.of(["structure:ensemble=false"], RNA).transform(seqs, short="zero")
    left_out = [i for i, name in enumerate(terms.NAMES) if name in terms.ENERGIES[3:]]
    kept = [i for i in range(len(terms.NAMES)) if i not in left_out]
    assert np.array_equal(quick[:, kept], table[:, kept])
    assert not quick[:, left_out].any()


def test_long_records_are_folded_in_windows(vienna, rng):
    text = "".join(rng.choice(list("ACGU"), 100))
    term = terms.Structure(window=30, windows=3)
    parts = term._parts(text)
    assert parts == [text[:30], text[35:65], text[70:]]
    assert terms.Structure(window=60, windows=9)._parts(text) == [text[:60], text[40:]]
    assert terms.Structure(window=30, windows=1)._parts(text) == [text[35:65]]
    assert terms.Structure(window=100)._parts(text) == [text]
    whole = fill_rows(terms.Structure(), Sequences.from_strings(parts, RNA))
    means = fill_rows(term, Sequences.from_strings([text], RNA))
    np.testing.assert_allclose(means[0], whole.mean(axis=0), atol=1e-9)


def test_processes_give_the_same_bits(vienna, rng):
    texts = ["".join(rng.choice(list("ACGU"), n % 40)) for n in range(70)]
    seqs, term = Sequences.from_strings(texts, RNA), terms.Structure()
    assert np.array_equal(fill_rows(term, seqs), fill_rows(term, seqs, threads=2))
    single = fill_rows(term, seqs, threads=2, dtype=np.float32)
    assert np.array_equal(single, fill_rows(term, seqs).astype(np.float32))


@pytest.mark.parametrize("found", [None, "a folder"])
def test_without_vienna_the_way_to_get_it_is_told(monkeypatch, found):
    class Folder:
        origin = None

    monkeypatch.setattr(terms, "find_spec", lambda name: Folder if found else None)
    with pytest.raises(ParameterError, match=r"pip install bioautofeat\[structure\]"):
        Extractor.of(["structure"], RNA)


def test_dna_has_none():
    with pytest.raises(ParameterError, match="is for rna"):
        parse("structure").term(DNA)
