"""What a whole input holds, found out before anyone sees a record: alphabet, lengths, doubled ids, odd letters."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import BioautofeatWarning, FastaError, LabelError
from bioautofeat.io.fasta import USUAL_SIZE, Batch, BatchSize, batches, encoded, id_hash
from bioautofeat.io.judgement import TRAITS, bits, judge, notes
from bioautofeat.io.source import Source
from bioautofeat.kernels import fasta as kernel
from bioautofeat.sequences import Sequences

__all__ = ["FileFacts", "Survey", "survey"]

PLAIN_LETTERS = bits("ACGTU")


@dataclass
class FileFacts:
    """What is known of one file once it has been scanned.

    Parameters
    ----------
    source : Source
    records, letters : int
    shortest, longest : int
        Number of letters of the shortest and the longest record.
    longest_id : int
        Number of bytes of the longest id.
    seen : int
        Union of the records' masks.
    counts, first : dict of str to int
        Number of records with each trait, and the number (from 0) of the first of them.
    histogram : ndarray of int64, shape (32,)
        How often each letter occurs, in batches with letters other than ACGTU.
    """

    source: Source
    records: int = 0
    letters: int = 0
    shortest: int = 0
    longest: int = 0
    longest_id: int = 0
    seen: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(32, np.int64))
    hashes: list[NDArray[np.uint64]] = field(default_factory=list)
    formula: str = ""
    composed: list[tuple[int, str]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Take note of the next batch."""
        lengths = np.diff(batch.bounds)
        shortest = int(lengths.min())
        self.shortest = shortest if not self.records else min(self.shortest, shortest)
        self.longest = max(self.longest, int(lengths.max()))
        seen = int(np.bitwise_or.reduce(batch.masks))
        for name, trait in TRAITS.items():
            if seen & trait:
                held = batch.masks & trait > 0
                self.first.setdefault(name, batch.first + int(held.argmax()))
                self.counts[name] = self.counts.get(name, 0) + int(np.count_nonzero(held))
        self._note_pairs(batch, seen)
        if seen & bits("BDEFHIJKLMNOPQRSVWXYZ"):
            counts = np.zeros((4, 32), np.int64)
            kernel.histogram(batch.letters, counts)
            self.histogram += counts.sum(axis=0)
        self._note_ids(batch, seen)
        self.seen |= seen
        self.records += len(batch)
        self.letters += len(batch.letters)
        self.hashes.append(batch.hashes)

    def _note_pairs(self, batch: Batch, seen: int) -> None:
        """Records with both T and U."""
        t, u = TRAITS["t"], TRAITS["u"]
        if seen & t and seen & u:
            both = batch.masks & (t | u) == t | u
            if both.any():
                self.first.setdefault("t and u", batch.first + int(both.argmax()))

    def _note_ids(self, batch: Batch, seen: int) -> None:
        """Ids that a spreadsheet would run, ids that Unicode can write in another way, and the longest one."""
        ends = np.flatnonzero(np.frombuffer(batch.ids, np.uint8) == ord("\n"))
        self.longest_id = max(self.longest_id, int(np.diff(ends, prepend=-1).max()) - 1)
        if seen & kernel.FORMULA and not self.formula:
            self.formula = batch.raw_name(int((batch.masks & kernel.FORMULA > 0).argmax()))
        if seen & kernel.UNICODE_ID:
            names = batch.names()
            for record in np.flatnonzero(batch.masks & kernel.UNICODE_ID).tolist():
                composed = unicodedata.normalize("NFC", names[record])
                if composed != names[record]:
                    self.composed.append((id_hash(composed)[0], names[record]))

    def close(self) -> None:
        """Refuse an id that stands twice."""
        doubled = repeated(self.hashes)
        if len(doubled):
            error = _doubled_error(self.source, doubled)
            if error is not None:
                raise error


def repeated(hashes: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """First hashes that occur more than once, one entry for each further occurrence, sorted."""
    if not hashes:
        return np.empty(0, np.uint64)
    ordered = np.sort(np.concatenate([part[:, 0] for part in hashes]))
    return ordered[1:][ordered[1:] == ordered[:-1]]


def _doubled_error(source: Source, doubled: NDArray[np.uint64]) -> FastaError | None:
    """The error for the first id that stands twice; None where only hashes agree."""
    seen: dict[str, tuple[int, int]] = {}
    message, record, line, count = "", "", 0, 0
    for batch in batches(source):
        suspects = np.flatnonzero(np.isin(batch.hashes[:, 0], doubled)).tolist()
        names = batch.names() if suspects else []
        for i in suspects:
            place = batch.first + i + 1, int(batch.lines[i])
            first = seen.setdefault(names[i], place)
            count += first is not place
            if first is not place and not message:
                record, line = names[i], place[1]
                message = f"the id {names[i]!r} stands twice, on line {first[1]} (record {first[0]}) and on line {line} (record {place[0]})"
    if not message:
        return None
    more = f"; {count} ids are doubled" if count > 1 else ""
    return FastaError(f"{message}{more}; make the ids unique", source.name, line, record)


@dataclass(frozen=True)
class Survey:
    """Inputs that have been read once from end to end and found sound.

    Parameters
    ----------
    files : tuple of FileFacts
        In the order given.
    alphabet : Alphabet
        Asked for, or judged from all records.
    ids : tuple of str
        All ids in order, where they were asked for.
    """

    files: tuple[FileFacts, ...]
    alphabet: Alphabet
    ids: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Number of records."""
        return sum(file.records for file in self.files)

    @property
    def letters(self) -> int:
        """Number of letters."""
        return sum(file.letters for file in self.files)

    @property
    def shortest(self) -> int:
        """Length of the shortest record."""
        return min(file.shortest for file in self.files)

    @property
    def longest(self) -> int:
        """Length of the longest record."""
        return max(file.longest for file in self.files)

    @property
    def name(self) -> str:
        """The inputs as messages name them."""
        first = self.files[0].source.name
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"

    @property
    def labels(self) -> list[str] | None:
        """Class of each file (``CLASS=FILE``); None where no file has one."""
        labels = [file.source.label for file in self.files]
        if all(label is None for label in labels):
            return None
        for file in self.files:
            if file.source.label is None:
                raise LabelError(
                    f"{file.source.name} has no class, but other inputs have: write CLASS={file.source.path}"
                )
        return [str(label) for label in labels]

    def batches(self, size: BatchSize = USUAL_SIZE) -> Iterator[tuple[FileFacts, Sequences]]:
        """The records once more, encoded; a file that has changed since it was surveyed is refused."""
        for file in self.files:
            records = 0
            for batch in batches(file.source, size):
                records += len(batch)
                if int(np.bitwise_or.reduce(batch.masks)) & ~file.seen or records > file.records:
                    raise file.source.error("the file changed while it was read")
                yield file, encoded(batch, self.alphabet)
            if records != file.records:
                raise file.source.error("the file changed while it was read")

    def find_record(self, wanted: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> tuple[FastaPlace, int]:
        """Place of the first record whose length is wanted, and the number of such records."""
        found, count = None, 0
        for file in self.files:
            for batch in batches(file.source):
                lengths = np.diff(batch.bounds)
                hits = np.flatnonzero(wanted(lengths))
                if len(hits) and found is None:
                    i = int(hits[0])
                    found = FastaPlace(file.source.name, int(batch.lines[i]), batch.raw_name(i), int(lengths[i]))
                count += len(hits)
        if found is None:
            raise self.files[0].source.error("the file changed while it was read")
        return found, count


@dataclass(frozen=True)
class FastaPlace:
    """A record: its file, the line of its header, its id and its length."""

    file: str
    line: int
    record: str
    length: int


def check_ids(files: Sequence[FileFacts]) -> list[str]:
    """Warnings about ids over all files: in two files, alike once normalised, dangerous in a spreadsheet."""
    found = []
    hashes = [part for file in files for part in file.hashes]
    doubled = repeated(hashes) if len(files) > 1 else np.empty(0, np.uint64)
    if len(doubled):
        found.append(
            f"{len(doubled)} ids occur in more than one input; rows with one id are told apart by their order only"
        )
    composed = [pair for file in files for pair in file.composed]
    if composed:
        known = np.concatenate([part[:, 0] for part in hashes])
        targets = np.array([target for target, _ in composed], np.uint64)
        present = np.isin(targets, known)
        values, times = np.unique(targets, return_counts=True)
        present |= np.isin(targets, values[times > 1])
        if present.any():
            name = composed[int(present.argmax())][1]
            found.append(
                f"{int(present.sum())} ids look alike: {name!r} equals another id after Unicode normalisation (NFC); they are kept apart"
            )
    formulas = sum(file.counts.get("formula", 0) for file in files)
    if formulas:
        example = next(file.formula for file in files if file.formula)
        found.append(
            f"{formulas} ids begin with = + - or @, e.g. {example!r}: a spreadsheet would take them for formulas; they are kept as they are"
        )
    return found


def concluded(files: Sequence[FileFacts], alphabet: str, ambiguous: str, ids: Sequence[str] = ()) -> Survey:
    """The survey of scanned files: the alphabet judged, what is odd warned about, the hashes let go."""
    chosen = judge(files, alphabet, ambiguous)
    result = Survey(tuple(files), chosen, tuple(ids))
    for message in notes(files, alphabet, chosen) + [f"{result.name}: {text}" for text in check_ids(files)]:
        warnings.warn(message, BioautofeatWarning, stacklevel=4)
    for file in files:
        file.hashes, file.composed = [], []
    return result


def survey(
    sources: Sequence[Source], alphabet: str = "auto", *, ambiguous: str = "skip", keep_ids: bool = False
) -> Survey:
    """Read all inputs once and judge them as a whole.

    Parameters
    ----------
    sources : sequence of Source
    alphabet : {"auto", "dna", "rna", "protein"}
    ambiguous : {"skip", "error"}
        Whether a letter outside the alphabet is refused.
    keep_ids : bool
        Whether the ids of all records are kept, for labels to be joined.

    Raises
    ------
    FastaError
        The first thing wrong with a file, with its place and what to do.
    """
    files, ids = [], []
    for source in sources:
        file = FileFacts(source)
        for batch in batches(source):
            file.add(batch)
            if keep_ids:
                ids.extend(batch.names())
        file.close()
        files.append(file)
    return concluded(files, alphabet, ambiguous, ids)
