"""Writing tables: text that reads back as the same values, the other formats, and files that are whole or absent."""

from __future__ import annotations

import csv
import errno
import fcntl
import gzip
import io
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles_io import number_values, write_rows

from bioautofeat.errors import LabelError, OutputError, UnfinishedError
from bioautofeat.io import text
from bioautofeat.io.output import check_output, remove_stale_parts, replacing
from bioautofeat.io.table import FORMATS, Layout, open_writer, table_format, write_table
from bioautofeat.io.text import TextRows, quoted, texts_of
from bioautofeat.kernels import cells
from bioautofeat.table import FeatureTable

odd_floats = st.one_of(
    st.floats(allow_nan=True, allow_infinity=False, width=64), st.sampled_from([0.0, -0.0, 1 / 3, 1e-5, 1e16, 5e-324])
)
tables = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=odd_floats)
words = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=64), max_size=40), st.integers(1, 64))
def test_values_are_numbered_in_the_order_they_come(values, room):
    bits = np.array(values, np.float64).view(np.uint64)
    expected = number_values(bits.tolist())
    slots, numbers, known = np.zeros(128, np.uint64), np.full(128, -1, np.int32), np.zeros(room, np.uint64)
    codes = np.empty(len(bits), np.int32)
    count = cells.number_values(bits, slots, numbers, known, 0, codes)
    if len(set(expected)) > room:
        assert count == -1
        return
    assert count == len(set(expected))
    assert codes.tolist() == expected
    again = np.empty_like(codes)
    assert cells.number_values(bits[::-1].copy(), slots, numbers, known, count, again) == count
    assert again.tolist() == expected[::-1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=25), min_size=1, max_size=5),
    st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=6),
    st.integers(0, 5),
    st.randoms(use_true_random=False),
)
def test_rows_are_put_together_from_numbered_texts(known, rows, columns, random):
    codes = np.array([[random.randrange(len(known)) for _ in range(columns)] for _ in rows], np.int32)
    codes = codes.reshape(len(rows), columns)
    edges = [edge for row in rows for edge in row]
    bounds = np.zeros(len(edges) + 1, np.int64)
    bounds[1:] = np.cumsum([len(edge) for edge in edges])
    expected = write_rows(codes.tolist(), known, edges)
    out = np.empty(len(expected) + cells.CELL, np.uint8)
    padded = np.frombuffer(b"".join(one.ljust(cells.CELL) for one in known), np.uint8)
    sizes = np.array([len(one) for one in known], np.int64)
    size = cells.write_rows(codes, padded, sizes, (np.frombuffer(b"".join(edges), np.uint8), bounds), out)
    assert out[:size].tobytes() == expected


def lines_of(rows, ids, values, labels=None):
    return b"".join(bytes(piece) for piece in rows.format(ids, values, labels))


@settings(max_examples=150, deadline=None)
@given(tables, st.data())
def test_text_reads_back_as_the_same_values(values, data):
    ids = data.draw(st.lists(words, min_size=len(values), max_size=len(values)))
    labels = data.draw(st.lists(st.none() | words, min_size=len(values), max_size=len(values)))
    for separator in ",\t":
        raw = lines_of(TextRows(separator), ids, values, labels)
        found = list(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter=separator))
        assert [row[0] for row in found] == ids
        assert [row[-1] for row in found] == [label or "" for label in labels]
        again = np.array([[float(cell) for cell in row[1:-1]] for row in found]).reshape(values.shape)
        np.testing.assert_array_equal(again, values)
        assert (np.signbit(again) == np.signbit(values))[~np.isnan(values)].all()


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from([np.float64, np.float32]), st.integers(1, 3))
def test_both_ways_of_formatting_give_the_same_bytes(values, dtype, threads):
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
    values = np.where(np.isinf(values), dtype(1), values)
    ids = [f"r{i}" for i in range(len(values))]
    few, many = TextRows(threads=threads), TextRows()
    many._few = False
    assert lines_of(few, ids, values) == lines_of(many, ids, values)


def test_many_values_are_formatted_cell_by_cell(monkeypatch):
    monkeypatch.setattr(text, "DISTINCT", 8)
    rows = TextRows()
    values = np.arange(30.0).reshape(10, 3) / 7
    ids = list("abcdefghij")
    raw = lines_of(rows, ids[:2], values[:2]) + lines_of(rows, ids[2:], values[2:])
    assert not rows._few
    assert raw == b"".join(
        b"%s,%s\n" % (i.encode(), ",".join(texts_of(v)).encode()) for i, v in zip(ids, values, strict=True)
    )


def test_only_cells_that_need_it_are_quoted():
    assert list(quoted(["a", "b,c", 'd"e', "f\tg"], ",")) == ["a", '"b,c"', '"d""e"', "f\tg"]
    assert list(quoted(["a,b", "c\td"], "\t")) == ["a,b", '"c\td"']


def table(labels=("pos", None, "neg")):
    values = np.array([[0.5, 0.0, 0.25], [0.0, 0.0, 0.0], [1 / 3, 0.0, -2.0]])
    return FeatureTable(values, ("f_A", "f_C", "f_G"), ("x", "y,1", "é"), labels, {"specs": ["f"], "fitted": False})


@pytest.mark.parametrize("form", ["csv", "tsv", "csv.gz", "tsv.gz"])
def test_text_formats(tmp_path, form):
    path = tmp_path / f"t.{form}"
    write_table(table(), str(path))
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if form.endswith("gz") else raw
    found = list(csv.reader(io.StringIO(raw.decode(), newline=""), delimiter="," if form.startswith("csv") else "\t"))
    assert found == [
        ["id", "f_A", "f_C", "f_G", "label"],
        ["x", "0.5", "0.0", "0.25", "pos"],
        ["y,1", "0.0", "0.0", "0.0", ""],
        ["é", "0.3333333333333333", "0.0", "-2.0", "neg"],
    ]
    assert b"\r" not in raw


def test_gzip_does_not_depend_on_the_blocks(tmp_path):
    rng = np.random.default_rng(1)
    values, ids = rng.integers(0, 50, (3000, 20)) / 49, [f"r{i}" for i in range(3000)]
    found = set()
    for step in (7, 500, 3000):
        with open_writer(
            str(tmp_path / f"{step}.csv.gz"), "csv.gz", Layout(tuple("abcdefghijklmnopqrst"), 3000)
        ) as writer:
            for start in range(0, 3000, step):
                writer.write(ids[start : start + step], values[start : start + step])
        found.add((tmp_path / f"{step}.csv.gz").read_bytes())
    assert len(found) == 1


def test_parquet(tmp_path):
    import polars

    path = str(tmp_path / "t.parquet")
    write_table(table(), path)
    frame = polars.read_parquet(path)
    assert frame.columns == ["id", "f_A", "f_C", "f_G", "label"]
    assert frame["id"].to_list() == ["x", "y,1", "é"]
    assert frame["label"].to_list() == ["pos", None, "neg"]
    np.testing.assert_array_equal(frame[["f_A", "f_C", "f_G"]].to_numpy(), table().values)
    assert json.loads(polars.read_parquet_metadata(path)["bioautofeat"]) == {"specs": ["f"], "fitted": False}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("share", [0.05, 1.0])
def test_npz_is_sparse_where_that_is_smaller(tmp_path, dtype, share):
    from scipy.sparse import csr_matrix, load_npz

    rng = np.random.default_rng(3)
    values = (rng.random((50, 40)) * (rng.random((50, 40)) < share)).astype(dtype)
    names, ids = tuple(f"c{i}" for i in range(40)), tuple(f"r{i}" for i in range(50))
    path = str(tmp_path / "t.npz")
    write_table(FeatureTable(csr_matrix(values), names, ids, ("a",) * 50), path)
    with np.load(path, allow_pickle=False) as found:
        assert ("values" in found) == (share == 1.0)
        assert found["ids"].tolist() == list(ids)
        assert found["names"].tolist() == list(names)
        assert found["labels"].tolist() == ["a"] * 50
        if share == 1.0:
            assert found["values"].dtype == dtype
            np.testing.assert_array_equal(found["values"], values)
    if share < 1:
        again = load_npz(path)
        assert again.dtype == dtype
        np.testing.assert_array_equal(again.toarray(), values)


def test_svmlight(tmp_path):
    from sklearn.datasets import load_svmlight_file

    path = tmp_path / "t.svm"
    write_table(table(("pos", "neg", "pos")), str(path))
    assert path.read_text().splitlines()[:2] == ["# classes: 0=neg 1=pos", "1 1:0.5 3:0.25 # x"]
    values, targets = load_svmlight_file(str(path), n_features=3)
    np.testing.assert_array_equal(values.toarray(), table().values)
    assert targets.tolist() == [1, 0, 1]
    write_table(table(("2.5", "-1", "3")), str(path), force=True)
    assert load_svmlight_file(str(path))[1].tolist() == [2.5, -1, 3]
    for labels in ((), ("a", None, "b")):
        with pytest.raises(LabelError, match="svmlight needs"):
            write_table(table(labels), str(tmp_path / "u.svm"))
    assert sorted(os.listdir(tmp_path)) == ["t.svm"]


def test_formats_are_told_by_suffix():
    assert [table_format(f"x.{form.upper()}") for form in FORMATS] == list(FORMATS)
    assert table_format(None) == table_format("-") == table_format("/dev/null") == "csv"
    assert table_format("x.dat", "tsv") == "tsv"
    with pytest.raises(OutputError, match=r"the suffix names no format; use one of \.csv"):
        table_format("x.xlsx")


class Stop(BaseException):
    """Something that is no Exception, as Ctrl-C is."""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("failure", [ValueError, Stop])
def test_a_failure_leaves_nothing_behind(tmp_path, form, failure):
    path = str(tmp_path / f"t.{form}")
    layout = Layout(("a", "b"), 2, labelled=True, classes=("x",))

    def begin():
        with open_writer(path, form, layout) as writer:
            writer.write(["r"], np.ones((1, 2)), ["x"])
            raise failure

    with pytest.raises(failure):
        begin()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_full_disk_is_one_clear_error(tmp_path, form):
    import resource

    path = str(tmp_path / f"t.{form}")
    values = np.random.default_rng(0).random((4000, 6))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(UnfinishedError, match=r"the disk is full, nothing was written"):
            write_table(FeatureTable(values, tuple("abcdef"), tuple(map(str, range(4000))), ("1",) * 4000), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def begin():
        with replacing(str(path)) as stream:
            stream.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin()
    assert path.read_text() == "old"
    with replacing(str(path)) as stream:
        stream.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["t.csv"]


def test_a_link_is_written_through_and_rights_follow_the_umask(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "t.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "t.csv")
    old = os.umask(0o027)
    try:
        with replacing(str(tmp_path / "link.csv")) as stream:
            stream.write(b"new")
    finally:
        os.umask(old)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "t.csv").read_text() == "new"
    assert (tmp_path / "real" / "t.csv").stat().st_mode & 0o777 == 0o640


def test_unfinished_files_of_the_dead_are_removed_and_no_others(tmp_path):
    dead, alive, other = tmp_path / ".part-0123abcd-t.csv", tmp_path / ".part-89abcdef-u.csv", tmp_path / ".part-thesis"
    for path in (dead, alive, other):
        path.write_text("x")
    with open(alive, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with replacing(str(tmp_path / "t.csv")) as stream:
            stream.write(b"y")
            remove_stale_parts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([alive.name, other.name, "t.csv"])


def test_outputs_that_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("x")
    (tmp_path / "link.csv").symlink_to(path)
    for output, inputs, force, message in (
        (str(path), (), False, "already exists; use --force"),
        (str(path), (str(path),), True, "same file as an input"),
        (str(tmp_path / "link.csv"), (str(path),), True, "same file as an input"),
        (str(tmp_path), (), True, "is a directory"),
        (str(tmp_path / "no" / "t.csv"), (), False, "the folder .* does not exist"),
    ):
        with pytest.raises(OutputError, match=message):
            check_output(output, force=force, inputs=inputs)
    check_output(str(path), force=True)
    check_output("/dev/null")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission"):
        check_output(str(tmp_path / "new.csv"))


def test_a_long_name_still_fits(tmp_path):
    path = tmp_path / ("п" * 120 + ".csv")
    with replacing(str(path)) as stream:
        stream.write(b"x")
    assert path.read_bytes() == b"x"


def test_errors_of_the_system_name_the_output(tmp_path):
    with (
        pytest.raises(OutputError, match=r"t\.csv: cannot be written: Input/output error"),
        replacing(str(tmp_path / "t.csv")),
    ):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
