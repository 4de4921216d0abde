"""Records and labels as networks see them, checked, with the folds that judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.errors import LabelError, ParameterError
from bioautofeat.evaluation.splits import keys_of_rows, split_groups, strata_of_values
from bioautofeat.nas.encode import Data
from bioautofeat.nas.genotype import Architecture, Encoder
from bioautofeat.sequences import Sequences
from bioautofeat.terms.letters import letter_rows

__all__ = ["Problem", "check_length", "classes_of", "values_of"]

LONGEST = 1000
"""Letters of a record that are looked at, by default."""

FOLDS = 6


def classes_of(labels: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The classes in order, and the number of each record's; one class alone is refused."""
    classes, codes = np.unique(np.asarray(labels), return_inverse=True)
    if len(classes) < 2:
        held = f"all {len(codes)} records are of class {classes[0]}" if len(classes) else "there are no records"
        raise LabelError(f"{held}: a classifier needs two classes")
    return classes, codes.astype(np.int64)


def values_of(labels: Any) -> NDArray[np.float64]:
    """Values of a regression, all finite and not all alike."""
    try:
        values = np.asarray(labels, np.float64)
    except (TypeError, ValueError):
        raise LabelError("the values of a regression must be numbers") from None
    if values.ndim != 1 or not np.isfinite(values).all():
        raise LabelError("the values of a regression must be one finite number a record")
    if len(values) < 2 or np.ptp(values) == 0:
        raise LabelError("all records have the same value: there is nothing to learn")
    return values


def check_length(architecture: Architecture, longest: int) -> None:
    """Refuse records that never fill the window of the network's first layer."""
    wanted = architecture.stem.kernel + architecture.encoder.k - 1
    if architecture.encoder.dimensions == 1 and longest < wanted:
        raise ParameterError(
            f"the longest sequence has {longest} letters, the network's first layer looks at {wanted}: "
            "use a smaller kernel or longer sequences"
        )


@dataclass(frozen=True, eq=False)
class Problem:
    """What a search is given.

    Parameters
    ----------
    alphabet : Alphabet
    letters : Tensor of uint8, shape (n, length)
    targets : Tensor, shape (n,)
        Numbers of classes, or values less their mean over their standard deviation.
    n_classes : int
        0 for regression.
    folds : ndarray of int, shape (n,)
        Records alike, and those of one group, share a fold.
    centre, scale : float
        Of the values of a regression.
    """

    alphabet: Alphabet
    letters: Tensor
    targets: Tensor
    n_classes: int
    folds: NDArray[np.int64]
    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(
        cls, records: Sequences | NDArray[Any], targets: NDArray[Any], *, n_classes: int, alphabet: str | Alphabet,
        longest: int = LONGEST, groups: Sequence[Any] | None = None, seed: int = 0,
    ) -> Problem:  # fmt: skip
        """The problem of sequences, or of rows of letters, and their targets."""
        known = records.alphabet if isinstance(records, Sequences) else get_alphabet(alphabet)
        rows = rows_of(records, longest)
        if len(rows) != len(targets):
            raise LabelError(f"{len(targets)} labels for {len(rows)} records")
        if not rows.any():
            raise ParameterError("the records hold no letters")
        centre, scale = (0.0, 1.0) if n_classes else (float(np.mean(targets)), float(np.std(targets)))
        folds = _folds(rows, targets, n_classes, groups, seed)
        values = targets.astype(np.int64) if n_classes else ((targets - centre) / scale).astype(np.float32)
        return cls(known, torch.from_numpy(rows), torch.from_numpy(values), n_classes, folds, centre, scale)

    @property
    def length(self) -> int:
        """Letters of the longest record, as far as it is looked at."""
        return int(self.letters.shape[1])

    @property
    def n_outputs(self) -> int:
        """Width of a network's last layer."""
        return max(1, self.n_classes)

    def data(self, encoder: Encoder, rows: NDArray[Any] | None = None) -> Data:
        """The records, or some of them, for a network with this encoder."""
        if encoder.letters != self.alphabet:
            raise ParameterError(f"{self.alphabet.name} sequences given to a network of {encoder.alphabet}")
        whole = Data(encoder, self.letters, self.targets)
        return whole if rows is None else whole.take(rows)


def rows_of(records: Sequences | NDArray[Any], longest: int) -> NDArray[np.uint8]:
    """Rows of letters of sequences; rows that are given are looked at and taken as they are."""
    if isinstance(records, Sequences):
        return letter_rows(records, max(1, min(longest, int(records.lengths.max(initial=1)))))
    numbers = np.asarray(records, np.float64)
    if numbers.ndim != 2 or not (np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()):
        raise ParameterError("rows of letters are whole numbers, the columns of the descriptor letters")
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) > 255:
        raise ParameterError("rows of letters lie between 0 and the number of letters")
    return np.ascontiguousarray(numbers.astype(np.uint8))


def _folds(
    rows: NDArray[np.uint8], targets: NDArray[Any], n_classes: int, groups: Sequence[Any] | None, seed: int
) -> NDArray[np.int64]:
    keys = keys_of_rows(rows)
    strata = targets.astype(np.int64) if n_classes else strata_of_values(targets)
    alike = np.unique(keys if groups is None else np.asarray(groups), return_inverse=True)[1]
    if len(alike) != len(rows):
        raise ParameterError(f"{len(alike)} groups for {len(rows)} records")
    n_groups = len(np.unique(alike))
    if n_groups < 4:
        raise ParameterError(f"{n_groups} different records are too few to train and to judge a network")
    return split_groups(strata, alike, min(FOLDS, n_groups), keys, seed)
