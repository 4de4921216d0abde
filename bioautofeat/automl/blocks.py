"""Sets of descriptors that suit an alphabet and the lengths of the records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec

import numpy as np

from bioautofeat.alphabet import NUCLEIC, RNA, Alphabet
from bioautofeat.automl.problem import TABLE_SPEC, TableSource
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import Extractor
from bioautofeat.families import parse
from bioautofeat.families.groups import expand
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

__all__ = ["Blocks", "alignable", "aligned", "available", "choose_blocks"]

Blocks = dict[str, tuple[str, ...]]
"""Specs by name of the set.  ``small`` and ``broad`` are always there."""

LONGEST_ALIGNED = 400
"""Records of one length, at most this long, are described position by position."""

MOST_LETTER_PAIRS = 1e9
"""Records are compared with each other by alignment up to this many pairs of letters."""

MOST_STRINGS = 2_500
"""Each record is compared with so many others by the string kernels."""

LONGEST_FOLDED = 300


def choose_blocks(
    source: Sequences | TableSource,
    given: Sequence[str] = (),
    supervised: bool = True,
    extra: TableSource | None = None,
) -> Blocks:
    """Sets of descriptors for training records.

    Parameters
    ----------
    source : Sequences or TableSource
    given : sequence of str
        Specs (or ``@groups``) to which the user restricts the search.
    supervised : bool
        Whether labels may be learnt from by descriptors.

    Returns
    -------
    dict of str to tuple of str
        ``small``: few columns, first; ``lean``: some hundred, for many records; ``broad``: what the first models see; ``rich``: that and all that suits;
        further ones by themselves.  Sets that would equal another are left out.
    """
    if isinstance(source, TableSource):
        return {"small": (TABLE_SPEC,), "broad": (TABLE_SPEC,)}
    if extra is not None:
        described = choose_blocks(source, given, supervised)
        joined = {
            name: (*specs, TABLE_SPEC) if name in ("small", "lean", "broad", "rich") else specs
            for name, specs in described.items()
        }
        return joined | {"given": (TABLE_SPEC,)}
    if given:
        specs = tuple(str(spec) for spec in expand(given, source.alphabet))
        _check_widths(specs, source)
        return {"small": specs, "broad": specs}
    nucleic = source.alphabet in NUCLEIC
    blocks = _nucleic(source, supervised) if nucleic else _protein(source, supervised)
    known = {name: available(specs, source.alphabet) for name, specs in blocks.items()}
    found: Blocks = {}
    for name, specs in known.items():
        if specs and (name in ("small", "broad") or specs not in found.values()):
            found[name] = specs
    return found


def _check_widths(specs: Iterable[str], seqs: Sequences) -> None:
    """Refuse descriptors too wide for the dense tables that models are fitted on."""
    for spec in specs:
        extractor = Extractor.of([spec], seqs.alphabet)
        if not extractor.needs - {"length"}:
            longest = Training(max(1, int(seqs.lengths.max(initial=1))))
            extractor.fit(longest).check_width(len(seqs), None, sparse=False)


def available(specs: Iterable[str], alphabet: Alphabet) -> tuple[str, ...]:
    """The specs that this installation knows for the alphabet, each once and as it is written without defaults."""
    found = []
    for text in specs:
        try:
            spec = parse(text)
            spec.term(alphabet)
        except ParameterError:
            continue
        if str(spec) not in found:
            found.append(str(spec))
    return tuple(found)


def aligned(seqs: Sequences) -> bool:
    """Whether all records have one length, short enough to describe every position."""
    lengths = seqs.lengths
    return bool(len(lengths) and lengths.min() == lengths.max() <= LONGEST_ALIGNED)


def _nucleic(seqs: Sequences, supervised: bool) -> Blocks:
    small = ("kmer:k=1", "kmer:k=2", "kmer:k=3", "length")
    words = ("kmer:k=4,upto=true", "kmer:k=5", "cksnap:gap=5", "kgap:before=2,gap=3,after=1,upto=true,norm=frequency")
    general = ("length", "orf", "gc_content", "skew", "fickett", "zcurve:bits=9")
    length = float(np.median(seqs.lengths))
    if aligned(seqs):
        place: tuple[str, ...] = ("binary", "ps:k=2")
        extra: tuple[str, ...] = (
            ("windowed_kmer:k=3,size=15,step=5",) if length <= 120 else ("windowed_kmer:k=2,size=20,step=10",)
        )
        learnt: tuple[str, ...] = ("pslogodds", "pslogodds:k=2") if supervised else ()
    else:
        place = ("ends_binary:first=30,last=30",)
        extra = ("ends_composition:size=30+60,k=2", "dacc", "shannon")
        learnt = ("neighbours",) if supervised and len(seqs) <= 4000 else ()
    if length >= 150:
        extra = (*extra, "codon_usage", "fourier", *(("hexamer",) if supervised else ()))
    lean = ("kmer:k=3,upto=true", "binary") if aligned(seqs) else ("kmer:k=4,upto=true", *general)
    folded = seqs.alphabet == RNA and find_spec("RNA") is not None and length <= LONGEST_FOLDED
    structure = ("structure",) if folded else ()
    broad = (*words, *place, *general)
    return {
        "small": small,
        "lean": (*lean, *learnt),
        "broad": broad,
        "rich": (*broad, *structure, *extra, *learnt),
        "structure": structure,
        "position": (*place, *extra, *learnt) if aligned(seqs) else (),
    }


def _protein(seqs: Sequences, supervised: bool) -> Blocks:
    small = ("aac", "gdpc", "length", "ctdc")
    composition = ("aac", "cksaap:gap=3", "ctriad", "ctdc", "ctdt", "ctdd", "nmbroto", "length")
    ends = "ends_composition:size=10+30+60"
    learnt: tuple[str, ...] = ("neighbours",) if supervised and alignable(seqs) else ()
    if aligned(seqs):
        place: tuple[str, ...] = ("binary", ends)
        extra: tuple[str, ...] = ("zscale", "blosum62", "eaac")
        learnt = (*(("pslogodds",) if supervised else ()), *learnt)
    else:
        place = ("ends_binary:first=20,last=12", ends)
        extra = ("property_profile", "scale_means", "paac", "qsorder", "ends_property", "peptide_properties")
    if float(np.median(seqs.lengths)) > 100:
        extra = (*extra, "ends_composition:size=120", "ends_binary:first=50,last=30")
    broad = (*composition, *place)
    lean = (
        ("aac", "binary", *learnt)
        if aligned(seqs)
        else ("aac", "dpc", "ctdc", "ctdt", "length", "property_profile", ends)
    )
    return {
        "small": small,
        "lean": lean,
        "broad": broad,
        "rich": (*broad, *extra, *learnt),
        "position": (*place, *extra, *learnt) if aligned(seqs) else (),
        "neighbours": (*small, "neighbours") if "neighbours" in learnt else (),
        "strings": ("string_kernel",) if "neighbours" in learnt and len(seqs) <= MOST_STRINGS else (),
    }


def alignable(seqs: Sequences) -> bool:
    """Whether all records can be aligned with each other in seconds."""
    return float(seqs.n_letters) ** 2 / 2 <= MOST_LETTER_PAIRS
