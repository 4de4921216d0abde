"""Numbers of whole proteins: scales, peptide properties, complexity, profiles, by definition and by Biopython."""

from __future__ import annotations

import random

import numpy as np
import oracles_protein as oracles
import pytest
from Bio.SeqUtils.ProtParam import ProteinAnalysis
from numpy.testing import assert_allclose, assert_array_equal

from bioautofeat.alphabet import PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor, extract
from bioautofeat.families import parse
from bioautofeat.properties import word_properties
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def random_proteins(lengths, seed=3):
    chance = random.Random(seed)
    return ["".join(chance.choice(LETTERS) for _ in range(length)) for length in lengths]


PROTEINS = [*random_proteins((1, 2, 3, 11, 12, 30, 64, 65, 200, 300)), "A" * 40, "KE" * 20, "GGSGG" * 9, "PWC"]


def values(spec, strings):
    seqs = Sequences.from_strings(strings, "protein")
    return extract(seqs, [spec], short="zero", threads=1).values


def row(spec, text):
    """The values of one record by the descriptor's own names of columns."""
    found = values(spec, [text])[0]
    term = parse(spec).term(PROTEIN)
    return dict(zip(term.names(), found.tolist(), strict=True)) if not term.needs else found.tolist()


def column(spec, strings):
    return values(spec, strings)[:, 0]


def coded(text):
    return [LETTERS.index(letter) if letter in LETTERS else 20 for letter in text]


# scales


def test_scale_means():
    assert values("scale_means", PROTEINS).shape == (len(PROTEINS), 102)
    hydropathy = word_properties(PROTEIN, 1, ("kytj820101",), "none").values[:, 0]
    found = column("scale_means:scales=kytj820101", PROTEINS)
    assert_allclose(found, [np.mean([hydropathy[c] for c in coded(text)]) for text in PROTEINS], atol=1e-12)
    assert_allclose(found[8], ProteinAnalysis(PROTEINS[8]).gravy())
    thirds = row("scale_means:scales=kytj820101,domains=3", PROTEINS[9])
    assert_allclose(
        list(thirds.values()),
        [np.mean(hydropathy[part]) for part in np.array_split(coded(PROTEINS[9]), 3)],
    )
    assert column("scale_means:scales=kytj820101", ["AXXA", "XXX"]).tolist() == [1.8, 0.0]


def test_scale_of_ones_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("slug," + ",".join(LETTERS) + "\nsize," + ",".join(map(str, range(20))) + "\n")
    assert row(f"scale_means:scales={file}", "CD") == {"size": 1.5}
    assert row(f"window_profile:scales={file},windows=1,statistics=max", "CYD") == {"size.w1.max": 19.0}


def test_scale_statistics():
    spec = "scale_statistics:properties=kytj820101+bhar880101"
    table = word_properties(PROTEIN, 1, ("kytj820101", "bhar880101"), "none").values
    for text, found in zip(PROTEINS, values(spec, PROTEINS), strict=True):
        for p in range(2):
            mean, sd, low, half, high = oracles.value_statistics(coded(text), table[:, p].tolist(), (0.25, 0.5, 0.75))
            expected = [mean, sd, low, half, high, high - low, sd / mean if abs(mean) > 1e-12 else 0.0]
            assert_allclose(found[7 * p : 7 * p + 7], expected, rtol=1e-9, atol=1e-12)
    assert values(spec, ["X"]).tolist() == [[0.0] * 14]
    # -1.6 - 0.9 + 2.5: a mean that is 0 but for rounding does not make a quotient of 1e16
    assert {row(spec, "PWC" * n)["kytj820101.cv"] for n in range(1, 9)} == {0.0}


def test_windows_of_a_sum_of_scales():
    whole, mean = (values(f"scale_window:scales=modlamp.z3{end}", PROTEINS) for end in ("", ",statistic=mean"))
    single = values("scale_means:scales=modlamp.z3", PROTEINS).sum(axis=1)
    assert_allclose(whole[:, 0], single, atol=1e-12)
    assert_allclose(whole, mean)
    best = values("scale_window:scales=modlamp.z3,window=5", PROTEINS)
    assert (best >= whole - 1e-12).all()


def test_hydrophobic_moments():
    # perfectly amphipathic along 100 degrees: hydrophobic where the helix faces one side
    helix = "".join("L" if np.cos(np.radians(100 * i)) > 0 else "K" for i in range(36))
    strand = "LK" * 18
    assert row("hydrophobic_moment:angle=100", helix)["eisd840101.moment100.max"] > 0.45
    assert column("hydrophobic_moment:angle=180", [strand])[0] > column("hydrophobic_moment:angle=100", [strand])[0]
    assert_allclose(values("hydrophobic_moment", ["A" * 36])[0, 0], values("hydrophobic_moment", ["A" * 36])[0, 1])
    scale = word_properties(PROTEIN, 1, ("eisd840101",), "none").values[:, 0].tolist()
    for text, found in zip(PROTEINS, values("hydrophobic_moment", PROTEINS), strict=True):
        assert_allclose(found, oracles.moments(coded(text), scale, 11, 100), rtol=1e-9, atol=1e-12)


# single numbers


@pytest.mark.parametrize("text", [text for text in PROTEINS if len(text) > 2])
def test_properties_of_peptides_by_biopython(text):
    peer, ours = ProteinAnalysis(text), row("peptide_properties:properties=all", text)
    assert ours["length"] == len(text)
    assert_allclose(ours["molecular-weight"], peer.molecular_weight(), rtol=1e-9)
    assert_allclose(ours["charge"], peer.charge_at_pH(7.0), rtol=1e-9, atol=1e-12)
    assert_allclose(ours["charge-density"], peer.charge_at_pH(7.0) / peer.molecular_weight(), rtol=1e-9, atol=1e-12)
    assert_allclose(ours["instability"], peer.instability_index(), rtol=1e-9)
    assert_allclose(ours["aromaticity"], peer.aromaticity(), rtol=1e-9)
    assert_allclose(ours["gravy"], peer.gravy(), rtol=1e-9, atol=1e-12)
    assert (ours["extinction-reduced"], ours["extinction-oxidised"]) == peer.molar_extinction_coefficient()
    point = peer.isoelectric_point()
    if 4.06 < point < 11.9:  # it looks no further
        assert_allclose(ours["isoelectric-point"], point, atol=2e-4)
        assert_allclose(peer.charge_at_pH(ours["isoelectric-point"]), 0.0, atol=1e-9)


def test_monoisotopic_mass_and_amide():
    text = PROTEINS[9]
    exact = ProteinAnalysis(text, monoisotopic=True).molecular_weight()
    assert_allclose(
        column("peptide_properties:properties=molecular-weight,masses=monoisotopic", [text]), exact, rtol=1e-6
    )
    free, bound = (row(f"peptide_properties:properties=molecular-weight+charge{a}", text) for a in ("", ",amide=true"))
    assert free["molecular-weight"] - bound["molecular-weight"] == pytest.approx(0.9848)
    assert bound["charge"] - free["charge"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("pk", ["bjellqvist", "emboss", "lehninger", "crc", "ipc-protein", "side-chains"])
def test_charge_vanishes_at_the_isoelectric_point(pk):
    points = column(f"peptide_properties:properties=isoelectric-point,pk={pk}", PROTEINS)
    for text, point in zip(PROTEINS, points, strict=True):
        if 0 < point < 14:
            charge = column(f"peptide_properties:properties=charge,pk={pk},ph={float(point)!r}", [text])[0]
            assert abs(charge) < 1e-9
    positive, negative, net = values(
        f"peptide_properties:properties=charge-positive+charge-negative+charge,pk={pk}", PROTEINS
    ).T
    assert_allclose(positive - negative, net, atol=1e-12)
    assert (positive >= 0).all()
    assert (negative >= 0).all()


def test_simple_indices_by_hand():
    found = row("peptide_properties:properties=all", "AVLIKRDEPC")
    assert found["aliphatic"] == pytest.approx(10 * (1 + 2.9 + 3.9 * 2))
    assert found["ncpr"] == 0.0
    assert found["charge-asymmetry"] == 0.0
    assert found["charged"] == 0.4
    assert found["hydrophobic"] == 0.5
    assert found["boman"] == pytest.approx(-(1.81 + 4.04 + 4.92 * 2 - 5.55 - 14.92 - 8.72 - 6.81 + 1.28) / 10)
    assert found["half-life-mammal"] == 4.4
    assert row("peptide_properties:properties=half-life-ecoli", "PA")["half-life-ecoli"] == 0.0  # not known
    assert row("peptide_properties:properties=length+half-life-yeast", "XA") == {"length": 1.0, "half-life-yeast": 0.0}


def test_water_is_a_peptide_bond_less():
    glycine = row("atomic_composition:norm=count", "GG")
    assert glycine == {"C": 4.0, "H": 8.0, "N": 2.0, "O": 3.0, "S": 0.0}
    assert row("atomic_composition:norm=count,residues=free", "GG") == {
        "C": 4.0,
        "H": 10.0,
        "N": 2.0,
        "O": 4.0,
        "S": 0.0,
    }
    assert_allclose(values("atomic_composition", PROTEINS).sum(axis=1), 100.0)
    masses = {"C": 12.011, "H": 1.008, "N": 14.007, "O": 15.999, "S": 32.06}
    for text in PROTEINS[:10]:
        atoms = row("atomic_composition:norm=count", text)
        weight = row("peptide_properties:properties=molecular-weight", text)["molecular-weight"]
        assert sum(masses[atom] * count for atom, count in atoms.items()) == pytest.approx(weight, rel=1e-4)


def test_arrangement_of_charges():
    mixed, apart = "KE" * 20, "K" * 20 + "E" * 20
    assert column("kappa", [mixed])[0] < 0.01
    assert column("kappa", [apart])[0] == pytest.approx(1.0)
    assert column("kappa", ["KKKGGG", "GGG"]).tolist() == [0.0, 0.0]
    assert column("charge_decoration", [apart])[0] < column("charge_decoration", [mixed])[0] < 0
    assert column("charge_decoration", ["K" * 10])[0] > 0
    assert list(row("kappa:windows=4", mixed)) == ["mean", "w4"]


def test_refusals_of_peptide_properties():
    for spec, told in (
        ("peptide_properties:properties=masss", "unknown property of peptides"),
        ("peptide_properties:pk=embos", "did you mean 'emboss'"),
        ("peptide_properties:properties=charge+charge", "twice"),
        ("kappa:windows=5+5", "different whole numbers"),
        ("window_profile:windows=0", "different whole numbers"),
        ("window_profile:statistics=max+top", "once at most"),
    ):
        with pytest.raises(ParameterError, match=told):
            parse(spec).term(PROTEIN)


# complexity and places


def test_complexity_orders_sequences():
    varied, repeated, poor = PROTEINS[9], "ACDEFGHIKL" * 30, "A" * 300
    for name in ("linguistic_complexity", "lempel_ziv", "wootton_federhen"):
        found = column(name, [varied, repeated, poor])
        assert min(found[0], found[1]) > found[2]
    assert row("wootton_federhen", poor) == {
        "arrangements.mean": 0.0, "entropy.mean": 0.0, "entropy.min": 0.0, "poor": 1.0,
    }  # fmt: skip
    assert row("lempel_ziv", "A") == {"components": 1.0, "normalised": 0.0}
    assert row("linguistic_complexity", "ACDE") == {"ratio": 1.0}


def test_complexity_of_nucleotides():
    seqs = Sequences.from_strings(["ACGTACGTAC", "AAAAAAAAAA", "NNNN"], "dna")
    found = extract(
        seqs, ["linguistic_complexity", "lempel_ziv", "wootton_federhen", "natural_vector"], short="zero"
    ).values
    assert np.isfinite(found).all()
    assert found[2].tolist() == [0.0] * found.shape[1]
    assert found[1, 0] == pytest.approx(10 / (4 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2 + 1))


def test_natural_vector_by_hand():
    found = row("natural_vector", "AXAC")
    assert (found["count.A"], found["mean.A"], found["moment.A"]) == (2.0, 2.0, 2 / (2 * 3))
    assert (found["count.C"], found["mean.C"], found["moment.C"]) == (1.0, 4.0, 0.0)
    assert len(found) == 60


# profiles


def test_the_profile_has_its_parts():
    whole = values("property_profile", PROTEINS)
    assert whole.shape[1] == 64
    parts = [values(name, PROTEINS) for name in ("window_profile", "segment_profile")]
    assert_array_equal(whole[:, :60], np.hstack(parts))
    assert_array_equal(whole[:, 60:62], values("hydrophobic_moment", PROTEINS))


def test_windows_find_a_segment():
    text = "DEDEDKDEDE" + "LIVLLAVFIL" + "KDEDKDEDEDKDEDEDEDEE"
    found = row("window_profile:scales=kytj820101,windows=9", text)
    assert found["kytj820101.w9.max"] > 3
    assert found["kytj820101.w9.place-max"] == pytest.approx(15 / 40, abs=0.03)
    assert row("window_profile:scales=kytj820101,windows=9", "A" * 30)["kytj820101.w9.sd"] == 0.0
    # ties go to the first window, without a trace of rounding
    repeated = row("window_profile:scales=kytj820101,windows=7", "AGVLKDE" * 12)
    assert repeated["kytj820101.w7.place-max"] == repeated["kytj820101.w7.place-min"] == 3.5 / 84


def test_flexibility_by_biopython():
    spec = "window_profile:scales=protpy.vihinen-flexibility,windows=9,edge=0.25,statistics=mean+max+min+sd"
    for text in PROTEINS[6:10]:
        profile = ProteinAnalysis(text).flexibility()
        expected = [np.mean(profile), max(profile), min(profile), np.std(profile)]
        # Biopython leaves the last window out
        scale = word_properties(PROTEIN, 1, ("protpy.vihinen-flexibility",), "none").values[:, 0].tolist()
        whole = oracles.window_statistics(coded(text), scale, 9, 0.25)
        found = values(spec, [text])[0]
        assert_allclose(found, [whole[j] for j in (0, 1, 2, 3)], rtol=1e-9)
        assert_allclose(found[0], expected[0], rtol=0.01)


def test_short_records_are_one_window():
    found = row("window_profile:scales=kytj820101,windows=19,statistics=mean+max+min+sd+place-max", "AI")
    assert list(found.values()) == pytest.approx([3.15, 3.15, 3.15, 0.0, 0.5])
    assert values("property_profile", ["X", "A", "AC"]).shape == (3, 64)


def test_signals():
    scale = word_properties(PROTEIN, 1, ("kytj820101",), "none").values[:, 0]
    for text in PROTEINS:
        track = scale[coded(text)] - scale[coded(text)].mean()
        power = np.abs(np.fft.rfft(track)) ** 2 / len(track)
        power[0] = 0.0
        bins = np.minimum((np.fft.rfftfreq(len(track)) / 0.5 * 10).astype(int), 9)
        expected = [power[bins == b].mean() if (bins == b).any() else 0.0 for b in range(10)]
        assert_allclose(values("power_bins:scales=kytj820101", [text])[0], expected, rtol=1e-9, atol=1e-10)
        expected = oracles.cosines(coded(text), scale.tolist(), 10)
        assert_allclose(values("cosine_coefficients", [text])[0], expected, rtol=1e-9, atol=1e-10)


ALL = (
    "ctd", "psekraac", "distance_pair", "aaindex", "binary_3bit", "opf_10bit", "scale_means", "scale_statistics",
    "scale_window", "hydrophobic_moment", "peptide_properties:properties=all", "atomic_composition", "kappa",
    "charge_decoration", "linguistic_complexity", "lempel_ziv", "wootton_federhen", "natural_vector",
    "property_profile", "power_bins", "cosine_coefficients",
)  # fmt: skip


def test_rows_do_not_depend_on_their_batch():
    seqs = Sequences.from_strings(PROTEINS, "protein")
    extractor = Extractor.of(ALL, PROTEIN).fit(Training(20, seqs))
    whole = extractor.transform(seqs, short="zero")
    single = np.vstack([extractor.transform(seqs[i : i + 1], short="zero") for i in range(len(seqs))])
    assert_array_equal(whole, single)
    assert_array_equal(whole[::-1], extractor.transform(seqs[::-1], short="zero"))
    assert np.isfinite(whole).all()
