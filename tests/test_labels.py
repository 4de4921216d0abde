"""Labels from headers and from tables."""

from __future__ import annotations

import json
import warnings

import pytest

from bioautofeat.errors import BioautofeatWarning, LabelError
from bioautofeat.io.labels import read_labels

IDS = ["x0", "x1", "x2"]


def table(folder, text, name="labels.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return str(path)


@pytest.mark.parametrize(
    "text",
    [
        "id,label\nx0,a\nx1,b\nx2,a\n",
        "id\tlabel\nx0\ta\nx1\tb\nx2\ta\n",
        "id;label\nx0;a\nx1;b\nx2;a\n",
        "id,label\r\nx0,a\r\nx1,b\r\nx2,a\r\n",
        "\ufeffid,label\nx0,a\nx1,b\nx2,a",
        '"id","label"\n"x0","a"\n"x1","b"\n"x2","a"\n',
        "label,length,id\na,3,x0\nb,4,x1\na,5,x2\n",
        "ID,Label\nx2,a\n\nx1,b\nx0,a\n",
        "\n\nid,label\nx0,a\nx1,b\nx2,a\n",
    ],
)
def test_tables_that_say_the_same(tmp_path, text):
    assert read_labels(table(tmp_path, text), IDS, file="s.fa") == ["a", "b", "a"]


def test_header_labels_follow_the_last_bar():
    assert read_labels("header", ["x|1|pos", "y|neg"], file="s.fa") == ["pos", "neg"]
    for name in ("x", "x|"):
        with pytest.raises(LabelError, match=r"s\.fa, record 'x"):
            read_labels("header", [name], file="s.fa")


def test_texts_stay_texts(tmp_path):
    path = table(tmp_path, 'id,label\nx0,True\nx1,1.0\nx2,"a, b"\n')
    assert read_labels(path, IDS, file="s.fa") == ["True", "1.0", "a, b"]


def test_records_without_a_row_have_none(tmp_path):
    assert read_labels(table(tmp_path, "id,label\nx1,b\n"), IDS, file="s.fa") == [None, "b", None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,label\nx0,a\nx1,b \n x2,a\n", ["2 rows", "spaces", "line 3"]),
        ("id,label\nx0,a\nx1,b\nx2,a\nghost,a\n", ["ghost", "1 ids"]),
        ("id,label\nx0,NA\nx1,EU\nx2,EU\n", ["'NA'", "class"]),
        ("id,label\nx0,a\nx0,a\nx1,b\nx2,b\n", ["repeat"]),
    ],
)
def test_warnings(tmp_path, text, words):
    with pytest.warns(BioautofeatWarning) as caught:
        read_labels(table(tmp_path, text), IDS, file="s.fa")
    assert len(caught) == 1
    assert all(word in str(caught[0].message) for word in words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("id,label\n", ["no rows"]),
        ("x0,a\nx1,b\n", ["header", "line 1"]),
        ("a\nb\n", ["header", "id"]),
        ("id,label\nx0,a\nx1,b,c\n", ["line 3", "3 fields"]),
        ("id,label\nx0,a\nx1\n", ["line 3", "1 fields"]),
        ("id,label\nx0,a\n,b\n", ["line 3", "empty"]),
        ("id,label\nx0,a\nx1,\n", ["line 3", "'x1'", "empty"]),
        ("id,label\nx0,a\nx1,b\nx0,b\n", ["'x0'", "'a' (line 2)", "'b' (line 4)"]),
        ("id,label\nzx0,a\nzx1,b\n", ["'zx0'", "'x0'", "s.fa"]),
        ("id,label,label\nx0,a,b\n", ["two columns"]),
        ('id,label\nx0,"a\nx1,b\n', ["line"]),
        ("id,label\nx0,\0\n", ["line 2", "zero byte"]),
        (b"id,label\nx0,a\nx1,\xe9\n", ["line 3", "UTF-8"]),
    ],
)
def test_refusals_name_file_and_place(tmp_path, text, words):
    path = table(tmp_path, text)
    with pytest.raises(LabelError) as caught:
        read_labels(path, IDS, file="s.fa")
    assert path in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_unreadable_and_doubled(tmp_path):
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(str(tmp_path / "none.csv"), IDS, file="s.fa")
    with pytest.raises(LabelError, match="occurs twice"):
        read_labels(table(tmp_path, "id,label\nx0,a\n"), ["x0", "x0"], file="s.fa")


def test_corpus(shared):
    """What the label cases of the corpus ask of the table itself."""
    cases = json.loads((shared / "corpus" / "expected.json").read_text(encoding="utf-8"))["cases"]
    ids = {
        file: names(shared / "corpus" / file)
        for file in {case["file"] for case in cases if case["id"].startswith("lab-")}
    }
    later = {"continuous-label", "single-class", "too-few-per-class"}  # what training refuses, not reading
    for case in cases:
        if not case["id"].startswith("lab-"):
            continue
        source = case["args"][1].replace("{dir}", str(shared / "corpus"))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if case["expect"] == "error" and case["error_kind"] not in later:
                with pytest.raises(LabelError) as refusal:
                    read_labels(source, ids[case["file"]], file="train.fa")
                assert says(str(refusal.value), case), (case["id"], str(refusal.value))
                continue
            labels = read_labels(source, ids[case["file"]], file="train.fa")
        assert None not in labels
        if case["id"] in ("lab-space", "lab-extra-id"):
            assert says(" ".join(str(w.message) for w in caught), case)


def names(path):
    return [line[1:].split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(">")]


def says(text, case):
    wanted = [word if isinstance(word, list) else [word] for word in case["message_must"]]
    return all(any(option.lower() in text.lower() for option in options) for options in wanted)
