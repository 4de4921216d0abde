"""Whole networks: what they are made of, what they cost, what they must not depend on, how they are read back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bioautofeat.errors import ModelError, ParameterError
from bioautofeat.nas.genotype import Architecture, Encoder, Frame, Head, Stem, read_architecture, resized
from bioautofeat.nas.ops import operations_for
from bioautofeat.nas.spaces.cell import Block, CellGenotype, CellSpace
from bioautofeat.nas.spaces.chain import ChainGenotype, ChainSpace
from bioautofeat.nas.spaces.edge_cell import EdgeCell, EdgeCellSpace, edges_of
from bioautofeat.nas.spaces.morphism import GrownChain, GrownLayer
from bioautofeat.nas.spaces.nb101 import NB101Space, VertexCell
from bioautofeat.nas.spaces.scaling import CompoundScaling, best_scaling, scaling_grid
from bioautofeat.sequences import Sequences

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas.encode import Data  # noqa: E402
from bioautofeat.nas.network import build, costs, count_parameters, macs, receptive_field  # noqa: E402
from bioautofeat.nas.train import seeded  # noqa: E402

LENGTHS = (50, 1, 7, 22, 0, 33)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def spaces(names):
    return EdgeCellSpace(3, names), ChainSpace(names, 4), CellSpace(names, 2)


def random_texts(lengths=LENGTHS, seed=0):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(list("ACGT"), n)) for n in lengths]


def network_of(architecture, n_outputs=3):
    with seeded(0):
        return build(architecture, architecture.encoder.channels, n_outputs)


def check_independence(architecture):
    """A record's output is the same alone and beside others; with both strands alike, also from the other one."""
    data = Data.of(Sequences.from_strings(random_texts(), "dna"), architecture.encoder)
    rows = torch.arange(len(data))
    network = network_of(architecture)
    network(*data.batch(rows))
    network.eval()
    with torch.no_grad():
        together = network(*data.batch(rows))
        alone = torch.cat([network(*data.batch(row)) for row in rows.split(1)])
        assert torch.isfinite(together).all()
        assert ((together - alone).abs() / (1 + together.abs())).max() < 2e-5
        if architecture.symmetric:
            other = network(*data.batch(rows, torch.ones(len(rows), dtype=torch.bool)))
            assert ((together - other).abs() / (1 + together.abs())).max() < 5e-5


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_records_are_independent_of_their_batch(rng, stages):
    names = operations_for(1)
    for pool in ("mean", "max", "both", "bins"):
        for space in spaces(names):
            frame = Frame(stem=Stem(8, 5, embedding=3), head=Head(pool, 4, hidden=5), stages=stages)
            check_independence(frame.hold(space.decode(space.sample(rng))))


@pytest.mark.parametrize("stride", [1, 2])
def test_symmetric_networks_see_both_strands_alike(rng, stride):
    names = operations_for(1, symmetric=True)
    for pool in ("mean", "max", "both", "bins"):
        for space in spaces(names):
            frame = Frame(stem=Stem(8, 5, stride), head=Head(pool, 3), stages=2, symmetric=True)
            check_independence(frame.hold(space.decode(space.sample(rng))))


def test_cells_of_vertices(rng):
    """Independent of the batch, alike from both strands, for images, and read back."""
    for pool in ("mean", "bins"):
        frame = Frame(stem=Stem(8, 5), head=Head(pool, 3), stages=2)
        for names, own in (
            (operations_for(1), frame),
            (operations_for(1, symmetric=True), replace(frame, symmetric=True)),
            (operations_for(2), replace(frame, encoder=Encoder("fcgr", k=3))),
        ):
            space = NB101Space(names, 5)
            architecture = own.hold(space.decode(space.sample(rng)))
            check_independence(architecture)
            assert read_architecture(architecture.to_json()) == architecture


def test_a_cell_of_vertices_computes_its_graph():
    cell = VertexCell(("conv3", "max_pool3", "conv5"), frozenset({(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)}))
    module = network_of(Frame(stem=Stem(8, 5), stages=1).hold(cell)).eval().body.layers[0]
    x = torch.randn(2, 8, 11)
    first, second, third = module.vertices
    last = third(first(x) + second(x))
    assert torch.equal(module(x), module.joint(torch.cat([x, last], 1)))
    alone = VertexCell((), frozenset({(0, 1)}))
    assert torch.equal(network_of(Frame(stem=Stem(8, 5), stages=1).hold(alone)).body.layers[0](x), x)


def test_bad_cells_of_vertices_are_refused():
    architecture = Frame().hold(VertexCell(("conv3",), frozenset({(0, 1), (1, 2)})))
    for path, value, message in [
        (("body", "cell", "operations", 0), "conv1x1", "unknown operation"),
        (("body", "cell", "operations"), ["conv3"] * 6, "8 vertices"),
        (("body", "cell", "edges"), [[0, 1]], "on a path"),
        (("body", "cell", "edges"), [[0, 1], [1, 2], [2, 0]], "later one"),
        (("body", "cell", "edges"), "all", "pairs"),
        (("body", "cell"), 3, "operations"),
    ]:
        with pytest.raises(ModelError, match=message):
            read_architecture(changed(architecture, path, value))


@pytest.mark.parametrize("shape", [(13,), (5,), (48,), (16, 16), (8, 8)])
@pytest.mark.parametrize("bins", [1, 4, 12])
def test_bins_are_those_of_adaptive_pooling(shape, bins):
    """The same means by products of matrices, whose gradient has one order on a GPU too, with a mask and without."""
    from bioautofeat.nas.network import _bins

    x = torch.randn(3, 6, *shape)
    pool = torch.nn.functional.adaptive_avg_pool1d if len(shape) == 1 else torch.nn.functional.adaptive_avg_pool2d
    assert (_bins(x, None, bins) - pool(x, bins).flatten(2)).abs().max() < 1e-6
    if len(shape) == 1:
        assert torch.equal(_bins(x, torch.ones(3, *shape), bins), _bins(x, None, bins))


def test_no_layer_of_a_network_is_one_without_a_fixed_order_on_a_gpu():
    """Adaptive pooling adds its gradient up by atomic additions there."""
    for encoder in (Encoder(), Encoder("fcgr", k=3)):
        network = network_of(
            Frame(encoder, Stem(8, 3), Head("bins", 3)).hold(ChainGenotype(("conv3",) * 2, frozenset()))
        )
        found = network(*Data.of(Sequences.from_strings(["ACGTACGT"] * 4, "dna"), encoder).batch(torch.arange(4)))
        names, left = set(), [found.grad_fn]
        while left:
            node = left.pop()
            if node is not None:
                names.add(type(node).__name__)
                left += [after for after, _ in node.next_functions]
        assert not any("Adaptive" in name for name in names), names


def test_networks_of_images(rng):
    frame = Frame(Encoder("fcgr", k=3), Stem(8, 3), Head("bins", 2))
    for space in spaces(operations_for(2)):
        check_independence(frame.hold(space.decode(space.sample(rng))))


def test_every_chain_of_a_small_space_builds():
    space = ChainSpace(("conv3", "max_pool3"), 3)
    found = {Frame(stem=Stem(4, 3)).hold(space.decode(point)) for point in space.points()}
    assert len(found) == 64
    for architecture in found:
        assert network_of(architecture)(torch.randn(2, 4, 5), None).shape == (2, 3)


def test_lengths_are_halved_and_channels_doubled():
    for genotype in (EdgeCell(2, ("conv3",)), ChainGenotype(("conv3",) * 3, frozenset({(0, 2), (0, 1)}))):
        network = network_of(Frame(stem=Stem(8, 5), stages=3).hold(genotype))
        x, mask = network.positions(torch.randn(2, 4, 13), torch.ones(2, 13))
        assert x.shape == (2, 32, 4)
        assert mask.shape == (2, 4)
    for length in range(1, 5):
        x, _ = network.positions(torch.randn(2, 4, length), None)
        assert x.shape[2] == 1


def test_cells_join_the_blocks_that_no_other_reads():
    one = (Block(0, "conv3", 1, "identity"), Block(2, "conv3", 1, "conv3"))  # the first is read
    two = (Block(0, "conv3", 1, "identity"), Block(0, "conv3", 1, "conv3"))
    for blocks, width in ((one, 16), (two, 32)):
        network = network_of(Frame(stem=Stem(8, 5), stages=1).hold(CellGenotype(blocks, blocks)))
        x, _ = network.positions(torch.randn(2, 4, 13), None)
        assert x.shape == (2, width, 7)


def test_the_sides_of_a_block_are_alike():
    left, right = (
        (Block(0, "conv3", 1, "separable5"),),
        (Block(1, "separable5", 0, "conv3"),),
    )
    frame = Frame(stem=Stem(8, 5), stages=1)
    first, second = (network_of(frame.hold(CellGenotype(blocks, blocks))).eval() for blocks in (left, right))
    state = {}
    for name, value in first.state_dict().items():
        parts = name.split(".")
        if "sides" in parts:
            place = parts.index("sides") + 1
            parts[place] = str(1 - int(parts[place]))
        state[".".join(parts)] = value
    second.load_state_dict(state)
    x = torch.randn(3, 4, 9)
    assert torch.allclose(first(x, None), second(x, None), atol=1e-6)


def test_edges_are_made_by_whoever_builds():
    seen = []

    def edge(place, operation, layout):
        seen.append((place, operation, layout.channels_in, layout.stride))
        return _Same()

    frame = Frame(stem=Stem(8, 5), cells=2)
    build(frame.hold(EdgeCell(3, ("none", "conv3", "gru"))), 4, 2, edge=edge)
    assert len(seen) == 2 * 2 * 3
    assert seen[0] == ("stage0.cell0.0-1", "none", 8, 1)
    assert seen[-1] == ("stage1.cell1.1-2", "gru", 16, 1)
    seen.clear()
    build(frame.hold(CellGenotype((Block(0, "conv3", 1, "gru"),), (Block(0, "gru", 1, "conv3"),))), 4, 2, edge=edge)
    assert ("stage0.reduction0.block0.left", "gru", 16, 2) in seen


class _Same(torch.nn.Module):
    def forward(self, x, mask):
        return x


def test_edges_of_cells():
    assert edges_of(4) == ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    space = EdgeCellSpace(4, ("none", "identity", "conv3", "conv7", "max_pool3"))
    assert space.size_formula() == space.size_enumerated() == 15625
    assert len(set(EdgeCellSpace(3, ("none", "conv3")).points())) == 8
    point = space.sample(np.random.default_rng(0))
    assert space.encode_cell(space.decode(point)) == point
    with pytest.raises(ParameterError, match="has 3 edges"):
        EdgeCell(3, ("conv3",))


# what networks cost


def test_parameters_are_counted():
    network = network_of(Frame(stem=Stem(8, 7), stages=1, head=Head("mean")).hold(EdgeCell(2, ("conv3",))), 2)
    norms = 3 * 2 * 8
    assert count_parameters(network) == 4 * 8 * 7 + 8 * 8 * 3 + norms + 8 * 2 + 2


def test_macs_are_counted():
    frame = Frame(stem=Stem(8, 7), stages=1, head=Head("mean"))
    assert macs(frame.hold(EdgeCell(2, ("conv3",))), 50) == 50 * (4 * 8 * 7 + 8 * 8 * 3) + 8 * 2
    assert macs(frame.hold(EdgeCell(2, ("separable5",))), 50) == 50 * (4 * 8 * 7 + 8 * 5 + 8 * 8) + 8 * 2
    both = macs(frame.hold(EdgeCell(2, ("gru",))), 50) - macs(frame.hold(EdgeCell(2, ("none",))), 50)
    assert both == 50 * 2 * 3 * (4 * 8 + 4 * 4)


@pytest.mark.parametrize("kind", ["chain", "edge", "edge2"])
@pytest.mark.parametrize("base", [(4, 32, 200), (2, 32, 100), (3, 48, 400)])
def test_compound_scaling_predicts_macs(kind, base):
    """From the rounded depth, width and length, within 15 % (the stem and the head grow more slowly than the body)."""
    chain = ChainGenotype(("conv3",) * base[0], frozenset())
    cell = EdgeCell(3, ("conv3", "identity", "conv3"))
    frame = Frame(stem=Stem(base[1], 7), stages=2 if kind == "edge2" else 1, cells=base[0])
    architecture = frame.hold(chain if kind == "chain" else cell)
    for scaling in (CompoundScaling(1.2, 1.1, 1.15, 1), CompoundScaling(1.3, 1.2, 1.1, 1)):
        for exponent in range(4):
            sizes = scaling.scaled(*base, exponent)
            measured = macs(resized(architecture, *sizes[:2]), sizes[2]) / macs(architecture, base[2])
            assert measured == pytest.approx(scaling.cost_of_rounded(base, sizes), rel=0.15)


def test_compound_scaling_from_the_grid_to_the_budget():
    """A small grid judged at exponent 1, then the exponent that a budget of multiplications allows."""
    architecture = Frame(stem=Stem(32, 7), stages=1).hold(ChainGenotype(("conv3",) * 4, frozenset()))
    base, budget = (4, 32, 200), 6 * macs(architecture, 200)
    cost = lambda sizes: macs(resized(architecture, *sizes[:2]), sizes[2])  # noqa: E731
    chosen = best_scaling(base, lambda sizes: -cost(sizes), scaling_grid(factors=(1.0, 1.2, 1.4)))
    exponent = chosen.exponent_within(base, cost, budget)
    assert exponent >= 1
    assert cost(chosen.scaled(*base, exponent)) <= budget < cost(chosen.scaled(*base, exponent + 0.1))


def test_macs_follow_depth_width_and_length():
    architecture = Frame(stem=Stem(64, 3), stages=1).hold(ChainGenotype(("conv7",) * 4, frozenset()))
    one = macs(architecture, 100)
    assert macs(architecture, 200) / one == pytest.approx(2, rel=0.01)
    assert macs(resized(architecture, 8, 64), 100) / one == pytest.approx(2, rel=0.05)
    assert macs(resized(architecture, 4, 128), 100) / one == pytest.approx(4, rel=0.05)


def test_the_widest_layer():
    frame = Frame(stem=Stem(8, 7), stages=1, head=Head("mean"))
    assert costs(frame.hold(EdgeCell(2, ("conv3",))), 50)[1] == 8 * 50
    joined = frame.hold(ChainGenotype(("conv3",) * 3, frozenset({(0, 2), (1, 2)})))
    assert costs(joined, 50)[1] == 3 * 8 * 50, "what skips join"
    assert costs(replace(frame, encoder=Encoder("fcgr", k=5)).hold(EdgeCell(2, ("conv3",))), 50)[1] == 8 * 32**2


def test_receptive_field():
    frame = Frame(stem=Stem(8, 7, 2), stages=1)
    assert receptive_field(frame.hold(ChainGenotype(("conv3", "dilated3x2", "identity"), frozenset()))) == 7 + 2 * (
        2 + 4
    )
    cell = EdgeCell(3, ("conv3", "conv11", "conv3"))
    assert receptive_field(replace(frame, stages=2).hold(cell)) == 7 + 2 * 10 + 2 * 2 + 4 * 10
    vertices = VertexCell(("conv3", "conv11", "conv5"), frozenset({(0, 1), (0, 2), (1, 3), (2, 4), (3, 4)}))
    assert receptive_field(frame.hold(vertices)) == 7 + 2 * 10


def test_the_receptive_field_is_what_the_output_looks_at():
    architecture = Frame(stem=Stem(8, 5), stages=2).hold(ChainGenotype(("conv3", "dilated3x2", "conv5"), frozenset()))
    network = network_of(architecture).eval()
    x = torch.randn(1, 4, 101, requires_grad=True)
    found, _ = network.positions(x, None)
    found[0, :, 25].sum().backward()
    touched = torch.nonzero(x.grad.abs().sum((0, 1))).flatten()
    assert int(touched[-1] - touched[0] + 1) == receptive_field(architecture)


# JSON


def architectures(rng):
    for space in spaces(operations_for(1)):
        yield Frame(stem=Stem(16, 5, embedding=4), head=Head("bins", 3, 8, 0.1)).hold(space.decode(space.sample(rng)))
    yield Frame(symmetric=True).hold(EdgeCell(2, ("conv3",)))
    yield Frame(Encoder("properties", "dna", 2, ("twist", "roll"))).hold(EdgeCell(2, ("gru",)))


def test_json_round_trip(rng):
    for architecture in architectures(rng):
        text = architecture.to_json()
        assert read_architecture(text) == architecture
        assert read_architecture(json.loads(text)).to_json() == text


def changed(architecture, path, value):
    found = json.loads(architecture.to_json())
    place = found
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return found


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("body", "cell", "operations", 0), "conv33", "unknown operation 'conv33'"),
        (("body", "cell", "operations", 0), 3, "names operations"),
        (("body", "cell", "operations"), ["conv3"] * 9, "edges"),
        (("body", "cell", "nodes"), 10**9, "edges"),
        (("body", "cells"), 1000, r"cells: 1000 is outside 1\.\.32"),
        (("body", "stages"), 7, "stages"),
        (("body", "kind"), "tree", "no body"),
        (("stem", "channels"), 10**7, "channels"),
        (("stem", "channels"), True, "channels"),
        (("stem", "kernel"), 4, "no middle"),
        (("stem", "width"), 4, "stem"),
        (("stem", "kernel"), None, "stem"),
        (("head", "bins"), 10**6, "bins"),
        (("head", "dropout"), "much", "dropout"),
        (("encoder", "k"), 9, "k"),
        (("encoder", "name"), "pickle", "name"),
        (("encoder", "properties"), ["/etc/passwd.csv"], "propert"),
        (("symmetric",), "yes", "symmetric"),
        (("more",), 1, "not described"),
    ],
)
def test_bad_architectures_are_refused(path, value, message):
    architecture = Frame().hold(EdgeCell(3, ("conv3", "gru", "none")))
    with pytest.raises(ModelError, match=message):
        read_architecture(changed(architecture, path, value))


def test_bad_bodies_are_refused():
    chain = Frame(stages=1).hold(ChainGenotype(("conv3", "gru"), frozenset({(0, 1)})))
    for path, value in [(("body", "genotype", "skips"), [[1, 1]]), (("body", "genotype", "skips"), [[0, 1, 2]]),
                        (("body", "genotype", "operations"), []), (("body", "genotype"), 3)]:  # fmt: skip
        with pytest.raises(ModelError):
            read_architecture(changed(chain, path, value))
    cells = Frame().hold(CellGenotype((Block(0, "conv3", 1, "gru"),), (Block(0, "conv3", 1, "gru"),)))
    for path, value in [(("body", "genotype", "normal", 0, "left"), 2), (("body", "genotype", "normal", 0, "left"), -1),
                        (("body", "genotype", "normal"), [])]:  # fmt: skip
        with pytest.raises(ModelError):
            read_architecture(changed(cells, path, value))
    for text in ("", "[]", "{", "[" * 100000, "null"):
        with pytest.raises(ModelError):
            read_architecture(text)


def test_what_cannot_be_both_is_refused():
    with pytest.raises(ParameterError, match="tells the strands apart"):
        Frame(symmetric=True).hold(EdgeCell(2, ("gru",)))
    with pytest.raises(ParameterError, match="one-hot nucleotides"):
        Frame(Encoder(alphabet="protein"), symmetric=True).hold(EdgeCell(2, ("conv3",)))
    with pytest.raises(ParameterError, match="a grown chain tells the strands apart"):
        Frame(symmetric=True).hold(GrownChain((GrownLayer(8, 3),)))
    with pytest.raises(ParameterError, match="no form for images"):
        Frame(Encoder("fcgr", k=3)).hold(EdgeCell(2, ("gru",)))
    with pytest.raises(ParameterError, match="channels"):
        Frame(stem=Stem(512), stages=6).hold(EdgeCell(2, ("conv3",)))
    assert isinstance(Frame().hold(EdgeCell(2, ("conv3",))), Architecture)
