"""Slow twins of the protein kernels, written from the definitions with plain Python numbers.

Records are lists of codes; a code of ``n`` (the number of letters) or above is an unknown letter.
"""

from __future__ import annotations

import itertools
import math
import statistics


def known(record, n):
    return [code for code in record if code < n]


def counts(record, n):
    return [record.count(code) for code in range(n)]


def pair_score(record, table, n):
    return math.fsum(table[a][b] for a, b in itertools.pairwise(record) if a < n and b < n)


def places(record, classes, fractions):
    """Percent of the length at which each fraction of each class (a set of codes) has been met."""
    found = []
    for letters in classes:
        members = [i + 1 for i, code in enumerate(record) if code in letters]
        for fraction in fractions:
            rank = max(1, math.floor(fraction * len(members)))
            found.append(100 * members[rank - 1] / len(record) if members else 0.0)
    return found


def neighbours(record, groupings, n):
    """Share of known pairs of neighbours that are of two classes, for each pair of classes of each grouping."""
    pairs = [(a, b) for a, b in itertools.pairwise(record) if a < n and b < n]
    found = []
    for classes in groupings:
        for one, other in itertools.combinations(classes, 2):
            hits = sum((a in one and b in other) or (a in other and b in one) for a, b in pairs)
            found.append(hits / len(pairs) if pairs else 0.0)
    return found


def natural_vector(record, n):
    where = [[i + 1 for i, code in enumerate(record) if code == letter] for letter in range(n)]
    means = [statistics.fmean(w) if w else 0.0 for w in where]
    length = len(known(record, n))
    moments = [
        math.fsum((p - mean) ** 2 for p in w) / (len(w) * length) if w else 0.0
        for w, mean in zip(where, means, strict=True)
    ]
    return [float(len(w)) for w in where] + means + moments


def quantile(values, fraction):
    """Linear interpolation between order statistics."""
    values = sorted(values)
    place = (len(values) - 1) * fraction
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def value_statistics(record, values, fractions):
    """Mean, deviation of the whole and quantiles of what the known letters stand for."""
    track = [values[code] for code in known(record, len(values))]
    if not track:
        return [0.0] * (2 + len(fractions))
    return [statistics.fmean(track), statistics.pstdev(track), *(quantile(track, f) for f in fractions)]


def windows(record, size, n):
    """Start and letters of the windows without an unknown letter; a short record is one window."""
    size = min(size, len(record))
    starts = range(len(record) - size + 1) if size else []
    return [(i, record[i : i + size]) for i in starts if max(record[i : i + size]) < n]


def window_statistics(record, values, size, edge):
    found = windows(record, size, len(values))
    if not found:
        return [0.0] * 6
    size = len(found[0][1])
    half = (size - 1) / 2
    weights = [min(1.0, edge + (1 - edge) * min(j, size - 1 - j) / half) if half else 1.0 for j in range(size)]
    weights = weights if any(weights) else [1.0] * size
    means = [
        math.fsum(w * values[c] for w, c in zip(weights, letters, strict=True)) / math.fsum(weights)
        for _, letters in found
    ]
    middles = [(start + size / 2) / len(record) for start, _ in found]
    return [
        statistics.fmean(means), max(means), min(means), statistics.pstdev(means),
        middles[means.index(max(means))], middles[means.index(min(means))],
    ]  # fmt: skip


def moments(record, values, size, angle):
    """Mean and maximum of the length of the sum of values around a helix."""
    found = []
    for _, letters in windows(record, size, len(values)):
        turns = [math.radians(angle * j) for j in range(len(letters))]
        x = math.fsum(values[c] * math.cos(t) for c, t in zip(letters, turns, strict=True))
        y = math.fsum(values[c] * math.sin(t) for c, t in zip(letters, turns, strict=True))
        found.append(math.hypot(x, y) / len(letters))
    return [statistics.fmean(found), max(found)] if found else [0.0, 0.0]


def segments(record, values, parts, ends):
    """Means over equal parts, the first ones longer, then over both ends."""
    each, left = divmod(len(record), parts)
    bounds = [0, *itertools.accumulate(each + (p < left) for p in range(parts))]
    pieces = [record[a:b] for a, b in itertools.pairwise(bounds)]
    pieces += [record[:ends], record[-ends:]] if ends else []
    tracks = [[values[c] for c in known(piece, len(values))] for piece in pieces]
    return [statistics.fmean(track) if track else 0.0 for track in tracks]


def cosines(record, values, n):
    """Orthonormal cosine transform of type 2 of the values less their mean; unknown letters have value 0."""
    track = [values[code] if code < len(values) else 0.0 for code in record]
    length = len(track)
    if not track:
        return [0.0] * n
    mean = statistics.fmean(track)
    found = []
    for k in range(n):
        scale = math.sqrt((1 if k == 0 else 2) / length)
        waves = (math.cos(math.pi * k * (2 * i + 1) / (2 * length)) for i in range(length))
        found.append(
            scale * math.fsum((v - mean) * w for v, w in zip(track, waves, strict=True)) if k < length else 0.0
        )
    return found


def runs(record, n):
    """The stretches of known letters."""
    return [tuple(group) for is_known, group in itertools.groupby(record, lambda code: code < n) if is_known]


def distinct_words(record, n, longest):
    """Number of different words of all lengths to the longest, and the largest number there could be."""
    parts = runs(record, n)
    have = possible = 0
    for k in range(1, (longest or len(record)) + 1):
        found = [part[i : i + k] for part in parts for i in range(len(part) - k + 1)]
        have += len(set(found))
        possible += min(n**k, len(found))
    return [have, possible]


def occurs(word, text):
    return any(text[i : i + len(word)] == word for i in range(len(text) - len(word) + 1))


def components(record, n):
    """Components of the exhaustive history: each grows as long as it can be copied from what ends before its end."""
    done, found = [], 0
    for part in runs(record, n):
        start = 0
        while start < len(part):
            stop = start + 1
            while stop <= len(part) and any(occurs(part[start:stop], t) for t in [*done, part[: stop - 1]]):
                stop += 1
            found += 1
            start = stop
        done.append(part)
    return [found, len(known(record, n))]


def window_complexity(record, n, size, trigger):
    found = windows(record, size, n)
    if not found:
        return [0.0] * 4
    arrangements, entropies, poor = [], [], set()
    for start, letters in found:
        size = len(letters)
        held = [letters.count(code) for code in set(letters)]
        ways = math.factorial(size) // math.prod(math.factorial(c) for c in held)
        arrangements.append(math.log(ways) / math.log(n) / size)
        entropies.append(-math.fsum(c / size * math.log2(c / size) for c in held))
        if entropies[-1] <= trigger:
            poor |= set(range(start, start + size))
    return [statistics.fmean(arrangements), statistics.fmean(entropies), min(entropies), len(poor) / len(record)]


def net_charge(held, pks, n_positive, ph):
    """Net charge by Henderson and Hasselbalch."""
    total = 0.0
    for g, (count, pk) in enumerate(zip(held, pks, strict=True)):
        total += count / (1 + 10 ** (ph - pk)) if g < n_positive else -count / (1 + 10 ** (pk - ph))
    return total


def isoelectric_point(held, pks, n_positive):
    """The zero of the net charge between 0 and 14, by halving."""
    low, high = 0.0, 14.0
    if net_charge(held, pks, n_positive, low) <= 0:
        return low
    if net_charge(held, pks, n_positive, high) >= 0:
        return high
    for _ in range(100):
        middle = (low + high) / 2
        if net_charge(held, pks, n_positive, middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def decoration(record, charges):
    charged = [(i, charges[code]) for i, code in enumerate(record) if charges[code]]
    pairs = itertools.combinations(charged, 2)
    return math.fsum(q * r * math.sqrt(j - i) for (i, q), (j, r) in pairs) / max(1, len(record))


def asymmetry(signs):
    p, m = signs.count(1), signs.count(-1)
    return (p - m) ** 2 / (p + m) / len(signs) if p + m else 0.0


def deviation(signs, size):
    """Mean squared deviation of the asymmetry of windows from that of the whole."""
    whole = asymmetry(signs)
    parts = [signs[i : i + size] for i in range(len(signs) - size + 1)]
    return statistics.fmean((asymmetry(part) - whole) ** 2 for part in parts)


def kappa(record, charges, size):
    """The deviation by the largest one of all arrangements with each sign in one block."""
    signs = [int(charges[code]) for code in record]
    p, m = signs.count(1), signs.count(-1)
    if not p or not m:
        return 0.0
    size, neutral = min(size, len(signs)), len(signs) - p - m
    largest = max(
        deviation([0] * before + [1] * p + [0] * between + [-1] * m + [0] * (neutral - before - between), size)
        for before in range(neutral + 1)
        for between in range(neutral - before + 1)
    )
    return min(1.0, deviation(signs, size) / largest) if largest > 0 else 0.0
