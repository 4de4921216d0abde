"""Racing: a configuration that is behind the best of its family on the same folds is dropped early."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["loses"]


def loses(losses: ArrayLike, best: ArrayLike, *, level: float = 0.1, floor: float = 0.005) -> bool:
    """Whether a configuration is worse than the best one by a one-sided paired t test on the folds both have.

    Parameters
    ----------
    losses, best : array_like, shape (folds,)
        Loss of each fold (log-loss, squared error), smaller is better; at least two folds, else nothing is dropped.
    level : float
        Dropped where p is below it.
    floor : float
        Smallest standard deviation of the differences that is believed: five folds can agree by luck.
    """
    from scipy.stats import t

    ours, theirs = np.asarray(losses, float), np.asarray(best, float)
    n = min(len(ours), len(theirs))
    if n < 2:
        return False
    gap = ours[:n] - theirs[:n]
    spread = max(float(gap.std(ddof=1)), floor)
    return bool(t.sf(float(gap.mean()) / (spread / math.sqrt(n)), n - 1) < level)
