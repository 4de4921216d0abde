"""Charges of peptides: where the net charge vanishes, and how charges are arranged along the chain."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["charge_decoration", "charge_segregation", "isoelectric_points"]


@njit
def _charge(counts: Any, constants: Any, n_positive: int, ph: float) -> Any:
    """Net charge of ionisable groups, the ``n_positive`` bases first, and its slope over the pH."""
    protons = 10.0**ph
    charge, slope = 0.0, 0.0
    for g in range(counts.size):
        free = protons / (protons + constants[g])
        charge += counts[g] * (1.0 - free) if g < n_positive else -counts[g] * free
        slope -= counts[g] * free * (1.0 - free)
    return charge, slope * log(10.0)


@njit
def isoelectric_points(counts: Any, pks: Any, n_positive: int, out: Any) -> None:
    """Write the pH, from 0 to 14, at which each row's net charge is 0.

    Parameters
    ----------
    counts, pks : float64, shape (n, groups)
        How often each ionisable group occurs and its pK; the ``n_positive`` groups that gain a charge come first.
    out : float64, shape (n,)
        0 or 14 where the charge vanishes nowhere between.
    """
    constants = np.empty(counts.shape[1])
    for s in range(counts.shape[0]):
        for g in range(counts.shape[1]):
            constants[g] = 10.0 ** pks[s, g]
        low, high, ph = 0.0, 14.0, 7.0
        if _charge(counts[s], constants, n_positive, low)[0] <= 0.0:
            high = low
        elif _charge(counts[s], constants, n_positive, high)[0] >= 0.0:
            low = high
        for attempt in range(200):
            if low == high:
                ph = low
                break
            charge, slope = _charge(counts[s], constants, n_positive, ph)
            if charge > 0.0:
                low = ph
            else:
                high = ph
            # Newton's step where it stays between the bounds, and halving where that is slow
            following = ph - charge / slope if slope < 0.0 and attempt < 50 else low
            if not low < following < high:
                following = (low + high) / 2.0
            if charge == 0.0:
                break
            step, ph = abs(following - ph), following
            if step < 1e-13 * ph:
                break
        out[s] = ph


@njit
def charge_decoration(codes: Any, offsets: Any, charges: Any, out: Any) -> None:
    """Write the sum of ``q_m * q_n * sqrt(n - m)`` over all pairs of charged letters, divided by the length.

    ``charges`` (float64) has an entry for every code, the unknown one included.
    """
    longest = 0
    for s in range(offsets.size - 1):
        longest = max(longest, offsets[s + 1] - offsets[s])
    roots, places = np.empty(longest + 1), np.empty(longest, np.int64)
    for distance in range(longest + 1):
        roots[distance] = sqrt(distance)
    for s in range(offsets.size - 1):
        start, length = offsets[s], offsets[s + 1] - offsets[s]
        charged, total = 0, 0.0
        for i in range(length):
            charge = charges[codes[start + i]]
            if charge != 0.0:
                reach = 0.0
                for j in range(charged):
                    reach += charges[codes[start + places[j]]] * roots[i - places[j]]
                total += charge * reach
                places[charged] = i
                charged += 1
        out[s] = total / max(1, length)


@njit
def _asymmetries(size: int, out: Any) -> None:
    """Write ``(p - m)^2 / ((p + m) size)`` for ``p`` positive and ``m`` negative letters in ``size``."""
    out[0, 0] = 0.0
    for p in range(size + 1):
        for m in range(size + 1):
            if p + m > 0:
                out[p, m] = (p - m) ** 2 / ((p + m) * size)


@njit
def _deviations(signs: Any, size: int, asymmetries: Any, overall: float) -> float:
    """Sum over windows of the squared difference between a window's charge asymmetry and that of the whole."""
    total, p, m = 0.0, 0, 0
    for i in range(signs.size):
        p += signs[i] > 0.0
        m += signs[i] < 0.0
        first = i - size + 1
        if first >= 0:
            total += (asymmetries[p, m] - overall) ** 2
            p -= signs[first] > 0.0
            m -= signs[first] < 0.0
    return total


@njit
def _largest_deviations(
    positive: int, negative: int, neutral: int, size: int, asymmetries: Any, overall: float
) -> float:
    """The largest sum of deviations where all positive letters stand together, and all negative ones.

    Only windows that cut a block matter one by one: longer blocks of charges add windows of asymmetry 1, longer
    blocks of neutral letters windows of asymmetry 0.
    """
    block = np.zeros(5 * size)
    p, m = min(positive, size), min(negative, size)
    inside = (positive - p + negative - m) * (1.0 - overall) ** 2
    largest = 0.0
    for before in range(size):
        for between in range(size):
            for behind in range(size):
                spare = neutral - before - between - behind
                at_limit = max(before, between, behind) == size - 1
                if spare < 0 or (spare > 0 and not at_limit):
                    continue
                length = before + p + between + m + behind
                block[:length] = 0.0
                block[before : before + p] = 1.0
                block[before + p + between : length - behind] = -1.0
                here = _deviations(block[:length], size, asymmetries, overall)
                largest = max(largest, here + inside + spare * overall**2)
    return largest


@njit
def charge_segregation(codes: Any, offsets: Any, charges: Any, size: int, out: Any) -> None:
    """Write how far charges of the two signs stand apart: 0 for well mixed, 1 for two blocks.

    The mean squared deviation of the charge asymmetry of windows of ``size`` letters from that of the whole, divided
    by the largest mean that the same letters reach when each sign stands in one block; 0 without both signs.
    ``charges`` (float64: -1, 0 or 1) has an entry for every code, the unknown one included.
    """
    asymmetries = np.empty((size + 1, size + 1))
    longest = 0
    for s in range(offsets.size - 1):
        longest = max(longest, offsets[s + 1] - offsets[s])
    signs = np.empty(longest)
    for s in range(offsets.size - 1):
        start, length = offsets[s], offsets[s + 1] - offsets[s]
        positive, negative = 0, 0
        for i in range(length):
            signs[i] = charges[codes[start + i]]
            positive += signs[i] > 0.0
            negative += signs[i] < 0.0
        if positive == 0 or negative == 0:
            continue
        reach = min(size, length)
        _asymmetries(reach, asymmetries)
        overall = (positive - negative) ** 2 / (length * (positive + negative))
        neutral = length - positive - negative
        largest = _largest_deviations(positive, negative, neutral, reach, asymmetries, overall)
        if largest > 0.0:
            out[s] = min(1.0, _deviations(signs[:length], reach, asymmetries, overall) / largest)
