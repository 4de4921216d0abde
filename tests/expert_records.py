"""Records that say something of their class, or nothing: what the tests of the expert interface share."""

from __future__ import annotations

import numpy as np

from bioautofeat.table import FeatureTable


def noise(n, seed, length=40):
    """Sequences that say nothing of their class."""
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), length)) for _ in range(n)]


def composed(n=50, seed=0, length=40):
    """Classes of other composition."""
    rng = np.random.default_rng(seed)
    share = np.array([0.4, 0.1, 0.1, 0.4])
    texts = ["".join(rng.choice(list("ACGT"), length, p=share if i % 2 else share[[1, 0, 3, 2]])) for i in range(n)]
    return texts, np.array(["no", "yes"])[np.arange(n) % 2]


def embedded(n=50, seed=0):
    """Noise, labels, and columns made elsewhere of which the second tells the label; one cell is missing."""
    rng = np.random.default_rng(seed)
    labels = np.array(["no", "yes"])[np.arange(n) % 2]
    values = rng.normal(size=(n, 4))
    values[:, 1] += np.where(labels == "yes", 3.0, -3.0)
    values[3, 0] = np.nan
    return noise(n, seed), labels, values


def planted(n=48, p=80, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, p))
    labels = np.array(["case", "rest"])[(values[:, 5] - values[:, 9] > 0).astype(int)]
    return FeatureTable(values, tuple(f"g{j}" for j in range(p)), tuple(f"r{i}" for i in range(n)), tuple(labels))


QUICK = {"time_budget": None, "trials": 1, "descriptors": ["kmer:k=1"], "threads": 1}
NAMES_4 = tuple(f"emb{j}" for j in range(4))
