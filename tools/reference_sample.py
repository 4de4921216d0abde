"""Takes a small sample of peers' tables into tests/reference_sample.json.

    python tools/reference_sample.py FOLDER

FOLDER holds index.json, fasta/ and one CSV per peer, descriptor and input.  From each table whose columns keep the peer's
order, needs no labels and describes records one by one, the two shortest records and at most twelve columns are kept.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
RECORDS, COLUMNS = 2, 12


def records_of(fasta: Path) -> dict[str, str]:
    """Sequences by id."""
    found: dict[str, str] = {}
    for line in fasta.read_text().splitlines():
        if line.startswith(">"):
            name = line[1:].split()[0]
            found[name] = ""
        else:
            found[name] += line
    return found


def main(folder: Path) -> None:
    """Write the sample."""
    from bioautofeat.alphabet import ALPHABETS
    from bioautofeat.extraction import Extractor

    with (TESTS / "reference_map.csv").open(newline="") as handle:
        rows = {(row["key"], row["alphabet"]): row for row in csv.DictReader(handle)}
    index = json.loads((folder / "index.json").read_text())
    chosen, entries = {}, []
    for entry in index["entries"]:
        row = rows.get((entry["key"], entry["alphabet"])) or rows[entry["key"], ""]
        if row["status"] != "equal" or row["order"] == "any" or row["skip"] or "L41" in entry["input"]:
            continue
        if Extractor.of(row["spec"].split(), ALPHABETS[entry["alphabet"]]).needs:
            continue
        all_records = records_of(folder / entry["input"])
        with gzip.open(folder / entry["file"], "rt", newline="") as handle:
            body = list(csv.reader(handle))[1:]
        order = sorted(range(len(body)), key=lambda i: len(list(all_records.values())[i]))[:RECORDS]
        names = list(all_records)
        chosen[entry["input"]] = {names[i]: all_records[names[i]] for i in order}
        width = len(body[0]) - 1
        columns = np.unique(np.linspace(0, width - 1, COLUMNS).astype(int)).tolist()
        values = [[float(body[i][1 + j]) for j in columns] for i in order]
        if np.isfinite(values).all():
            entries.append({k: entry[k] for k in ("key", "alphabet", "input")} | {"columns": columns, "values": values})
    source = "computed by the peers' own programs: " + ", ".join(f"{k} {v}" for k, v in index["versions"].items())
    text = json.dumps({"source": source, "sequences": chosen, "entries": entries}, separators=(",", ":"))
    (TESTS / "reference_sample.json").write_text(text.replace('{"key"', '\n{"key"') + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
