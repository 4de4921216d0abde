"""Neural networks: what was searched, what came of each, and what those that are delivered look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Numeric, count, figure, named, note, pairs, paragraph, table

if TYPE_CHECKING:
    from bioautofeat.automl.trial import Trial
    from bioautofeat.nas.genotype import Architecture
    from bioautofeat.nas.hunting import Hunted

__all__ = ["networks_section"]


def networks_section(facts: Facts) -> str:
    """The search for networks, and a picture of each that is delivered; empty where there is neither."""
    searched, trials = facts.result.networks, _trials(facts)
    delivered = [trial for trial in trials if trial.candidate.key in facts.champion.weights]
    if searched is None and not delivered:
        return ""
    lead = _asked(searched) if searched is not None else note("There was no search: the usual network took part.")
    found = "".join(_picture(facts, trial) for trial in delivered) or _not_delivered(trials, searched)
    return lead + found + (_history(facts, searched) if searched is not None else "")


def _trials(facts: Facts) -> list[Trial]:
    return [trial for trial in facts.result.board.trials if trial.candidate.model == "network"]


def _asked(searched: Hunted) -> str:
    return pairs([
        ("space", searched.space), ("strategy", searched.strategy), ("evaluator", searched.evaluator),
        ("networks tried", len(searched.history)), ("seconds", f"{searched.seconds:,.1f}"),
        ("handed on to be judged on all folds", len(searched.values)),
    ])  # fmt: skip


def _picture(facts: Facts, trial: Trial) -> str:
    """A network that is delivered."""
    architecture = _network(trial.candidate.values)
    weights, metric = _weights_of(facts, architecture), METRICS[facts.metric]
    share = facts.champion.weights[trial.candidate.key] / sum(facts.champion.weights.values())
    members = trial.candidate.values.get("members", 1)
    said = [f"{share:.1%} of what is delivered", f"{f'{members} times ' * (members > 1)}{weights:,} weights"]
    return _drawn(architecture, f"Trial {trial.number}: {', '.join(said)}; {_score(trial, facts.metric, metric.title)}")


def _score(trial: Trial, name: str, title: str) -> str:
    return f"{title} {trial.scores[name]:.3f} out of fold" if trial.finished else trial.state


def _not_delivered(trials: list[Trial], searched: Hunted | None) -> str:
    """The network that the search found best, where what is delivered does without."""
    said = paragraph(f"None of the {count(len(trials), 'network')} tried on all folds is part of what is delivered.")
    if searched is None or not searched.values:
        return said
    return said + _drawn(_network(searched.values[0]), "The best that the search found")


def _drawn(architecture: Architecture, title: str) -> str:
    from bioautofeat.nas.picture import drawn, summary

    caption = f"{named(summary(architecture), 400)}. Boxes are layers, lines what they read."
    return figure(drawn(architecture), title, caption)


def _network(values: Mapping[str, Any]) -> Architecture:
    from bioautofeat.nas.member import network_of

    return network_of(values)


def _weights_of(facts: Facts, architecture: Architecture) -> int:
    """Numbers that training has set in a network of this form in the model."""
    from bioautofeat.nas.network import count_parameters
    from bioautofeat.nas.predictor import NetworkPredictor

    parts = [part for part in facts.result.model.predictor.parts_below() if isinstance(part, NetworkPredictor)]
    return next((count_parameters(part.module) for part in parts if part.form == architecture), 0)


def _history(facts: Facts, searched: Hunted) -> str:
    measure = METRICS["mcc" if facts.classifies else "r2"].title
    lead = (
        "Each was trained on a part of the training records, and judged by another part of them; the scores chose what was judged on "
        "all folds, and are no estimate. The estimate above corrects for the choice among the models of the leaderboard, not for "
        "that among these, which saw records of all folds but the first."
    )
    head = [measure, "weights", "epochs", "seconds", "network"]
    return "<h3>Every network of the search</h3>" + paragraph(lead) + table(list(_rows(searched)), head)


def _rows(searched: Hunted) -> Iterator[list[Any]]:
    """A row for each network; what failed comes last, with its reason."""
    from bioautofeat.nas.picture import summary

    for row in searched.history:
        score = Numeric("" if row["score"] is None else f"{row['score']:.3f}")
        said = row["error"] or summary(_network(row["values"]))
        yield [score, row["parameters"], row["epochs"], Numeric(f"{row['seconds']:,.1f}"), said]
