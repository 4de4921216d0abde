"""How fast the descriptors are: one thread, after compilation, beside the fastest peer's figure.

Run by hand::

    python benchmarks/descriptors.py                     # everything, some minutes
    python benchmarks/descriptors.py --only kmer --data a
    python benchmarks/descriptors.py --kernels --live    # only the comparisons of kernels and of installed peers

Data, made here from a seed: (a) 1,000 DNA sequences of 1,000 nt, (b) 10,000 of 200 nt, (c) 1,000 proteins of 300
residues.  A rate is letters per second of ``Extractor.transform`` on encoded sequences, the whole table included; a
descriptor that takes longer than a second has it from as many records as fit into one.

``peers.csv`` holds the peers' rates in the same three data sets, with the spec that gives the same columns: measured
2026-11 on a shared machine of two cores (kmer-learn 0.1.4, MathFeature f12b484, iLearnPlus 7c7b99e, iFeatureOmega
246645e, PyFeat 0fe014b, repDNA 1.1.4, propy3 2.0.1, protpy 1.5.0, PyBioMed 1.0, peptides 0.5.0, modlAMP 4.3.3).
A new descriptor needs a row there, and nothing here.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import time
from pathlib import Path

import numba
import numpy as np

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import BioautofeatError
from bioautofeat.extraction import Extractor, extract
from bioautofeat.families import find, parse
from bioautofeat.kernels import kmers
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training
from bioautofeat.testing import missing_package

SHAPES = {"a": (DNA, 1_000, 1_000), "b": (DNA, 10_000, 200), "c": (PROTEIN, 1_000, 300)}
PEERS = Path(__file__).parent / "peers.csv"
PATIENCE = 1.0
"""Seconds that one descriptor may take at once."""


def random_sequences(alphabet, n, length):
    """Letters drawn evenly, from a fixed seed."""
    codes = np.random.default_rng(1).integers(0, alphabet.size, n * length).astype(np.uint8)
    return Sequences(codes, np.arange(0, n * length + 1, length), tuple(f"s{i}" for i in range(n)), alphabet)


def best(task, seconds=0.3):
    """Shortest time of a task, run for at least so many seconds and three times, once before for compilation."""
    task()
    times, until = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < until:
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def rate_of(spec, seqs):
    """Columns, and million letters per second."""
    labels = np.array(["yes", "no"])[np.arange(len(seqs)) % 2]
    few = min(len(seqs), 200)
    extractor = Extractor.of([spec], seqs.alphabet).fit(Training(int(seqs.lengths.max()), seqs[:few], labels[:few]))
    first = seqs[:20]
    each = best(lambda: extractor.transform(first, short="zero"), 0.0) / len(first)
    n = int(np.clip(PATIENCE / each, len(first), len(seqs)))
    part = seqs[:n]
    taken = best(lambda: extractor.transform(part, short="zero"), min(0.3, n * each))
    return extractor.width, part.n_letters / taken / 1e6


def fastest_peers():
    """``(data, spec)`` to the peer's name and rate, the fastest one."""
    found = {}
    with PEERS.open(newline="") as file:
        for row in csv.DictReader(file):
            key, rate = (row["data"], str(parse(row["spec"]))), float(row["million_letters_per_second"])
            if rate > found.get(key, ("", 0.0))[1]:
                found[key] = (f"{row['peer']} {row['peer_descriptor']}", rate)
    return found


def listed(peers, data, pattern):
    """Specs by family: each descriptor of the data set's alphabet, and what peers were measured with."""
    alphabet = SHAPES[data][0]
    specs = {str(parse(spec)) for where, spec in peers if where == data}
    specs |= {row.name for row in find(alphabet) if not missing_package(row)}
    chosen = [parse(spec) for spec in specs if re.search(pattern, spec)]
    return sorted(chosen, key=lambda spec: (spec.descriptor.family, str(spec)))


def print_descriptors(data, pattern, peers):
    """A table a family."""
    seqs = random_sequences(*SHAPES[data])
    print(
        f"\n({data}) {len(seqs):,} x {seqs.n_letters // len(seqs):,} {seqs.alphabet.name}, million letters per second"
    )
    head = f"{'descriptor':44s}{'columns':>9s}{'ours':>10s}{'peer':>10s}{'ratio':>9s}  fastest peer"
    for family, specs in itertools.groupby(listed(peers, data, pattern), lambda spec: spec.descriptor.family):
        print(f"\n{family}\n{head}")
        for spec in specs:
            try:
                width, rate = rate_of(spec, seqs)
            except BioautofeatError as error:
                print(f"{spec!s:44s}  left out: {error}")
                continue
            peer, other = peers.get((data, str(spec)), ("", 0.0))
            beside = f"{other:10.4g}{rate / other:9.1f}  {peer}" if peer else ""
            print(f"{spec!s:44s}{width:9,d}{rate:10.4g}{beside}")


def ten_lines(k):
    """The least that counting k-mers of DNA can be: what our kernel is measured against."""
    mask = 4**k - 1

    @numba.njit(nogil=True)
    def count(codes, offsets, out):
        for s in range(offsets.size - 1):
            word, known = 0, 0
            for i in range(offsets[s], offsets[s + 1]):
                code = codes[i]
                if code > 3:
                    known = 0
                    continue
                word, known = (word * 4 + code) & mask, known + 1
                if known >= k:
                    out[s, word] += 1.0

    return count


def print_kernels():
    """The kernel for words against the ten lines, and what only rescales or folds counts against the kernel."""
    seqs = random_sequences(*SHAPES["a"])
    plain = np.empty((1, 0), np.int64)
    print("\nkernel, (a), float64, million letters per second: ten lines for this k alone, ours, ours spaced (1010...)")
    for k in range(1, 8):
        out, places, lines = np.zeros((len(seqs), 4**k)), np.arange(k), ten_lines(k)
        least = best(lambda lines=lines, out=out: lines(seqs.codes, seqs.offsets, out))
        ours, spaced = (
            best(lambda p=p, out=out: kmers.count_words(seqs.codes, seqs.offsets, 4, p, plain, out))
            for p in (places, 2 * places)
        )
        rates = "".join(f"{seqs.n_letters / seconds / 1e6:10.0f}" for seconds in (least, ours, spaced))
        print(f"k = {k}{rates}   ours takes {ours / least:.2f} times as long")
    print("\nwhat rescales or folds counts, against the kernel of its words (at most 2)")
    for spec, data, k, phases in (
        ("kmer:k=3", "a", 3, 1), ("rckmer:k=3", "a", 3, 1), ("pseeiip", "a", 3, 1), ("zcurve:bits=9", "a", 1, 3),
        ("zcurve:bits=12", "a", 2, 1), ("zcurve:bits=144", "a", 3, 3), ("cksnap:gap=0", "a", 2, 1),
        ("gc_content", "a", 1, 1), ("gaac", "c", 1, 1), ("gdpc", "c", 2, 1), ("dde", "c", 2, 1),
    ):  # fmt: skip
        batch = random_sequences(*SHAPES[data])
        columns, places = np.empty((phases, 0), np.int64), np.arange(k)
        out = np.zeros((len(batch), batch.alphabet.size**k * phases))

        def count(batch=batch, places=places, columns=columns, out=out):
            kmers.count_words(batch.codes, batch.offsets, batch.alphabet.size, places, columns, out)

        extractor = Extractor.of([spec], batch.alphabet)
        ratio = best(lambda extractor=extractor, batch=batch: extractor.transform(batch)) / best(count)
        print(f"{spec:44s}{ratio:6.2f}")


def print_live():
    """Peers that are installed, end to end: strings in, a table with names out."""
    texts = list(random_sequences(DNA, 20_000, 300))
    try:
        from sklearn.feature_extraction.text import CountVectorizer

        words = ["".join(word) for word in itertools.product("ACGT", repeat=4)]
        theirs = CountVectorizer(analyzer="char", ngram_range=(4, 4), vocabulary=words, lowercase=False)
        print_pair("CountVectorizer (4, 4), 20,000 x 300 nt", texts, theirs.transform, "kmer:k=4,norm=count")
    except ImportError:
        print("\nscikit-learn is not installed")
    try:
        from kmer.encoders import GappyEncoder, SpectrumEncoder
    except ImportError:
        print("kmer-learn is not installed: see its figures in peers.csv")
        return
    for data in "ab":
        texts = list(random_sequences(*SHAPES[data]))
        for encoder, spec in (
            (SpectrumEncoder(k=3), "kmer:k=3,norm=count"),
            (SpectrumEncoder(k=3, canonical_rc=True), "rckmer:k=3,norm=count"),
            (SpectrumEncoder(k=6), "kmer:k=6,norm=count"),
            (GappyEncoder(masks=["*-*"]), "spaced:pattern=101,norm=count"),
        ):
            print_pair(f"({data}) {type(encoder).__name__}", texts, encoder.fit_transform, spec)


def print_pair(title, texts, theirs, spec):
    """Both rates of the same strings."""
    letters = sum(map(len, texts))
    ours = best(lambda: extract(Sequences.from_strings(texts, RNA if "U" in texts[0] else DNA), [spec], threads=1))
    other = best(lambda: theirs(texts))
    print(f"{title:44s}{letters / ours / 1e6:10.4g}{letters / other / 1e6:10.4g}{other / ours:9.1f}  {spec}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="regular expression over specs")
    parser.add_argument("--data", default="abc", help="data sets, e.g. ac")
    parser.add_argument("--kernels", action="store_true", help="compare kernels (alone, unless --only is given)")
    parser.add_argument(
        "--live", action="store_true", help="compare with installed peers (alone, unless --only is given)"
    )
    options = parser.parse_args()
    everything = not (options.kernels or options.live)
    if everything or options.only:
        peers = fastest_peers()
        for data in options.data:
            print_descriptors(data, options.only, peers)
    if options.kernels or (everything and not options.only):
        print_kernels()
    if options.live or (everything and not options.only):
        print_live()


if __name__ == "__main__":
    main()
