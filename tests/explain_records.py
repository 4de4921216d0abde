"""Sequences and models with a planted motif, which the tests of explanations share."""

from __future__ import annotations

import numpy as np

from bioautofeat.bundle import FittedModel
from bioautofeat.models import compiled
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

MOTIF, PLACE, LENGTH = "TGACTC", 16, 36


def planted(seed, n=160, length=LENGTH):
    """Random DNA; every second record holds the motif."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]
    labels = ["motif" if i % 2 else "plain" for i in range(n)]
    for i in range(1, n, 2):
        texts[i] = texts[i][:PLACE] + MOTIF + texts[i][PLACE + len(MOTIF) :]
    return Sequences.from_strings(texts, "dna"), labels


def forest(rows, labels, trees=40):
    from sklearn.ensemble import ExtraTreesClassifier

    return compiled(ExtraTreesClassifier(trees, random_state=0, min_samples_leaf=3).fit(rows, labels))


def table_model(rng, n=80, task="regression"):
    from sklearn.linear_model import Ridge

    values = rng.normal(size=(n, 6))
    target = 3 * values[:, 2] - values[:, 4] + 0.1 * rng.normal(size=n)
    names = tuple("abcdef")
    table = FeatureTable(values, names, tuple(f"r{i}" for i in range(n)))
    return FittedModel(compiled(Ridge(1e-3).fit(values, target)), task, names=names), table, target
