"""Equations between descriptors: what no table of reference values can show, because they hold for all sequences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.extraction import Extractor
from bioautofeat.properties import grouping
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training
from bioautofeat.testing import example_sequences

EXAMPLES = {alphabet.name: example_sequences(alphabet) for alphabet in (DNA, RNA, PROTEIN)}


def rows(spec, seqs=EXAMPLES["dna"], length=40):
    extractor = Extractor.of([spec], seqs.alphabet).fit(Training(length, seqs))
    return extractor.transform(seqs, short="zero")


def names(spec, alphabet=DNA):
    return [name.rsplit("_", 1)[-1] for name in Extractor.of([spec], alphabet).names]


@pytest.mark.parametrize(
    ("alphabet", "ours", "theirs"),
    [
        ("dna", "cksnap:gap=0", "dnc"),
        ("rna", "cksnap:gap=0", "dnc"),
        ("protein", "cksaap:gap=0", "dpc"),
        ("protein", "cksaagp:gap=0", "gdpc"),
        ("protein", "ksctriad:gap=0", "ctriad"),
        ("dna", "spaced:pattern=111", "kmer"),
        ("dna", "spaced:pattern=1001,norm=count", "kgap:gap=2"),
        ("dna", "kgap:gap=0,after=2,norm=frequency", "tnc"),
        ("dna", "kmer:k=1", "nac"),
        ("dna", "kmer:k=2,norm=percent", "dnc:norm=percent"),
        ("protein", "kmer:k=1", "aac"),
        ("protein", "grouped_kmer:groups=gaac,k=1", "gaac"),
        ("protein", "grouped_kmer:groups=gaac,k=3", "gtpc"),
        ("protein", "spaced:pattern=10101,groups=gaac", "grouped_kmer:gap=1"),
        ("protein", "windowed_kmer:k=1,size=5,step=1,groups=gaac", "egaac"),
        ("dna", "windowed_kmer:k=1,size=5,step=1", "enac"),
        ("dna", "kstep:size=500,step=1", "kmer:k=2,upto=true"),
        ("dna", "windowed_kmer:k=3,size=40,step=1", "windowed_kmer:k=3,size=40,step=7"),
        ("dna", "tsallis:q=1", "shannon nats"),
        ("dna", "renyi:q=1", "shannon"),
    ],
)
def test_two_names_of_one_thing(alphabet, ours, theirs):
    seqs = EXAMPLES[alphabet]
    expected = rows("shannon", seqs) * np.log(2) if theirs == "shannon nats" else rows(theirs, seqs)
    np.testing.assert_allclose(rows(ours, seqs), expected, rtol=1e-14, atol=1e-14)


def test_upto_is_side_by_side():
    side_by_side = np.hstack([rows(f"kmer:k={k}") for k in (1, 2, 3)])
    long_enough = EXAMPLES["dna"].lengths >= 3
    assert np.array_equal(rows("kmer:k=3,upto=true")[long_enough], side_by_side[long_enough])
    assert not rows("kmer:k=3,upto=true")[~long_enough].any()


def test_pairs_summed_over_the_second_letter_are_the_letters_but_the_last():
    seqs = Sequences.from_strings(["ACGGT", "TTTTA", "C", ""], DNA)
    pairs = rows("dnc:norm=count", seqs).reshape(-1, 4, 4)
    letters = rows("nac:norm=count", seqs)
    for row, text in enumerate(("ACGGT", "TTTTA")):
        letters[row, DNA.letters.index(text[-1])] -= 1
        assert np.array_equal(pairs[row].sum(axis=1), letters[row])


@pytest.mark.parametrize("spec", ["rckmer:k=1", "rckmer", "rckmer:k=4,norm=count", "rckmer:k=5,upto=true"])
def test_both_strands_have_one_row(spec):
    seqs = EXAMPLES["dna"]
    assert np.array_equal(rows(spec, seqs), rows(spec, seqs.reverse_complement()))


def test_folding_adds_a_word_and_its_reverse_complement():
    words, folded = names("kmer:k=4"), names("rckmer:k=4")
    counts = dict(zip(words, rows("kmer:k=4,norm=count").T, strict=True))
    for name, column in zip(folded, rows("rckmer:k=4,norm=count").T, strict=True):
        other = name[::-1].translate(str.maketrans("ACGT", "TGCA"))
        assert name <= other
        assert np.array_equal(column, counts[name] + (counts[other] if other != name else 0))
    assert len(folded) == (4**4 + 4**2) // 2


@pytest.mark.parametrize("groups", ["gaac", "conjoint-triad", "pse-kraac.1.c5", "protpy.6"])
def test_grouped_counts_are_sums_of_counts(groups):
    seqs, held = EXAMPLES["protein"], grouping(groups)
    letters = rows("aac:norm=count", seqs)
    members = [[PROTEIN.letters.index(letter) for letter in group] for group in held.groups]
    expected = np.stack([letters[:, group].sum(axis=1) for group in members], axis=1)
    assert np.array_equal(rows(f"grouped_kmer:groups={groups},k=1,norm=count", seqs), expected)


def test_pairs_at_all_distances_are_the_ordered_pairs():
    seqs = EXAMPLES["dna"][:4]
    at_each = sum(rows(f"kgap:gap={gap}", seqs) for gap in range(seqs.lengths.max() - 1))
    assert np.array_equal(rows("asdc:norm=count", seqs), at_each)
    known = seqs.lengths
    assert np.array_equal(rows("asdc:norm=count", seqs).sum(axis=1), known * (known - 1) / 2)


def test_orders_of_residues_are_orders_of_columns():
    seqs = EXAMPLES["protein"]
    for spec, alias in (("aac", "aac:order=arndcqe"), ("dpc", "dpc:order=arndceq")):
        ours, theirs = names(spec, PROTEIN), names(alias, PROTEIN)
        assert ours != theirs
        assert np.array_equal(rows(spec, seqs)[:, [ours.index(name) for name in theirs]], rows(alias, seqs))


def test_without_overlap_only_words_that_overlap_themselves_are_fewer():
    counts, disjoint = rows("kmer:k=3,norm=count"), rows("kmer:k=3,norm=count,overlap=false")
    assert (disjoint <= counts).all()
    selfish = np.array([any(word[i:] == word[:-i] for i in (1, 2)) for word in names("kmer:k=3")])
    assert np.array_equal(disjoint[:, ~selfish], counts[:, ~selfish])
    assert (disjoint < counts)[:, selfish].any()


def test_z_curves_sum_to_each_other():
    end = rows("zcurve:bits=3,norm=count")
    counts = rows("nac:norm=count")
    assert np.array_equal(end[:, 0], counts @ [1, -1, 1, -1])
    assert np.array_equal(end[:, 1], counts @ [1, 1, -1, -1])
    assert np.array_equal(end[:, 2], counts @ [1, -1, -1, 1])
    long_enough = EXAMPLES["dna"].lengths >= 3
    for finer, coarser in (("9", "3"), ("36", "12"), ("144", "48")):
        fine = rows(f"zcurve:bits={finer},norm=count").reshape(len(end), -1, 3, 3).sum(axis=2)
        assert np.array_equal(
            fine.reshape(len(end), -1)[long_enough], rows(f"zcurve:bits={coarser},norm=count")[long_enough]
        )
    plain = Sequences.from_strings(["ACGTTGCA" * 3], DNA)
    after_one = rows("zcurve:bits=12,norm=count", plain).reshape(4, 3).sum(axis=0)
    assert np.array_equal(after_one, rows("zcurve:bits=3,norm=count", plain)[0] - np.array([1, 1, 1]))


def test_the_end_of_the_z_curve_is_zero_on_both_strands_together():
    seqs = EXAMPLES["dna"]
    both = rows("zcurve:bits=3,norm=count", seqs) + rows("zcurve:bits=3,norm=count", seqs.reverse_complement())
    assert not both[:, :2].any()


@pytest.mark.parametrize("alphabet", ["dna", "protein"])
def test_entropies_keep_their_bounds(alphabet):
    seqs = EXAMPLES[alphabet]
    shannon = rows("shannon:k=3", seqs)
    windows = np.maximum(1, seqs.lengths[:, None] - np.arange(3))
    assert (shannon >= 0).all()
    assert (shannon <= np.log2(np.minimum(windows, float(seqs.alphabet.size) ** np.arange(1, 4))) + 1e-12).all()
    orders = [rows(f"renyi:k=3,q={q}", seqs) for q in (0, 0.5, 1, 2, 5)]
    assert all((above >= below - 1e-12).all() for above, below in itertools.pairwise(orders))
    distinct = [(rows(f"kmer:k={k},norm=count", seqs) > 0).sum(axis=1) for k in (1, 2, 3)]
    long_enough = seqs.lengths >= 3
    np.testing.assert_allclose(orders[0][long_enough], np.log2(np.maximum(1, distinct)).T[long_enough], atol=1e-12)


def test_entropy_from_frequencies():
    for alphabet, k in (("dna", 3), ("protein", 2)):
        p = rows(f"kmer:k={k}", EXAMPLES[alphabet])
        plogp = p * np.log2(p, where=p > 0, out=np.zeros_like(p))
        shannon = rows(f"shannon:k={k},upto=false", EXAMPLES[alphabet])[:, 0]
        np.testing.assert_allclose(shannon, -plogp.sum(axis=1), atol=1e-12)
        squares = (p**2).sum(axis=1)
        tsallis = rows(f"tsallis:k={k},upto=false,q=2", EXAMPLES[alphabet])[:, 0]
        np.testing.assert_allclose(tsallis, np.where(squares > 0, 1 - squares, 0), atol=1e-12)


def test_long_words_have_the_same_entropy_as_short_tables(monkeypatch):
    from bioautofeat.terms import entropy

    seqs = EXAMPLES["protein"]
    before = rows("tsallis:k=3,q=2.3", seqs)
    monkeypatch.setattr(entropy, "TABLE_WORDS", 1)
    np.testing.assert_allclose(rows("tsallis:k=3,q=2.3", seqs), before, rtol=1e-12)


def test_rna_is_dna_in_other_letters():
    dna = EXAMPLES["dna"]
    rna = Sequences(dna.codes, dna.offsets, dna.ids, RNA)
    for spec in ("kmer", "rckmer", "pseeiip", "zcurve:bits=36", "mmi", "skew", "cksnap", "asdc", "shannon"):
        assert np.array_equal(rows(spec, dna), rows(spec, rna)), spec


def test_the_composition_of_a_joined_record_is_a_sum():
    parts = Sequences.from_strings(["ACGGTCA", "GGNTTACG"], DNA)
    joined = Sequences.from_strings(["ACGGTCANGGNTTACG"], DNA)
    for spec in ("kmer:k=2,norm=count", "rckmer:k=3,norm=count", "kmer:k=3,norm=count,overlap=false"):
        assert np.array_equal(rows(spec, parts).sum(axis=0), rows(spec, joined)[0]), spec


def test_counts_equal_those_of_scikit_learn():
    from sklearn.feature_extraction.text import CountVectorizer

    for alphabet in (DNA, PROTEIN):
        seqs = EXAMPLES[alphabet.name]
        words = ["".join(word) for word in itertools.product(alphabet.letters, repeat=2)]
        counter = CountVectorizer(analyzer="char", ngram_range=(2, 2), vocabulary=words, lowercase=False)
        assert np.array_equal(rows("kmer:k=2,norm=count", seqs), counter.transform(list(seqs)).toarray())


def test_skews_change_sign_on_the_other_strand():
    seqs = EXAMPLES["dna"]
    np.testing.assert_allclose(rows("skew", seqs), -rows("skew", seqs.reverse_complement()), atol=0)
    assert np.array_equal(rows("gc_content", seqs), rows("gc_content", seqs.reverse_complement()))
