"""Random records, and extractors that were fitted on them: what the tests of fitted descriptors share."""

from __future__ import annotations

import numpy as np

from bioautofeat.extraction import Extractor
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training


def made(alphabet, rng, n, shortest, longest):
    letters = list(alphabet.letters)
    texts = ["".join(rng.choice(letters, rng.integers(shortest, longest + 1))) for _ in range(n)]
    return Sequences.from_strings(texts, alphabet)


def fitted(spec, seqs, labels, length=None):
    training = Training(length or int(seqs.lengths.max()), seqs, np.array(labels))
    return Extractor.of([spec], seqs.alphabet).fit(training)


def rows(extractor, seqs):
    return extractor.transform(seqs, short="zero")


def renamed(seqs):
    """The same letters under other ids: none of them is a training record."""
    return Sequences(seqs.codes, seqs.offsets, tuple(f"new{i}" for i in range(len(seqs))), seqs.alphabet)
