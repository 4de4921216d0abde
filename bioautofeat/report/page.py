"""The page: what was found, how good it is, how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bioautofeat import __version__
from bioautofeat.evaluation.metrics import METRICS, confusion
from bioautofeat.io.output import replacing
from bioautofeat.report.drawing import intervals_drawing, matrix_table, roc_drawing, scatter_drawing

__all__ = ["write_report"]

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #d5dde5; }
table { border-collapse: collapse; margin: .8rem 0; } td, th { padding: .2rem .7rem; text-align: right; }
th { background: #eef2f6; } td:first-child, th:first-child { text-align: left; } tr + tr td { border-top: 1px solid #e6ebf0; }
.wide { overflow-x: auto; } .note { color: #566; } .matrix td { text-align: center; }
svg text { font: 12px system-ui, sans-serif; fill: #334; } .frame { fill: none; stroke: #99a; } .grid { stroke: #dde; }
.curve { fill: none; stroke: #145aa0; stroke-width: 2; } .dot { fill: #145aa0; opacity: .45; }
.mark { stroke: #145aa0; stroke-width: 2; } .point { fill: #145aa0; }
"""
MOST_CLASSES = 30


def _table(rows: Sequence[Sequence[Any]], head: Sequence[str]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _share(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _measures(metrics: Mapping[str, Any]) -> str:
    """All measures, each with its interval."""
    parts = [key for key in ("corrected", "naive", "test", "test_clean") if metrics.get(key)]
    titles = {
        "corrected": "corrected estimate", "naive": "uncorrected", "test": "test part", "test_clean": "test part without copies",
    }  # fmt: skip
    rows = []
    for name in metrics["corrected"]:
        cells = [metrics[part][name] for part in parts]
        rows.append([METRICS[name].title, *(f"{c['value']:.3f} ({c['low']:.3f} to {c['high']:.3f})" for c in cells)])
    return _table(rows, ["measure", *(titles[part] for part in parts)])


def _summary(metrics: Mapping[str, Any]) -> str:
    name = metrics["metric"]
    best = metrics["corrected"][name]
    lines = [
        f"<p>Expected {escape(METRICS[name].title)} on new, unrelated records: <b>{best['value']:.3f}</b> "
        f"(95 % interval {best['low']:.3f} to {best['high']:.3f}).</p>",
        f'<p class="note">From {metrics["judged"]:,} records in {metrics["groups"]:,} groups of related ones, predicted by models '
        f"that saw none of their group, and corrected for having chosen among {metrics['trials']} models "
        f"({metrics['bootstraps']} bootstrap samples of whole groups). The uncorrected figure is what the choice itself was steered by.</p>",
    ]
    shown = [
        (title, metrics[key][name]) for key, title in (("corrected", "corrected"), ("naive", "uncorrected"), ("test", "test part"), ("test_clean", "test, no copies"))
        if metrics.get(key)
    ]  # fmt: skip
    rows = [(title, row["value"], row["low"], row["high"]) for title, row in shown]
    lines.append(intervals_drawing(rows, METRICS[name].title))
    return "".join(lines)


def _audit(findings: Mapping[str, Any]) -> str:
    """What the audit found."""
    lengths = findings.get("lengths", {})
    rows = [("records", findings["records"])]
    if lengths:
        rows.append(("lengths", f"{lengths['min']:,} to {lengths['max']:,}, median {lengths['median']:,.0f}"))
    rows += [
        ("identical to an earlier record", findings["duplicates"]),
        ("sequences under two labels", findings["conflicts"]),
    ]
    if "groups" in findings:
        rows.append(("groups of related records", findings["groups"]))
        rows.append(("records in them", findings["group_sizes"]["records_in_groups"]))
    for name, values in findings.get("shortcuts", {}).items():
        rows.append((f"{name} alone, out of fold", ", ".join(f"{key} {value:.3f}" for key, value in values.items())))
    for name, value in (findings.get("test") or {}).items():
        rows.append((f"test part: {name.replace('_', ' ')}", value))
    classes = findings.get("classes") or {}
    counted = (
        _table([(name, _share(count)) for name, count in list(classes.items())[:MOST_CLASSES]], ["class", "records"])
        if classes
        else ""
    )
    return _table([(name, _share(value)) for name, value in rows], ["finding", "value"]) + counted


def _drawings(board: Any) -> str:
    """The final model's out-of-fold predictions as pictures."""
    problem, champion = board.problem, board.champion
    truth = problem.judged_truth
    if not problem.classes:
        return scatter_drawing(truth, champion.predictions)
    parts = []
    if len(problem.classes) == 2:
        parts.append(roc_drawing(truth, champion.predictions, problem.classes))
    if len(problem.classes) <= MOST_CLASSES:
        parts.append(matrix_table(confusion(truth, champion.chosen, len(problem.classes)), problem.classes))
    return "".join(parts)


def _board(rows: Sequence[Mapping[str, str]], metric: str) -> str:
    columns = ["rank", "name", "model", metric, "loss", "weight", "seconds", "state", "reason"]
    return _table([[row.get(name, "") for name in columns] for row in rows], columns)


def write_report(
    path: Path,
    findings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    board: Sequence[Mapping[str, str]],
    result: Any,
    options: Any,
) -> None:
    """Write the report, whole or not at all.

    Parameters
    ----------
    path : path
    findings, metrics : mapping
        As in ``audit.json`` and ``metrics.json``.
    board : sequence of mapping
        Rows of the leaderboard.
    result : Result
    options : Options
    """
    decided = "trials alone" if options.trials is not None else "the clock: another run may differ a little"
    members = result.model.metadata["members"]
    sections = {
        "How good it is": _summary(metrics) + _measures(metrics),
        "Out of fold": _drawings(result.board),
        "The data": _audit(findings),
        "Models tried": _board(board, metrics["metric"]),
        "What is delivered": _table([(m["model"], f"{m['weight']:.3f}") for m in members], ["model", "weight"])
        + f"<p>{len(result.model.names):,} features; bioautofeat {__version__}; seed {options.seed}; {result.seconds:.0f} s; decided by {decided}.</p>",
    }
    body = "".join(f"<h2>{escape(title)}</h2>{content}" for title, content in sections.items())
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bioautofeat report</title><style>{STYLE}</style></head>'
        f"<body><h1>bioautofeat: {escape(metrics['task'])} report</h1>{body}</body></html>\n"
    )
    with replacing(str(path)) as stream:
        stream.write(page.encode("utf-8"))
