"""What was tried, when it helped, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.explanation.drawing import Bar, bars
from bioautofeat.report.drawing import SERIES, Plot
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Numeric, count, figure, named, note, paragraph, table

__all__ = ["Steps", "family_title", "searched_section"]

Array = NDArray[Any]
Steps = list[float] | None
"""Score of the blend after each trial, NaN before the first; None where it was not worked out."""


def family_title(model: str) -> str:
    """A model's name in words; its own name where it is none of the registry."""
    from bioautofeat.models import get

    try:
        return get(model).title
    except ParameterError:
        return model


def searched_section(facts: Facts, steps: Steps) -> str:
    """The search as a drawing, as costs, and trial by trial."""
    return _over_time(facts, steps) + _costs(facts) + "<h3>Every trial</h3>" + _trials(facts)


def _over_time(facts: Facts, steps: Steps) -> str:
    trials, metric = facts.result.board.trials, METRICS[facts.metric]
    ends = np.cumsum([trial.seconds for trial in trials])
    scores = np.array([trial.scores[facts.metric] if trial.finished else np.nan for trial in trials])
    blend = scores if steps is None else np.array(steps)
    low, high = _span(scores, blend, metric.sign)
    far = bool((scores < low).any() or (scores > high).any())
    plot = Plot(
        "The search over time", (0.0, 1.03 * float(ends[-1]) or 1.0), (low, high), "seconds spent on trials",
        f"{metric.title}, out of fold", 640, 280,
    )  # fmt: skip
    name = "best single model so far" if steps is None else "the blend that would be delivered"
    _draw_best(plot, ends, np.clip(blend, low, high), metric.sign, name)
    _draw_trials(plot, facts, ends, np.clip(scores, low, high))
    line = "the best of them" if steps is None else "the score of the blend of all models so far, which is chosen by its loss and not by this score"  # fmt: skip
    caption = (
        f"Each mark is a model that was tried, where its last fold was judged; the line is {line}."
        + (" Models far behind are drawn at the edge." if far else "")
        + ("" if metric.sign > 0 else " Less is better.")
    )
    return figure(plot.svg(), "The search over time", caption)


def _span(scores: Array, blend: Array, sign: int) -> tuple[float, float]:
    """Bounds that show the good scores, however bad the worst are."""
    known = np.sort(sign * scores[np.isfinite(scores)])
    shown = np.append(known, sign * blend[np.isfinite(blend)])
    best, middle = float(shown.max()), float(np.median(known))
    worst = max(float(shown.min()), best - 6.0 * max(best - middle, 1e-3))
    margin = 0.06 * max(best - worst, 1e-3)
    low, high = sorted((sign * (worst - margin), sign * (best + margin)))
    return low, high


def _draw_trials(plot: Plot, facts: Facts, ends: Array, scores: Array) -> None:
    """A mark for each finished trial, the most frequent kinds of models in colours of their own."""
    trials = facts.result.board.trials
    names = [name for name, _ in Counter(t.candidate.model for t in trials if t.finished).most_common()]
    for i, name in enumerate(names[: SERIES - 1]):
        own = np.array([t.finished and t.candidate.model == name for t in trials])
        plot.marks(ends[own], scores[own], i + 1, family_title(name), size=3.6)
    rest = np.array([t.finished and t.candidate.model in names[SERIES - 1 :] for t in trials])
    if rest.any():
        plot.marks(ends[rest], scores[rest], 0, "other models", "rest", 3.2)


def _draw_best(plot: Plot, ends: Array, values: Array, sign: int, name: str) -> None:
    """Steps of the best so far, or of the values as they are."""
    known = np.flatnonzero(np.isfinite(values))
    if name.startswith("best"):
        best = np.fmax.accumulate(sign * values) * sign
        known = np.flatnonzero(np.isfinite(best))
        values = best
    if not len(known):
        return
    x = np.repeat(np.append(ends[known], plot.x[1]), 2)[1:]
    y = np.repeat(np.append(values[known], values[known[-1]]), 2)[:-1]
    plot.line(x, y, 0, name, "bold")


def _costs(facts: Facts) -> str:
    seconds: Counter[str] = Counter()
    for trial in facts.result.board.trials:
        seconds[trial.candidate.model] += trial.seconds  # type: ignore[assignment]
    rows = list(_cost_rows(facts, seconds))
    total = sum(seconds.values())
    drawing = bars([Bar(family_title(name), float(value)) for name, value in seconds.most_common(15)], "Time by kind of model", "seconds of trials")  # fmt: skip
    caption = "Each bar is the time that all trials of one kind of model took, failed ones among them."
    lead = paragraph(
        f"The run took {facts.result.seconds:,.0f} s with {count(facts.options.threads, 'thread')}, {total:,.0f} s of them in {count(len(facts.result.board.trials), 'trial')}; "
        "the rest went into looking the data over, fitting what is delivered and the estimate."
    )
    head = ["kind of model", "trials", "finished", "seconds", f"best {facts.metric}", "weight in what is delivered"]
    return lead + (figure(drawing, "Time by kind of model", caption) if len(seconds) > 1 else "") + table(rows, head)


def _cost_rows(facts: Facts, seconds: Counter[str]) -> Iterator[list[Any]]:
    sign, weights = METRICS[facts.metric].sign, facts.champion.weights
    for name, spent in seconds.most_common():
        own = [trial for trial in facts.result.board.trials if trial.candidate.model == name]
        done = [trial for trial in own if trial.finished]
        best = max((sign * t.scores[facts.metric] for t in done), default=float("nan")) * sign
        weight = sum(weights.get(trial.candidate.key, 0.0) for trial in own)
        yield [family_title(name), len(own), len(done), Numeric(f"{spent:,.1f}"), float(best), float(weight)]


def _digits(text: str) -> str:
    """A number of the leaderboard in four digits."""
    return f"{float(text):.4g}" if text and "." in text else named(text)


def _trials(facts: Facts) -> str:
    columns = ["rank", "name", "model", facts.metric, "loss", "weight", "seconds", "state", "reason"]
    numeric = {"rank", facts.metric, "loss", "weight", "seconds"}
    rows = [
        [Numeric(_digits(row.get(name, ""))) if name in numeric else row.get(name, "") for name in columns]
        for row in facts.leaderboard
    ]
    states = Counter(trial.state for trial in facts.result.board.trials)
    said = ", ".join(f"{number} {state}" for state, number in states.most_common())
    used = [name for i, name in enumerate(columns) if any(row[i] for row in rows)]
    kept = [[row[columns.index(name)] for name in used] for row in rows]
    return (
        paragraph(f"{said[:1].upper()}{said[1:]}. Loss is what blends are chosen by.")
        + table(kept, used, "leaderboard.csv has all")
        + note(
            "Weight: share in what is delivered. All scores are out of fold and steered the choice; none is an estimate."
        )
    )
