"""Sequences and tables that the tests of architecture search share; needs no torch."""

from __future__ import annotations

import numpy as np

from bioautofeat.nas.bench import Protocol, Training, code_of


def records(n, seed=0, motif="TGACTCA"):
    """Texts of 24 to 39 letters, every other one with a motif."""
    rng = np.random.default_rng(seed)
    texts, labels = [], np.where(np.arange(n) % 2, "with", "without")
    for label in labels:
        letters = rng.choice(list("ACGT"), rng.integers(24, 40))
        if label == "with":
            place = rng.integers(len(letters) - len(motif))
            letters[place : place + len(motif)] = list(motif)
        texts.append("".join(letters))
    return texts, labels


def fasta(path, n=80, seed=0):
    texts, labels = records(n, seed)
    path.write_text(
        "".join(f">r{i}|{label}\n{text}\n" for i, (text, label) in enumerate(zip(texts, labels, strict=True)))
    )
    return str(path)


def table(seeds=(0, 1)):
    protocol = Protocol(3, ("none", "conv3"), 16, 1, 2, 7, 3, {"splice": "a task"})
    trainings = [
        Training("splice", code_of(protocol.space.decode(point), protocol.operations), seed, 100 + i, 1000, 0.5, round(i / 10 + seed / 100, 4), (0.1, 0.2, i / 10))
        for i, point in enumerate(protocol.space.points())
        for seed in seeds
    ]  # fmt: skip
    return protocol, trainings
