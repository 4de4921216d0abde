"""Reading tables of features, and what is said about odd ones."""

from __future__ import annotations

import gzip
import json
import warnings

import numpy as np
import pytest

from bioautofeat.errors import BioautofeatWarning, TableError
from bioautofeat.io.table import write_table
from bioautofeat.io.table_reader import read_table
from bioautofeat.table import FeatureTable

GOOD = "id,a,b,label\nx,1,2.5,p\ny,-1e-3,0,q\nz,3, 4 ,p\n"


def put(folder, text, name="t.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    "raw",
    [
        GOOD,
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        "\n" + GOOD,
        GOOD.replace("\ny", "\n\ny") + "\n,,,\n\n",
        gzip.compress(GOOD.encode()),
        GOOD.replace("x,", '"x",').replace("id", '"id"'),
    ],
    ids=["comma", "tab", "semicolon", "crlf", "mark", "blank line", "blank lines", "gzip", "quoted"],
)
def test_texts_of_all_kinds(tmp_path, raw):
    table = read_table(put(tmp_path, raw))
    assert table.names == ("a", "b")
    assert table.ids == ("x", "y", "z")
    assert table.labels == ("p", "q", "p")
    np.testing.assert_array_equal(table.values, [[1, 2.5], [-1e-3, 0], [3, 4]])


@pytest.mark.parametrize("suffix", ["csv", "tsv.gz", "parquet"])
def test_what_is_written_is_read(tmp_path, suffix):
    values = np.random.default_rng(0).random((20, 7))
    table = FeatureTable(values, tuple("abcdefg"), tuple(f"r{i}" for i in range(20)), (*("u" * 10), *("v" * 9), None))
    write_table(table, str(tmp_path / f"t.{suffix}"))
    again = read_table(str(tmp_path / f"t.{suffix}"))
    np.testing.assert_array_equal(again.values, values)
    assert (again.names, again.ids, again.labels) == (table.names, table.ids, table.labels)


REFUSED = {
    "empty": ("", "the file is empty"),
    "header only": ("id,a\n", "no rows"),
    "no id": ("ID,a\nx,1\n", "no column is named id; rename 'ID'"),
    "no features": ("id,label\nx,1\n", "no column of features"),
    "text": ("id,a,b\nx,1,2\ny,1,abc\n", r"row 2 \(id 'y'\), column 'b': 'abc' is not a number"),
    "twice": ("id,a,a\nx,1,2\n", "two columns are named 'a'"),
    "large": ("id,a\nx,1\ny,1e300\n", r"row 2 \(id 'y'\), column 'a': 1e\+300 is infinite in 32-bit"),
    "infinite": ("id,a\nx,inf\n", "column 'a': inf is infinite"),
    "ragged": ("id,a,b\nx,1,2\ny,1\n", "line 3: 2 cells, the header has 3"),
    "ragged, quoted": ('id,a,b\n"x",1,2\ny,1,2,3\n', "line 3: 4 cells"),
    "id twice": ("id,a\nx,1\nx,2\n", "the id 'x' stands in rows 1 and 2"),
    "id empty": ("id,a\nx,1\n,2\n", "row 2: the id is empty"),
    "fasta": (">a\nACGT\n", "looks like FASTA"),
    "latin": (b"id,a\ncaf\xe9,1\n", "line 2: not UTF-8"),
}


@pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_where(tmp_path, case):
    raw, message = REFUSED[case]
    with pytest.raises(TableError, match=message) as caught:
        read_table(put(tmp_path, raw))
    assert str(caught.value).startswith(str(tmp_path))


def test_missing_files(tmp_path):
    with pytest.raises(TableError, match="No such file"):
        read_table(str(tmp_path / "no.csv"))


def test_missing_cells(tmp_path):
    with pytest.warns(BioautofeatWarning) as caught:
        table = read_table(put(tmp_path, "id,a,b,c\nx,1,,NA\ny,,nan,\nz,3,4,null\n"))
    assert [str(one.message).split(": ")[-1] for one in caught] == [
        "6 missing cells in column a, b, c; models fill them in from training rows",
    ]
    assert table.names == ("a", "b", "c")
    np.testing.assert_array_equal(table.values, [[1, np.nan, np.nan], [np.nan, np.nan, np.nan], [3, 4, np.nan]])


def test_a_column_that_copies_the_label(tmp_path):
    with pytest.warns(BioautofeatWarning, match="column b equals the label in every row"):
        read_table(put(tmp_path, "id,a,b,label\nx,1,0,p\ny,1,1,q\nz,2,0,p\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(put(tmp_path, "id,a,b,label\nx,1,0,p\ny,1,1,q\nz,2,2,p\n"))


def test_the_corpus_of_tables(shared):
    corpus = shared / "corpus"
    cases = [c for c in json.loads((corpus / "expected.json").read_text())["cases"] if c["kind"] == "fit-table"]
    assert len(cases) > 5
    for case in cases:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                read_table(str(corpus / case["file"]))
                said, refused = " ".join(str(one.message) for one in caught), False
            except TableError as error:
                said, refused = str(error), True
        assert refused == (case["expect"] == "error"), case["id"]
        for word in case["message_must"]:
            assert any(one in said for one in ([word] if isinstance(word, str) else word)), (case["id"], word, said)
