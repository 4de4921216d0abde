"""Autocorrelations against their definitions, their identities and their stated values where there is nothing to say."""

from __future__ import annotations

import math
import pickle

import numpy as np
import oracles_pairs as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import ALPHABETS
from bioautofeat.errors import ParameterError
from bioautofeat.families import find, parse
from bioautofeat.properties import distances, word_properties
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training, fill_rows

DNA_TEXTS = st.lists(st.text("ACGTN", max_size=30), min_size=1, max_size=4)
PROTEIN_TEXTS = st.lists(st.text("ACDEWYX", max_size=30), min_size=1, max_size=4)
DINUCLEOTIDE = ("dac", "dcc", "dacc")
TRINUCLEOTIDE = ("tac", "tcc", "tacc")
ALL = [row.name for row in find() if row.family == "correlation"]


def rows(spec, texts, alphabet="dna", threads=1):
    seqs = Sequences.from_strings(texts, alphabet)
    return fill_rows(parse(spec).term(ALPHABETS[alphabet]).fit(Training(30)), seqs, threads=threads)


def table(alphabet, k, name="default", standardise="auto"):
    """Properties as one mapping of words to numbers each."""
    found = word_properties(ALPHABETS[alphabet], k, (name,), standardise)
    return [dict(zip(found.words, column.tolist(), strict=True)) for column in found.values.T]


def track(text, k, alphabet="dna"):
    return oracle.words(text, k, ALPHABETS[alphabet].letters)


def compare(found, expected):
    assert np.shape(found) == np.shape(expected)
    assert np.isfinite(found).all()
    assert found == pytest.approx(np.array(expected, float), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(DNA_TEXTS, st.sampled_from([2, 3]), st.integers(1, 3))
def test_auto_and_cross_covariance_of_words(texts, k, lag):
    auto, cross = ("dac", "dcc") if k == 2 else ("tac", "tcc")
    properties = table("dna", k)
    several = range(len(properties))
    ordered = [(u, v) for a in several for b in several if a < b for u, v in ((a, b), (b, a))]
    for spec, chosen in ((auto, [(u, u) for u in several]), (cross, ordered)):
        expected = [
            [
                oracle.covariance(track(text, k), properties[u], properties[v], d) if len(text) >= k + lag else 0
                for u, v in chosen
                for d in range(1, lag + 1)
            ]
            for text in texts
        ]
        compare(rows(f"{spec}:lag={lag}", texts), expected)


@settings(deadline=None, max_examples=20)
@given(PROTEIN_TEXTS)
def test_auto_covariance_of_residues(texts):
    expected = [
        [
            oracle.covariance(track(text, 1, "protein"), p, p, d) if len(text) >= 4 else 0
            for p in table("protein", 1)
            for d in (1, 2, 3)
        ]
        for text in texts
    ]
    compare(rows("ac", texts, "protein"), expected)


@settings(deadline=None, max_examples=25)
@given(DNA_TEXTS, st.sampled_from(["moran", "geary", "nmbroto"]))
def test_classical_autocorrelations_of_dinucleotides(texts, name):
    measure = {"moran": oracle.moran, "geary": oracle.geary, "nmbroto": oracle.broto}[name]
    properties = table("dna", 2, standardise="population")
    expected = [
        [measure(track(text, 2), p, d) if len(text) >= 5 else 0 for p in properties for d in (1, 2, 3)]
        for text in texts
    ]
    compare(rows(name, texts), expected)


@settings(deadline=None, max_examples=25)
@given(PROTEIN_TEXTS, st.sampled_from(["moran", "geary", "nmbroto"]))
def test_classical_autocorrelations_of_residues(texts, name):
    measure = {"moran": oracle.moran, "geary": oracle.geary, "nmbroto": oracle.broto}[name]
    expected = [
        [
            measure(track(text, 1, "protein"), p, d) if len(text) >= 6 else 0
            for p in table("protein", 1, "propy")
            for d in range(1, 6)
        ]
        for text in texts
    ]
    compare(rows(f"{name}:properties=propy,lag=5", texts, "protein"), expected)


@settings(deadline=None, max_examples=20)
@given(PROTEIN_TEXTS)
def test_variants_after_propy(texts):
    properties = table("protein", 1)
    for text, broto, geary, plain in zip(
        texts,
        rows("nmbroto:variant=propy", texts, "protein"),
        rows("geary:variant=propy", texts, "protein"),
        rows("geary", texts, "protein"),
        strict=True,
    ):
        words = track(text, 1, "protein")
        known = sum(word is not None for word in words)
        compare(
            broto,
            [oracle.broto(words, p, d, distance=1) if len(text) >= 4 else 0 for p in properties for d in (1, 2, 3)],
        )
        compare(geary, plain * (known - 1) / max(1, known))


@settings(deadline=None, max_examples=20)
@given(DNA_TEXTS)
def test_variant_after_repdna(texts):
    properties = table("dna", 3)
    several = range(len(properties))
    expected = []
    for text in texts:
        words, enough = track(text, 3), len(text) >= 5
        auto = (
            [oracle.repdna_auto(words, properties[u], d, len(text)) for d in (1, 2) for u in several]
            if enough
            else [0] * 4
        )
        cross = (
            [
                oracle.repdna_cross(words, properties[u], properties[v], d, len(text))
                for d in (1, 2)
                for u in several
                for v in several
                if u != v
            ]
            if enough
            else [0] * 4
        )
        expected.append(auto + cross)
    compare(rows("tacc:lag=2,variant=repdna", texts), expected)
    compare(rows("tac:lag=2,variant=repdna", texts), np.array(expected)[:, :4])
    compare(rows("tcc:lag=2,variant=repdna", texts), np.array(expected)[:, 4:])
    names = parse("tacc:lag=2,variant=repdna").term(ALPHABETS["dna"]).names()
    assert names[:3] == ["dnase-i.lag1", "bendability-dnase.lag1", "dnase-i.lag2"]
    assert names[4:6] == ["dnase-i+bendability-dnase.lag1", "bendability-dnase+dnase-i.lag1"]


@settings(deadline=None, max_examples=20)
@given(PROTEIN_TEXTS)
def test_sequence_order_coupling_numbers(texts):
    letters = ALPHABETS["protein"].letters
    tables = [
        {a: dict(zip(letters, row, strict=True)) for a, row in zip(letters, distances(name).tolist(), strict=True)}
        for name in ("schneider-wrede", "grantham")
    ]
    sums, means = rows("socn:norm=sum", texts, "protein"), rows("socn", texts, "protein")
    for text, total, average in zip(texts, sums, means, strict=True):
        words = track(text, 1, "protein")
        wanted = [(oracle.coupling(words, t, d), len(oracle.pairs(words, d))) for t in tables for d in (1, 2, 3)]
        wanted = wanted if len(text) >= 4 else [(0, 1)] * 6
        compare(total, [value for value, _ in wanted])
        compare(average, [value / max(1, n) for value, n in wanted])


@settings(deadline=None, max_examples=20)
@given(PROTEIN_TEXTS)
def test_plain_products_and_their_norms(texts):
    one, two = table("protein", 1, "z1", "none")[0], table("protein", 1, "z2", "none")[0]
    spec = "properties=z1,lag=2,first=0"
    by_pairs = rows(f"autocorr:{spec}", texts, "protein")
    by_letters = rows(f"autocorr:{spec},norm=letters", texts, "protein")
    by_squares = rows(f"autocorr:{spec},norm=squares", texts, "protein")
    crossed = rows("crosscorr:properties=z1+z2,lag=1", texts, "protein")
    for s, text in enumerate(texts):
        words = track(text, 1, "protein")
        known = max(1, sum(word is not None for word in words))
        for d in range(3) if len(text) >= 3 else ():
            found = [(one[x], one[y]) for x, y in oracle.pairs(words, d)]
            total, squares = math.fsum(x * y for x, y in found), math.fsum(x * x for x, _ in found)
            compare(by_pairs[s, d], total / max(1, len(found)))
            compare(by_letters[s, d], total / known)
            compare(by_squares[s, d], total / squares if squares else 0)
        if len(text) >= 2:
            found = oracle.pairs(words, 1)
            compare(crossed[s], [oracle.mean(p[x] * q[y] for x, y in found) for p in (one, two) for q in (one, two)])


def test_pairs_of_a_cross_correlation():
    def labels(choice):
        term = parse(f"crosscorr:properties=z1+z2,lag=1,pairs={choice}").term(ALPHABETS["protein"])
        return [name.removesuffix(".lag1") for name in term.names()]

    assert labels("all") == ["z1+z1", "z1+z2", "z2+z1", "z2+z2"]
    assert labels("upper") == ["z1+z1", "z1+z2", "z2+z2"]
    assert labels("different") == ["z1+z2"]


@pytest.mark.parametrize("names", [DINUCLEOTIDE, TRINUCLEOTIDE])
@pytest.mark.parametrize("variant", ["standard", "repdna"])
def test_both_is_auto_and_then_cross(names, variant):
    texts = ["ACGTTGCATTACGGATCAGGCATCCAGTANNACGT", "GGGATATCC"]
    auto, cross, both = (rows(f"{name}:lag=2,variant={variant}", texts) for name in names)
    assert np.array_equal(np.hstack([auto, cross]), both)


def test_moran_is_covariance_over_variance():
    text = "ACGTTGCATTACGGATCAGGCATCCAGTA"
    variance = [
        oracle.squares(track(text, 2), p)[0] / (len(text) - 1) for p in table("dna", 2, standardise="population")
    ]
    covariance = rows("dac:standardise=population", [text])[0].reshape(6, 3)
    assert rows("moran", [text])[0].reshape(6, 3) == pytest.approx(covariance / np.array(variance)[:, None], abs=1e-12)


def test_geary_and_moran_do_not_depend_on_scale_and_rna_is_dna():
    text = "ACGUUGCAUUACGGAUCAGGCAUCCAGUA"
    for name in ("moran", "geary"):
        plain = rows(f"{name}:properties=raw.twist+raw.rise", [text.replace("U", "T")])
        assert plain == pytest.approx(rows(f"{name}:properties=raw.twist+raw.rise", [text.replace("U", "T")]))
    raw, scaled = rows("dac:standardise=none", [text], "rna"), rows("dac", [text], "rna")
    assert np.abs(raw).max() > 3 * np.abs(scaled).max()  # fault 32: without scaling, roll outweighs all else


def test_homopolymers_and_empty_records_have_stated_values():
    texts = ["A" * 30, "C" * 30, "N" * 30, "", "A", "AC"]
    for spec in ("dac", "dcc", "dacc", "moran", "geary", "tac", "tacc"):
        assert not rows(spec, texts).any(), spec
    assert rows("nmbroto", ["A" * 30]).min() >= 0
    for spec in ("ac", "cc", "acc", "moran", "geary"):
        assert not rows(spec, ["W" * 30, "X" * 30, "", "W"], "protein").any(), spec


def test_short_records_are_zeros_below_the_stated_length():
    term = parse("dac:lag=4").term(ALPHABETS["dna"])
    assert term.shortest == 6
    assert not rows("dac:lag=4", ["ACGTA"]).any()
    assert rows("dac:lag=4", ["ACGTAC"]).any()


def test_unknown_letters_are_not_joined_across():
    assert rows("dac:lag=1", ["ACNGT"]) == pytest.approx(np.zeros((1, 6)))  # AC and GT are three apart, not one
    assert rows("socn:lag=1,norm=sum", ["WXC"], "protein").tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("name", ALL)
def test_rows_depend_on_their_own_record_alone(name, rng):
    alphabet = "dna" if ALPHABETS["dna"] in parse(name).descriptor.alphabets else "protein"
    letters = ALPHABETS[alphabet].letters + ("N" if alphabet == "dna" else "X")
    texts = ["".join(rng.choice(list(letters), size)) for size in [*rng.integers(0, 60, 12), 900, 300]]
    together = rows(name, texts, alphabet)
    assert np.array_equal(together, np.vstack([rows(name, [text], alphabet) for text in texts]))
    assert np.array_equal(together, rows(name, texts, alphabet, threads=3))
    assert np.array_equal(together[::-1], rows(name, texts[::-1], alphabet))
    term = parse(name).term(ALPHABETS[alphabet])
    assert len(set(term.names())) == term.width == together.shape[1]
    assert pickle.loads(pickle.dumps(term)).names() == term.names()


def test_both_ways_of_counting_pairs_agree(rng):
    text = "".join(rng.choice(list("ACGTN"), 256 + 5, p=[0.24] * 4 + [0.04]))
    for size in (255, 256, 257, 258, 259, 260, 261):  # 256 different pairs of dinucleotides
        expected = [
            oracle.broto(track(text[:size], 2), p, d)
            for p in table("dna", 2, standardise="population")
            for d in (1, 2, 3)
        ]
        compare(rows("nmbroto", [text[:size]])[0], expected)


def test_errors_name_the_descriptor_and_what_to_do(tmp_path):
    for spec, message in (
        ("dac:properties=twyst", "did you mean 'twist'"),
        ("dac:properties=twist+twist", "given twice"),
        ("dcc:properties=twist", "two properties or more"),
        ("dac:lag=0", "outside 1 or more"),
        ("dac:properties=nowhere.csv", "cannot read"),
        ("dac:variant=ilearn", "not one of"),
    ):
        with pytest.raises(ParameterError, match=message):
            parse(spec).term(ALPHABETS["dna"])
    for spec, message in (
        ("socn:distances=grantham+grantham", "given twice"),
        ("socn:distances=euclid", "unknown table of distances"),
        ("autocorr:lag=1,first=2", "below the smallest"),
        ("crosscorr:properties=z1,pairs=different", "two properties or more"),
        ("ac:properties=avbf000101", "no value|unknown"),
    ):
        with pytest.raises(ParameterError, match=message):
            parse(spec).term(ALPHABETS["protein"])
    with pytest.raises(ParameterError, match="is for dna, rna"):
        parse("dac").term(ALPHABETS["protein"])


def test_a_users_distances(tmp_path):
    letters = ALPHABETS["protein"].letters
    path = tmp_path / "Mine.csv"
    lines = [f"{b},{','.join('0' if a == b else '2' for a in letters)}" for b in letters]
    path.write_text(f"slug,{','.join(letters)}\n" + "\n".join(lines) + "\n")
    spec = f"socn:distances={path},lag=1,norm=sum"
    assert rows(spec, ["AACC"], "protein").tolist() == [[4.0]]
    assert parse(spec).term(ALPHABETS["protein"]).names() == ["mine.lag1"]
