"""A batch of encoded sequences of any lengths: the one form that everything else works on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import ILLEGAL, Alphabet, Grouping, get_alphabet
from bioautofeat.errors import AlphabetError, ParameterError

__all__ = ["Sequences"]

Rows = NDArray[Any] | Sequence[int]
"""Row numbers, or a mask."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """An immutable ragged batch of sequences over one alphabet.

    Parameters
    ----------
    codes : ndarray of uint8, shape (letters,), read-only
        Every symbol of every sequence; ``alphabet.size`` is an unknown letter.
    offsets : ndarray of int64, shape (n + 1,), read-only
        Sequence ``i`` is ``codes[offsets[i]:offsets[i + 1]]``.
    ids : tuple of str, length n
        Identifiers, unchanged.
    alphabet : Alphabet

    Examples
    --------
    >>> seqs = Sequences.from_strings(["ACGT", "GGN"], "dna")
    >>> len(seqs), seqs.lengths.tolist(), list(seqs)
    (2, [4, 3], ['ACGT', 'GG?'])
    >>> list(seqs[1:].reverse_complement())
    ['?CC']
    """

    codes: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: tuple[str, ...]
    alphabet: Alphabet

    def __post_init__(self) -> None:
        if len(self.offsets) != len(self.ids) + 1:
            raise ParameterError(f"{len(self.ids)} ids and {len(self.offsets)} offsets do not go together")
        for name, kind in (("codes", np.uint8), ("offsets", np.int64)):
            array = np.ascontiguousarray(getattr(self, name), kind)
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @classmethod
    def from_strings(
        cls,
        strings: Iterable[str],
        alphabet: str | Alphabet,
        ids: Sequence[str] | None = None,
    ) -> Sequences:
        """Encode strings; lower case counts as upper case, ambiguity codes are unknown, all else is refused.

        Raises
        ------
        AlphabetError
            For a letter that the alphabet does not know, with its record and position.
        """
        alphabet = get_alphabet(alphabet)
        texts = list(strings)
        names = tuple(ids) if ids is not None else tuple(f"s{i + 1}" for i in range(len(texts)))
        offsets = np.zeros(len(texts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=offsets[1:])
        # a letter beyond ASCII becomes a question mark, which no alphabet has
        letters = "".join(texts).encode("ascii", "replace").translate(alphabet.codes_of_bytes.tobytes())
        bad = letters.find(ILLEGAL)
        if bad >= 0:
            record = int(np.searchsorted(offsets, bad, side="right")) - 1
            place = bad - int(offsets[record])
            raise AlphabetError(
                f"record {names[record]!r}, position {place + 1}: {texts[record][place]!r} is not a letter of {alphabet.name}"
            )
        codes = np.frombuffer(letters, np.uint8)
        return cls(codes, offsets, names, alphabet)

    @classmethod
    def concatenate(cls, batches: Sequence[Sequences]) -> Sequences:
        """Join batches over one alphabet, in order."""
        starts = np.cumsum([0] + [batch.n_letters for batch in batches])
        offsets = [batch.offsets[1:] - batch.offsets[0] + start for batch, start in zip(batches, starts, strict=False)]
        codes = [batch.codes[batch.offsets[0] : batch.offsets[-1]] for batch in batches]
        ids = tuple(name for batch in batches for name in batch.ids)
        return cls(
            np.concatenate(codes),
            np.concatenate([np.zeros(1, np.int64), *offsets]),
            ids,
            batches[0].alphabet,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with its own letters alone, and read-only again afterwards."""
        codes = self.codes[self.offsets[0] : self.offsets[-1]]
        return Sequences, (codes, self.offsets - self.offsets[0], self.ids, self.alphabet)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of letters of each sequence, shape ``(n,)``."""
        return np.diff(self.offsets)

    @property
    def n_letters(self) -> int:
        """Number of letters of the whole batch."""
        return int(self.offsets[-1] - self.offsets[0])

    @property
    def shape(self) -> tuple[int]:
        """Number of sequences, as arrays say it; scikit-learn then picks rows as it does of an array."""
        return (len(self.ids),)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice | Rows) -> Sequences: ...
    def __getitem__(self, index: int | slice | Rows) -> str | Sequences:
        """One sequence as text; the batch of a slice, of row numbers or of a mask."""
        if isinstance(index, tuple) and len(index) == 2 and index[1] is Ellipsis:  # type: ignore[comparison-overlap]
            index = index[0]
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return self.take(np.arange(start, stop, step))
            stop = max(start, stop)
            return Sequences(
                self.codes,
                self.offsets[start : stop + 1],
                self.ids[start:stop],
                self.alphabet,
            )
        if not isinstance(index, (int, np.integer)):
            rows = np.asarray(index)
            if rows.dtype == bool and rows.shape != self.shape:
                raise IndexError(f"a mask of shape {rows.shape} for {len(self)} sequences")
            return self.take(rows)
        index = range(len(self))[index]
        letters = (*self.alphabet.symbols, "?")
        return "".join([letters[c] for c in self.codes[self.offsets[index] : self.offsets[index + 1]].tolist()])

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | Sequence[int]) -> Sequences:
        """The sequences of these rows (indices or a mask), in that order."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
        lengths = self.lengths[chosen]
        offsets = np.zeros(len(chosen) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        where = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], lengths)
        return Sequences(
            self.codes[where],
            offsets,
            tuple(self.ids[i] for i in chosen.tolist()),
            self.alphabet,
        )

    def recoded(self, table: NDArray[np.uint8], alphabet: Alphabet) -> Sequences:
        """Each code replaced by its entry in a table of ``size + 1`` codes of another alphabet."""
        codes = table[self.codes[self.offsets[0] : self.offsets[-1]]]
        return Sequences(codes, self.offsets - self.offsets[0], self.ids, alphabet)

    def regrouped(self, grouping: Grouping) -> Sequences:
        """The same sequences in the coarser alphabet of a grouping."""
        return self.recoded(grouping.codes, grouping.alphabet)

    def reverse_complement(self) -> Sequences:
        """The other strand of each sequence, read 5' to 3'."""
        codes = self.alphabet.complement_codes[self.codes[self.offsets[0] : self.offsets[-1]]][::-1]
        turned = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths[::-1])])
        backwards = Sequences(codes, turned, self.ids[::-1], self.alphabet)
        return backwards.take(np.arange(len(self) - 1, -1, -1))
