"""Complexity of sequences: distinct words of all lengths, exhaustive parsing, and the composition of windows."""

from __future__ import annotations

from math import lgamma, log, log2
from typing import Any

import numpy as np

from bioautofeat._numba import njit

__all__ = ["distinct_words", "parsed_components", "window_entropies"]


@njit
def _extend(following: Any, links: Any, lengths: Any, states: int, last: int, letter: int) -> Any:
    """Add a letter behind state ``last`` of a suffix automaton; the new last state and the number of states.

    States are classes of words with the same ends in the text: ``lengths`` their longest word, ``links`` the class
    of the longest shorter suffix, ``following[state, letter]`` the class of the word with one letter more (-1: none).
    """
    if following[last, letter] >= 0 and lengths[following[last, letter]] == lengths[last] + 1:
        return following[last, letter], states  # known from an earlier run of known letters
    current, at = states, last
    states += 1
    lengths[current] = lengths[last] + 1
    following[current, :] = -1
    while at >= 0 and following[at, letter] < 0:
        following[at, letter] = current
        at = links[at]
    if at < 0:
        links[current] = 0
        return current, states
    target = following[at, letter]
    if lengths[target] == lengths[at] + 1:
        links[current] = target
        return current, states
    clone = states
    states += 1
    lengths[clone] = lengths[at] + 1
    for other in range(following.shape[1]):
        following[clone, other] = following[target, other]
    links[clone] = links[target]
    while at >= 0 and following[at, letter] == target:
        following[at, letter] = clone
        at = links[at]
    links[target] = clone
    links[current] = clone
    return current, states


@njit
def distinct_words(codes: Any, offsets: Any, n_symbols: int, longest: int, out: Any) -> None:
    """Write how many different words of 1 to ``longest`` letters each sequence has, and how many it could have.

    ``longest`` of 0 stands for all lengths.  A word that holds an unknown letter is none.  Of the words of ``k``
    letters there could be as many as there are windows, and no more than ``n_symbols ** k``.
    """
    room = 0
    for s in range(offsets.size - 1):
        room = max(room, offsets[s + 1] - offsets[s])
    following = np.empty((2 * room + 1, n_symbols), np.int32)
    links, lengths = np.empty(2 * room + 1, np.int32), np.empty(2 * room + 1, np.int32)
    runs = np.empty(room + 2, np.int64)
    for s in range(offsets.size - 1):
        part = codes[offsets[s] : offsets[s + 1]]
        following[0, :] = -1
        links[0], lengths[0] = -1, 0
        states, last, run = 1, 0, 0
        runs[: part.size + 2] = 0  # how many runs of known letters of each length
        for code in part:
            if code >= n_symbols:
                runs[run] += 1
                last, run = 0, 0
                continue
            last, states = _extend(following, links, lengths, states, last, code)
            run += 1
        runs[run] += 1
        limit = part.size if longest == 0 else min(longest, part.size)
        for state in range(1, states):
            out[s, 0] += max(0, min(lengths[state], limit) - lengths[links[state]])
        out[s, 1] = _possible_words(runs[: part.size + 1], n_symbols, limit)


@njit
def _possible_words(runs: Any, n_symbols: int, limit: int) -> float:
    """Number of words of 1 to ``limit`` letters that runs of known letters could hold at most."""
    windows, longer = 0, 0  # windows of k letters, and runs that have at least k
    for length in range(1, runs.size):
        windows += runs[length] * length
        longer += runs[length]
    total, words = 0.0, 1.0
    for k in range(1, limit + 1):
        words = min(words * n_symbols, 1e18)
        total += min(words, windows)
        windows -= longer
        longer -= runs[k]
    return total


@njit
def parsed_components(codes: Any, offsets: Any, n_symbols: int, out: Any) -> None:
    """Write the number of components of the exhaustive history of each sequence, and its number of known letters.

    Each component is the shortest word that cannot be copied from what comes before its own last letter; the last
    one may be a copy.  An unknown letter ends a component, and nothing is copied across it.
    """
    room = 0
    for s in range(offsets.size - 1):
        room = max(room, offsets[s + 1] - offsets[s])
    following = np.empty((2 * room + 1, n_symbols), np.int32)
    links, lengths = np.empty(2 * room + 1, np.int32), np.empty(2 * room + 1, np.int32)
    for s in range(offsets.size - 1):
        following[0, :] = -1
        links[0], lengths[0] = -1, 0
        states, last, components, known = 1, 0, 0, 0
        copied, at = 0, 0  # letters of the open component, and its state among the letters before
        for code in codes[offsets[s] : offsets[s + 1]]:
            if code >= n_symbols:
                components += copied > 0
                last, copied, at = 0, 0, 0
                continue
            known += 1
            at = following[at, code]
            last, states = _extend(following, links, lengths, states, last, code)
            copied += 1
            if at < 0:
                components += 1
                copied, at = 0, 0
            while at > 0 and copied <= lengths[links[at]]:
                at = links[at]  # the state was split when the letter was added
        out[s, 0] = components + (copied > 0)
        out[s, 1] = known


@njit
def _share_logarithms(size: int, factorials: Any, logarithms: Any) -> None:
    """Write ``log(c!)`` and ``c / size * log2(c / size)`` for the counts ``c`` of a window."""
    for count in range(1, size + 1):
        factorials[count] = lgamma(count + 1.0)
        logarithms[count] = count / size * log2(count / size)


@njit
def window_entropies(codes: Any, offsets: Any, n_symbols: int, size: int, trigger: float, out: Any) -> None:
    """Write what the composition of windows says about their complexity.

    ``out[s]`` is the mean over windows of ``log(size! / prod(counts!)) / size`` to the base ``n_symbols``, the mean
    and the minimum of their entropy in bits, and the fraction of letters in windows of at most ``trigger`` bits.
    The window is the whole record where that is shorter; windows with an unknown letter are left out.
    """
    room = min(size, codes.size) + 1
    factorials, logarithms = np.zeros(room), np.zeros(room)
    for s in range(offsets.size - 1):
        start, stop = offsets[s], offsets[s + 1]
        reach = min(size, stop - start)
        _share_logarithms(reach, factorials, logarithms)
        counts = np.zeros(n_symbols + 1, np.int64)
        windows, covered, free = 0, 0, start  # ``free``: first letter that no poor window covers yet
        for i in range(start, stop):
            counts[min(codes[i], n_symbols)] += 1
            first = i - reach + 1
            if first < start:
                continue
            if counts[n_symbols] == 0:
                arrangements, entropy = factorials[reach], 0.0
                for letter in range(n_symbols):
                    arrangements -= factorials[counts[letter]]
                    entropy -= logarithms[counts[letter]]
                out[s, 0] += arrangements / log(n_symbols) / reach
                out[s, 1] += entropy
                out[s, 2] = entropy if windows == 0 else min(out[s, 2], entropy)
                windows += 1
                if entropy <= trigger:
                    covered += i + 1 - max(free, first)
                    free = i + 1
            counts[min(codes[first], n_symbols)] -= 1
        if windows > 0:
            out[s, 0] /= windows
            out[s, 1] /= windows
            out[s, 3] = covered / (stop - start)
