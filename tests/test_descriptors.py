"""Every descriptor of the registry, over every alphabet it is for, at its corners."""

from __future__ import annotations

import pytest

from bioautofeat.alphabet import ALPHABETS, DNA, PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families import FAMILIES, find, parse
from bioautofeat.testing import check_descriptor, example_sequences, missing_package, parameter_corners

ROWS = [(row, alphabet) for row in find() for alphabet in ALPHABETS.values() if alphabet in row.alphabets]


@pytest.mark.parametrize(("row", "alphabet"), ROWS, ids=[f"{row.name}-{alphabet.name}" for row, alphabet in ROWS])
def test_descriptor(row, alphabet):
    module = missing_package(row)
    if module:
        pytest.skip(f"{row.name} needs {module}, which is not installed")
    specs = parameter_corners(row, alphabet)
    try:
        row().term(alphabet)
        specs.insert(0, row())
    except ParameterError as refusal:
        if not specs:
            pytest.skip(f"its default is refused: {refusal}")
    failures = []
    for number, spec in enumerate(specs):
        try:
            check_descriptor(spec, alphabet, thorough=number == 0 or len(spec.changed) > 1)
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


def test_every_family_holds_descriptors():
    families = {row.family for row in find()}
    assert {family.__name__.rsplit(".", 1)[-1] for family in FAMILIES} == families


def test_corners_reach_every_option():
    corners = parameter_corners(parse("zcurve").descriptor, DNA)
    assert {dict(spec.values)["bits"] for spec in corners} == {"3", "9", "12", "36", "48", "144"}
    assert {dict(spec.values)["norm"] for spec in corners} == {"frequency", "phase", "count"}
    assert all(
        spec.term(PROTEIN).width <= 500 for spec in parameter_corners(parse("kmer").descriptor, PROTEIN, widest=500)
    )


def test_examples_hold_what_breaks_careless_code():
    seqs = example_sequences(DNA)
    assert set(range(11)) <= set(seqs.lengths.tolist())
    assert "?" * 14 in list(seqs)
    assert any(len(set(text)) == 1 and "?" not in text for text in seqs if len(text) > 3)


@pytest.mark.parametrize(
    ("spec", "alphabet", "told"),
    [("kmers", DNA, "did you mean 'kmer'"), ("aac", DNA, "is for protein"), ("kmer:k=0", DNA, "1 or more")],
)
def test_a_descriptor_that_is_not_there(spec, alphabet: Alphabet, told):
    with pytest.raises(ParameterError, match=told):
        check_descriptor(spec, alphabet)


def test_checks_tell_what_fails(monkeypatch):
    from bioautofeat.terms.reduce import Count

    names = Count.names
    monkeypatch.setattr(Count, "names", lambda term: [*names(term)[:-1], names(term)[0]])
    with pytest.raises(AssertionError, match="nac for dna: column 'nac_A' stands twice"):
        check_descriptor("nac", "dna")
    monkeypatch.undo()
    fill = Count.fill

    def careless(term, seqs, out):
        fill(term, seqs, out)
        out += len(seqs)

    monkeypatch.setattr(Count, "fill", careless)
    with pytest.raises(AssertionError, match="nac for dna"):
        check_descriptor("nac", "dna")
