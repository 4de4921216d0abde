"""Similarity to labelled training records: what the nearest of them say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN, Alphabet
from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.kernels import alignment as kernels
from bioautofeat.properties import property_table
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training, row_chunks
from bioautofeat.terms.labels import Members, labelled
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Alignment", "NearestShares", "Neighbours", "Similarity", "WordCosine", "letter_scores"]

MAX_STEPS = 2e11
"""Largest number of pairs of letters that comparing the training records with each other may take: some minutes."""

BLOCK_CELLS = 1 << 21
"""Similarities that are held at once (16 MB)."""

PADDING = -1000.0
"""Score of a letter that is not there: far below what an alignment can earn."""


def letter_scores(alphabet: Alphabet, unknown: float = -1.0) -> NDArray[np.float64]:
    """Score of each letter with each: BLOSUM62 for residues, 5 and -4 for nucleotides.

    Shape ``(size + 1, size + 1)``; the last row and column are those of an unknown letter.
    """
    n = alphabet.size
    scores = np.full((n + 1, n + 1), unknown)
    if alphabet == PROTEIN:
        table = property_table("residue-blosum62", alphabet.symbols)
        scores[:n, :n] = table.columns(letter.lower() for letter in alphabet.symbols)
    else:
        scores[:n, :n] = np.where(np.eye(n, dtype=bool), 5.0, -4.0)
    return scores


class Similarity(ABC):
    """How alike two records are, from 0 to 1."""

    shortest: int = 1

    @abstractmethod
    def prepare(self, training: Sequences) -> Any:
        """What is made of the training records, once."""

    @abstractmethod
    def values(self, seqs: Sequences, prepared: Any) -> NDArray[np.float64]:
        """Similarity of each record with each training record, shape ``(len(seqs), len(training))``."""

    def check(self, training: Sequences) -> None:
        """Refuse training records that would take too long to compare with each other."""
        return


@dataclass(frozen=True, eq=False)
class _Vocabulary:
    """The words that training records hold, rising, and the records that hold each: there may be far more words that none does."""

    words: NDArray[Any]
    records: csr_matrix


def _among(rows: csr_matrix, words: NDArray[Any]) -> csr_matrix:
    """The columns ``words`` (rising) of sparse rows, the entries of each row in their order."""
    from scipy.sparse import csr_matrix

    places = np.minimum(np.searchsorted(words, rows.indices), max(0, len(words) - 1))
    held = words[places] == rows.indices if len(words) else np.zeros(len(places), bool)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(held)])[rows.indptr]
    return csr_matrix((rows.data[held], places[held], ends), shape=(rows.shape[0], len(words)))


@dataclass(frozen=True)
class WordCosine(Similarity):
    """Cosine of the angle between the word counts of two records; 0 where one has no known word."""

    words: Kmers

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.words.span

    def counts(self, seqs: Sequences) -> csr_matrix:
        """Word counts of each record."""
        return Count(self.words, "count").fill_sparse(seqs)

    def _units(self, seqs: Sequences) -> csr_matrix:
        """Word counts of each record, scaled to length 1."""
        counts = self.counts(seqs)
        squares = np.concatenate([np.zeros(1), np.cumsum(counts.data**2)])  # whole numbers: the differences are exact
        counts.data /= np.sqrt(np.repeat(np.diff(squares[counts.indptr]), np.diff(counts.indptr)))
        return counts

    def prepare(self, training: Sequences) -> _Vocabulary:
        units = self._units(training)
        words = np.unique(units.indices)
        return _Vocabulary(words, _among(units, words).T.tocsr())

    def values(self, seqs: Sequences, prepared: _Vocabulary) -> NDArray[np.float64]:
        # scipy multiplies row by row, each in the order of its own entries: no bit depends on the other rows
        return np.minimum((_among(self._units(seqs), prepared.words) @ prepared.records).toarray(), 1.0)


@dataclass(frozen=True, eq=False)
class _Packed:
    """Training records laid out for :func:`bioautofeat.kernels.alignment.local_scores`."""

    letters: NDArray[np.uint8]
    starts: NDArray[np.int64]
    places: NDArray[np.int64]
    own: NDArray[np.float64]


@dataclass(frozen=True)
class Alignment(Similarity):
    """Smith-Waterman score divided by the geometric mean of both records' scores with themselves.

    Parameters
    ----------
    alphabet : Alphabet
    gap_open, gap_extend : float
        A gap of n letters costs ``gap_open + n * gap_extend``.
    """

    alphabet: Alphabet
    gap_open: float = 11.0
    gap_extend: float = 1.0

    def check(self, training: Sequences) -> None:
        steps = float(training.n_letters) ** 2
        if steps > MAX_STEPS:
            raise ParameterError(
                f"aligning {training.n_letters:,} training letters with each other would take {steps:.1e} steps, more "
                f"than {MAX_STEPS:.0e} (minutes): use similarity=words, whose cost grows far more slowly"
            )

    def own(self, seqs: Sequences) -> NDArray[np.float64]:
        """Score of each record with itself: the sum over its known letters."""
        scores = np.append(np.diag(letter_scores(self.alphabet))[:-1], 0.0)[
            seqs.codes[seqs.offsets[0] : seqs.offsets[-1]]
        ]
        sums = np.concatenate([np.zeros(1), np.cumsum(scores)])  # whole numbers: the differences are exact
        return np.diff(sums[seqs.offsets - seqs.offsets[0]])

    def prepare(self, training: Sequences) -> _Packed:
        order = np.argsort(training.lengths, kind="stable")
        sizes = [int(training.lengths[order[i : i + kernels.LANES]].max()) for i in range(0, len(order), kernels.LANES)]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(sizes, np.int64) * kernels.LANES)])
        letters = np.full(int(starts[-1]), self.alphabet.size + 1, np.uint8)
        for place, record in enumerate(order.tolist()):
            group, lane = divmod(place, kernels.LANES)
            codes = training.codes[training.offsets[record] : training.offsets[record + 1]]
            letters[starts[group] + lane : starts[group + 1] : kernels.LANES][: len(codes)] = codes
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order))
        return _Packed(letters, starts, places, self.own(training))

    def values(self, seqs: Sequences, prepared: _Packed) -> NDArray[np.float64]:
        n = self.alphabet.size
        matrix = np.full((n + 2, n + 2), PADDING)
        matrix[: n + 1, : n + 1] = letter_scores(self.alphabet)
        gaps = np.array([self.gap_open + self.gap_extend, self.gap_extend])
        scores = np.zeros((len(seqs), (len(prepared.starts) - 1) * kernels.LANES))
        kernels.local_scores(seqs.codes, seqs.offsets, prepared.letters, prepared.starts, matrix, gaps, scores)
        scale = np.sqrt(self.own(seqs)[:, None] * prepared.own)
        return np.divide(scores[:, prepared.places], scale, out=np.zeros_like(scale), where=scale > 0)


def _check_training(term: Term, training: Sequences | None, arrays: tuple[NDArray[Any], ...], members: Members) -> None:
    """Refuse learnt parts that do not go together: they may come from a damaged file."""
    if training is None:
        return
    whole = all(len(array) == len(training) for array in arrays) and members.highest <= len(training)
    if not (whole and all(np.isfinite(array).all() for array in arrays)):
        raise ModelError(f"what {type(term).__name__} has learnt is damaged")


@dataclass(frozen=True, eq=False)
class Neighbours(Term):
    """Similarity to the nearest training records of each class, and how many of the nearest of all are of each class.

    A training record (known by id and letters) is not its own neighbour.  Neighbours as similar as the last that
    counts share the places that are left.  Where the labels are values, all records are one class, and the share of
    a class among the nearest is the mean of their values.

    Parameters
    ----------
    similarity : Similarity
    tops : tuple of int
        Mean similarity of so many nearest of each class.
    votes : tuple of int
        Shares among so many nearest of all.
    training : Sequences, learnt
    groups : ndarray of int64, shape (n,), learnt
        Class of each training record.
    targets : ndarray of float64, shape (n, shares), learnt
        What each training record votes for.
    classes, shares : tuple of str, learnt
        Names of the classes and of the shares.
    members : Members, learnt
    """

    similarity: Similarity
    tops: tuple[int, ...] = (1, 3, 10)
    votes: tuple[int, ...] = (1, 3, 5, 11, 25)
    training: Sequences | None = None
    groups: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    targets: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    classes: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    needs = frozenset({"sequences", "labels"})

    def __post_init__(self) -> None:
        _check_training(self, self.training, (self.groups, self.targets), self.members)
        shaped = self.targets.ndim == 2 and self.targets.shape[1] == len(self.shares)
        if self.training is not None and not (shaped and set(self.groups.tolist()) == set(range(len(self.classes)))):
            raise ModelError("what Neighbours has learnt is damaged")

    @property
    def shortest(self) -> int:  # type: ignore[override]
        return self.similarity.shortest

    @property
    def width(self) -> int:
        if self.training is None:
            raise self.not_fitted()
        return len(self.classes) * len(self.tops) + len(self.shares) * len(self.votes)

    def names(self) -> list[str]:
        if self.training is None:
            raise self.not_fitted()
        near = [f"{name}.top{size}" for name in self.classes for size in self.tops]
        return near + [f"{size}nearest{name}" for size in self.votes for name in self.shares]

    def fit(self, training: Training) -> Neighbours:
        records = labelled(self, training, 0)
        self.similarity.check(records.sequences)
        classes = records.classes
        groups, names, shares = classes.codes, classes.names, tuple(f".{name}" for name in classes.names)
        targets = (groups[:, None] == np.arange(len(names))).astype(np.float64)
        if len(names) == 2:  # the second share says it all
            targets, shares = np.ascontiguousarray(targets[:, 1:]), ("",)
        if np.asarray(training.labels).dtype.kind == "f":
            groups, names, shares = np.zeros_like(groups), ("all",), ("",)
            targets = np.asarray(training.labels, np.float64)[:, None]
        members = Members.of(records.sequences, 1 + np.arange(len(groups)))
        return replace(
            self, training=records.sequences, groups=groups, targets=targets, classes=names, shares=shares, members=members
        )  # fmt: skip

    @cached_property
    def _prepared(self) -> Any:
        if self.training is None:
            raise self.not_fitted()
        return self.similarity.prepare(self.training)

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        tops, votes = np.array(self.tops, np.int64), np.array(self.votes, np.int64)
        left, right = self.members.ranges(seqs)
        for start, stop in row_chunks(len(seqs), max(1, BLOCK_CELLS // max(1, len(self.groups)))):
            values = self.similarity.values(seqs[start:stop], self._prepared)
            for row in np.flatnonzero(right[start:stop] > left[start:stop]):
                values[row, self.members.tables[left[start + row] : right[start + row]] - 1] = -1.0
            kernels.neighbour_summaries(values, self.groups, self.targets, tops, votes, out[start:stop])


@dataclass(frozen=True, eq=False)
class NearestShares(Term):
    """Share of each class among the nearest 1, 2, 3 ... percent of the training records, letter by letter compared.

    The similarity of two records is the mean over their columns of the letters' similarity, scaled to 0..1; a column
    with an unknown letter, or past the end of one record, adds 0.  The nearest ``p`` percent of ``n`` are
    ``ceil(p n / 100)``; of two at the same distance the one of the smaller class comes first.  A training record is
    not its own neighbour, but is counted in ``n``.

    Parameters
    ----------
    alphabet : Alphabet
    percent : int
        Largest percentage.
    training, codes, classes, members : learnt
        Training records, their classes' codes and names, and how they are known again.
    """

    alphabet: Alphabet
    percent: int = 30
    training: Sequences | None = None
    codes: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    classes: tuple[str, ...] = ()
    members: Members = field(default_factory=Members)
    needs = frozenset({"sequences", "labels"})

    def __post_init__(self) -> None:
        _check_training(self, self.training, (self.codes,), self.members)

    @property
    def width(self) -> int:
        if self.training is None:
            raise self.not_fitted()
        return self.percent * len(self.classes)

    def names(self) -> list[str]:
        if self.training is None:
            raise self.not_fitted()
        return [f"{percent}.{name}" for percent in range(1, self.percent + 1) for name in self.classes]

    def fit(self, training: Training) -> NearestShares:
        records = labelled(self, training, 0)
        members = Members.of(records.sequences, 1 + np.arange(len(records.sequences)))
        return replace(
            self, training=records.sequences, codes=records.classes.codes, classes=records.classes.names, members=members
        )  # fmt: skip

    @property
    def _matrix(self) -> NDArray[np.float64]:
        """Similarity of letters, 0 to 1: BLOSUM62 scaled, or 1 for equal nucleotides."""
        scores = letter_scores(self.alphabet)[:-1, :-1]
        matrix = np.zeros((self.alphabet.size + 1, self.alphabet.size + 1))
        matrix[:-1, :-1] = (scores - scores.min()) / (scores.max() - scores.min())
        return matrix

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        if self.training is None:
            raise self.not_fitted()
        n, n_classes = len(self.codes), len(self.classes)
        distances = np.empty((len(seqs), n))
        kernels.column_distances(
            seqs.codes, seqs.offsets, self.training.codes, self.training.offsets, self._matrix, distances
        )
        left, right = self.members.ranges(seqs)
        sizes = [-(-n * percent // 100) for percent in range(1, self.percent + 1)]
        for row in range(len(seqs)):
            others = np.delete(np.arange(n), self.members.tables[left[row] : right[row]] - 1)
            order = others[np.lexsort((self.codes[others], distances[row, others]))]
            seen = np.cumsum(self.codes[order][:, None] == np.arange(n_classes), axis=0)
            if len(order):
                nearest = np.minimum(sizes, len(order))
                out[row] = (seen[nearest - 1] / nearest[:, None]).ravel()
