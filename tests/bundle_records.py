"""Small models of every kind: what the tests of bundles share."""

from __future__ import annotations

import numpy as np

from bioautofeat.bundle import FittedModel
from bioautofeat.extraction import Extractor
from bioautofeat.models import compiled, get
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

SMALL = {"trees": 10, "rounds": 8, "landmarks": 15, "leaf": 2}


SPECS = {"dna": ["kmer:k=2", "pstnpss", "enac"], "protein": ["aac", "ctdc"]}


def records(rng, alphabet="dna", n=48):
    letters = list("ACGT" if alphabet == "dna" else "ACDEFGHIKLMNPQRSTVWY")
    texts = ["".join(rng.choice(letters, rng.integers(18, 30))) for _ in range(n)]
    counts = np.array([text.count("A") for text in texts])
    return Sequences.from_strings(texts, alphabet), counts


def labels_of(counts, kind):
    if kind == "regression":
        return counts.astype(np.float64) * 3 + 1
    edges = [np.median(counts)] if kind == "binary" else np.quantile(counts, [1 / 3, 2 / 3])
    return np.array(["none", "some", "mäny, really"])[np.digitize(counts, edges)]


def train(rng, kind="binary", name="extra_trees", alphabet="dna", **more):
    seqs, counts = records(rng, alphabet)
    labels = labels_of(counts, kind)
    extractor = Extractor.of(SPECS[alphabet], seqs.alphabet).fit(Training(25, seqs, labels))
    rows = extractor.transform(seqs, short="zero")
    task = "regression" if kind == "regression" else "classification"
    row = get(name)
    estimator = row.build(task, {k: v for k, v in SMALL.items() if k in row.parameters}, seed=1).fit(rows, labels)
    classes = () if kind == "regression" else tuple(estimator.classes_)
    return FittedModel(compiled(estimator), task, classes, extractor, **more), seqs


def values_of(found):
    return found.probabilities if found.probabilities is not None else found.values
