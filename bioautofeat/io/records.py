"""Reading sequences into memory in one pass."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bioautofeat.io.fasta import Batch, batches, letter_codes
from bioautofeat.io.source import Source, check_sources
from bioautofeat.io.survey import FileFacts, Survey, concluded
from bioautofeat.kernels import fasta as kernel
from bioautofeat.sequences import Sequences

__all__ = ["Records", "read_fasta", "read_records"]


@dataclass(frozen=True)
class Records:
    """Records in memory.

    Parameters
    ----------
    sequences : Sequences
    labels : tuple of str, length n
        Class of each record where inputs name them (``CLASS=FILE``); else empty.
    survey : Survey
        What is known of the files they came from.
    """

    sequences: Sequences
    labels: tuple[str, ...]
    survey: Survey


def _joined(parts: Sequence[Batch], found: Survey) -> Sequences:
    """All batches as one, encoded; a single one is encoded where it stands."""
    table = letter_codes(found.alphabet)
    codes = parts[0].letters if len(parts) == 1 else np.empty(found.letters, np.uint8)
    offsets = np.zeros(found.records + 1, np.int64)
    record, letter = 0, 0
    names: list[str] = []
    for part in parts:
        kernel.translate(part.letters, table, codes[letter : letter + len(part.letters)])
        np.add(part.bounds[1:], letter, out=offsets[record + 1 : record + 1 + len(part)])
        record, letter = record + len(part), letter + len(part.letters)
        names.extend(part.names())
    return Sequences(codes, offsets, tuple(names), found.alphabet)


def read_records(sources: Sequence[Source], alphabet: str = "auto", *, ambiguous: str = "skip") -> Records:
    """All records of the inputs, in order, once every one of them has been found sound.

    Parameters
    ----------
    sources : sequence of Source
    alphabet : {"auto", "dna", "rna", "protein"}
    ambiguous : {"skip", "error"}

    Raises
    ------
    FastaError
        The first thing wrong with a file, with its place and what to do.
    """
    check_sources(list(sources))
    files, parts = [], []
    for source in sources:
        file = FileFacts(source)
        for batch in batches(source):
            file.add(batch)
            parts.append(batch)
        file.close()
        files.append(file)
    found = concluded(files, alphabet, ambiguous)
    classes = found.labels
    labels = (
        () if classes is None else tuple(c for c, file in zip(classes, files, strict=True) for _ in range(file.records))
    )
    return Records(_joined(parts, found), labels, found)


def read_fasta(path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], alphabet: str = "auto") -> Sequences:
    """Read FASTA, plain or compressed (gzip, bgzip, bzip2, xz, zstd; told by content).

    Parameters
    ----------
    path : path or sequence of paths
        Several are read as one, in order; ``-`` is standard input.
    alphabet : {"auto", "dna", "rna", "protein"}
        ``auto`` judges all records together.

    Returns
    -------
    Sequences
        Letters in upper case, blanks and the final stop of a protein dropped; ambiguity codes are unknown letters.

    Raises
    ------
    FastaError
        The first thing wrong with a file: its line, record, position and what to do.
    """
    paths = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    return read_records([Source(os.fspath(one)) for one in paths], alphabet).sequences
