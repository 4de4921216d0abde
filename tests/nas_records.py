"""Sequences and tables that the tests of architecture search share; needs no torch."""

from __future__ import annotations

import numpy as np

from bioautofeat.nas.bench import Protocol, Training, code_of
from bioautofeat.sequences import Sequences

MOTIF = "TGACTCA"


def records(n, seed=0, motif=MOTIF, lengths=(24, 40)):
    """Texts of nucleotides, every other one with a motif; ``with`` or ``without`` for each."""
    rng = np.random.default_rng(seed)
    texts, labels = [], np.where(np.arange(n) % 2, "with", "without")
    for label in labels:
        letters = rng.choice(list("ACGT"), rng.integers(*lengths))
        if label == "with":
            place = rng.integers(len(letters) - len(motif))
            letters[place : place + len(motif)] = list(motif)
        texts.append("".join(letters))
    return texts, labels


def planted(n, seed=0, **more):
    """The same as sequences; 1 for those with the motif, 0 for the others."""
    texts, labels = records(n, seed, **more)
    return Sequences.from_strings(texts, "dna"), (labels == "with").astype(np.int64)


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
