"""What the kernels of fitted, similarity and mismatch descriptors must give, written slowly from the definitions.

A record is a list of codes or words; a word of -1, and a code of ``n_symbols`` or above, is unknown.
"""

from __future__ import annotations

import itertools
import math


def count_positions(records, groups, n_groups, positions, n_words, from_end):
    table = [[[0.0] * n_words for _ in range(positions)] for _ in range(n_groups)]
    for record, group in zip(records, groups, strict=True):
        for place, word in placed(record, positions, from_end):
            if word >= 0:
                table[group][place][word] += 1
    return table


def placed(record, positions, from_end):
    """Pairs of a position and the word that stands there."""
    if from_end:
        return [(positions - back, record[-back]) for back in range(1, min(len(record), positions) + 1)]
    return list(enumerate(record[:positions]))


def score_positions(records, scores, which, from_end):
    rows = []
    for record, table in zip(records, which, strict=True):
        positions = len(scores[table][0])
        row = []
        for contrast in scores[table]:
            part = [0.0] * positions
            for place, word in placed(record, positions, from_end):
                part[place] = contrast[place][word] if word >= 0 else 0.0
            row += part
        rows.append(row)
    return rows


def score_words(records, scores, which, step):
    rows = []
    for record, table in zip(records, which, strict=True):
        read = [word for word in record[::step] if word >= 0]
        rows.append([sum(contrast[word] for word in read) / len(read) if read else 0.0 for contrast in scores[table]])
    return rows


def diversity(counts):
    total = sum(counts)
    return total * math.log2(total) - sum(v * math.log2(v) for v in counts if v) if total else 0.0


def diversity_increments(counts, pools, which, own):
    rows = []
    for x, table, leave in zip(counts, which, own, strict=True):
        row = []
        for c, pool in enumerate(pools[table]):
            rest = [s - v for s, v in zip(pool, x, strict=True)] if leave == c else pool
            both = [s + v for s, v in zip(rest, x, strict=True)]
            row.append(diversity(both) - diversity(x) - diversity(rest))
        rows.append(row)
    return rows


def flatten_end(tracks, length):
    """Last values of each track (a list of rows), the last one rightmost."""
    channels = max((len(row) for track in tracks for row in track), default=1)
    rows = []
    for track in tracks:
        kept = track[max(0, len(track) - length) :]
        filled = [[0.0] * channels] * (length - len(kept)) + kept
        rows.append([value for row in filled for value in row])
    return rows


def walk_extremes(records, steps):
    rows = []
    for record in records:
        heights = [0.0, *itertools.accumulate(steps[code] for code in record)]
        n = max(1, len(record))
        low, high = min(heights), max(heights)
        rows.append([low, high, heights.index(low) / n, heights.index(high) / n])
    return rows


def local_score(a, b, matrix, first, more):
    """Smith and Waterman's recursion with gaps of every length tried."""
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]

    def gap(n):
        return first + (n - 1) * more

    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            options = [0.0, best[i - 1][j - 1] + matrix[a[i - 1]][b[j - 1]]]
            options += [best[i - n][j] - gap(n) for n in range(1, i + 1)]
            options += [best[i][j - n] - gap(n) for n in range(1, j + 1)]
            best[i][j] = max(options)
    return max(max(row) for row in best)


def local_scores(records, targets, matrix, first, more):
    return [[local_score(a, b, matrix, first, more) for b in targets] for a in records]


def column_distances(records, targets, matrix):
    rows = []
    for a in records:
        shares = [(sum(matrix[x][y] for x, y in zip(a, b, strict=False)), max(len(a), len(b), 1)) for b in targets]
        rows.append([1 - total / n for total, n in shares])
    return rows


def neighbour_summaries(similarities, classes, values, tops, votes):
    """Means over the nearest; the expected vote when ties at the border are broken by lot."""
    rows = []
    for row in similarities:
        present = [(s, i) for i, s in enumerate(row) if s >= 0]
        out = []
        for c in range(max(classes) + 1 if classes else 0):
            near = sorted((s for s, i in present if classes[i] == c), reverse=True)
            out += [sum(near[:top]) / len(near[:top]) if near else 0.0 for top in tops]
        for vote in votes:
            out += lottery(present, values, vote)
        rows.append(out)
    return rows


def lottery(present, values, vote):
    columns = len(values[0]) if values else 0
    size = min(vote, len(present))
    if not size:
        return [0.0] * columns
    border = sorted((s for s, _ in present), reverse=True)[size - 1]
    sure = [i for s, i in present if s > border]
    tied = [i for s, i in present if s == border]
    draws = math.fsum
    return [
        (draws(values[i][c] for i in sure) + (size - len(sure)) * draws(values[i][c] for i in tied) / len(tied)) / size
        for c in range(columns)
    ]


def digits(word, n_symbols, k):
    return [word // n_symbols**place % n_symbols for place in reversed(range(k))]


def within_mismatches(counts, n_symbols, k, mismatches):
    words = [digits(word, n_symbols, k) for word in range(n_symbols**k)]

    def differing(a, b):
        return sum(x != y for x, y in zip(a, b, strict=True))

    return [
        [sum(n for n, other in zip(row, words, strict=True) if differing(word, other) <= mismatches) for word in words]
        for row in counts
    ]


spread_levels = spread_words = within_mismatches


def count_subsequences(records, n_symbols, k, decay):
    """Every choice of ``k`` places, one by one."""
    rows = []
    for record in records:
        row = [0.0] * n_symbols**k
        for places in itertools.combinations(range(len(record)), k):
            letters = [record[place] for place in places]
            if all(letter < n_symbols for letter in letters):
                word = sum(letter * n_symbols**i for i, letter in enumerate(reversed(letters)))
                row[word] += decay ** (places[-1] - places[0] + 1)
        rows.append(row)
    return rows


def propensities(strings, labels, positive, k, leave_out):
    """PSTNP of each record by its definition, over strings: the record itself left out where that is asked."""
    rows = []
    for own, text in enumerate(strings):
        others = [i for i in range(len(strings)) if not (leave_out and i == own)]
        row = []
        for place in range(len(text) - k + 1):
            shares = []
            for side in (True, False):
                there = [strings[i][place : place + k] for i in others if (labels[i] == positive) == side]
                there = [word for word in there if len(word) == k]
                shares.append(there.count(text[place : place + k]) / len(there) if there else None)
            row.append(0.0 if None in shares else shares[0] - shares[1])
        rows.append(row)
    return rows


def loops(structure):
    """Kind and unpaired letters of every loop, innermost pairs first, by rewriting the text.

    A pair that has only dots and closed helices (``|``) inside is a loop; it becomes one ``|``.
    """
    found, text = [], structure
    while "(" in text:
        opening = text.rindex("(", 0, text.index(")"))
        closing = text.index(")")
        inside = text[opening + 1 : closing]
        branches, dots = inside.count("|"), inside.count(".")
        if branches == 0:
            kind = "hairpin"
        elif branches > 1:
            kind = "multiloop"
        elif dots == 0:
            kind = "stack"
        else:
            kind = "bulge" if inside.startswith("|") or inside.endswith("|") else "interior"
        found.append((kind, dots))
        text = text[:opening] + "|" + text[closing + 1 :]
    found.append(("exterior", text.count(".")))
    return sorted(found)
