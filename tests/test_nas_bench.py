"""The table of a benchmark of architectures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from nas_records import table

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.nas.bench import Benchmark, read_benchmark, write_head, write_line
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
