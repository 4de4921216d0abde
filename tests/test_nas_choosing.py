"""Networks of a model are chosen to err on different records."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from nas_records import records

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.evaluation.calibration import fit_calibration  # noqa: E402
from bioautofeat.models.predictors.joined import Blend, Calibrated  # noqa: E402
from bioautofeat.nas.choosing import chosen_together  # noqa: E402
from bioautofeat.nas.estimator import NASClassifier  # noqa: E402
from bioautofeat.nas.genotype import Frame, Head, Stem  # noqa: E402
from bioautofeat.nas.running import probabilities  # noqa: E402
from bioautofeat.nas.spaces.edge_cell import EdgeCell  # noqa: E402
from bioautofeat.nas.train import Settings  # noqa: E402
from bioautofeat.nas.whole import Candidate  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SMALL = Frame(stem=Stem(8, 7), head=Head("max"), stages=1).hold(EdgeCell(2, ("conv3",)))
N = 200
TRUTH = np.arange(N) % 2


def candidate(outputs, score=0.0):
    return Candidate(SMALL, Settings(), score, outputs=outputs)


def erring(rows, sure=2.0):
    """A network that is right but for some records."""
    margin = np.full(N, sure)
    margin[rows] = -sure
    return np.column_stack([np.where(TRUTH == 0, margin, -margin), np.zeros(N)])


def noise(seed, size):
    return np.random.default_rng(seed).normal(0, size, (N, 2))


def test_the_second_network_errs_elsewhere():
    best = candidate(erring(range(20)) + noise(0, 0.5))
    twin = candidate(erring(range(20)) + noise(0, 0.5) + noise(1, 0.05))
    other = candidate(erring(range(60, 85)) + noise(2, 0.5))
    assert chosen_together([best, twin, other], 2, TRUTH, 2) == [best, other]


def test_how_sure_a_network_is_does_not_matter():
    best = candidate(erring(range(20)) + noise(0, 0.5))
    twin = candidate(erring(range(20)) + noise(0, 0.5))
    shy = candidate(0.3 * (erring(range(60, 85)) + noise(2, 0.5)))
    assert chosen_together([best, twin, shy], 2, TRUTH, 2) == [best, shy]


def test_a_network_that_makes_the_mean_worse_is_not_taken():
    best = candidate(erring(range(10)))
    poor = candidate(noise(3, 1.0))
    assert chosen_together([best, poor], 2, TRUTH, 2) == [best]


def test_without_outputs_the_order_stands():
    first, second, third = candidate(None), candidate(erring(range(20))), candidate(erring(range(5)))
    assert chosen_together([first, second, third], 2, TRUTH, 2) == [first, second]
    assert chosen_together([], 2, TRUTH, 2) == []
    assert chosen_together([third, first, second], 1, TRUTH, 2) == [third]
    # a candidate that nothing is known of is passed over
    assert first not in chosen_together([second, first, third], 2, TRUTH, 2)


@pytest.mark.parametrize("n_classes", [0, 3])
def test_each_step_is_the_best_of_all(n_classes):
    rng = np.random.default_rng(4)
    truth = np.arange(60) % 3 if n_classes else rng.normal(size=60)
    right = np.eye(3)[truth] * 2 if n_classes else truth[:, None]
    given = [candidate(right + rng.normal(0, 1.5, right.shape)) for _ in range(6)]

    def said(outputs):
        if not n_classes:
            return outputs[:, 0]
        shares = probabilities(outputs)
        return fit_calibration(shares, truth).apply(shares)

    def loss(members):
        mean = np.mean([said(member.outputs) for member in members], axis=0)
        if not n_classes:
            return ((mean - truth) ** 2).mean()
        return -np.log(mean[np.arange(60), truth]).mean()

    found = chosen_together(given, 3, truth, n_classes)
    assert found[0] is given[0]
    assert len(found) == 3
    for size in (2, 3):
        ways = [members for members in combinations(given, size) if set(found[: size - 1]) <= set(members)]
        assert set(min(ways, key=loss)) == set(found[:size])


def test_the_networks_of_a_model_are_chosen_together(monkeypatch):
    seen = []

    def last(candidates, members, targets, n_classes):
        seen.append((candidates, targets))
        assert all(len(one.outputs) == len(targets) for one in candidates)
        return candidates[-1:]

    monkeypatch.setattr("bioautofeat.nas.choosing.chosen_together", last)
    texts, labels = records(80)
    model = NASClassifier(time_budget=None, trials=3, epochs=1, members=2, threads=1, strategy="random")
    model.fit(texts, labels)
    ((candidates, _),) = seen
    assert len(candidates) >= 2
    assert model.architectures_ == [candidates[-1].architecture] * 2


def test_each_network_is_calibrated_by_the_records_it_was_not_trained_on(monkeypatch):
    from bioautofeat.nas import whole

    kept = []
    real = whole.train_members

    def watched(*given, **more):
        for member in real(*given, **more):
            kept.append(member)
            yield member

    monkeypatch.setattr(whole, "train_members", watched)
    texts, labels = records(200)
    model = NASClassifier(architecture=SMALL, time_budget=None, epochs=6, members=2, threads=1).fit(texts, labels)
    blend = model.predictor_
    assert isinstance(blend, Blend)
    codes = np.array([model.classes_.tolist().index(label) for label in labels])
    for part, member in zip(blend.members, kept, strict=True):
        assert isinstance(part, Calibrated)
        wanted = fit_calibration(probabilities(member.outputs), codes[member.rows])
        assert (part.slope, tuple(part.shift)) == (wanted.exponent, wanted.bias)
    means = [part.outputs(np.zeros((1, blend.n_columns))) for part in blend.members]
    assert np.allclose(blend.outputs(np.zeros((1, blend.n_columns))), np.mean(means, axis=0))
