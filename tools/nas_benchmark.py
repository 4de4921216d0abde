"""Makes the tabular benchmark of architecture search on sequences: every cell of a small space, trained and judged.

    python tools/nas_benchmark.py TABLE --task splice=train.fasta.gz,test.fasta --task meth=train.fasta,test.fasta
           [--nodes 3] [--operations none,identity,conv3,conv7,max_pool3] [--epochs 12] [--seeds 3] [--rows 2000]
           [--workers N] [--device cpu] [--limit N] [--seconds S]

Records are labelled by what follows the last | of their ids.  A fifth of the training records (found by a hash of the
sequence, so the same at every run) judges after each epoch; the test file judges once.  Each training is written as soon
as it is done; the same command goes on where it stopped.  The order is by seed, then task, then cell, so that a table
cut short holds whole seeds.  Read it with ``bioautofeat.nas.bench.read_benchmark``.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from bioautofeat.io.records import read_fasta
from bioautofeat.nas.bench import Benchmark, Protocol, Training, read_benchmark, write_head, write_line

OPERATIONS = "none,identity,conv3,conv7,max_pool3"
CHANNELS, CELLS, STAGES, KERNEL, BINS = 16, 1, 2, 7, 8
MOST_WEIGHTS = 50_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--task", action="append", required=True, metavar="NAME=TRAIN,TEST")
    parser.add_argument("--alphabet", default="auto")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--operations", default=OPERATIONS)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2000, help="at most so many training records of each task")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--limit", type=int, help="stop after so many trainings")
    parser.add_argument("--seconds", type=float, help="start no training after so many seconds")
    return parser.parse_args()


def part_of(text):
    """A number from 0 to 1 that belongs to a sequence."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "little") / 2**48


@lru_cache(maxsize=8)
def records(train, test, alphabet, rows, device):
    """Data of the three parts of a task, and the number of classes."""
    from bioautofeat.nas.encode import Data
    from bioautofeat.nas.genotype import Encoder

    batches = [read_fasta(path, alphabet) for path in (train, test)]
    labels = [[name.rsplit("|", 1)[-1] for name in batch.ids] for batch in batches]
    classes = sorted(set(labels[0]))
    encoder = Encoder(alphabet=batches[0].alphabet.name)
    known, judged = (
        Data.of(batch, encoder, np.array([classes.index(label) for label in own]), 1000).to(device)
        for batch, own in zip(batches, labels, strict=True)
    )
    share = np.array([part_of(text) for text in batches[0]])
    order = np.argsort(share)[:rows]
    split = len(order) // 5
    return known.take(np.sort(order[split:])), known.take(np.sort(order[:split])), judged, len(classes)


def train_one(job):
    """The training of one cell."""
    import torch

    from bioautofeat.nas.genotype import Frame, Head, Stem
    from bioautofeat.nas.network import build, count_parameters, macs
    from bioautofeat.nas.train import Settings, evaluate, predict, seeded, train

    protocol, (task, files, code, seed), rows, device = job
    torch.set_num_threads(1)
    training, validation, test, classes = records(*files, rows, device)
    frame = Frame(
        training.encoder, Stem(protocol.channels, protocol.kernel), Head("bins", BINS), protocol.cells, protocol.stages
    )
    architecture = frame.hold(protocol.cell_of(code))
    with seeded(seed):
        network = build(architecture, training.encoder.channels, classes)
    weights = count_parameters(network)
    if weights > MOST_WEIGHTS:
        raise SystemExit(f"cell {code} has {weights:,} weights: more than {MOST_WEIGHTS:,}")
    settings = Settings(**protocol.settings)
    history = train(network, training, validation, settings=settings, seed=seed, device=device)
    score = evaluate(predict(network, test, device=device), test.targets, settings.metric)
    length = int(training.letters.shape[1])
    return Training(
        task, code, seed, weights, macs(architecture, length, classes), history.seconds, score, tuple(history.metric)
    )


def codes_of(protocol):
    """Every cell's code, in order."""
    table = Benchmark(protocol, ())
    return sorted(table.code(point) for point in protocol.space.points())


def jobs_of(options, protocol, files):
    """What is still to be done."""
    done = set()
    if options.table.exists():
        old = read_benchmark(options.table)
        if asdict(old.protocol) != asdict(protocol):
            raise SystemExit(f"{options.table} was made in another way: name another file")
        done = set(old.trainings)
    for seed in range(options.seeds):
        for task in protocol.tasks:
            for code in codes_of(protocol):
                if (task, code, seed) not in done:
                    yield protocol, (task, files[task], code, seed), options.rows, options.device


def main():
    options = arguments()
    files, tasks = {}, {}
    for text in options.task:
        name, _, paths = text.partition("=")
        train, test = paths.split(",")
        files[name] = (train, test, options.alphabet)
        tasks[name] = f"{Path(train).parent.name}, at most {options.rows} records"
    from bioautofeat.nas.train import Settings

    settings = asdict(Settings(epochs=options.epochs, patience=0, metric="mcc"))
    operations = tuple(options.operations.split(","))
    protocol = Protocol(
        options.nodes, operations, CHANNELS, CELLS, STAGES, KERNEL, options.epochs, tasks, settings, "mcc"
    )
    jobs = list(jobs_of(options, protocol, files))[: options.limit]
    if not options.table.exists():
        options.table.write_text(write_head(protocol), encoding="utf-8")
    work(options, jobs)


def work(options, jobs):
    """Do the jobs, and write each result when it is there."""
    start = time.monotonic()

    def ahead():
        for job in jobs:
            if options.seconds is not None and time.monotonic() - start > options.seconds:
                return
            yield job

    context = multiprocessing.get_context("spawn")
    with options.table.open("a", encoding="utf-8") as stream, ProcessPoolExecutor(options.workers, context) as pool:
        waiting = ahead()
        running = [pool.submit(train_one, job) for job in islice(waiting, options.workers)]
        done = 0
        while running:
            result = running.pop(0).result()
            following = next(waiting, None)
            if following is not None:
                running.append(pool.submit(train_one, following))
            stream.write(write_line(result))
            stream.flush()
            os.fsync(stream.fileno())
            done += 1
            spent = time.monotonic() - start
            sys.stderr.write(
                f"{done} of {len(jobs)}: {result.task} {result.cell} seed {result.seed}: test {result.test:.4f}, {spent:.0f} s\n"
            )


if __name__ == "__main__":
    main()
