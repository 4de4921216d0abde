"""Families of tracks: positional codes, numerical mappings, spectra, chaos game, coding potential."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import oracles_tracks as slow
import pytest

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor, extract
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training, fill_rows
from bioautofeat.terms.maps import MAPPINGS, mapping_track
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.track import Flatten, PositionFrequency, PrefixFrequency, compact, row_blocks

MIXED = ["ACGTTGCAANGT", "", "A", "NNNN", "TTTTTTTT", "acgtgcatgcatgac", "GG"]

VALUES = {
    "real": {"A": [-1.5], "C": [0.5], "G": [-0.5], "T": [1.5]},
    "integer": {"A": [2], "C": [1], "G": [3], "T": [0]},
    "eiip": {"A": [0.126], "C": [0.134], "G": [0.0806], "T": [0.1335]},
    "atomic": {"A": [70], "C": [58], "G": [78], "T": [66]},
    "complex": {"A": [1, 1], "C": [-1, 1], "G": [-1, -1], "T": [1, -1]},
    "binary": {"A": [1, 0, 0, 0], "C": [0, 1, 0, 0], "T": [0, 0, 1, 0], "G": [0, 0, 0, 1]},
    "zcurve": {"A": [1, 1, 1], "C": [-1, 1, -1], "G": [1, -1, -1], "T": [-1, -1, 1]},
}


def row(spec, text, alphabet="dna", length="max"):
    return extract(Sequences.from_strings([text], alphabet), [spec], short="zero", length=length).values[0]


def letters(text):
    return [None if c not in "ACGT" else "ACGT".index(c) for c in text.upper()]


@pytest.mark.parametrize("mapping", VALUES)
def test_each_mapping_of_dna(mapping):
    text = "GATTNACACGTNN"
    table = [VALUES[mapping][letter] for letter in "ACGT"]
    words = letters(text)
    channels = len(table[0])
    track = slow.recurrence(words, table, 1.0, 1.0, 0.0) if mapping == "zcurve" else slow.look_up(words, table)
    for order in ("position", "channel", "packed"):
        ours = row(f"numerical:mapping={mapping},order={order}", text, length=15)
        assert ours.tolist() == slow.flat(track, channels, 15, order)
    signal = [list(channel) for channel in zip(*track, strict=True)]
    signal = [[complex(*pair) for pair in track]] if mapping == "complex" else signal
    np.testing.assert_allclose(row(f"fourier:mapping={mapping}", text), slow.nineteen(signal), rtol=1e-9, atol=1e-9)
    assert row(f"periodicity:mapping={mapping}", text)[0] == pytest.approx(
        slow.signal_to_noise([list(channel) for channel in zip(*track, strict=True)], 3), rel=1e-9
    )


def test_names_of_channels():
    extractor = Extractor.of(["numerical:mapping=complex", "numerical:mapping=binary,order=packed"], RNA)
    names = extractor.fit(Training(2)).names
    assert names[:4] == [f"numerical_mappingcomplex_{name}" for name in ("1.re", "1.im", "2.re", "2.im")]
    assert names[4:6] == ["numerical_mappingbinary_orderpacked_1", "numerical_mappingbinary_orderpacked_2"]
    assert mapping_track(RNA, "binary").channels == ("A", "C", "U", "G")


@pytest.mark.parametrize("mapping", ["zcurve", "real", "complex", "atomic"])
def test_mappings_without_meaning_for_proteins_are_refused(mapping):
    with pytest.raises(ParameterError, match=f"mapping {mapping} has no values for protein"):
        parse(f"fourier:mapping={mapping}").term(PROTEIN)


def test_protein_mappings():
    assert row("numerical:mapping=integer", "ARNDV", "protein").tolist() == [1, 2, 3, 4, 20]
    assert row("eiip", "ARKX", "protein").tolist() == [0.0373, 0.0959, 0.0371, 0]
    assert row("eiip:values=mathfeature", "ARK", "protein").tolist() == [0.371, 0.9593, 0.371]
    assert row("numerical:mapping=eiip-mathfeature", "R", "protein").tolist() == [0.9593]
    assert row("eiip:values=mathfeature", "ACGT").tolist() == [0.126, 0.134, 0.0806, 0.1335]


def test_codes_of_positions():
    assert row("binary", "CNT").tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert row("binary:order=channel", "CNT").tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert row("ncp", "ACGTN").tolist() == [1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert row("dbe", "ACGNT").tolist() == [0, 0, 0, 1, 0, 1, 1, 0, *[0] * 8]
    assert row("anf", "AANCA").tolist() == [1, 1, 0, 1 / 3, 3 / 4]
    assert row("lpdf", "ACACAC").tolist() == [1, 1 / 2, 2 / 3, 2 / 4, 3 / 5]
    pairs = row("ps", "ACG").reshape(2, 16)
    assert [np.flatnonzero(pair).tolist() for pair in pairs] == [[1], [6]]
    assert row("ps:k=3,order=channel", "ACGT").reshape(64, 2).nonzero()[0].tolist() == [6, 27]


@pytest.mark.parametrize("spec", ["ps:k=2", "ps:k=3,order=channel", "binary", "fcgr:k=3", "numerical:mapping=zcurve"])
def test_sparse_tables_are_the_dense_ones(spec):
    seqs = Sequences.from_strings(MIXED, "dna")
    dense = extract(seqs, [spec], short="zero", length=10)
    thin = extract(seqs, [spec], short="zero", length=10, sparse=True)
    assert (thin.values.toarray() == dense.values).all()
    assert thin.names == dense.names


@pytest.mark.parametrize("corners", ["jeffrey", "mathfeature"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_fcgr_counts_points_of_the_chaos_game(rng, k, corners):
    unit = {"jeffrey": "ACGT", "mathfeature": "CTAG"}[corners]  # who stands at (0,0), (0,1), (1,1), (1,0)
    places = dict(zip(unit, [(0, 0), (0, 1), (1, 1), (1, 0)], strict=True))
    text = "".join(rng.choice(list("ACGTN"), 200, p=[0.4, 0.2, 0.2, 0.15, 0.05]))
    ours = row(f"fcgr:k={k},corners={corners},norm=count", text).reshape(2**k, 2**k)
    assert (ours == slow.chaos_cells(text.replace("N", "?"), k, places)).all()


def test_fcgr_is_the_kmer_table_in_another_order():
    seqs = Sequences.from_strings(MIXED, "dna")
    ours, words = extract(seqs, ["fcgr:k=2"], short="zero"), extract(seqs, ["kmer:k=2"], short="zero")
    columns = [words.names.index(name.replace("fcgr_k2", "kmer_k2")) for name in ours.names]
    assert (ours.values == words.values[:, columns]).all()
    assert [name[-2:] for name in ours.names[:4]] == ["CC", "GC", "CG", "GG"]


def test_chaos_game_walks():
    assert row("cgr", "GNA").tolist() == [0.75, 0.75, 0.75, 0.75, 0.375, 0.375]
    assert row("cgr:corners=mathfeature", "AC").tolist() == [0.5, 0.5, -0.25, -0.25]
    assert row("cgr:corners=mathfeature,order=packed", "AC", length=3).tolist() == [0.5, -0.25, 0.5, -0.25, 0, 0]
    walk = row("cgr:corners=mathfeature", "ACGTTGCA").reshape(-1, 2).T
    np.testing.assert_allclose(row("cgr_signal", "ACGTTGCA"), slow.nineteen(walk.tolist()), rtol=1e-9)


@pytest.mark.parametrize(
    "spec",
    [
        "fourier",
        "fourier:mapping=complex",
        "fourier:mapping=kmer-frequency,k=2",
        "cgr_signal",
        "periodicity",
        "orf",
        "fickett",
    ],
)
def test_rows_do_not_depend_on_batch_order_or_threads(rng, spec):
    texts = ["".join(rng.choice(list("ACGTN"), n)) for n in rng.integers(0, 60, 40)] + ["ACGTAC" * 7] * 5
    seqs = Sequences.from_strings(texts, "dna")
    term = parse(spec).term(DNA)
    rows = fill_rows(term, seqs)
    assert (fill_rows(term, seqs, threads=3) == rows).all()
    assert (fill_rows(term, seqs[::-1])[::-1] == rows).all()
    for i in (0, 7, 44):
        assert (fill_rows(term, seqs[i : i + 1])[0] == rows[i]).all()


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("alphabet", [DNA, PROTEIN], ids=lambda a: a.name)
def test_spectra_of_degenerate_records_are_finite(alphabet, mapping):
    if alphabet == PROTEIN and mapping in ("zcurve", "real", "complex", "atomic"):
        return
    if alphabet == DNA and mapping == "eiip-mathfeature":
        return
    texts = [
        "",
        "A",
        "AA",
        "AAA",
        "C" * 100,
        "T" * 97,
        "AC" * 40,
        "ACG" * 30,
        "X" * 9 if alphabet == PROTEIN else "N" * 9,
    ]
    term = parse(f"fourier:mapping={mapping}").term(alphabet)
    rows = fill_rows(term, Sequences.from_strings(texts, alphabet))
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() < 1e15
    assert (rows[0] == 0).all()


def test_constant_and_periodic_records_have_no_noise():
    """Quantiles of nothing are 0, so that no quotient is of two rounding errors."""
    names = parse("fourier").term(DNA).names()
    for text in ("A" * 101, "AC" * 50, "ACG" * 33):
        values = dict(zip(names, row("fourier", text), strict=True))
        assert values["median"] == values["percentile_kurtosis"] == values["interquartile_range"] == 0


def test_statistics_keep_their_identities(rng):
    text = "".join(rng.choice(list("ACGT"), 123))
    v = dict(zip(parse("fourier").term(DNA).names(), row("fourier", text), strict=True))
    # Parseval: the mean power of one-hot channels is the number of letters
    assert v["mean"] == pytest.approx(123)
    assert v["sample_sd"] == pytest.approx(v["population_sd"] * np.sqrt(123 / 122))
    assert v["sample_variance"] == pytest.approx(v["sample_sd"] ** 2)
    assert v["median"] == v["percentile50"]
    assert v["range"] == v["maximum"] - v["minimum"]
    theirs = parse("fourier:naming=mathfeature").term(DNA).names()
    assert (theirs[6], theirs[7]) == ("sample_standard_deviation", "population_standard_deviation")
    assert (row("fourier:naming=mathfeature", text) == row("fourier", text)).all()


def test_periodicity_finds_its_period(rng):
    noise = "".join(rng.choice(list("ACGT"), 600))
    coding = "".join("G" + "".join(rng.choice(list("ACGT"), 2)) for _ in range(200))
    assert row("periodicity", coding)[0] > 20 > 6 > row("periodicity", noise)[0]
    # a length that is no multiple of the period changes little, and a constant record has no signal
    assert row("periodicity", coding[:-1])[0] == pytest.approx(row("periodicity", coding)[0], rel=0.05)
    assert row("periodicity", "A" * 100)[0] == 0
    helix = "".join("L" if np.cos(2 * np.pi * i / 3.6) > 0 else "D" for i in range(90))
    assert row("periodicity:mapping=eiip,period=3.6", helix, "protein")[0] > 20
    assert parse("periodicity:period=3.6").term(DNA).shortest == 4
    assert row("periodicity", "AC")[0] == 0


def test_orfs():
    text = "CATGAAATAGATGCCCTGAATGAAA"
    frames = ["ATGAAATAG", "ATGCCCTGA"]
    np.testing.assert_allclose(row("orf", text), slow.orf_statistics([text]))
    assert slow.orfs(text) == frames
    assert row("orf", "ATGNNNTAA").tolist()[:2] == [9, 9]
    assert row("orf", "ATGNNNTAA")[5] == pytest.approx(100 / 6)
    assert not row("orf", "ATGAAA").any()
    other = Sequences.from_strings([text], "dna").reverse_complement()[0]
    np.testing.assert_allclose(row("orf:strand=both", other), slow.orf_statistics([other, text]))
    assert (row("orf", text.replace("T", "U"), "rna") == row("orf", text)).all()


def test_fickett_by_hand():
    """One letter alone, as often in each codon position: the first step of its share, the last of all else."""
    absent = {"C": (0.18, 0.23, 0.12, 0.31), "G": (0.31, 0.08, 0.15, 0.29), "T": (0.33, 0.09, 0.14, 0.58)}
    expected = 0.11 * 0.28 + 0.26 * 0.22 + sum(w * p + c * q for w, p, c, q in absent.values())
    assert row("fickett", "AAAAAA")[0] == pytest.approx(expected)
    assert row("fickett", "AA")[0] == pytest.approx(expected)
    text = "ATGGCGTACGTTAGCATCGGATCCTAA"
    assert row("fickett:limits=mathfeature", text)[1] == row("fickett", text)[1]
    assert not row("fickett", "A").any()


def test_words_beyond_a_table_are_numbered_anew(rng):
    """Seven residues are 1.28e9 words: no table over them is made."""
    text = "".join(rng.choice(list("ACDE"), 300))
    seqs = Sequences.from_strings([text, "ACD", text[:50]], "protein")
    for kind, twin in ((PrefixFrequency, slow.prefix_frequency), (PositionFrequency, slow.position_frequency)):
        values, bounds = kind(Kmers(PROTEIN, "1" * 7)).values(seqs)
        for i in range(3):
            words = slow.windows([PROTEIN.symbols.index(c) for c in seqs[i]], 20, 7)
            assert values[bounds[i] : bounds[i + 1]].tolist() == twin(words)
    numbers, n = compact(np.array([10**9, -1, 5, 10**9]), 10**10)
    assert (numbers.tolist(), n) == ([1, -1, 0, 1], 3)


def test_blocks_cover_all_records(rng):
    seqs = Sequences.from_strings(["A" * n for n in (3, 0, 50, 1, 1, 0)], "dna")
    assert list(row_blocks(seqs, 5)) == [(0, 2), (2, 3), (3, 6)]
    assert list(row_blocks(seqs[2:2])) == []
    assert Flatten(mapping_track(DNA, "real"), length=4).width == 4


def test_complex_mapping_against_text_of_the_peer(shared):
    """MathFeature writes complex numbers as text; joined, our two columns are the same."""
    for name in ("dna", "dna_L41", "rna"):
        with gzip.open(
            shared / "reference" / "MathFeature" / f"Mapping_Complex__{name}__pad=tolongest.csv.gz", "rt"
        ) as f:
            theirs = np.array([[complex(cell) for cell in line[1:]] for line in list(csv.reader(f))[1:]])
        ours = extract(
            shared / "reference" / "fasta" / f"{name}.fasta", ["numerical:mapping=complex"], alphabet=name[:3]
        )
        assert (np.ascontiguousarray(ours.values).view(complex) == theirs).all()
