"""Charges of peptides: at a pH, where they vanish, and how they are arranged along the chain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from bioautofeat.alphabet import PROTEIN
from bioautofeat.kernels import charges
from bioautofeat.parameters import unknown
from bioautofeat.properties import property_table
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term
from bioautofeat.terms.facts import Facts, Property, Vector, residue_weights

__all__ = ["Charge", "ChargeDecoration", "ChargeSegregation", "IsoelectricPoint", "pk_set", "pk_sets"]

BASES, ACIDS = ("K", "R", "H", "NTER"), ("D", "E", "C", "Y", "CTER")


@dataclass(frozen=True)
class Charge(Property):
    """Charge of the ionisable groups at a pH: net, or of the bases or acids alone (both positive).

    Parameters
    ----------
    pk : str
        Name of a set of pK values.
    ph : float
    part : {"net", "bases", "acids"}
    amide : bool
        The C-terminus carries no charge.
    """

    pk: str
    ph: float
    part: Literal["net", "bases", "acids"] = "net"
    amide: bool = False

    def values(self, facts: Facts) -> Vector:
        counts, pks = ionisable_groups(facts, self.pk, self.amide)
        total = np.zeros(len(counts))
        for group in range(counts.shape[1]):
            base = group < len(BASES)
            if self.part == "net" or base == (self.part == "bases"):
                sign = 1.0 if base else -1.0
                share = counts[:, group] / (1.0 + 10.0 ** (sign * (self.ph - pks[:, group])))
                total += sign * share if self.part == "net" else share
        return total


@dataclass(frozen=True)
class IsoelectricPoint(Property):
    """The pH, from 0 to 14, at which the net charge is 0.

    Parameters
    ----------
    pk : str
    amide : bool
    """

    pk: str
    amide: bool = False

    def values(self, facts: Facts) -> Vector:
        out = np.zeros(len(facts.counts))
        charges.isoelectric_points(*ionisable_groups(facts, self.pk, self.amide), len(BASES), out)
        return out


@lru_cache(maxsize=32)
def pk_set(name: str) -> tuple[Vector, tuple[Vector, Vector]]:
    """The pK of each group (NaN: it does not count) and those of the two termini by residue."""
    table = property_table("residue-pk", BASES + ACIDS)
    if name not in table.slugs:
        raise unknown("set of pK values", name, table.slugs)
    pks = table.values[:, table.slugs.index(name)]
    ends = property_table("residue-pk-ends", PROTEIN.symbols)
    found = []
    for end, group in (("nter", "NTER"), ("cter", "CTER")):
        usual = pks[(BASES + ACIDS).index(group)]
        slug = f"{name}.{end}"
        special = ends.values[:, ends.slugs.index(slug)] if slug in ends.slugs else np.full(PROTEIN.size, np.nan)
        found.append(np.append(np.where(np.isnan(special), usual, special), usual))
    return pks, (found[0], found[1])


def pk_sets() -> tuple[str, ...]:
    """The sets of pK values that the package knows."""
    return property_table("residue-pk", BASES + ACIDS).slugs


def ionisable_groups(facts: Facts, pk: str, amide: bool = False) -> tuple[Vector, Vector]:
    """How often each ionisable group occurs in each record, bases first, and its pK there; both ``(n, 9)``."""
    values, ends = pk_set(pk)
    counts = np.ones((len(facts.counts), len(BASES + ACIDS)))
    for group, name in enumerate(BASES + ACIDS):
        if name in PROTEIN.symbols:
            counts[:, group] = facts.counts[:, PROTEIN.symbols.index(name)]
    pks = np.tile(values, (len(counts), 1))
    for last, terminus in ((False, "NTER"), (True, "CTER")):
        pks[:, (BASES + ACIDS).index(terminus)] = ends[last][facts.codes_at(last)]
    counts[:, np.isnan(values)] = 0.0
    counts[:, -1] *= not amide
    return counts, np.nan_to_num(pks, nan=7.0)


def _signs() -> Vector:
    """1 for K and R, -1 for D and E, 0 for all other codes."""
    return np.append(residue_weights("residue-indices", "ncpr"), 0.0)


@dataclass(frozen=True)
class ChargeSegregation(Term):
    """How far charges of the two signs stand apart along the chain, by windows (kappa).

    Parameters
    ----------
    windows : tuple of int
        Letters in a window; the whole record where that is shorter.
    """

    windows: tuple[int, ...] = (5, 6)

    @property
    def width(self) -> int:
        return 1 + len(self.windows)

    def names(self) -> list[str]:
        return ["mean", *(f"w{window}" for window in self.windows)]

    def fill(self, seqs: Sequences, out: Vector) -> None:
        total = np.zeros(len(seqs))
        for column, window in enumerate(self.windows):
            found = np.zeros(len(seqs))
            charges.charge_segregation(seqs.codes, seqs.offsets, _signs(), window, found)
            out[:, 1 + column] = found
            total += found
        out[:, 0] = total / len(self.windows)


@dataclass(frozen=True)
class ChargeDecoration(Term):
    """``sum over pairs of charges of q q' sqrt(distance)``, divided by the length (SCD)."""

    @property
    def width(self) -> int:
        return 1

    def names(self) -> list[str]:
        return ["scd"]

    def fill(self, seqs: Sequences, out: Vector) -> None:
        found = np.zeros(len(seqs))
        charges.charge_decoration(seqs.codes, seqs.offsets, _signs(), found)
        out[:, 0] = found
