"""Slow twins of what explanations compute, written from the definitions."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np


def shapley(worth, n):
    """Shapley values of a game of ``n`` players: the mean of what each adds, over all orders of entry."""
    found = np.zeros(n)
    for player in range(n):
        rest = [other for other in range(n) if other != player]
        for size in range(n):
            share = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for coalition in combinations(rest, size):
                found[player] += share * (worth({*coalition, player}) - worth(set(coalition)))
    return found


def row_shapley(function, row, background):
    """Shapley values of a row's columns: those in the coalition are the row's, the others a background row's; the mean."""

    def worth(coalition):
        mixed = [[own if i in coalition else b for i, (own, b) in enumerate(zip(row, other, strict=True))] for other in background]  # fmt: skip
        return np.mean([function(np.array(values)) for values in mixed])

    return shapley(worth, len(row))


def depth_below(nodes, at):
    """Number of inner nodes on the longest way down from a node."""
    return max((1 + depth_below(nodes, at + step) for step in nodes[at][1:]), default=0) if any(nodes[at][1:]) else 0


def unit_ranks(values):
    """Mean ranks less their mean, divided by their length; missing values have none (0)."""
    known = [v for v in values if not math.isnan(v)]
    ranks = [
        None if math.isnan(v) else sum(w < v for w in known) + (sum(w == v for w in known) + 1) / 2 for v in values
    ]
    centre = (len(known) + 1) / 2
    left = [0.0 if r is None else r - centre for r in ranks]
    length = math.sqrt(sum(x * x for x in left))
    return [x / length if length > 1e-6 else 0.0 for x in left]


def f_test(column, target, given):
    """Logarithm of the p value of a target (columns) in the linear model of a column that has some others already."""
    from scipy.stats import f

    def rest(*parts):
        design = np.column_stack([np.ones(len(column)), *parts])
        fitted = design @ np.linalg.lstsq(design, column, rcond=None)[0]
        return ((column - fitted) ** 2).sum(), np.linalg.matrix_rank(design)

    few, n_few = rest(*given)
    many, n_many = rest(*given, target)
    freedom = len(column) - n_many
    return f.logsf((few - many) / (n_many - n_few) / (many / freedom), n_many - n_few, freedom)
