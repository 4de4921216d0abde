"""How predictions come out: confusion, curves over thresholds, calibration; values, residuals, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import confusion
from bioautofeat.report.curves import (
    average_precision,
    calibration_bins,
    calibration_error,
    coverage_of_folds,
    pr_points,
    roc_points,
    thinned,
    wilson,
)
from bioautofeat.report.drawing import SERIES, Plot, heat_map
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import figure, named, note, table

__all__ = ["area", "judged_section"]

Array = NDArray[Any]
MOST_CELLS = 15
"""Classes of a confusion matrix with numbers; more are drawn as shades."""

MOST_SHADES = 100
"""Classes of a matrix in shades; of more only the pairs are listed."""

MOST_DOTS = 1500
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Intervals whose coverage is looked at."""


def judged_section(facts: Facts) -> str:
    """Drawings of out-of-fold predictions, and of the test part's beside them."""
    where = "held-out records" if facts.holds_out else "out-of-fold predictions"
    if facts.classifies:
        learnt = "after calibration. Calibration and decision rule were chosen on the same predictions, so they look a little better here than on new records"
    else:
        learnt = "with no further step. The blend was chosen on the same predictions, so it looks a little better here than on new records"
    lead = note(
        f"All drawings are of {where} of the delivered blend, {learnt}; the corrected estimate above allows for that."
    )
    if not facts.classifies:
        return lead + _values(facts)
    curves = f'<div class="side">{_roc(facts)}{_precision(facts)}</div>'
    return lead + _confusion(facts) + curves + _calibration(facts)


def area(hits: Array, scores: Array) -> float:
    """Area under the ROC curve."""
    false, true = roc_points(hits, scores)
    return float((np.diff(false) * (true[1:] + true[:-1]) / 2).sum())


def _confusion(facts: Facts) -> str:
    counts = confusion(facts.truth, facts.chosen, len(facts.classes))
    if len(facts.classes) <= MOST_CELLS:
        return _matrix(counts, facts.classes)
    worst = _pairs_table(counts, facts.classes)
    if len(facts.classes) > MOST_SHADES:
        return worst
    drawing = heat_map(counts, facts.classes, "Confusion", "predicted class", "true class")
    caption = (
        "Each row is a true class and each column a predicted one, in the same order; the stronger the shade, the larger the share of the "
        "row. Shades off the diagonal are mistakes."
    )
    return figure(drawing, "Confusion matrix", caption) + worst


def _matrix(counts: Array, names: tuple[str, ...]) -> str:
    """Counts with shades: rows are true classes, columns predicted ones."""
    turned = ' class="turned"' if len(names) > 6 else ""
    head = "".join(f'<th scope="col"{turned}><span>{named(name, 24)}</span></th>' for name in names)
    rows = []
    for i, (name, row) in enumerate(zip(names, counts.tolist(), strict=True)):
        total = max(1, sum(row))
        cells = "".join(
            f'<td class="{"hit" if i == j else "miss" if cell else "none"}" style="--s:{cell / total:.2f}">{cell:,}</td>'
            for j, cell in enumerate(row)
        )
        rows.append(
            f'<tr><th scope="row">{named(name, 32)}</th>{cells}<td class="n">{counts[i, i] / total:.3f}</td></tr>'
        )
    body = (
        '<div class="wide"><table class="matrix" aria-label="confusion matrix">'
        f'<thead><tr><th scope="col">true \\ predicted</th>{head}<th scope="col">recall</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    caption = "Each row is a true class, each column a predicted one; numbers off the diagonal are mistakes, and the last column is the share of the row that is right."
    return f"<figure>{body}<figcaption><b>Confusion matrix.</b> {caption}</figcaption></figure>"


def _pairs_table(counts: Array, names: tuple[str, ...]) -> str:
    """The most frequent mistakes."""
    off = counts.copy()
    np.fill_diagonal(off, 0)
    order = np.argsort(-off, axis=None, kind="stable")[: int(min(40, (off > 0).sum()))]
    rows = [
        (names[i], names[j], int(off[i, j]), float(off[i, j] / max(1, counts[i].sum())))
        for i, j in zip(*(part.tolist() for part in np.unravel_index(order, off.shape)), strict=True)
    ]
    if not rows:
        return note("No record was given a wrong class.")
    return "<h3>The most frequent mistakes</h3>" + table(
        rows, ["true", "predicted", "records", "share of the class"], shown=15
    )


def _shown(facts: Facts) -> list[int]:
    """Classes that get a curve: the second of two, else the largest that have records on both sides."""
    sizes = np.bincount(facts.truth, minlength=len(facts.classes))
    if len(facts.classes) == 2:
        return [1] if 0 < sizes[1] < len(facts.truth) else []
    order = np.argsort(-sizes, kind="stable").tolist()
    return [c for c in order if 0 < sizes[c] < len(facts.truth)][:SERIES]


def _series(facts: Facts) -> Iterator[tuple[str, Array, Array]]:
    """Name, hits and scores of each curve; for two classes the test part is one of them."""
    two = len(facts.classes) == 2
    for c in _shown(facts):
        name = "out of fold" if two else facts.classes[c]
        yield name, facts.truth == c, facts.predictions[:, c]
    test, truth = facts.test_scores, facts.test_truth
    if two and test is not None and truth is not None and len(np.unique(truth)) == 2:
        yield "test part", truth == 1, test[:, 1]
        if facts.clean is not None and not facts.clean.all() and len(np.unique(truth[facts.clean])) == 2:
            yield "test part without copies", truth[facts.clean] == 1, test[facts.clean, 1]


def _largest(facts: Facts) -> str:
    if len(facts.classes) <= SERIES:
        return ""
    return f" Shown are the {SERIES} largest of {len(facts.classes)} classes; the table of classes below has all."


def _roc(facts: Facts) -> str:
    what = facts.classes[1] if len(facts.classes) == 2 else "the class"
    plot = Plot("ROC", (0, 1), (0, 1), "false positive rate", f"true positive rate of {_short(what)}")
    plot.guide([0, 1], [0, 1])
    for i, (name, hits, scores) in enumerate(_series(facts)):
        x, y = thinned(*roc_points(hits, scores))
        plot.line(
            x,
            y,
            i,
            f"{_short(name)}: AUC {area(hits, scores):.3f}",
            "bold" if i == 0 and len(facts.classes) == 2 else "",
        )
    if not plot.legend:
        return ""
    plot.said = "; ".join(name for _, name in plot.legend)
    caption = (
        "The nearer a curve comes to the upper left corner, the better it ranks; the dashed diagonal is chance."
        + ("" if len(facts.classes) == 2 else " Each class against all others." + _largest(facts))
    )
    return figure(plot.svg(), "ROC curve", caption)


def _short(name: str) -> str:
    return name if len(name) <= 28 else f"{name[:20]}…{name[-7:]}"


def _precision(facts: Facts) -> str:
    what = facts.classes[1] if len(facts.classes) == 2 else "the class"
    plot = Plot("Precision and recall", (0, 1), (0, 1), f"recall of {_short(what)}", "precision")
    for i, (name, hits, scores) in enumerate(_series(facts)):
        recall, precision = pr_points(hits, scores)
        plot.line(*thinned(recall, precision), i, f"{_short(name)}: AP {average_precision(recall, precision):.3f}", "bold" if i == 0 and len(facts.classes) == 2 else "")  # fmt: skip
    if not plot.legend:
        return ""
    plot.said = "; ".join(name for _, name in plot.legend)
    chance = ""
    if len(facts.classes) == 2:
        share = float((facts.truth == 1).mean())
        plot.guide([0, 1], [share, share], f"chance: {share:.3f} of the records are {_short(what)}")
        chance = " Chance is the dashed line."
    caption = f"Going right, more records of the class are found; how far the curve stays up tells how many of those called are right (AP: average precision).{chance}"
    return figure(plot.svg(), "Precision-recall curve", caption + ("" if len(facts.classes) == 2 else _largest(facts)))


def _promises(facts: Facts, scores: Array, truth: Array) -> tuple[Array, Array]:
    """What was promised, and whether it came true: the second of two classes, or the most probable one."""
    if len(facts.classes) == 2:
        return scores[:, 1], truth == 1
    top = scores.argmax(axis=1)
    return scores.max(axis=1), truth == top


def _calibration(facts: Facts) -> str:
    two = len(facts.classes) == 2
    promised, kept = _promises(facts, facts.predictions, facts.truth)
    n_bins = int(np.clip(len(kept) // 15, 3, 10))
    bins = calibration_bins(kept, promised, n_bins)
    what = f"probability of {_short(facts.classes[1])}" if two else "probability of the most probable class"
    low = 0.0 if two else max(0.0, float(promised.min()) - 0.05)
    plot = Plot("Calibration", (low, 1), (0, 1), what, "share of records for which it is true", 480, 300)
    plot.guide([low, 1], [low, 1], "perfect: what is promised is kept")
    plot.whiskers(bins.promised, bins.low, bins.high)
    plot.line(bins.promised, bins.kept, 0)
    error = calibration_error(bins)
    plot.marks(bins.promised, bins.kept, 0, f"out of fold, mean distance {error:.3f}", size=4)
    test, truth = facts.test_scores, facts.test_truth
    if test is not None and truth is not None and len(truth) >= 60:
        said, came = _promises(facts, test, truth)
        other = calibration_bins(came, said, int(np.clip(len(truth) // 15, 3, 10)))
        plot.line(other.promised, other.kept, 1)
        plot.marks(other.promised, other.kept, 1, f"test part, mean distance {calibration_error(other):.3f}", size=4)
    plot.said = f"mean distance from the diagonal {error:.3f}"
    caption = (
        f"Records are sorted by probability and cut into {len(bins.n)} bins of about {int(np.median(bins.n)):,}; a point below the dashed "
        "line means that the model was too sure, one above it that it was too shy (lines: 95 % intervals)."
    )
    return figure(plot.svg(), "Calibration", caption)


def _values(facts: Facts) -> str:
    return f'<div class="side">{_scatter(facts)}{_residuals(facts)}</div>{_coverage(facts)}'


def _spread(facts: Facts) -> Array:
    """Some of the judged records, evenly over the true values."""
    order = np.argsort(facts.truth, kind="stable")
    return np.asarray(order[np.linspace(0, len(order) - 1, min(len(order), MOST_DOTS)).astype(int)])


def _margin(low: float, high: float) -> tuple[float, float]:
    """Bounds a little wider than these."""
    more = 0.03 * (high - low) or 0.5
    return low - more, high + more


def _scatter(facts: Facts) -> str:
    rows = _spread(facts)
    truth, said = facts.truth[rows], facts.predictions[rows]
    low, high = _margin(float(min(truth.min(), said.min())), float(max(truth.max(), said.max())))
    plot = Plot("Predicted and true values", (low, high), (low, high), "true value", "predicted value")
    plot.guide([low, high], [low, high], "perfect")
    plot.marks(truth, said, 0, "a record, out of fold", "f0 faint", 1.7)
    test, known = facts.test_scores, facts.test_truth
    if test is not None and known is not None:
        kept = (known >= low) & (known <= high) & (test >= low) & (test <= high)
        plot.marks(known[kept][:500], test[kept][:500], 3, "a test record", "f1 faint", 2.2)
    sample = "" if len(rows) == len(facts.truth) else f" Shown are {len(rows):,} of {len(facts.truth):,} records."
    caption = f"Each mark is a record; the nearer to the dashed diagonal, the better.{sample}"
    return figure(plot.svg(), "Predicted against true values", caption)


def _residuals(facts: Facts) -> str:
    rows = _spread(facts)
    said, error = facts.predictions[rows], facts.truth[rows] - facts.predictions[rows]
    most = 1.04 * float(np.abs(error).max()) or 1.0
    span = _margin(float(said.min()), float(said.max()))
    plot = Plot("Residuals", span, (-most, most), "predicted value", "true less predicted")
    plot.guide(span, [0, 0])
    plot.marks(said, error, 0, "a record, out of fold", "f0 faint", 1.7)
    for i, bound in enumerate(facts.champion.interval or ()):
        if abs(bound) <= most:
            plot.line(np.array(span), np.array([bound, bound]), 1, "" if i else "bounds of the 90 % interval")
    caption = "A cloud even around the dashed line is good; a slope, a bend or a funnel means that errors depend on the value."
    return figure(plot.svg(), "Residuals", caption)


def _coverage(facts: Facts) -> str:
    folds = facts.problem.folds[facts.rows]
    inside = [coverage_of_folds(facts.truth, facts.predictions, folds, level) for level in LEVELS]
    share = np.array([part.mean() for part in inside])
    low, high = wilson(np.array([part.sum() for part in inside]), np.full(len(LEVELS), len(facts.truth)))
    levels = np.array(LEVELS)
    plot = Plot("Coverage of intervals", (0.45, 1), (0.45, 1), "asked: share of records inside", "found: share of records inside")  # fmt: skip
    plot.guide([0.45, 1], [0.45, 1], "perfect")
    plot.whiskers(levels, np.maximum(low, 0.45), high)
    plot.line(levels, np.maximum(share, 0.45), 0)
    plot.marks(levels, np.maximum(share, 0.45), 0, "interval learnt on the other folds", size=4)
    said = facts.result.test_prediction
    if said is not None and said.low is not None and said.high is not None and facts.test_truth is not None:
        held = float(((facts.test_truth >= said.low) & (facts.test_truth <= said.high)).mean())
        plot.marks(
            np.array([0.9]), np.array([max(held, 0.45)]), 1, f"test part: {held:.3f} inside the 90 % interval", size=4
        )
    caption = (
        "A point below the dashed line means that intervals are too narrow, one above it too wide (lines: 95 % intervals)"
        + ("; with a hold-out the intervals were learnt on the same records." if facts.holds_out else ".")
    )
    return f'<div class="side">{figure(plot.svg(), "Coverage of intervals", caption)}{_by_value(facts, inside[LEVELS.index(0.9)])}</div>'


def _by_value(facts: Facts, inside: Array) -> str:
    """Errors by fifths of the true values."""
    parts = np.array_split(np.argsort(facts.truth, kind="stable"), min(5, len(facts.truth)))
    error = facts.predictions - facts.truth
    rows = [
        (f"{facts.truth[part].min():.4g}\u00a0to\u00a0{facts.truth[part].max():.4g}", len(part), float(np.sqrt((error[part] ** 2).mean())),
         float(error[part].mean()), float(inside[part].mean()))
        for part in parts
    ]  # fmt: skip
    text = table(rows, ["true value", "records", "root mean squared error", "mean error", "inside 90 %"])
    return f"<div><h3>By fifths of the true values</h3>{text}{note('A mean error above 0: values are predicted too large.')}</div>"
