"""What each method of architecture search claims, shown on the smallest task on which it can fail.

The slow ones take minutes on one thread: ``BIOAUTOFEAT_SLOW=1``.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="these toys train networks of torch")

import nas_toys as toys  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402

from bioautofeat.errors import BioautofeatWarning, ParameterError  # noqa: E402
from bioautofeat.nas.evaluators.generated import Hyper  # noqa: E402
from bioautofeat.nas.evaluators.ghn import GraphHypernetwork  # noqa: E402
from bioautofeat.nas.evaluators.oneshot import OneShot, Sharing  # noqa: E402
from bioautofeat.nas.evaluators.setn import SelfEvaluated  # noqa: E402
from bioautofeat.nas.evaluators.smash import Smash  # noqa: E402
from bioautofeat.nas.strategies.darts import (  # noqa: E402
    InnerStep,
    dominant_eigenvalue,
    first_order,
    mixed,
    second_order,
)
from bioautofeat.nas.strategies.gdas import Gumbel, gumbel_choice  # noqa: E402
from bioautofeat.nas.strategies.gradient import CollapseStop, GradientSearch, Rates  # noqa: E402
from bioautofeat.nas.strategies.relaxation import (  # noqa: E402
    EdgeNormalised,
    Rule,
    Sigmoid,
    Softmax,
    discretise,
    skip_share,
)
from bioautofeat.search import Suggestion  # noqa: E402

SEEDS = range(5)


class TestDartsOnPaper:
    """``L_train = (w - a)^2``, ``L_val = w^2``: only the look through the step of the weights moves ``a``."""

    @staticmethod
    def losses(a, w):
        return lambda: ((w - a) ** 2).sum(), lambda: (w**2).sum()

    @staticmethod
    def numbers(seed, size=1):
        generator = torch.Generator().manual_seed(seed)
        a, w = torch.randn(2, size, generator=generator, dtype=torch.float64)
        return a.requires_grad_(), w.requires_grad_()

    def test_first_order_does_not_move(self):
        a, w = self.numbers(0)
        assert first_order([a], self.losses(a, w)[1])[0].item() == 0.0

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("momentum", [0.0, 0.9])
    def test_second_order_is_the_gradient_through_the_step(self, seed, momentum):
        a, w = self.numbers(seed, 2)
        train, validation = self.losses(a, w)
        buffer = torch.tensor([0.3, -0.2], dtype=torch.float64) if momentum else None
        step = InnerStep(0.1, momentum, 0.01, [buffer])
        before = w.detach().clone()
        found = second_order([a], [w], validation, train, step)[0]
        assert torch.equal(w.detach(), before)

        def unrolled(a):
            direction = 2 * (before - a) + 0.01 * before + (momentum * buffer if momentum else 0)
            return ((before - 0.1 * direction) ** 2).sum()

        for place in range(2):
            small = torch.zeros(2, dtype=torch.float64)
            small[place] = 1e-6
            with torch.no_grad():
                slope = (unrolled(a + small) - unrolled(a - small)) / 2e-6
            assert found[place].item() == pytest.approx(float(slope), abs=1e-6)

    def test_second_order_finds_the_optimum(self):
        a, w = self.numbers(1)
        train, validation = self.losses(a, w)
        for _ in range(800):
            gradient = second_order([a], [w], validation, train, InnerStep(0.1))[0]
            with torch.no_grad():
                a -= 0.1 * gradient
                w -= 0.1 * 2 * (w - a)
        assert abs(a.item()) < 1e-3

    def test_one_level_moves_both(self):
        a, w = self.numbers(2)
        train, validation = self.losses(a, w)
        by_a, by_w = mixed([a], [w], validation, train, 0.5)
        assert by_a[0].item() == pytest.approx((-2 * (w - a)).item())
        assert by_w[0].item() == pytest.approx((2 * (w - a) + 0.5 * 2 * w).item())

    def test_dominant_eigenvalue(self):
        a = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        curvature = torch.diag(torch.tensor([1.0, -7.0, 3.0], dtype=torch.float64))
        loss = lambda: 0.5 * a @ curvature @ a + (a**3).sum()  # noqa: E731
        generator = torch.Generator().manual_seed(0)
        assert dominant_eigenvalue(loss, [a], generator, 50) == pytest.approx(-7.0, abs=1e-6)
        assert dominant_eigenvalue(lambda: a.sum(), [a], generator) == 0.0


class TestRelaxations:
    @pytest.fixture
    def net(self):
        return toys.Relax()(toys.space_of(toys.PLANTED, 2))

    def test_softmax_weights_add_up_to_one(self, net):
        generator = torch.Generator().manual_seed(0)
        alphas = Softmax().start(net, generator)
        for row in Softmax().weights(alphas, 0.5, generator).values():
            assert float(row.detach().sum()) == pytest.approx(1.0, abs=1e-6)

    def test_edges_that_meet_share_a_node(self):
        net = toys.Relax()(toys.space_of(toys.PLANTED, 3))
        net.nodes = (("e0", "e1"), ("e2",))
        generator = torch.Generator().manual_seed(0)
        relaxation = EdgeNormalised()
        alphas = relaxation.start(net, generator)
        weights = relaxation.weights(alphas, 0.0, generator)
        assert float((weights["e0"].sum() + weights["e1"].sum()).detach()) == pytest.approx(2.0, abs=1e-5)
        assert float(weights["e2"].detach().sum()) == pytest.approx(1.0, abs=1e-6)

    def test_gumbel_draws_what_softmax_says(self):
        alpha = torch.tensor([0.5, -1.0, 1.0], requires_grad=True)
        generator = torch.Generator().manual_seed(0)
        taken = [gumbel_choice(alpha, 0.5, generator) for _ in range(4000)]
        shares = np.bincount([choice.option for choice in taken], minlength=3) / 4000
        assert np.abs(shares - torch.softmax(alpha, 0).detach().numpy()).max() < 0.03
        assert all(float(choice.factor.detach()) == pytest.approx(1.0) for choice in taken[:20])
        assert torch.autograd.grad(taken[0].factor, alpha)[0].abs().sum() > 0
        assert [Gumbel().temperature(t) for t in (0.0, 0.5, 1.0)] == pytest.approx([10.0, 5.05, 0.1])

    def test_fair_weights_are_pulled_apart(self):
        alphas = {"e": torch.tensor([0.0, 3.0, -3.0])}
        middle = {"e": torch.zeros(3)}
        assert float(Sigmoid().penalty(alphas)) < float(Sigmoid().penalty(middle)) == 0.0

    def test_choice_at_the_end(self, net):
        chances = {"e0": np.array([0.5, 0.3, 0.1, 0.1]), "e1": np.array([0.1, 0.5, 0.3, 0.1])}
        assert discretise(chances, net) == {"e0": 1, "e1": 1}
        assert discretise(chances, net, Rule(silent=())) == {"e0": 0, "e1": 1}
        assert discretise(chances, net, Rule(skips=1)) == {"e0": 2, "e1": 1}
        assert skip_share({"e0": 2, "e1": 1}, net) == 0.5
        net.nodes = (("e0", "e1"),)
        assert discretise(chances, net, Rule(edges=1)) == {"e0": 0, "e1": 1}

    def test_a_stop_needs_a_rise(self):
        rule = CollapseStop(window=2)
        assert not rule.says_stop([1.0, 1.0, 1.0])
        assert not rule.says_stop([1.0, 1.0, 1.0, 1.1])
        assert rule.says_stop([1.0, 1.0, 1.5, 1.5])

    def test_nothing_to_search(self):
        net = toys.Relax()(toys.space_of(("skip",), 1))
        with pytest.raises(ParameterError, match="nothing to search"):
            GradientSearch().run(net, toys.planted(0, 64), seed=0)
        with pytest.raises(ParameterError, match="none of"):
            GradientSearch(order="third")


def searched(names, layers, seed, search, n=800, share=1):
    """What a search by gradient finds on the planted task."""
    torch.manual_seed(seed)
    net = toys.Relax(share)(toys.space_of(names, layers))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BioautofeatWarning)
        return search.run(net, toys.planted(seed, n), seed=seed)


def chosen(point):
    """Names of the operations of a point."""
    return [name for _, name in point]


PLANT = Rates(epochs=20, batch=32, weight_rate=0.05, alpha_rate=0.02)


class TestPlantedOperation:
    """The class is the best place of a motif of width 7: of none, skip, conv3 and conv7, conv7 must be found."""

    def found(self, search, share=1):
        picks = [chosen(searched(toys.PLANTED, 1, seed, search, 1600, share).point) for seed in SEEDS]
        print([name for (name,) in picks])
        return picks.count(["conv7"])

    def test_darts_one_seed(self):
        assert chosen(searched(toys.PLANTED, 1, 0, GradientSearch(rates=PLANT)).point) == ["conv7"]

    @pytest.mark.slow
    @pytest.mark.parametrize("order", ["first", "second", "mixed"])
    def test_darts(self, order):
        assert self.found(GradientSearch(order=order, rates=PLANT)) >= 4

    @pytest.mark.slow
    def test_partial_channels(self):
        assert self.found(GradientSearch(EdgeNormalised(), rates=PLANT, channels=2), share=2) >= 4

    @staticmethod
    def prepared(kind, seed, epochs=30):
        space = toys.space_of(toys.PLANTED, 1)
        judge = kind(toys.planted(seed, 1600), toys.Relax(), Sharing(epochs=epochs, batch=32))
        judge.prepare(space, seed=seed)
        return judge, space

    @pytest.mark.slow
    def test_templates(self):
        found = []
        for seed in SEEDS:
            judge, space = self.prepared(SelfEvaluated, seed)
            found.append((chosen(judge.pick(space, 1)), chosen(judge.pick(space, 4))))
        print(found)
        assert sum(first == ["conv7"] for first, _ in found) >= 4
        assert sum(best == ["conv7"] for _, best in found) >= 4

    @pytest.mark.slow
    def test_oneshot(self):
        best = []
        for seed in SEEDS:
            judge, space = self.prepared(OneShot, seed)
            best.append(chosen(max(space.points(), key=judge.shared_score)))
        print(best)
        assert best.count(["conv7"]) >= 4

    def test_templates_one_seed(self):
        judge, space = self.prepared(SelfEvaluated, 1, epochs=20)
        assert chosen(judge.pick(space, 1)) == ["conv7"]


COLLAPSING = Rates(epochs=40, batch=32, weight_rate=0.05, weight_decay=0.0, alpha_rate=0.05, alpha_decay=0.0)


class TestCollapse:
    """Two layers of skip, conv3 or conv7 and 200 rows: the supernet learns, its skips take over, and the network that
    is left sees single letters, which say nothing of the class."""

    def collapsed(self, search, share=1, seeds=SEEDS):
        found = [searched(toys.COLLAPSE, 2, seed, search, 400, share) for seed in seeds]
        print([chosen(one.point) for one in found])
        return sum(chosen(one.point) == ["skip", "skip"] for one in found), found

    def test_it_is_reported(self):
        torch.manual_seed(1)
        net = toys.Relax()(toys.space_of(toys.COLLAPSE, 2))
        with pytest.warns(BioautofeatWarning, match="collapse: 100%"):
            found = GradientSearch(rates=COLLAPSING).run(net, toys.planted(1, 400), seed=1)
        assert found.collapsed
        assert found.epochs[-1].skips == 1.0
        assert found.epochs[-1].train < 0.5  # the supernet itself has learnt

    def test_what_is_left_knows_nothing(self):
        assert toys.alone(("skip", "skip"), 1, 400) < 0.58
        assert toys.alone(("conv7", "skip"), 1, 400, 30) > 0.62

    @pytest.mark.slow
    def test_plain_darts_collapses(self):
        assert self.collapsed(GradientSearch(rates=COLLAPSING))[0] >= 4

    @pytest.mark.slow
    def test_second_order_collapses_too(self):
        assert self.collapsed(GradientSearch(order="second", rates=COLLAPSING), seeds=range(3))[0] >= 2

    @pytest.mark.slow
    @pytest.mark.parametrize("fix", ["early stop", "fair", "cap", "one level"])
    def test_fixes_mend_it(self, fix):
        rates = COLLAPSING
        search = {
            "early stop": GradientSearch(rates=rates, stop=CollapseStop()),
            "fair": GradientSearch(Sigmoid(10.0), rates=rates),
            "cap": GradientSearch(rates=rates, rule=Rule(skips=1)),
            "one level": GradientSearch(order="mixed", rates=rates),
        }[fix]
        count, found = self.collapsed(search)
        assert count <= 1
        if fix == "early stop":
            assert all(one.stopped == "collapse" for one in found)

    @pytest.mark.slow
    def test_partial_channels_halve_it(self):
        """What passes by is a skip in itself; with a rest for the numbers at the start, as the method has it."""
        rates = replace(COLLAPSING, warmup=10)
        assert self.collapsed(GradientSearch(EdgeNormalised(), rates=rates, channels=2), 2)[0] <= 3

    @pytest.mark.slow
    def test_templates_do_not_collapse(self):
        space, picks = toys.space_of(toys.COLLAPSE, 2), []
        for seed in SEEDS:
            judge = SelfEvaluated(toys.planted(seed, 400), toys.Relax(), Sharing(epochs=60, batch=32))
            judge.prepare(space, seed=seed)
            picks.append(chosen(judge.pick(space, 9)))
        print(picks)
        assert picks.count(["skip", "skip"]) <= 1


class TestRankCorrelations:
    """Chains of skips and convolutions over three positions: the deeper, the wider the motif that can be seen."""

    @pytest.mark.slow
    def test_oneshot(self):
        found = []
        for seed in SEEDS:
            space, points, truth = toys.some_chains(4, 10, seed)
            judge = OneShot(toys.planted(seed, 1600), toys.Relax(), Sharing(epochs=30, batch=32))
            judge.prepare(space, seed=seed)
            found.append(spearmanr([judge.shared_score(point) for point in points], truth)[0])
        print("one-shot", np.round(found, 2))
        assert np.mean(found) > 0.3
        assert sum(value > 0 for value in found) >= 4

    @staticmethod
    def made(kind, task, hyper):
        if kind == "smash":
            return Smash(task, toys.build, hyper)
        return GraphHypernetwork(task, toys.build, toys.graph, hyper, (8, 8, 7))

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["smash", "ghn"])
    def test_hypernetworks(self, kind):
        found = []
        for seed in SEEDS:
            space, points, truth = toys.some_chains(5, 20, seed)
            judge = self.made(kind, toys.planted(seed, 1600), Hyper(epochs=30, batch=32, rate=0.003))
            judge.prepare(space, seed=seed)
            found.append(spearmanr([judge.evaluate(Suggestion(point)) for point in points], truth)[0])
        print(kind, np.round(found, 2))
        assert np.mean(found) > 0.3

    @pytest.mark.slow
    def test_predicted_weights_beat_random_ones(self):
        """On architectures that the hypernetwork never met, by more than .1 of accuracy on the mean."""
        space = toys.space_of(toys.DEPTH, 4)
        points = list(space.points())
        held = [points[-1], points[-2], points[7]]

        class Without(type(space)):
            def sample(self, rng):
                while (point := super().sample(rng)) in held:
                    pass
                return point

        task, gains = toys.planted(1, 1600), []
        judge = self.made("ghn", task, Hyper(epochs=20, batch=32))
        judge.prepare(Without(space.given), seed=0)
        for point in held:
            torch.manual_seed(5)
            plain = toys.build(space, point).eval()
            gains.append(judge.evaluate(Suggestion(point)) - task.score(plain))
        print(np.round(gains, 2))
        assert np.mean(gains) > 0.1
