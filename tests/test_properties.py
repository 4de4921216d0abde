"""The tables of the package: what they hold, how they are addressed and scaled, and what is refused."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest

from bioautofeat.alphabet import ALPHABETS, DNA, PROTEIN, RNA
from bioautofeat.errors import ParameterError
from bioautofeat.properties import distances, property_sets, property_table, property_titles, word_properties

DATA = files("bioautofeat.data")
TABLES = sorted(entry.name for entry in DATA.iterdir() if entry.name.endswith(".csv"))


def read(name):
    return list(csv.reader(DATA.joinpath(name).read_text(encoding="utf-8").splitlines()))


def values(alphabet, k, name, standardise="auto"):
    return word_properties(alphabet, k, (name,), standardise).values


def test_every_table_has_its_source():
    rows = read("sources.csv")
    assert rows[0] == ["file", "source", "note"]
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
    assert sorted(row[0] for row in rows[1:]) == [name for name in TABLES if name != "sources.csv"]


@pytest.mark.parametrize("name", [name for name in TABLES if name != "sources.csv"])
def test_tables_are_rectangular(name):
    rows = read(name)
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 2


@pytest.mark.parametrize(("alphabet", "k"), [(DNA, 2), (DNA, 3), (RNA, 2), (RNA, 3), (PROTEIN, 1)])
def test_every_named_set_resolves(alphabet, k):
    sets = property_sets(alphabet, k)
    assert "default" in sets
    for name in sets:
        for standardise in ("auto", "none", "sample", "population"):
            found = word_properties(alphabet, k, (name,), standardise)
            assert found.values.shape == (alphabet.size**k, len(found.slugs))
            assert np.isfinite(found.values).all()
            assert len(found.titles) == len(set(found.slugs)) == len(found.slugs)


def test_sizes_of_the_sets():
    sizes = {name: values(DNA, 2, name).shape[1] for name in property_sets(DNA, 2)}
    assert (sizes["six"], sizes["classic"], sizes["repdna38"], sizes["raw"], sizes["all"]) == (6, 38, 38, 90, 148)
    assert values(DNA, 3, "all").shape == (64, 12)
    assert values(RNA, 2, "all").shape == (16, 22)
    assert values(PROTEIN, 1, "all").shape == (20, 553)  # of 566, 13 lack a value for some residue


def test_published_tables_are_the_raw_ones_standardised():
    raw, standard = values(DNA, 3, "raw", "population"), values(DNA, 3, "all")
    assert raw == pytest.approx(standard, abs=5e-4)
    slugs = [slug for slug in word_properties(DNA, 2, ("classic",)).slugs if slug != "roll"]
    gap = max(np.abs(values(DNA, 2, f"raw.{slug}", "sample") - values(DNA, 2, slug)).max() for slug in slugs)
    assert gap < 0.011
    assert np.abs(values(DNA, 2, "raw.entropy", "sample") - values(DNA, 2, "entropy")).max() > 2  # another source


def test_rolls_of_two_papers():
    def roll(prefix):
        table = word_properties(DNA, 2, (f"{prefix}roll",))
        return dict(zip(table.words, table.values[:, 0].tolist(), strict=True))

    assert (roll("psednc.")["AA"], roll("psednc.")["AC"], roll("psednc.")["GC"]) == (0.27, 0.80, 1.33)  # Chen 2013
    assert (roll("pseknc.")["AA"], roll("pseknc.")["AC"], roll("pseknc.")["GC"]) == (0.09, 1.19, 2.30)  # Guo 2014
    assert roll("")["AC"] == pytest.approx(1.19, abs=0.005)
    for name in ("twist", "tilt", "shift", "slide", "rise"):
        assert np.array_equal(values(DNA, 2, f"psednc.{name}"), values(DNA, 2, f"pseknc.{name}"))
        assert values(DNA, 2, name) == pytest.approx(values(DNA, 2, f"pseknc.{name}"), abs=0.006)


def test_scaling():
    raw = values(RNA, 2, "twist", "none")[:, 0]
    assert raw.min() == 27.0
    assert values(RNA, 2, "twist")[:, 0] == pytest.approx((raw - raw.mean()) / raw.std(ddof=1))
    assert values(RNA, 2, "twist", "population")[:, 0] == pytest.approx((raw - raw.mean()) / raw.std())
    mass = values(PROTEIN, 1, "sidechainmass", "none")[:, 0]
    assert values(PROTEIN, 1, "sidechainmass")[:, 0] == pytest.approx((mass - mass.mean()) / mass.std())
    assert np.array_equal(values(DNA, 2, "twist"), values(DNA, 2, "twist", "none"))  # published standardised
    for alphabet, k in ((DNA, 2), (PROTEIN, 1)):
        scaled = values(alphabet, k, "all", "population")
        assert scaled.mean(axis=0) == pytest.approx(np.zeros(scaled.shape[1]), abs=1e-9)
        assert scaled.std(axis=0) == pytest.approx(np.ones(scaled.shape[1]))


def test_words_follow_the_alphabet_and_u_is_t():
    dna, rna = word_properties(DNA, 3, ("all",)), word_properties(RNA, 3, ("all",))
    assert (dna.words[3], rna.words[3]) == ("AAT", "AAU")
    assert np.array_equal(dna.values, rna.values)
    assert "".join(word_properties(PROTEIN, 1, ("z1",)).words) == PROTEIN.letters
    residues = dict(zip(PROTEIN.letters, values(PROTEIN, 1, "z1", "none")[:, 0].tolist(), strict=True))
    assert (residues["A"], residues["R"], residues["V"]) == (0.24, 3.52, -2.59)


def test_the_strands_of_dna_have_the_same_properties_where_the_source_says_so():
    table = word_properties(DNA, 2, ("twist", "tilt", "roll", "shift", "slide", "rise"))
    places = {word: i for i, word in enumerate(table.words)}
    turned = [places[word[::-1].translate(str.maketrans("ACGT", "TGCA"))] for word in table.words]
    assert np.array_equal(table.values, table.values[turned])


def test_the_eight_of_propy_are_those_of_aaindex():
    eight = property_table("residue-autocorrelation8", PROTEIN.symbols).values
    assert np.array_equal(eight, values(PROTEIN, 1, "propy", "none"))


def test_distances():
    grantham, unscaled, schneider = (distances(name) for name in ("grantham", "grantham-unscaled", "schneider-wrede"))
    at = {letter: i for i, letter in enumerate(PROTEIN.letters)}
    assert grantham[at["L"], at["I"]] == 5
    assert grantham[at["C"], at["W"]] == 215
    assert np.array_equal(grantham, grantham.T)
    gaps = np.abs(50.723 * unscaled - grantham)
    assert np.sort(gaps.ravel())[-3] < 2  # all pairs but one
    assert gaps[at["W"], at["D"]] == gaps.max() == pytest.approx(9.55, abs=0.01)  # printed 181, by the formula 190.6
    assert not np.array_equal(schneider, schneider.T)
    assert schneider.max() == 1.0
    for table in (grantham, unscaled, schneider):
        assert not np.diag(table).any()
        assert not table.flags.writeable


def test_a_users_table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("slug,A,C,G,U\nMelting (C),1,2,3,4\n\nwith gap,1,,3,4\n")
    table = property_table(str(path), RNA.symbols)
    assert table.slugs == ("melting-c", "with-gap")
    assert table.columns(["melting-c"]).ravel().tolist() == [1, 2, 3, 4]
    with pytest.raises(ParameterError, match="with-gap"):
        table.columns(["with-gap"])
    with pytest.raises(ParameterError, match="with-gap"):
        word_properties(RNA, 1, (str(path),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slug,A,C,G\nx,1,2,3\n", "no column for T"),
        ("slug,A,C,G,T\nx,1,2,3\n", "4 cells, the header 5"),
        ("slug,A,C,G,T\nx,1,2,3,high\n", "'high' is not a number"),
        ("slug,A,C,G,T\nx,1,2,3,4\nX,1,2,3,4\n", "stands twice"),
        ("slug,A,C,G,T\n", "any property"),
        ("", "no column"),
    ],
)
def test_a_users_table_that_cannot_be_used(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message):
        property_table(str(path), DNA.symbols)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'twist'"):
        word_properties(DNA, 2, ("twits",))
    with pytest.raises(ParameterError, match="given twice"):
        word_properties(DNA, 2, ("six", "roll"))
    with pytest.raises(ParameterError, match="unknown table of distances"):
        distances("granthem")


def test_addresses_are_unique():
    rows = read("property-tables.csv")[1:]
    for alphabet in ALPHABETS.values():
        for k in (1, 2, 3):
            slugs = []
            for name, size, prefix, table, kind in rows:
                if (name, size) == (alphabet.name, str(k)):
                    words = word_properties(alphabet, k, ("default",)).words
                    slugs += [prefix + slug for slug in property_table(table, words).slugs]
                    assert kind in ("raw", "standardised")
            assert len(slugs) == len(set(slugs))
            assert not set(slugs) & set(property_sets(alphabet, k))


def test_titles_are_those_of_the_sources():
    titles = property_titles(DNA, 3)
    assert titles["bendability-dnase"] == "Bendability (DNAse)"
    assert titles["raw.bendability-dnase"] == "Bendability-DNAse"
    assert len(property_titles(PROTEIN, 1)) > 900
    for slug in property_titles(RNA, 2):
        assert word_properties(RNA, 2, (slug,)).slugs == (slug,)
