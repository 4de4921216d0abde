"""Descriptors that a search chooses among: of each kind at most one, with one of a few settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from bioautofeat.alphabet import NUCLEIC, RNA
from bioautofeat.automl.blocks import LONGEST_FOLDED, Blocks, alignable, aligned, available
from bioautofeat.automl.problem import TABLE_SPEC, Problem, TableSource
from bioautofeat.sequences import Sequences

__all__ = ["Choices", "choices_for"]

Choices = dict[str, tuple[str, ...]]
"""Specs to choose from by the kind of descriptor."""

WORDS = {
    "words": ("kmer:k=3,upto=true", "kmer:k=4,upto=true", "kmer:k=5,upto=true"),
    "long_words": ("kmer:k=5", "kmer:k=6"),
    "strands": ("rckmer:k=4,upto=true", "rckmer:k=5,upto=true"),
    "pairs": ("cksnap:gap=2", "cksnap:gap=5", "cksnap:gap=8"),
    "gapped": (
        "kgap:before=1,gap=3,after=2,upto=true,norm=frequency",
        "kgap:before=2,gap=3,after=1,upto=true,norm=frequency",
        "kgap:before=2,gap=2,after=2,upto=true,norm=frequency",
        "kgap:before=3,gap=4,after=2,upto=true,norm=frequency",
    ),
    "spaced": ("spaced:pattern=110011", "spaced:pattern=101101", "spaced:pattern=11011"),
    "mismatch": ("mismatch:k=4,norm=frequency", "mismatch:k=5,norm=frequency"),
}
SIGNALS = {
    "correlation": ("dacc", "dacc:lag=6", "moran", "geary"),
    "pseudo": ("pcpsednc:lambda=5", "pseknc:lambda=5", "scpsednc:lambda=5"),
    "contrast": ("zcurve:bits=9", "zcurve:bits=36", "zcurve:bits=144"),
    "entropy": ("shannon", "tsallis"),
    "general": ("length",),
    "bases": ("gc_content",),
    "skew": ("skew",),
    "order": ("natural_vector", "mmi"),
    "chaos": ("cgr_signal",),
    "spectrum": ("fourier", "fourier:mapping=zcurve", "fourier:mapping=eiip"),
    "network": ("network_threshold:k=3", "network:k=2"),
}
CODING = {
    "orf": ("orf", "orf:strand=both"),
    "fickett": ("fickett",),
    "codons": ("codon_usage", "rscu"),
    "hexamer": ("hexamer",),
}
PLACES = {
    "place": ("binary", "ncp", "eiip"),
    "place_pairs": ("ps:k=2", "dpcp:layout=position", "ps:k=3"),
    "windows": (
        "windowed_kmer:k=2,size=10,step=5", "windowed_kmer:k=2,size=20,step=10", "windowed_kmer:k=3,size=15,step=5",
        "windowed_kmer:k=3,size=30,step=10",
    ),
    "density": ("anf", "enac:size=5", "enac:size=9"),
}  # fmt: skip
LEARNT_PLACES = {
    "log_odds": ("pslogodds:k=1", "pslogodds:k=2", "pslogodds"),
    "more_log_odds": ("pslogodds:k=2", "pslogodds", "pslogodds:k=4"),
}
ENDS = {
    "ends": ("ends_binary:first=30,last=30", "ends_binary:first=15,last=15", "ends_binary:first=60,last=0"),
    "ends_words": ("ends_composition:size=30+60,k=2", "ends_composition:size=20+50,k=3"),
}
PROTEIN_WORDS = {
    "residues": ("aac",),
    "pairs": ("dpc", "cksaap:gap=3", "cksaap:gap=5"),
    "triads": ("ctriad", "ksctriad:gap=1"),
    "grouped": ("gtpc", "cksaagp:gap=3", "psekraac:groups=pse-kraac.1.c10"),
    "expected": ("dde",),
    "ctd_composition": ("ctdc",),
    "ctd_transition": ("ctdt",),
    "ctd_distribution": ("ctdd",),
    "distance": ("distance_pair",),
    "general": ("length",),
}
PROTEIN_SIGNALS = {
    "correlation": ("nmbroto", "moran", "geary", "acc"),
    "pseudo": ("paac", "apaac", "paac:lambda=8"),
    "order": ("qsorder", "socn:lag=8", "qsorder:lag=8"),
    "profile": ("property_profile",),
    "scales": ("scale_means", "scale_statistics"),
    "properties": ("peptide_properties",),
    "entropy": ("shannon:k=2",),
    "cosine": ("cosine_coefficients",),
}
PROTEIN_PLACES = {
    "place": ("binary", "blosum62", "binary_6bit", "aesnn3"),
    "place_scales": ("zscale", "opf_10bit", "aaindex"),
    "windows": ("eaac", "egaac", "windowed_kmer:k=1,size=7,step=3"),
}
PROTEIN_ENDS = {
    "ends": (
        "ends_binary:first=20,last=12", "ends_binary:first=10,last=10", "ends_binary:first=50,last=30",
        "ends_property:first=15,last=15",
    ),
    "ends_words": ("ends_composition:size=10+30+60", "ends_composition:size=5+10+15", "ends_composition:size=10+30+60+120"),
}  # fmt: skip


def choices_for(problem: Problem, blocks: Blocks, given: tuple[str, ...] = ()) -> Choices:
    """Descriptors that suit the training records, by kind.

    Parameters
    ----------
    problem : Problem
    blocks : Blocks
        Sets of the first models; whatever of them is of no kind here is a kind of its own.
    given : tuple of str
        Specs to which the user restricts the search: each is in or out.
    """
    source = problem.source
    if isinstance(source, TableSource):
        return {"table": (TABLE_SPEC,)}
    if given:
        return {spec: (spec,) for spec in blocks["small"]}
    kinds = _kinds(source, len(problem))
    found = {kind: available(specs, source.alphabet) for kind, specs in kinds.items()}
    known = {spec for specs in found.values() for spec in specs}
    for name, block in blocks.items():
        if name == "strings":
            continue
        for spec in block:
            if spec not in known:
                known.add(spec)
                found[spec] = (spec,)
    return {kind: specs for kind, specs in found.items() if specs}


def _kinds(seqs: Sequences, n: int) -> Mapping[str, tuple[str, ...]]:
    length = float(np.median(seqs.lengths))
    same = aligned(seqs)
    if seqs.alphabet not in NUCLEIC:
        learnt = {"log_odds": ("pslogodds:k=1", "pslogodds:k=2")} if same else {}
        near = {"neighbours": ("neighbours",)} if alignable(seqs) else {}
        return {**PROTEIN_WORDS, **PROTEIN_SIGNALS, **(PROTEIN_PLACES if same else PROTEIN_ENDS), **learnt, **near}
    found = {**WORDS, **SIGNALS, **(PLACES if same else ENDS), **(LEARNT_PLACES if same else {})}
    if length >= 150:
        found |= CODING
    if not same and n <= 4000:
        found |= {"neighbours": ("neighbours",)}
    if seqs.alphabet == RNA and find_spec("RNA") is not None and length <= LONGEST_FOLDED:
        found |= {"structure": ("structure",)}
    return found
