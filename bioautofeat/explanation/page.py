"""The page of an explanation: one HTML text that needs nothing else, for the screen by day and night, and for paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.explanation.drawing import STYLE
from bioautofeat.explanation.findings import Findings
from bioautofeat.explanation.tables import Table

__all__ = ["DESCRIPTIONS", "page_of"]

LAYOUT = """
body { font: 15px/1.55 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .3rem; } h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; overflow-wrap: anywhere; } p, li { max-width: 50rem; } .note { color: var(--soft); }
figure { margin: .8rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .93rem; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
td, th { padding: .18rem .7rem; text-align: left; border-bottom: 1px solid var(--line); } th { background: var(--wash); font-weight: 600; }
td, code { overflow-wrap: anywhere; } .n { text-align: right; white-space: nowrap; }
.warn { border-left: 4px solid var(--against); background: var(--wash); padding: .5rem .9rem; margin: .5rem 0; }
@page { margin: 15mm; } @media print { body { font-size: 10pt; max-width: none; margin: 0; padding: 0; } figure, article, table { break-inside: avoid; }
  h2, h3 { break-after: avoid; } figure, .wide { overflow: visible; } }
"""

DESCRIPTIONS = {
    "records": "every record: prediction, the class explained, its probability and log-odds",
    "blocks": "descriptors: what permuting them costs, what they bring back alone",
    "features": "the features whose permutation costs most",
    "shap": "mean absolute share of every feature in each member of trees and each linear one, and its direction",
    "record_blocks": "share of each descriptor in the score of each record explained one by one",
    "record_features": "the features with the largest shares, for each of those records and each member",
    "positions": "mean profile of those records, by predicted class",
    "record_positions": "each letter of those records: its effect when masked with its neighbours, and when changed",
    "mutations": "every single mutation of those records: what it does to the score",
    "kmers": "every k-mer: what its occurrences add to the score",
    "motifs": "every filter of a network's first layer: the letters that it answers to",
    "saliency": "each letter of the records explained one by one: gradient of the networks' output times its input",
}
SHOWN = 12
"""Rows of a table on the page; its file has all."""


def _figure(drawings: Mapping[str, str], *names: str) -> str:
    return "".join(f"<figure>{drawings[name]}</figure>" for name in names if name in drawings)


def _starting(drawings: Mapping[str, str], start: str) -> list[str]:
    return [name for name in drawings if name.startswith(start)]


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def _table(table: Table, columns: Sequence[str], most: int = SHOWN) -> str:
    """Some columns of the first rows."""
    places = [table.columns.index(name) for name in columns if name in table.columns]
    numbers = {p for p in places if all(isinstance(row[p], (int, float)) for row in table.rows[:most])}
    kinds = {p: ' class="n"' if p in numbers else "" for p in places}
    head = "".join(f"<th{kinds[p]}>{escape(table.columns[p].replace('_', ' '))}</th>" for p in places)
    rows = ("".join(f"<td{kinds[p]}>{_cell(row[p])}</td>" for p in places) for row in table.rows[:most])
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(f"<tr>{row}</tr>" for row in rows)}</table></div>'


def _paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts if text)


def page_of(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str], facts: Mapping[str, Any]) -> str:
    """The page that shows findings, their tables and drawings."""
    sections = {
        "Descriptors": _blocks(found, tables, drawings),
        "Features": _features(found, tables, drawings),
        "Features in the members": _members(found, drawings),
        "k-mers": _words(found, tables, drawings),
        "Positions": _positions(found, drawings),
        "Networks": _networks(found, tables, drawings),
        "Records one by one": "".join(_records(found, tables, drawings)),
        "Files": _files(tables),
        "Settings": _settings(facts),
    }
    body = "".join(f"<section><h2>{escape(title)}</h2>{text}</section>" for title, text in sections.items() if text)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>bioautofeat: explanation</title><style>{STYLE}{LAYOUT}</style></head>\n"
        f"<body><h1>What speaks for the predictions</h1>{_head(found, facts)}{body}</body></html>\n"
    )


def _head(found: Findings, facts: Mapping[str, Any]) -> str:
    subject = found.subject
    if subject.classifies:
        what = (
            f"the class <b>{escape(subject.model.classes[subject.target])}</b>"
            if subject.target is not None
            else "the class predicted for each record"
        )
        lead = (
            f"A model of {len(subject.model.classes)} classes on {len(found.ids):,} records; explained is {what}, by its "
            "<i>score</i>: the log-odds of its probability. 0 means even odds, +1 means odds 2.7 times higher."
        )
    else:
        lead = f"A regression on {len(found.ids):,} records; explained is the value, which is also called the <i>score</i>."
    caution = (
        "This tells what the model relies on, not what nature does; where two features say the same, either may get the credit. "
        "Numbers above zero speak for the class (or raise the value), numbers below speak against it."
    )
    notes = "".join(f'<div class="warn">{escape(note[:1].upper() + note[1:])}.</div>' for note in found.notes)
    return _paragraphs(lead) + f'<p class="note">{caution}</p>{notes}'


def _blocks(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str]) -> str:
    whole = found.importance
    if whole is None:
        return ""
    measure = (
        f"the {METRICS[whole.metric].title} ({whole.value:.3f} as things are) gets worse"
        if whole.metric
        else "the predictions change"
    )
    text = (
        f"The columns of one descriptor are dealt out anew among {whole.records:,} records, and {measure} by so much "
        "(bars; whiskers: one standard deviation over the repeats). A bar near 0 can also mean that other descriptors know the same: "
        "the circle is what this descriptor alone brings back after all have been dealt out anew."
    )
    return _paragraphs(text) + _figure(drawings, "blocks") + _table(
        tables["blocks"], ["block", "columns", "importance", "importance_sd", "change", "alone"]
    )  # fmt: skip


def _features(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str]) -> str:
    if "features" not in tables:
        return ""
    text = (
        "The same for single features: those whose permutation changes predictions most, found by halving the descriptors "
        "again and again. Redundant features share what they know, so single drops are small."
    )
    return _paragraphs(text) + _figure(drawings, "features") + _table(
        tables["features"], ["feature", "block", "importance", "importance_sd", "change"]
    )  # fmt: skip


def _members(found: Findings, drawings: Mapping[str, str]) -> str:
    if not found.shares:
        return ""
    text = (
        "Exact Shapley values (SHAP) of the members that are trees or linear, in each member's own score, against the other records. "
        f"Mean absolute values over {max(len(part.rows) for part in found.shares):,} records."
    )
    return _paragraphs(text) + _figure(drawings, *_starting(drawings, "shap_"))


def _words(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str]) -> str:
    if "kmers" not in tables:
        return ""
    text = (
        f"Every occurrence of a {found.word_length}-mer in a record is masked (its letters become unknown); what the score loses is what "
        f"the k-mer adds. Mean over {found.word_records:,} records, 0 for those that do not hold it."
    )
    return _paragraphs(text) + _figure(drawings, *_starting(drawings, "kmers_")) + _table(
        tables["kmers"], ["kmer", "explained", "records", "occurrences", "effect", "effect_se", "total"]
    )  # fmt: skip


def _positions(found: Findings, drawings: Mapping[str, str]) -> str:
    if "positions" not in drawings:
        return ""
    text = (
        f"Windows of {found.window} letters (longer ones in long records) are masked one after the other; a letter adds the mean "
        f"loss of the windows that hold it. Mean over {len(found.profiles)} records, with a band of one standard error."
    )
    logos = _starting(drawings, "logo_")
    more = "Letters as tall as what they add against their replacements, by single mutations; below the line: against." if logos else ""  # fmt: skip
    return _paragraphs(text) + _figure(drawings, "positions") + _paragraphs(more) + _figure(drawings, *logos)


def _networks(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str]) -> str:
    if "motifs" not in tables:
        return ""
    text = (
        "A filter of a network's first layer answers to some windows of letters more than to others; those that it answers to "
        "with more than half of its strongest answer make a motif. A motif is what the network can tell apart, not yet what "
        "speaks for a class: mutations and windows say that."
    )
    columns = ("network", "weight", "filter", "consensus", "sites", "bits")
    return _paragraphs(text) + _figure(drawings, *_starting(drawings, "motif_")) + _table(tables["motifs"], columns)


def _records(found: Findings, tables: Mapping[str, Table], drawings: Mapping[str, str]) -> Iterable[str]:
    """An article for each record explained one by one."""
    rows, columns = tables["records"].rows, tables["records"].columns
    heaviest = max(found.shares, key=lambda part: part.member.weight).member.name if found.shares else ""
    shares: dict[str, list[tuple[Any, ...]]] = {}
    for row in tables["record_features"].rows if "record_features" in tables else []:
        shares.setdefault(row[0], []).append(row)
    for i, place in enumerate(found.examples.tolist()):
        facts = dict(zip(columns, rows[place], strict=True))
        name = str(facts.pop("id"))
        said = ", ".join(f"{key} {_cell(value)}" for key, value in facts.items())
        number = f"record_{i + 1:03d}"
        best = [row for row in shares.get(name, []) if row[2] == heaviest][:5]
        listed = ", ".join(f"{escape(row[4])} ({row[6]:+.3g})" for row in best)
        trailing = (
            f'<p class="note">largest shares in {escape(best[0][2])} ({best[0][3]}): {listed}</p>' if best else ""
        )
        yield (
            f"<article><h3>{escape(name)}</h3><p>{said}</p>"
            + _figure(drawings, f"{number}_positions", f"{number}_blocks")
            + trailing
            + "</article>"
        )


def _files(tables: Mapping[str, Table]) -> str:
    rows = "".join(f"<tr><td><code>{name}.csv</code></td><td>{DESCRIPTIONS[name]}</td><td>{len(table):,} rows</td></tr>" for name, table in tables.items())  # fmt: skip
    return f'<div class="wide"><table>{rows}</table></div><p>Every drawing is also a file (<code>.svg</code>); <code>explanation.json</code> holds the settings.</p>'


def _settings(facts: Mapping[str, Any]) -> str:
    settings = facts["settings"]
    shown = {"bioautofeat": facts["bioautofeat"], "columns": f"{facts['columns']:,}"} | {
        name: value for name, value in settings.items() if value not in (None, ())
    }
    return "<p>" + "; ".join(f"{escape(str(name))} {escape(str(value))}" for name, value in shown.items()) + "</p>"
