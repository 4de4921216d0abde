"""What the networks among a model's members look at: motifs of their first layers, and the letters that count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.drawing import letters
from bioautofeat.explanation.findings import Findings, NetworkView
from bioautofeat.explanation.members import leaves
from bioautofeat.nas.predictor import NetworkPredictor

if TYPE_CHECKING:
    from bioautofeat.nas.saliency import Motif

__all__ = ["explain_networks", "motif_drawings"]

RECORDS = 2000
"""Records whose windows make the motifs."""

DRAWN = 6
"""Motifs that are drawn, of the network of the largest weight."""


def explain_networks(found: Findings, seed: int) -> None:
    """Motifs and saliency of each network of the model, those of the largest weight first."""
    subject = found.subject
    networks = [leaf for leaf in leaves(subject.model.predictor, 1.0, ()) if isinstance(leaf[0], NetworkPredictor)]
    if not networks or found.sequences is None:
        return
    from bioautofeat.nas.saliency import motifs_of, saliency_of

    order = np.random.default_rng([seed, 9]).permutation(len(found.ids))[:RECORDS]
    sample = subject.model.features(found.sequences.take(np.sort(order)), subject.threads)
    examples = subject.model.features(found.sequences.take(found.examples), subject.threads)
    for number, (network, weight, steps) in enumerate(sorted(networks, key=lambda leaf: -leaf[1]), 1):
        assert isinstance(network, NetworkPredictor)
        motifs = motifs_of(network, _seen(sample, steps))
        shown = (
            saliency_of(network, _seen(examples, steps), found.chosen[found.examples]) if len(found.examples) else []
        )
        found.networks.append(NetworkView(f"network {number}", weight, motifs, shown))


def _seen(rows: Any, steps: Any) -> NDArray[Any]:
    """Rows of the whole table as a member sees them."""
    dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, np.float64)
    for step in steps:
        dense = step.apply(dense)
    return dense


def motif_drawings(found: Findings) -> dict[str, str]:
    """Logos of the motifs that say most."""
    if not found.networks or found.sequences is None:
        return {}
    view = found.networks[0]
    return {f"motif_{number}": _logo(found, view.name, motif) for number, motif in enumerate(view.motifs[:DRAWN], 1)}


def _logo(found: Findings, name: str, motif: Motif) -> str:
    assert found.sequences is not None
    symbols = found.sequences.alphabet.symbols
    stacks = [[(s, float(h)) for s, h in zip(symbols, row, strict=True)] for row in motif.heights]
    protein = len(symbols) > 4
    return letters(stacks, f"{name}, filter {motif.filter}: {motif.consensus} ({motif.sites:,} sites)", "bits", protein)
