"""The family of word networks: its columns, its variants and the graph it exports."""

from __future__ import annotations

import numpy as np
import oracles_tracks as slow
import pytest

from bioautofeat.alphabet import DNA, PROTEIN
from bioautofeat.extraction import extract
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import fill_rows
from bioautofeat.terms.network import MEASURES, THRESHOLD_MEASURES, Network, to_networkx
from bioautofeat.terms.read import Kmers


def row(spec, text, alphabet="dna"):
    return extract(Sequences.from_strings([text], alphabet), [spec], short="zero").values[0]


def named(spec, text, alphabet="dna"):
    return dict(zip(parse(spec).term(DNA).names(), row(spec, text, alphabet), strict=True))


def test_exported_graph_has_the_measures_of_the_row(rng):
    for text, alphabet, k in (
        ("".join(rng.choice(list("ACGTN"), 60, p=[0.3, 0.3, 0.2, 0.15, 0.05])), "dna", 2),
        ("".join(rng.choice(list("ACDEFGX"), 40)), "protein", 1),
        ("ACGTACGTTT", "dna", 3),
    ):
        graph = to_networkx(text, alphabet, k)
        ours = row(f"network:k={k},upto=false", text, alphabet)
        np.testing.assert_allclose(ours, slow.twenty_six(graph), rtol=1e-9, atol=1e-9)
        for t in (1, 2, 3):
            part = row(f"network_threshold:k={k},thresholds=3", text, alphabet).reshape(3, 12)[t - 1]
            expected = slow.basic(to_networkx(text, alphabet, k, threshold=t))
            np.testing.assert_allclose(part, expected, rtol=1e-9, atol=1e-9)


def test_exported_vertices_are_words():
    graph = to_networkx("GATTACA", "dna", 3)
    assert list(graph) == ["GAT", "ATT", "TTA", "TAC", "ACA"]
    assert graph.number_of_edges() == 4
    assert len(to_networkx("NNN", "dna", 2)) == 0


def test_blocks_and_names():
    term = parse("network:k=2").term(DNA)
    assert term.width == 52
    assert term.names()[:2] == ["k1.betweenness", "k1.degree"]
    assert parse("network:k=2,upto=false").term(DNA).width == 26
    independent = parse("network:k=1,measures=independent").term(DNA)
    assert independent.width == 22
    assert "k1.hub" not in independent.names()
    text = "ACGTTGCAACG"
    alone = [row(f"network:k={k},upto=false", text) for k in (1, 2)]
    assert (row("network:k=2", text) == np.concatenate(alone)).all()
    assert parse("network_threshold:k=2,thresholds=3").term(DNA).names()[12] == f"{THRESHOLD_MEASURES[0]}.2"
    assert len(MEASURES) == 26


def test_dependent_measures_depend(rng):
    v = named("network:k=2,upto=false", "".join(rng.choice(list("ACGT"), 80)))
    n, e, length = v["k2.vertices"], v["k2.edges"], v["k2.path_length"]
    assert v["k2.betweenness"] == pytest.approx((length - 1) * (n - 1) / 2)
    assert v["k2.edge_betweenness"] == pytest.approx(length * n * (n - 1) / (2 * e))
    assert v["k2.hub"] == v["k2.authority"]
    assert v["k2.weighted_degree"] == v["k2.degree"] == pytest.approx(2 * e / n)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("A", {}),
        ("NNNNNN", {}),
        ("AAAAAA", {"degree": 10, "maximum_degree": 10, "minimum_degree": 10, "edges": 5, "authority": 1, "hub": 1,
                    "edge_multiplicity": 5, "neighbourhood": 1, "weighted_degree": 10, "vertices": 1}),
        ("ANANA", {"neighbourhood": 1, "vertices": 1}),
        ("AC", {"degree": 1, "maximum_degree": 1, "minimum_degree": 1, "path_length": 1, "edges": 1, "authority": 1,
                "closeness": 1, "constraint": 1, "edge_multiplicity": 1, "density": 1, "diameter": 1,
                "eccentricity": 1, "edge_betweenness": 1, "hub": 1, "maximum_degree_without_loops": 1,
                "neighbourhood": 2, "radius": 1, "weighted_degree": 1, "vertices": 2}),
    ],
)  # fmt: skip
def test_degenerate_networks_have_stated_values(text, expected):
    values = named("network:k=1", text)
    assert {name.removeprefix("k1."): value for name, value in values.items() if value} == expected
    for variant in ("corrected", "mathfeature"):
        assert np.isfinite(row(f"network_threshold:k=1,variant={variant}", text)).all()


def test_thresholds_and_the_peers_variant():
    """The peer doubles loops and adds a vertex where the first two words are equal."""
    ours = row("network_threshold:k=2,thresholds=1", "ACGTAAAAA")
    theirs = row("network_threshold:k=2,thresholds=1,variant=mathfeature", "ACGTAAAAA")
    place = THRESHOLD_MEASURES.index("degree")
    assert (ours[place] * 5, theirs[place] * 5) == (14, 20)
    smallest = THRESHOLD_MEASURES.index("minimum_degree")
    assert row("network_threshold:k=2,thresholds=1,variant=mathfeature", "AAAAACGT")[smallest] == 0
    assert row("network_threshold:k=2,thresholds=1", "AAAAACGT")[smallest] == 1
    rows = row("network_threshold:k=1,thresholds=6", "ACACACGG").reshape(6, 12)
    assert rows[:, THRESHOLD_MEASURES.index("edges")].tolist() == [7, 5, 5, 5, 5, 0]
    assert not rows[5].any()


def test_rows_do_not_depend_on_batch_or_threads(rng):
    texts = ["".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWYX"), n)) for n in rng.integers(0, 120, 30)]
    seqs = Sequences.from_strings(texts, "protein")
    for spec in ("network:k=3", "network_threshold:k=2,thresholds=3"):
        term = parse(spec).term(PROTEIN)
        rows = fill_rows(term, seqs)
        assert np.isfinite(rows).all()
        assert (fill_rows(term, seqs, threads=3) == rows).all()
        for i in (0, 11, 29):
            assert (fill_rows(term, seqs[i : i + 1])[0] == rows[i]).all()


def test_words_beyond_a_table(rng):
    """Networks of words that no table could number are those of the same words in a smaller alphabet."""
    text = "".join(rng.choice(list("AC"), 200))
    wide = fill_rows(Network(Kmers(PROTEIN, "1" * 6)), Sequences.from_strings([text], "protein"))
    narrow = fill_rows(Network(Kmers(DNA, "1" * 6)), Sequences.from_strings([text], "dna"))
    assert (wide == narrow).all()
