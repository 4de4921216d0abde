"""The reporting recommendations for machine learning in biology, answered from the run's own facts.

Walsh et al. 2021, Nature Methods 18:1122: Data, Optimization, Model, Evaluation.  What only the user can know is left as
a marked blank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from bioautofeat import __version__
from bioautofeat.errors import ParameterError
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.report.estimate import baseline, inputs
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import count, named, note
from bioautofeat.report.provenance import n_numbers
from bioautofeat.report.searched import family_title

__all__ = ["dome_section"]

Answers = Iterator[tuple[str, str]]


def dome_section(facts: Facts, seconds_a_record: float | None) -> str:
    """The four parts, each item with its answer.

    Parameters
    ----------
    facts : Facts
    seconds_a_record : float, optional
        Of a prediction, where it was timed.
    """
    parts = {
        "Data": _data(facts),
        "Optimization": _optimization(facts),
        "Model": _model(facts, seconds_a_record),
        "Evaluation": _evaluation(facts),
    }
    lead = note(
        "The DOME recommendations (Walsh et al. 2021, Nature Methods 18:1122), filled in from this run. "
        'What stands in a <span class="blank">frame</span> only you can know: fill it in before you publish.'
    )
    return lead + "".join(
        f'<h3>{title}</h3><div class="wide"><table class="pairs dome"><tbody>{_lines(answers)}</tbody></table></div>'
        for title, answers in parts.items()
    )


def _lines(answers: Answers) -> str:
    return "".join(f'<tr><th scope="row">{escape(name)}</th><td>{text}</td></tr>' for name, text in answers)


def _blank(text: str) -> str:
    return f'<span class="blank">to fill in: {text}</span>'


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(f"<code>{named(name)}</code>" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _data(facts: Facts) -> Answers:
    metrics, found = facts.metrics, facts.findings
    files = inputs(facts)
    yield "Provenance", (f"Files {_listed(files)}. " if files else "") + _blank("database, release and date of the records, how the labels were found, earlier studies that used them")  # fmt: skip
    yield "Size", f"{count(metrics['records'], 'training record')}{_sizes(facts)}{_test_size(facts)}."
    how = f"{metrics['folds']} folds" if not facts.holds_out else f"one hold-out of {metrics['judged']:,} records"
    yield "Splits", f"{how}, {'classes' if facts.classifies else 'values'} spread evenly over them, the same for every model; " + (
        "the test part was given separately and predicted once, at the end." if facts.test is not None else "no separate test part."
    )  # fmt: skip
    yield "Redundancy", _redundancy(facts, found)
    yield "Availability of the data", _blank("where the records and the splits can be had, and under which licence")


def _sizes(facts: Facts) -> str:
    sizes: Mapping[str, Any] = facts.findings.get("classes") or {}
    if not facts.classifies or not sizes:
        return ""
    shown = ", ".join(f"{named(name, 40)} {number:,}" for name, number in list(sizes.items())[:10])
    return f" ({shown}{f' and {len(sizes) - 10} more classes' if len(sizes) > 10 else ''})"


def _test_size(facts: Facts) -> str:
    if facts.test is None:
        return ""
    n = len(facts.result.test_prediction) if facts.result.test_prediction is not None else 0
    clean = "" if facts.clean is None else f", {int(facts.clean.sum()):,} of them no copy of a training record"
    return f"; {count(n, 'test record')}{clean}"


def _redundancy(facts: Facts, found: Mapping[str, Any]) -> str:
    copies = f"{count(int(found.get('duplicates', 0)), 'training record')} identical to earlier ones"
    groups = f"{count(facts.metrics['groups'], 'group')} of related records in {facts.metrics['records']:,}"
    if isinstance(facts.options.groups, tuple):
        return f"Groups were given ({groups}); no group has records on both sides of a split. {copies}."
    if facts.options.groups == "none" or facts.from_table or not facts.sought:
        kept = (
            "equal rows are kept on one side of a split"
            if facts.from_table and facts.options.groups != "none"
            else "related records were not looked for"
        )
        return f"{kept[:1].upper()}{kept[1:]}; {copies}. " + _blank("how redundancy was dealt with beforehand")
    return (
        f"Records that share about half of their words are related (24-letter words for nucleotides, 12-letter words for proteins); {groups}; "
        f"no group has records on both sides of a split, as far as classes allow. {copies}. "
    ) + _blank("redundancy reduction before this run, if any")


def _optimization(facts: Facts) -> Answers:
    trials = facts.result.board.trials
    states = Counter(trial.candidate.model for trial in trials)
    tried = ", ".join(f"{named(family_title(name))} ({number})" for name, number in states.most_common())
    yield "Algorithm", f"{_members(facts)} Tried: {tried}."
    yield "Meta-predictions", _meta(facts)
    yield "Encoding of the data", _encoding(facts)
    yield (
        "Parameters",
        (
            f"{n_numbers(facts):,} numbers are held by the fitted model. Settings of the models come from a fixed list and from what helped, "
            f"judged out of fold ({count(len(trials), 'trial')})."
        ),
    )
    yield "Features", _features(facts)
    yield "Fitting", _fitting(facts)
    yield (
        "Regularization",
        (
            "Each model's own (shrinkage, depth, early stopping or penalties, by its settings in the table of trials); blending of "
            f"{count(len(facts.champion.weights), 'model')}; calibration fitted on out-of-fold predictions."
            if facts.classifies
            else "Each model's own (shrinkage, depth or penalties, by its settings in the table of trials); blending of "
            f"{count(len(facts.champion.weights), 'model')}."
        ),
    )
    yield "Availability of the configuration", "config.json, journal.jsonl and model.baf of this run hold every setting; " + _blank("where they can be had")  # fmt: skip


def _strategy(facts: Facts) -> str:
    strategy = getattr(facts.options, "strategy", "")
    return f" (strategy {named(strategy)})" if isinstance(strategy, str) and strategy else ""


def _members(facts: Facts) -> str:
    from bioautofeat.models import get

    chosen = [t.candidate for t in facts.result.board.trials if facts.champion.weights.get(t.candidate.key)]
    named_models = []
    for name in dict.fromkeys(candidate.model for candidate in chosen):
        try:
            named_models.append(f"{get(name).title} ({get(name).reference})")
        except ParameterError:
            named_models.append(name)
    listed = "; ".join(named(name, 300) for name in named_models)
    joined = "A logarithmic pool" if facts.champion.log else "A weighted average"
    return f"{joined} of {count(len(chosen), 'model')}: {listed}." if len(chosen) > 1 else f"{listed}."


def _meta(facts: Facts) -> str:
    text = "No other predictor's output is used as an input."
    if len(facts.champion.weights) > 1:
        text += " The members of the blend are weighted by their out-of-fold predictions, and each is fitted on the same training records."
    if facts.from_table:
        text += " " + _blank(
            "whether a column of the table is itself a prediction, and whether its training data overlap"
        )
    return text


def _encoding(facts: Facts) -> str:
    model = facts.result.model
    if model.extractor is None:
        return f"The {len(model.names):,} columns of the table. " + _blank(
            "what the columns are and how they were computed"
        )
    rows = [f"{spec.descriptor.title} (<code>{named(spec, 100)}</code>)" for spec in model.extractor.specs]
    return f"{count(len(model.names), 'column')} of {count(len(rows), 'descriptor')}: {'; '.join(rows)}."


def _features(facts: Facts) -> str:
    model = facts.result.model
    learnt = []
    if model.extractor is not None:
        terms = zip(model.extractor.specs, model.extractor.terms, strict=True)
        learnt = [str(spec) for spec, term in terms if term.needs - {"length"}]
    text = f"{len(model.names):,} features."
    if learnt:
        text += f" {_listed(learnt)} learn from training records, inside each fold."
    chosen = [t.candidate for t in facts.result.board.trials if facts.champion.weights.get(t.candidate.key)]
    if any(getattr(candidate, "selection", "") for candidate in chosen):
        text += " Some members see a selection of the columns, made on the training records of each fold."
    return text + " The sets of descriptors were compared out of fold."


def _fitting(facts: Facts) -> str:
    ratio = len(facts.result.model.names) / max(1, facts.metrics["records"])
    naive, corrected = (facts.metrics[part][facts.metric]["value"] for part in ("naive", "corrected"))
    return (
        f"{ratio:.2g} features for each record. Overfitting is looked for by predicting every judged record with models that did not see its group, "
        f"and overfitting by choice by the bootstrap correction: {facts.metric} {naive:.3f} as chosen, {corrected:.3f} corrected. "
        f"Underfitting: without looking at records it would be {baseline(facts)[facts.metric]:.3f}."
    )


def _model(facts: Facts, seconds_a_record: float | None) -> Answers:
    yield (
        "Interpretability",
        (
            "A black box with the importance of blocks and features given above; <code>bioautofeat explain</code> gives it for single records, "
            "k-mers and positions."
        ),
    )
    if facts.classifies:
        yield (
            "Output",
            f"Classification: calibrated probabilities of {len(facts.classes)} classes, and a class by a rule chosen for the {facts.metric}.",
        )
    else:
        yield "Output", "Regression: a value and a 90 % interval."
    spent = f"The search took {facts.result.seconds:,.0f} s with {count(facts.options.threads, 'thread')}"
    each = "" if seconds_a_record is None else f"; a prediction about {_duration(seconds_a_record)} a record"
    yield "Execution time", f"{spent}{each}. {_blank('the machine')}"
    yield "Availability of the software", f"bioautofeat {__version__}; model.baf is read without running code from it. " + _blank("where model.baf can be had")  # fmt: skip


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.1f} s"
        if seconds >= 1
        else f"{1e3 * seconds:.1f} ms"
        if seconds >= 1e-3
        else f"{1e6 * seconds:.0f} µs"
    )


def _evaluation(facts: Facts) -> Answers:
    metrics = facts.metrics
    how = "one hold-out" if facts.holds_out else f"{metrics['folds']}-fold cross-validation"
    test = " and a separate test part" if metrics.get("test") else ""
    yield (
        "Method",
        f"{how[:1].upper()}{how[1:]} by groups of related records, corrected for the choice by {count(metrics['bootstraps'], 'bootstrap sample')} of groups{test}.",
    )
    names = ", ".join(METRICS[name].title for name in metrics["corrected"])
    yield "Measures", f"{names}; chosen for: {METRICS[facts.metric].title}."
    yield "Comparison", f"{_comparison(facts)} {_blank('published methods, on the same records')}"
    best = metrics["corrected"][facts.metric]
    yield (
        "Confidence",
        (
            f"{METRICS[facts.metric].title} {best['value']:.3f}, 95 % interval {best['low']:.3f} to {best['high']:.3f}, standard error {best['se']:.3f}; "
            "all measures have intervals, by bootstrap of whole groups."
        ),
    )
    files = "predictions_oof.csv" + (" and predictions_test.csv" if facts.result.test_prediction is not None else "")
    yield (
        "Availability of the evaluation",
        f"{files}, metrics.json and audit.json of this run; " + _blank("where they can be had"),
    )


def _comparison(facts: Facts) -> str:
    name = facts.metric
    text = f"Without looking at records: {name} {baseline(facts)[name]:.3f}."
    for key, values in (facts.findings.get("shortcuts") or {}).items():
        text += (
            f" {key.capitalize()} alone, out of fold: {', '.join(f'{n.upper()} {v:.3f}' for n, v in values.items())}."
        )
    sign = METRICS[name].sign
    scores = [sign * t.scores[name] for t in facts.result.board.trials if t.finished]
    worst, middle = (float(sign * f(scores)) for f in (np.min, np.median))
    return f"{text} Single models of the search: {worst:.3f} (the weakest), {middle:.3f} (the median), out of fold."
