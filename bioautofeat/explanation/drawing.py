"""Plain drawings in SVG, as text: bars, lines, letters.  Colours follow the reader's light or dark setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "STYLE",
    "Bar",
    "Line",
    "bars",
    "letters",
    "lines",
    "points_of",
    "short_number",
    "shortened",
    "standalone",
    "svg_of",
    "text_at",
    "ticks",
]

Array = NDArray[Any]

COLOURS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2933; --soft: #5b6773; --line: #d9dfe5; --wash: #f3f6f8;
  --for: #1668a8; --against: #c2571a; --c0: #1668a8; --c1: #c2571a; --c2: #2a8a57; --c3: #8453b5; --c4: #8a6d00; --c5: #a3395f; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e4e9ee; --soft: #9aa7b3; --line: #36404a; --wash: #1c2229;
  --for: #5aa9e6; --against: #f0935a; --c0: #5aa9e6; --c1: #f0935a; --c2: #5cc48c; --c3: #b48be0; --c4: #d0ae3c; --c5: #e07a9e; } }
@media print { :root { --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #cccccc; --wash: #f3f6f8;
  --for: #1668a8; --against: #c2571a; --c0: #1668a8; --c1: #c2571a; --c2: #2a8a57; --c3: #8453b5; --c4: #8a6d00; --c5: #a3395f; } }
"""

MARKS = """
svg text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); } svg .soft { fill: var(--soft); }
svg .head { font-weight: 600; } svg .axis { stroke: var(--soft); fill: none; } svg .grid { stroke: var(--line); fill: none; }
svg .for { fill: var(--for); } svg .against { fill: var(--against); } svg .error { stroke: var(--ink); fill: none; }
svg .alone { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; } svg .letter { font-weight: 700; font-family: Helvetica, Arial, "Liberation Sans", sans-serif; }
svg .stroke { fill: none; stroke-width: 1.6; } svg .band { opacity: .18; stroke: none; }
""" + "".join(f"svg .s{i} {{ stroke: var(--c{i}); }} svg .f{i} {{ fill: var(--c{i}); }} " for i in range(6))  # fmt: skip

STYLE = COLOURS + MARKS
"""What a page needs for these drawings."""

LETTER_COLOURS = {
    **dict.fromkeys("A", "#2a9d54"), **dict.fromkeys("C", "#2f6fd0"), **dict.fromkeys("G", "#cf9200"), **dict.fromkeys("TU", "#d0393e"),
}  # fmt: skip
RESIDUE_COLOURS = {
    **dict.fromkeys("AVLIMFWC", "#b58100"), **dict.fromkeys("STNQGPY", "#2a9d54"), **dict.fromkeys("DE", "#d0393e"),
    **dict.fromkeys("KRH", "#2f6fd0"),
}  # fmt: skip
"""By the chemistry of the side chain: greasy, polar, acidic, basic."""

WIDE = {"I": 0.278, "W": 0.944, "M": 0.833, "G": 0.778, "Q": 0.778, "O": 0.778, "J": 0.556, "L": 0.611, "F": 0.611, "T": 0.611, "Z": 0.611}  # fmt: skip
"""Width of a bold sans-serif letter, in its size; .7 for the others."""

CAP = 0.716
"""Height of a capital letter, in its size."""

PER_LINE = 100
"""Letters on a line of a logo, at most; lines are of equal length."""


@dataclass(frozen=True)
class Bar:
    """A bar: its name, value, spread, and a second value shown as a dot (None for none)."""

    name: str
    value: float
    spread: float = 0.0
    dot: float | None = None


@dataclass(frozen=True, eq=False)
class Line:
    """A line with a band around it; ``low`` and ``high`` may be left out."""

    name: str
    values: Array
    low: Array | None = None
    high: Array | None = None


def svg_of(width: float, height: float, body: str, title: str) -> str:
    """A drawing of these parts; the title is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}"><title>{escape(title)}</title>{body}</svg>'
    )


def standalone(svg: str) -> str:
    """A drawing as a file of its own."""
    head, _, rest = svg.partition("</title>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}</title><style>{STYLE}svg {{ background: var(--paper); }}</style>{rest}\n'


def text_at(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    """A text at a place, of a class of the style sheet."""
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def shortened(text: str, most: int) -> str:
    """The text, its middle left out where it has more characters than that."""
    return text if len(text) <= most else f"{text[: most - 9]}…{text[-8:]}"


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers between two bounds."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / wanted
    base = 10.0 ** np.floor(np.log10(rough))
    step = float(base * next(m for m in (1, 2, 5, 10) if m * base >= rough * 0.999))
    return [float(n * step) for n in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)]


def short_number(value: float) -> str:
    """A number in three digits."""
    return f"{value:.3g}" if value else "0"


def bars(rows: Sequence[Bar], title: str, unit: str, dot: str = "") -> str:
    """Horizontal bars from a common zero, with whiskers of one spread either way.

    Parameters
    ----------
    rows : sequence of Bar
    title, unit : str
        Above the drawing; below its axis.
    dot : str
        What the dots stand for.
    """
    left, width, step = 280.0, 800.0, 22
    ends = [edge for r in rows for edge in (r.value - r.spread, r.value + r.spread, 0.0, *([r.dot] if r.dot is not None else []))]  # fmt: skip
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    high = high if high > low else low + 1.0

    start = left + 14 * (low < 0)

    def place(value: float) -> float:
        return start + (value - low) / (high - low) * (width - start - 70)

    bottom = 30 + step * len(rows)
    parts = [text_at(4, 16, title, kind="head")]
    for tick in ticks(low, high):
        parts.append(f'<line x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="26" y2="{bottom}" class="grid"/>')
        parts.append(text_at(place(tick), bottom + 14, short_number(tick), "middle", "soft"))
    for i, row in enumerate(rows):
        parts.append(_bar(row, place, 30 + step * i, left))
    parts.append(f'<line x1="{place(0):.1f}" x2="{place(0):.1f}" y1="26" y2="{bottom}" class="axis"/>')
    under = f"{unit}{'; circle: ' + dot if dot else ''}"
    parts.append(text_at((left + width - 70) / 2, bottom + 30, under, "middle", "soft"))
    return svg_of(width, bottom + 38, "".join(parts), title)


def _bar(row: Bar, place: Any, top: float, left: float) -> str:
    start, stop, middle = place(min(row.value, 0.0)), place(max(row.value, 0.0)), top + 9
    kind = "for" if row.value >= 0 else "against"
    parts = [
        f"<g><title>{escape(row.name)}: {short_number(row.value)}</title>",
        text_at(left - 8, top + 13, shortened(row.name, 36), "end"),
        f'<rect x="{start:.1f}" y="{top + 2}" width="{max(stop - start, 0.5):.1f}" height="14" class="{kind}"/>',
    ]
    if row.spread > 0:
        low, high = place(row.value - row.spread), place(row.value + row.spread)
        parts.append(
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {top + 6}v6M{high:.1f} {top + 6}v6" class="error"/>'
        )
    if row.dot is not None:
        parts.append(f'<circle cx="{place(row.dot):.1f}" cy="{middle}" r="4" class="alone"/>')
    edge = max([stop, place(row.value + row.spread), *([place(row.dot)] if row.dot is not None else [])])
    return "".join([*parts, text_at(edge + 8, top + 13, short_number(row.value), kind="soft"), "</g>"])


def lines(rows: Sequence[Line], title: str, x_title: str, y_title: str, x_range: tuple[float, float]) -> str:
    """Lines over one axis, up to six."""
    left, width, top, height = 60.0, 900.0, 46.0, 200.0
    edges = [edge for row in rows for edge in (row.values, row.low, row.high) if edge is not None]
    low = min(0.0, *(float(edge.min()) for edge in edges))
    high = max(0.0, *(float(edge.max()) for edge in edges))
    high = high if high > low else low + 1.0

    def across(share: Array) -> Array:
        return left + share * (width - left - 20)

    def up(value: Any) -> Any:
        return top + (high - value) / (high - low) * height

    parts = [text_at(4, 16, title, kind="head"), _legend([row.name for row in rows], left)]
    for tick in ticks(low, high):
        kind = "axis" if tick == 0 else "grid"
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{up(tick):.1f}" y2="{up(tick):.1f}" class="{kind}"/>')
        parts.append(text_at(left - 6, up(tick) + 4, short_number(tick), "end", "soft"))
    for tick in ticks(*x_range, 8):
        at = float(across(np.array((tick - x_range[0]) / max(x_range[1] - x_range[0], 1e-9))))
        parts.append(text_at(at, top + height + 16, short_number(tick), "middle", "soft"))
    for i, row in enumerate(rows):
        x = across(np.linspace(0, 1, len(row.values)) if len(row.values) > 1 else np.array([0.5]))
        if row.low is not None and row.high is not None:
            points = points_of(np.concatenate([x, x[::-1]]), up(np.concatenate([row.high, row.low[::-1]])))
            parts.append(f'<polygon points="{points}" class="band f{i % 6}"/>')
        parts.append(f'<polyline points="{points_of(x, up(row.values))}" class="stroke s{i % 6}"/>')
    parts.append(text_at((left + width) / 2, top + height + 34, x_title, "middle", "soft"))
    parts.append(text_at(left, top - 8, y_title, kind="soft"))
    return svg_of(width, top + height + 42, "".join(parts), title)


def _legend(names: Sequence[str], left: float) -> str:
    if len(names) < 2:
        return ""
    parts, x = [], left + 120
    for i, name in enumerate(names):
        parts.append(f'<rect x="{x:.0f}" y="28" width="12" height="4" class="f{i % 6}"/>' + text_at(x + 16, 34, shortened(name, 34)))  # fmt: skip
        x += 30 + 7.2 * min(len(name), 34)
    return "".join(parts)


def points_of(x: Array, y: Array) -> str:
    """Points of a polyline."""
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def letters(stacks: Sequence[Sequence[tuple[str, float]]], title: str, y_title: str, protein: bool) -> str:
    """A logo: at each position letters as tall as their values, those above zero up, those below zero down.

    Parameters
    ----------
    stacks : sequence of sequence of (letter, value)
        One stack a position.
    """
    left, tallest, gap = 44.0, 64.0, 26.0
    per_line = -(-len(stacks) // max(1, -(-len(stacks) // PER_LINE)))
    step = min(16.0, 870.0 / max(1, per_line))
    sums = [(sum(max(v, 0.0) for _, v in stack), sum(min(v, 0.0) for _, v in stack)) for stack in stacks]
    most = max((max(up, -down) for up, down in sums), default=0.0) or 1.0
    below = min(1.0, max((-down for _, down in sums), default=0.0) / most)
    tall = tallest * (1.0 + below)
    colours = RESIDUE_COLOURS if protein else LETTER_COLOURS
    parts, top = [text_at(4, 16, title, kind="head"), text_at(left + 4, 34, y_title, kind="soft")], 40.0
    for start in range(0, len(stacks), per_line or 1):
        line = stacks[start : start + per_line]
        zero = top + tallest
        parts.append(
            f'<path d="M{left} {top:.1f}V{top + tall:.1f}M{left} {zero:.1f}H{left + step * len(line):.1f}" class="axis"/>'
        )
        parts.append(
            text_at(left - 5, top + 9, short_number(most), "end", "soft")
            + text_at(left - 5, zero + 4, "0", "end", "soft")
        )
        parts.extend(
            _stack(stack, left + step * i, step, zero, tallest / most, colours) for i, stack in enumerate(line)
        )
        places = [p for p in range(start + 1, start + len(line) + 1) if p % 10 == 0 or p == start + 1]
        parts.extend(
            text_at(left + step * (p - start - 0.5), top + tall + 13, str(p), "middle", "soft") for p in places
        )
        top += tall + gap
    return svg_of(max(400.0, left + step * per_line + 12), top, "".join(parts), title)


def _stack(stack: Any, x: float, width: float, zero: float, scale: float, colours: Any) -> str:
    """The letters of a position, the tallest farthest from zero."""
    parts, up, down = [], zero, zero
    for letter, value in sorted(stack, key=lambda row: abs(row[1])):
        height = abs(value) * scale
        if height < 0.4:
            continue
        if value > 0:
            base, up = up, up - height
        else:
            base = down = down + height
        size = 10.0
        across, along = width * 0.94 / (size * WIDE.get(letter, 0.7)), height / (size * CAP)
        shade = "" if value > 0 else ' opacity=".6"'
        parts.append(
            f'<text transform="translate({x + 0.3:.1f} {base:.1f}) scale({across:.3f} {along:.3f})" class="letter"{shade} '
            f'style="font-size:{size:.0f}px;fill:{colours.get(letter, "#808890")}">{escape(letter)}</text>'
        )
    return "".join(parts)
