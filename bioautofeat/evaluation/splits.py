"""Folds that keep related records together and every class in every fold, whatever the order of the rows."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import LabelError
from bioautofeat.sequences import Sequences

__all__ = ["groups_per_stratum", "keys_of_rows", "keys_of_sequences", "split_groups", "strata_of_values"]

Array = NDArray[Any]


def keys_of_sequences(seqs: Sequences) -> NDArray[np.uint64]:
    """A number for each sequence that depends on its letters alone (the first 64 bits of their SHA-256)."""
    letters, bounds = seqs.codes.tobytes(), seqs.offsets.tolist()
    digests = [hashlib.sha256(letters[a:b]).digest()[:8] for a, b in itertools.pairwise(bounds)]
    return np.frombuffer(b"".join(digests), np.uint64)


def keys_of_rows(values: Array) -> NDArray[np.uint64]:
    """A number for each row of a table that depends on its cells alone."""
    rows = np.ascontiguousarray(values)
    return np.frombuffer(b"".join(hashlib.sha256(row.tobytes()).digest()[:8] for row in rows), np.uint64)


def strata_of_values(values: Array, n_strata: int = 10) -> NDArray[np.int64]:
    """Quantile of each value, so that folds of a regression have values alike."""
    from scipy.stats import rankdata

    rank = rankdata(values, method="average") - 0.5
    return np.asarray(np.minimum((rank * n_strata / max(1, len(values))).astype(np.int64), n_strata - 1))


def groups_per_stratum(strata: Array, groups: Array) -> NDArray[np.int64]:
    """Number of groups that have a record in each stratum."""
    pairs = np.unique(np.stack([strata, groups], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=int(strata.max(initial=-1)) + 1)


def split_groups(strata: Array, groups: Array, n_folds: int, keys: Array, seed: int = 0) -> NDArray[np.int64]:
    """Fold of each record: whole groups, the strata spread evenly, independent of the order of the records.

    Groups of several records go first, the largest ahead, each to the fold that it leaves most even; single
    records then fill what each fold lacks.

    Parameters
    ----------
    strata : ndarray of int, shape (n,)
        Class or quantile of each record.
    groups : ndarray of int, shape (n,)
    n_folds : int
    keys : ndarray of uint64, shape (n,)
        A number that belongs to the record itself (:func:`keys_of_sequences`), which settles every tie.
    seed : int
        Shuffles the ties.
    """
    if n_folds < 2 or len(np.unique(groups)) < n_folds:
        raise LabelError(f"{len(np.unique(groups))} groups of records cannot make {n_folds} folds")
    order_keys = _mixed(keys, seed)
    _, group = np.unique(groups, return_inverse=True)
    n_groups, n_strata = int(group.max()) + 1, int(strata.max()) + 1
    size = np.bincount(group, minlength=n_groups)
    group_key = np.full(n_groups, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(group_key, group, order_keys)
    counts = np.zeros((n_folds, n_strata))
    fold_of_group = np.full(n_groups, -1, np.int64)
    _place_groups(group, strata, size, group_key, counts, fold_of_group)
    _place_singles(group, strata, size, group_key, counts, fold_of_group)
    return fold_of_group[group]


def _mixed(keys: Array, seed: int) -> NDArray[np.uint64]:
    """The keys in another order for each seed (one round of a 64-bit mixer)."""
    salt = int.from_bytes(hashlib.sha256(f"folds {seed}".encode()).digest()[:8], "little")
    mixed = (keys.astype(np.uint64) ^ np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(29))


def _place_groups(group: Array, strata: Array, size: Array, key: Array, counts: Array, fold_of: Array) -> None:
    """Give every group of several records a fold, in place."""
    several = np.flatnonzero(size > 1)
    if not len(several):
        return
    total = np.maximum(np.bincount(strata, minlength=counts.shape[1]), 1).astype(np.float64)
    members = np.argsort(group, kind="stable")
    starts = np.concatenate([[0], np.cumsum(size)])
    for g in several[np.lexsort((key[several], -size[several]))].tolist():
        own = np.bincount(strata[members[starts[g] : starts[g + 1]]], minlength=counts.shape[1])
        # growth of the sum of squared shares, of each stratum and of all records
        uneven = ((2 * counts + own) * own / total**2).sum(axis=1)
        uneven += (2 * counts.sum(axis=1) + size[g]) * size[g] / len(group) ** 2
        fold = int(np.argmin(uneven))
        fold_of[g] = fold
        counts[fold] += own


def _place_singles(group: Array, strata: Array, size: Array, key: Array, counts: Array, fold_of: Array) -> None:
    """Give every single record a fold, stratum by stratum, in place."""
    n_folds = counts.shape[0]
    single = np.flatnonzero(size[group] == 1)
    by_stratum = single[np.lexsort((key[group[single]], strata[single]))]
    for rows in np.split(by_stratum, np.flatnonzero(np.diff(strata[by_stratum])) + 1):
        if not len(rows):
            continue
        stratum = int(strata[rows[0]])
        level = _water_level(counts[:, stratum], len(rows))
        wanted = np.maximum(level - counts[:, stratum], 0).astype(np.int64)
        rest = len(rows) - int(wanted.sum())
        # what cannot be dealt evenly goes to the folds that lack most, then to the smallest
        lacking = np.lexsort((np.arange(n_folds), counts.sum(axis=1) + wanted, counts[:, stratum] + wanted))
        wanted[lacking[:rest]] += 1
        fold_of[group[rows]] = np.repeat(np.arange(n_folds), wanted)
        counts[:, stratum] += wanted


def _water_level(counts: Array, amount: int) -> int:
    """The highest level to which ``amount`` records can raise all lower folds."""
    level = int(counts.min())
    while np.maximum(level + 1 - counts, 0).sum() <= amount:
        level += max(1, int((amount - np.maximum(level - counts, 0).sum()) // len(counts)))
    return level
