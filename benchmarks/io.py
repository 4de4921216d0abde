"""How fast files are read and tables are written, beside the libraries that users would take instead.

Run by hand::

    python benchmarks/io.py                 # everything, about a minute
    python benchmarks/io.py --only reading

Data, made here from a seed: 100,000 DNA records of 200 nt.  Each figure is the best of three in one process; what is
not installed is left out.  The whole command is run in a process of its own, its start included.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bioautofeat.extraction import extract
from bioautofeat.io import read_fasta
from bioautofeat.io.text import TextRows

RECORDS, LENGTH = 100_000, 200


def seconds(task: Callable[[], object], times: int = 3) -> float:
    """Best wall time of a task."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        task()
        best = min(best, time.perf_counter() - start)
    return best


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def make_fasta(folder: Path) -> Path:
    letters = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(1).integers(0, 4, (RECORDS, LENGTH))]
    path = folder / "reads.fa"
    path.write_bytes(b"".join(b">read_%d\n%s\n" % (i, row.tobytes()) for i, row in enumerate(letters)))
    path.with_suffix(".fa.gz").write_bytes(gzip.compress(path.read_bytes(), 5))
    return path


def reading(path: Path) -> None:
    """Time to read all records; ours with encoding, all checks and ids included."""
    from Bio.SeqIO.FastaIO import SimpleFastaParser

    def needletail(file):
        import needletail

        return sum(len(record.seq) for record in needletail.parse_fastx_file(str(file)))

    def dnaio(file):
        import dnaio

        with dnaio.open(str(file)) as records:
            return sum(len(record.sequence) for record in records)

    def biopython(file):
        with open(file, encoding="utf-8") as handle:
            return sum(len(word) for _, word in SimpleFastaParser(handle))

    for file in (path, path.with_suffix(".fa.gz")):
        print(f"reading {file.name}: bioautofeat {seconds(lambda file=file: read_fasta(file)):.3f} s", end="")
        for reader in (needletail, dnaio):
            if installed(reader.__name__):
                print(f", {reader.__name__} {seconds(lambda file=file, reader=reader: reader(file)):.3f} s", end="")
        print()
    print(f"reading {path.name}: SimpleFastaParser {seconds(lambda: biopython(path)):.3f} s")


def writing(path: Path) -> None:
    """Time to turn tables of 4,096 columns into text."""
    import polars

    seqs = read_fasta(path)
    rng = np.random.default_rng(2)
    for name, values in (
        ("10,000 x 4,096 k-mer frequencies", extract(seqs[:10000], ["kmer:k=6"]).values),
        ("10,000 x 512 different values", rng.random((10_000, 512))),
    ):
        ids = [f"r{i}" for i in range(len(values))]

        def ours(ids=ids, values=values, threads=1):
            rows = TextRows(threads=threads)
            step = (1 << 21) // values.shape[1]
            return sum(
                len(p)
                for i in range(0, len(ids), step)
                for p in rows.format(ids[i : i + step], values[i : i + step], None)
            )

        print(f"writing {name}: bioautofeat {seconds(ours):.2f} s", end="")
        frame = polars.DataFrame(values)
        print(f", polars {seconds(lambda frame=frame: frame.write_csv(io.BytesIO())):.2f} s", end="")
        if installed("pandas"):
            import pandas

            part = pandas.DataFrame(values[:500])
            slow = seconds(lambda part=part: part.to_csv(io.StringIO()), 1) * len(values) / len(part)
            print(f", pandas {slow:.1f} s (from 500 rows)", end="")
        print()


MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
"""Run between, for a child's memory is at first that of its parent."""


def command(path: Path) -> None:
    """Time and memory of the whole command."""
    bioautofeat = [sys.executable, "-m", "bioautofeat"]
    for spec, out in (("kmer:k=4", "t.csv"), ("kmer:k=4", "t.parquet"), ("kmer:k=6", "t.npz")):
        line = [*bioautofeat, "extract", str(path), "-d", spec, "-o", str(path.parent / out), "--force"]
        found = subprocess.run([sys.executable, "-c", MEASURE, *line], check=True, capture_output=True, text=True)
        took, memory = map(float, found.stdout.split())
        print(f"extract -d {spec} -o {out}: {took:.2f} s, {memory:.0f} MB")
    base = seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 10)
    start = seconds(lambda: subprocess.run([*bioautofeat, "--help"], check=True, capture_output=True), 10)
    print(f"--help: {start * 1000:.0f} ms, python -c pass: {base * 1000:.0f} ms")


PARTS = {"reading": reading, "writing": writing, "command": command}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS)
    chosen = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        path = make_fasta(Path(folder))
        for name, part in PARTS.items():
            if chosen in (None, name):
                part(path)


if __name__ == "__main__":
    main()
