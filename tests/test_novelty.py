"""Novelty: whether test records are as related to the training part as its folds are to each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bioautofeat.alphabet import PROTEIN
from bioautofeat.audit.novelty import N_FOLDS, novelty_auc, telling_length
from bioautofeat.audit.words import related_groups
from bioautofeat.evaluation.splits import keys_of_sequences, split_groups
from bioautofeat.sequences import Sequences

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def family(rng, members, length=120, kept=0.75):
    """Records that each keep so much of a common ancestor: too little to be near copies, enough to share words."""
    ancestor = rng.choice(list(LETTERS), length)
    rows = np.where(rng.random((members, length)) < kept, ancestor, rng.choice(list(LETTERS), (members, length)))
    return ["".join(row) for row in rows]


def told(training, test):
    known, new = (Sequences.from_strings(texts, PROTEIN) for texts in (training, test))
    groups = related_groups(known)
    return novelty_auc(known, new, groups, keys_of_sequences(known), keys_of_sequences(new)), groups


def test_a_part_of_the_same_families_is_as_new_as_the_folds(rng):
    families = [family(rng, 10) for _ in range(60)]
    found, groups = told(
        list(itertools.chain(*(f[:8] for f in families))), list(itertools.chain(*(f[8:] for f in families)))
    )
    assert len(np.unique(groups)) > 400  # hardly any are near copies, which would stay in one fold
    assert found == pytest.approx(0.5, abs=0.06)


def test_new_families_are_newer_than_the_folds(rng):
    families = [family(rng, 8) for _ in range(80)]
    found, _ = told(list(itertools.chain(*families[:60])), list(itertools.chain(*families[60:])))
    assert found > 0.85


def test_where_nothing_is_related_nothing_is_new(rng):
    texts = ["".join(rng.choice(list(LETTERS), 100)) for _ in range(600)]
    found, _ = told(texts[:450], texts[450:])
    assert found == pytest.approx(0.5, abs=0.06)


def test_shares_against_sets_of_words(rng):
    training = list(itertools.chain(*(family(rng, 5, 60) for _ in range(8))))
    test = [*family(rng, 6, 60), training[3][:40] + "X" * 20, "ACD", "W" * 60]
    known, new = (Sequences.from_strings(texts, PROTEIN) for texts in (training, test))
    groups, keys, new_keys = np.arange(len(known)), keys_of_sequences(known), keys_of_sequences(new)
    length, fold = telling_length(known), split_groups(np.zeros(len(known), int), groups, N_FOLDS, keys)

    def words(text):
        return {text[i : i + length] for i in range(len(text) - length + 1) if "X" not in text[i : i + length]}

    def share(text, own):
        others = set().union(*(words(other) for other, f in zip(training, fold, strict=True) if f != own))
        mine = words(text)
        return len(mine & others) / len(mine) if mine else 0.0

    some = [share(text, int(key) % N_FOLDS) for text, key in zip(test, new_keys.tolist(), strict=True)]
    others = [share(text, own) for text, own in zip(training, fold, strict=True)]
    expected = np.mean([(a < b) + 0.5 * (a == b) for a in some for b in others])
    assert novelty_auc(known, new, groups, keys, new_keys) == pytest.approx(expected, abs=1e-12)
    assert 0.5 < expected < 1


def test_too_few_say_nothing():
    few = Sequences.from_strings(["ACDEFGHIKL"] * 4, PROTEIN)
    assert novelty_auc(few, few, np.arange(4), keys_of_sequences(few), keys_of_sequences(few)) is None


@pytest.mark.parametrize(("records", "letters"), [(10, 4), (10_000, 6)])
def test_words_are_found_by_chance_once_in_a_hundred_times(rng, records, letters):
    seqs = Sequences.from_strings(["".join(rng.choice(list(LETTERS), 50)) for _ in range(records)], PROTEIN)
    assert telling_length(seqs) == letters
