"""The registry of descriptors: rows, specs, texts and what is refused."""

from __future__ import annotations

import pickle
import re
from typing import Annotated

import pytest

from bioautofeat.alphabet import ALPHABETS, DNA, PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.families import FAMILIES, Spec, find, get, parse
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Range
from bioautofeat.terms.base import Term

ROWS = find()
SLUG = re.compile(r"[a-z][a-z0-9_]*")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_is_complete(row):
    assert SLUG.fullmatch(row.name)
    assert not row.title.endswith(".")
    assert row.reference
    assert row.columns
    assert row.alphabets <= set(ALPHABETS.values())
    assert row.documentation
    assert not row.differs or row.peers
    for name, parameter in row.parameters.items():
        assert SLUG.fullmatch(name)
        assert isinstance(parameter.range, Range)
        assert parameter.range.check(parameter.default) == parameter.default
        assert parameter.range.parse(parameter.range.text(parameter.default)) == parameter.default
        if isinstance(parameter.range, Choice):
            assert len(set(parameter.range.options)) == len(parameter.range.options)
            assert not any(set(option) & set(",= :") for option in parameter.range.options)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_and_aliases_find_their_row(row):
    assert get(row.name) is row
    assert get(row.name.upper()) is row
    for alias in row.aliases:
        name, _, options = alias.partition(":")
        assert get(name) is row
        assert parse(name) == parse(f"{row.name}:{options}" if options else row.name)


def test_an_alias_can_stand_for_parameters():
    assert str(parse("PS3")) == "ps:k=3"
    assert str(parse("z_curve_144bit")) == "zcurve:bits=144"
    assert str(parse("monoDi:gap=2")) == "kgap:gap=2,after=2,upto=true"


def test_rows_come_by_name_and_by_alphabet():
    assert [row.name for row in ROWS] == sorted(row.name for row in ROWS)
    assert [row for row in ROWS if PROTEIN in row.alphabets] == find(PROTEIN)
    assert {row.family for row in ROWS} <= {family.__name__.rsplit(".", 1)[-1] for family in FAMILIES}
    assert len({family.__name__ for family in FAMILIES}) == len(FAMILIES)


def test_texts_and_specs():
    spec = parse("kmer:norm=count,k=4")
    assert str(spec) == "kmer:k=4,norm=count"
    assert spec.prefix == "kmer_k4_normcount"
    assert spec == get("kmer")(k=4, norm="count")
    assert parse(spec) is spec
    assert str(parse("kmer:k=3")) == "kmer"
    assert parse("tsallis:q=2.3").changed == [("q", "2.3")]
    assert pickle.loads(pickle.dumps(spec.values)) == spec.values
    assert isinstance(spec.term(DNA), Term)


def test_long_values_are_short_in_names_of_columns(tmp_path):
    file = tmp_path / "a long name, with blanks and commas.csv"
    spec = get("grouped_kmer")(groups=str(file))
    assert re.fullmatch(r"grouped_kmer_groups[0-9a-f]{8}", spec.prefix)
    short = get("grouped_kmer")(groups="/somewhere/charge.csv")
    assert short.prefix == "grouped_kmer_groupscharge"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a descriptor"),
        ("kmer k=3", "is not a descriptor"),
        ("../kmer", "is not a descriptor"),
        ("kmr", "unknown descriptor 'kmr'; did you mean 'kmer'?"),
        ("kmer:q=3", "kmer: unknown parameter 'q'"),
        ("kmer:k", "kmer: 'k' is no option: write key=value"),
        ("kmer:=3", "kmer: '=3' is no option"),
        ("kmer:k=3,k=4", "kmer: k is given twice"),
        ("kmer:k=x", "kmer: k: 'x' is not a whole number"),
        ("kmer:k=0", "kmer: k: 0 is outside 1 or more"),
        ("kmer:norm=share", "kmer: norm: 'share' is not one of frequency, count, percent"),
        ("kmer:k=__import__('os')", "is not a whole number"),
    ],
)
def test_texts_that_are_refused(text, told):
    with pytest.raises(ParameterError, match=re.escape(told)):
        parse(text)


def test_values_that_are_refused():
    with pytest.raises(ParameterError, match="kmer: k: 0 is outside 1 or more"):
        get("kmer")(k=0)
    with pytest.raises(ParameterError, match="unknown parameter 'kk'"):
        get("kmer")(kk=3)
    with pytest.raises(ParameterError, match="aac is for protein, not for dna"):
        parse("aac").term(DNA)


@pytest.mark.parametrize(("name", "aliases"), [("kmer", ""), ("another", "Kmer")])
def test_a_name_stands_once(name, aliases):
    def build(alphabet, k: Annotated[int, Int(1)] = 3) -> Term:
        """Never built."""
        return parse("kmer").term(alphabet)

    build.__name__ = name
    with pytest.raises(ParameterError, match="is already registered"):
        descriptor("Another", reference="Nobody 2000", columns="1", aliases=aliases)(build)
    assert parse("kmer").descriptor.build is not build
    with pytest.raises(ParameterError, match="unknown descriptor"):
        get("another")


def test_specs_of_the_same_parameters_are_equal():
    assert isinstance(parse("kmer"), Spec)
    assert parse("kmer:k=3") == parse("kmer") == parse("KMER:k=3")
    assert parse("kmer:k=4") != parse("kmer")
