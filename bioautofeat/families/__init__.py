"""The descriptors, one module a family; importing this package fills the registry."""

from bioautofeat.families import (
    chaos,
    coding,
    codon,
    complexity,
    composition,
    correlation,
    ctd,
    ends,
    entropy,
    external,
    fourier,
    gapped,
    mapping,
    mismatch,
    network,
    peptide,
    physical,
    physicochemical,
    positional,
    profiles,
    pseudo,
    reduced,
    residue,
    scales,
    similarity,
    structure,
    supervised,
    windowed,
    zcurve,
)
from bioautofeat.families._registry import Descriptor, Spec, descriptor, find, get, parse

__all__ = ["FAMILIES", "Descriptor", "Spec", "descriptor", "find", "get", "parse"]

FAMILIES = (
    composition, gapped, windowed, zcurve, entropy, chaos, positional, mapping, fourier, coding, codon, network,
    correlation, pseudo, physicochemical, ctd, reduced, residue, scales, peptide, profiles, complexity, ends, supervised,
    similarity, mismatch, structure, physical, external,
)  # fmt: skip
"""Every family; a new one is added here."""
