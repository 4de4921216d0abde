"""Descriptors that learn from labels, and their small neighbours: similarity, codons, ends, physics, a user's table."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace

import numpy as np
import oracles_fitted as oracles
import oracles_similarity as pairs
import pytest

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import LabelError, ModelError, NotFittedError, ParameterError, TableError
from bioautofeat.extraction import Extractor, extract
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms import similarity, strings
from bioautofeat.terms.base import Training
from bioautofeat.terms.labels import Classes, Members


def made(alphabet, rng, n, shortest, longest):
    letters = list(alphabet.letters)
    texts = ["".join(rng.choice(letters, rng.integers(shortest, longest + 1))) for _ in range(n)]
    return Sequences.from_strings(texts, alphabet)


def fitted(spec, seqs, labels, length=None):
    training = Training(length or int(seqs.lengths.max()), seqs, np.array(labels))
    return Extractor.of([spec], seqs.alphabet).fit(training)


def rows(extractor, seqs):
    return extractor.transform(seqs, short="zero")


def renamed(seqs):
    """The same letters under other ids: none of them is a training record."""
    return Sequences(seqs.codes, seqs.offsets, tuple(f"new{i}" for i in range(len(seqs))), seqs.alphabet)


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


# ---- similarity


def test_knn_equals_the_definition(rng):
    seqs = made(PROTEIN, rng, 17, 11, 11)
    labels = [str(i % 2) for i in range(17)]
    matrix = similarity.letter_scores(PROTEIN)[:-1, :-1]
    matrix = (matrix + 4) / 15
    codes = [[PROTEIN.symbols.index(letter) for letter in text] for text in seqs]
    distances = oracles.column_distances(codes, codes, matrix.tolist())
    table = rows(fitted("knn:percent=40", seqs, labels), seqs).reshape(17, 40, 2)
    for row in range(17):
        near = sorted((distances[row][i], labels[i]) for i in range(17) if i != row)
        for percent in range(1, 41):
            nearest = [label for _, label in near[: math.ceil(17 * percent / 100)]]
            assert table[row, percent - 1].tolist() == [nearest.count(c) / len(nearest) for c in "01"]


def test_knn_counts_percents_exactly(rng):
    """7 % of 100 records are 7, not the 8 of ceil(100 * 0.07) in floating point."""
    seqs = made(DNA, rng, 100, 8, 8)
    table = rows(fitted("knn", seqs, ["a", "b"] * 50), seqs).reshape(100, 30, 2)
    assert np.allclose(table[:, 6] * 7, np.round(table[:, 6] * 7))


@pytest.mark.parametrize("spec", ["neighbours", "neighbours:similarity=words,k=1"])
def test_neighbours_equal_the_definition(spec, rng):
    seqs = made(PROTEIN, rng, 14, 3, 20)
    labels = np.array(["a", "b", "c"])[np.arange(14) % 3]
    extractor = fitted(f"{spec}{':' if ':' not in spec else ','}top=1+2,vote=1+4", seqs, labels)
    codes = [[PROTEIN.symbols.index(letter) for letter in text] for text in seqs]
    if "words" in spec:
        units = np.array([np.bincount(record, minlength=20) for record in codes], float)
        units /= np.sqrt((units**2).sum(axis=1, keepdims=True))
        alike = units @ units.T
    else:
        scores = np.array(oracles.local_scores(codes, codes, similarity.letter_scores(PROTEIN).tolist(), 12, 1))
        alike = scores / np.sqrt(np.outer(np.diag(scores), np.diag(scores)))
    np.fill_diagonal(alike, -1)
    targets = (labels[:, None] == np.array(["a", "b", "c"])).astype(float)
    expected = oracles.neighbour_summaries(
        alike.round(12).tolist(), (np.arange(14) % 3).tolist(), targets.tolist(), (1, 2), (1, 4)
    )
    np.testing.assert_allclose(rows(extractor, seqs), expected, atol=1e-9)
    assert extractor.names[0].endswith("a.top1")
    assert extractor.names[-1].endswith("4nearest.c")


def test_a_record_is_no_neighbour_of_itself(rng):
    seqs = made(DNA, rng, 12, 40, 40)
    extractor = fitted("neighbours", seqs, ["a", "b"] * 6)
    own, new = rows(extractor, seqs), rows(extractor, renamed(seqs))
    tops = [i for i, name in enumerate(extractor.names) if name.endswith("top1")]
    assert (own[:, tops].max(axis=1) < 0.99).all()
    np.testing.assert_allclose(new[:, tops].max(axis=1), 1.0, atol=1e-12)


def test_neighbours_of_values_are_averaged(rng):
    seqs = made(DNA, rng, 10, 30, 30)
    values = rng.normal(size=10)
    extractor = fitted("neighbours:top=1,vote=1+25", seqs, values)
    table = rows(extractor, renamed(seqs))
    np.testing.assert_allclose(table[:, 1], values, atol=1e-12)
    np.testing.assert_allclose(table[:, 2], values.mean(), atol=1e-12)
    assert extractor.names[0] == "neighbours_top1_vote1+25_all.top1"


def test_alignment_of_too_many_letters_is_refused(rng, monkeypatch):
    monkeypatch.setattr(similarity, "MAX_STEPS", 1e4)
    seqs = made(PROTEIN, rng, 10, 30, 30)
    with pytest.raises(ParameterError, match="similarity=words"):
        fitted("neighbours", seqs, ["a", "b"] * 5)
    assert fitted("neighbours:similarity=words", seqs, ["a", "b"] * 5).width == 11


@pytest.mark.parametrize("text", ["top=x", "vote=0+3", "top=1+1", "top=+"])
def test_numbers_of_neighbours(text):
    with pytest.raises(ParameterError):
        parse(f"neighbours:{text}").term(DNA)


# ---- string kernels


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


# ---- mismatches, codons


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


def test_codons():
    seqs = Sequences.from_strings(["ATGTTTTTCTTTTAANNNTT", "GATGTTT", "AC"], DNA)
    names = parse("codon_usage").term(DNA).names()
    table = rows(Extractor.of(["codon_usage:norm=count"], DNA), seqs)
    found = {name: int(count) for name, count in zip(names, table[0], strict=True) if count}
    assert found == {"ATG": 1, "TTT": 2, "TTC": 1, "TAA": 1}
    relative = dict(zip(names, rows(Extractor.of(["rscu"], DNA), seqs)[0].tolist(), strict=True))
    assert relative["ATG"] == 1
    assert relative["TTT"] == pytest.approx(4 / 3)
    assert relative["TTC"] == pytest.approx(2 / 3)
    assert relative["TAA"] == 3
    assert relative["GGG"] == 0
    shifted = dict(
        zip(names, rows(Extractor.of(["codon_usage:frame=1,norm=count"], DNA), seqs)[1].tolist(), strict=True)
    )
    assert shifted["ATG"] == shifted["TTT"] == 1
    assert not table[2].any()


def test_the_genetic_code_equals_biopython():
    from Bio.Seq import Seq

    from bioautofeat.terms.codon import STANDARD_CODE

    names = parse("codon_usage").term(DNA).names()
    assert "".join(str(Seq(name).translate()) for name in names) == STANDARD_CODE


# ---- physics


@pytest.mark.parametrize("alphabet", [DNA, RNA])
def test_melting_equals_biopython(alphabet, rng):
    from Bio.SeqUtils import MeltingTemp

    table = MeltingTemp.DNA_NN3 if alphabet is DNA else MeltingTemp.RNA_NN3
    seqs = made(alphabet, rng, 12, 8, 60)
    found = rows(Extractor.of(["melting:sodium=100,strand=400"], alphabet), seqs)
    expected = [MeltingTemp.Tm_NN(text, nn_table=table, Na=100, dnac1=400, dnac2=400) for text in seqs]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    by_gc = [MeltingTemp.Tm_GC(text.replace("U", "T"), Na=100) for text in seqs]
    np.testing.assert_allclose(found[:, 4], by_gc, atol=1e-6)
    palindrome = "GAATTC" if alphabet is DNA else "GAAUUC"
    ours = rows(Extractor.of(["melting"], alphabet), Sequences.from_strings([palindrome], alphabet))[0, 0]
    assert ours == pytest.approx(MeltingTemp.Tm_NN(palindrome, nn_table=table, selfcomp=True))


@pytest.mark.parametrize("alphabet", [DNA, RNA])
def test_mass_equals_biopython(alphabet, rng):
    from Bio.SeqUtils import molecular_weight

    seqs = made(alphabet, rng, 8, 1, 60)
    expected = [molecular_weight(text, alphabet.name.upper()) for text in seqs]
    found = rows(Extractor.of(["strand_mass"], alphabet), seqs)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], found[:, 0] / seqs.lengths)


def test_skews():
    seqs = Sequences.from_strings(["GGGCAT", "CCNCGGGG", "NN", "AAAA"], DNA)
    extractor = Extractor.of(["strand_skew"], DNA)
    table = dict(zip(extractor.names, rows(extractor, seqs).T.tolist(), strict=True))
    assert table["strand_skew_gc"] == [0.5, 1 / 7, 0, 0]
    assert table["strand_skew_at"] == [0, 0, 0, 1]
    assert table["strand_skew_walk.low"] == [0, -3 / 7, 0, 0]
    assert table["strand_skew_walk.high"] == [0.5, 1 / 7, 0, 0]
    assert table["strand_skew_walk.low.place"] == [0, 0.5, 0, 0]


# ---- ends


def test_ends():
    seqs = Sequences.from_strings(["ACG", "TTACGT", ""], DNA)
    extractor = Extractor.of(["ends_binary:first=2,last=4"], DNA)
    table = rows(extractor, seqs)
    letters = [
        ["".join("ACGT"[i] for i in np.flatnonzero(cell)) or "-" for cell in row.reshape(-1, 4)] for row in table
    ]
    assert letters == [list("AC") + list("-ACG"), list("TT") + list("ACGT"), ["-"] * 6]
    assert [name.removeprefix("ends_binary_first2_last4_") for name in extractor.names][3:10:4] == ["1.T", "2.T"]
    assert extractor.names[-1].endswith("_-1.T")
    with pytest.raises(ParameterError, match="describes nothing"):
        parse("ends_binary:first=0,last=0").term(DNA)


def test_ends_have_properties():
    seqs = Sequences.from_strings(["ACDE", "WX"], PROTEIN)
    table = rows(Extractor.of(["ends_property:first=1,last=1"], PROTEIN), seqs)
    assert table.shape == (2, 10)
    assert table[0, 0] == 0.24  # z1 of A
    assert not table[1, 5:].any()
    named = Extractor.of(["ends_property:table=nucleotide-maps,properties=eiip,first=1,last=0"], DNA)
    assert rows(named, Sequences.from_strings(["GA"], DNA)).tolist() == [[0.0806]]
    whole = parse("ends_property:table=residue-pseaac,first=1,last=0").term(PROTEIN)
    assert whole.width == 9


def test_ends_have_composition():
    seqs = Sequences.from_strings(["AACCGGTT", "AC"], DNA)
    extractor = Extractor.of(["ends_composition:size=2+4"], DNA)
    table = rows(extractor, seqs)
    assert table[0].tolist() == [1, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 1, 0, 0, 0.5, 0.5]
    assert table[1, :4].tolist() == table[1, 12:].tolist() == [0.5, 0.5, 0, 0]
    with pytest.raises(ParameterError, match="list of different whole numbers"):
        parse("ends_composition:size=0").term(DNA)


def test_length():
    table = rows(Extractor.of(["length"], DNA), Sequences.from_strings(["ACGN", ""], DNA))
    assert table.tolist() == [[4, math.log(5)], [0, 0]]


# ---- a user's table


def written(folder, text, name="more.csv"):
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["more.csv", "more.tsv", "more.csv.gz"])
def test_a_table_is_joined_by_id(tmp_path, name):
    text = "id,first col,b\ns2,1.5,2\ns1,-1,1e3\nother,0,0\n"
    path = written(tmp_path, text.replace(",", "\t") if "tsv" in name else text, name)
    seqs = Sequences.from_strings(["ACG", "", "AC"][:2], DNA)
    table = extract(seqs, [f"table:file={path}", "length"])
    assert table.values[:, :2].tolist() == [[-1.0, 1000.0], [1.5, 2.0]]
    assert [column.rpartition("_")[2] for column in table.names[:2]] == ["first-col", "b"]


def test_a_table_may_grow_but_keeps_its_columns(tmp_path):
    path = written(tmp_path, "id,a\ns1,1\n")
    extractor, seqs = Extractor.of([f"table:file={path}"], DNA), Sequences.from_strings(["A", "C"], DNA)
    with pytest.raises(TableError, match="no row for record 's2'"):
        rows(extractor, seqs)
    written(tmp_path, "id,a\ns1,1\ns2,2\n")
    assert rows(extractor, seqs).tolist() == [[1], [2]]
    written(tmp_path, "id,b\ns1,1\ns2,2\n")
    with pytest.raises(TableError, match="no longer those"):
        rows(extractor, seqs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id\ns1\n", "at least one of numbers"),
        ("id,a\ns1,\n", "record 's1', column 'a'"),
        ("id,a\ns1,inf\n", "finite number"),
        ("id,a\ns1,x\n", "not a table of ids and numbers"),
        ("id,a\ns1,1\ns1,2\n", "stands in two rows"),
        ("", "not a table"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, told):
    with pytest.raises(TableError, match=told):
        parse(f"table:file={written(tmp_path, text)}").term(DNA)


def test_tables_that_are_not_there(tmp_path):
    with pytest.raises(ParameterError, match="give the file"):
        parse("table").term(DNA)
    with pytest.raises(ParameterError, match="cannot read"):
        parse(f"table:file={tmp_path / 'none.csv'}").term(DNA)
    with pytest.raises(ParameterError, match=r"write a \.csv or \.tsv"):
        parse(f"table:file={written(tmp_path, 'x', 'more.txt')}").term(DNA)
