"""Spaces of architectures: the exact counts of the literature."""

from __future__ import annotations

import csv
from itertools import product

import numpy as np
import pytest

from bioautofeat.errors import ParameterError
from bioautofeat.nas.spaces import CellSpace, ChainSpace, CompoundScaling, NB201Space, functional, nb201_unique
from bioautofeat.nas.spaces.cell import CellGenotype
from bioautofeat.nas.spaces.nb101 import count_cells, is_valid, prune, unique_cells

CODES = ["".join(code) for code in product("01234", repeat=6)]


def test_chain_counts_and_round_trip(rng):
    small = ChainSpace(("a", "b"), 3)
    points = list(small.points())
    assert len(points) == len({small.decode(p) for p in points}) == small.size_enumerated() == 64
    assert all(small.encode_genotype(small.decode(point)) == point for point in points)
    assert ChainSpace(tuple("abcde"), 10).size_formula() == 343597383680000000000


@pytest.mark.parametrize(("operations", "blocks", "count"), [("ab", 2, 576), ("abc", 1, 36)])
def test_cell_counts(operations, blocks, count):
    space = CellSpace(tuple(operations), blocks, cells=("normal",))
    assert len({space.decode(point) for point in space.points()}) == space.size_enumerated() == count


def test_cell_formula_of_the_survey():
    assert CellSpace(tuple("abcde"), 3).size_formula() == 50625000000000000
    assert CellSpace(tuple("ab"), 2, ("normal",)).size_formula() == 9216
    assert CellSpace(tuple("abc"), 1, ("normal",)).size_formula() == 324


def test_output_joins_unread_blocks(rng):
    space = CellSpace(("conv", "pool"), 3)
    for _ in range(50):
        blocks = space.decode(space.sample(rng)).normal
        outputs = CellGenotype.outputs(blocks)
        assert outputs
        assert all(b + 2 not in (block.left, block.right) for b in outputs for block in blocks)


def test_nb201_counts():
    assert len(CODES) == NB201Space.size_formula() == 15625
    assert len({nb201_unique(code) for code in CODES}) == 6466
    assert len({functional(code) for code in CODES}) == 4930


def test_nb201_codes(rng):
    space = NB201Space()
    assert (
        space.text("421211")
        == "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    )
    for code in rng.choice(CODES, 50):
        assert space.decode(space.encode_code(str(code))) == code


def test_nb201_classes_of_the_table(shared):
    with (shared / "nas" / "nb201_compact.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    by_class = {}
    for row in rows:
        by_class.setdefault(row["class_id"], set()).add(nb201_unique(row["arch"].zfill(6)))
    assert len(by_class) == 6466
    assert all(len(texts) == 1 for texts in by_class.values())


def test_nb101_counts():
    assert [count_cells(v) for v in range(2, 6)] == [1, 6, 84, 2441]
    assert unique_cells(5) == 2532


@pytest.mark.slow
def test_nb101_counts_up_to_seven():
    assert unique_cells(7) == 423624


def test_nb101_pruning():
    matrix = np.triu(np.ones((4, 4), np.int64), 1)
    matrix[0, 2] = matrix[1, 2] = 0  # nothing leads to the third vertex
    cell, labels = prune(matrix, ("in", "a", "b", "out"))
    assert labels == ("in", "a", "out")
    again, same = prune(cell, labels)
    assert same == labels
    assert (again == cell).all()
    assert not is_valid(np.zeros((3, 3), np.int64), ("in", "a", "out"))


def test_compound_scaling():
    images = CompoundScaling(1.2, 1.1, 1.15, 2)
    assert [round(images.cost(p), 2) for p in range(1, 8)] == [1.92, 3.69, 7.08, 13.6, 26.11, 50.14, 96.28]
    line = CompoundScaling(2.0, 1.0, 1.0, 1)
    assert line.scaled(3, 16, 100, 1) == (6, 16, 100)
    assert line.cost_of_rounded((3, 16, 100), (6, 32, 200)) == 2 * 4 * 2
    with pytest.raises(ParameterError):
        CompoundScaling(0.9)
