"""Descriptors made of counted words, on sequences short enough to be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import get
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training


def features(spec, text, alphabet=DNA, length=None):
    """The columns of one sequence that are not zero, by their own name."""
    seqs = Sequences.from_strings([text], alphabet)
    extractor = Extractor.of([spec], alphabet).fit(Training(length or len(text), seqs))
    start = len(extractor.specs[0].prefix) + 1
    values = extractor.transform(seqs, short="zero")[0]
    return {name[start:]: value for name, value in zip(extractor.names, values.tolist(), strict=True) if value != 0}


CASES = [
    ("nac", "AACGN", {"A": 0.5, "C": 0.25, "G": 0.25}),
    ("nac:norm=count", "AACGN", {"A": 2, "C": 1, "G": 1}),
    ("nac:norm=percent", "AACGN", {"A": 50, "C": 25, "G": 25}),
    ("dnc:norm=count", "AACNG", {"AA": 1, "AC": 1}),
    ("tnc:norm=count", "ACGTA", {"ACG": 1, "CGT": 1, "GTA": 1}),
    ("kmer:k=2,upto=true", "ACA", {"A": 2 / 3, "C": 1 / 3, "AC": 0.5, "CA": 0.5}),
    ("kmer:k=2,norm=count,overlap=false", "AAAAA", {"AA": 2}),
    ("kmer:k=2,overlap=false", "AAAAA", {"AA": 0.5}),
    ("rckmer:k=2,norm=count", "ACGTT", {"AC": 2, "CG": 1, "AA": 1}),
    ("rckmer:k=1", "ACGT", {"A": 0.5, "C": 0.5}),
    ("spaced:norm=count", "ACGTA", {"AC.T": 1, "CG.A": 1}),
    ("spaced:pattern=101,groups=ry,norm=count", "AGCTA", {"R.Y": 2, "Y.R": 1}),
    ("cksnap:gap=1,norm=count", "ACGA", {"AC": 1, "CG": 1, "GA": 1, "A.G": 1, "C.A": 1}),
    ("kgap", "ACGA", {"A.G": 1, "C.A": 1}),
    ("kgap:last=false", "ACGA", {"A.G": 1}),
    ("kgap:before=2,gap=1,after=1,norm=frequency", "ACGTA", {"AC.T": 0.5, "CG.A": 0.5}),
    ("kgap:gap=2,upto=true", "ACGA", {"A.G": 1, "C.A": 1, "A..A": 1}),
    ("asdc:norm=count", "ACA", {"AC": 1, "AA": 1, "CA": 1}),
    ("asdc", "AACC", {"AA": 1 / 6, "AC": 4 / 6, "CC": 1 / 6}),
    ("enac:size=2", "ACC", {"w1.A": 0.5, "w1.C": 0.5, "w2.C": 1}),
    ("enac:size=2,step=2,norm=count", "ACGGT", {"w1.A": 1, "w1.C": 1, "w2.G": 2}),
    ("windowed_kmer:k=2,size=3,step=2,norm=count", "ACGTA", {"w1.AC": 1, "w1.CG": 1, "w2.GT": 1, "w2.TA": 1}),
    ("kstep:size=3,step=1,k=1,norm=count", "ACGT", {"A": 1, "C": 2, "G": 2, "T": 1}),
    ("kstep:size=9,step=1,k=2,upto=false", "ACGT", {"AC": 1 / 3, "CG": 1 / 3, "GT": 1 / 3}),
    ("gc_content", "AGCNC", {"gc": 75}),
    ("gc_content:norm=frequency", "AGCNC", {"gc": 0.75}),
    ("skew", "GGGCAT", {"gc": 0.5}),
    ("skew", "AAAC", {"gc": -1, "at": 1}),
    ("at_gc_ratio", "AATG", {"at.gc": 3}),
    ("at_gc_ratio", "AATT", {"at.gc": 4}),
    ("zcurve:bits=3,norm=count", "AAG", {"x": 3, "y": 1, "z": 1}),
    ("zcurve:bits=9,norm=phase", "AAAACA", {"phase1.x": 1, "phase1.y": 1, "phase1.z": 1, "phase2.y": 1, "phase3.x": 1, "phase3.y": 1, "phase3.z": 1}),
    ("zcurve:bits=12", "AAC", {"A.y": 1}),
    ("shannon:k=2", "AACC", {"k1": 1, "k2": math.log2(3)}),
    ("tsallis:k=1,q=2", "AACC", {"k1": 0.5}),
    ("tsallis:k=1,q=1", "AACC", {"k1": math.log(2)}),
    ("renyi:k=1,q=2", "AACC", {"k1": 1}),
    ("pseeiip", "AAA", {"AAA": 3 * 0.126}),
    ("mmi", "AAAA", {}),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "text", "expected"), CASES, ids=[f"{spec}-{text}" for spec, text, _ in CASES])
def test_worked_examples(spec, text, expected):
    assert features(spec, text) == pytest.approx(expected, abs=1e-12)


PROTEIN_CASES = [
    ("aac", "MKMX", {"M": 2 / 3, "K": 1 / 3}),
    ("dpc:norm=count", "MKMK", {"MK": 2, "KM": 1}),
    ("tpc:norm=count,order=arndceq", "MKMK", {"MKM": 1, "KMK": 1}),
    ("gaac", "GFKD", {"aliphatic": 0.25, "aromatic": 0.25, "positive": 0.25, "negative": 0.25}),
    ("gdpc", "GFK", {"aliphatic.aromatic": 0.5, "aromatic.positive": 0.5}),
    ("gtpc", "GFK", {"aliphatic.aromatic.positive": 1}),
    ("cksaap:gap=1,norm=count", "MKM", {"MK": 1, "KM": 1, "M.M": 1}),
    ("cksaagp:gap=1,norm=count", "GFK", {"aliphatic.aromatic": 1, "aromatic.positive": 1, "aliphatic..positive": 1}),
    ("grouped_kmer:k=2,gap=1,norm=count", "GFK", {"aliphatic..positive": 1}),
    ("eaac:size=2,norm=count", "MKK", {"w1.M": 1, "w1.K": 1, "w2.K": 2}),
    ("egaac:size=2", "GFK", {"w1.aliphatic": 0.5, "w1.aromatic": 0.5, "w2.aromatic": 0.5, "w2.positive": 0.5}),
    ("ctriad:norm=count", "AIYAIY", {"g1.g2.g3": 2, "g2.g3.g1": 1, "g3.g1.g2": 1}),
    ("ctriad", "AIYAIY", {"g1.g2.g3": 1, "g2.g3.g1": 0.5, "g3.g1.g2": 0.5}),
    ("ctriad:norm=frequency", "AIYAIY", {"g1.g2.g3": 0.5, "g2.g3.g1": 0.25, "g3.g1.g2": 0.25}),
    ("ctriad:norm=count,overlap=false", "AAAAA", {"g1.g1.g1": 1}),
    ("ksctriad:gap=1,norm=count", "AIYAI", {"g1.g2.g3": 1, "g2.g3.g1": 1, "g3.g1.g2": 1, "g1..g3..g2": 1}),
    ("shannon:k=1", "MKMK", {"k1": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "text", "expected"), PROTEIN_CASES, ids=[f"{s}-{t}" for s, t, _ in PROTEIN_CASES])
def test_worked_examples_of_proteins(spec, text, expected):
    assert features(spec, text, PROTEIN) == pytest.approx(expected, abs=1e-12)


def test_deviation_from_the_expected_dipeptides():
    values = features("dde", "MKM", PROTEIN)
    expected = (1 / 61) * (2 / 61)
    assert values["MK"] == pytest.approx((0.5 - expected) / math.sqrt(expected * (1 - expected) / 2))
    expected = (6 / 61) ** 2
    assert values["LL"] == pytest.approx(-expected / math.sqrt(expected * (1 - expected) / 2))
    assert features("dde", "MXM", PROTEIN) == {}


def test_mutual_information_by_hand():
    values = features("mmi", "ACAG")
    f1, f2, f3 = {"A": 0.5, "C": 0.25, "G": 0.25}, {"AC": 2 / 3, "AG": 1 / 3}, {"AAC": 0.5, "ACG": 0.5}
    ac = f2["AC"] * math.log(f2["AC"] / (f1["A"] * f1["C"]))
    assert values["AC"] == pytest.approx(ac)
    # A-A-C: no pair AA, so only the pair of the first and the last letter and the triple are left
    share = f2["AC"] / f1["C"]
    assert values["AAC"] == pytest.approx(
        share * math.log(share) - f3["AAC"] / f2["AC"] * math.log(f3["AAC"] / f2["AC"])
    )
    share = f2["AG"] / f1["G"]
    assert values["ACG"] == pytest.approx(ac + share * math.log(share))


def test_names_know_the_alphabet():
    assert Extractor.of(["rckmer:k=2"], RNA).names == [
        f"rckmer_k2_{w}" for w in ("AA", "AC", "AG", "AU", "CA", "CC", "CG", "GA", "GC", "UA")
    ]
    assert Extractor.of(["grouped_kmer:groups=sw,k=1"], RNA).names == [
        "grouped_kmer_groupssw_k1_S",
        "grouped_kmer_groupssw_k1_W",
    ]


def test_groups_of_ones_own(tmp_path):
    file = tmp_path / "charge.csv"
    file.write_text("group,letters\nplus,KRH\nminus,DE\n")
    assert features(f"grouped_kmer:groups={file},k=1", "KKDG", PROTEIN) == pytest.approx(
        {"plus": 2 / 3, "minus": 1 / 3}
    )
    file.write_text("group,letters\npurine,AG\nthymine,T\n")
    assert features(f"spaced:pattern=11,groups={file},norm=count", "AGTC") == {"purine.purine": 1, "purine.thymine": 1}


@pytest.mark.parametrize(
    ("spec", "alphabet", "told"),
    [
        ("spaced:pattern=0110", DNA, "1 at both ends"),
        ("spaced:pattern=1201", DNA, "1 for a letter that counts"),
        ("spaced:groups=gaac", DNA, "unknown grouping 'gaac'"),
        ("grouped_kmer:groups=nothing", PROTEIN, "unknown grouping"),
        ("windowed_kmer:k=3,size=2", DNA, "holds no word of 3"),
        ("kstep:size=2,k=3", DNA, "holds no word of 3"),
        ("kmer:k=0", DNA, "outside 1 or more"),
        ("kmer:k=40", DNA, "cannot be told apart"),
        ("tsallis:q=11", DNA, "outside 0..10"),
        ("rckmer", PROTEIN, "not for protein"),
        ("zcurve:bits=10", DNA, "not one of 3, 9"),
    ],
)
def test_what_is_refused(spec, alphabet, told):
    with pytest.raises(ParameterError, match=told):
        Extractor.of([spec], alphabet)


@pytest.mark.parametrize(
    "name", ["Kmer", "RCKmer", "RevcKmer", "AAC", "CKSNAP", "ConjointTriad", "PseEIIP", "MMI", "kgap"]
)
def test_names_of_the_literature(name):
    assert get(name).name in {"kmer", "rckmer", "aac", "cksnap", "ctriad", "pseeiip", "mmi", "kgap"}


def test_wide_tables_are_sparse():
    seqs = Sequences.from_strings(["ACGTACGTAC", "AAAAAAAAAA", "", "NNNN"], DNA)
    extractor = Extractor.of(["kmer:k=9"], DNA)
    table = extractor.transform(seqs, short="zero", sparse=True)
    assert table.shape == (4, 4**9)
    assert table.nnz == 3
    assert np.array_equal(np.asarray(table.sum(axis=1)).ravel(), [1, 1, 0, 0])
    with pytest.raises(ParameterError, match="must be sparse"):
        extractor.check_width(4, None, sparse=False)


@pytest.mark.parametrize("text", ["", "A", "AC", "N", "NNNNN", "AAAAAAAAAA"])
def test_degenerate_records_have_stated_values(text):
    for spec in ("shannon", "tsallis", "renyi", "mmi", "skew", "zcurve", "cksnap", "pseeiip"):
        values = features(spec, text, length=5)
        if spec in ("shannon", "tsallis", "renyi", "mmi"):
            assert values == {}, spec
        assert all(np.isfinite(list(values.values()))), spec
