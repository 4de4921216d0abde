"""Pictures of networks: well-formed, complete, and no box on another."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import pytest

from bioautofeat.nas.genotype import EdgeCell, Frame
from bioautofeat.nas.picture import drawn, summary
from bioautofeat.nas.spaces import CellSpace, ChainSpace, NB101Space
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace
from bioautofeat.nas.spaces.morphism import MorphismSpace
from bioautofeat.nas.spaces.sequence import SequenceSpace

SVG = "{http://www.w3.org/2000/svg}"
OPERATIONS = ("identity", "conv3", "conv7", "max_pool3")
SPACES = {
    "sequence": SequenceSpace("dna", 81),
    "chain": ChainSpace(OPERATIONS, 6),
    "cell": CellSpace(OPERATIONS, 4),
    "edge-cell": EdgeCellSpace(5, ("none", *OPERATIONS)),
    "morphism": MorphismSpace(),
    "vertex-cell": NB101Space(OPERATIONS),
}


def boxes(root):
    return [tuple(float(box.get(name)) for name in ("x", "y", "width", "height")) for box in root.iter(f"{SVG}rect")]


def labels(root):
    return [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", SPACES)
def test_pictures_are_whole(name, rng):
    space = SPACES[name]
    for _ in range(25):
        found = space.decode(space.sample(rng))
        network = found if name == "sequence" else Frame().hold(found)
        root = ElementTree.fromstring(drawn(network))
        width, height = (float(root.get(side)) for side in ("width", "height"))
        found = boxes(root)
        assert all(x >= 0 and x + w <= width and y >= 0 and y + h <= height for x, y, w, h in found)
        for (x, y, w, h), (a, b, v, g) in combinations(found, 2):
            assert x + w <= a or a + v <= x or y + h <= b or b + g <= y, "two boxes lie on one another"
        assert summary(network) in root.get("aria-label")


def test_a_chain_shows_every_layer_and_skip():
    network = SPACES["sequence"].decode(SPACES["sequence"].default())
    root = ElementTree.fromstring(drawn(network, "<mine>"))
    assert labels(root)[1:] == [
        "dna, one-hot", "conv9, 32 channels", "conv5", "conv5", "half the length", "conv5", "means of 12 parts",
    ]  # fmt: skip
    lines = [path for path in root.iter(f"{SVG}path") if path.get("class") == "axis"]
    assert len(lines) == 7  # six from box to box, and the skip
    assert root.get("aria-label") == "<mine>"


def test_what_no_output_reads_is_left_out():
    """Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3 of four nodes: node 1 is read by node 2 alone, which nothing reads."""
    by_edge = {"0-1": "conv3", "0-2": "conv5", "1-2": "conv7", "0-3": "max_pool3", "1-3": "none", "2-3": "none"}
    space = EdgeCellSpace(4, ("none", "conv3", "conv5", "conv7", "max_pool3"))
    cell = space.decode(space.point(lambda name, _: by_edge[name]))
    root = ElementTree.fromstring(drawn(Frame().hold(cell)))
    assert labels(root)[1:] == ["in", "max_pool3", "out"]
    empty = ElementTree.fromstring(drawn(Frame().hold(EdgeCell(2, ("none",)))))
    assert labels(empty)[1:] == ["in", "out"]
