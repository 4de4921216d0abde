"""Columns of a table that are joined by id."""

from __future__ import annotations

import gzip

import pytest
from fitted_records import rows

from bioautofeat.alphabet import DNA
from bioautofeat.errors import ParameterError, TableError
from bioautofeat.extraction import Extractor, extract
from bioautofeat.families import parse
from bioautofeat.sequences import Sequences


def written(folder, text, name="more.csv"):
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["more.csv", "more.tsv", "more.csv.gz"])
def test_a_table_is_joined_by_id(tmp_path, name):
    text = "id,first col,b\ns2,1.5,2\ns1,-1,1e3\nother,0,0\n"
    path = written(tmp_path, text.replace(",", "\t") if "tsv" in name else text, name)
    seqs = Sequences.from_strings(["ACG", "", "AC"][:2], DNA)
    table = extract(seqs, [f"table:file={path}", "length"])
    assert table.values[:, :2].tolist() == [[-1.0, 1000.0], [1.5, 2.0]]
    assert [column.rpartition("_")[2] for column in table.names[:2]] == ["first-col", "b"]


def test_a_table_may_grow_but_keeps_its_columns(tmp_path):
    path = written(tmp_path, "id,a\ns1,1\n")
    extractor, seqs = Extractor.of([f"table:file={path}"], DNA), Sequences.from_strings(["A", "C"], DNA)
    with pytest.raises(TableError, match="no row for record 's2'"):
        rows(extractor, seqs)
    written(tmp_path, "id,a\ns1,1\ns2,2\n")
    assert rows(extractor, seqs).tolist() == [[1], [2]]
    written(tmp_path, "id,b\ns1,1\ns2,2\n")
    with pytest.raises(TableError, match="no longer those"):
        rows(extractor, seqs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id\ns1\n", "at least one of numbers"),
        ("id,a\ns1,\n", "record 's1', column 'a'"),
        ("id,a\ns1,inf\n", "finite number"),
        ("id,a\ns1,x\n", "not a table of ids and numbers"),
        ("id,a\ns1,1\ns1,2\n", "stands in two rows"),
        ("", "not a table"),
    ],
)
def test_tables_that_are_refused(tmp_path, text, told):
    with pytest.raises(TableError, match=told):
        parse(f"table:file={written(tmp_path, text)}").term(DNA)


def test_tables_that_are_not_there(tmp_path):
    with pytest.raises(ParameterError, match="give the file"):
        parse("table").term(DNA)
    with pytest.raises(ParameterError, match="cannot read"):
        parse(f"table:file={tmp_path / 'none.csv'}").term(DNA)
    with pytest.raises(ParameterError, match=r"write a \.csv or \.tsv"):
        parse(f"table:file={written(tmp_path, 'x', 'more.txt')}").term(DNA)
