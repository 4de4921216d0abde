"""Moves that keep the function of a network, exactly up to rounding."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="a grown network is one of torch")

from torch import nn  # noqa: E402

from bioautofeat.errors import ParameterError  # noqa: E402
from bioautofeat.nas.genotype import Architecture, Encoder, Head, Stem, read_architecture  # noqa: E402
from bioautofeat.nas.growing import grown  # noqa: E402
from bioautofeat.nas.network import build, count_parameters  # noqa: E402
from bioautofeat.nas.parts import GrownBody  # noqa: E402
from bioautofeat.nas.spaces.morphism import (  # noqa: E402
    GrownChain,
    GrownLayer,
    MorphismSpace,
    Move,
    applied,
    way_between,
)


def architecture(chain, pool="both", bins=1, hidden=0, activation="relu"):
    return Architecture(Encoder(), Stem(8, 5), GrownBody(chain, activation), Head(pool, bins, hidden))


def network(chain, pool="both", bins=1, hidden=0, activation="relu"):
    """A network around a grown chain, with statistics and gains that are not those of the start."""
    made = build(architecture(chain, pool, bins, hidden, activation), 4, 2)
    with torch.no_grad():
        for value in made.buffers():
            value.copy_(torch.rand_like(value) + 0.3)
        for name, weight in made.named_parameters():
            if "norm" in name or "share" in name:
                weight.add_(0.3 * torch.randn_like(weight))
    return made.eval()


def inputs(dtype):
    """Sixty-four records of random lengths, the shortest and the longest among them."""
    lengths = torch.randint(1, 41, (64,))
    lengths[0], lengths[1] = 1, 40
    return torch.rand(64, 4, 40, dtype=dtype), (torch.arange(40)[None] < lengths[:, None]).to(dtype)


HEADS = [("both", 1, 0), ("bins", 3, 0), ("mean", 1, 6), ("max", 1, 0)]


class TestMorphisms:
    space = MorphismSpace((8, 12, 20), (1, 3, 5, 7), 4)

    @pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
    @pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
    @pytest.mark.parametrize("head", HEADS, ids=[head[0] for head in HEADS])
    def test_moves_keep_the_function(self, dtype, bound, activation, head, rng):
        """One to five random moves of a random network; largest difference over all records, relative to the outputs
        where these are larger than 1."""
        torch.manual_seed(0)
        x, mask = inputs(dtype)
        for _ in range(3):
            chain = self.space.decode(self.space.sample(rng))
            net = network(chain, *head, activation).to(dtype)
            first = net(x, mask).detach()
            scale = max(1.0, float(first.abs().max()))
            for number in range(5):
                moves = self.space.moves(self.space.encode_chain(chain))
                if not moves:
                    break
                move = moves[int(rng.integers(len(moves)))]
                generator = torch.Generator().manual_seed(number)
                state = grown(net.state_dict(), chain, move, pool=head[0], generator=generator)
                chain = applied(chain, move)
                net = network(chain, *head, activation).to(dtype)
                net.load_state_dict(state)
                assert float((net(x, mask) - first).detach().abs().max()) <= bound * scale, move

    @pytest.mark.parametrize("kind", ["deepen", "widen", "kernel", "branch", "add", "join"])
    def test_moves_add_the_weights_they_must_and_these_learn(self, kind):
        torch.manual_seed(0)
        chain = GrownChain((GrownLayer(8, 3), GrownLayer(8, 5), GrownLayer(8, 3)), frozenset({(0, 3)}))
        move = {
            "deepen": Move("deepen", 2, 3),
            "widen": Move("widen", 2, 12),
            "kernel": Move("kernel", 2, 7),
            "branch": Move("branch", 2, 3),
            "add": Move("add", 3, 1),
            "join": Move("join", 3, 1),
        }[kind]
        old, after = network(chain), applied(chain, move)
        new = network(after)
        new.load_state_dict(grown(old.state_dict(), chain, move))
        assert count_parameters(new) - count_parameters(old) == after.weights(8) - chain.weights(8) > 0
        x, mask = inputs(torch.float32)
        y = torch.randint(0, 2, (64,))
        nn.functional.cross_entropy(new.train()(x, mask), y).backward()
        name, part = {
            "deepen": ("layers.2.kernel.weight", (slice(None), slice(None), [0, 2])),
            "widen": ("layers.1.kernel.weight", slice(8, 12)),
            "kernel": ("layers.1.kernel.weight", (slice(None), slice(None), [0, 6])),
            "branch": ("layers.1.branch.weight", slice(None)),
            "add": ("adds.1-3.weight", slice(None)),
            "join": ("layers.2.kernel.weight", (slice(None), slice(8, 16))),
        }[kind]
        weight = dict(new.body.named_parameters())[name]
        assert weight.grad[part].abs().sum() > 0
        if kind != "widen":
            assert weight[part].abs().sum() == 0

    def test_a_new_layer_behind_tanh_begins_as_the_identity(self):
        """With a = 1 it would squash what was squashed already."""
        chain, move = GrownChain((GrownLayer(8, 3),)), Move("deepen", 1, 3)
        torch.manual_seed(0)
        old, new = network(chain, activation="tanh"), network(applied(chain, move), activation="tanh")
        state = grown(old.state_dict(), chain, move)
        x, mask = inputs(torch.float32)
        new.load_state_dict(state)
        assert float((new(x, mask) - old(x, mask)).detach().abs().max()) < 1e-5
        state["body.layers.1.activation.share"] = torch.ones(())
        new.load_state_dict(state)
        assert float((new(x, mask) - old(x, mask)).detach().abs().max()) > 0.01

    def test_noise_tells_copies_apart(self):
        chain, move = GrownChain((GrownLayer(8, 3),)), Move("widen", 1, 12)
        torch.manual_seed(0)
        old = network(chain).state_dict()
        plain, noisy = grown(old, chain, move), grown(old, chain, move, noise=0.1)
        name = "body.layers.0.kernel.weight"
        assert torch.equal(plain[name][:8], noisy[name][:8])
        assert len({tuple(row.flatten().tolist()) for row in plain[name]}) == 8
        assert len({tuple(row.flatten().tolist()) for row in noisy[name]}) == 12

    def test_ways_lead_from_parent_to_child(self, rng):
        for _ in range(30):
            chain = self.space.decode(self.space.start())
            grandchild = chain
            for _ in range(int(rng.integers(1, 6))):
                point = self.space.mutate(self.space.encode_chain(grandchild), rng)
                grandchild = self.space.decode(point)
            here = chain
            for move in way_between(chain, grandchild):
                here = applied(here, move)
            assert here == grandchild
            assert way_between(grandchild, chain) is None or grandchild == chain

    def test_json_and_bounds(self, rng):
        for _ in range(20):
            whole = architecture(self.space.decode(self.space.sample(rng)))
            assert read_architecture(whole.to_json()) == whole
        with pytest.raises(ParameterError, match="kernels"):
            GrownBody(GrownChain((GrownLayer(8, 4),)))
        with pytest.raises(ParameterError, match="skip"):
            GrownBody(GrownChain((GrownLayer(8, 3),), frozenset({(0, 1)})))
        with pytest.raises(ParameterError, match="grow"):
            applied(GrownChain((GrownLayer(8, 3),)), Move("widen", 1, 8))
        with pytest.raises(ParameterError, match="no layer"):
            applied(GrownChain((GrownLayer(8, 3),)), Move("widen", 2, 16))

    def test_sizes(self):
        small = MorphismSpace((8, 16), (3, 5), 2)
        points = list(small.points())
        assert len(points) == len({small.decode(point) for point in points}) == small.size_enumerated() == 200
        assert all(small.encode_chain(small.decode(point)) == point for point in points)
