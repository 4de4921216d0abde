"""Slow twins of the pair kernels and their descriptors, written from the definitions with plain Python numbers."""

from __future__ import annotations

import itertools
from math import fsum, sqrt


def words(text, k, letters):
    """The word at each window, None where a letter is not one of ``letters``."""
    return [text[i : i + k] if set(text[i : i + k]) <= set(letters) else None for i in range(len(text) - k + 1)]


def all_words(letters, k):
    return ["".join(word) for word in itertools.product(letters, repeat=k)]


def pairs(track, distance, reach=None):
    """Pairs of known words ``distance`` apart; the last ``reach`` words open none."""
    reach = distance if reach is None else reach
    found = [(track[i], track[i + distance]) for i in range(len(track) - reach)]
    return [(a, b) for a, b in found if a is not None and b is not None]


def mean(numbers):
    numbers = list(numbers)
    return fsum(numbers) / len(numbers) if numbers else 0.0


def centre(track, values):
    """Mean of a property over the known words."""
    return mean(values[word] for word in track if word is not None)


def covariance(track, first, second, lag):
    a, b = centre(track, first), centre(track, second)
    return mean((first[x] - a) * (second[y] - b) for x, y in pairs(track, lag))


def squares(track, values):
    """Sum of squares about the mean and number of known words; exactly 0 for a property that does not vary."""
    known = [values[word] for word in track if word is not None]
    if len(set(known)) <= 1:
        return 0.0, len(known)
    middle = mean(known)
    return fsum((value - middle) ** 2 for value in known), len(known)


def moran(track, values, lag):
    spread, n = squares(track, values)
    return covariance(track, values, values, lag) / (spread / n) if spread else 0.0


def geary(track, values, lag):
    spread, n = squares(track, values)
    if not spread:
        return 0.0
    return mean((values[x] - values[y]) ** 2 for x, y in pairs(track, lag)) / 2 / (spread / (n - 1))


def broto(track, values, lag, distance=None):
    return mean(values[x] * values[y] for x, y in pairs(track, distance or lag, lag))


def repdna_auto(track, values, lag, letters):
    """repDNA's auto covariance: a mean over the opening words divided by the letters, the second factor as it is."""
    opening = [values[x] for x, _ in pairs(track, lag)]
    middle = fsum(opening) / letters
    return mean((values[x] - middle) * values[y] for x, y in pairs(track, lag))


def repdna_cross(track, first, second, lag, letters):
    a = fsum(first[x] for x, _ in pairs(track, lag)) / letters
    b = fsum(second[x] for x, _ in pairs(track, lag)) / letters
    return mean((first[x] - a) * (second[y] - b) for x, y in pairs(track, lag))


def theta(track, table, lag):
    """Mean over the pairs of the mean over the properties of squared differences."""
    return mean(mean((values[x] - values[y]) ** 2 for values in table) for x, y in pairs(track, lag))


def coupling(track, distance, lag):
    """Sum of squared distances of words a lag apart."""
    return fsum(distance[x][y] ** 2 for x, y in pairs(track, lag))


def pseudo(text, k, letters, terms, weight, counts=False):
    """Composition and order terms under one total."""
    known = [word for word in words(text, k, letters) if word is not None]
    total = 1 if counts else max(1, len(known))
    divisor = 1 + weight * fsum(terms)
    head = [known.count(word) / total / divisor for word in all_words(letters, k)]
    return head + [weight * term / divisor for term in terms]


def standardise(values, ddof):
    """A property less its mean over all words, over its standard deviation."""
    middle = mean(values.values())
    spread = sqrt(fsum((value - middle) ** 2 for value in values.values()) / (len(values) - ddof))
    return {word: (value - middle) / spread for word, value in values.items()}
