"""From letters to what a network is given: tracks or an image, and the mask that tells where each record ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.nas.genotype import Encoder
from bioautofeat.properties import word_properties
from bioautofeat.sequences import Sequences
from bioautofeat.terms.letters import letter_rows
from bioautofeat.terms.maps import CORNERS, letter_table

__all__ = ["Data", "encode", "picture_cells", "table_of", "turned"]


@lru_cache(maxsize=64)
def table_of(encoder: Encoder) -> NDArray[np.float32]:
    """Channels of each word, shape ``(1 + words, channels)``; the first row, of what is no word, is zero.

    An unknown letter, and any word that holds one or reaches past a record's end, is no word.
    """
    letters, words = encoder.letters, encoder.letters.size**encoder.k
    if encoder.name == "ncp":
        values: NDArray[Any] = letter_table(letters, "ncp").table
    elif encoder.name == "properties":
        values = word_properties(letters, encoder.k, encoder.properties).values
    else:
        values = np.eye(words)
    table = np.zeros((1 + words, values.shape[1]), np.float32)
    table[1:] = values
    return table


@lru_cache(maxsize=64)
def _table_on(encoder: Encoder, device: torch.device) -> Tensor:
    return torch.from_numpy(table_of(encoder)).to(device)


@lru_cache(maxsize=16)
def picture_cells(k: int) -> NDArray[np.int64]:
    """Word in each cell of the chaos game's square, by rows from the top, each from the left; shape ``(4^k,)``."""
    corners = CORNERS["jeffrey"].astype(np.int64)
    words = np.arange(4**k)
    x, y = np.zeros_like(words), np.zeros_like(words)
    for place in range(k):  # the last letter of a word chooses the quadrant, the one before it the quarter of that
        right, top = corners[words >> 2 * (k - 1 - place) & 3].T
        x += right << place
        y += top << place
    return np.lexsort((x, -y))


def _words(letters: Tensor, size: int, k: int) -> Tensor:
    """Number of the word that starts at each position, from 1; 0 where there is none."""
    known = (letters > 0) & (letters <= size)
    codes = torch.where(known, letters - 1, 0)
    length = letters.shape[1]
    found, whole = torch.zeros_like(codes), torch.ones_like(known)
    for place in range(k):
        rest = max(0, length - place)
        found = found * size
        found[:, :rest] += codes[:, place:]
        whole[:, :rest] &= known[:, place:]
        whole[:, rest:] = False
    return torch.where(whole, found + 1, 0)


def turned(letters: Tensor, alphabet: Alphabet) -> Tensor:
    """The other strand of each row of letters, read from its own start; zeros stay behind the end."""
    complement = np.zeros(alphabet.size + 2, np.int64)
    complement[1:] = alphabet.complement_codes.astype(np.int64) + 1
    lengths = (letters > 0).sum(1, keepdim=True)
    source = lengths - 1 - torch.arange(letters.shape[1], device=letters.device)
    table = torch.from_numpy(complement).to(letters.device)
    return torch.where(source >= 0, table[letters.gather(1, source.clamp(min=0)).long()], 0).to(letters.dtype)


def encode(letters: Tensor, encoder: Encoder, table: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """What a network is given for rows of letters.

    Parameters
    ----------
    letters : Tensor of integers, shape (batch, length)
        As :func:`bioautofeat.terms.letters.letter_rows` gives them: 0 past the end, symbols from 1.
    encoder : Encoder
    table : Tensor, optional
        :func:`table_of` the encoder, where it is at hand on the device already.

    Returns
    -------
    x : Tensor, shape (batch, channels, length), or (batch, 1, 2^k, 2^k) for an image
    mask : Tensor of float, shape (batch, length), or None where all records fill the batch
    """
    letters = letters.long()
    words = _words(letters, encoder.letters.size, encoder.k)
    if encoder.name == "fcgr":
        return _picture(words, encoder.k), None
    table = _table_on(encoder, letters.device) if table is None else table
    present = letters > 0
    mask = None if bool(present.all()) else present.to(table.dtype)
    return table[words].transpose(1, 2), mask


def _picture(words: Tensor, k: int) -> Tensor:
    """Frequencies of words as images, scaled so that a record without any preference has ones everywhere."""
    counts = torch.zeros(len(words), 4**k + 1, device=words.device)
    counts.scatter_add_(1, words, torch.ones_like(words, dtype=counts.dtype))
    counts = counts[:, 1:]
    shares = counts * (4**k / counts.sum(1, keepdim=True).clamp(min=1))
    cells = torch.from_numpy(picture_cells(k)).to(words.device)
    return shares[:, cells].view(len(words), 1, 2**k, 2**k)


@dataclass(frozen=True, eq=False)
class Data:
    """Records for training or prediction: their letters, and what is known of them.

    Parameters
    ----------
    encoder : Encoder
    letters : Tensor of uint8, shape (n, length)
    targets : Tensor, shape (n,), optional
        Whole numbers for classes, real ones for values.
    """

    encoder: Encoder
    letters: Tensor
    targets: Tensor | None = None

    @classmethod
    def of(
        cls, seqs: Sequences, encoder: Encoder, targets: NDArray[Any] | None = None, length: int | None = None
    ) -> Data:
        """Data of sequences, of which at most ``length`` letters are looked at."""
        if seqs.alphabet != encoder.letters:
            raise ParameterError(f"{seqs.alphabet.name} sequences given to a network of {encoder.alphabet}")
        longest = max(1, int(seqs.lengths.max(initial=1)))
        rows = letter_rows(seqs, min(longest, length or longest))
        return cls(encoder, torch.from_numpy(rows), _targets(targets))

    def __len__(self) -> int:
        return len(self.letters)

    @property
    def lengths(self) -> Tensor:
        """Number of letters of each record, shape ``(n,)``."""
        return (self.letters > 0).sum(1)

    @property
    def classifies(self) -> bool:
        """Whether the targets are classes."""
        return self.targets is not None and not self.targets.is_floating_point()

    def take(self, rows: NDArray[Any] | Sequence[int] | Tensor) -> Data:
        """Some of the records, in the order of ``rows``."""
        index = torch.as_tensor(np.asarray(rows), device=self.letters.device)
        return replace(self, letters=self.letters[index], targets=None if self.targets is None else self.targets[index])

    def to(self, device: Any) -> Data:
        """The data on a device."""
        targets = None if self.targets is None else self.targets.to(device)
        return replace(self, letters=self.letters.to(device), targets=targets)

    def batch(self, rows: Tensor, other_strand: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """``x`` and ``mask`` of some records, no longer than the longest of them.

        Parameters
        ----------
        rows : Tensor of int, shape (batch,)
        other_strand : Tensor of bool, shape (batch,), optional
            Which of them are read from the other strand.
        """
        letters = self.letters[rows]
        longest = int((letters > 0).sum(1).max()) if len(rows) else 0
        letters = letters[:, : max(1, longest)]
        if other_strand is not None:
            letters = torch.where(other_strand[:, None], turned(letters, self.encoder.letters), letters)
        return encode(letters, self.encoder)


def _targets(values: NDArray[Any] | None) -> Tensor | None:
    if values is None:
        return None
    numbers = np.asarray(values)
    return torch.from_numpy(numbers.astype(np.int64 if numbers.dtype.kind in "iu" else np.float32))
