"""The audit: copies, conflicts, relations, shortcuts, shifts."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import numpy as np
import oracles_similarity as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.audit import Part, audit, words
from bioautofeat.audit.copies import conflicting_rows
from bioautofeat.audit.part import check_classes, label_values
from bioautofeat.audit.text import describe
from bioautofeat.errors import LabelError
from bioautofeat.sequences import Sequences


def random_text(rng, n, letters="ACGT"):
    return "".join(rng.choice(list(letters), n))


def mutated(rng, text, times, letters="ACGT"):
    places = rng.choice(len(text), times, replace=False)
    return "".join(rng.choice([x for x in letters if x != c]) if i in places else c for i, c in enumerate(text))


def dna(texts):
    return Sequences.from_strings(texts, "dna")


def part(texts, labels=(), alphabet="dna"):
    return Part(Sequences.from_strings(texts, alphabet), tuple(labels))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ACGTN", max_size=40), min_size=1, max_size=6), st.integers(1, 9), st.booleans())
def test_words_against_the_definition(texts, length, both_strands):
    seqs = dna(texts)
    found = words.words_of(seqs, length, both_strands=both_strands)
    complement = DNA.complement_codes.tolist()
    for i in range(len(seqs)):
        wanted = oracle.words(seqs.codes[seqs.offsets[i] : seqs.offsets[i + 1]].tolist(), length, 4)
        if both_strands:
            wanted = {oracle.strandless(word, complement) for word in wanted}
        numbers = sorted(sum(code * 4 ** (length - 1 - at) for at, code in enumerate(word)) for word in wanted)
        assert found.codes[found.records == i].tolist() == numbers
        assert found.sizes[i] == len(wanted)


def test_thinning_keeps_all_copies_of_a_word_or_none(rng):
    texts = [random_text(rng, 300) for _ in range(5)]
    seqs = dna(texts + texts[::-1])
    thin = words.words_of(seqs, 12, rate=0.3)
    whole = words.words_of(seqs, 12)
    assert 0.15 < len(thin.codes) / len(whole.codes) < 0.45
    assert thin.sizes[:5].tolist() == thin.sizes[5:][::-1].tolist()


def test_too_long_words_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        words.words_of(dna(["ACGT"]), 27)
    assert words.word_length(PROTEIN) == 12
    assert words.word_length(DNA) == 24


def test_groups_against_the_definition(rng):
    base = [random_text(rng, 120) for _ in range(4)]
    texts = [*base, base[0][20:90], mutated(rng, base[1], 1), base[2][:60] + random_text(rng, 60), "ACGT", "N" * 80]
    texts += [str(next(iter(dna([base[3]]).reverse_complement())))]
    seqs = dna(texts)
    complement = DNA.complement_codes.tolist()
    sets = [
        {oracle.strandless(word, complement) for word in oracle.words(seqs.codes[a:b].tolist(), 24, 4)}
        for a, b in zip(seqs.offsets, seqs.offsets[1:], strict=False)
    ]
    wanted = oracle.components(len(sets), oracle.sharing(sets, lambda size: min(size / 2, max(1, size - 48))))
    assert same_partition(words.related_groups(seqs), wanted)
    assert wanted[4] == 0
    assert wanted[5] == 1
    assert wanted[9] == 3


def same_partition(left, right):
    return [list(left).index(x) for x in left] == [list(right).index(x) for x in right]


def test_short_records_are_compared_as_wholes(rng):
    letters = PROTEIN.letters
    base = [random_text(rng, 11, letters) for _ in range(30)]
    near = [text[:5] + ("A" if text[5] != "A" else "C") + text[6:] for text in base[:10]]
    far = [mutated(rng, text, 3, letters) for text in base[10:20]]
    seqs = Sequences.from_strings(base + near + far + [base[0][:-1], "ACDEFGHIKLMNPQ"], "protein")
    group = words.related_groups(seqs)
    assert group[30:40].tolist() == group[:10].tolist()
    assert group[50] == group[0]
    assert len(set(group[40:50].tolist()) & set(group[10:20].tolist())) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("AC", min_size=1, max_size=23), min_size=2, max_size=8))
def test_close_pairs_against_the_definition(texts):
    seqs = dna(texts)
    batches = words.close_pairs(seqs, np.ones(len(seqs), bool), 24)
    found = {tuple(sorted(pair)) for left, right in batches for pair in zip(left.tolist(), right.tolist(), strict=True)}
    wanted = {
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, len(texts))
        if oracle.edit_distance(texts[i], texts[j]) <= min(len(texts[i]), len(texts[j])) // 10
    }
    assert found == wanted


def close(one, other):
    """Whether short texts are copies by the definition."""
    return bool(one and other) and oracle.edit_distance(one, other) <= min(len(one), len(other)) // 10


def crowded_texts(rng, n=60):
    """Short texts, many of them copies or near copies of each other, some empty."""
    base = [random_text(rng, int(rng.integers(0, 24)), "ACGTN") for _ in range(8)]
    texts = [base[int(rng.integers(len(base)))] for _ in range(n)]
    return [mutated(rng, text, min(len(text), int(rng.integers(3)))) for text in texts]


@pytest.mark.parametrize("few", [False, True], ids=["at once", "in shares"])
def test_copies_of_short_records_against_the_definition(rng, monkeypatch, few):
    """Copies are compared once for all; in however many steps the variants are gone through, nothing is lost."""
    if few:
        for name in ("MAX_VARIANTS", "MAX_PAIRS", "CHUNK_LETTERS"):
            monkeypatch.setattr(words, name, 300 if name == "MAX_VARIANTS" else 20)
    texts = crowded_texts(rng)
    pairs = [(i, j) for i in range(len(texts)) for j in range(i) if close(texts[i], texts[j])]
    assert same_partition(words.related_groups(dna(texts)), oracle.components(len(texts), pairs))
    training, test = texts[::2], texts[1::2]
    wanted = [any(close(one, other) for other in training) for one in test]
    assert words.near_copies(dna(training), dna(test)).tolist() == wanted


def test_many_copies_of_a_short_record_take_little_memory(rng):
    base = list(dict.fromkeys(random_text(rng, 22) for _ in range(2500)))
    near = [mutated(rng, text, 1) for text in base]
    texts = [random_text(rng, 22)] * 20_000 + base + near
    seqs = dna(texts)
    tracemalloc.start()
    group = words.related_groups(seqs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 200e6
    assert len(set(group[:20_000].tolist())) == 1
    assert group[20_000 : 20_000 + len(base)].tolist() == group[20_000 + len(base) :].tolist()
    assert len(set(group.tolist())) > 0.9 * len(base)


def test_near_copies(rng):
    training = [random_text(rng, 200) for _ in range(20)]
    test = [
        training[0],
        mutated(rng, training[1], 1),
        training[2][:130] + random_text(rng, 70),
        random_text(rng, 200),
        "ACG",
    ]
    near = words.near_copies(dna(training), dna(test))
    assert near.tolist() == [True, True, True, False, False]


def test_the_audit_counts(rng):
    base = [random_text(rng, 90) for _ in range(30)]
    training = part([*base, base[0], base[1]], [*["a", "b"] * 15, "b", "b"])
    turned = str(next(iter(dna([base[4]]).reverse_complement())))
    test = Part(dna([base[2], base[3], turned, random_text(rng, 90)]), ("b", "b", "a", "a"), "test.fa")
    found = audit(training, test)
    content = json.loads(json.dumps(found.as_dict()))
    assert content["records"] == 32
    assert content["duplicates"] == 2
    assert content["conflicts"] == 2  # base 0 in training, base 2 across the parts
    assert content["classes"] == {"a": 15, "b": 17}
    assert content["test"] == {
        "records": 4, "exact": 2, "reverse_complement": 1, "near": 2, "conflicting": 1, "clean": 1, "same_ids": 4,
        "shift_auc": content["test"]["shift_auc"], "novelty_auc": None,
    }  # fmt: skip
    assert content["groups"] == 2
    assert content["group_sizes"] == {"all_groups": 30, "records_in_groups": 4, "largest": 2}
    assert sum(content["letters"].values()) == 32 * 90
    assert found.group[0] == found.group[30]
    text = describe(found)
    assert "! conflicts          2" in text
    assert "! exact copies       2" in text


def test_conflicts_need_labels():
    keys = np.array([1, 1, 2, 2, 3], np.uint64)
    assert [rows.tolist() for rows in conflicting_rows(keys, ["a", "b", "a", "a", "b"])] == [[0, 1]]
    assert conflicting_rows(keys, ["a", None, "a", None, "b"]) == []
    assert conflicting_rows(keys, [None] * 5) == []


def test_shortcuts_and_shift(rng):
    long = ["A" * 5 + random_text(rng, 80) for _ in range(60)]
    short = ["A" * 5 + random_text(rng, 40) for _ in range(60)]
    rich = [random_text(rng, 80, "GGCA") for _ in range(60)]
    by_length = audit(part(long + short, ["x"] * 60 + ["y"] * 60), relations=False).shortcuts
    assert by_length["length"]["auc"] > 0.95
    assert by_length["length"]["mcc"] > 0.9
    alike = audit(part(long, ["x", "y"] * 30), part(long[::-1] + short), relations=False)
    assert 0.2 < alike.shortcuts["composition"]["auc"] < 0.75
    assert alike.test is not None
    shifted = audit(part(long), part(rich), relations=False)
    assert shifted.test is not None
    assert shifted.test.shift_auc > 0.95
    assert shifted.shortcuts == {}
    assert shifted.classes == {}


def test_regression_has_no_conflicts(rng):
    base = [random_text(rng, 60) for _ in range(20)]
    found = audit(part([*base, base[0]], [*map(str, range(20)), "7.5"]), task="regression")
    assert found.conflicts == 0
    assert found.classes == {"min": 0.0, "median": 9.0, "max": 19.0}
    assert set(found.shortcuts["length"]) == {"r2", "spearman"}


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["a"] * 6, ["'a'", "two classes"]),
        (["a", "a", "b"] * 3 + ["rare"], ["'rare'", "1 record"]),
        ([f"k{i}" for i in range(9)], ["9 classes", "class"]),
        ([str(i / 7) for i in range(30)], ["continuous", "regression"]),
        ([str(i) for i in range(60)] * 2, ["continuous", "regression"]),
    ],
)
def test_labels_that_no_classifier_can_use(labels, words):
    with pytest.raises(LabelError) as refusal:
        check_classes(labels, "l.csv")
    assert all(word in str(refusal.value) for word in ["l.csv", *words])


def test_labels_that_are_fine():
    assert check_classes(["2", "7"] * 5, "l.csv") == ("2", "7")
    assert check_classes(["1.0", "0.0", "0.5"] * 5, "l.csv") == ("0.0", "0.5", "1.0")
    assert label_values(["1", "2e3", "-1.5", "0", "7"], list("abcde"), "l.csv").tolist() == [1, 2000, -1.5, 0, 7]
    for bad in (["1", "x", "2", "3", "4"], ["1", "nan", "2", "3", "4"], ["1"] * 8, ["1", "2"]):
        with pytest.raises(LabelError, match=r"l\.csv"):
            label_values(bad, [str(i) for i in range(len(bad))], "l.csv")


def fasta(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as stream:
        blocks = stream.read().split(">")[1:]
    heads = [block.split("\n", 1)[0].split()[0] for block in blocks]
    return heads, ["".join(block.split("\n", 1)[1].split()).upper() for block in blocks]


def suite_part(folder, name, alphabet):
    path = next(path for path in (folder / f"{name}.fasta", folder / f"{name}.fasta.gz") if path.exists())
    ids, texts = fasta(path)
    if alphabet == "rna":
        texts = [text.replace("T", "U") for text in texts]
    return Part(Sequences.from_strings(texts, alphabet, ids), tuple(name.rpartition("|")[2] for name in ids))


def test_leaks_of_known_data_sets(shared):
    """Every exact copy across parts and every conflict that is recorded for the labelled data sets is found."""
    folders = sorted(path.parent for path in (shared / "suite").glob("*/meta.json"))
    assert folders
    for folder in folders:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        training, test = (suite_part(folder, name, meta["alphabet"]) for name in ("train", "test"))
        task = "regression" if meta["problem"] == "regression" else "classification"
        near = meta["bytes"] < 500_000  # the others take seconds each
        found = audit(training, test, task=task, relations=near)
        assert found.test is not None
        assert int(found.test.exact.sum()) == meta["train_test_exact_overlap"], folder.name
        assert found.conflicts == meta["conflicting_labels"], folder.name
        assert found.duplicates == meta["exact_duplicates"]["train"], folder.name
        if near:
            recorded = round(meta["near_overlap"]["half"] * meta["near_overlap"]["n_test_measured"])
            long = test.sequences.lengths >= meta["near_overlap"]["k"]
            # a record of one word can also be close to a training record without any
            assert recorded <= int((found.test.near & long).sum()) <= recorded + 2, folder.name
