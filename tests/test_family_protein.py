"""Classes and codes of residues: values from their definitions, variants, degenerate records, refusals."""

from __future__ import annotations

import itertools
import random

import numpy as np
import oracles_protein as oracles
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bioautofeat.alphabet import PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import extract
from bioautofeat.families import get, parse
from bioautofeat.properties import grouping, groupings, property_table
from bioautofeat.sequences import Sequences

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


# composition, transition, distribution


def test_ctd_by_hand():
    # classes of charge: KR 1, DE 3, all else 2
    text = "KAADKKAEEE"
    assert row("ctdc:groupings=charge", text) == {"charge.1": 0.3, "charge.2": 0.3, "charge.3": 0.4}
    moved = row("ctdt:groupings=charge", text)
    assert_allclose(list(moved.values()), [2 / 9, 1 / 9, 2 / 9])
    assert list(moved) == ["charge.1.2", "charge.1.3", "charge.2.3"]
    placed = row("ctdd:groupings=charge", text)
    # three K at 1, 5 and 6: the first quarter of three is the first one
    assert [placed[f"charge.1.{part}"] for part in (0, 25, 50, 75, 100)] == [10, 10, 10, 50, 60]
    assert [placed[f"charge.3.{part}"] for part in (0, 25, 50, 75, 100)] == [40, 40, 80, 90, 100]


def test_ctd_is_its_three_parts():
    long_enough = PROTEINS[1:]  # a single residue has no transition
    parts = [values(name, long_enough) for name in ("ctdc", "ctdt", "ctdd")]
    assert [part.shape[1] for part in parts] == [39, 39, 195]
    assert_allclose(values("ctd", long_enough), np.hstack(parts), rtol=1e-12)
    assert_allclose(parts[0].reshape(-1, 13, 3).sum(axis=2), 1.0)


@pytest.mark.parametrize("name", ["propy", "protpy"])
def test_seven_properties_in_the_orders_of_peers(name):
    thirteen, seven = row("ctd", PROTEINS[9]), row(f"ctd:groupings={name}", PROTEINS[9])
    assert len(seven) == 147
    assert all(thirteen[key] == value for key, value in seven.items())
    first = {"propy": "c.polarizability.1", "protpy": "c.hydrophobicity-pram900101.1"}
    assert next(iter(seven)) == first[name]


def test_every_distribution_equals_the_definition():
    slugs = [slug for slug in groupings() if slug.startswith("ctd.")]
    classes = [{LETTERS.index(letter) for letter in group} for slug in slugs for group in grouping(slug).groups]
    for text, found in zip(PROTEINS, values("ctdd", PROTEINS), strict=True):
        assert_allclose(found, oracles.places(coded(text), classes, (0.0, 0.25, 0.5, 0.75, 1.0)), rtol=1e-12)


def test_ctd_of_a_grouping_of_ones_own(tmp_path):
    file = tmp_path / "sour.csv"
    file.write_text("group,letters\nacid,DE\nbase,KRH\nrest,ACFG\nring,WY\n")
    found = row(f"ctdt:groupings={file}", "DKWAALLL")
    # six columns of a grouping of four; L is in no group and its pairs count in the divisor alone
    assert len(found) == 6
    assert found["sour.acid.base"] == pytest.approx(1 / 7)
    assert found["sour.base.ring"] == pytest.approx(1 / 7)
    assert found["sour.rest.ring"] == pytest.approx(1 / 7)


def test_unknown_residues_in_ctd():
    found = row("ctdt:groupings=charge", "KXEKE")
    assert found["charge.1.3"] == 1.0  # E K and K E; nothing is joined across X
    assert row("ctdc:groupings=charge", "KXEKE")["charge.1"] == 0.5
    assert row("ctdd:groupings=charge", "KXEKE")["charge.3.0"] == 60.0  # places are those of the record


def test_ctd_refusals():
    with pytest.raises(ParameterError, match="twice"):
        get("ctdc")(groupings=("charge", "propy")).term(PROTEIN)
    with pytest.raises(ParameterError, match=r"did you mean .ctd\.polarity."):
        get("ctdc")(groupings=("ctd.polarit",)).term(PROTEIN)


# reduced alphabets


def test_all_reduced_alphabets_are_partitions():
    slugs = [slug for slug in groupings() if slug.startswith("pse-kraac.")]
    assert len(slugs) == 250
    for slug in [*slugs, *(s for s in groupings() if s.startswith(("ctd.", "distancepair.", "exchange.", "protpy.")))]:
        assert sorted("".join(grouping(slug).groups)) == sorted(LETTERS), slug
    for slug in slugs:
        assert len(grouping(slug).groups) == int(slug.rsplit(".c", 1)[1])
    for size in (13, 14, 19):
        one, other = (grouping(f"distancepair.cp{size}{order}").groups for order in ("", "-liu"))
        assert {frozenset(group) for group in one} == {frozenset(group) for group in other}
        assert [group[0] for group in one] == sorted(group[0] for group in one)


@pytest.mark.parametrize(("slug", "k", "gap"), [("7.c5", 2, 2), ("3a.c4", 1, 1), ("16.c3", 3, 0), ("13.c4", 2, 9)])
def test_psekraac_by_gaps(slug, k, gap):
    groups = grouping(f"pse-kraac.{slug}").groups
    for text, found in zip(PROTEINS, values(f"psekraac:groups={slug},k={k},gap={gap}", PROTEINS), strict=True):
        clusters = [next(g for g, group in enumerate(groups) if letter in group) for letter in text]
        words = [tuple(clusters[i : i + k]) for i in range(0, len(text) - k + 1, gap + 1)]
        expected = [words.count(word) for word in itertools.product(range(len(groups)), repeat=k)]
        assert found.tolist() == expected


@pytest.mark.parametrize(("k", "lag"), [(1, 3), (2, 1), (2, 4), (3, 2)])
def test_psekraac_by_correlation(k, lag):
    groups = grouping("pse-kraac.1.c3").groups
    spec = f"psekraac:groups=pse-kraac.1.c3,model=lambda,k={k},lambda={lag},norm=frequency"
    for text, found in zip(PROTEINS, values(spec, PROTEINS), strict=True):
        clusters = [next(g for g, group in enumerate(groups) if letter in group) for letter in text]
        reach = (k - 1) * lag
        words = [tuple(clusters[i : i + reach + 1 : lag]) for i in range(len(text) - reach)]
        expected = [words.count(word) for word in itertools.product(range(3), repeat=k)]
        assert_allclose(found, np.array(expected) / max(1, len(words)))


def test_distance_pairs():
    text = PROTEINS[9]
    found = row("distance_pair:groups=cp14,distance=2", text)
    assert len(found) == 14 + 2 * 196
    assert found["d0.H"] == pytest.approx(sum(text.count(letter) for letter in "HRKQ") / len(text))
    pairs = [(a in "HRKQ") and (b in "IMV") for a, b in zip(text, text[2:], strict=False)]
    assert found["d2.H.I"] == pytest.approx(sum(pairs) / (len(text) - 2))
    assert len(row("distance_pair:groups=cp20,distance=0", text)) == 20
    # the paper's order is another order of the same columns
    ours, papers = (sorted(row(f"distance_pair:groups={g}", text).values()) for g in ("cp19", "cp19-liu"))
    assert_allclose(ours, papers)


# codes of positions


def test_three_bits_are_corrected_by_default():
    faults = {2: "C", 3: "L", 5: "T", 7: "R"}
    for type_, letter in faults.items():
        right, wrong = (row(f"binary_3bit:type={type_}{v}", letter) for v in ("", ",variant=ilearnplus"))
        assert sum(right) == 1.0
        assert right != wrong
    assert row("binary_3bit:type=7,variant=ilearnplus", "P") == [0.0, 1.0, 1.0]
    for type_ in range(1, 8):
        assert_array_equal(values(f"binary_3bit:type={type_}", list(LETTERS)).sum(axis=1), 1.0)
    for type_ in (1, 4, 6):
        assert_array_equal(*(values(f"binary_3bit:type={type_}{v}", [LETTERS]) for v in ("", ",variant=ilearnplus")))


def test_bits_of_positions():
    assert row("binary_6bit", "HA") == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert row("binary_5bit:type=2", "AC") == [0, 0, 0, 1, 1, 0, 0, 1, 0, 1]
    assert row("binary_5bit", "D") == [0, 0, 0, 1, 0]
    codes = values("binary_5bit:type=2", list(LETTERS))
    assert len(np.unique(codes, axis=0)) == 20
    assert row("opf_10bit", "K") == [0, 0, 1, 1, 1, 0, 0, 1, 0, 0]
    assert row("opf_7bit:type=3", "K") == [1, 1, 1, 1, 1, 0, 1]
    # the three types take one class each of the same seven groupings: no residue is in two of them
    together = sum(values(f"opf_7bit:type={t}", list(LETTERS)) for t in (1, 2, 3))
    assert together.max() == 1.0
    assert row("grouped_binary:groups=exchange.6", "HA") == row("binary_6bit", "HA")


def test_values_of_positions():
    blosum = property_table("residue-blosum62", PROTEIN.symbols)
    assert row("blosum62", "W") == blosum.values[LETTERS.index("W")].tolist()
    assert row("blosum62", "WX")[20:] == [0.0] * 20
    assert row("zscale", "A") == [0.24, -2.32, 0.6, -0.14, 1.3]
    assert row("aesnn3", "AR") == [-0.99, -0.61, 0.0, 0.28, -0.99, -0.22]
    assert row("aaindex", "A")[:2] == [4.35, 0.61]
    assert row("aaindex:properties=kytj820101,order=channel", "IV") == [4.5, 4.2]
    assert len(row("aaindex:properties=kidera", "IV")) == 20


def test_sampled_groupings_exist():
    rng = np.random.default_rng(1)
    for name in ("psekraac", "distance_pair", "grouped_binary"):
        limits = get(name).parameters["groups"].range
        for _ in range(5):
            assert get(name)(groups=limits.sample(rng)).term(PROTEIN)
