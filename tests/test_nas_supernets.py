"""Supernets, what drops paths in them, and architectures as graphs."""

from __future__ import annotations

import numpy as np
import pytest

from bioautofeat.errors import ParameterError

torch = pytest.importorskip("torch", reason="supernets and hypernetworks are networks of torch")

import nas_toys as toys  # noqa: E402

from bioautofeat.nas import compatibility  # noqa: E402
from bioautofeat.nas.evaluators.ghn import Gates, distances, generations  # noqa: E402
from bioautofeat.nas.lexicon import Lexicon  # noqa: E402
from bioautofeat.nas.spaces.morphism import MorphismSpace  # noqa: E402
from bioautofeat.nas.spaces.nb101 import NB101Space  # noqa: E402
from bioautofeat.nas.supernet import Supernet, dropout_rate, dropped, uniform  # noqa: E402
from bioautofeat.nas.wiring import Framed, SupernetOf, graph_of  # noqa: E402

FRAME, SPACES = toys.FRAME, toys.SPACES
TINY = toys.half(toys.planted(0, 128))


def soft(net, point):
    """A way as weights of 0 and 1."""
    ways = net.way(point).items()
    return {name: torch.nn.functional.one_hot(torch.tensor(k), len(net.decisions[name])).float() for name, k in ways}


class TestSupernets:
    @pytest.mark.parametrize("name", SPACES)
    def test_weights_of_nought_and_one_are_a_way(self, name, rng):
        net = SupernetOf(FRAME, 2)(SPACES[name]).eval()
        x = TINY.x
        for _ in range(3):
            point = SPACES[name].sample(rng)
            way = net(x, weights=net.way(point))
            assert torch.allclose(way, net(x, weights=soft(net, point)), atol=1e-5)

    def test_a_way_is_the_network_with_copied_weights(self, rng):
        space = SPACES["edge-cell"]
        net = SupernetOf(FRAME, 2)(space).eval()
        with torch.no_grad():
            for value in net.buffers():
                value.add_(torch.rand_like(value))
        for _ in range(5):
            point = space.sample(rng)
            plain = Framed(FRAME, 2)(space, point)
            plain.load_state_dict(net.state_of(point))
            assert torch.allclose(plain.eval()(TINY.x), net(TINY.x, weights=soft(net, point)), atol=1e-5)

    def test_a_chain_with_all_skips_is_its_supernet(self):
        space = SPACES["chain"]
        net = SupernetOf(FRAME, 2)(space).eval()
        point = tuple((name, True if name.startswith("skip") else value) for name, value in next(space.points()))
        plain = Framed(FRAME, 2)(space, point)
        plain.load_state_dict(net.state_of(point))
        assert torch.allclose(plain.eval()(TINY.x), net(TINY.x, weights=net.way(point)), atol=1e-5)

    def test_a_way_uses_the_shared_tensors_and_no_others(self):
        net = SupernetOf(FRAME, 2)(SPACES["edge-cell"])
        point = (("0-1", "conv3"), ("0-2", "identity"), ("1-2", "conv3"))
        shared = {value.data_ptr() for value in net.state_of(point).values()}
        net(TINY.x, weights=net.way(point)).sum().backward()
        for weight in net.parameters():
            assert (weight.grad is not None) <= (weight.data_ptr() in shared)
        assert any("edges.0" in name and w.grad is not None for name, w in net.named_parameters())
        unused = [w for name, w in net.named_parameters() if w.data_ptr() not in shared]
        assert unused
        assert all(w.grad is None for w in unused)

    def test_partial_channels_pass_the_rest_by(self):
        net = toys.Relax(4)(toys.space_of(("none", "conv3"), 1)).eval()
        mixed = net.network.layers[0]
        x = torch.randn(2, 8, 11)
        with net.mixture.holding({"e0": 0}):
            found = mixed(x)
        assert torch.equal(found.sort(1).values, torch.cat([torch.zeros(2, 2, 11), x[:, 2:]], 1).sort(1).values)
        cells = SupernetOf(FRAME, 2).partial(2)(SPACES["edge-cell"])
        assert cells(TINY.x, weights=uniform(cells.decisions, np.random.default_rng(0))).shape == (128, 2)
        with pytest.raises(ParameterError, match="edges"):
            SupernetOf(FRAME, 2, 2)(SPACES["chain"])

    def test_no_supernet_for_what_is_not_on_edges(self):
        with pytest.raises(ParameterError, match="no supernet"):
            SupernetOf(FRAME, 2)(MorphismSpace())
        with pytest.raises(ParameterError, match="was not told"):
            toys.Relax()(toys.space_of(("skip", "conv3"), 1))(TINY.x, weights={})


class TestPathDropout:
    @pytest.mark.parametrize("paths", range(1, 9))
    def test_all_paths_vanish_as_often_as_is_asked(self, paths):
        rate, n = 0.2, 4000
        net = Supernet({"e": tuple(f"conv{k}" for k in range(paths))}, lambda net: torch.nn.Identity())
        rng = np.random.default_rng(paths)
        gone = sum(not any(dropped(net, rate, 1.0, rng)["e"]) for _ in range(n)) / n
        assert abs(gone - rate) < 3 * np.sqrt(rate * (1 - rate) / n) + 1e-9

    def test_schedule(self):
        full = 0.05 ** (1 / 3)
        assert [dropout_rate(0.05, 3, t) for t in (0.0, 0.5, 1.0)] == pytest.approx([0.0, full / 2, full])

    def test_masks_differ_and_silent_paths_do_not_count(self):
        net = Supernet({"a": ("none", "conv3"), "b": ("none", "conv3")}, lambda net: torch.nn.Identity(), [("a", "b")])
        rng = np.random.default_rng(0)
        masks = [dropped(net, 0.25, 1.0, rng) for _ in range(2000)]
        assert len({str(mask) for mask in masks}) > 4
        gone = np.mean([mask["a"][1] + mask["b"][1] == 0 for mask in masks])
        assert abs(gone - 0.25) < 3 * np.sqrt(0.25 * 0.75 / 2000)


class TestGraphs:
    def test_generations_and_distances(self):
        edges = ((0, 1), (0, 2), (1, 3), (2, 3), (0, 3))
        assert generations(4, edges) == [[0], [1, 2], [3]]
        assert distances(4, edges) == {(0, 1): 1, (0, 2): 1, (0, 3): 1, (1, 3): 1, (2, 3): 1}
        with pytest.raises(ParameterError, match="cycle"):
            generations(2, ((0, 1), (1, 0)))

    def test_relabelled_nodes_have_the_same_states(self, rng):
        torch.manual_seed(0)
        gates, first = Gates(16, rounds=2), torch.randn(6, 16)
        edges = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4), (3, 5), (4, 5)]
        found = gates(first, edges)
        for _ in range(5):
            order = rng.permutation(6)
            other = gates(first[order.argsort()], [(int(order[u]), int(order[v])) for u, v in edges])
            assert torch.allclose(other[order], found, atol=1e-6)

    @pytest.mark.parametrize("name", [*SPACES, "morphism", "vertex-cell"])
    def test_every_operation_has_its_weights(self, name, rng):
        more = {"morphism": MorphismSpace((8, 12), (3, 5), 3), "vertex-cell": NB101Space(("identity", "conv3"), 5)}
        space = {**SPACES, **more}[name]
        for _ in range(5):
            point = space.sample(rng)
            network = Framed(FRAME, 2)(space, point)
            graph = graph_of(space, point, network)
            assert len(graph.operations) == len(graph.weights)
            owned = [weight for names in graph.weights for weight in names]
            assert len(owned) == len(set(owned))
            weights = [n for n, w in network.named_parameters() if w.dim() >= 2 and n.startswith("body.")]
            free = ("between", "joint", "before", "adds", "body.layers.1.kernel" if "-cell" in name else "-")
            assert {n for n in weights if not any(part in n for part in free)} == set(owned)
            assert len(generations(len(graph.operations), graph.edges)) > 2


class TestLexicons:
    def test_what_is_made_later_stands_where_the_store_was_moved_to(self):
        """As on a GPU: a hypernetwork is moved before it is asked for anything."""
        words = Lexicon(0).to("meta")
        assert words.get("a", (3,), 0.5).device.type == "meta"
        assert words.keep("b", torch.ones(2)).device.type == "meta"
        here = Lexicon(0)
        assert here.get("a", (3,), 0.5).device.type == "cpu"
        assert set(here.state_dict()) == {"entries.0"}

    def test_values_depend_on_the_seed_and_the_name_alone(self):
        one, two = Lexicon(1), Lexicon(1)
        two.get("b", (2,), 0.5)
        assert torch.equal(one.get("a", (3,), 0.5), two.get("a", (3,), 0.5))
        assert not torch.equal(one.get("a", (3,), 0.5), Lexicon(2).get("a", (3,), 0.5))

    @pytest.mark.parametrize("name", ["smash", "ghn"])
    def test_hypernetworks_ask_their_own_device(self, name, monkeypatch):
        """Every entry is asked of a store that has been moved to the task's device."""
        moved = []
        monkeypatch.setattr(Lexicon, "to", lambda self, device: moved.append((self, device)) or self)
        space = SPACES["edge-cell"]
        evaluator = compatibility.evaluators(space)[name]()
        evaluator.prepare(space, seed=0)
        stores = [part for part in vars(evaluator).values() if isinstance(part, Lexicon)]
        assert stores
        assert all(any(store is one for one, _ in moved) for store in stores)
        assert {str(device) for _, device in moved} == {"cpu"}
