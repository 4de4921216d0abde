"""Composition, transition and distribution of residue classes."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import PROTEIN, Alphabet, Grouping
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Names
from bioautofeat.properties import grouping, groupings
from bioautofeat.terms.base import Term
from bioautofeat.terms.occurrence import ClassNeighbours, ClassPlaces, ClassProfiles, class_composition, grouping_labels

Groupings = Names("groupings of residues (CTD's own without ctd.), ilearn (13), propy or protpy (7), or CSV files")

SEVEN = {
    "propy": (
        "polarizability", "solventaccess", "secondarystruct", "charge", "polarity", "normwaalsvolume",
        "hydrophobicity-pram900101",
    ),
    "protpy": (
        "hydrophobicity-pram900101", "normwaalsvolume", "polarity", "charge", "secondarystruct", "solventaccess",
        "polarizability",
    ),
}  # fmt: skip
"""The seven properties of Dubchak et al. in the orders of two peers."""


def _groupings(names: tuple[str, ...], alphabet: Alphabet) -> tuple[Grouping, ...]:
    """The groupings that names stand for; each must have its own columns."""
    sets = SEVEN | {"ilearn": tuple(name for name in groupings() if name.startswith("ctd."))}
    slugs = [slug for name in names for slug in sets.get(name, (name,))]
    found = tuple(grouping(f"ctd.{slug}" if f"ctd.{slug}" in groupings() else slug, alphabet) for slug in slugs)
    labels = grouping_labels(found)
    if len(set(labels)) != len(labels):
        raise ParameterError(f"a grouping is given twice: {', '.join(labels)}")
    return found


@descriptor(
    "Composition of residue classes (CTD)",
    alphabets={PROTEIN},
    reference="Dubchak et al. 1995, PNAS 92:8700",
    columns="m for each grouping (m classes)",
    peers="iLearn iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="PyBioMed's polarity groups overlap and its volume groups lack C",
    aliases="CTDC",
)
def ctdc(alphabet: Alphabet, groupings: Annotated[tuple[str, ...], Groupings] = ("ilearn",)) -> Term:
    """Share of each class of residues in each grouping."""
    return class_composition(_groupings(groupings, alphabet))


@descriptor(
    "Transitions between residue classes (CTD)",
    alphabets={PROTEIN},
    reference="Dubchak et al. 1995, PNAS 92:8700",
    columns="m (m - 1) / 2 for each grouping (m classes)",
    peers="iLearn iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="PyBioMed's polarity groups overlap and its volume groups lack C",
    aliases="CTDT",
)
def ctdt(alphabet: Alphabet, groupings: Annotated[tuple[str, ...], Groupings] = ("ilearn",)) -> Term:
    """Share of neighbouring residues that are of two given classes, in either order."""
    return ClassNeighbours(_groupings(groupings, alphabet))


@descriptor(
    "Distribution of residue classes (CTD)",
    alphabets={PROTEIN},
    reference="Dubchak et al. 1995, PNAS 92:8700",
    columns="5 m for each grouping (m classes)",
    peers="iLearn iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="propy3, PyBioMed and protpy give the last residue of a class of 2 or 3 as its first quarter "
    "(charge differs by up to 46 percent of the length)",
    aliases="CTDD",
)
def ctdd(alphabet: Alphabet, groupings: Annotated[tuple[str, ...], Groupings] = ("ilearn",)) -> Term:
    """Place, in percent of the length, of the first, quarter, half, three-quarter and last member of each class."""
    return ClassPlaces(_groupings(groupings, alphabet))


@descriptor(
    "Composition, transition and distribution of residue classes",
    alphabets={PROTEIN},
    reference="Dubchak et al. 1995, PNAS 92:8700",
    columns="m + m (m - 1) / 2 + 5 m for each grouping (m classes)",
    peers="propy3 PyBioMed protpy",
    differs="propy3, PyBioMed and protpy give the last residue of a class of 2 or 3 as its first quarter "
    "(charge differs by up to 46 percent of the length)",
    aliases="CTD",
)
def ctd(alphabet: Alphabet, groupings: Annotated[tuple[str, ...], Groupings] = ("ilearn",)) -> Term:
    """The columns of ``ctdc``, ``ctdt`` and ``ctdd``, in this order."""
    return ClassProfiles(_groupings(groupings, alphabet))
