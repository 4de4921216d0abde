"""Terms: how they read, reduce and join, and the one scheduler that runs them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from bioautofeat.alphabet import DNA, PROTEIN, RNA, Grouping
from bioautofeat.errors import ModelError, NotFittedError, ParameterError
from bioautofeat.properties import grouping, groupings, ordered_residues
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import (
    CHUNK_CELLS,
    CHUNK_ROWS,
    Term,
    Training,
    fill_rows,
    fill_sparse,
    row_chunks,
    wanted_rows,
)
from bioautofeat.terms.entropy import Entropy
from bioautofeat.terms.join import Concat, Linear, Ratio, Reordered, Scaled, Standardised
from bioautofeat.terms.read import Kmers, KmersButLast
from bioautofeat.terms.reduce import ClassCount, Count, DisjointCount, PooledWindows, Window, normalise


def dna(*texts):
    return Sequences.from_strings(texts, DNA)


def rows(term, seqs):
    return fill_rows(term, seqs).tolist()


def test_names_of_words():
    assert Kmers(DNA, "11").names()[:6] == ["AA", "AC", "AG", "AT", "CA", "CC"]
    assert Kmers(RNA, "1001").names()[-1] == "U..U"
    charge = Grouping("charge", PROTEIN, ("KRH", "DE"), ("plus", "minus"))
    assert Kmers(charge, "11").names() == ["plus.plus", "plus.minus", "minus.plus", "minus.minus"]
    assert Kmers(charge, "101").names()[1] == "plus..minus"
    for source, spacing in ((DNA, "1"), (DNA, "1101"), (charge, "1"), (charge, "1101")):
        words = Kmers(source, spacing)
        by_code = [
            words.alphabet.word_name(np.unravel_index(code, (words.n_symbols,) * words.k), spacing)
            for code in range(words.n_words)
        ]
        assert words.names() == by_code


@pytest.mark.parametrize("spacing", ["", "0", "01", "10", "1a1", "2"])
def test_patterns_that_are_none(spacing):
    with pytest.raises(ParameterError, match="1 at both ends"):
        Kmers(DNA, spacing)


def test_words_too_long_to_be_numbered():
    assert Kmers(DNA, "1" * 31).n_words == 4**31
    with pytest.raises(ParameterError, match=r"4\^32 words cannot be told apart"):
        Kmers(DNA, "1" * 32)


def test_regrouped_letters():
    seqs = dna("TTT", "AGNC")[1:]
    words, bounds = Kmers(grouping("ry", DNA), "1").codes(seqs)
    assert words.tolist() == [0, 0, -1, 1]
    assert bounds.tolist() == [0, 4]


def test_the_last_word_left_out():
    seqs = dna("ACG", "", "A", "ACGT")
    assert rows(Count(KmersButLast(DNA, "11"), "count"), seqs) == rows(
        Count(Kmers(DNA, "11"), "count"), dna("AC", "", "", "ACG")
    )
    spaced = Count(KmersButLast(DNA, "101"), "count")
    assert rows(spaced, seqs[1:]) == rows(Count(Kmers(DNA, "101"), "count"), dna("", "", "ACG"))
    assert list(seqs) == ["ACG", "", "A", "ACGT"]


def test_groupings_of_nucleotides_and_orders_of_residues():
    assert grouping("sw", RNA).groups == ("CG", "AU")
    with pytest.raises(ParameterError, match="unknown grouping 'gaac'"):
        grouping("gaac", DNA)
    assert all(grouping(slug).source == PROTEIN for slug in groupings())
    assert ordered_residues("alphabet") is PROTEIN
    assert "".join(ordered_residues("arndceq").symbols) == "ARNDCEQGHILKMFPSTWYV"


def test_counts_by_phase():
    seqs = dna("ACGACGA")
    whole = rows(Count(Kmers(DNA), "frequency", phases=3), seqs)[0]
    assert whole[0] == pytest.approx(3 / 7)
    assert sum(whole) == pytest.approx(1)
    each = Count(Kmers(DNA), "frequency", phases=3, by_phase=True)
    assert np.reshape(rows(each, seqs), (3, 4)).sum(axis=1).tolist() == [1, 1, 1]
    assert each.names()[4] == "phase2.A"
    sparse = fill_sparse(Count(Kmers(DNA), "frequency", phases=3), seqs)
    assert sparse.toarray().tolist() == [whole]
    assert fill_sparse(each, seqs).toarray().tolist() == rows(each, seqs)


def test_classes_of_words():
    purines = ClassCount(Kmers(DNA), [0, -1, 0, 1], ("purine", "t"), "percent")
    assert rows(purines, dna("AGTC", "CC")) == [[200 / 3, 100 / 3], [0, 0]]
    assert fill_sparse(purines, dna("AGTC", "CC")).toarray().tolist() == rows(purines, dna("AGTC", "CC"))
    for classes in ([0, 1], [0, 0, 0, 2], [-2, 0, 0, 0]):
        with pytest.raises(ModelError, match="do not go with 2 columns"):
            ClassCount(Kmers(DNA), np.array(classes), ("a", "b"))


def test_disjoint_counts_start_anew_in_each_record():
    words = DisjointCount(Kmers(DNA, "111"), "count")
    assert [row[0] for row in rows(words, dna("AAAA", "AAA", "AAAAAA", "AANAAA"))] == [1, 1, 2, 1]


def test_windows():
    term = Window(Kmers(DNA), size=3, step=2, norm="count")
    with pytest.raises(NotFittedError, match="Window must be fitted first: it learns length"):
        _ = term.width
    fitted = term.fit(Training(length=6))
    assert (fitted.n_windows, fitted.width) == (2, 8)
    assert fitted.names()[4:6] == ["w2.A", "w2.C"]
    assert rows(fitted, dna("AACCC", "A", "AACCCGGGG")) == [
        [2, 1, 0, 0, 0, 3, 0, 0],
        [1] + [0] * 7,
        [2, 1, 0, 0, 0, 3, 0, 0],
    ]
    assert term.fit(Training(length=1)).n_windows == 1
    with pytest.raises(ParameterError, match="a window of 1 letters holds no word of 2"):
        Window(Kmers(DNA, "11"), size=1)
    with pytest.raises(ParameterError, match="a window of 1 letters holds no word of 2"):
        PooledWindows(Kmers(DNA, "11"), size=1, step=1)
    with pytest.raises(ModelError, match="length of 0"):
        Window(Kmers(DNA), length=0)


def test_normalising_leaves_empty_rows():
    table = np.array([[1.0, 3.0], [0.0, 0.0]])
    for norm, first in (("count", [1, 3]), ("frequency", [0.25, 0.75]), ("percent", [25, 75])):
        copy = table.copy()
        normalise(copy, norm)
        assert copy.tolist() == [first, [0, 0]]


def test_side_by_side():
    both = Concat((Count(Kmers(DNA), "count"), Window(Kmers(DNA), norm="count")), labels=("all.", ""))
    assert both.needs == {"length"}
    assert both.shortest == 1
    fitted = both.fit(Training(length=5))
    assert fitted.names() == ["all.A", "all.C", "all.G", "all.T", "w1.A", "w1.C", "w1.G", "w1.T"]
    assert rows(fitted, dna("AACGT")) == [[2, 1, 1, 1] * 2]
    assert fill_sparse(fitted, dna("AACGT")).toarray().tolist() == [[2, 1, 1, 1] * 2]


def test_records_too_short_for_a_part_are_zeros():
    both = Concat((Count(Kmers(DNA)), Count(Kmers(DNA, "111"))))
    seqs = dna("AC", "ACG", "")
    table = fill_rows(both, seqs)
    assert table.any(axis=1).tolist() == [False, True, False]
    assert fill_rows(both, seqs, dtype=np.float32).any(axis=1).tolist() == [False, True, False]
    sparse = fill_sparse(both, seqs)
    assert sparse.nnz == 4
    assert np.array_equal(sparse.toarray(), table)


def test_linear_maps_whole_or_by_layers(rng):
    seqs = dna(*("".join(rng.choice(list("ACGTN"), 50)) for _ in range(20)))
    count = Count(Kmers(DNA, "11"), "count")
    places = np.add.outer(np.arange(16), np.arange(5))
    for held in (places < 0, places % 5 == 0, places >= 0):
        matrix = rng.normal(size=(16, 5)) * held
        term = Linear(count, matrix, tuple("abcde"))
        assert (term.layers is None) == held.all()
        np.testing.assert_allclose(fill_rows(term, seqs), fill_rows(count, seqs) @ matrix, atol=1e-12)
    assert Linear(count, np.eye(16), tuple("abcdefghijklmnop")).layers[0].tolist() == [list(range(16))]


def test_both_ways_of_a_linear_map_agree_to_the_bit(rng, monkeypatch):
    from bioautofeat.terms import join

    seqs = dna(*("".join(rng.choice(list("ACGT"), 90)) for _ in range(9)))
    matrix = rng.normal(size=(64, 12)) * (rng.random((64, 12)) < 0.15)
    by_layers = Linear(Count(Kmers(DNA, "111")), matrix, tuple("abcdefghijkl"))
    expected = fill_rows(by_layers, seqs)
    assert by_layers.layers is not None
    monkeypatch.setattr(join, "SPARSE_SHARE", 0.0)
    whole = Linear(Count(Kmers(DNA, "111")), matrix, tuple("abcdefghijkl"))
    assert whole.layers is None
    assert np.array_equal(fill_rows(whole, seqs), expected)


def test_other_joins():
    seqs = dna("AAC", "", "NN")
    count = Count(Kmers(DNA), "count")
    ratio = Ratio(count, np.eye(4)[:, :1], np.eye(4)[:, 1:2], ("a.c",))
    assert rows(ratio, seqs) == [[2], [0], [0]]
    assert rows(ratio, dna("AAACC", "AAA")) == [[1.5], [3]]
    assert rows(Scaled(count), seqs) == [[1, 0.5, 0, 0], [0] * 4, [0] * 4]
    assert rows(Scaled(count), dna("AACCGGTT")) == [[0, 0, 0, 0]]
    standard = Standardised(count, np.full(4, 0.25))
    expected = (2 / 3 - 0.25) / np.sqrt(0.25 * 0.75 / 3)
    assert rows(standard, seqs)[0][0] == pytest.approx(expected)
    assert rows(standard, seqs)[1:] == [[0] * 4, [0] * 4]
    turned = Reordered(count, np.array([3, 0]))
    assert turned.names() == ["T", "A"]
    assert rows(turned, dna("TAA")) == [[1, 2]]


def test_entropies_of_nothing_are_zero():
    for kind in ("shannon", "tsallis", "renyi"):
        for q in (0.0, 1.0, 2.0):
            assert rows(Entropy(Kmers(DNA, "11"), kind, q), dna("", "N", "AAAA", "NNNN")) == [[0.0]] * 4
    assert rows(Entropy(Kmers(PROTEIN, "1" * 6)), Sequences.from_strings(["", "X" * 9, "MKVLAAGH"], PROTEIN)) == [
        [0.0],
        [0.0],
        [pytest.approx(np.log2(3))],
    ]


def test_chunks():
    assert list(row_chunks(5, 2)) == [(0, 2), (2, 4), (4, 5)]
    assert list(row_chunks(0, 2)) == []
    assert wanted_rows(1) == CHUNK_ROWS
    assert wanted_rows(CHUNK_CELLS) == wanted_rows(10 * CHUNK_CELLS) == 1
    assert wanted_rows(0) == CHUNK_ROWS


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_do_not_know_their_chunk(threads, dtype, rng, monkeypatch):
    from bioautofeat.terms import base

    seqs = dna(*("".join(rng.choice(list("ACGTN"), n)) for n in rng.integers(0, 80, 57)))
    term = Count(Kmers(DNA, "111"))
    expected = fill_rows(term, seqs, dtype=dtype)
    monkeypatch.setattr(base, "CHUNK_CELLS", 130)
    assert np.array_equal(fill_rows(term, seqs, threads=threads, dtype=dtype), expected)
    assert np.array_equal(fill_sparse(term, seqs, threads=threads, dtype=dtype).toarray(), expected)
    block = np.zeros((len(seqs), 70), dtype)
    fill_rows(term, seqs, threads=threads, out=block[:, 3:67])
    assert np.array_equal(block[:, 3:67], expected)
    assert not block[:, :3].any()
    assert not block[:, 67:].any()


def test_terms_are_plain_values():
    term = Count(Kmers(DNA, "11"))
    assert pickle.loads(pickle.dumps(term)) == term
    assert term == Count(Kmers(DNA, "11"), "frequency")
    assert term != Count(Kmers(RNA, "11"))
    assert hash(term) == hash(Count(Kmers(DNA, "11")))
    with pytest.raises(AttributeError):
        term.norm = "count"
    fitted = Window(Kmers(DNA)).fit(Training(length=7))
    state = fitted.state(Window(Kmers(DNA)))
    assert state == {"length": 7}
    assert Window(Kmers(DNA)).with_state(state) == fitted
    assert issubclass(Count, Term)
