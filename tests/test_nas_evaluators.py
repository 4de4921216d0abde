"""Evaluators of architectures: weight sharing, hypernetworks, inheritance, and that all parts go together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.parameters import Choice
from bioautofeat.search import ParameterSpace, Suggestion

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "nas.md"
SPACE = ParameterSpace({"a": Choice("x", "y"), "b": Choice("x", "y")})


torch = pytest.importorskip("torch", reason="supernets and hypernetworks are networks of torch")

import nas_toys as toys  # noqa: E402

from bioautofeat.errors import BioautofeatWarning  # noqa: E402
from bioautofeat.nas.compatibility import attempts, markdown  # noqa: E402
from bioautofeat.nas.encode import Data  # noqa: E402
from bioautofeat.nas.evaluators import EVALUATORS  # noqa: E402
from bioautofeat.nas.evaluators.fidelity import Fidelity  # noqa: E402
from bioautofeat.nas.evaluators.generated import Hyper  # noqa: E402
from bioautofeat.nas.evaluators.ghn import Gates, Graph, GraphHypernetwork, distances, generations  # noqa: E402
from bioautofeat.nas.evaluators.inherit import Inheriting  # noqa: E402
from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing  # noqa: E402
from bioautofeat.nas.evaluators.setn import SelfEvaluated  # noqa: E402
from bioautofeat.nas.evaluators.smash import Smash  # noqa: E402
from bioautofeat.nas.evaluators.training import Training  # noqa: E402
from bioautofeat.nas.fitting import Fit  # noqa: E402
from bioautofeat.nas.genotype import Encoder, Frame, Stem  # noqa: E402
from bioautofeat.nas.searching import Budget, search  # noqa: E402
from bioautofeat.nas.spaces import CellSpace, ChainSpace  # noqa: E402
from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace  # noqa: E402
from bioautofeat.nas.spaces.morphism import MorphismSpace  # noqa: E402
from bioautofeat.nas.spaces.sequence import SequenceSpace  # noqa: E402
from bioautofeat.nas.strategies import ASKING, GRADIENT, gradient_search  # noqa: E402
from bioautofeat.nas.strategies.gradient import Rates  # noqa: E402
from bioautofeat.nas.supernet import Supernet, dropout_rate, dropped, uniform  # noqa: E402
from bioautofeat.nas.task import SequenceTask, TensorTask  # noqa: E402
from bioautofeat.nas.wiring import Framed, SupernetOf, graph_of  # noqa: E402

FRAME = Frame(stem=Stem(8, 3), stages=2)
OPERATIONS = ("none", "identity", "conv3")
SPACES = {
    "edge-cell": EdgeCellSpace(3, OPERATIONS),
    "chain": ChainSpace(OPERATIONS[1:], 3),
    "cell": CellSpace(OPERATIONS[1:], 2),
}
TINY = toys.half(toys.planted(0, 128))
FAST = Fit(epochs=1, batch=32)


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

    @pytest.mark.parametrize("name", [*SPACES, "morphism"])
    def test_every_operation_has_its_weights(self, name, rng):
        space = {**SPACES, "morphism": MorphismSpace((8, 12), (3, 5), 3)}[name]
        for _ in range(5):
            point = space.sample(rng)
            network = Framed(FRAME, 2)(space, point)
            graph = graph_of(space, point, network)
            assert len(graph.operations) == len(graph.weights)
            owned = [weight for names in graph.weights for weight in names]
            assert len(owned) == len(set(owned))
            weights = [n for n, w in network.named_parameters() if w.dim() >= 2 and n.startswith("body.")]
            free = ("between", "joints", "before", "adds", "body.layers.1.kernel" if name == "edge-cell" else "-")
            assert {n for n in weights if not any(part in n for part in free)} == set(owned)
            assert len(generations(len(graph.operations), graph.edges)) > 2


def hypernetworks(task, hyper):
    """Both kinds on chains."""
    return {
        "smash": Smash(task, toys.build, hyper),
        "ghn": GraphHypernetwork(task, toys.build, toys.graph, hyper, (8, 8, 7)),
    }


class TestHypernetworks:
    @pytest.mark.parametrize("kind", ["smash", "ghn"])
    def test_gradient_reaches_the_hypernetwork_only(self, kind):
        judge = hypernetworks(TINY, Hyper(epochs=1))[kind]
        space = toys.space_of(toys.DEPTH, 3)
        judge.prepare(space, seed=0)
        point = tuple((name, "conv3") for name, _ in next(space.points()))
        form = judge.form(point)
        before = {name: value.clone() for name, value in form.named_parameters()}
        made = judge.made(point, form)
        assert set(made) == {f"layers.{i}.kernel.weight" for i in range(3)}
        x, mask, y = TINY.batch(TINY.train)
        TINY.loss(judge.forward(point, judge.weights(point), x, mask), y).backward()
        assert all(value.grad is None for value in form.parameters())
        assert all(torch.equal(value, before[name]) for name, value in form.named_parameters())
        assert any(entry.grad is not None and entry.grad.abs().sum() > 0 for entry in judge.shared.entries)
        heads = judge._heads.entries if kind == "smash" else judge._decoder.parameters()
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in heads)

    @pytest.mark.parametrize("kind", ["smash", "ghn"])
    def test_the_same_code_gives_the_same_weights(self, kind):
        judge = hypernetworks(TINY, Hyper(epochs=1))[kind]
        space = toys.space_of(toys.DEPTH, 3)
        judge.prepare(space, seed=0)
        points = list(space.points())
        first, again = judge.weights(points[-1]), judge.weights(tuple(points[-1]))
        assert all(torch.equal(first[name], again[name]) for name in first)
        other = judge.weights(points[-2])
        assert not torch.equal(first["layers.0.kernel.weight"], other["layers.0.kernel.weight"])

    def test_weights_of_any_shape_keep_the_scale(self):
        judge = GraphHypernetwork(TINY, toys.build, toys.graph, Hyper(width=16), (4, 4, 5))
        judge.start(0)
        for shape in ((8, 8, 3), (3, 5, 7), (2, 2), (4, 4, 3, 3)):
            made = judge.decoded(torch.randn(16), torch.Size(shape)).detach()
            assert made.shape == shape
            fan_in = int(np.prod(shape[1:]))
            assert float(made.pow(2).mean().sqrt()) == pytest.approx(np.sqrt(2 / fan_in), rel=1e-4)

    def test_a_relabelled_graph_gives_the_same_weights(self):
        def turned(space, point, network):
            graph, order = toys.graph(space, point, network), [3, 1, 4, 0, 2]
            edges = tuple((order[u], order[v]) for u, v in graph.edges)
            operations, weights = (
                tuple(rows[order.index(i)] for i in range(5)) for rows in (graph.operations, graph.weights)
            )
            return Graph(operations, edges, weights)

        space = toys.space_of(toys.DEPTH, 3)
        point = tuple((name, "conv3") for name, _ in next(space.points()))
        made = []
        for graph in (toys.graph, turned):
            judge = GraphHypernetwork(TINY, toys.build, graph, Hyper(width=16), (8, 8, 3))
            judge.space, judge.shared = space, None
            torch.manual_seed(0)
            judge.start(0)
            made.append(judge.made(point, judge.form(point)))
        assert all(torch.allclose(made[0][name], made[1][name], atol=1e-6) for name in made[0])


class TestTraining:
    def test_a_seed_is_a_result(self):
        space = toys.space_of(toys.DEPTH, 2)
        point = list(space.points())[-1]
        scores = []
        for _ in range(2):
            judge = Training(TINY, toys.build, FAST)
            judge.prepare(space, seed=4)
            scores.append(judge.evaluate(Suggestion(point)))
        assert scores[0] == scores[1]

    def test_cheaper_by_epochs_or_rows(self):
        space = toys.space_of(toys.DEPTH, 1)
        point = list(space.points())[-1]
        seen = []

        class Counting(Fidelity):
            def trained(self, point, task, epochs):
                seen.append((len(task.train), epochs))
                return super().trained(point, task, epochs)

        for axis in ("epochs", "rows"):
            judge = Counting(TINY, toys.build, Fit(epochs=9, batch=32), axis)
            judge.prepare(space, seed=0)
            judge.evaluate(Suggestion(point, 1 / 3))
        assert seen == [(32, 3), (11, 9)]
        with pytest.raises(ParameterError, match="neither"):
            Fidelity(TINY, toys.build, axis="layers")
        few, more = (TINY.part(share, np.random.default_rng(0)).train for share in (0.2, 0.5))
        assert set(few) < set(more)

    @pytest.mark.parametrize("make", [Training, Inheriting])
    def test_too_little_time(self, make):
        judge = make(TINY, toys.build, FAST)
        judge.prepare(toys.space_of(toys.DEPTH, 1), seed=0, stop=lambda: True)
        with pytest.raises(UnfinishedError, match="one epoch"):
            judge.evaluate(Suggestion((("e0", "conv3"),)))

    def test_too_little_time_for_a_supernet(self):
        space = toys.space_of(toys.DEPTH, 1)
        with pytest.raises(UnfinishedError, match="one epoch"):
            OneShot(TINY, toys.Relax(), Sharing(batch=8)).prepare(space, seed=0, stop=lambda: True)
        with pytest.raises(UnfinishedError, match="one epoch"):
            Smash(TINY, toys.build, Hyper(batch=8)).prepare(space, seed=0, stop=lambda: True)


class TestInheritance:
    def test_a_child_computes_what_its_parent_computes(self):
        space = MorphismSpace((8, 12), (3, 5), 3)
        judge = Inheriting(TINY, Framed(FRAME, 2), FAST)
        judge.prepare(space, seed=0)
        judge.evaluate(Suggestion(space.start()))
        parent = Framed(FRAME, 2)(space, space.start())
        parent.load_state_dict(judge._known[space.start()].state)
        rng, point = np.random.default_rng(0), space.start()
        for _ in range(4):
            point = space.mutate(point, rng)
        child = Framed(FRAME, 2)(space, point)
        assert judge.inherit(child, point, 0)
        gap = (child.eval()(TINY.x) - parent.eval()(TINY.x)).abs().max()
        assert gap < 0.3  # copied channels are told apart by noise; without it the two are equal

    def test_elsewhere_weights_of_the_same_place_are_taken_over(self):
        space = toys.space_of(("skip", "conv3"), 3)
        judge = Inheriting(TINY, toys.build, FAST)
        judge.prepare(space, seed=0)
        points = list(space.points())
        judge.evaluate(Suggestion(points[-1]))
        child = toys.build(space, points[-2])
        assert judge.inherit(child, points[-2], 0)
        theirs = judge._known[points[-1]].state
        assert torch.equal(child.layers[0].kernel.weight, theirs["layers.0.kernel.weight"])

    def test_memory_keeps_the_best(self):
        space = toys.space_of(("skip", "conv3"), 3)
        judge = Inheriting(TINY, toys.build, FAST, memory=2)
        judge.prepare(space, seed=0)
        scores = {point: judge.evaluate(Suggestion(point)) for point in list(space.points())[:5]}
        assert len(judge._known) == 2
        assert max(scores, key=scores.get) in judge._known


def small(name, space):
    """An evaluator that takes a moment."""
    framed, relax = Framed(FRAME, 2), SupernetOf(FRAME, 2)
    return {
        "training": lambda: Training(TINY, framed, FAST, relax),
        "fidelity": lambda: Fidelity(TINY, framed, FAST),
        "inherit": lambda: Inheriting(TINY, framed, FAST, FAST),
        "oneshot": lambda: OneShot(TINY, relax, Sharing(epochs=1)),
        "setn": lambda: SelfEvaluated(TINY, relax, Sharing(epochs=1)),
        "smash": lambda: Smash(TINY, framed, Hyper(epochs=1)),
        "ghn": lambda: GraphHypernetwork(TINY, framed, graph_of, Hyper(epochs=1)),
    }[name]()


class TestSearching:
    @pytest.mark.parametrize("evaluator", ["training", "inherit", "oneshot", "setn", "smash", "ghn"])
    def test_every_evaluator_with_a_strategy_that_asks(self, evaluator):
        for space in SPACES.values():
            found = search(space, "evolution", small(evaluator, space), Budget(trials=2), seed=1)
            assert found.best.score is not None
            assert len(found.history) == 2
            assert found.ranked()[0] == found.best

    @pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")
    @pytest.mark.parametrize("strategy", ["darts", "darts2", "darts-mixed", "fair-darts", "pc-darts", "gdas"])
    def test_every_search_by_gradient(self, strategy):
        space = SPACES["edge-cell"]
        chosen = gradient_search(strategy, Rates(epochs=1, batch=16))
        found = [search(space, chosen, small(e, space), Budget(trials=1)) for e in ("oneshot", "training")]
        assert found[0].best.point == found[1].best.point
        assert all(0 <= epoch.skips <= 1 for epoch in found[0].relaxed.epochs)
        for row in found[0].relaxed.chances.values():
            assert np.isfinite(row).all()

    def test_the_same_seed_is_the_same_search(self):
        space = SPACES["edge-cell"]
        runs = [search(space, "reinforce", small("oneshot", space), Budget(trials=4), seed=3) for _ in range(2)]
        assert [(t.point, t.score) for t in runs[0].history.trials] == [
            (t.point, t.score) for t in runs[1].history.trials
        ]

    def test_a_search_goes_on_where_it_stopped(self):
        space = SPACES["edge-cell"]
        whole = search(space, "evolution", small("training", space), Budget(trials=6), seed=3)
        known = whole.history.trials[:3]
        again = search(space, "evolution", small("training", space), Budget(trials=6), seed=3, known=known)
        assert [t.point for t in again.history.trials] == [t.point for t in whole.history.trials]

    def test_templates_ask_for_the_likeliest(self):
        space = SPACES["edge-cell"]
        judge = small("setn", space)
        found = search(space, "templates", judge, Budget(trials=3))
        chances = [judge.log_probability(trial.point) for trial in found.history.trials]
        assert chances == sorted(chances, reverse=True)
        assert chances[0] == max(judge.log_probability(point) for point in space.points())
        assert judge.pick(space, 1) == found.history.trials[0].point
        assert judge.pick(space, 27) == max(space.points(), key=judge.shared_score)

    def test_what_does_not_go_together(self):
        space = MorphismSpace((8, 12), (3,), 2)
        with pytest.raises(ParameterError, match="no supernet"):
            search(space, "random", small("oneshot", space), Budget(trials=1))
        with pytest.raises(ParameterError, match="needs a supernet"):
            search(space, "darts", small("smash", space), Budget(trials=1))
        with pytest.raises(ParameterError, match="setn"):
            search(SPACES["edge-cell"], "templates", small("oneshot", space), Budget(trials=1))
        with pytest.raises(ParameterError, match="an end"):
            Budget()

    def test_failures_are_trials_and_all_failures_an_error(self):
        class Failing(Training):
            def evaluate(self, suggestion):
                raise RuntimeError("out of memory")

        space = SPACES["edge-cell"]
        with pytest.raises(UnfinishedError, match="out of memory"):
            search(space, "random", Failing(TINY, Framed(FRAME, 2), FAST), Budget(trials=2))

    def test_time_ends_a_search(self):
        space = SPACES["edge-cell"]
        found = search(space, "random", small("training", space), Budget(seconds=0.3))
        assert len(found.history) >= 1
        assert found.seconds < 3


class TestCompatibility:
    def test_a_few_combinations(self):
        tried = list(attempts(["edge-cell", "morphism"], ["random", "templates", "gdas"], ["training", "setn"]))
        works = {(one.space, one.strategy, one.evaluator) for one in tried if not one.reason}
        assert works == {
            ("edge-cell", "random", "training"), ("morphism", "random", "training"), ("edge-cell", "random", "setn"),
            ("edge-cell", "templates", "setn"), ("edge-cell", "gdas", "training"), ("edge-cell", "gdas", "setn"),
        }  # fmt: skip
        assert all(one.reason for one in tried if (one.space, one.strategy, one.evaluator) not in works)
        assert "| random | all | edge-cell |" in markdown(tried)

    def test_the_page_holds_the_table(self):
        """Its rows name every strategy and every evaluator; the slow test makes it anew."""
        page = DOCUMENT.read_text(encoding="utf-8")
        assert all(name in page for name in (*ASKING, *GRADIENT, *EVALUATORS))

    @pytest.mark.slow
    def test_the_table_is_what_trying_gives(self):
        assert markdown(attempts()) in DOCUMENT.read_text(encoding="utf-8")


def test_a_task_follows_the_encoder_of_a_network():
    """In a space of whole networks the encoder is drawn too: every evaluator gives each network what it reads."""
    space = SequenceSpace("dna", 12, 1, ("conv3",))
    letters = torch.randint(1, 5, (40, 12), dtype=torch.uint8)
    data = Data(Encoder(), letters, (letters[:, 0] > 2).long())
    task = SequenceTask.of(data, range(30), range(30, 40), n_outputs=2)
    points = {dict(p)["encoder"]: p for p in (space.sample(np.random.default_rng(s)) for s in range(20))}
    assert len(points) > 1
    for point in points.values():
        network = Framed(FRAME, 2)(space, point)
        assert task.suited(network).n_inputs == network.architecture.encoder.channels
        for judge in (Training(task, Framed(FRAME, 2), FAST), Smash(task, Framed(FRAME, 2), Hyper(epochs=1))):
            judge.prepare(space, seed=0)
            assert judge.evaluate(Suggestion(point)) is not None


def test_regression_and_masks():
    """Real targets give a squared error; a mask travels with its rows."""
    x, mask = torch.randn(20, 4, 9), torch.ones(20, 9)
    task = TensorTask(x=x, y=x.mean((1, 2)), mask=mask, train=np.arange(10), validation=np.arange(10, 20), n_outputs=1)
    assert task.score(lambda x, mask: (x.sum((1, 2)) / mask.sum(1) / 4)[:, None]) == pytest.approx(0.0, abs=1e-10)
    assert task.score(lambda x, mask: torch.zeros(len(x), 1)) < 0
    halves = task.halved(np.random.default_rng(0))
    assert sorted([*halves.train, *halves.validation]) == list(range(10))
    with pytest.raises(ParameterError, match="two rows"):
        TensorTask(x=x, y=x.mean((1, 2)), train=np.arange(1), validation=np.arange(10))
    assert BioautofeatWarning.__mro__[1] is UserWarning
