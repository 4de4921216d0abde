"""What was asked, and what the answer is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bioautofeat.evaluation.metrics import METRICS, score
from bioautofeat.report.drawing import intervals_drawing
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Markup, Numeric, count, figure, items, named, note, pairs, table

__all__ = ["asked_section", "baseline", "estimate_section", "headline", "inputs"]

PARTS = {
    "corrected": "corrected estimate",
    "naive": "uncorrected",
    "test": "test part",
    "test_clean": "test part without copies",
}


def inputs(facts: Facts) -> list[str]:
    """Names of the training files, as they were given."""
    config = facts.config
    return [str(config["table"])] if config.get("table") else [str(name) for name in config.get("input") or []]


def _files(names: list[str]) -> Markup:
    shown = ", ".join(f"<code>{named(name)}</code>" for name in names[:12])
    return Markup(f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown or "given from Python")


def asked_section(facts: Facts) -> str:
    """What the user wanted."""
    body = pairs(_asked(facts))
    sizes = facts.findings.get("classes") or {}
    if not facts.classifies:
        return body
    shares = [
        (name, number, Numeric(f"{100 * number / max(1, sum(sizes.values())):.1f}")) for name, number in sizes.items()
    ]
    return body + table(shares, ["class", "records", "%"])


def _asked(facts: Facts) -> Iterator[tuple[str, Any]]:
    options, problem = facts.options, facts.problem
    if facts.classifies:
        yield "to tell", f"{len(facts.classes)} classes apart"
    else:
        truth = problem.truth
        yield "to predict", f"a value, {truth.min():g} to {truth.max():g} in training, median {np.median(truth):g}"
    yield "from", _files(inputs(facts))
    yield "which is", "a feature table" if facts.from_table else f"{problem.source.alphabet.name} sequences"  # type: ignore[union-attr]
    if facts.config.get("features"):
        yield "with columns of", _files([str(name) for name in facts.config["features"]])
    if facts.config.get("test"):
        names = facts.config["test"]
        yield "judged also on", _files([str(n) for n in (names if isinstance(names, list) else [names])])
    yield "as good as possible by", METRICS[facts.metric].title + ("" if METRICS[facts.metric].sign > 0 else " (less is better)")  # fmt: skip
    if options.time_budget is not None:
        yield "within", f"{options.time_budget:,.0f} s"
    if options.trials is not None:
        yield "trying", count(options.trials, "model")
    yield "preset", options.preset
    if not facts.from_table:
        yield "descriptors", ", ".join(map(str, options.descriptors)) if options.descriptors else "chosen by the search"
    found = "equal rows are kept together" if facts.from_table else "found by shared words"
    groups = {"auto": found, "none": "not looked for"}
    yield "related records", groups.get(options.groups, "as given") if isinstance(options.groups, str) else "as given"
    if options.memory_limit is not None:
        yield "memory limit", f"{options.memory_limit / 1e9:.1f} GB"
    yield "seed", str(options.seed)
    yield "threads", str(options.threads)


def headline(facts: Facts) -> str:
    """The estimate in one sentence (HTML)."""
    best = facts.metrics["corrected"][facts.metric]
    return (
        f"Expected {METRICS[facts.metric].title} on new, unrelated records: <b>{best['value']:.3f}</b> "
        f"(95 % interval {best['low']:.3f} to {best['high']:.3f})."
    )


def baseline(facts: Facts) -> dict[str, float]:
    """The usual measures of an answer that looks at no record: the shares of the classes, or the mean."""
    truth = facts.truth
    if facts.classifies:
        share = np.bincount(facts.problem.truth, minlength=len(facts.classes)) / len(facts.problem.truth)
        return score("classification", truth, np.tile(share, (len(truth), 1)))
    return score("regression", truth, np.full(len(truth), float(facts.problem.truth.mean())))


def estimate_section(facts: Facts) -> str:
    """The estimate with its interval, beside the other figures that there are."""
    metrics, name = facts.metrics, facts.metric
    rows = [
        (title, *(metrics[part][name][key] for key in ("value", "low", "high")))
        for part, title in PARTS.items()
        if metrics.get(part)
    ]
    rows.append(("without looking at records", *[baseline(facts)[name]] * 3))
    title = METRICS[name].title
    drawing = intervals_drawing(rows, title, title, METRICS[name].bounds)
    caption = (
        "Each dot is a value and each line its 95 % interval; the corrected estimate is what to expect of new records, "
        "and where it lies far from the test part, the two kinds of records differ."
    )
    return (
        f'<p class="headline">{headline(facts)}</p>'
        + items(_how(facts))
        + figure(drawing, f"{title[:1].upper()}{title[1:]}, every estimate", caption)
        + _measures(facts)
    )


def _how(facts: Facts) -> Iterator[str]:
    metrics = facts.metrics
    if metrics.get("shuffled"):
        scores = ", ".join(f"{value:.3f}" for value in metrics["shuffled"])
        yield (
            f"On labels dealt out anew among groups of related records, inside the folds, the delivered models, fitted, blended and "
            f"judged anew, score {scores}: what chance scores. The search that chose these models is not repeated."
        )
    how = "held out of training" if facts.holds_out else f"in {metrics['folds']} folds"
    yield (
        f"From {count(metrics['judged'], 'record')} {how}, {count(metrics['groups'], 'group')} of related ones in all; each was predicted by "
        "models that saw none of its group."
    )
    yield (
        f"Corrected for having chosen among {count(metrics['trials'], 'model')}: the choice was made anew on {count(metrics['bootstraps'], 'bootstrap sample')} "
        "of whole groups and judged on the groups left out. The uncorrected figure is the one that the choice was steered by."
    )
    corrected = metrics["corrected"][facts.metric]
    other = metrics.get("test_clean") or metrics.get("test")
    if other:
        found = other[facts.metric]
        which = "without copies of training records " if metrics.get("test_clean") else ""
        apart = found["low"] > corrected["high"] or found["high"] < corrected["low"]
        verdict = "The intervals do not overlap: test and training records are of different kinds, or labelled differently." if apart else "The two agree within their intervals."  # fmt: skip
        yield f"The test part {which}was looked at once, at the end: {found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}). {verdict}"
    if metrics.get("shift") is not None:
        yield f"Shift between training and test part: they are told apart with an AUC of {metrics['shift']:.3f} (0.5: alike)."
    if metrics.get("novelty") is not None:
        yield (
            f"Novelty of the test part: in {metrics['novelty']:.0%} of pairs a test record is less related to the training part than a "
            "training record is to the other folds (50 %: alike)."
        )


def _interval(row: Mapping[str, float]) -> Numeric:
    return Numeric(f'<span class="n">{row["value"]:.3f} <span class="soft">({row["low"]:.3f} to {row["high"]:.3f})</span></span>')  # fmt: skip


def _measures(facts: Facts) -> str:
    """All measures, each with its interval."""
    parts = [part for part in PARTS if facts.metrics.get(part)]
    plain = baseline(facts)
    names = sorted(facts.metrics["corrected"], key=lambda name: name != facts.metric)
    rows = [
        [METRICS[name].title, *(_interval(facts.metrics[part][name]) for part in parts), plain[name]] for name in names
    ]
    said = "the class shares" if facts.classifies else "the mean of the training values"
    return table(rows, ["measure", *(PARTS[part] for part in parts), "no model"]) + note(
        f"In brackets: 95 % intervals. No model: what {said} would score. Less is better for "
        + ("log loss." if facts.classifies else "the errors.")
    )
