"""What an explanation finds, before it becomes tables and drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.members import Member
from bioautofeat.explanation.permutation import Importance
from bioautofeat.explanation.sampling import BlockShares
from bioautofeat.explanation.subject import Subject
from bioautofeat.sequences import Sequences

if TYPE_CHECKING:
    from bioautofeat.nas.saliency import Motif

__all__ = ["Findings", "Global", "NetworkView", "Profile", "Shares", "WordEffect"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Global:
    """Importance over all records.

    Parameters
    ----------
    records : int
        Number of records that were permuted.
    metric : str
        Measure of the drop; empty where no labels are known.
    value : float
        The metric as things are.
    blocks, features : list of Importance
        Blocks in their order, features with the most important first.
    """

    records: int
    metric: str
    value: float
    blocks: list[Importance]
    features: list[Importance]


@dataclass(frozen=True, eq=False)
class Shares:
    """Exact shares of features in a member's score.

    Parameters
    ----------
    member : Member
    rows : ndarray of int64, shape (n,)
        The records.
    table, values : ndarray of float64, shape (n, member's columns)
        The features as the member's model sees them, and their shares.
    """

    member: Member
    rows: NDArray[np.int64]
    table: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Profile:
    """One record, position by position.

    Parameters
    ----------
    row : int
    letters : str
    windows : ndarray of float64, shape (length,)
        What each letter adds to the score: score of the record less that with the letter masked, mean over the masked
        windows that hold it.
    mutated : ndarray of float64, shape (length, alphabet's size), optional
        What each single mutation does to the score; 0 for the letter itself; None for records too long for it.
    """

    row: int
    letters: str
    windows: NDArray[np.float64]
    mutated: NDArray[np.float64] | None = None

    @property
    def own(self) -> NDArray[np.float64]:
        """What each letter adds against its replacements: the negative mean effect of its mutations; else of windows."""
        if self.mutated is None:
            return self.windows
        return np.asarray(-self.mutated.sum(axis=1) / max(1, self.mutated.shape[1] - 1))


@dataclass(frozen=True)
class WordEffect:
    """What a k-mer adds to the score of the class ``chosen``.

    Parameters
    ----------
    chosen : int
    word : str
    records, occurrences : int
        How many of the records looked at hold it, and how often.
    effect, error : float
        Score less that with its occurrences masked: mean over the records that hold it, and its standard error.
    total : float
        The same, mean over all records looked at, 0 for those without it.
    """

    chosen: int
    word: str
    records: int
    occurrences: int
    effect: float
    error: float
    total: float


@dataclass(frozen=True, eq=False)
class NetworkView:
    """What a network among the members looks at.

    Parameters
    ----------
    name : str
    weight : float
    motifs : list of Motif
        Of its first layer, those that say most first.
    saliency : list of ndarray
        Gradient times input of each letter, for each of the examples.
    """

    name: str
    weight: float
    motifs: list[Motif]
    saliency: list[NDArray[np.float64]]


@dataclass(eq=False)
class Findings:
    """All that is found.

    Parameters
    ----------
    subject : Subject
    ids, labels : tuple of str, length n
        Records, and their given labels (empty where unknown).
    sequences : Sequences, optional
        None for a model of a table.
    outputs : ndarray, shape (n, outputs)
    importance : Global, optional
        None for too few records.
    examples : ndarray of int64
        Records that are explained one by one.
    block_shares : BlockShares, optional
        Of the examples.
    shares : list of Shares
    profiles : list of Profile
        Of the examples.
    words : list of WordEffect
    networks : list of NetworkView
        Those of the largest weight first.
    word_records, word_length, window : int
    notes : list of str
        What was left out, and why.
    facts : mapping
        What stands in ``explanation.json`` beside the settings.
    """

    subject: Subject
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    sequences: Sequences | None
    outputs: NDArray[np.float64]
    importance: Global | None = None
    examples: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    block_shares: BlockShares | None = None
    shares: list[Shares] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    words: list[WordEffect] = field(default_factory=list)
    networks: list[NetworkView] = field(default_factory=list)
    word_records: int = 0
    word_length: int = 0
    window: int = 0
    notes: list[str] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chosen(self) -> NDArray[np.int64]:
        """Output that is explained for each record."""
        return self.subject.chosen(self.outputs)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score of each record."""
        return self.subject.score(self.outputs, self.chosen)

    @property
    def predicted(self) -> list[str]:
        """Predicted class of each record; the value as text under regression."""
        if self.subject.classifies:
            return [self.subject.model.classes[c] for c in self.subject.labels(self.outputs).tolist()]
        return [repr(value) for value in self.outputs[:, 0].tolist()]

    @property
    def aligned(self) -> bool:
        """Whether the records explained one by one have one length, so that a position means the same in all."""
        return len({len(profile.letters) for profile in self.profiles}) == 1
