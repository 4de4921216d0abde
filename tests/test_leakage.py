"""Fitted descriptors learn from training folds alone: labels without meaning cannot be predicted through them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import find
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training
from bioautofeat.terms.labels import Members

LENGTH, RECORDS, REPEATS = 24, 120, 5

# of the mean of REPEATS areas under the curve, each of RECORDS records: 1 / sqrt(3 * 120) / sqrt(5) and some for the
# folds' sharing of records; four of them
CHANCE = 4 * 0.025


def learners():
    """Every descriptor and alphabet for which something is learnt from training records themselves."""
    for row in find():
        for alphabet in (DNA, PROTEIN):  # RNA runs through the code of DNA
            if alphabet not in row.alphabets:
                continue
            try:
                needs = row().term(alphabet).needs
            except ParameterError:
                continue
            if needs & {"labels", "sequences"}:
                yield pytest.param(row.name, alphabet, id=f"{row.name}-{alphabet.name}")


def records(alphabet, rng, n=RECORDS):
    codes = rng.integers(0, alphabet.size, n * LENGTH).astype(np.uint8)
    return Sequences(codes, np.arange(0, n * LENGTH + 1, LENGTH), tuple(f"r{i}" for i in range(n)), alphabet)


def rows_of(extractor, seqs):
    return extractor.transform(seqs, short="zero")


def area_out_of_fold(spec, seqs, labels, model, seed):
    predicted = np.zeros(len(labels))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels):
        training = seqs.take(train)
        fitted = Extractor.of([spec], seqs.alphabet).fit(Training(LENGTH, training, labels[train]))
        model.fit(rows_of(fitted, training), labels[train])
        predicted[test] = model.predict_proba(rows_of(fitted, seqs.take(test)))[:, 1]
    return roc_auc_score(labels == "b", predicted)


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))


def shuffled(rng, n=RECORDS):
    return rng.permutation(np.array(["a", "b"])[np.arange(n) % 2])


@pytest.mark.parametrize(("spec", "alphabet"), list(learners()))
def test_shuffled_labels_stay_at_chance(spec, alphabet, rng):
    seqs = records(alphabet, rng)
    areas = [area_out_of_fold(spec, seqs, shuffled(rng), linear(), seed) for seed in range(REPEATS)]
    assert abs(np.mean(areas) - 0.5) < CHANCE


@pytest.mark.parametrize("spec", ["pstnpss", "pstnpss:folds=5", "pslogodds", "neighbours"])
def test_trees_find_nothing_either(spec, rng):
    seqs = records(DNA, rng)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    areas = [area_out_of_fold(spec, seqs, shuffled(rng), tree, seed) for seed in range(REPEATS)]
    assert abs(np.mean(areas) - 0.5) < CHANCE


def forgetful(extractor):
    """The extractor, no longer knowing which records it was fitted to."""

    def forget(term):
        if hasattr(term, "terms"):
            return type(term)((forget(part) for part in term.terms), term.labels)
        return replace(term, members=Members())

    return replace(extractor, terms=tuple(forget(term) for term in extractor.terms))


def area_fitted_on_all(extractor, seqs, labels):
    """What comes out when the descriptor has been fitted before the folds were cut."""
    values, predicted = rows_of(extractor, seqs), np.zeros(len(labels))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(labels, labels):
        model = linear().fit(values[train], labels[train])
        predicted[test] = model.predict_proba(values[test])[:, 1]
    return roc_auc_score(labels == "b", predicted)


@pytest.mark.parametrize("spec", ["pstnpss", "pslogodds", "hexamer", "idkmer", "neighbours"])
def test_these_tests_see_a_leak(spec, rng):
    """A table that describes the records it has counted tells their labels: so the tests above can fail."""
    seqs, labels = records(DNA, rng), shuffled(rng)
    fitted = Extractor.of([spec], DNA).fit(Training(LENGTH, seqs, labels))
    assert area_fitted_on_all(forgetful(fitted), seqs, labels) > 0.65


@pytest.mark.parametrize("spec", ["pslogodds", "pslogodds:folds=0", "pstnpss", "pstnpss:folds=5", "hexamer"])
def test_training_rows_do_not_tell_their_own_label(spec, rng):
    """Their scores add up to nothing under labels without meaning; a table that had counted them would tell."""
    seqs, honest, careless = records(DNA, rng), [], []
    for _ in range(REPEATS):
        labels = shuffled(rng)
        fitted = Extractor.of([spec], DNA).fit(Training(LENGTH, seqs, labels))
        honest.append(roc_auc_score(labels == "b", rows_of(fitted, seqs).sum(axis=1)))
        careless.append(roc_auc_score(labels == "b", rows_of(forgetful(fitted), seqs).sum(axis=1)))
    assert np.mean(honest) < 0.5 + CHANCE
    assert np.mean(careless) > 0.9


@pytest.mark.parametrize(
    "spec", ["pslogodds", "pstnpss:folds=5", "pstnpss", "hexamer:k=3", "neighbours", "idkmer", "knn"]
)
def test_new_records_say_nothing_of_the_fold_structure(spec, rng):
    """A record's row does not depend on the other records that are described with it."""
    seqs = records(DNA, rng, 60)
    fitted = Extractor.of([spec], DNA).fit(Training(LENGTH, seqs[:40], shuffled(rng, 40)))
    together = rows_of(fitted, seqs)
    assert np.array_equal(together[40:], rows_of(fitted, seqs[40:]))
    assert np.array_equal(together[7:8], rows_of(fitted, seqs[7:8]))
