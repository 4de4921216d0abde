"""Named groups of descriptors: ``@dna`` stands for several specs at once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import BioautofeatWarning, ParameterError
from bioautofeat.families._registry import Spec, parse
from bioautofeat.parameters import unknown

__all__ = ["GROUPS", "check_specs", "expand"]

_WORDS = ("kmer:k=1", "kmer:k=2", "kmer:k=3", "kmer:k=4", "kmer:k=5")
_GAPPED = ("cksnap:gap=5", "kgap:before=2,gap=1,norm=frequency", "kgap:before=2,gap=2,norm=frequency")
_NUCLEIC = (*_WORDS, *_GAPPED, "ends_binary", "orf", "fickett", "shannon", "skew", "periodicity", "length")
_ILEARN_NUCLEIC = (
    "nac", "dnc", "tnc", "rckmer", "cksnap", "enac", "anf", "ncp", "eiip", "pseeiip",
    "dac", "dcc", "dacc", "tac", "tcc", "tacc",
    "psednc", "pseknc", "pcpsednc", "pcpsetnc", "scpsednc", "scpsetnc",
)  # fmt: skip
_ILEARN_PROTEIN = (
    "aac", "eaac", "cksaap", "dpc", "dde", "gaac", "egaac", "cksaagp", "gdpc", "gtpc", "ctdc", "ctdt", "ctdd",
    "ctriad", "ksctriad", "socn", "qsorder:norm=count", "paac:norm=count", "apaac:norm=count,weight=0.05",
    "aaindex", "blosum62", "zscale",
)  # fmt: skip
_FOURIER = tuple(
    f"fourier:mapping={name},naming=mathfeature"
    for name in ("binary", "zcurve", "real", "integer", "eiip", "complex", "atomic")
)

_TRINUCLEOTIDE = ("tac", "tcc", "tacc", "pcpsetnc", "scpsetnc")
_ILEARN_BOTH = ("binary", "moran", "geary", "nmbroto")
_MATHFEATURE_NUCLEIC = (
    "nac", "dnc", "tnc", "kgap:gap=1,after=2", "kgap:gap=1,after=3", "orf", "fickett", "shannon", "tsallis", *_FOURIER,
    "cgr_signal:naming=mathfeature", "psednc", "network_threshold", "network",
)  # fmt: skip
_MATHFEATURE_PROTEIN = (
    "aac", "dpc", "kgap", "shannon", "tsallis", "fourier:mapping=integer,naming=mathfeature",
    "fourier:mapping=eiip,naming=mathfeature", "network",
)  # fmt: skip

GROUPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "dna": {"dna": _NUCLEIC},
    "rna": {"rna": (*_NUCLEIC, "structure")},
    "protein": {
        "protein": (
            "aac", "cksaap:gap=3", "ctd", "ctriad:norm=frequency", "acc:properties=zscale", "ends_composition",
            "ends_binary:first=20,last=12", "window_profile", "segment_profile",
            "hydrophobic_moment:angle=100", "hydrophobic_moment:angle=160",
            "scale_means", "peptide_properties", "shannon:k=2", "length",
        )
    },
    "ilearn": {
        "dna": (*_ILEARN_NUCLEIC, *_ILEARN_BOTH),
        "rna": (*(n for n in _ILEARN_NUCLEIC if n not in _TRINUCLEOTIDE), *_ILEARN_BOTH),
        "protein": (*_ILEARN_PROTEIN, *_ILEARN_BOTH),
    },
    "mathfeature": {"dna": _MATHFEATURE_NUCLEIC, "rna": _MATHFEATURE_NUCLEIC, "protein": _MATHFEATURE_PROTEIN},
}  # fmt: skip
"""The specs of each group, by alphabet.

``@dna``, ``@rna`` and ``@protein`` are what a model should be given first; ``@ilearn`` and ``@mathfeature`` repeat those
programs' sets (descriptors that learn from labels, ``pstnpss`` and ``pstnpds``, are asked for by name).
"""


def _members(name: str, alphabet: Alphabet | None = None) -> list[Spec]:
    if name not in GROUPS:
        raise unknown("group of descriptors", name, GROUPS)
    group = GROUPS[name]
    if alphabet is None:
        return [parse(spec) for specs in group.values() for spec in specs]
    if alphabet.name not in group:
        raise ParameterError(f"@{name} is for {', '.join(group)}, not for {alphabet.name}")
    return [parse(spec) for spec in group[alphabet.name]]


def check_specs(specs: Iterable[str | Spec]) -> None:
    """Raise the error of a spec or of a group's name that needs no alphabet to be seen."""
    for spec in specs:
        if isinstance(spec, str) and spec.startswith("@"):
            _members(spec[1:])
        else:
            parse(spec)


def expand(specs: Iterable[str | Spec], alphabet: Alphabet) -> list[Spec]:
    """The specs with each ``@name`` replaced by its group, less what already stands in the list.

    Examples
    --------
    >>> from bioautofeat.alphabet import PROTEIN
    >>> [str(spec) for spec in expand(["aac", "@protein"], PROTEIN)][:3]
    ['aac', 'cksaap', 'ctd']
    """
    listed = list(specs)
    single = [parse(spec) for spec in listed if not _is_group(spec)]
    found: list[Spec] = []
    for spec in listed:
        if not _is_group(spec):
            found.append(parse(spec))
            continue
        members = [member for member in _members(str(spec)[1:], alphabet) if _available(member, str(spec))]
        found.extend(member for member in members if member not in single and member not in found)
    return found


def _available(member: Spec, group: str) -> bool:
    """Whether what a member needs is installed; a group goes without it, and says so."""
    if member.descriptor.name != "structure" or find_spec("RNA") is not None:
        return True
    message = f"{group} goes without structure: RNA folding needs ViennaRNA, pip install 'bioautofeat[structure]'"
    warnings.warn(message, BioautofeatWarning, stacklevel=4)
    return False


def _is_group(spec: str | Spec) -> bool:
    return isinstance(spec, str) and spec.startswith("@")
