"""Word networks against networkx, and the parts that a general graph library does not have against closed forms."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import oracles_tracks as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioautofeat.kernels import graphs, networks, perron

pytestmark = pytest.mark.filterwarnings("error")


def batch(records):
    """Word codes of records (None: unknown) and their bounds."""
    words = np.array([-1 if w is None else w for record in records for w in record], np.int64)
    bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum([len(r) for r in records], dtype=np.int64)])
    return words, bounds


WALKS = [
    [],
    [3],
    [None],
    [None, 2, None],
    [1, 1],
    [1, 1, 1, 1],
    [0, 1, 0, 1, 0],
    [0, 1, 2, 3, 4, 5, 6],
    [0, 1, 2, 0, 1, 2, 0],
    [0, 1, 2, 3, 0, 2, 1, 3],
    [0, 1, None, 5, 6, 5, None, 9],
    [0, 0, 1, 2, 2, 2, 0, 1, 0, 0, None, 7, 7],
    [0, 1, 2, 3, 4, 0, 2, 4, 1, 3, 0],
]

walks = st.lists(st.lists(st.one_of(st.integers(0, 7), st.none()), max_size=24), min_size=1, max_size=4)


def whole(records):
    words, bounds = batch(records)
    out = np.zeros((len(records), networks.N_MEASURES))
    networks.network_measures(words, bounds, 16, out)
    return out


def at_thresholds(records, thresholds, legacy):
    words, bounds = batch(records)
    out = np.zeros((len(records), networks.N_THRESHOLD_MEASURES * thresholds))
    networks.threshold_measures(words, bounds, 16, legacy, out)
    return out


def expected_at(record, thresholds, legacy):
    rows, edges = [], slow.network_of(record).number_of_edges()
    for t in range(1, thresholds + 1):
        rows += slow.basic(slow.network_of(record, t, legacy), edges if legacy else None)
    return rows


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_measures_of_special_networks(walk):
    np.testing.assert_allclose(whole([walk])[0], slow.twenty_six(slow.network_of(walk)), rtol=1e-9, atol=1e-9)
    for legacy in (False, True):
        np.testing.assert_allclose(at_thresholds([walk], 4, legacy)[0], expected_at(walk, 4, legacy), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(walks)
def test_measures_of_the_whole_network(records):
    for row, record in zip(whole(records), records, strict=True):
        np.testing.assert_allclose(row, slow.twenty_six(slow.network_of(record)), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(walks, st.booleans())
def test_measures_at_thresholds(records, legacy):
    for row, record in zip(at_thresholds(records, 3, legacy), records, strict=True):
        np.testing.assert_allclose(row, expected_at(record, 3, legacy), rtol=1e-9, atol=1e-9)


def test_a_row_does_not_depend_on_its_neighbours(rng):
    records = [rng.integers(0, 16, rng.integers(0, 200)).tolist() for _ in range(20)]
    together = whole(records)
    for i, record in enumerate(records):
        assert (whole([record])[0] == together[i]).all()


def test_every_word_counts_even_if_there_are_many(rng):
    """The numbering of words is as it was when a batch is done."""
    records = [rng.integers(0, 16, 40).tolist()] * 2
    first, second = whole(records)
    assert (first == second).all()


def test_vertices_are_numbered_by_their_first_place():
    words = np.array([5, -1, 3, 5, 9, 3, -1], np.int64)
    numbers, vertices = np.full(10, -1, np.int64), np.empty(7, np.int64)
    assert graphs.number_vertices(words, numbers, vertices) == 3
    assert vertices.tolist() == [0, -1, 1, 0, 2, 1, -1]
    assert (numbers == -1).all()


def made(graph):
    """A networkx multigraph in the kernels' form."""
    n = len(graph)
    starts, stops, loops = np.zeros(n + 1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    ends, weights = [], []
    for v in range(n):
        starts[v] = len(ends)
        for u in graph.neighbors(v):
            if u == v:
                loops[v] = graph.number_of_edges(v, v)
            else:
                ends.append(u)
                weights.append(graph.number_of_edges(v, u))
        stops[v] = len(ends)
    starts[n] = len(ends)
    return graphs.Graph(starts, stops, np.array(ends, np.int64), np.array(weights, np.int64), loops)


def random_multigraph(rng, n, m):
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(rng.integers(0, n, (m, 2)).tolist())
    return graph


@pytest.mark.parametrize(("n", "m"), [(1, 0), (1, 3), (5, 2), (30, 40), (70, 90), (70, 400), (200, 260)])
def test_distances(rng, n, m):
    graph = random_multigraph(rng, n, m)
    out = np.empty((n, 3), np.int64)
    graphs.distances(made(graph), n, out)
    for v, lengths in nx.all_pairs_shortest_path_length(graph):
        others = [d for u, d in lengths.items() if u != v]
        assert out[v].tolist() == [len(others), sum(others), max(others, default=0)]


@pytest.mark.parametrize("n", [31, 64, 65, 150])
def test_distances_of_paths_near_and_far(n):
    """A long path is searched vertex by vertex, a short one by growing balls; so is a graph in parts."""
    for plain in (nx.path_graph(n), nx.disjoint_union(nx.path_graph(2), nx.path_graph(n))):
        graph = nx.MultiGraph(plain)
        size = len(graph)
        out = np.empty((size, 3), np.int64)
        graphs.distances(made(graph), size, out)
        for v, lengths in nx.all_pairs_shortest_path_length(graph):
            assert out[v].tolist() == [len(lengths) - 1, sum(lengths.values()), max(lengths.values())]


def test_light_edges_are_dropped(rng):
    graph = random_multigraph(rng, 6, 40)
    form = made(graph)
    left, changed = graphs.drop_light(form, 6, 1)
    assert (left, changed) == (40, False)
    for threshold in (2, 3, 5):
        left, _ = graphs.drop_light(form, 6, threshold)
        pairs = {tuple(sorted(edge[:2])) for edge in graph.edges()}
        heavy = [graph.number_of_edges(a, b) for a, b in pairs if graph.number_of_edges(a, b) >= threshold]
        assert left == sum(heavy)
        degree = np.empty(6, np.int64)
        graphs.degrees(form, 6, degree)
        assert degree.sum() == 2 * left


@pytest.mark.parametrize(("n", "m"), [(4, 6), (8, 28), (9, 20), (12, 14), (12, 40)])
def test_motifs_and_triangles(rng, n, m):
    for _ in range(10):
        graph = random_multigraph(rng, n, m)
        simple = slow.plain(graph)
        marks, triangles, touched = (np.empty(n, np.int64) for _ in range(3))
        sharing = graphs.clustering(made(graph), n, marks, triangles)
        assert triangles.tolist() == [nx.triangles(simple, v) for v in range(n)]
        common = [len(list(nx.common_neighbors(simple, a, b))) for a, b in simple.edges()]
        assert sharing == sum(c * (c - 1) // 2 for c in common)
        assert graphs.motifs4(made(graph), n, triangles, sharing, marks, touched) == slow.motifs(simple, 4)


@pytest.mark.parametrize(("n", "m"), [(3, 5), (20, 60), (60, 70), (150, 170), (150, 1500)])
def test_authority_is_the_perron_vector(rng, n, m):
    for _ in range(5):
        graph = random_multigraph(rng, n, m)
        assert perron.authority(made(graph), n) == pytest.approx(slow.authority(graph), abs=1e-10)


@pytest.mark.parametrize("n", [2, 3, 40, 41, 300, 2500])
def test_authority_of_a_path(n):
    """The Perron vector of a path is a half wave; even ones are where the peers' value depends on the start."""
    wave = np.sin(np.pi * np.arange(1, n + 1) / (n + 1))
    graph = made(nx.MultiGraph(nx.path_graph(n)))
    assert perron.authority(graph, n) == pytest.approx((wave / wave.max()).mean(), abs=1e-7 if n > 2048 else 1e-11)


def test_authority_of_a_star_and_of_nothing():
    star = made(nx.MultiGraph(nx.star_graph(9)))
    assert perron.authority(star, 10) == pytest.approx((1 + 9 / 3) / 10, abs=1e-12)
    assert perron.authority(made(random_multigraph(np.random.default_rng(0), 3, 0)), 3) == 0.0


def test_links_are_symmetric(rng):
    vertices = np.array(rng.integers(-1, 9, 300), np.int64)
    known = np.unique(vertices[vertices >= 0])
    vertices = np.searchsorted(known, vertices) - (vertices < 0)
    n = len(known)
    graph = graphs.Graph(
        np.empty(n + 2, np.int64), np.empty(n, np.int64), np.empty(600, np.int64), np.empty(600, np.int64),
        np.empty(n, np.int64),
    )  # fmt: skip
    edges = graphs.link(vertices, n, graph)
    pairs = [(a, b) for a, b in itertools.pairwise(vertices.tolist()) if a >= 0 and b >= 0]
    assert edges == len(pairs)
    for v in range(n):
        found = dict(
            zip(
                graph.ends[graph.starts[v] : graph.stops[v]].tolist(),
                graph.weights[graph.starts[v] : graph.stops[v]].tolist(),
                strict=True,
            )
        )
        for u in range(n):
            together = sum({a, b} == {u, v} for a, b in pairs)
            assert (graph.loops[v] if u == v else found.get(u, 0)) == together
