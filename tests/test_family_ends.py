"""Codons, melting, mass, skews, ends and lengths of single records."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fitted_records import made, rows

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences


def test_codons():
    seqs = Sequences.from_strings(["ATGTTTTTCTTTTAANNNTT", "GATGTTT", "AC"], DNA)
    names = parse("codon_usage").term(DNA).names()
    table = rows(Extractor.of(["codon_usage:norm=count"], DNA), seqs)
    found = {name: int(count) for name, count in zip(names, table[0], strict=True) if count}
    assert found == {"ATG": 1, "TTT": 2, "TTC": 1, "TAA": 1}
    relative = dict(zip(names, rows(Extractor.of(["rscu"], DNA), seqs)[0].tolist(), strict=True))
    assert relative["ATG"] == 1
    assert relative["TTT"] == pytest.approx(4 / 3)
    assert relative["TTC"] == pytest.approx(2 / 3)
    assert relative["TAA"] == 3
    assert relative["GGG"] == 0
    shifted = dict(
        zip(names, rows(Extractor.of(["codon_usage:frame=1,norm=count"], DNA), seqs)[1].tolist(), strict=True)
    )
    assert shifted["ATG"] == shifted["TTT"] == 1
    assert not table[2].any()


def test_the_genetic_code_equals_biopython():
    from Bio.Seq import Seq

    from bioautofeat.terms.codon import STANDARD_CODE

    names = parse("codon_usage").term(DNA).names()
    assert "".join(str(Seq(name).translate()) for name in names) == STANDARD_CODE


@pytest.mark.parametrize("alphabet", [DNA, RNA])
def test_melting_equals_biopython(alphabet, rng):
    from Bio.SeqUtils import MeltingTemp

    table = MeltingTemp.DNA_NN3 if alphabet is DNA else MeltingTemp.RNA_NN3
    seqs = made(alphabet, rng, 12, 8, 60)
    found = rows(Extractor.of(["melting:sodium=100,strand=400"], alphabet), seqs)
    expected = [MeltingTemp.Tm_NN(text, nn_table=table, Na=100, dnac1=400, dnac2=400) for text in seqs]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    by_gc = [MeltingTemp.Tm_GC(text.replace("U", "T"), Na=100) for text in seqs]
    np.testing.assert_allclose(found[:, 4], by_gc, atol=1e-6)
    palindrome = "GAATTC" if alphabet is DNA else "GAAUUC"
    ours = rows(Extractor.of(["melting"], alphabet), Sequences.from_strings([palindrome], alphabet))[0, 0]
    assert ours == pytest.approx(MeltingTemp.Tm_NN(palindrome, nn_table=table, selfcomp=True))


@pytest.mark.parametrize("alphabet", [DNA, RNA])
def test_mass_equals_biopython(alphabet, rng):
    from Bio.SeqUtils import molecular_weight

    seqs = made(alphabet, rng, 8, 1, 60)
    expected = [molecular_weight(text, alphabet.name.upper()) for text in seqs]
    found = rows(Extractor.of(["strand_mass"], alphabet), seqs)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], found[:, 0] / seqs.lengths)


def test_skews():
    seqs = Sequences.from_strings(["GGGCAT", "CCNCGGGG", "NN", "AAAA"], DNA)
    extractor = Extractor.of(["strand_skew"], DNA)
    table = dict(zip(extractor.names, rows(extractor, seqs).T.tolist(), strict=True))
    assert table["strand_skew_gc"] == [0.5, 1 / 7, 0, 0]
    assert table["strand_skew_at"] == [0, 0, 0, 1]
    assert table["strand_skew_walk.low"] == [0, -3 / 7, 0, 0]
    assert table["strand_skew_walk.high"] == [0.5, 1 / 7, 0, 0]
    assert table["strand_skew_walk.low.place"] == [0, 0.5, 0, 0]


def test_ends():
    seqs = Sequences.from_strings(["ACG", "TTACGT", ""], DNA)
    extractor = Extractor.of(["ends_binary:first=2,last=4"], DNA)
    table = rows(extractor, seqs)
    letters = [
        ["".join("ACGT"[i] for i in np.flatnonzero(cell)) or "-" for cell in row.reshape(-1, 4)] for row in table
    ]
    assert letters == [list("AC") + list("-ACG"), list("TT") + list("ACGT"), ["-"] * 6]
    assert [name.removeprefix("ends_binary_first2_last4_") for name in extractor.names][3:10:4] == ["1.T", "2.T"]
    assert extractor.names[-1].endswith("_-1.T")
    with pytest.raises(ParameterError, match="describes nothing"):
        parse("ends_binary:first=0,last=0").term(DNA)


def test_ends_have_properties():
    seqs = Sequences.from_strings(["ACDE", "WX"], PROTEIN)
    table = rows(Extractor.of(["ends_property:first=1,last=1"], PROTEIN), seqs)
    assert table.shape == (2, 10)
    assert table[0, 0] == 0.24  # z1 of A
    assert not table[1, 5:].any()
    named = Extractor.of(["ends_property:table=nucleotide-maps,properties=eiip,first=1,last=0"], DNA)
    assert rows(named, Sequences.from_strings(["GA"], DNA)).tolist() == [[0.0806]]
    whole = parse("ends_property:table=residue-pseaac,first=1,last=0").term(PROTEIN)
    assert whole.width == 9


def test_ends_have_composition():
    seqs = Sequences.from_strings(["AACCGGTT", "AC"], DNA)
    extractor = Extractor.of(["ends_composition:size=2+4"], DNA)
    table = rows(extractor, seqs)
    assert table[0].tolist() == [1, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 1, 0, 0, 0.5, 0.5]
    assert table[1, :4].tolist() == table[1, 12:].tolist() == [0.5, 0.5, 0, 0]
    with pytest.raises(ParameterError, match="list of different whole numbers"):
        parse("ends_composition:size=0").term(DNA)


def test_length():
    table = rows(Extractor.of(["length"], DNA), Sequences.from_strings(["ACGN", ""], DNA))
    assert table.tolist() == [[4, math.log(5)], [0, 0]]
