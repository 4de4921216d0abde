"""String kernels: scalar products of counts, alignment, both strands; against the counts themselves."""

from __future__ import annotations

import math

import numpy as np
import oracles_fitted as oracles
import oracles_similarity as pairs
import pytest
from fitted_records import fitted, made, renamed, rows

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.errors import ModelError, NotFittedError, ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms import similarity, strings
from bioautofeat.terms.base import Training


def cosines(counts, others):
    """Scalar products of tables of counts, divided by the lengths of both."""
    scale = [math.sqrt(pairs.product(x, x)) for x in counts], [math.sqrt(pairs.product(y, y)) for y in others]
    return [
        [pairs.product(x, y) / (a * b) if a * b else 0.0 for y, b in zip(others, scale[1], strict=True)]
        for x, a in zip(counts, scale[0], strict=True)
    ]


def with_unknown(alphabet, rng, n, shortest, longest):
    """Records of which every third holds an unknown letter."""
    texts = list(made(alphabet, rng, n, shortest, longest))
    letter = alphabet.ambiguous[-1]
    return Sequences.from_strings(
        [letter.join((t[:4], t[5:])) if i % 3 == 0 else t for i, t in enumerate(texts)], alphabet
    )


KINDS = {
    "kind=spectrum,k=3": lambda record, n: pairs.spectrum_counts(record, 3, n),
    "kind=gapped,k=2,length=4": lambda record, n: pairs.gapped_counts(record, 4, 2, n),
    "kind=gapped,k=3,length=3": lambda record, n: pairs.gapped_counts(record, 3, 3, n),
    "kind=gapped,k=1,length=6": lambda record, n: pairs.gapped_counts(record, 6, 1, n),
    "kind=mismatch,k=3,m=1": lambda record, n: pairs.mismatch_counts(record, 3, 1, n),
    "kind=mismatch,k=3,m=2": lambda record, n: pairs.mismatch_counts(record, 3, 2, n),
    "kind=mismatch,k=2,m=0": lambda record, n: pairs.mismatch_counts(record, 2, 0, n),
}


@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=lambda alphabet: alphabet.name)
@pytest.mark.parametrize("options", KINDS)
def test_a_string_kernel_is_the_scalar_product_of_its_counts(options, alphabet, rng):
    if alphabet is PROTEIN and "mismatch,k=3" in options:
        pytest.skip("the plain twin counts 8,000 words for each window")
    seqs, new = with_unknown(alphabet, rng, 9, 3, 25), with_unknown(alphabet, rng, 5, 3, 25)
    extractor = Extractor.of([f"string_kernel:{options}"], alphabet).fit(Training(25, seqs))
    counts, others = (
        [KINDS[options]([alphabet.letters.find(letter) % 100 for letter in text], alphabet.size) for text in batch]
        for batch in (seqs, new)
    )
    np.testing.assert_allclose(rows(extractor, seqs), cosines(counts, counts), atol=1e-12)
    np.testing.assert_allclose(rows(extractor, new), cosines(others, counts), atol=1e-12)


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("kind=mismatch,k=3,m=1", "mismatch:k=3,m=1"),
        ("kind=mismatch,k=4,m=2", "mismatch:k=4,m=2"),
        ("kind=gapped,k=4,length=4", "kmer:k=4,norm=count"),
        ("kind=spectrum,k=4", "kmer:k=4,upto=true,norm=count"),
    ],
)
def test_string_kernels_meet_the_descriptors_that_count_the_same(options, columns, rng):
    seqs = made(DNA, rng, 10, 12, 40)
    plain = rows(Extractor.of([columns], DNA), seqs)
    scale = np.sqrt((plain**2).sum(axis=1))
    found = rows(Extractor.of([f"string_kernel:{options}"], DNA).fit(Training(40, seqs)), seqs)
    np.testing.assert_allclose(found, plain @ plain.T / np.outer(scale, scale), atol=1e-12)


@pytest.mark.parametrize("options", ["kind=gapped,k=2,length=4", "kind=mismatch,k=3,m=1"])
def test_both_strands_count_alike(options, rng):
    seqs = with_unknown(DNA, rng, 9, 3, 25)
    kernel = Extractor.of([f"string_kernel:{options},strands=both"], DNA).fit(Training(25, seqs))

    def counted(text):
        count = KINDS[options]([DNA.letters.find(letter) % 100 for letter in text], 4)
        turned = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
        return count + KINDS[options]([DNA.letters.find(letter) % 100 for letter in turned], 4)

    counts = [counted(text) for text in seqs]
    np.testing.assert_allclose(rows(kernel, seqs), cosines(counts, counts), atol=1e-12)
    tiny = Sequences.from_strings(["ACGT", "A", "TTAC"], DNA)
    few = Extractor.of([f"string_kernel:{options},strands=both"], DNA).fit(Training(4, tiny))
    counts = [counted(text) for text in tiny]
    np.testing.assert_allclose(rows(few, tiny), cosines(counts, counts), atol=1e-12)
    assert np.array_equal(rows(kernel, seqs.reverse_complement()), rows(kernel, seqs))


@pytest.mark.parametrize("spec", ["strands=both,kind=spectrum", "strands=both,kind=alignment"])
def test_strands_belong_to_gapped_words(spec):
    with pytest.raises(ParameterError, match="strands=both"):
        parse(f"string_kernel:{spec}").term(DNA)
    with pytest.raises(ParameterError, match="strands=both"):
        parse("string_kernel:strands=both,kind=gapped").term(PROTEIN)


def test_alignment_kernel(rng):
    seqs = with_unknown(PROTEIN, rng, 8, 2, 15)
    extractor = Extractor.of(["string_kernel:kind=alignment,beta=2,gap_open=5"], PROTEIN).fit(Training(15, seqs))
    codes = [[PROTEIN.letters.find(letter) % 21 for letter in text] for text in seqs]
    scores = np.array(oracles.local_scores(codes, codes, similarity.letter_scores(PROTEIN).tolist(), 6, 1))
    own = np.array([sum(similarity.letter_scores(PROTEIN)[a, a] for a in record if a < 20) for record in codes])
    np.testing.assert_allclose(
        rows(extractor, seqs), np.exp(2 * (scores / np.sqrt(np.outer(own, own)) - 1)), atol=1e-12
    )
    nothing = rows(extractor, Sequences.from_strings(["XXX"], PROTEIN))
    assert not nothing.any()


@pytest.mark.parametrize("options", ["kind=spectrum", "kind=gapped,k=3,length=5", "kind=mismatch", "kind=alignment"])
def test_a_training_record_is_compared_with_itself(options, rng):
    seqs = made(PROTEIN, rng, 12, 8, 30)
    extractor = Extractor.of([f"string_kernel:{options}"], PROTEIN).fit(Training(30, seqs))
    table = rows(extractor, seqs)
    assert extractor.width == 12
    assert extractor.names[-1].endswith("_t12")
    np.testing.assert_allclose(np.diag(table), 1, atol=1e-12)
    np.testing.assert_allclose(table, table.T, atol=1e-12)
    assert np.linalg.eigvalsh(table).min() > -1e-9 or "alignment" in options
    assert np.array_equal(rows(extractor, renamed(seqs)), table)
    assert np.array_equal(rows(extractor, seqs[3:5]), table[3:5])
    assert extractor.needs == {"sequences"}


def test_mismatch_values_count_words():
    for k, m, n in ((3, 1, 4), (3, 2, 4), (2, 1, 5), (4, 2, 3)):
        word = [0] * k
        for agreeing in range(k + 1):
            other = word[:agreeing] + [1] * (k - agreeing)
            expected = pairs.product(pairs.mismatch_counts(word, k, m, n), pairs.mismatch_counts(other, k, m, n))
            assert strings.mismatch_values(k, m, n)[agreeing] == expected


def test_string_kernels_are_for_small_sets(rng, monkeypatch):
    seqs = made(PROTEIN, rng, 10, 30, 30)
    training = Training(30, seqs)
    for options in ("kind=gapped", "kind=spectrum", "kind=mismatch", "kind=alignment"):
        monkeypatch.setattr(strings, "MAX_PAIRS", 10.0)
        with pytest.raises(ParameterError, match="for small sets; use fewer or shorter records"):
            Extractor.of([f"string_kernel:{options}"], PROTEIN).fit(training)
        monkeypatch.undo()
    monkeypatch.setattr(strings, "MAX_RECORDS", 9)
    with pytest.raises(ParameterError, match="10 training records would be as many columns"):
        Extractor.of(["string_kernel"], PROTEIN).fit(training)
    with pytest.raises(NotFittedError):
        parse("string_kernel").term(PROTEIN).names()
    with pytest.raises(ModelError, match="damaged"):
        strings.StringKernel(similarity.WordCosine, seqs[:0])


@pytest.mark.parametrize("options", ["kind=gapped,k=6,length=4", "kind=mismatch,k=2,m=2", "k=13", "length=21", "m=5"])
def test_parameters_of_string_kernels(options):
    with pytest.raises(ParameterError):
        parse(f"string_kernel:{options}").term(DNA)


def test_words_that_no_one_can_list_are_compared_all_the_same(rng):
    seqs = made(PROTEIN, rng, 6, 20, 30)
    table = rows(fitted("neighbours:similarity=words,k=12,top=1", renamed(seqs), ["a", "b"] * 3), seqs)
    np.testing.assert_allclose(table[:, :2].max(axis=1), 1, atol=1e-12)


def test_mismatches_are_fewer_than_letters():
    with pytest.raises(ParameterError, match="fewer than k"):
        parse("mismatch:k=2,m=2").term(DNA)


def test_mismatch_zero_and_no_decay_are_kmers(rng):
    seqs = made(DNA, rng, 8, 0, 40)
    plain = rows(Extractor.of(["kmer:norm=count"], DNA), seqs)
    for spec in ("mismatch:m=0", "subsequence"):
        assert np.array_equal(rows(Extractor.of([spec], DNA), seqs), plain)
    everything = rows(Extractor.of(["subsequence:delta=1,k=2"], DNA), seqs).sum(axis=1)
    assert everything.tolist() == [math.comb(n, 2) for n in seqs.lengths.tolist()]
