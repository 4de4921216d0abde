"""The table of a benchmark of architectures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nas_records import table

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.nas.bench import Benchmark, contest, picks, read_benchmark, write_head, write_line
from bioautofeat.nas.spaces.edge_cell import EdgeCell


def test_a_benchmark_is_written_and_read(tmp_path):
    protocol, trainings = table()
    path = tmp_path / "table.csv"
    path.write_text(write_head(protocol) + "".join(map(write_line, trainings)))
    found = read_benchmark(path)
    assert found.protocol == protocol
    assert list(found.trainings.values()) == trainings
    assert found.tasks == ("splice",)
    assert found.seeds == (0, 1)
    assert len(found.cells("splice")) == 8
    assert found.best("splice") == ("111", pytest.approx(0.705))
    point = next(point for point in protocol.space.points())
    assert found.validation(point, "splice") == 0.0
    assert found.validation("111", "splice", epochs=2) == 0.2
    assert found.test(EdgeCell(3, ("conv3",) * 3), "splice", seed=1) == pytest.approx(0.71)
    assert found.cost(point, "splice").parameters == 100


def test_bad_benchmarks_are_told(tmp_path):
    protocol, trainings = table()
    path = tmp_path / "table.csv"
    for text, message in [
        ("", "first line"), ("#{}\n", "first line"), (write_head(protocol).replace("seed", "seeds"), "columns"),
        (write_head(protocol) + "splice,111,0,1\n", "line 3"),
        (write_head(protocol) + write_line(trainings[0]).replace("000", "009"), "line 3"),
        (write_head(protocol) + write_line(replace(trainings[0], validation=(0.1,))), "line 3"),
    ]:  # fmt: skip
        path.write_text(text)
        with pytest.raises(TableError, match=message):
            read_benchmark(path)
    with pytest.raises(TableError, match="cannot be read"):
        read_benchmark(tmp_path / "none.csv")
    found = Benchmark(protocol, trainings)
    with pytest.raises(ParameterError, match="unknown task"):
        found.test("111", "splices")
    with pytest.raises(ParameterError, match="no training of cell 112"):
        found.test("112", "splice")


def test_the_packages_own_table_is_whole():
    """Every cell, task and seed; a cell through which nothing passes says nothing, and cells of one function are one."""
    found = read_benchmark()
    assert found.tasks == ("amp", "meth", "splice")
    assert found.seeds == (0, 1, 2)
    assert len(found.trainings) == 3 * 3 * found.space.size_enumerated() == 1125
    assert max(training.parameters for training in found.trainings.values()) <= 50_000
    # edges 0-1, 0-2, 1-2; operation 0 is none, 1 the identity, 2 a convolution: one convolution from end to end
    same = ("020", "021", "024", "102", "120", "201")
    for task in found.tasks:
        # no way through: the edge 0-2 is none, and so is one of the others: 5 + 5 - 1 cells
        assert sum(found.test(code, task) == 0.0 for code in found.cells(task)) == 9
        for seed in found.seeds:
            rows = [found.trainings[task, code, seed] for code in same]
            assert len({(row.test, row.validation, row.parameters) for row in rows}) == 1
        assert found.best(task)[1] > 0.5


@pytest.mark.parametrize("task", ["amp", "meth", "splice"])
def test_a_grid_finds_the_best_of_the_own_table(task):
    own = contest(name=task)
    every = {point: own.validation(point) for point in own.space.points()}
    best = max(every, key=every.__getitem__)
    ((first, last),) = picks(own, "grid", [1, 125], 1)
    assert tuple(last) == (own.test(best), every[best])
    assert first[1] in every.values()
    few, many = picks(own, "random", [2, 20], 20).mean(axis=0)[:, 1]
    assert np.median(list(every.values())) < many < every[best]
    assert few < many


def test_searches_on_a_table_begin_at_a_seed():
    own = contest(name="splice")
    assert np.array_equal(picks(own, "random", [5], 3, seed=2), picks(own, "random", [5], 5)[2:])
