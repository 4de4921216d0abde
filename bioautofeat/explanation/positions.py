"""Positions and k-mers: what the letters of a record add to its score, by masking and by changing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.explanation.findings import Findings, Profile, WordEffect
from bioautofeat.explanation.subject import Settings, operations_of_record
from bioautofeat.explanation.variants import (
    Variants,
    Words,
    masked_windows,
    masked_words,
    mutations,
    per_letter,
    variant_outputs,
)

__all__ = ["MUTATIONS", "WINDOWS", "explain_positions", "explain_words", "variants_of"]

Array = NDArray[Any]
Tell = Callable[[str, int, int], None]

WINDOWS = 100
"""Windows of a record that are masked, at most."""

MUTATIONS = 600
"""A record with more single mutations than this is not mutated: 200 nucleotides, 31 residues."""

LETTERS = 1 << 20
"""Records of about so many letters are looked at together."""

WORD_VARIANTS = 15_000
"""Masked k-mers that are predicted, over all records."""

MOST_LETTERS = 3e7
"""Letters of all variants of a kind: windows of very long records are fewer, and so are records with masked k-mers."""


def variants_of(length: float, size: int) -> float:
    """About how many variants a record of some length is given, over an alphabet of some size."""
    single = length * (size - 1)
    return min(length, WINDOWS) + (single if single <= MUTATIONS else 0)


def explain_positions(found: Findings, settings: Settings, tell: Tell) -> None:
    """A profile of each example: windows masked, and single letters changed where the record is short enough."""
    seqs = found.sequences
    assert seqs is not None
    found.window = settings.window or (8 if seqs.alphabet in NUCLEIC else 5)
    rows = [row for row in found.examples.tolist() if seqs.lengths[row]]
    if not rows:
        return
    ends = np.cumsum(seqs.lengths[rows]) // LETTERS
    for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(ends)) + 1):
        found.profiles.extend(_profiles(found, [rows[i] for i in part.tolist()]))
        tell("records explained by position", len(found.profiles), len(rows))
    long = sum(profile.mutated is None for profile in found.profiles)
    if long:
        most = MUTATIONS // (seqs.alphabet.size - 1)
        found.notes.append(
            f"{long} records are longer than {most} letters: windows are masked, no single letter is changed"
        )


def _profiles(found: Findings, rows: list[int]) -> list[Profile]:
    """Profiles of some records, their variants predicted together."""
    seqs = found.sequences
    assert seqs is not None
    size = seqs.alphabet.size
    short = [row for row in rows if seqs.lengths[row] * (size - 1) <= MUTATIONS]
    share = MOST_LETTERS / len(found.examples)
    most = {row: int(np.clip(share / seqs.lengths[row], 10, WINDOWS)) for row in rows}
    windows = [masked_windows(seqs, row, found.window, most[row]) for row in rows]
    single = [mutations(seqs, row) for row in short]
    effects = iter(_effects(found, [*windows, *single]))
    masked = {
        row: per_letter(part, -next(effects), int(seqs.lengths[row])) for row, part in zip(rows, windows, strict=True)
    }
    mutated = {}
    for row, part in zip(short, single, strict=True):
        mutated[row] = np.zeros((int(seqs.lengths[row]), size))
        mutated[row][part.place, part.code] = next(effects)
    unknown = "N" if seqs.alphabet in NUCLEIC else "X"
    return [Profile(row, seqs[row].replace("?", unknown), masked[row], mutated.get(row)) for row in rows]


def _effects(found: Findings, parts: list[Variants]) -> list[NDArray[np.float64]]:
    """What the variants of each part do to the scores of their records."""
    assert found.sequences is not None
    joined = Variants.joined(parts)
    outputs = variant_outputs(found.subject, found.sequences, joined)
    effects = found.subject.score(outputs, found.chosen[joined.record]) - found.scores[joined.record]
    return np.split(effects, np.cumsum([len(part) for part in parts])[:-1])


def explain_words(found: Findings, settings: Settings, budget: float, tell: Tell) -> None:
    """What each k-mer adds, over as many records as the cost allows."""
    seqs = found.sequences
    assert seqs is not None
    k = settings.word or (4 if seqs.alphabet in NUCLEIC else 2)
    most = min(WORD_VARIANTS, budget / operations_of_record(found.subject.model, float(np.median(seqs.lengths))))
    rows: list[int] = []
    parts: list[Words] = []
    held = letters = 0
    for row in np.random.default_rng([settings.seed, 8]).permutation(len(seqs)).tolist():
        words = masked_words(seqs, row, k)
        letters += len(words.word) * int(seqs.lengths[row])
        if parts and (held + len(words.word) > most or letters > MOST_LETTERS):
            break
        rows.append(row)
        parts.append(words)
        held += len(words.word)
    joined = Variants.joined([part.variants for part in parts])
    outputs = variant_outputs(found.subject, seqs, joined, lambda done, total: tell("k-mers masked", done, total))
    chosen = found.chosen
    effects = found.scores[joined.record] - found.subject.score(outputs, chosen[joined.record])
    found.word_records, found.word_length = len(rows), k
    found.words = _word_effects(parts, effects, chosen, np.array(rows), seqs.alphabet)


def _word_effects(
    parts: list[Words], effects: Array, chosen: Array, looked_at: Array, alphabet: Alphabet
) -> list[WordEffect]:
    """Effects gathered by the class that is explained and by word; the largest totals first."""
    record = np.concatenate([part.variants.record for part in parts])
    word = np.concatenate([part.word for part in parts])
    count = np.concatenate([part.count for part in parts])
    found: list[WordEffect] = []
    for target in np.unique(chosen[looked_at]).tolist():
        own = chosen[record] == target
        names, group = np.unique(word[own], return_inverse=True)
        n = np.bincount(group)
        total = np.bincount(group, weights=effects[own])
        mean = total / n
        rest = np.bincount(group, weights=(effects[own] - mean[group]) ** 2)
        error = np.sqrt(rest / np.maximum(n - 1, 1) / n)
        occurrences = np.bincount(group, weights=count[own]).astype(np.int64)
        over_all = total / int((chosen[looked_at] == target).sum())
        texts = _texts(names, parts[0].k, alphabet)
        columns = (texts, n.tolist(), occurrences.tolist(), mean.tolist(), error.tolist(), over_all.tolist())
        found.extend(WordEffect(target, *row) for row in zip(*columns, strict=True))
    return sorted(found, key=lambda w: (-abs(round(w.total, 12)), w.chosen, w.word))


def _texts(numbers: Array, k: int, alphabet: Alphabet) -> list[str]:
    """Words of their numbers."""
    digits = (numbers[:, None] // alphabet.size ** np.arange(k - 1, -1, -1, dtype=np.int64)) % alphabet.size
    return [alphabet.word_name(row, "1" * k) for row in digits.tolist()]
