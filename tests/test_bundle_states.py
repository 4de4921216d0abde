"""What descriptors learn, kept as plain values: over the whole registry."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bioautofeat.alphabet import ALPHABETS, DNA
from bioautofeat.bundle.arrays import join_trees, pack, parse_npy, split_trees, unpack
from bioautofeat.errors import BioautofeatError, ModelError, ParameterError
from bioautofeat.families import find, parse
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training, fill_rows
from bioautofeat.terms.join import Concat, Linear
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Window


def sequences(alphabet, seed):
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list(alphabet.symbols), int(n))) for n in rng.integers(30, 60, 18)]
    return Sequences.from_strings(texts, alphabet)


def through_json(state):
    """The state as a model file keeps it."""
    arrays = {}
    tree = json.loads(json.dumps(split_trees(state, arrays, "x"), allow_nan=False))
    index, parts = pack(arrays)
    back = unpack(json.loads(json.dumps(index)), {name: parse_npy(content, name) for name, content in parts.items()})
    return join_trees(tree, back)


def fitted_rows():
    for name, alphabet in ALPHABETS.items():
        for row in find(alphabet):
            try:
                blank = row().term(alphabet)
            except ParameterError:  # the default has no meaning in this alphabet, or names no file
                continue
            if blank.needs:
                yield pytest.param(name, row.name, id=f"{name}-{row.name}")


FITTED = list(fitted_rows())


def leaves(value, path=()):
    if isinstance(value, np.ndarray):
        yield path, value
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from leaves(inner, (*path, key))


def put(value, path, new):
    if not path:
        return new
    if isinstance(value, dict):
        return {key: put(inner, path[1:], new) if key == path[0] else inner for key, inner in value.items()}
    return [put(inner, path[1:], new) if i == path[0] else inner for i, inner in enumerate(value)]


@pytest.mark.parametrize(("alphabet", "name"), FITTED)
def test_every_fitted_descriptor_survives(alphabet, name):
    alphabet = ALPHABETS[alphabet]
    training, new = sequences(alphabet, 1), sequences(alphabet, 2)
    labels = np.array(["a", "b", "c"] * 6)
    blank = parse(name).term(alphabet)
    fitted = blank.fit(Training(40, training, labels))
    restored = parse(name).term(alphabet).with_state(through_json(fitted.state(blank)))
    assert restored.names() == fitted.names()
    assert restored.shortest == fitted.shortest
    for batch in (training, new, new[:0]):
        assert np.array_equal(fill_rows(restored, batch), fill_rows(fitted, batch))
    assert through_json(restored.state(blank)).keys() == fitted.state(blank).keys()


@pytest.mark.parametrize(("alphabet", "name"), FITTED)
def test_learnt_arrays_of_another_shape_are_refused(alphabet, name):
    alphabet = ALPHABETS[alphabet]
    blank = parse(name).term(alphabet)
    fitted = blank.fit(Training(40, sequences(alphabet, 1), np.array(["a", "b", "c"] * 6)))
    state = fitted.state(blank)
    for path, array in leaves(state):
        for axis, size in enumerate(array.shape):
            if size == 0:
                continue
            short = np.ascontiguousarray(np.take(array, range(size - 1), axis=axis))
            try:
                term = blank.with_state(put(state, path, short))
            except (BioautofeatError, ValueError):
                continue
            assert term.width != fitted.width, f"{path} may lose a row of axis {axis} unseen"


@dataclass(frozen=True)
class Learner(Term):
    """A term that learns one value of any kind."""

    value: object = None
    words: Kmers = Kmers(DNA, "1")  # noqa: RUF009  # why: it is frozen
    needs = frozenset({"length"})

    @property
    def width(self):
        return 1

    def names(self):
        return ["x"]

    def fill(self, seqs, out):
        out[:] = 1.0


@pytest.mark.parametrize(
    "value",
    [
        3,
        2.5,
        "text",
        True,
        (1, 2),
        ("a", ("b", 1.5)),
        np.arange(4),
        np.zeros((2, 3)),
        np.array(["x", "yy"]),
        np.float32(2),
    ],
)
def test_values_of_every_plain_kind(value):
    restored = Learner().with_state(through_json(Learner(value).state(Learner())))
    assert np.array_equal(restored.value, value) if isinstance(value, np.ndarray) else restored.value == value
    if isinstance(value, np.ndarray):
        assert restored.value.dtype == value.dtype
        assert not restored.value.flags.writeable


def test_sequences_are_kept_without_their_ids():
    kept = Sequences.from_strings(["ACGN", "", "GG"], "dna", ids=["patient 1", "b", "c"])
    state = through_json(Learner(kept[0:3]).state(Learner()))
    assert "patient" not in str(state)
    restored = Learner().with_state(state).value
    assert list(restored) == list(kept)
    bad = {"value": {"sequences": {**state["value"]["sequences"], "offsets": np.array([0, 9, 4, 6])}}}
    with pytest.raises(ModelError, match="damaged"):
        Learner().with_state(bad)
    bad = {"value": {"sequences": {**state["value"]["sequences"], "codes": np.full(6, 9, np.uint8)}}}
    with pytest.raises(ModelError, match="damaged"):
        Learner().with_state(bad)


def test_nested_terms_and_tracks():
    inner = Window(Kmers(DNA, "1"), 5, 1)
    blank = Concat([inner, Learner()], ("a", "b"))
    fitted = Concat([replace(inner, length=9), Learner(4)], ("a", "b"))
    assert fitted.state(blank) == {"terms": [{"part": {"length": 9}}, {"part": {"value": 4}}]}
    assert blank.with_state(through_json(fitted.state(blank))) == fitted
    matrix = np.ones((1, 1))
    linear = Linear(Learner(), matrix, ("y",))
    assert replace(linear, term=Learner(2)).state(linear) == {"term": {"part": {"value": 2}}}
    assert linear.state(linear) == {}


def test_what_cannot_be_kept_is_an_error_when_saved():
    for value in (object(), {"a": 1}, np.array([object()]), Kmers(DNA, "11"), np.zeros(2, complex)):
        with pytest.raises(ModelError, match="cannot be kept"):
            Learner(value).state(Learner())


def test_states_that_do_not_belong_are_refused():
    for state in (
        {"other": 1},
        {"value": {"unknown": 1}},
        {"value": {"part": {}}},
        {"words": {"part": {"nothing": 1}}},
    ):
        with pytest.raises(ModelError):
            Learner().with_state(state)
