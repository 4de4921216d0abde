"""Small data for the selector, and a run of it: what its tests share."""

from __future__ import annotations

import numpy as np

from bioautofeat.audit import Part
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import Inline
from bioautofeat.automl.prepare import Options, prepare_records
from bioautofeat.automl.run import Run
from bioautofeat.sequences import Sequences


def make(seed, n=60, signal=0.12, length=60, families=None):
    """Two classes of DNA that differ in composition; records of one family are mutated copies."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for i in range(n):
        kind = i % 2
        share = np.array([0.25 + signal, 0.25 - signal, 0.25 - signal, 0.25 + signal])
        text = rng.choice(list("ACGT"), length, p=share if kind else share[::-1][[1, 0, 3, 2]])
        if families is not None and i >= families:
            text = list(texts[i % families])
            text[int(rng.integers(length))] = str(rng.choice(list("ACGT")))
            kind = (i % families) % 2
        texts.append("".join(text))
        labels.append("ab"[kind])
    return texts, labels


def part(texts, labels):
    return Part(Sequences.from_strings(texts, "dna"), tuple(labels))


def run(data, options, executor=None, folder=None):
    prepared = prepare_records(part(*data), None, options)
    with executor or Inline() as fits:
        return Run(prepared, options, Clock(options.time_budget), fits, folder).go(), prepared


QUICK = Options(trials=3, descriptors=("kmer:k=2",))
