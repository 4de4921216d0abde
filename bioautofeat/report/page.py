"""The page: what to mind, what was asked, how good it is, why, and how to do it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from pathlib import Path

from bioautofeat import __version__
from bioautofeat.explanation.drawing import STYLE
from bioautofeat.explanation.page import LAYOUT
from bioautofeat.io.output import replacing
from bioautofeat.report import drawing
from bioautofeat.report.concerns import audit_section, concerns
from bioautofeat.report.dome import dome_section
from bioautofeat.report.embedding import embedding_figure
from bioautofeat.report.estimate import asked_section, estimate_section
from bioautofeat.report.facts import Allowance, Facts
from bioautofeat.report.judged import judged_section
from bioautofeat.report.markup import count, note, section
from bioautofeat.report.matters import Extras, gathered, matters_section
from bioautofeat.report.mistakes import mistakes_section
from bioautofeat.report.networks import networks_section
from bioautofeat.report.provenance import again_section, delivered
from bioautofeat.report.samples import pilot
from bioautofeat.report.searched import searched_section
from bioautofeat.report.signatures import signatures_part
from bioautofeat.sequences import Sequences

__all__ = ["write_report"]

DEFAULT_SECONDS = 10.0
"""What the dear parts of a report may take where nothing is said."""

LOOKS = """
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .6rem 0 0; } nav a, a { color: var(--for); }
h3 { overflow-wrap: anywhere; } ul { padding-left: 1.2rem; } li { margin: .2rem 0; } figcaption { max-width: 50rem; color: var(--soft); font-size: .93rem; margin-top: .3rem; }
figcaption b { color: var(--ink); } .side { display: flex; flex-wrap: wrap; gap: 0 2rem; align-items: flex-start; } .side > figure, .side > div { flex: 1 1 24rem; max-width: 30rem; }
.headline { font-size: 1.15rem; } .soft { color: var(--soft); } td .n { white-space: nowrap; } td, th { vertical-align: top; unicode-bidi: isolate; } td, code { overflow-wrap: break-word; } code.long, .pairs code, td.any { overflow-wrap: anywhere; } td.any { min-width: 9rem; }
thead th { vertical-align: bottom; } .pairs th { white-space: nowrap; font-weight: 600; } .pairs .n { text-align: left; } th.n { white-space: normal; } .dome td { min-width: 18rem; }
.blank { border: 1.5px dashed var(--against); border-radius: 3px; padding: 0 .3rem; }
.matrix td { text-align: right; } .matrix .none { color: var(--soft); }
.matrix .hit { background: rgba(22, 104, 168, calc(.08 + .45 * var(--s))); } .matrix .miss { background: rgba(214, 102, 36, calc(.06 + .5 * var(--s))); }
.matrix .turned span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 12rem; }
.command { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--wash); border: 1px solid var(--line); padding: .6rem .9rem; border-radius: 3px; }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--for); } code { font-size: .92em; }
@media print { nav, details { display: none; } .warn, .matrix td, th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { font-size: 8.5pt; } td, th { padding: .1rem .4rem; } .side { gap: 0 1rem; } .side > figure, .side > div { flex: 1 1 0; } figure svg { max-height: 110mm; } section { break-inside: auto; } tr { break-inside: avoid; }
  table { break-inside: auto; } .pairs th { white-space: normal; } }
"""

TITLES = {
    "audit": "What to mind",
    "asked": "What was asked",
    "estimate": "How good it is",
    "judged": "How predictions come out",
    "errors": "Where it is wrong",
    "matters": "What matters",
    "embedding": "The data in two dimensions",
    "search": "What was tried, and what it cost",
    "networks": "Neural networks",
    "delivered": "What is delivered",
    "again": "How to do it again",
    "dome": "DOME",
}
"""Parts of a page in their order; one that has nothing to say is left out."""


def _plain(facts: Facts, path: Path) -> dict[str, str]:
    """The sections that cost little."""
    return {
        "audit": audit_section(facts),
        "asked": asked_section(facts),
        "estimate": estimate_section(facts),
        "judged": judged_section(facts),
        "errors": mistakes_section(facts),
        "networks": networks_section(facts),
        "delivered": delivered(facts, path.parent),
        "again": again_section(facts, str(path.parent)),
    }


def _dear(facts: Facts, extras: Extras, seconds_a_record: float | None) -> dict[str, str]:
    """The sections that hold what there may be no time for."""
    left_out = note("Left out: there was no time for it, too few records, or no feature that varies.")
    return {
        "matters": matters_section(facts, extras) + signatures_part(facts),
        "embedding": left_out if extras.embedding is None else embedding_figure(facts, extras.embedding),
        "search": searched_section(facts, extras.steps),
        "dome": dome_section(facts, seconds_a_record),
    }


def _page(facts: Facts, sections: Mapping[str, str]) -> str:
    task = f"classification of {len(facts.classes)} classes" if facts.classifies else "regression"
    found = sum(1 for _ in concerns(facts))
    minded = (
        f"{count(found, 'finding')} to mind before any number is believed"
        if found
        else "Nothing was found that needs attention"
    )
    titles = {key: title for key, title in TITLES.items() if sections[key]}
    links = "".join(f'<li><a href="#{key}">{escape(title)}</a></li>' for key, title in titles.items())
    body = "".join(section(key, title, sections[key]) for key, title in titles.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="color-scheme" content="light dark">'
        f"<title>bioautofeat: report</title><style>{STYLE}{LAYOUT}{drawing.STYLE}{LOOKS}</style></head>\n"
        f"<body><header><h1>bioautofeat: {task}</h1><p>{minded}.</p>"
        f'<nav aria-label="Contents"><ul>{links}</ul></nav></header>\n<main>{body}</main>'
        f'<footer class="note"><p>Made by bioautofeat {__version__}.</p></footer></body></html>\n'
    )


def _seconds_a_record(facts: Facts, allowance: Allowance) -> float | None:
    """Time of a prediction, where a clock decides about the run anyway."""
    source, model = facts.problem.source, facts.result.model
    if not allowance.timed or model.extractor is None or model.external or allowance.left < 1.0:
        return None
    assert isinstance(source, Sequences)
    timed = pilot(model, source.lengths[facts.rows], 64, allowance)
    if not timed:
        return None
    few = source.take(facts.rows[:timed])
    started = time.monotonic()
    model.predict(few, facts.options.threads)
    return (time.monotonic() - started) / max(1, len(few))


def write_report(path: Path, facts: Facts, seconds: float | None = None) -> None:
    """Write the report, whole or not at all; once without its dear parts, then with as many as there is time for.

    Parameters
    ----------
    path : path
    facts : Facts
    seconds : float, optional
        That the dear parts may take.
    """
    allowance = Allowance(DEFAULT_SECONDS if seconds is None else seconds, facts.options.by_clock)
    plain = _plain(facts, path)
    _write(path, _page(facts, plain | _dear(facts, Extras(), None)))
    each = _seconds_a_record(facts, allowance)
    _write(path, _page(facts, plain | _dear(facts, gathered(facts, allowance), each)))


def _write(path: Path, page: str) -> None:
    with replacing(str(path)) as stream:
        stream.write(page.encode("utf-8"))
