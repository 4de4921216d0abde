"""The verb *reduce*, for whole peptides: mass, charge, isoelectric point, stability and other single numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import PROTEIN
from bioautofeat.errors import ParameterError
from bioautofeat.kernels import occurrence
from bioautofeat.kernels.linear import apply_matrix
from bioautofeat.parameters import unknown
from bioautofeat.properties import property_table
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, fixed
from bioautofeat.terms.charge import Charge, IsoelectricPoint, pk_set
from bioautofeat.terms.facts import Facts, Property, Vector, Weighted, letter_counts, residue_weights

__all__ = ["AtomShares", "Masses", "PeptideProperties", "property_names"]

Masses = Literal["average", "expasy", "mascot", "monoisotopic"]

WATER = {"average": 18.0153, "expasy": 18.01524, "mascot": 18.01528, "monoisotopic": 18.01056}
AMIDE = -0.9848  # OH of the C-terminus replaced by NH2
PROTON, CARBAMIDOMETHYL = 1.007276, 57.021464


@dataclass(frozen=True)
class Instability(Property):
    """Ten times the mean over residues of the weights of neighbours: above 40, unstable in the test tube."""

    def values(self, facts: Facts) -> Vector:
        pairs = np.zeros((PROTEIN.size + 1, PROTEIN.size + 1))
        table = property_table("residue-instability", PROTEIN.symbols)
        pairs[:-1, :-1] = table.columns(symbol.lower() for symbol in PROTEIN.symbols).T
        out = np.zeros(len(facts.counts))
        occurrence.pair_scores(facts.seqs.codes, facts.seqs.offsets, pairs, out)
        return 10.0 / facts.known * out


@dataclass(frozen=True)
class Terminal(Property):
    """A value of the residue at the N-terminus; 0 where the table has none.

    Parameters
    ----------
    slug : str
        Row of the table of quantities.
    """

    slug: str

    def values(self, facts: Facts) -> Vector:
        return np.append(residue_weights("residue-quantities", self.slug), 0.0)[facts.codes_at(last=False)]


@dataclass(frozen=True)
class Cystines(Property):
    """A value for each pair of cysteines, added to another property.

    Parameters
    ----------
    rest : Property
    each : float
    """

    rest: Property
    each: float

    def values(self, facts: Facts) -> Vector:
        return self.rest.values(facts) + self.each * (facts.counts[:, PROTEIN.symbols.index("C")] // 2)


@dataclass(frozen=True)
class Quotient(Property):
    """A property (or its square) divided by another one; 0 where that is 0.

    Parameters
    ----------
    dividend, divisor : Property
    squared : bool
    """

    dividend: Property
    divisor: Property
    squared: bool = False

    def values(self, facts: Facts) -> Vector:
        above, below = self.dividend.values(facts), self.divisor.values(facts)
        above = above * above if self.squared else above
        return np.divide(above, below, out=np.zeros(len(above)), where=below != 0)


@dataclass(frozen=True)
class Uversky(Property):
    """``2.785 H - |R| - 1.151`` for mean hydropathy H (0 to 1) and mean net charge R; below 0: natively unfolded.

    Parameters
    ----------
    hydropathy, net : Property
    verdict : bool
        1 for unfolded and 0 for folded in place of the distance.
    """

    hydropathy: Property
    net: Property
    verdict: bool = False

    def values(self, facts: Facts) -> Vector:
        distance = 2.785 * self.hydropathy.values(facts) - np.abs(self.net.values(facts)) - 1.151
        return (distance < 0).astype(np.float64) if self.verdict else distance


@dataclass(frozen=True)
class Magnitude(Property):
    """The absolute value of a property.

    Parameters
    ----------
    of : Property
    """

    of: Property

    def values(self, facts: Facts) -> Vector:
        return np.abs(self.of.values(facts))


def _index(slug: str) -> Property:
    return Weighted(residue_weights("residue-indices", slug), mean=True)


def _mass(masses: str, amide: bool = False) -> Property:
    return Weighted(residue_weights("residue-quantities", f"mass.{masses}"), constant=WATER[masses] + AMIDE * amide)


def _mz() -> Property:
    """Mass over charge of the doubly protonated peptide with carbamidomethylated cysteines."""
    cysteine = CARBAMIDOMETHYL * (np.array(PROTEIN.symbols) == "C")
    whole = residue_weights("residue-quantities", "mass.monoisotopic") + cysteine
    return Weighted(whole / 2, constant=(WATER["monoisotopic"] + 2 * PROTON) / 2)


def _special(pk: str, ph: float, masses: Masses, amide: bool) -> dict[str, Property]:
    """All properties that are not the mean of an index."""
    net, extinction = Charge(pk, ph, "net", amide), Weighted(residue_weights("residue-quantities", "extinction"))
    uversky = (_index("hydropathy01"), _index("ncpr"))
    return {
        "length": Weighted(np.ones(PROTEIN.size)),
        "molecular-weight": _mass(masses, amide),
        "charge": net,
        "charge-positive": Charge(pk, ph, "bases", amide),
        "charge-negative": Charge(pk, ph, "acids", amide),
        "charge-density": Quotient(net, _mass(masses, amide)),
        "isoelectric-point": IsoelectricPoint(pk, amide),
        "instability": Instability(),
        "extinction-reduced": extinction,
        "extinction-oxidised": Cystines(extinction, 125.0),
        "half-life-mammal": Terminal("half-life.mammal"),
        "half-life-yeast": Terminal("half-life.yeast"),
        "half-life-ecoli": Terminal("half-life.ecoli"),
        "mass-shift": Weighted(residue_weights("residue-quantities", "shift.silac-13c")),
        "mz": _mz(),
        "charge-asymmetry": Quotient(_index("ncpr"), _index("charged"), squared=True),
        "net-charge-magnitude": Magnitude(_index("ncpr")),
        "uversky-distance": Uversky(*uversky),
        "uversky-unfolded": Uversky(*uversky, verdict=True),
    }


def property_names() -> tuple[str, ...]:
    """The properties that :class:`PeptideProperties` knows."""
    indices = property_table("residue-indices", PROTEIN.symbols).slugs
    return (*_special("bjellqvist", 7.0, "average", False), *indices)


@dataclass(frozen=True, eq=False)
class PeptideProperties(Term):
    """Single numbers of whole peptides.

    Parameters
    ----------
    slugs : tuple of str
        Of :func:`property_names`.
    pk : str
        Set of pK values, of :func:`pk_names`.
    ph : float
    masses : {"average", "expasy", "mascot", "monoisotopic"}
    amide : bool
        Whether the C-terminus is amidated.

    Notes
    -----
    Unknown residues are left out of everything; a record without known ones is zeros.
    """

    slugs: tuple[str, ...]
    pk: str = "bjellqvist"
    ph: float = 7.0
    masses: Masses = "average"
    amide: bool = False

    def __post_init__(self) -> None:
        if len(set(self.slugs)) != len(self.slugs):
            raise ParameterError("a property of peptides is given twice")
        pk_set(self.pk)
        _ = self.properties  # an unknown name shows before any data are read

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """What computes each column."""
        special = _special(self.pk, self.ph, self.masses, self.amide)
        indices = property_table("residue-indices", PROTEIN.symbols).slugs
        for slug in self.slugs:
            if slug not in special and slug not in indices:
                raise unknown("property of peptides", slug, [*special, *indices])
        return tuple(special[slug] if slug in special else _index(slug) for slug in self.slugs)

    @property
    def width(self) -> int:
        return len(self.slugs)

    def names(self) -> list[str]:
        return list(self.slugs)

    @cached_property
    def _linear(self) -> tuple[list[int], Vector, Vector, NDArray[np.bool_]]:
        """Columns of weighted sums, so that all are computed at once: places, matrix, constants, which are means."""
        columns = [c for c, entry in enumerate(self.properties) if isinstance(entry, Weighted)]
        chosen = [entry for entry in self.properties if isinstance(entry, Weighted)]
        matrix = np.array([entry.weights for entry in chosen]).reshape(len(chosen), PROTEIN.size).T
        constants = np.array([entry.constant for entry in chosen])
        return columns, fixed(matrix), constants, np.array([entry.mean for entry in chosen], np.bool_)

    def fill(self, seqs: Sequences, out: Vector) -> None:
        counts = letter_counts(seqs)
        known = counts.sum(axis=1)  # whole numbers: exact in any order
        facts = Facts(seqs, counts, np.maximum(known, 1.0))
        columns, matrix, constants, means = self._linear
        sums = np.zeros((len(seqs), len(columns)))
        apply_matrix(counts, matrix, sums)
        out[:, columns] = np.where(means, sums / facts.known[:, None], sums) + constants
        for column, entry in enumerate(self.properties):
            if column not in columns:
                out[:, column] = entry.values(facts)
        out[known == 0] = 0.0


@dataclass(frozen=True)
class AtomShares(Term):
    """Carbon, hydrogen, nitrogen, oxygen and sulphur of a peptide.

    Parameters
    ----------
    free : bool
        Atoms of the free amino acids; else of the chain, a water less for each bond.
    norm : {"percent", "frequency", "count"}
    """

    free: bool = False
    norm: Literal["percent", "frequency", "count"] = "percent"

    @property
    def width(self) -> int:
        return 5

    def names(self) -> list[str]:
        return list("CHNOS")

    def fill(self, seqs: Sequences, out: Vector) -> None:
        counts = letter_counts(seqs)
        matrix = np.array([residue_weights("residue-quantities", f"atoms.{atom.lower()}") for atom in "CHNOS"]).T
        apply_matrix(counts, fixed(matrix), out)
        if not self.free:
            bonds = np.maximum(counts.sum(axis=1) - 1.0, 0.0)
            out[:, 1] -= 2.0 * bonds
            out[:, 3] -= bonds
        if self.norm != "count":
            total = out.sum(axis=1, keepdims=True)  # whole numbers: exact in any order
            out *= 100.0 if self.norm == "percent" else 1.0
            np.divide(out, total, out=out, where=total > 0)
