"""Batches of sequences: made, cut, turned, and never changed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.alphabet import DNA, PROTEIN, RNA, Grouping, get_alphabet
from bioautofeat.errors import AlphabetError, BioautofeatError, ParameterError
from bioautofeat.sequences import Sequences

batches = st.lists(st.text("ACGTN", max_size=12), max_size=6)
COMPLEMENT = dict(zip("ACGT?", "TGCA?", strict=True))


def made(texts):
    return Sequences.from_strings(texts, "dna")


def shown(texts):
    return [text.replace("N", "?") for text in texts]


@settings(deadline=None)
@given(batches)
def test_texts_come_back(texts):
    seqs = made(texts)
    assert list(seqs) == shown(texts)
    assert seqs.lengths.tolist() == [len(text) for text in texts]
    assert seqs.n_letters == sum(map(len, texts))
    assert seqs.ids == tuple(f"s{i + 1}" for i in range(len(texts)))


@settings(deadline=None)
@given(batches, st.integers(-7, 7), st.integers(-7, 7), st.sampled_from([None, 1, 2, -1]))
def test_slices_are_those_of_a_list(texts, start, stop, step):
    part = made(texts)[start:stop:step]
    assert list(part) == shown(texts)[start:stop:step]
    assert list(part[1:]) == shown(texts)[start:stop:step][1:]


@settings(deadline=None)
@given(batches, st.data())
def test_rows_are_taken_in_any_order(texts, data):
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=8)) if texts else []
    assert list(made(texts).take(rows)) == [shown(texts)[row] for row in rows]
    mask = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    kept = [text for text, keep in zip(shown(texts), mask, strict=True) if keep]
    assert list(made(texts).take(np.array(mask, bool))) == kept


@settings(deadline=None)
@given(batches)
def test_the_other_strand(texts):
    other = made(texts).reverse_complement()
    assert list(other) == ["".join(COMPLEMENT[letter] for letter in reversed(text)) for text in shown(texts)]
    assert list(other.reverse_complement()) == shown(texts)
    assert other.ids == made(texts).ids


@settings(deadline=None)
@given(st.lists(batches, min_size=1, max_size=4))
def test_batches_are_joined(parts):
    joined = Sequences.concatenate([made(part)[0:] for part in parts])
    assert list(joined) == [text for part in parts for text in shown(part)]
    assert len(joined.offsets) == len(joined) + 1


def test_coarser_alphabets():
    purines = Grouping("purines", DNA, ("AG", "C"), ("R", "C"))
    seqs = made(["AGCTN", "", "T"])[0:2]
    assert list(seqs.regrouped(purines)) == ["RRC??", ""]


def test_nothing_can_be_changed():
    codes = np.zeros(3, np.uint8)
    seqs = Sequences(codes, np.array([0, 3]), ("a",), DNA)
    with pytest.raises(ValueError, match="read-only"):
        seqs.codes[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        seqs.offsets[0] = 1
    with pytest.raises(AttributeError):
        seqs.ids = ()
    assert codes.flags.writeable


def test_letters_of_all_kinds():
    assert list(Sequences.from_strings(["acgu", "NNR"], "rna")) == ["ACGU", "???"]
    assert list(Sequences.from_strings(["mkv", "BZX"], PROTEIN, ["p", "q"])) == ["MKV", "???"]
    assert Sequences.from_strings([], "dna").n_letters == 0


@pytest.mark.parametrize(
    ("texts", "alphabet", "message"),
    [
        (["ACGT", "AC-T"], "dna", r"record 's2', position 3: '-' is not a letter of dna"),
        (["ACGU"], "dna", r"position 4: 'U' is not a letter of dna"),
        (["ACGT"], "rna", r"position 4: 'T' is not a letter of rna"),
        (["", "AÉ"], "dna", r"record 's2', position 2: 'É'"),
        (["MK*"], "protein", r"position 3: '\*'"),
        (["A"], "xna", "unknown alphabet 'xna'"),
    ],
)
def test_wrong_letters_are_told(texts, alphabet, message):
    with pytest.raises(AlphabetError, match=message):
        Sequences.from_strings(texts, alphabet)


def test_ids_and_offsets_belong_together():
    with pytest.raises(ParameterError):
        Sequences(np.zeros(1, np.uint8), np.array([0, 1]), ("a", "b"), DNA)
    assert issubclass(ParameterError, BioautofeatError)


def test_pickled_batches_are_the_same():
    seqs = pickle.loads(pickle.dumps(made(["ACGT", "N"])))
    assert (list(seqs), seqs.alphabet) == (["ACGT", "?"], get_alphabet("dna"))
    assert not seqs.codes.flags.writeable
    assert seqs.alphabet != RNA
    part = made(["A" * 1000, "CC", "GGG"])[1:]
    assert list(pickle.loads(pickle.dumps(part))) == ["CC", "GGG"]
    assert len(pickle.dumps(part)) < 900
