"""``bioautofeat descriptors``: what can be computed, with which parameters, and where it comes from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bioautofeat.families import Descriptor

__all__ = ["add_arguments", "run"]

EPILOG = """\
examples:
  bioautofeat descriptors
  bioautofeat descriptors --alphabet protein --format markdown
  bioautofeat descriptors kmer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("name", nargs="?", metavar="NAME", help="show the documentation of one descriptor")
    parser.add_argument("--alphabet", choices=("dna", "rna", "protein"), help="only descriptors of this alphabet")
    parser.add_argument("--format", choices=("table", "json", "markdown"), default="table", help="default: table")


def _needs(row: Descriptor) -> list[str]:
    """What a descriptor learns from records, with its default parameters."""
    from bioautofeat.errors import ParameterError

    found: set[str] = set()
    for alphabet in row.alphabets:
        # a default need not have a meaning in every alphabet
        with suppress(ParameterError):
            found |= row().term(alphabet).needs
    return sorted(found)


def _facts(row: Descriptor) -> dict[str, Any]:
    """What is known of a descriptor, as JSON has it."""
    return {
        "name": row.name,
        "title": row.title,
        "family": row.family,
        "alphabets": sorted(alphabet.name for alphabet in row.alphabets),
        "parameters": [
            {"name": p.name, "kind": p.range.kind, "range": p.range.describe(), "default": p.range.text(p.default)}
            for p in row.parameters.values()
        ],
        "columns": row.columns,
        "needs": _needs(row),
        "reference": row.reference,
        "peers": list(row.peers),
        "differs": row.differs,
        "aliases": list(row.aliases),
    }


def _parameters(facts: dict[str, Any]) -> str:
    return "; ".join(f"{p['name']}={p['default']} ({p['range']})" for p in facts["parameters"])


def _cells(facts: dict[str, Any]) -> list[str]:
    return [
        facts["name"],
        facts["title"],
        " ".join(facts["alphabets"]),
        facts["columns"],
        ", ".join(facts["needs"]) or "-",
        _parameters(facts) or "-",
        facts["reference"],
    ]


HEADINGS = ("name", "title", "alphabets", "columns", "fitted on", "parameters", "source")


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[j]) for row in [HEADINGS, *rows]) for j in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [HEADINGS, *rows]
    ]
    return "\n".join(lines) + "\n"


def _definition(row: Descriptor) -> str:
    """The first paragraph of the documentation, on one line."""
    return " ".join(row.documentation.split("\n\n")[0].split())


def _markdown(rows: Sequence[Descriptor]) -> str:
    """The catalogue: a section a family, a table row a descriptor, and how many there are by alphabet."""
    from bioautofeat.families import FAMILIES

    lines = ["# Catalogue of descriptors", "", _totals(rows), ""]
    for family in FAMILIES:
        name = family.__name__.rsplit(".", 1)[-1]
        members = [row for row in rows if row.family == name]
        if members:
            lines += [f"## {(family.__doc__ or name).strip().splitlines()[0].rstrip('.')}", "", *_section(members), ""]
    return "\n".join(lines)


def _totals(rows: Sequence[Descriptor]) -> str:
    counts = [f"{sum(a in {x.name for x in row.alphabets} for row in rows)} for {a}" for a in ("dna", "rna", "protein")]
    return (
        f"{len(rows)} descriptors: {', '.join(counts)}. In the formulas, `n` is the number of letters of the alphabet and "
        "`L` the length described (`--length`). Parameters are written with their bounds and the default."
    )


def _section(rows: Sequence[Descriptor]) -> list[str]:
    head = (
        "name",
        "definition",
        "alphabets",
        "columns",
        "fitted on",
        "parameters",
        "source",
        "also in",
        "where we differ",
    )
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        facts = _facts(row)
        names = f"`{row.name}`" + (
            f" ({', '.join(alias.replace(':', ' = ', 1) for alias in row.aliases)})" if row.aliases else ""
        )
        cells = [
            names, f"{row.title}. {_definition(row)}", ", ".join(facts["alphabets"]), row.columns,
            ", ".join(facts["needs"]) or "-", _parameters(facts) or "-", row.reference,
            ", ".join(row.peers) or "-", row.differs or "-",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


def _groups(form: str) -> str:
    from bioautofeat.families.groups import GROUPS

    rows = [(name, alphabet, " ".join(specs)) for name, group in GROUPS.items() for alphabet, specs in group.items()]
    if form == "markdown":
        return "## Groups\n\n" + "".join(f"- `@{name}` ({alphabet}): {specs}\n" for name, alphabet, specs in rows)
    return "\ngroups\n" + "".join(f"  @{name} ({alphabet})  {specs}\n" for name, alphabet, specs in rows)


def _one(row: Descriptor, form: str) -> str:
    facts = _facts(row)
    if form == "json":
        return json.dumps({**facts, "documentation": row.documentation}, indent=2, ensure_ascii=False) + "\n"
    mark = "**" if form == "markdown" else ""
    lines = [f"{'# ' if form == 'markdown' else ''}{row.name}: {row.title}", "", row.documentation, ""]
    for title, text in (
        ("alphabets", ", ".join(facts["alphabets"])),
        ("columns", f"{row.columns} (n symbols of the alphabet, L length described)"),
        ("fitted on", ", ".join(facts["needs"]) or "nothing"),
        ("source", row.reference),
        ("also computed by", ", ".join(row.peers)),
        ("differs", row.differs),
        ("other names", ", ".join(row.aliases)),
    ):
        if text:
            lines.append(f"{mark}{title}{mark}: {text}" + ("  " if mark else ""))
    lines += ["", f"{mark}parameters{mark}:" + ("" if facts["parameters"] else " none")]
    lines += [
        f"{'- ' if mark else '  '}{p['name']}={p['default']}: {p['kind']}, {p['range']}" for p in facts["parameters"]
    ]
    return "\n".join(lines) + "\n"


def run(options: argparse.Namespace) -> int:
    """Print the list, or what is known of one descriptor; the exit code."""
    from bioautofeat.alphabet import get_alphabet
    from bioautofeat.families import find, get

    if options.name is not None:
        sys.stdout.write(_one(get(options.name), options.format))
        return 0
    rows = find(get_alphabet(options.alphabet) if options.alphabet else None)
    if options.format == "json":
        sys.stdout.write(json.dumps([_facts(row) for row in rows], indent=2, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(_table([_cells(_facts(row)) for row in rows]) if options.format == "table" else _markdown(rows))
    sys.stdout.write(_groups(options.format))
    return 0
