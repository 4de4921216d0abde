"""Words that records share: near copies of training records, and groups of related records.

Both use the words themselves (24 nucleotides and 12 residues fit 64 bits), sorted once; nothing is compared
pair by pair.  Where it has to stay within memory, words are thinned by a hash (all copies of a word or none),
and of a word that very many records share only the holders with most words are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.evaluation.splits import keys_of_sequences
from bioautofeat.kernels import similarity
from bioautofeat.sequences import Sequences

__all__ = [
    "HOLDERS",
    "MAX_WORDS",
    "close_pairs",
    "join_pairs",
    "kept_share",
    "near_copies",
    "related_groups",
    "word_length",
    "words_of",
]

Array = NDArray[Any]
MAX_WORDS = 1 << 23
"""Words kept for groups; beyond, all records' words are thinned to a share of them."""

CODE_BITS = 52
"""Bits of a word's number: enough for 12 residues and 24 nucleotides."""

CHUNK_LETTERS = 1 << 21
"""Letters whose words are made at a time."""

MAX_VARIANTS = 1 << 24
"""Deletion variants of short records that are sorted at a time; more are gone through in shares, by their hashes."""

MAX_PAIRS = 1 << 21
"""Pairs of short records that are gathered before they are compared."""

HOLDERS = 64
"""Of the records that hold a word, this many that are longest are compared with every other holder."""


def word_length(alphabet: Any) -> int:
    """Letters of a word that two unrelated records hardly share: 12 residues, 24 nucleotides."""
    return 12 if alphabet == PROTEIN else 24


@dataclass(frozen=True)
class Words:
    """Distinct known words of each record: flat, record by record, rising within a record.

    Parameters
    ----------
    codes : ndarray of int64
    records : ndarray of int64
        Record of each word, rising.
    sizes : ndarray of int64, shape (n,)
        Distinct words of each record.
    """

    codes: NDArray[np.int64]
    records: NDArray[np.int64]
    sizes: NDArray[np.int64]


def n_windows(seqs: Sequences, length: int) -> int:
    """Number of windows of ``length`` letters in a batch."""
    return int(np.maximum(seqs.lengths - length + 1, 0).sum())


def kept_share(length: int, *batches: Sequences, most: int = MAX_WORDS) -> float:
    """Share of the words to keep, so that those of all batches are about as many as fit."""
    return min(1.0, most / max(1, sum(n_windows(batch, length) for batch in batches)))


def words_of(seqs: Sequences, length: int, *, both_strands: bool = False, rate: float = 1.0) -> Words:
    """The distinct words of each record, made in chunks.

    Parameters
    ----------
    seqs : Sequences
    length : int
        Letters of a word.
    both_strands : bool
        A word and its reverse complement are one.
    rate : float
        Share of the words to keep, chosen by a hash of the word.
    """
    if seqs.alphabet.size**length > 1 << CODE_BITS:
        raise ParameterError(f"words of {length} letters of {seqs.alphabet.name} do not fit {CODE_BITS} bits")
    codes, records = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start, stop in _chunks(seqs):
        keys = _distinct(seqs[start:stop], length, both_strands, rate)
        codes.append((keys & ((1 << CODE_BITS) - 1)).astype(np.int64))
        records.append((keys >> CODE_BITS).astype(np.int64) + start)
    record = np.concatenate(records)
    return Words(np.concatenate(codes), record, np.bincount(record, minlength=len(seqs)))


def _chunks(seqs: Sequences) -> Iterator[tuple[int, int]]:
    """Bounds of runs of records that together have few letters, and whose numbers fit above a word's bits."""
    start = 0
    while start < len(seqs):
        stop = int(np.searchsorted(seqs.offsets, seqs.offsets[start] + CHUNK_LETTERS, side="right")) - 1
        stop = min(max(stop, start + 1), start + (1 << (63 - CODE_BITS)), len(seqs))
        yield start, stop
        start = stop


def _distinct(seqs: Sequences, length: int, both_strands: bool, rate: float) -> NDArray[np.int64]:
    """Record number (upper bits) and word (lower bits) of the distinct words of a chunk, sorted."""
    size = seqs.alphabet.size
    letters = seqs.codes[seqs.offsets[0] : seqs.offsets[-1]]
    n = max(0, len(letters) - length + 1)
    known = np.concatenate([[0], np.cumsum(letters >= size)])
    record = np.repeat(np.arange(len(seqs)), seqs.lengths)
    whole = (known[length:][:n] == known[:n]) & (record[length - 1 :][:n] == record[:n])
    codes = _windows(np.minimum(letters, size - 1).astype(np.int64), size, length)
    if both_strands:
        turned = seqs.alphabet.complement_codes[np.minimum(letters, size - 1)][::-1].astype(np.int64)
        codes = np.minimum(codes, _windows(turned, size, length)[::-1])
    if rate < 1:
        mixed = codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xBF58476D1CE4E5B9)
        whole &= mixed < np.uint64(int(2**64 * rate))
    return sorted_distinct((record[:n][whole] << CODE_BITS) | codes[whole])


def sorted_distinct(numbers: Array) -> NDArray[np.int64]:
    """The different numbers, rising (numpy's own ``unique`` hashes them first, which is slower for millions)."""
    ordered = np.sort(numbers)
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def _windows(letters: Array, size: int, length: int) -> NDArray[np.int64]:
    """Number of the word at every window, by doubling: a word of 2k letters is two words of k."""
    codes, reach, done = letters, 1, np.zeros(len(letters), np.int64)
    have, rest = 0, length
    while True:
        if rest & 1:
            # the words gathered so far stand before the next block
            n = max(0, len(letters) - have - reach + 1)
            done = done[:n] * size**reach + codes[have : have + n] if have else codes[:n].copy()
            have += reach
        rest >>= 1
        if not rest:
            return done
        n = max(0, len(letters) - 2 * reach + 1)
        codes = codes[:n] * size**reach + codes[reach : reach + n]
        reach *= 2


def near_copies(training: Sequences, test: Sequences, share: float = 0.5) -> NDArray[np.bool_]:
    """Which test records have at least ``share`` of their words in training records (exact copies among them).

    Records without a single word are compared as wholes: at most 10 % of the length in edits.
    """
    length = word_length(test.alphabet)
    rate = kept_share(length, training, test, most=2 * MAX_WORDS)
    known = sorted_distinct(words_of(training, length, rate=rate).codes)
    words = words_of(test, length, rate=rate)
    place = np.minimum(np.searchsorted(known, words.codes), max(0, len(known) - 1))
    found = known[place] == words.codes if len(known) else np.zeros(len(words.codes), bool)
    hits = np.bincount(words.records[found], minlength=len(test))
    near = (words.sizes > 0) & (hits >= share * words.sizes)
    return near | _near_wholes(training, test, length)


def _near_wholes(training: Sequences, test: Sequences, length: int) -> NDArray[np.bool_]:
    """Which test records are, as wholes, close to a training record: one of the two holds no word."""
    both = Sequences.concatenate([training, test])
    without_word = wordless(both, length)
    first, place = _distinct_wholes(both, length)
    known = np.zeros(len(first) + 1, bool)
    known[place[: len(training)]] = True
    known[-1] = False
    near = np.append(known[:-1] & without_word[first], False)
    for left, right in close_pairs(both.take(first), without_word[first], length):
        near[right[known[left]]] = True
        near[left[known[right]]] = True
    return near[place[len(training) :]]


def related_groups(seqs: Sequences, share: float = 0.5) -> NDArray[np.int64]:
    """Group of each record, numbered in order of first records.

    Two records are in one group that share at least ``share`` of the words of the smaller one, or all but those
    that two changed letters can touch; and so are all that such records connect.  DNA is compared on both
    strands.  Records without a single word are compared as wholes (10 % of the length in edits).
    """
    length = word_length(seqs.alphabet)
    rate = kept_share(length, seqs)
    longest_first = np.argsort(-seqs.lengths, kind="stable")
    words = words_of(seqs.take(longest_first), length, both_strands=seqs.alphabet == DNA, rate=rate)
    parent = np.arange(len(seqs))
    touched = np.maximum(words.sizes - 2 * length * rate, 1.0)
    _join(words, np.minimum(share * words.sizes, touched), parent)
    group = np.empty(len(seqs), np.int64)
    group[longest_first] = longest_first[parent]
    without_word = wordless(seqs, length)
    one, place = _distinct_wholes(seqs, length)
    copies = np.flatnonzero(without_word & (place >= 0))
    group = join_pairs(group, copies, one[place[copies]])
    for left, right in close_pairs(seqs.take(one), without_word[one], length):
        group = join_pairs(group, one[left], one[right])
    _, first, numbered = np.unique(group, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbered].astype(np.int64)


def wordless(seqs: Sequences, length: int) -> NDArray[np.bool_]:
    """Which records hold no word of known letters."""
    short = seqs.lengths < length
    unknown = np.concatenate([[0], np.cumsum(seqs.codes >= seqs.alphabet.size)])
    doubtful = np.flatnonzero(~short & (unknown[seqs.offsets[1:]] > unknown[seqs.offsets[:-1]]))
    if len(doubtful):
        short[doubtful] = words_of(seqs.take(doubtful), length).sizes == 0
    return short


def _join(words: Words, needed: Array, parent: Array) -> None:
    """Join records that share as many words as needed, in place; a word's holders are looked at in the order of their numbers."""
    order = np.argsort(words.codes, kind="stable")
    if not len(order):
        return
    sorted_codes = words.codes[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_codes[1:] != sorted_codes[:-1]]))
    held = np.diff(np.append(starts, len(order)))
    several = np.repeat(held > 1, held)
    holder_bounds = np.concatenate([[0], np.cumsum(held[held > 1])])
    number = np.full(len(order), -1, np.int64)
    number[order[several]] = np.repeat(np.arange(len(holder_bounds) - 1), np.diff(holder_bounds))
    shared = number >= 0
    bounds = np.concatenate([[0], np.cumsum(np.bincount(words.records[shared], minlength=len(parent)))])
    similarity.join_by_words(
        number[shared], bounds, words.records[order[several]], holder_bounds, needed, HOLDERS, parent
    )


def join_pairs(group: Array, left: Array, right: Array) -> NDArray[np.int64]:
    """Groups (named by any numbers) joined where a pair of records connects two of them."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(left):
        return group
    number = np.unique(group, return_inverse=True)[1]
    n = int(number.max()) + 1
    edges = coo_matrix((np.ones(len(left)), (number[left], number[right])), shape=(n, n))
    return np.asarray(connected_components(edges, directed=False)[1].astype(np.int64)[number])


def _distinct_wholes(seqs: Sequences, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First records of the different sequences that are compared as wholes, and the place of each record's among them (-1: none)."""
    chosen = np.flatnonzero((seqs.lengths < length + 3) & (seqs.lengths > 0))
    place = np.full(len(seqs), -1, np.int64)
    if not len(chosen):
        return chosen, place
    _, first, number = np.unique(keys_of_sequences(seqs.take(chosen)), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place[chosen] = np.argsort(order)[number]
    return chosen[first[order]], place


def close_pairs(seqs: Sequences, without_word: Array, length: int) -> Iterator[tuple[Array, Array]]:
    """Pairs of records, one of them at least without a word, whose edit distance is at most 10 % of the shorter.

    They come in batches, so that memory is bounded; where there are more than ``MAX_PAIRS`` a pair may come twice.
    Candidates share what is left after deletion of that many letters; in a crowd of more than 50 that share it,
    each is compared with the 49 next to it.
    """
    chosen = np.flatnonzero((seqs.lengths < length + 3) & (seqs.lengths > 0))
    if not without_word[chosen].any():
        return
    part = seqs.take(chosen)
    edits, n = np.minimum(part.lengths // 10, 2), len(part)
    for numbers in _candidates(part, edits, without_word[chosen]):
        left, right = numbers // n, numbers % n
        close = np.zeros(len(numbers), np.int64)
        similarity.within_edits(part.codes, part.offsets, left, right, np.minimum(edits[left], edits[right]), close)
        yield chosen[left[close == 1]], chosen[right[close == 1]]


def _candidates(part: Sequences, edits: Array, without_word: Array) -> Iterator[NDArray[np.int64]]:
    """Distinct pairs, as ``left * n + right``, of records that share a deletion variant; one of the two holds no word."""
    gathered, size = [np.empty(0, np.int64)], 0
    n_variants = (
        1 + np.where(edits > 0, part.lengths, 0) + np.where(edits > 1, part.lengths * (part.lengths - 1) // 2, 0)
    )
    bounds = np.concatenate([[0], np.cumsum(n_variants)])
    shares = int(-(-bounds[-1] // MAX_VARIANTS))
    for share in range(shares):
        for left, right in _neighbours(*_variants(part, edits, bounds, share, shares)):
            useful = without_word[left] | without_word[right]
            gathered.append(sorted_distinct(left[useful] * len(part) + right[useful]))
            size += len(gathered[-1])
            if size > MAX_PAIRS:
                yield sorted_distinct(np.concatenate(gathered))
                gathered, size = [], 0
    if size:
        yield sorted_distinct(np.concatenate(gathered))


def _variants(part: Sequences, edits: Array, bounds: Array, share: int, shares: int) -> tuple[Array, Array]:
    """Hashes of a share of all deletion variants, sorted, and the record of each; a record has each of them once."""
    found: list[tuple[Array, Array]] = []
    start, n = 0, len(part)
    while start < n:
        stop = int(np.searchsorted(bounds, bounds[start] + CHUNK_LETTERS, side="right")) - 1
        stop = min(max(stop, start + 1), n)
        inner = bounds[start : stop + 1] - bounds[start]
        hashes = np.empty(inner[-1], np.int64)
        similarity.deletion_variants(part.codes, part.offsets[start : stop + 1], edits[start:stop], inner, hashes)
        mine = hashes % shares == share
        found.append((hashes[mine], np.repeat(np.arange(start, stop), np.diff(inner))[mine]))
        start = stop
    hashes, owners = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return hashes[fresh], owners[fresh]


def _neighbours(hashes: Array, owners: Array, crowd: int = 50) -> Iterator[tuple[Array, Array]]:
    """Owners of one hash at most ``crowd - 1`` places apart, those of one distance at a time."""
    for step in range(1, crowd):
        same = np.flatnonzero(hashes[step:] == hashes[:-step])
        if not len(same):
            return
        yield owners[same], owners[same + step]
