"""Drawings of a report, in SVG as text, on the primitives that explanations are drawn with.

Series differ by colour, by dashes and by the shape of their marks, so that none depends on colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.explanation.drawing import points_of, short_number, shortened, svg_of, text_at, ticks

__all__ = ["SERIES", "STYLE", "Plot", "heat_map", "intervals_drawing"]

Array = NDArray[Any]
SERIES = 6
"""Series that can be told apart."""

STYLE = """
:root { --v0: #a9c7e2; --v1: #71a3d0; --v2: #3f7db5; --v3: #1d5a93; --v4: #0a3260; }
@media (prefers-color-scheme: dark) { :root { --v0: #46698f; --v1: #4b83b9; --v2: #5a9bd6; --v3: #92c3ef; --v4: #dcedfc; } }
@media print { :root { --v0: #a9c7e2; --v1: #71a3d0; --v2: #3f7db5; --v3: #1d5a93; --v4: #0a3260; } }
svg .frame { fill: none; stroke: var(--soft); } svg .mark { stroke: var(--for); stroke-width: 2.5; } svg .point { fill: var(--for); }
svg .wrong { fill: none; stroke: var(--ink); stroke-width: 1.3; } svg .rest { fill: var(--soft); } svg .restline { stroke: var(--soft); fill: none; }
svg .faint { opacity: .65; } svg .wrong.faint { opacity: .45; stroke-width: 1; } svg .plain { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; } svg .bold { stroke-width: 2.4; }
""" + "".join(f"svg .v{i} {{ fill: var(--v{i}); }} " for i in range(5))  # fmt: skip
"""What a page needs beside the style of the explanations."""

MANY_RINGS = 100
"""More rings than this are drawn fainter, so that what they ring is still seen."""

DASHES = ("", "7 3", "2 3", "9 3 2 3", "1 4", "14 4")


def _shape(kind: int, x: float, y: float, size: float) -> str:
    """Path of a mark: circle, square, triangle, diamond, cross, plus."""
    s = size
    return (
        f"M{x - s:.1f} {y:.1f}a{s} {s} 0 1 0 {2 * s} 0a{s} {s} 0 1 0 {-2 * s} 0z",
        f"M{x - s:.1f} {y - s:.1f}h{2 * s}v{2 * s}h{-2 * s}z",
        f"M{x:.1f} {y - 1.2 * s:.1f}l{1.2 * s:.1f} {2.1 * s:.1f}h{-2.4 * s:.1f}z",
        f"M{x:.1f} {y - 1.3 * s:.1f}l{1.3 * s:.1f} {1.3 * s:.1f}l{-1.3 * s:.1f} {1.3 * s:.1f}l{-1.3 * s:.1f} {-1.3 * s:.1f}z",
        f"M{x - s:.1f} {y - s:.1f}h.9l{s - 0.9:.1f} {s - 0.9:.1f}l{s - 0.9:.1f} {0.9 - s:.1f}h.9v.9l{0.9 - s:.1f} {s - 0.9:.1f}l{s - 0.9:.1f} {s - 0.9:.1f}v.9h-.9"
        f"l{0.9 - s:.1f} {0.9 - s:.1f}l{0.9 - s:.1f} {s - 0.9:.1f}h-.9v-.9l{s - 0.9:.1f} {0.9 - s:.1f}l{0.9 - s:.1f} {0.9 - s:.1f}z",
        f"M{x - 0.7:.1f} {y - 1.2 * s:.1f}h1.4v{1.2 * s - 0.7:.1f}h{1.2 * s - 0.7:.1f}v1.4h{0.7 - 1.2 * s:.1f}v{1.2 * s - 0.7:.1f}h-1.4"
        f"v{0.7 - 1.2 * s:.1f}h{0.7 - 1.2 * s:.1f}v-1.4h{1.2 * s - 0.7:.1f}z",
    )[kind % SERIES]  # fmt: skip


@dataclass
class Plot:
    """Points and lines over two axes, with a legend below.

    Parameters
    ----------
    title : str
    x, y : (float, float)
        What the axes span.
    x_title, y_title : str
    width, height : float
        Of the area inside the axes.
    said : str
        What a screen reader adds to the title.
    """

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    x_title: str
    y_title: str
    width: float = 340.0
    height: float = 300.0
    said: str = ""
    parts: list[str] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    left: ClassVar[float] = 58.0
    top: ClassVar[float] = 26.0

    def __post_init__(self) -> None:
        self.x, self.y = _wide(self.x), _wide(self.y)

    def across(self, value: Any) -> Any:
        """Horizontal places of values."""
        return self.left + (np.asarray(value, np.float64) - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def up(self, value: Any) -> Any:
        """Vertical places of values."""
        return self.top + (self.y[1] - np.asarray(value, np.float64)) / (self.y[1] - self.y[0]) * self.height

    def line(self, x: Array, y: Array, series: int, name: str = "", kind: str = "") -> None:
        """A line of a series; ``name`` puts it in the legend."""
        dashes = DASHES[series % SERIES]
        style = f'class="stroke s{series % SERIES}{" " + kind if kind else ""}"' + (f' stroke-dasharray="{dashes}"' if dashes else "")  # fmt: skip
        self.parts.append(f'<polyline points="{points_of(self.across(x), self.up(y))}" {style}/>')
        if name:
            self.legend.append((f'<path d="M0 0H26" {style}/>', name))

    def guide(self, x: Sequence[float], y: Sequence[float], name: str = "") -> None:
        """A dashed grey line for comparison."""
        self.parts.append(f'<polyline points="{points_of(self.across(x), self.up(y))}" class="plain"/>')
        if name:
            self.legend.append(('<path d="M0 0H26" class="plain"/>', name))

    def marks(self, x: Array, y: Array, series: int, name: str = "", kind: str = "", size: float = 3.0) -> None:
        """Marks of a series, all in one path."""
        kind = kind or f"f{series % SERIES}"
        pairs = zip(np.atleast_1d(self.across(x)).tolist(), np.atleast_1d(self.up(y)).tolist(), strict=True)
        path = "".join(_shape(series, a, b, size) for a, b in pairs)
        if path:
            self.parts.append(f'<path d="{path}" class="{kind}"/>')
        if name:
            self.legend.append((f'<path d="{_shape(series, 13, 0, 4)}" class="{kind}"/>', name))

    def rings(self, x: Array, y: Array, name: str = "", size: float = 5.0) -> None:
        """Rings around points."""
        pairs = zip(np.atleast_1d(self.across(x)).tolist(), np.atleast_1d(self.up(y)).tolist(), strict=True)
        path = "".join(_shape(0, a, b, size) for a, b in pairs)
        many = " faint" if len(x) > MANY_RINGS else ""
        if path:
            self.parts.append(f'<path d="{path}" class="wrong{many}"/>')
        if name:
            self.legend.append((f'<path d="{_shape(0, 13, 0, 5)}" class="wrong"/>', name))

    def whiskers(self, x: Array, low: Array, high: Array) -> None:
        """Upright intervals."""
        rows = zip(self.across(x).tolist(), self.up(low).tolist(), self.up(high).tolist(), strict=True)
        path = "".join(f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in rows)
        self.parts.append(f'<path d="{path}" class="error"/>')

    def _axes(self) -> str:
        left, right, top, bottom = self.left, self.left + self.width, self.top, self.top + self.height
        parts = [text_at(4, 16, self.title, kind="head")]
        for tick in ticks(*self.x, max(3, int(self.width / 70))):
            x = float(self.across(tick))
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" class="grid"/>')
            parts.append(text_at(x, bottom + 16, short_number(tick), "middle", "soft"))
        for tick in ticks(*self.y):
            y = float(self.up(tick))
            parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
            parts.append(text_at(left - 6, y + 4, short_number(tick), "end", "soft"))
        parts.append(text_at((left + right) / 2, bottom + 34, self.x_title, "middle", "soft"))
        parts.append(
            f'<text transform="translate(13 {(top + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle" class="soft">{escape(self.y_title)}</text>'
        )
        return "".join(parts)

    def svg(self) -> str:
        """The drawing."""
        bottom = self.top + self.height
        frame = f'<rect x="{self.left}" y="{self.top}" width="{self.width}" height="{self.height}" class="frame"/>'
        rows = []
        for i, (mark, name) in enumerate(self.legend):
            y = bottom + 54 + 18 * i
            rows.append(f'<g transform="translate({self.left} {y})">{mark}{text_at(34, 4, shortened(name, 52))}</g>')
        height = bottom + 44 + 18 * len(self.legend) + 4 * bool(rows)
        said = f"{self.title}. {self.said}" if self.said else self.title
        body = self._axes() + frame + "".join(self.parts) + "".join(rows)
        return svg_of(self.left + self.width + 16, height, body, said)


def _wide(span: tuple[float, float]) -> tuple[float, float]:
    """Bounds that are not equal."""
    low, high = span
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def intervals_drawing(
    rows: Sequence[tuple[str, float, float, float]], title: str, x_title: str, bounds: tuple[float, float]
) -> str:
    """Values with their intervals, one line a row: ``(name, value, low, high)``.

    Parameters
    ----------
    rows : sequence of tuple
    title, x_title : str
    bounds : (float, float)
        Lowest and highest value that there can be; the axis does not pass them.
    """
    edges = [edge for row in rows for edge in row[1:]]
    margin = 0.08 * max(max(edges) - min(edges), 1e-3)
    low, high = max(min(edges) - margin, bounds[0]), min(max(edges) + margin, bounds[1])
    width, left = 640.0, 250.0

    def place(value: float) -> float:
        return left + (value - low) / ((high - low) or 1.0) * (width - left - 80)

    bottom = 34 + 26 * len(rows)
    parts = [text_at(4, 16, title, kind="head")]
    for tick in ticks(low, high):
        parts.append(f'<line x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="26" y2="{bottom}" class="grid"/>')
        parts.append(text_at(place(tick), bottom + 14, short_number(tick), "middle", "soft"))
    for i, (name, value, start, stop) in enumerate(rows):
        y = 44 + 26 * i
        parts.append(text_at(left - 12, y + 4, name, "end"))
        parts.append(f'<line x1="{place(start):.1f}" x2="{place(stop):.1f}" y1="{y}" y2="{y}" class="mark"/>')
        parts.append(f'<circle cx="{place(value):.1f}" cy="{y}" r="4.5" class="point"/>')
        parts.append(text_at(width - 70, y + 4, f"{value:.3f}"))
    parts.append(text_at((left + width - 80) / 2, bottom + 32, x_title, "middle", "soft"))
    said = "; ".join(f"{name} {value:.3f}, {start:.3f} to {stop:.3f}" for name, value, start, stop in rows)
    return svg_of(width, bottom + 40, "".join(parts), f"{title}: {said}")


def heat_map(counts: Array, names: Sequence[str], title: str, x_title: str, y_title: str) -> str:
    """Shares of a matrix of counts, by row, as shades; rows and columns are numbered, rows named where there is room.

    Parameters
    ----------
    counts : ndarray of int, shape (k, k)
    names : sequence of str, length k
    title, x_title, y_title : str
    """
    k = len(names)
    named = k <= 40
    side, left, top = max(5.0, min(16.0, 560.0 / k)), 190.0 if named else 70.0, 48.0
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / total
    parts = [text_at(4, 16, title, kind="head")]
    for row, column in np.argwhere(counts > 0).tolist():
        shade = f'class="{"for" if row == column else "against"}" opacity="{0.15 + 0.85 * shares[row, column]:.2f}"'
        parts.append(f'<rect x="{left + side * column:.1f}" y="{top + side * row:.1f}" width="{side:.1f}" height="{side:.1f}" {shade}/>')  # fmt: skip
    every = 2 if side >= 12 else 5 if k <= 60 else 10
    for i, name in enumerate(names):
        if named or i % every == 0:
            label = f"{shortened(name, 22)} {i + 1}" if named else str(i + 1)
            parts.append(text_at(left - 6, top + side * (i + 0.5) + 4, label, "end", "soft"))
        if i % every == 0:
            parts.append(text_at(left + side * (i + 0.5), top - 5, str(i + 1), "middle", "soft"))
    parts.append(f'<rect x="{left}" y="{top}" width="{side * k:.1f}" height="{side * k:.1f}" class="frame"/>')
    parts.append(text_at(left + side * k / 2, top - 20, x_title, "middle", "soft"))
    parts.append(text_at(left - 6, top - 5, y_title, "end", "soft"))
    return svg_of(max(left + side * k + 16, 420.0), top + side * k + 8, "".join(parts), title)
