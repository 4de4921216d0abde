"""Shapley values of blocks for single records, by sampling: what each descriptor adds to one prediction.

Strumbelj and Kononenko 2014, Knowl Inf Syst 41:647: blocks take the record's values one after the other, in random
order, the rest still holding those of a background record; each order is also run backwards, which halves the spread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.permutation import outputs_of_tables, swapped
from bioautofeat.explanation.subject import Subject, used_columns

__all__ = ["BlockShares", "block_shares"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BlockShares:
    """What each block adds to the score of each record.

    Parameters
    ----------
    values, errors : ndarray of float64, shape (n, blocks)
        Shares and their standard errors.  A record's shares sum to its score less ``base``.
    base : ndarray of float64, shape (n,)
        Mean score of the background records that a record was compared with.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    base: NDArray[np.float64]


def block_shares(
    subject: Subject,
    rows: Any,
    background: Any,
    repeats: int,
    rng: np.random.Generator,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> BlockShares:
    """Shares of all blocks in the scores of some records.

    Parameters
    ----------
    rows, background : ndarray or csr_matrix, shape (n, columns) and (m, columns)
    repeats : int
        Number of orders, each against another background record; those lie evenly over the background's scores, so that
        few of them do.
    """
    used = used_columns(subject.model.predictor)
    places = [i for i, block in enumerate(subject.blocks) if used[block.start : block.stop].any()]
    outputs = subject.outputs(rows)
    chosen = subject.chosen(outputs)
    usual = _spread(subject, background, chosen, repeats)
    n = rows.shape[0]
    found = np.zeros((repeats, n, len(subject.blocks)))
    base = np.zeros((repeats, n))
    for repeat in range(repeats):
        other = background[usual[repeat]]
        order = rng.permutation(places).tolist()
        tables = [other, *_steps(subject, other, rows, order), *_steps(subject, other, rows, order[::-1])]
        scores = [subject.score(out, chosen) for out in outputs_of_tables(subject, tables)]
        base[repeat], own = scores[0], subject.score(outputs, chosen)
        half = max(0, len(order) - 1)
        for path, way in ((order, scores[1 : 1 + half]), (order[::-1], scores[1 + half :])):
            for place, before, after in zip(path, [scores[0], *way], [*way, own], strict=True):
                found[repeat, :, place] += 0.5 * (after - before)
        tell(repeat + 1, repeats)
    errors = found.std(axis=0, ddof=1) / np.sqrt(repeats) if repeats > 1 else np.zeros(found.shape[1:])
    return BlockShares(found.mean(axis=0), errors, base.mean(axis=0))


def _spread(subject: Subject, background: Any, chosen: Array, repeats: int) -> NDArray[np.int64]:
    """Background records at even quantiles of the score of each record's class, shape ``(repeats, n)``."""
    outputs = subject.outputs(background)
    quantiles = ((np.arange(repeats) + 0.5) / repeats * len(outputs)).astype(np.int64)
    found = np.zeros((repeats, len(chosen)), np.int64)
    for target in np.unique(chosen):
        scores = subject.score(outputs, np.full(len(outputs), target))
        found[:, chosen == target] = np.argsort(scores.round(12), kind="stable")[quantiles][:, None]
    return found


def _steps(subject: Subject, other: Any, rows: Any, order: list[int]) -> list[Any]:
    """The tables between the background's and the records', one block after the other."""
    tables, table = [], other
    for place in order[:-1]:
        block = subject.blocks[place]
        table = swapped(table, rows, block.start, block.stop)
        tables.append(table)
    return tables
