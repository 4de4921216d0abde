"""Spaces of architectures: the exact counts of the literature."""

from __future__ import annotations

import csv
from itertools import combinations, product

import numpy as np
import pytest

from bioautofeat.errors import ParameterError
from bioautofeat.nas.spaces import (
    CellSpace,
    ChainSpace,
    CompoundScaling,
    NB101Space,
    NB201Space,
    VertexCell,
    best_scaling,
    functional,
    nb201_unique,
    scaling_grid,
)
from bioautofeat.nas.spaces.cell import CellGenotype
from bioautofeat.nas.spaces.nb101 import OPERATIONS, cell_hash, count_cells, is_valid, prune, unique_cells

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


def all_matrices(vertices):
    pairs = list(combinations(range(vertices), 2))
    for bits in product((0, 1), repeat=len(pairs)):
        matrix = np.zeros((vertices, vertices), np.int64)
        matrix[tuple(np.array(pairs).T)] = bits
        yield matrix


def test_nb101_hashes_tell_exactly_the_unique_cells_apart():
    """Each of the 3,364 labelled cells of up to five vertices has one of 2,532 hashes."""
    cells = set()
    for vertices in range(2, 6):
        whole = (matrix for matrix in all_matrices(vertices) if prune(matrix, ("",) * vertices) is not None)
        for matrix in whole:
            if len(prune(matrix, ("",) * vertices)[0]) == vertices and matrix.sum() <= 9:
                edges = frozenset(map(tuple, np.argwhere(matrix).tolist()))
                cells |= {VertexCell(labels, edges) for labels in product(OPERATIONS, repeat=vertices - 2)}
    assert len(cells) == 1 + 6 + 90 + 3267
    assert len({cell.hash for cell in cells}) == 2532


def test_nb101_hashes_do_not_depend_on_the_order_of_the_vertices(rng):
    space = NB101Space()
    for _ in range(30):
        cell = space.decode(space.sample(rng))
        labels = np.array(["input", *cell.operations, "output"])
        order = np.concatenate([[0], 1 + rng.permutation(cell.nodes - 2), [cell.nodes - 1]]).astype(int)
        assert cell_hash(cell.matrix[np.ix_(order, order)], labels[order].tolist()) == cell.hash
    line = frozenset({(0, 1), (1, 2), (2, 3)})
    assert VertexCell(("conv1x1", "conv3x3"), line).hash != VertexCell(("conv3x3", "conv1x1"), line).hash


def test_nb101_points_are_the_valid_ones():
    space = NB101Space(vertices=4)
    points = list(space.points())
    cells = [space.decode(point) for point in points]
    assert len(points) == len(set(points)) == space.size_enumerated() == 423
    assert len({cell.hash for cell in cells}) == unique_cells(4) == 91
    assert all(space.decode(space.encode_cell(cell)) == cell for cell in cells)
    assert all(len(row) == len(points[0]) for row in points)
    for vertices, operations in ((3, ("a",)), (5, ("a", "b"))):
        valid = sum(is_valid(matrix, ("a",) * vertices) for matrix in all_matrices(vertices))
        assert NB101Space(operations, vertices).size_enumerated() == valid * len(operations) ** (vertices - 2)
    assert NB101Space().size_formula() == 2**21 * 3**5
    assert unique_cells(4, 1) == len({VertexCell(("a",) * len(c.operations), c.edges).hash for c in cells})


def test_nb101_moves_stay_valid_and_change_one_gene(rng):
    space = NB101Space()
    point = space.sample(rng)
    for _ in range(30):
        near = space.neighbours(point, rng)
        other = space.mutate(point, rng)
        assert other in near
        assert all(space.holds(one) and sum(a != b for a, b in zip(one, point, strict=True)) == 1 for one in near)
        point = other


def test_nb101_cells_are_checked():
    many = frozenset(combinations(range(5), 2))
    for operations, edges, message in [
        (("a",) * 3, many, "10 edges"),
        (("a",) * 6, frozenset((i, i + 1) for i in range(7)), "8 vertices"),
        (("a",), frozenset({(0, 2)}), "on a path"),
        (("a",), frozenset({(0, 1), (1, 2), (2, 1)}), "later one"),
    ]:
        with pytest.raises(ParameterError, match=message):
            VertexCell(operations, edges)
    with pytest.raises(ParameterError, match="no path"):
        VertexCell.of(np.zeros((3, 3), np.int64), ("in", "a", "out"))
    with pytest.raises(ParameterError, match="vertices"):
        NB101Space(vertices=8)


def test_compound_scaling():
    images = CompoundScaling(1.2, 1.1, 1.15, 2)
    assert [round(images.cost(p), 2) for p in range(1, 8)] == [1.92, 3.69, 7.08, 13.6, 26.11, 50.14, 96.28]
    line = CompoundScaling(2.0, 1.0, 1.0, 1)
    assert line.scaled(3, 16, 100, 1) == (6, 16, 100)
    assert line.cost_of_rounded((3, 16, 100), (6, 32, 200)) == 2 * 4 * 2
    with pytest.raises(ParameterError):
        CompoundScaling(0.9)


def test_the_band_of_compound_scaling():
    """The depth times the square of the width times the resolution, squared for images, is about two."""
    assert CompoundScaling().cost() == pytest.approx(1.2 * 1.2**2 * 1.15)
    assert CompoundScaling().balanced
    efficient = CompoundScaling(1.2, 1.1, 1.15, 2)
    assert efficient.cost() == pytest.approx(1.9203, abs=1e-4)
    assert efficient.balanced
    assert not CompoundScaling(1.2, 1.1, 1.15, 1).balanced, "what suits images leaves sequences at 1.67 times"
    for dimensions in (1, 2):
        grid = scaling_grid(dimensions, (1.0, 1.1, 1.15, 1.2, 1.3))
        assert all(1.9 <= s.depth * s.width**2 * s.resolution**dimensions <= 2.1 for s in grid)
        assert (efficient in grid) == (dimensions == 2)
    assert {s.resolution for s in scaling_grid(resolution=False)} == {1.0}
    with pytest.raises(ParameterError, match="none of these factors"):
        scaling_grid(factors=(1.0, 1.01))


def test_the_best_scaling_of_a_grid():
    seen = []

    def score(sizes):
        seen.append(sizes)
        depth, width, resolution = sizes
        return (
            -abs(depth - 48) - abs(width - 704) - abs(resolution - 460)
        )  # what EfficientNet's factors make of 40, 640, 400

    grid = scaling_grid(2, (1.0, 1.1, 1.15, 1.2, 1.3))
    assert best_scaling((40, 640, 400), score, grid) == CompoundScaling(1.2, 1.1, 1.15, 2)
    assert len(seen) == len(set(seen)) <= len(grid)
    closest = best_scaling((1, 8, 1), lambda sizes: 0.0, grid)
    assert abs(closest.cost() - 2) == min(abs(scaling.cost() - 2) for scaling in grid)
    with pytest.raises(ParameterError, match=r"1\.67 times"):
        best_scaling((1, 8, 1), lambda sizes: 0.0, [CompoundScaling(1.2, 1.1, 1.15, 1)])
    with pytest.raises(ParameterError, match="nothing to judge"):
        best_scaling((1, 8, 1), lambda sizes: 0.0, [])


def test_the_exponent_of_a_budget():
    scaling, base = CompoundScaling(2.0, 1.0, 1.0, 1), (4, 16, 100)
    cost = lambda sizes: sizes[0] * sizes[1] ** 2 * sizes[2]  # noqa: E731
    assert scaling.exponent_within(base, cost, 8 * cost(base)) == 3.0
    assert scaling.exponent_within(base, cost, cost(base)) == 0.0
    efficient = CompoundScaling(1.2, 1.1, 1.15, 2)
    found = efficient.exponent_within((10, 64, 128), lambda s: s[0] * s[1] ** 2 * s[2] ** 2, 4 * 10 * 64**2 * 128**2)
    rounded = [efficient.cost_of_rounded((10, 64, 128), efficient.scaled(10, 64, 128, e)) for e in (found, found + 0.1)]
    assert rounded[0] <= 4 < rounded[1]
    with pytest.raises(ParameterError, match="unscaled"):
        scaling.exponent_within(base, cost, 10)
    with pytest.raises(ParameterError, match="nothing grows"):
        CompoundScaling(1.0, 1.0, 1.0).exponent_within(base, cost, 10**9)
