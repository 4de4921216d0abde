"""What matters: sets of descriptors by their out-of-fold scores, members of the blend, blocks, features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.blend import pooled
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.explanation.drawing import Bar, bars
from bioautofeat.models.predictors.links import log_pooled
from bioautofeat.report.embedding import Embedding, embedded
from bioautofeat.report.facts import Allowance, Facts
from bioautofeat.report.importance import Shapley, Weights, permuted, shapley
from bioautofeat.report.markup import figure, named, note, paragraph, table
from bioautofeat.report.samples import test_sample, training_sample
from bioautofeat.report.searched import Steps

__all__ = ["Extras", "gathered", "matters_section"]

Array = NDArray[Any]
MOST_BLOCKS = 20


@dataclass(frozen=True, eq=False)
class Extras:
    """The dear parts of a report; None where there was no time for one.

    Parameters
    ----------
    steps : list of float, optional
    weights : Weights, optional
    shares : Shapley, optional
    embedding : Embedding, optional
    """

    steps: Steps = None
    weights: Weights | None = None
    shares: Shapley | None = None
    embedding: Embedding | None = None


def gathered(facts: Facts, allowance: Allowance) -> Extras:
    """As many of the dear parts as can be paid for."""
    known = test_sample(facts, allowance)
    sample = training_sample(facts, allowance)
    embedding = None if sample is None else embedded(facts, sample, allowance)
    shares = None if sample is None else shapley(facts, sample, allowance)
    weights = None
    likely = [] if shares is None else shares.columns
    if known is not None and facts.test_truth is not None:
        weights = permuted(facts, known, facts.test_truth[known.places], likely, allowance)
    elif sample is not None:
        weights = permuted(facts, sample, None, likely, allowance)
    return Extras(facts.result.board.history, weights, shares, embedding)


def matters_section(facts: Facts, extras: Extras) -> str:
    """From what is surest to what is only indicative."""
    return _sets(facts) + _members(facts) + _permuted(facts, extras.weights) + _shapley(facts, extras.shares)


def _sets(facts: Facts) -> str:
    """Best out-of-fold score of each set of descriptors."""
    sign = METRICS[facts.metric].sign
    best: dict[str, Any] = {}
    for trial in facts.result.board.trials:
        if trial.finished:
            name, score = " ".join(trial.candidate.specs), sign * trial.scores[facts.metric]
            if name not in best or score > best[name][0]:
                best[name] = (score, trial)
    rows = [
        (trial.candidate.block, float(sign * score), trial.candidate.model, specs)
        for specs, (score, trial) in sorted(best.items(), key=lambda row: -row[1][0])
    ]
    if facts.from_table or len(rows) < 2:
        return ""
    head = ["set of descriptors", f"best {facts.metric}", "by", "which are"]
    return (
        "<h3>Sets of descriptors</h3>"
        + table(rows, head, shown=8)
        + note("What the best single model on each set scores out of fold. This is measured on records that the model had not seen.")
    )  # fmt: skip


def _members(facts: Facts) -> str:
    """Each member: its weight, its own score, and the blend's without it."""
    members = list(_member_rows(facts))
    score = facts.champion.scores[facts.metric]
    head = ["member", "weight", f"{facts.metric} alone", f"{facts.metric} of the blend without it"]
    said = f"All of them together: {facts.metric} {score:.3f}, out of fold. " if len(members) > 1 else ""
    return "<h3>Members of what is delivered</h3>" + table(members, head) + note(
        said + "A member that the blend does as well without still takes part, because blends vary less on new records."
        if len(members) > 1
        else "One model is delivered; no blend of several had a smaller loss."
    )  # fmt: skip


def _member_rows(facts: Facts) -> Iterator[list[Any]]:
    champion = facts.champion
    own = {t.candidate.key: t for t in facts.result.board.trials if t.finished and t.candidate.key in champion.weights}
    keys = sorted(champion.weights, key=lambda key: -champion.weights[key])
    predictions = np.stack([np.asarray(own[key].predictions, np.float64) for key in keys])
    weights = np.array([champion.weights[key] for key in keys])
    join = log_pooled if champion.log else pooled
    for i, key in enumerate(keys):
        others = np.where(np.arange(len(keys)) == i, 0.0, weights)
        without = float("nan")
        if others.sum() > 0:
            mixed = join(predictions, others * (weights.sum() / others.sum()))
            without = _score(facts, mixed)
        yield [own[key].candidate.title, float(weights[i]), float(own[key].scores[facts.metric]), without]


def _score(facts: Facts, mixed: Array) -> float:
    """The metric of mixed predictions, with the calibration and the rule of what is delivered."""
    champion = facts.champion
    if champion.decision is None:
        return facts.problem.scores(mixed)[facts.metric]
    final = champion.calibration.apply(mixed)
    return facts.problem.scores(final, champion.decision.apply(final))[facts.metric]


def _permuted(facts: Facts, found: Weights | None) -> str:
    head = "<h3>Descriptors and features, permuted</h3>"
    if found is None:
        return head + note("Left out: there was no time for it. <code>bioautofeat explain</code> does it at leisure.")
    unit = f"drop of the {METRICS[facts.metric].title} (of {found.value:.3f})" if found.measured else _change(facts)  # fmt: skip
    rows = [(block.name, row) for block, row in found.blocks][:MOST_BLOCKS]
    drawn = bars(
        [_bar(name, row, True) for name, row in rows],
        "Blocks of descriptors, permuted",
        unit,
        "what the block brings back alone",
    )
    parts = [head, paragraph(_measured_on(found)), "" if found.measured else _taught(facts)]
    if len(found.blocks) > 1:
        caption = "The longer a bar, the more the model relies on the block (whiskers: one standard deviation over the repeats); a short bar with a circle far out means that other blocks know the same."
        parts.append(figure(drawn, "Blocks of descriptors", caption))
    if not found.features:
        return "".join(parts) + note("Single features are left out: there was no time for them.")
    single = [Bar(name, float(row.change.mean()), float(row.change.std())) for name, row in found.features]
    caption = "How far predictions move where one feature is dealt out anew: the features that move them most among those found by halving blocks and those with the largest SHAP values; features that know the same share their importance."
    return "".join(parts) + figure(bars(single, "Features, permuted one by one", _change(facts)), "Features", caption)


def _measured_on(found: Weights) -> str:
    if found.measured:
        return (
            f"Measured on {found.records:,} test records that no model has seen: how much worse the metric becomes where a column's values are "
            "dealt out anew among the records."
        )
    return (
        f"Measured on {found.records:,} training records: how far predictions move where a column's values are dealt out anew among the records. "
        "The delivered model was fitted on these, so this tells what it looks at, not what would be lost on new records."
    )


def _taught(facts: Facts) -> str:
    """A remark on descriptors that know the labels of the records that importance is measured on."""
    model = facts.result.model
    if model.extractor is None:
        return ""
    terms = zip(model.extractor.specs, model.extractor.terms, strict=True)
    learnt = [f"<code>{named(spec, 100)}</code>" for spec, term in terms if "labels" in term.needs]
    if not learnt:
        return ""
    return note(
        f"{', '.join(learnt)}: learnt from the labels of these very records, and so looks more important here than it is on new ones. "
        "The sets of descriptors above are free of that."
    )


def _change(facts: Facts) -> str:
    return "share of probability that moves to other classes" if facts.classifies else "mean change of a prediction"


def _bar(name: str, row: Any, alone: bool) -> Bar:
    dot = float(row.alone.mean()) if alone and row.alone is not None else None
    return Bar(name, float(row.main.mean()), float(row.main.std()), dot)


def _shapley(facts: Facts, found: Shapley | None) -> str:
    head = "<h3>Features in one member (SHAP)</h3>"
    if found is None or not found.rows:
        return head + note(
            "Left out: there was no time for it, or no member is made of trees or linear in its features. <code>bioautofeat explain</code> does it at leisure."
        )
    classes = facts.classes
    # of more than two classes each record's own is explained, and a direction would mean another thing for each
    turned = len(classes) <= 2
    rows = [Bar(name, -value if turned and turn < 0 else value) for name, value, turn in found.rows]
    what = f"the class {classes[1][:40]}" if classes else "a larger value"
    unit = f"mean share, {found.member.unit}" + (
        f"; right: larger values speak for {what}, left: against" if turned else ""
    )
    drawn = bars(rows, "Features in one member, mean shares", unit)
    lead = (
        f"Exact Shapley values (SHAP) of {found.records:,} training records in the heaviest member that is made of trees or linear, "
        f"<b>{named(found.member.name.partition(': ')[2] or found.member.name, 200)}</b> ({100 * found.member.weight:.0f} % of the weights); "
        "they share out what the member says among its features, so they tell what it looks at."
    )
    caption = "The longer a bar, the more the feature moves the member's score" + (
        "; bars to the right: a larger value of the feature speaks for it." if turned else " for the predicted class."
    )
    return head + paragraph(lead) + _taught(facts) + figure(drawn, "Mean absolute SHAP values", caption)
