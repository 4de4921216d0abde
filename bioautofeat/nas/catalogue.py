"""What there is to choose from, by name; known without torch."""

from __future__ import annotations

from bioautofeat.nas.strategies import GRADIENT

__all__ = ["SPACES", "STRATEGIES"]

SPACES = {
    "sequence": "whole networks: encoder, stem, up to four layers, skips, head, learning rate",
    "edge-cell": "one cell of four nodes, an operation on each edge, as in NAS-Bench-201",
    "vertex-cell": "one cell of up to seven vertices with an operation each, at most nine edges, as in NAS-Bench-101",
    "cell": "a normal and a reduction cell of three blocks, as in NASNet",
    "chain": "four layers and any skips between them",
    "morphism": "convolutions that grow by moves which keep the network's function",
}
"""Spaces that an estimator searches, by name."""


STRATEGIES = {
    "random": "draws without regard to what was found",
    "grid": "every point in order",
    "local": "the first neighbour that is better, and a new start where there is none",
    "evolution": "ageing evolution: the oldest dies, the best of a few has a child",
    "smbo": "random forest and expected improvement",
    "tpe": "tree of Parzen estimators",
    "halving": "many with few epochs, the best third with three times as many",
    "reinforce": "REINFORCE over a table of preferences",
    "controller": "REINFORCE over a recurrent controller",
    "morphism": "hill-climbing: children by random moves, the best of them goes on",
    "templates": "the likeliest first, as the evaluator setn has learnt them",
    **{name: kind.title for name, kind in GRADIENT.items()},
}
"""Strategies by name; those behind ``templates`` train a supernet, for spaces of cells and chains."""
