"""Plain drawings in SVG, as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["intervals_drawing", "matrix_table", "roc_drawing", "scatter_drawing"]

Array = NDArray[Any]
SIDE = 300
EDGE = 40


def _svg(width: int, height: int, body: str, title: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def intervals_drawing(rows: Sequence[tuple[str, float, float, float]], title: str) -> str:
    """Values with their intervals, one line a row: ``(name, value, low, high)``."""
    low = min(0.0, *(row[2] for row in rows))
    high = max(1.0, *(row[3] for row in rows))
    width, left = 560, 190

    def place(value: float) -> float:
        return left + (value - low) / (high - low) * (width - left - 60)

    parts = []
    for i, (name, value, start, stop) in enumerate(rows):
        y = 20 + 26 * i
        parts.append(_text(left - 10, y + 4, name, "end"))
        parts.append(f'<line x1="{place(start):.1f}" x2="{place(stop):.1f}" y1="{y}" y2="{y}" class="mark"/>')
        parts.append(f'<circle cx="{place(value):.1f}" cy="{y}" r="4" class="point"/>')
        parts.append(_text(width - 50, y + 4, f"{value:.3f}"))
    bottom = 26 * len(rows) + 12
    for tick in np.linspace(low, high, 5):
        parts.append(f'<line x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="6" y2="{bottom}" class="grid"/>')
        parts.append(_text(place(tick), bottom + 14, f"{tick:.2f}", "middle"))
    return _svg(width, bottom + 22, "".join(parts), title)


def _frame(x_title: str, y_title: str, low: float, high: float) -> str:
    box = f'<rect x="{EDGE}" y="10" width="{SIDE}" height="{SIDE}" class="frame"/>'
    marks = "".join(
        _text(EDGE + SIDE * share, SIDE + 26, f"{low + share * (high - low):.3g}", "middle")
        + _text(EDGE - 4, 14 + SIDE * (1 - share), f"{low + share * (high - low):.3g}", "end")
        for share in (0.0, 0.5, 1.0)
    )
    diagonal = f'<line x1="{EDGE}" y1="{SIDE + 10}" x2="{EDGE + SIDE}" y2="10" class="grid"/>'
    turned = (
        f'<text transform="translate(10 {10 + SIDE / 2:g}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>'
    )
    return box + diagonal + marks + _text(EDGE + SIDE / 2, SIDE + 44, x_title, "middle") + turned


def _points(x: Array, y: Array) -> str:
    return " ".join(
        f"{EDGE + SIDE * a:.1f},{10 + SIDE * (1 - b):.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)
    )


def roc_drawing(truth: Array, probabilities: Array, names: Sequence[str]) -> str:
    """ROC curve of the second of two classes."""
    order = np.argsort(-probabilities[:, 1], kind="stable")
    hits, scores = truth[order] == 1, probabilities[order, 1]
    last = np.append(scores[1:] < scores[:-1], True)
    true = np.concatenate([[0], np.cumsum(hits)[last]]) / max(1, hits.sum())
    false = np.concatenate([[0], np.cumsum(~hits)[last]]) / max(1, (~hits).sum())
    if len(true) > 400:
        kept = np.unique(np.linspace(0, len(true) - 1, 400).astype(int))
        true, false = true[kept], false[kept]
    body = _frame("false positive rate", f"true positive rate of {names[1]}", 0, 1)
    body += f'<polyline points="{_points(false, true)}" class="curve"/>'
    return _svg(SIDE + EDGE + 20, SIDE + 52, body, "ROC curve, out of fold")


def scatter_drawing(truth: Array, predicted: Array) -> str:
    """Predicted against true values."""
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), 1500)).astype(int)
    truth, predicted = truth[chosen], predicted[chosen]
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    span = (high - low) or 1.0
    dots = "".join(
        f'<circle cx="{EDGE + SIDE * (a - low) / span:.1f}" cy="{10 + SIDE * (1 - (b - low) / span):.1f}" r="1.6" class="dot"/>'
        for a, b in zip(truth.tolist(), predicted.tolist(), strict=True)
    )
    body = _frame("true value", "predicted value", low, high) + dots
    return _svg(SIDE + EDGE + 20, SIDE + 52, body, "Predicted against true values, out of fold")


def matrix_table(counts: Array, names: Sequence[str]) -> str:
    """Confusion matrix: rows are true classes, columns predicted ones."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for name, row in zip(names, counts.tolist(), strict=True):
        total = max(1, sum(row))
        cells = "".join(
            f'<td style="background:rgba(20,90,160,{0.6 * count / total:.2f})">{count}</td>' for count in row
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    return f'<table class="matrix"><tr><th>true \\ predicted</th>{head}</tr>{"".join(rows)}</table>'
