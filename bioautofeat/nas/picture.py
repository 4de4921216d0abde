"""A network as a picture: its layers, or its cell, as boxes in columns and lines between them; SVG, as text.

The drawing has no colours of its own: it uses the classes of the package's pages, and :func:`standalone` gives a file by
itself what it needs of them.  Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from bioautofeat.nas.genotype import Architecture, CellBody, ChainBody, EdgeBody, GrownBody, VertexBody
from bioautofeat.nas.spaces.cell import Block, CellGenotype
from bioautofeat.nas.spaces.edge_cell import edges_of

__all__ = ["drawn", "summary"]

HEIGHT, ROW, GAP = 26.0, 40.0, 40.0
"""Of a box; from one row to the next; between two columns."""

LETTER = 7.0
"""Width of a letter, about."""

SWEEPS = 4
"""Passes that order the rows of the columns."""


@dataclass
class _Diagram:
    """Boxes and lines; columns come from the lines, rows from an order with few crossings."""

    title: str
    labels: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[str, str]] = field(default_factory=list)
    round_: set[str] = field(default_factory=set)

    def box(self, name: str, label: str, *sources: str, round_: bool = False) -> str:
        """A box that reads others; its name."""
        self.labels[name] = label
        self.lines += [(source, name) for source in sources]
        if round_:
            self.round_.add(name)
        return name

    def keep_before(self, last: str, first: str) -> None:
        """Leave out what nothing on the way to the last box reads; the first one stays."""
        needed = {last}
        for name in reversed(list(self.labels)):
            if name in needed:
                needed |= {source for source, end in self.lines if end == name}
        self.labels = {name: label for name, label in self.labels.items() if name in {*needed, first}}
        self.lines = [line for line in self.lines if line[1] in needed]

    def columns(self) -> dict[str, int]:
        """Column of each box: one more than the farthest box that it reads."""
        found: dict[str, int] = {}
        for name in self.labels:  # a box is made after those that it reads
            found[name] = max((found[source] + 1 for source, end in self.lines if end == name), default=0)
        return found


def _ordered(levels: list[list[str]], links: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Row of each box, counted from the middle of its column; boxes lie near those that they are linked to."""
    rows = {name: place - (len(level) - 1) / 2 for level in levels for place, name in enumerate(level)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for level in levels if forward else reversed(levels):
            near: dict[str, list[float]] = {name: [] for name in level}
            for source, end in links:
                here, there = (end, source) if forward else (source, end)
                if here in near:
                    near[here].append(rows[there])
            level.sort(key=lambda name: (sum(near[name]) / len(near[name])) if near[name] else rows[name])
            rows |= {name: place - (len(level) - 1) / 2 for place, name in enumerate(level)}
    return rows


def _laid_out(diagram: _Diagram) -> tuple[list[list[str]], dict[str, float], list[list[str]]]:
    """Columns of boxes and of bends, the row of each, and each line as the boxes and bends it passes."""
    columns = diagram.columns()
    levels: list[list[str]] = [[] for _ in range(max(columns.values()) + 1)]
    for name, column in columns.items():
        levels[column].append(name)
    ways = []
    for number, (source, end) in enumerate(diagram.lines):
        bends = [f"bend {number} {column}" for column in range(columns[source] + 1, columns[end])]
        for column, bend in enumerate(bends, columns[source] + 1):
            levels[column].append(bend)
        ways.append([source, *bends, end])
    links = [link for way in ways for link in pairwise(way)]
    return levels, _ordered(levels, links), ways


def _panel(diagram: _Diagram, top: float) -> tuple[str, float, float]:
    """The drawing of a diagram below a height; its width and where it ends."""
    levels, rows, ways = _laid_out(diagram)
    widths = [max((_width(diagram.labels[n]) for n in level if n in diagram.labels), default=0.0) for level in levels]
    lefts = [12.0 + sum(widths[:i]) + GAP * i for i in range(len(levels))]
    middle = top + 30 + ROW * max(map(len, levels)) / 2
    places = {
        name: (lefts[i] + widths[i] / 2, middle + ROW * rows[name]) for i, level in enumerate(levels) for name in level
    }
    halves = {name: _width(label) / 2 for name, label in diagram.labels.items()}
    parts = [f'<text x="12" y="{top + 16:.0f}" class="head">{escape(diagram.title)}</text>']
    parts += [_line([(*places[name], halves.get(name, 0.0)) for name in way]) for way in ways]
    parts += [_box(*places[name], label, name in diagram.round_) for name, label in diagram.labels.items()]
    return "".join(parts), lefts[-1] + widths[-1] + 12, middle + ROW * max(map(len, levels)) / 2 + 8


def _width(label: str) -> float:
    return max(34.0, LETTER * len(label) + 16)


def _box(x: float, y: float, label: str, round_: bool) -> str:
    half, corner = _width(label) / 2, HEIGHT / 2 if round_ else 4
    return (
        f'<rect x="{x - half:.1f}" y="{y - HEIGHT / 2:.1f}" width="{2 * half:.1f}" height="{HEIGHT:.0f}" rx="{corner:.0f}" '
        f'class="alone"/><text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{escape(label)}</text>'
    )


def _line(stops: Sequence[tuple[float, float, float]]) -> str:
    """A curve from the right side of a box, through bends, to the left side of another, with a head."""
    (x, y, half), (end, below, other) = stops[0], stops[-1]
    path = f"M{x + half:.1f} {y:.1f}"
    x += half
    for here, height, _ in [*stops[1:-1], (end - other - 5, below, 0.0)]:
        bend = (x + here) / 2
        path += f"C{bend:.1f} {y:.1f} {bend:.1f} {height:.1f} {here:.1f} {height:.1f}"
        x, y = here, height
    head = f"M{end - other - 6:.1f} {below - 3.5:.1f}l6 3.5l-6 3.5z"
    return f'<path d="{path}" class="axis"/><path d="{head}" class="soft"/>'


def _stem_of(architecture: Architecture) -> tuple[str, str, str]:
    """What the letters become, the first layer, the head, in a few words each."""
    encoder, stem, head = architecture.encoder, architecture.stem, architecture.head
    words = f" of {encoder.k} letters" if encoder.k > 1 else ""
    first = f"conv{stem.kernel}, {stem.channels} channels{f', every {stem.stride}' if stem.stride > 1 else ''}"
    pooled = {"both": "mean and max", "bins": f"means of {head.bins} parts"}.get(head.pool, head.pool)
    return f"{encoder.alphabet}, {encoder.name}{words}", first, pooled + (f", {head.hidden} units" * bool(head.hidden))


def _copies(body: EdgeBody | VertexBody) -> str:
    """Title of the picture of a cell."""
    return (
        f"the cell, {body.cells} time{'s' * (body.cells > 1)} in each of {body.stages} stage{'s' * (body.stages > 1)}"
    )


def _vertex_cell(body: VertexBody) -> Iterator[_Diagram]:
    found, cell = _Diagram(_copies(body)), body.cell
    names = ["in", *(f"vertex {vertex}" for vertex in range(1, cell.nodes - 1)), "out"]
    for vertex, label in enumerate(("in", *cell.operations, "out")):
        inside = 0 < vertex < cell.nodes - 1
        found.box(names[vertex], label, *(names[source] for source in cell.sources(vertex)), round_=not inside)
    yield found


def _edge_cell(body: EdgeBody) -> Iterator[_Diagram]:
    found = _Diagram(_copies(body))
    names = ["in", *(f"sum {node}" for node in range(1, body.cell.nodes - 1)), "out"]
    found.box("in", "in", round_=True)
    known = list(zip(edges_of(body.cell.nodes), body.cell.operations, strict=True))
    for node in range(1, body.cell.nodes):
        sources = []
        for (source, end), operation in known:
            if end == node and operation != "none":
                sources.append(found.box(f"{source}-{end}", operation, names[source]))
        found.box(names[node], "out" if node == body.cell.nodes - 1 else "+", *sources, round_=True)
    found.keep_before("out", "in")
    yield found


def _block_cells(body: CellBody) -> Iterator[_Diagram]:
    kinds = (
        (
            f"the normal cell, {body.cells} time{'s' * (body.cells > 1)} in each of {body.stages} motifs",
            body.genotype.normal,
        ),
        ("the reduction cell, which halves the length, at the end of each motif", body.genotype.reduction),
    )
    for title, blocks in kinds:
        yield _block_cell(title, blocks)


def _block_cell(title: str, blocks: Sequence[Block]) -> _Diagram:
    found = _Diagram(title)
    values = [found.box(name, name, round_=True) for name in ("the one before", "the last cell")]
    for number, block in enumerate(blocks):
        ends = [
            found.box(f"{number} {side}", operation, values[source])
            for side, source, operation in (
                ("left", block.left, block.left_operation),
                ("right", block.right, block.right_operation),
            )
        ]
        values.append(found.box(f"block {number}", "+", *ends, round_=True))
    found.box("out", "join", *(values[2 + place] for place in CellGenotype.outputs(tuple(blocks))), round_=True)
    return found


def _layers(architecture: Architecture) -> Iterator[_Diagram]:
    """The whole network, for layers in a row; skips join a layer's input."""
    body = architecture.body
    assert isinstance(body, (ChainBody, GrownBody))
    found, (letters, first, pooled) = _Diagram("the network"), _stem_of(architecture)
    here = found.box("stem", first, found.box("letters", letters, round_=True))
    made: list[str] = []
    stages = [0]
    if isinstance(body, GrownBody):
        labels = [
            f"conv{layer.kernel}{f' + conv{layer.branch}' if layer.branch else ''}, {layer.width}"
            for layer in body.genotype.layers
        ]
        skips = [(s - 1, e - 1) for s, e in sorted({*body.genotype.adds, *body.genotype.joins})]
    else:
        labels, skips = list(body.genotype.operations), sorted(body.genotype.skips)
        stages = [number * body.stages // len(labels) for number in range(len(labels))]
    for number, label in enumerate(labels):
        if number and number < len(stages) and stages[number] > stages[number - 1]:
            here = found.box(f"halve {number}", "half the length", here)
        brought = ["stem" if early < 0 else made[early] for early, late in skips if late == number]
        here = found.box(f"layer {number}", label, here, *(name for name in brought if name != here))
        made.append(here)
    found.box("head", pooled, here, round_=True)
    yield found


def summary(architecture: Architecture) -> str:
    """The network in a sentence: letters, first layer, body, head."""
    letters, first, pooled = _stem_of(architecture)
    body = architecture.body
    if isinstance(body, (EdgeBody, VertexBody)):
        inside = f"{body.stages} x {body.cells} cells of {body.cell.nodes} nodes"
    elif isinstance(body, CellBody):
        inside = f"{body.stages} motifs of {body.cells} normal cells and a reduction cell"
    else:
        inside = " - ".join(body.operations)
    strands = "; both strands give the same output" if architecture.symmetric else ""
    return f"{letters}; {first}; {inside}; {pooled}{strands}"


def drawn(architecture: Architecture, title: str = "") -> str:
    """The picture of a network, as SVG that stands in a page with the package's style.

    Parameters
    ----------
    architecture : Architecture
    title : str
        What a screen reader says; by default :func:`summary`.
    """
    body = architecture.body
    if isinstance(body, EdgeBody):
        panels = list(_edge_cell(body))
    elif isinstance(body, VertexBody):
        panels = list(_vertex_cell(body))
    elif isinstance(body, CellBody):
        panels = list(_block_cells(body))
    else:
        panels = list(_layers(architecture))
    parts, width, top = [], 320.0, 4.0
    for panel in panels:
        part, wide, top = _panel(panel, top)
        parts.append(part)
        width = max(width, wide)
    said = escape(title or summary(architecture), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{said}" viewBox="0 0 {width:.0f} {top:.0f}" '
        f'width="{width:.0f}" height="{top:.0f}"><title>{said}</title>{"".join(parts)}</svg>'
    )
