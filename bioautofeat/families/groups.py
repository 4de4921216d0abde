"""Named groups of descriptors: ``@dna`` stands for several specs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import Spec, parse
from bioautofeat.parameters import unknown

__all__ = ["GROUPS", "check_specs", "expand"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "dna": ("kmer:k=1", "kmer:k=2", "kmer:k=3", "kmer:k=4"),
    "rna": ("kmer:k=1", "kmer:k=2", "kmer:k=3", "kmer:k=4"),
    "protein": ("kmer:k=1", "kmer:k=2"),
    "ilearn": ("kmer:k=1", "kmer:k=2"),
    "mathfeature": ("kmer:k=1", "kmer:k=2"),
}
"""The specs of each group; those without a meaning in an alphabet are left out there."""


def _members(name: str) -> list[Spec]:
    if name not in GROUPS:
        raise unknown("group of descriptors", name, GROUPS)
    return [parse(spec) for spec in GROUPS[name]]


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
    >>> [str(spec) for spec in expand(["kmer:k=2", "@protein"], PROTEIN)]
    ['kmer:k=2', 'kmer:k=1']
    """
    listed = list(specs)
    single = [parse(spec) for spec in listed if not _is_group(spec)]
    found: list[Spec] = []
    for spec in listed:
        if not _is_group(spec):
            found.append(parse(spec))
            continue
        members = [member for member in _members(str(spec)[1:]) if alphabet in member.descriptor.alphabets]
        if not members:
            raise ParameterError(f"no descriptor of {spec} is for {alphabet.name}")
        found.extend(member for member in members if member not in single and member not in found)
    return found


def _is_group(spec: str | Spec) -> bool:
    return isinstance(spec, str) and spec.startswith("@")
