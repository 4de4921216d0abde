"""Evaluators of architectures: weight sharing, hypernetworks, inheritance, and that all parts go together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioautofeat.errors import ParameterError, UnfinishedError
from bioautofeat.search import Suggestion

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "nas.md"


torch = pytest.importorskip("torch", reason="supernets and hypernetworks are networks of torch")

import nas_toys as toys  # noqa: E402

from bioautofeat.errors import BioautofeatWarning  # noqa: E402
from bioautofeat.nas.compatibility import attempts, markdown  # noqa: E402
from bioautofeat.nas.encode import Data  # noqa: E402
from bioautofeat.nas.evaluators import EVALUATORS  # noqa: E402
from bioautofeat.nas.evaluators.fidelity import Fidelity  # noqa: E402
from bioautofeat.nas.evaluators.generated import Hyper  # noqa: E402
from bioautofeat.nas.evaluators.ghn import Graph, GraphHypernetwork  # noqa: E402
from bioautofeat.nas.evaluators.inherit import Inheriting  # noqa: E402
from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing  # noqa: E402
from bioautofeat.nas.evaluators.setn import SelfEvaluated  # noqa: E402
from bioautofeat.nas.evaluators.smash import Smash  # noqa: E402
from bioautofeat.nas.evaluators.training import Training  # noqa: E402
from bioautofeat.nas.fitting import Fit  # noqa: E402
from bioautofeat.nas.genotype import Encoder  # noqa: E402
from bioautofeat.nas.searching import Budget, search  # noqa: E402
from bioautofeat.nas.spaces.morphism import MorphismSpace  # noqa: E402
from bioautofeat.nas.spaces.sequence import SequenceSpace  # noqa: E402
from bioautofeat.nas.strategies import ASKING, GRADIENT, gradient_search  # noqa: E402
from bioautofeat.nas.strategies.gradient import Rates  # noqa: E402
from bioautofeat.nas.task import SequenceTask, TensorTask  # noqa: E402
from bioautofeat.nas.wiring import Framed, SupernetOf, graph_of  # noqa: E402

FRAME, SPACES = toys.FRAME, toys.SPACES
TINY = toys.half(toys.planted(0, 128))
FAST = Fit(epochs=1, batch=32)


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
            def trained(self, point, task, epochs, instance=0):
                seen.append((len(task.train), epochs))
                return super().trained(point, task, epochs, instance)

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
