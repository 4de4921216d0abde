"""Ranges: what they take, refuse, write, draw and tell."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag, Int, Names, Parameter, Real, Text, parameters_of, unknown

RANGES = [Int(1, 6), Int(0), Int(0, usual=9), Real(0, 1), Real(1e-6, 1e3, log=True), Choice("a", "b"), Flag()]


@pytest.mark.parametrize("limits", RANGES, ids=repr)
def test_what_is_drawn_is_inside_and_reads_back(limits):
    rng = np.random.default_rng(1)
    for _ in range(50):
        value = limits.sample(rng)
        assert limits.check(value) == value
        assert limits.parse(limits.text(value)) == value
        for near in limits.neighbours(value):
            assert limits.check(near) == near
            assert near != value or isinstance(limits, Real)


@pytest.mark.parametrize("limits", RANGES, ids=repr)
def test_the_same_seed_draws_the_same(limits):
    draws = [[limits.sample(np.random.default_rng(7)) for _ in range(3)] for _ in range(2)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("limits", "value", "told"),
    [
        (Int(1, 6), 0, "0 is outside 1..6"),
        (Int(1, 6), 7, "7 is outside 1..6"),
        (Int(1), 0, "0 is outside 1 or more"),
        (Int(1, 6), True, "True is not a whole number"),
        (Int(1, 6), 2.0, "2.0 is not a whole number"),
        (Real(0, 1), 1.5, "1.5 is outside 0..1"),
        (Real(0, 1), float("nan"), "nan is outside 0..1"),
        (Real(0, 1), float("inf"), "inf is outside 0..1"),
        (Real(0, 1), False, "False is not a number"),
        (Real(0, 1), "1", "'1' is not a number"),
        (Choice("a", "b"), "c", "'c' is not one of a, b"),
        (Flag(), 1, "1 is neither true nor false"),
        (Text("a pattern"), "", "'' is not a pattern"),
        (Text("a pattern"), 3, "3 is not a pattern"),
        (Names("properties"), (), "no list of properties"),
        (Names("properties"), ("a", ""), "no list of properties"),
    ],
)
def test_values_outside_are_refused_with_the_range(limits, value, told):
    with pytest.raises(ParameterError, match=told.replace("(", r"\(").replace(".", r"\.")):
        limits.check(value)


@pytest.mark.parametrize(
    ("limits", "text", "told"),
    [
        (Int(1, 6), "2.5", "'2.5' is not a whole number"),
        (Int(1, 6), "9", "9 is outside 1..6"),
        (Real(0, 1), "x", "'x' is not a number"),
        (Flag(), "maybe", "'maybe' is neither true nor false"),
        (Choice("a"), "b", "'b' is not one of a"),
    ],
)
def test_texts_that_stand_for_nothing(limits, text, told):
    with pytest.raises(ParameterError, match=told):
        limits.parse(text)


def test_canonical_types():
    assert type(Int(1, 6).check(np.int32(3))) is int
    assert type(Real(0, 1).check(1)) is float
    assert type(Real(0, 1).check(np.float32(0.5))) is float
    assert type(Flag().check(np.bool_(True))) is bool
    assert Flag().parse("Yes") is True
    assert Flag().parse("0") is False
    assert Names("properties").check("twist") == ("twist",)
    assert Names("properties").parse("twist+tilt") == ("twist", "tilt")
    assert Names("properties").text(("twist", "tilt")) == "twist+tilt"


@given(st.floats(0, 1))
def test_numbers_are_written_without_loss(value):
    limits = Real(0, 1)
    assert limits.parse(limits.text(value)) == value


def test_ranges_tell_what_they_are():
    assert Int(1, 6).describe() == "1..6"
    assert Int(0).describe() == "0 or more"
    assert Real(0, 10).describe() == "0..10"
    assert Choice("a", "b").describe() == "a, b"
    assert Flag().describe() == "true, false"
    assert Text("a pattern").describe() == "a pattern"
    assert Names("properties").describe() == "properties, joined by +"
    assert Int(2).top == 7
    assert Int(2, usual=4).top == 4
    assert Int(2, 3, usual=9).top == 3


def test_free_texts_cannot_be_drawn():
    with pytest.raises(ParameterError, match="a text cannot be drawn at random"):
        Text("a pattern").sample(np.random.default_rng(0))
    assert Text("a pattern").neighbours("x") == []


def test_a_signature_is_a_table_of_parameters():
    def build(
        alphabet,
        k: Annotated[int, Int(1, 6)] = 3,
        lambda_: Annotated[int, Int(1)] = 2,
        weight: Annotated[float, Real(0, 1)] = 1,
    ):
        return alphabet, k, lambda_, weight

    found = parameters_of(build, skip=1)
    assert list(found) == ["k", "lambda", "weight"]
    assert found["k"] == Parameter("k", Int(1, 6), 3)
    assert found["weight"].default == 1.0


def test_a_signature_that_is_no_table():
    def without_range(alphabet, k: int = 3):
        return alphabet, k

    def without_default(alphabet, k: Annotated[int, Int(1, 6)]):
        return alphabet, k

    def outside(alphabet, k: Annotated[int, Int(1, 6)] = 9):
        return alphabet, k

    for build in (without_range, without_default):
        with pytest.raises(ParameterError, match="k needs one range and a default"):
            parameters_of(build, skip=1)
    with pytest.raises(ParameterError, match=r"9 is outside 1\.\.6"):
        parameters_of(outside, skip=1)


def test_unknown_names_have_a_near_one():
    assert "did you mean 'kmer'?" in str(unknown("descriptor", "kmre", ["kmer", "nac"]))
    assert "known are kmer, nac" in str(unknown("descriptor", "zzz", ["nac", "kmer"]))
