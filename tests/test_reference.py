"""Our values against tables that peers' own programs computed: the whole map where the tables are at hand, a sample always."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from bioautofeat import Sequences, extract

HERE = Path(__file__).parent
MAP = {(r["key"], r["alphabet"]): r for r in csv.DictReader((HERE / "reference_map.csv").read_text().splitlines())}
SAMPLE = json.loads((HERE / "reference_sample.json").read_text())


def compare(ours, theirs, row):
    """Assert equality as the map's row defines it."""
    assert ours.shape == theirs.shape
    if row["order"] == "any":
        ours, theirs = (m[:, np.lexsort(np.round(np.nan_to_num(m, nan=-1e300), 7)[::-1])] for m in (ours, theirs))
    gap = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
    gap[np.isnan(ours) & np.isnan(theirs)] = 0
    assert gap.max(initial=0) <= float(row["tol"] or 1e-9)


def ours_for(row, fasta, alphabet, labels):
    return extract(fasta, row["spec"].split(), alphabet=alphabet, labels=labels, short="nan", threads=1).dense()


@pytest.mark.parametrize("entry", SAMPLE["entries"], ids=lambda entry: f"{entry['key']}-{entry['alphabet']}")
def test_sample(entry):
    """A few records and columns of each peer's descriptors, kept in the repository with their source."""
    row = MAP.get((entry["key"], entry["alphabet"])) or MAP[entry["key"], ""]
    if "structure" in row["spec"]:
        pytest.importorskip("RNA")
    records = SAMPLE["sequences"][entry["input"]]
    seqs = Sequences.from_strings(records.values(), entry["alphabet"], list(records))
    ours = ours_for(row, seqs, entry["alphabet"], None)[:, entry["columns"]]
    compare(ours, np.array(entry["values"], float), {**row, "order": "same"})


def entries(shared):
    index = json.loads((shared / "reference" / "index.json").read_text())["entries"]
    return [
        entry
        for entry in index
        if (MAP.get((entry["key"], entry["alphabet"])) or MAP[entry["key"], ""])["status"] == "equal"
    ]


def number(text):
    try:
        return float(text)
    except ValueError:
        return float("nan")


def test_whole_map(shared):
    """Every table that the map calls equal."""
    wrong = []
    for entry in entries(shared):
        row = MAP.get((entry["key"], entry["alphabet"])) or MAP[entry["key"], ""]
        fasta = shared / "reference" / entry["input"]
        with gzip.open(shared / "reference" / entry["file"], "rt", newline="") as handle:
            head, *body = list(csv.reader(handle))
        names, columns = [r[0] for r in body], head[1:]
        heads = [line[1:].split()[0] for line in fasta.read_text().splitlines() if line.startswith(">")]
        labels = [h.split("|")[1] if h.endswith("|training") else None for h in heads]
        ours = ours_for(row, fasta, entry["alphabet"], labels)
        keep = [k for k, h in enumerate(heads) if any(h == n or h.split("|")[0] == n.split("|")[0] for n in names)]
        ours = ours[keep] if len(keep) == len(names) != len(heads) else ours
        left = [j for j, c in enumerate(columns) if not (row["skip"] and re.search(row["skip"], c))]
        theirs = np.array([[number(cell) for cell in r[1:]] for r in body])[:, left]
        try:
            compare(ours[:, left], theirs, row)
        except AssertionError:
            wrong.append(entry["file"])
    assert not wrong


def test_every_table_has_a_row(shared):
    index = json.loads((shared / "reference" / "index.json").read_text())["entries"]
    assert all((entry["key"], entry["alphabet"]) in MAP or (entry["key"], "") in MAP for entry in index)


def test_whatever_is_set_aside_has_a_reason():
    aside = [row for row in MAP.values() if row["status"] != "equal" or row["skip"]]
    assert aside
    assert all(row["reason"].strip() for row in aside)
