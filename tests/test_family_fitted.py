"""Descriptors that learn from labels: classes, tables by position, words of classes."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace

import numpy as np
import oracles_fitted as oracles
import pytest
from fitted_records import fitted, made, renamed, rows

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import LabelError, ModelError, NotFittedError, ParameterError
from bioautofeat.extraction import extract
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training
from bioautofeat.terms.labels import Classes, Members


@pytest.fixture
def pair(rng):
    seqs = made(DNA, rng, 14, 9, 9)
    return seqs, ["pos" if i % 3 else "neg" for i in range(len(seqs))]


# ---- classes and training records


@pytest.mark.parametrize(
    ("labels", "names", "codes"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (["10", "9", "-1"], ("-1", "9", "10"), [2, 1, 0]),
        ([2, 1, 2], ("1", "2"), [1, 0, 1]),
        ([True, False], ("False", "True"), [1, 0]),
        ([0.5, 2.0, 1.0, 8.0], ("low", "high"), [0, 1, 0, 1]),
        (["a b", "a/b", "c"], ("a-b", "a-b.2", "c"), [0, 1, 2]),
    ],
)
def test_classes(labels, names, codes):
    classes = Classes.of(np.array(labels))
    assert classes.names == names
    assert classes.codes.tolist() == codes


@pytest.mark.parametrize("labels", [["a", "a"], [], [1.0, 1.0]])
def test_one_class_is_refused(labels, pair):
    with pytest.raises(LabelError, match="at least two classes"):
        Classes.of(np.array(labels))
    with pytest.raises(LabelError):
        fitted("pstnpss", pair[0][: len(labels)], labels, 9)


def test_labels_are_needed(pair):
    with pytest.raises(ParameterError, match="learns from labels"):
        extract(pair[0], ["pslogodds"])
    term = parse("pslogodds").term(DNA)
    with pytest.raises(NotFittedError, match="labels"):
        term.fit(Training(9))
    for spec in ("pslogodds", "hexamer", "neighbours", "knn"):
        blank = parse(spec).term(DNA)
        with pytest.raises(NotFittedError):
            _ = blank.width
        with pytest.raises(NotFittedError):
            blank.names()
    with pytest.raises(LabelError, match="2 labels for 14"):
        term.fit(Training(9, pair[0], np.array(["a", "b"])))


def test_a_training_record_is_known_by_id_and_letters(pair):
    seqs, labels = pair
    extractor = fitted("pstnpss:k=1", seqs, labels)
    own = rows(extractor, seqs)
    assert not np.array_equal(own, rows(extractor, renamed(seqs)))
    other_letters = Sequences(seqs.codes[::-1].copy(), seqs.offsets, seqs.ids, DNA)
    assert np.array_equal(rows(extractor, other_letters), rows(extractor, renamed(other_letters)))
    assert np.array_equal(rows(extractor, seqs[3:5]), own[3:5])


def test_copies_stand_in_one_fold(rng):
    seqs = made(DNA, rng, 10, 12, 12)
    doubled = Sequences.concatenate([seqs, renamed(seqs)])
    labels = ["a", "b"] * 10
    table = rows(fitted("pslogodds:folds=3", doubled, labels), doubled)
    assert np.array_equal(table[:10], table[10:])


def test_the_order_of_training_records_says_nothing(rng):
    seqs = made(DNA, rng, 30, 5, 20)
    labels, order = np.array(["a", "b", "c"])[rng.integers(0, 3, 30)], rng.permutation(30)
    for spec in ("pslogodds", "pstnpss", "hexamer:k=2", "idkmer", "neighbours", "knn"):
        first, second = fitted(spec, seqs, labels), fitted(spec, seqs.take(order), labels[order])
        assert np.array_equal(rows(first, seqs), rows(second, seqs)), spec


def test_damaged_parts_are_refused(pair):
    seqs, labels = pair
    for spec in ("pslogodds", "hexamer:k=2", "neighbours", "knn"):
        term = fitted(spec, seqs, labels).terms[0]
        with pytest.raises(ModelError):
            replace(term, members=Members(np.array([1], np.uint64), np.array([99])))
    with pytest.raises(ModelError):
        Members(np.array([2, 1], np.uint64), np.array([0, 0]))
    with pytest.raises(ModelError):
        Members(np.array([1], np.uint64), np.array([-1]))
    term = fitted("pslogodds", seqs, labels).terms[0]
    for tables in (term.tables[..., 1:], np.full_like(term.tables, np.nan), term.tables.astype(np.float32)):
        with pytest.raises(ModelError, match="damaged"):
            replace(term, tables=np.ascontiguousarray(tables))


# ---- tables by position


@pytest.mark.parametrize("k", [1, 2, 3])
def test_pstnpss_equals_the_definition(k, pair):
    seqs, labels = pair
    extractor = fitted(f"pstnpss:k={k}", seqs, labels)
    texts = list(seqs)
    np.testing.assert_allclose(rows(extractor, seqs), oracles.propensities(texts, labels, "pos", k, True), atol=1e-12)
    whole = oracles.propensities(texts, labels, "pos", k, False)
    np.testing.assert_allclose(rows(extractor, renamed(seqs)), whole, atol=1e-12)


def test_pstnpds_joins_complements(pair):
    seqs, labels = pair
    joined = [text.replace("T", "A").replace("G", "C") for text in seqs]
    expected = oracles.propensities(joined, labels, "pos", 3, True)
    np.testing.assert_allclose(rows(fitted("pstnpds", seqs, labels), seqs), expected, atol=1e-12)
    rna = Sequences.from_strings([text.replace("T", "U") for text in seqs], RNA)
    np.testing.assert_allclose(rows(fitted("pstnpds", rna, labels), rna), expected, atol=1e-12)


def test_more_classes_stand_against_the_rest(pair):
    seqs, _ = pair
    labels = ["x", "y", "z"] * 4 + ["x", "y"]
    extractor = fitted("pstnpss", seqs, labels)
    expected = [oracles.propensities(list(seqs), labels, name, 3, True) for name in "xyz"]
    np.testing.assert_allclose(rows(extractor, seqs), np.hstack(expected), atol=1e-12)
    assert extractor.names[:2] + extractor.names[-1:] == ["pstnpss_x.1", "pstnpss_x.2", "pstnpss_z.7"]


def test_either_end_of_unequal_records(rng):
    seqs = made(DNA, rng, 20, 3, 9)
    labels = ["a", "b"] * 10
    expected = oracles.propensities(list(seqs), labels, "b", 2, True)
    start = rows(fitted("pstnpss:k=2", seqs, labels), seqs)
    for row, values in zip(start, expected, strict=True):
        np.testing.assert_allclose(row[: len(values)], values, atol=1e-12)
        assert not row[len(values) :].any()
    backwards = Sequences.from_strings([text[::-1] for text in seqs], DNA, seqs.ids)
    end = fitted("pstnpss:k=2,anchor=end", backwards, labels)
    np.testing.assert_allclose(rows(end, backwards)[:, ::-1], start, atol=1e-12)
    assert end.names[0] == "pstnpss_k2_anchorend_-8"
    assert end.names[-1] == "pstnpss_k2_anchorend_-1"
    shorter = fitted("pstnpss:k=2", seqs, labels, length=5)
    assert np.array_equal(rows(shorter, seqs), start[:, :4])


def test_one_record_of_a_class_has_nothing_to_be_compared_with(pair):
    seqs, _ = pair
    table = rows(fitted("pstnpss", seqs, ["pos"] + ["neg"] * 13), seqs)
    assert not table[0].any()
    assert np.isfinite(table).all()


def test_log_odds(pair):
    seqs, labels = pair
    extractor = fitted("pslogodds:k=1,folds=0,pseudocount=0.5", seqs, labels)
    texts = list(seqs)
    for row, text in enumerate(texts):
        for place in range(9):
            counts = {}
            for side in ("pos", "neg"):
                column = [t[place] for i, t in enumerate(texts) if labels[i] == side and i != row]
                counts[side] = (column.count(text[place]) + 0.5) / (len(column) + 4 * 0.5)
            assert rows(extractor, seqs)[row, place] == pytest.approx(math.log(counts["pos"] / counts["neg"]))
    assert fitted("pslogodds", seqs, labels).width == 7
    residues = made(PROTEIN, np.random.default_rng(1), 14, 9, 9)
    assert fitted("pslogodds", residues, labels).width == 9


def test_folds_leave_out_the_records_own_label(rng):
    """With as many folds as records, a record's row is that of a table that has never seen it."""
    seqs = made(DNA, rng, 12, 8, 8)
    labels = np.array(["a", "b"] * 6)
    table = rows(fitted("pslogodds:k=1,folds=12", seqs, labels), seqs)
    for row in range(12):
        others = [i for i in range(12) if i != row]
        without = fitted("pslogodds:k=1,folds=12", seqs.take(others), labels[others])
        np.testing.assert_allclose(table[row], rows(without, renamed(seqs))[row], atol=1e-12)


def test_tables_that_no_one_can_hold(pair):
    seqs, labels = pair
    with pytest.raises(ParameterError, match="use a smaller k"):
        fitted("pstnpss:k=12", seqs, labels, length=500)
    with pytest.raises(ParameterError, match="use a smaller k"):
        fitted("hexamer:k=13", seqs, labels)


def test_values_are_split_at_their_median(pair):
    seqs, _ = pair
    values = np.arange(14.0)[::-1]
    halves = ["high" if value > 6.5 else "a low one" for value in values]
    assert np.array_equal(rows(fitted("pstnpss", seqs, values), seqs), rows(fitted("pstnpss", seqs, halves), seqs))


# ---- words and classes as a whole


def test_increment_of_diversity(pair):
    seqs, labels = pair
    texts, table = list(seqs), rows(fitted("idkmer:k=2", seqs, labels), seqs)

    def counts(chosen, k):
        words = [text[i : i + k] for text in chosen for i in range(len(text) - k + 1)]
        return [words.count(a + b) for a in "ACGT" for b in ("ACGT" if k == 2 else [""])]

    for row, text in enumerate(texts):
        expected = []
        for k in (1, 2):
            for side in ("neg", "pos"):
                others = [t for i, t in enumerate(texts) if labels[i] == side and i != row]
                x, pool = counts([text], k), counts(others, k)
                both = [a + b for a, b in zip(x, pool, strict=True)]
                expected.append(oracles.diversity(both) - oracles.diversity(x) - oracles.diversity(pool))
        np.testing.assert_allclose(table[row], expected, atol=1e-9)


def test_increment_of_single_letters_equals_repdna(shared):
    """Its classes are records 1 to 10 and the rest, whole: its words of one letter are right (fault 47 spares them)."""
    folder = shared / "reference"
    texts = [line.strip() for line in (folder / "fasta" / "dna_L41.fasta").read_text().splitlines() if line[0] != ">"]
    path = folder / "repDNA" / "IDkmer__dna_L41__k=3_upto=True_hs=records1..10_nonhs=records11...csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()[1:]
    theirs = [[float(cell) for cell in line.split(",")[1:3]] for line in lines]
    seqs = Sequences.from_strings(texts, DNA)
    ours = rows(fitted("idkmer:k=1", seqs, ["0 yes"] * 10 + ["1 no"] * (len(seqs) - 10)), renamed(seqs))
    np.testing.assert_allclose(ours, theirs, atol=5.1e-4)


def test_hexamer_score(rng):
    seqs = made(DNA, rng, 24, 4, 30)
    labels = ["coding" if i % 2 else "not" for i in range(24)]
    extractor = fitted("hexamer:k=2,step=3,pseudocount=0.5", seqs, labels)
    read = {side: [] for side in ("coding", "not")}
    for text, label in zip(seqs, labels, strict=True):
        read[label] += [text[i : i + 2] for i in range(0, len(text) - 1, 3)]

    def says(word):
        shares = [(read[side].count(word) + 0.5) / (len(read[side]) + 16 * 0.5) for side in ("coding", "not")]
        return math.log(shares[0] / shares[1])

    # the second class by text is "not": the sign turns
    expected = [-np.mean([says(text[i : i + 2]) for i in range(0, len(text) - 1, 3)]) for text in seqs]
    np.testing.assert_allclose(rows(extractor, renamed(seqs))[:, 0], expected, atol=1e-12)


# ---- string kernels


# ---- physics


# ---- a user's table
