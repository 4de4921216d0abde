"""Secondary structure of RNA: energies from ViennaRNA, and what the most stable structure is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term

__all__ = ["Structure", "describe_structure", "folding_seconds", "loops_of"]

LETTERS = "ACGU"
ENERGIES = (
    "mfe", "mfe.letter", "mfe.gc", "ensemble", "ensemble.letter", "ensemble.mfe", "frequency", "diversity",
    "diversity.letter",
)  # fmt: skip
SHAPES = (
    "pairs.letter", "pairs.AU", "pairs.CG", "pairs.GU", "stems", "stems.letter", "stem.mean", "stem.longest",
    "hairpins", "bulges", "interiors", "multiloops", "hairpin.longest", "letters.hairpin", "letters.bulge",
    "letters.interior", "letters.multiloop", "letters.exterior",
)  # fmt: skip
TRIPLETS = tuple(f"triplet.{x}{a}{b}{c}" for x in LETTERS for a in "PU" for b in "PU" for c in "PU")
STATES = tuple(f"{state}.{x}" for state in ("paired", "unpaired") for x in LETTERS)
NAMES = (*ENERGIES, *SHAPES, *TRIPLETS, *STATES)
"""Names of the columns: 9 energies, 18 shapes, 32 triplets of states (P paired, U not), 8 letters by state."""


def partners(structure: str) -> list[int]:
    """Partner of each place of a dot-bracket structure, -1 where it has none."""
    found = [-1] * len(structure)
    opened: list[int] = []
    for place, mark in enumerate(structure):
        if mark == "(":
            opened.append(place)
        elif mark == ")":
            start = opened.pop()
            found[start], found[place] = place, start
    return found


def loops_of(structure: str) -> Iterator[tuple[str, int]]:
    """Each loop of a structure with its number of unpaired letters.

    A pair closes a ``hairpin`` (no pair inside), a ``stack`` (the next pair lies against it), a ``bulge`` (letters on
    one side), an ``interior`` loop (letters on both sides) or a ``multiloop``; the ``exterior`` one lies outside all.
    """
    partner = partners(structure)
    for opening, closing in [(-1, len(structure)), *((i, j) for i, j in enumerate(partner) if j > i)]:
        place, branches, unpaired, before = opening + 1, 0, 0, 0
        while place < closing:
            if partner[place] > place:
                before = unpaired if branches == 0 else before
                branches, place = branches + 1, partner[place] + 1
            else:
                unpaired, place = unpaired + 1, place + 1
        if opening < 0:
            kind = "exterior"
        elif branches != 1:
            kind = "hairpin" if branches == 0 else "multiloop"
        elif unpaired == 0:
            kind = "stack"
        else:
            kind = "interior" if 0 < before < unpaired else "bulge"
        yield kind, unpaired


def _stems(structure: str) -> list[int]:
    """Length of each run of stacked pairs."""
    partner = partners(structure)
    stems: list[int] = []
    for place, other in enumerate(partner):
        if other > place:
            if stems and place > 0 and partner[place - 1] == other + 1:
                stems[-1] += 1
            else:
                stems.append(1)
    return stems


def _shapes(letters: str, structure: str) -> list[float]:
    n, partner = len(letters), partners(structure)
    pairs = ["".join(sorted(letters[i] + letters[j])) for i, j in enumerate(partner) if j > i]
    kinds, total = Counter(pairs), max(1, len(pairs))
    stems, loops = _stems(structure), list(loops_of(structure))
    number = Counter(kind for kind, _ in loops)
    unpaired = {kind: sum(size for k, size in loops if k == kind) for kind in number}
    hairpins = [size for kind, size in loops if kind == "hairpin"]
    return [
        len(pairs) / n, *(kinds[kind] / total for kind in ("AU", "CG", "GU")),
        len(stems), len(stems) / n, sum(stems) / max(1, len(stems)), max(stems, default=0),
        *(number[kind] for kind in ("hairpin", "bulge", "interior", "multiloop")), max(hairpins, default=0),
        *(unpaired.get(kind, 0) / n for kind in ("hairpin", "bulge", "interior", "multiloop", "exterior")),
    ]  # fmt: skip


def describe_structure(letters: str, structure: str) -> list[float]:
    """What a structure is made of: shapes, triplets of states and letters by state, as in :data:`NAMES`.

    Parameters
    ----------
    letters : str
        ``ACGU``, anything else unknown; at least one.
    structure : str
        Dots and brackets, as long.

    Notes
    -----
    Triplets (Xue et al. 2005): for each letter but the first and the last, the letter and whether it and its two
    neighbours are paired, as shares of all such places with a known letter.  Letters by state are shares of the paired
    and of the unpaired known letters.
    """
    states = ["U" if mark == "." else "P" for mark in structure]
    triplets = Counter(
        f"triplet.{x}{''.join(states[i : i + 3])}" for i, x in enumerate(letters[1:-1]) if x in LETTERS
    )  # fmt: skip
    by_state = Counter((state, x) for state, x in zip(states, letters, strict=True) if x in LETTERS)
    total = max(1, sum(triplets.values()))
    shares = []
    for state in "PU":
        counts = [by_state[state, x] for x in LETTERS]
        shares += [count / max(1, sum(counts)) for count in counts]
    return [*_shapes(letters, structure), *(triplets[name] / total for name in TRIPLETS), *shares]


def _library() -> Any:
    """ViennaRNA's module, imported when it is first needed."""
    spec = find_spec("RNA")
    if spec is None or spec.origin is None:  # a folder that happens to be called RNA is no library
        raise ParameterError(
            "structure needs ViennaRNA, which is not installed: pip install bioautofeat[structure], or leave it out"
        )
    return import_module("RNA")


WINDOW, WINDOWS = 300, 3
"""Letters that are folded at once, and the most windows of a record."""


def folding_seconds(lengths: NDArray[Any]) -> NDArray[np.float64]:
    """About how long one thread folds records of these lengths, windows and ensembles as they are by default (measured)."""
    windows = np.clip(np.ceil(np.asarray(lengths, np.float64) / WINDOW), 1, WINDOWS)
    folded = np.minimum(lengths, WINDOW).astype(np.float64)
    return np.asarray(windows * (1.2e-8 * folded**3 + 2e-5 * folded))


@dataclass(frozen=True)
class Structure(Term):
    """Energies and shape of the most stable secondary structure; of a long record, means over windows.

    Parameters
    ----------
    window : int
        Letters that are folded at once: the cost grows with the cube of it.
    windows : int
        At most so many windows of a longer record are folded, evenly spread from its first letter to its last;
        what lies between them is not seen.
    ensemble : bool
        Compute the energies of the ensemble too (twice the time); 0 without.
    """

    window: int = WINDOW
    windows: int = WINDOWS
    ensemble: bool = True
    holds_lock = True

    def __post_init__(self) -> None:
        _library()

    @property
    def width(self) -> int:
        return len(NAMES)

    def names(self) -> list[str]:
        return list(NAMES)

    def _parts(self, letters: str) -> list[str]:
        """What is folded of a record."""
        spare = len(letters) - self.window
        if spare <= 0:
            return [letters] if letters else []
        n = min(self.windows, -(-len(letters) // self.window))
        starts = [spare * i // (n - 1) for i in range(n)] if n > 1 else [spare // 2]
        return [letters[start : start + self.window] for start in starts]

    def _energies(self, library: Any, letters: str) -> tuple[list[float], str]:
        compound = library.fold_compound(letters)
        structure, lowest = compound.mfe()
        n, gc = len(letters), (letters.count("G") + letters.count("C")) / len(letters)
        found = [lowest, lowest / n, lowest / n / gc if gc > 0 else 0.0]
        if not self.ensemble:
            return found + [0.0] * 6, structure
        compound.exp_params_rescale(lowest)
        _, energy = compound.pf()
        diversity = compound.mean_bp_distance()
        frequency = compound.pr_structure(structure)
        return [*found, energy, energy / n, energy - lowest, frequency, diversity, diversity / n], structure

    def fill(self, seqs: Sequences, out: NDArray[np.float64]) -> None:
        library = _library()
        for row, record in enumerate(seqs):
            parts = self._parts(record.replace("?", "N"))
            for letters in parts:
                energies, structure = self._energies(library, letters)
                out[row] += [*energies, *describe_structure(letters, structure)]
            out[row] /= max(1, len(parts))
        out += 0.0  # ViennaRNA writes -0.0 for an open chain
