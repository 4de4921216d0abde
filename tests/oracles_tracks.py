"""Slow twins of the kernels of tracks, spectra, open reading frames and word networks, written from definitions."""

from __future__ import annotations

import cmath
import itertools
import math

import networkx as nx
import numpy as np


def records(codes, offsets):
    """The codes of each record as a list of ints."""
    return [list(map(int, codes[a:b])) for a, b in itertools.pairwise(offsets)]


def windows(record, n_symbols, k):
    """Code of each word of ``k`` letters, None where it holds an unknown letter."""
    found = []
    for i in range(len(record) - k + 1):
        word = record[i : i + k]
        known = all(code < n_symbols for code in word)
        found.append(sum(code * n_symbols ** (k - 1 - j) for j, code in enumerate(word)) if known else None)
    return found


def look_up(words, table):
    return [[0.0] * len(table[0]) if word is None else list(map(float, table[word])) for word in words]


def recurrence(words, table, decay, weight, start):
    values, state = [], [start] * len(table[0])
    for word in words:
        if word is not None:
            state = [decay * old + weight * float(new) for old, new in zip(state, table[word], strict=True)]
        values.append(list(state))
    return values


def prefix_frequency(words):
    values = []
    for i, word in enumerate(words):
        so_far = [other for other in words[: i + 1] if other is not None]
        values.append([0.0 if word is None else so_far.count(word) / len(so_far)])
    return values


def position_frequency(words):
    known = [word for word in words if word is not None]
    return [[0.0 if word is None else known.count(word) / len(known)] for word in words]


def flat(values, channels, length, order):
    """A track as a row of ``length`` positions."""
    row = [0.0] * (channels * length)
    own = min(length, len(values))
    for i in range(own):
        for c in range(channels):
            place = {"position": i * channels + c, "channel": c * length + i, "packed": c * own + i}[order]
            row[place] = values[i][c]
    return row


def one_hot(words, n_words, length, order):
    return flat(
        [[1.0 if word == column else 0.0 for column in range(n_words)] for word in words], n_words, length, order
    )


def dft(values):
    """Discrete Fourier transform by its definition."""
    n = len(values)
    turn = [cmath.exp(-2j * math.pi * i / n) for i in range(n)]
    return [sum(value * turn[i * j % n] for i, value in enumerate(values)) for j in range(n)]


def percentile(ordered, share):
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def nineteen(channels):
    """The statistics of the power spectrum of channels (lists of numbers, real or complex) of one length."""
    length = len(channels[0])
    spectra = [dft(channel) for channel in channels]
    power = [sum(abs(spectrum[j]) ** 2 for spectrum in spectra) for j in range(length)]
    amplitude = [sum(abs(spectrum[j]) for spectrum in spectra) for j in range(length)]
    noise = 1e-24 * sum(power) / length
    power = [0.0 if value < noise else value for value in power]
    if max(power) - min(power) <= 1e-10 * max(power):
        power = [power[0]] * length
    mean, squares = sum(power) / length, sum((value - sum(power) / length) ** 2 for value in power)
    squares = 0.0 if max(power) == min(power) else squares
    ordered = sorted(power)
    p = {q: percentile(ordered, q / 100) for q in (10, 15, 25, 50, 75, 90)}
    deviation, variance = math.sqrt(squares / length), squares / (length - 1) if length > 1 else 0.0
    mean_amplitude, spread, width = sum(amplitude) / length, p[75] - p[25], p[90] - p[10]
    return [
        mean, p[50], max(power), min(power),
        length / 3 / mean if mean else 0.0, length / 3 / mean_amplitude if mean_amplitude > 1e-12 else 0.0,
        deviation, math.sqrt(variance), p[15], p[25], p[50], p[75], max(power) - min(power), variance,
        spread, spread / 2, deviation / mean if mean else 0.0,
        3 * (mean - p[50]) / deviation if deviation else 0.0, spread / (2 * width) if width > 1e-10 * p[90] else 0.0,
    ]  # fmt: skip


def signal_to_noise(channels, period):
    length = len(channels[0]) if channels else 0
    power, total = 0.0, 0.0
    for channel in channels:
        mean = math.fsum(channel) / length if length else 0.0
        moved = [value - mean for value in channel]
        power += abs(sum(x * cmath.exp(-2j * math.pi * i / period) for i, x in enumerate(moved))) ** 2
        total += sum(abs(x) ** 2 for x in dft(moved)) if length else 0.0
    if length < 2 or total <= 1e-20:
        return 0.0
    return power / (total / (length - 1))


def orfs(text):
    """Every frame from the first ATG after the last stop to the stop, of the three frames; ``?`` is unknown."""
    found = []
    for frame in range(3):
        start = None
        for i in range(frame, len(text) - 2, 3):
            codon = text[i : i + 3]
            if start is None and codon == "ATG":
                start = i
            elif start is not None and codon in ("TAA", "TAG", "TGA"):
                found.append(text[start : i + 3])
                start = None
    return found


def orf_statistics(texts):
    row = []
    frames = [frame for text in texts for frame in orfs(text)]
    gc = [100 * sum(c in "GC" for c in frame) / sum(c in "ACGT" for c in frame) for frame in frames]
    for values in ([float(len(frame)) for frame in frames], gc):
        mean = sum(values) / len(values) if values else 0.0
        sd = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) if values else 0.0
        row += [max(values), min(values), sd, mean, sd / mean if mean else 0.0] if values else [0.0] * 5
    return row


def fickett(text, tables, position_limits, content_limits):
    """``tables[kind][letter]`` is a weight and ten probabilities."""
    known = [c for c in text if c in "ACGT"]
    if len(known) < 2:
        return 0.0
    score = 0.0
    for letter in "ACGT":
        counts = [text[phase::3].count(letter) for phase in range(3)]
        pairs = (
            ("position", max(counts) / (min(counts) + 1), position_limits),
            ("content", sum(counts) / len(known), content_limits),
        )
        for kind, value, limits in pairs:
            step = next(i for i, limit in enumerate(limits) if value >= limit)
            weight, *probabilities = tables[kind, letter]
            score += weight * probabilities[step]
    return score


def chaos_cells(text, k, corners):
    """Counts of the chaos game's points in a grid of ``2^k`` by ``2^k``, top row first, over words without ``?``."""
    grid = np.zeros((2**k, 2**k))
    for i in range(len(text) - k + 1):
        word = text[i : i + k]
        if "?" in word:
            continue
        x, y = 0.5, 0.5
        for letter in word:
            x, y = (x + corners[letter][0]) / 2, (y + corners[letter][1]) / 2
        grid[2**k - 1 - int(y * 2**k), int(x * 2**k)] += 1
    return grid


def network_of(words, threshold=1, legacy=False):
    """The multigraph of words (None: unknown) that follow one another."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(word for word in words if word is not None)
    for a, b in itertools.pairwise(words):
        if a is not None and b is not None:
            graph.add_edges_from([(a, b)] * (2 if legacy and a == b else 1))
    if legacy and len(words) > 1 and words[0] is not None and words[0] == words[1]:
        graph.add_node("extra")
    for a, b in {tuple(sorted(edge, key=str)) for edge in graph.edges()}:
        n = graph.number_of_edges(a, b)
        if n < threshold:
            graph.remove_edges_from([(a, b)] * n)
    return graph


def plain(graph):
    """The graph without loops, an edge once with its number as weight."""
    simple = nx.Graph()
    simple.add_nodes_from(graph)
    for a, b in graph.edges():
        if a != b:
            simple.add_edge(a, b, weight=graph.number_of_edges(a, b))
    return simple


def motifs(simple, size):
    sets = itertools.combinations(simple, size)
    return sum(nx.is_connected(simple.subgraph(chosen)) for chosen in sets)


def assortativity(graph):
    degree = dict(graph.degree())
    ends = [(degree[a], degree[b]) for a, b in graph.edges()]
    ends += [(b, a) for a, b in ends]
    first, second = np.array(ends, float).T
    return 0.0 if first.min() == first.max() else float(np.corrcoef(first, second)[0, 1])


def basic(graph, edges=None):
    """The twelve measures at a threshold; zeros for a graph without edges."""
    if graph.number_of_edges() == 0:
        return [0.0] * 12
    simple = plain(graph)
    n = len(simple)
    degree = np.array([d for _, d in graph.degree()], float)
    lengths = dict(nx.all_pairs_shortest_path_length(simple))
    paths = [d for source in lengths for target, d in lengths[source].items() if source != target]
    local = [nx.clustering(simple, v) for v in simple if simple.degree(v) > 1]
    return [
        sum(nx.betweenness_centrality(simple, normalized=False).values()) / n, degree.mean(), assortativity(graph),
        degree.max(), degree.min(), degree.std(), float(np.mean(paths)) if paths else 0.0,
        float(np.mean(local)) if local else 0.0, nx.transitivity(simple),
        graph.number_of_edges() if edges is None else edges, motifs(simple, 3), motifs(simple, 4),
    ]  # fmt: skip


def authority(graph):
    """Mean over vertices of each part's Perron vector, largest value 1; 0 for a vertex without edges."""
    total = 0.0
    for part in nx.connected_components(graph):
        nodes = list(part)
        if graph.subgraph(nodes).number_of_edges() == 0:
            continue
        matrix = nx.to_numpy_array(graph, nodes)
        matrix += np.diag(np.diag(matrix))
        vector = np.abs(np.linalg.eigh(matrix)[1][:, -1])
        total += (vector / vector.max()).sum()
    return total / len(graph) if len(graph) else 0.0


def twenty_six(graph):
    """The measures of the whole network."""
    n, edges = len(graph), graph.number_of_edges()
    if n == 0:
        return [0.0] * 26
    simple = plain(graph)
    row = basic(graph)
    lengths = dict(nx.all_pairs_shortest_path_length(simple))
    far = [max(lengths[v].values()) for v in simple]
    between = sum(nx.edge_betweenness_centrality(simple, normalized=False).values())
    limits = [nx.constraint(simple, [v], weight="weight")[v] for v in simple if simple.degree(v)]
    multiple = [graph.number_of_edges(a, b) for a, b in graph.edges()]
    strong = authority(graph)
    return [
        *row, strong, float(np.mean(list(nx.closeness_centrality(simple, wf_improved=False).values()))),
        float(np.mean(limits)) if limits else 0.0, float(np.mean(multiple)) if multiple else 0.0,
        edges / (n * (n - 1) / 2) if n > 1 else 0.0, max(far), float(np.mean(far)), between / edges if edges else 0.0,
        strong, max(d for _, d in simple.degree(weight="weight")),
        float(np.mean([simple.degree(v) + 1 for v in simple])), min(far), row[1], n,
    ]  # fmt: skip
