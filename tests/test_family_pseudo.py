"""Pseudo compositions and weighted properties against their definitions."""

from __future__ import annotations

import pickle

import numpy as np
import oracles_pairs as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import ALPHABETS
from bioautofeat.errors import ParameterError
from bioautofeat.families import find, parse
from bioautofeat.properties import RESIDUE_ORDERS, distances, word_properties
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training, fill_rows
from bioautofeat.terms.lagged import Forms, Lags
from bioautofeat.terms.pseudo import Pseudo
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

DNA_TEXTS = st.lists(st.text("ACGTN", max_size=25), min_size=1, max_size=4)
PROTEIN_TEXTS = st.lists(st.text("ACDEWYX", max_size=25), min_size=1, max_size=4)
ALL = [row.name for row in find() if row.family in ("pseudo", "physicochemical")]


def rows(spec, texts, alphabet="dna", threads=1, length=30):
    seqs = Sequences.from_strings(texts, alphabet)
    return fill_rows(parse(spec).term(ALPHABETS[alphabet]).fit(Training(length)), seqs, threads=threads)


def table(alphabet, k, name="default", standardise="auto"):
    found = word_properties(ALPHABETS[alphabet], k, (name,), standardise)
    return [dict(zip(found.words, column.tolist(), strict=True)) for column in found.values.T]


def series(track, properties, last):
    return [oracle.mean(p[x] * p[y] for x, y in oracle.pairs(track, d)) for d in range(1, last + 1) for p in properties]


def parallel(track, properties, last):
    return [oracle.theta(track, properties, d) for d in range(1, last + 1)]


def check(spec, texts, alphabet, expect, shortest, atol=1e-9):
    """Compare with ``expect(text)``; zeros below the shortest length and where the total vanishes."""
    found = rows(spec, texts, alphabet)
    assert np.isfinite(found).all()
    for row, text in zip(found, texts, strict=True):
        expected = expect(text) if len(text) >= shortest else [0] * len(row)
        assert row == pytest.approx(np.array(expected, float), abs=atol, rel=1e-7)


@settings(deadline=None, max_examples=25)
@given(DNA_TEXTS)
def test_parallel_compositions_of_nucleotides(texts):
    two, three, classic = table("dna", 2), table("dna", 3), table("dna", 2, "classic")

    def of(k, size, properties, last, weight):
        def expect(text):
            terms = parallel(oracle.words(text, size, "ACGT"), properties, last)
            return oracle.pseudo(text, k, "ACGT", terms, weight)

        return expect

    check("psednc", texts, "dna", of(2, 2, two, 3, 0.05), 5)
    check("pseknc:k=3,lambda=2,weight=0.1", texts, "dna", of(3, 2, two, 2, 0.1), 4)
    check("pseknc:k=1", texts, "dna", of(1, 2, two, 3, 0.05), 5)
    check("pcpsednc:weight=0.5", texts, "dna", of(2, 2, classic, 3, 0.5), 5)
    check("pcpsetnc:lambda=1", texts, "dna", of(3, 3, three, 1, 0.05), 4)


@settings(deadline=None, max_examples=25)
@given(DNA_TEXTS)
def test_series_compositions_of_nucleotides(texts):
    def of(k, size, properties, last):
        def expect(text):
            terms = series(oracle.words(text, size, "ACGT"), properties, last)
            return oracle.pseudo(text, k, "ACGT", terms, 0.05)

        return expect

    check("scpsednc", texts, "dna", of(2, 2, table("dna", 2), 3), 5)
    check("scpsednc:k=3", texts, "dna", of(3, 2, table("dna", 2), 3), 5)
    check("scpsetnc:lambda=2", texts, "dna", of(3, 3, table("dna", 3), 2), 5)


@settings(deadline=None, max_examples=25)
@given(PROTEIN_TEXTS)
def test_pseudo_amino_acid_compositions(texts):
    letters = ALPHABETS["protein"].letters
    three, two = table("protein", 1, "pseaac"), table("protein", 1, "amphiphilic")

    def expect(properties, how, weight, counts=False, factor=1):
        def of(text):
            terms = how(oracle.words(text, 1, letters), properties, 3)
            return [factor * value for value in oracle.pseudo(text, 1, letters, terms, weight, counts)]

        return of

    check("paac", texts, "protein", expect(three, parallel, 0.05), 4)
    check("paac:norm=count", texts, "protein", expect(three, parallel, 0.05, counts=True), 4)
    check("paac:norm=percent", texts, "protein", expect(three, parallel, 0.05, factor=100), 4)
    check("apaac:weight=0.05", texts, "protein", expect(two, series, 0.05), 4)


@settings(deadline=None, max_examples=25)
@given(PROTEIN_TEXTS)
def test_quasi_sequence_order(texts):
    letters = ALPHABETS["protein"].letters
    tables = [
        {a: dict(zip(letters, row, strict=True)) for a, row in zip(letters, distances(name).tolist(), strict=True)}
        for name in ("schneider-wrede", "grantham")
    ]

    def expect(text):
        words = oracle.words(text, 1, letters)
        blocks = [
            oracle.pseudo(text, 1, letters, [oracle.coupling(words, t, d) for d in (1, 2, 3)], 0.1) for t in tables
        ]
        return blocks[0] + blocks[1]

    check("qsorder", texts, "protein", expect, 4)


@settings(deadline=None, max_examples=25)
@given(DNA_TEXTS)
def test_properties_weighted_by_composition_and_by_position(texts):
    properties = table("dna", 2)
    for text, by_composition, by_position in zip(
        texts, rows("dpcp", texts), rows("dpcp:layout=position", texts, length=12), strict=True
    ):
        words = oracle.words(text, 2, "ACGT")
        known = [word for word in words if word is not None]
        wanted = [
            known.count(word) / max(1, len(known)) * p[word] for p in properties for word in oracle.all_words("ACGT", 2)
        ]
        assert by_composition == pytest.approx(np.array(wanted), abs=1e-12)
        placed = [p[words[i]] if i < len(words) and words[i] else 0 for p in properties for i in range(11)]
        assert by_position.tolist() == placed


def test_compositions_sum_to_one_where_they_should(rng):
    texts = ["".join(rng.choice(list("ACGTN"), 80)) for _ in range(5)]
    for spec in ("psednc", "pseknc:k=4", "pcpsednc", "pcpsetnc", "scpsednc", "scpsetnc"):
        assert rows(spec, texts).sum(axis=1) == pytest.approx(np.ones(5))
    protein = ["".join(rng.choice(list("ACDEFGHIKLX"), 80)) for _ in range(5)]
    assert rows("paac", protein, "protein").sum(axis=1) == pytest.approx(np.ones(5))
    assert rows("qsorder", protein, "protein").sum(axis=1) == pytest.approx(np.full(5, 2.0))
    assert rows("apaac:norm=percent", protein, "protein").sum(axis=1) == pytest.approx(np.full(5, 100.0))


def test_identities(rng):
    texts = ["".join(rng.choice(list("ACGT"), 80)) for _ in range(5)]
    assert np.array_equal(rows("psednc", texts), rows("pcpsednc:properties=six", texts))
    assert np.array_equal(rows("psednc", texts), rows("pseknc:k=2", texts))
    composition = rows("psednc:weight=0", texts)
    assert np.array_equal(composition[:, :16], rows("kmer:k=2", texts))
    assert not composition[:, 16:].any()
    weighted = rows("tpcp:properties=mw-daltons", texts)
    values = word_properties(ALPHABETS["dna"], 3, ("mw-daltons",)).values[:, 0]
    assert np.array_equal(weighted, rows("kmer:k=3", texts) * values)


def test_the_roll_of_the_two_papers_differs_by_what_the_catalogue_says(rng):
    texts = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(30)]
    gap = np.abs(rows("psednc:properties=guo", texts) - rows("psednc:properties=chen", texts)).max()
    assert 0.002 < gap < 0.03
    assert np.abs(rows("psednc:properties=guo", texts) - rows("psednc", texts)).max() < 1e-3


def test_orders_of_columns(rng):
    term = parse("pcpsetnc:order=gact").term(ALPHABETS["dna"])
    assert term.names()[:6] == ["GGG", "GGA", "GGC", "GGT", "GAG", "GAA"]
    assert parse("pcpsednc:order=gact").term(ALPHABETS["rna"]).names()[:4] == ["GG", "GA", "GC", "GU"]
    text = "".join(rng.choice(list("ACGT"), 60))
    for name in ("pcpsednc", "pcpsetnc"):
        plain, other = (
            parse(name).term(ALPHABETS["dna"]).names(),
            parse(f"{name}:order=gact").term(ALPHABETS["dna"]).names(),
        )
        values = dict(zip(plain, rows(name, [text])[0], strict=True))
        assert [values[column] for column in other] == rows(f"{name}:order=gact", [text])[0].tolist()
    for name in ("paac", "apaac"):
        names = parse(f"{name}:order=arndceq").term(ALPHABETS["protein"]).names()
        assert "".join(names[:20]) == RESIDUE_ORDERS["arndceq"]
    names = parse("qsorder").term(ALPHABETS["protein"]).names()
    assert names[:2] + names[20:24] == [
        "schneider-wrede.A", "schneider-wrede.C", "schneider-wrede.lag1", "schneider-wrede.lag2", "schneider-wrede.lag3", "grantham.A",
    ]  # fmt: skip


def test_a_total_that_vanishes_gives_zeros():
    words = Kmers(ALPHABETS["dna"])
    forms = np.full((4, 4, 1), -2.0)
    term = Pseudo(Count(words), Forms(words, forms, ("",), Lags(1)), 0.5)
    assert not fill_rows(term, Sequences.from_strings(["ACGT"], "dna")).any()
    near = Pseudo(Count(words), Forms(words, forms, ("",), Lags(1)), 0.25)
    assert fill_rows(near, Sequences.from_strings(["ACGT"], "dna")).tolist() == [[0.5, 0.5, 0.5, 0.5, -1.0]]


def test_degenerate_records_have_stated_values():
    for spec in ("psednc", "pseknc", "pcpsednc", "pcpsetnc"):
        repeated, unknown, short, empty = rows(spec, ["A" * 30, "N" * 30, "ACG", ""])
        assert repeated[0] == 1.0
        assert repeated.sum() == 1.0
        assert not np.vstack([unknown, short, empty]).any()
    for spec in ("paac", "qsorder:distances=grantham"):
        repeated, unknown, short, empty = rows(spec, ["W" * 30, "X" * 30, "AC", ""], "protein")
        assert repeated.sum() == pytest.approx(1.0)
        assert not np.vstack([unknown, short, empty]).any()


@pytest.mark.parametrize("name", ALL)
def test_rows_depend_on_their_own_record_alone(name, rng):
    alphabet = "dna" if ALPHABETS["dna"] in parse(name).descriptor.alphabets else "protein"
    letters = ALPHABETS[alphabet].letters + ("N" if alphabet == "dna" else "X")
    texts = ["".join(rng.choice(list(letters), size)) for size in [*rng.integers(0, 60, 12), 900, 300]]
    together = rows(name, texts, alphabet)
    assert np.array_equal(together, np.vstack([rows(name, [text], alphabet) for text in texts]))
    assert np.array_equal(together, rows(name, texts, alphabet, threads=3))
    assert np.array_equal(together[::-1], rows(name, texts[::-1], alphabet))
    term = parse(name).term(ALPHABETS[alphabet]).fit(Training(30))
    assert len(set(term.names())) == term.width == together.shape[1]
    assert pickle.loads(pickle.dumps(term)).names() == term.names()


def test_a_users_properties(tmp_path):
    path = tmp_path / "mine.csv"
    words = oracle.all_words("ACGT", 2)
    path.write_text(
        "slug,title,"
        + ",".join(words)
        + "\nMy Twist,Mine,"
        + ",".join(str(i) for i in range(16))
        + "\nb,,"
        + ",".join(str(i % 3) for i in range(16))
        + "\n"
    )
    text, values = "ACGTTGCATTACGG", dict(zip(words, map(float, range(16)), strict=True))
    other = dict(zip(words, (float(i % 3) for i in range(16)), strict=True))
    raw = rows(f"psednc:properties={path},standardise=none", [text])[0]
    track = oracle.words(text, 2, "ACGT")
    terms = [oracle.theta(track, [values, other], d) for d in (1, 2, 3)]
    assert raw == pytest.approx(np.array(oracle.pseudo(text, 2, "ACGT", terms, 0.05)))
    scaled = [oracle.standardise(column, 1) for column in (values, other)]
    terms = [oracle.theta(track, [*scaled, table("dna", 2, "twist")[0]], d) for d in (1, 2, 3)]
    assert rows(f"psednc:properties={path}+twist", [text])[0] == pytest.approx(
        np.array(oracle.pseudo(text, 2, "ACGT", terms, 0.05))
    )
    assert parse(f"dac:properties={path},lag=1").term(ALPHABETS["dna"]).names() == ["my-twist.lag1", "b.lag1"]


def test_errors_name_what_to_do():
    for spec, alphabet, message in (
        ("psednc:lambda=0", "dna", "outside 1 or more"),
        ("psednc:weight=-1", "dna", "outside 0..1"),
        ("psednc:properties=six+twist", "dna", "given twice"),
        ("pcpsetnc:properties=twist", "dna", "unknown property"),
        ("pcpsetnc", "rna", "is for dna"),
        ("paac:order=random", "protein", "not one of"),
    ):
        with pytest.raises(ParameterError, match=message):
            parse(spec).term(ALPHABETS[alphabet])
