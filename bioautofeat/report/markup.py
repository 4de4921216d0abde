"""Pieces of a page as text.  Whatever comes from data is escaped here, so that no name of a record can do anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

__all__ = [
    "Markup",
    "Numeric",
    "count",
    "figure",
    "items",
    "named",
    "note",
    "pairs",
    "paragraph",
    "section",
    "table",
    "warning",
    "whole",
]

SHOWN = 30
"""Rows of a table that are seen at once; the others are folded away."""

MOST_HIDDEN = 100_000
"""Bytes of folded rows, at most."""

LONGEST = 80
"""Characters of a name from the data; the middle of a longer one is left out."""

UNBROKEN = 24
"""Characters of a word that a line of a table may be broken in."""

STRANGE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Control characters, turned writing directions and halves of characters: no reader needs them, some are misled."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


class Numeric(Markup):
    """A number in a form of its own, set to the right."""

    __slots__ = ()


def named(value: Any, longest: int = LONGEST) -> str:
    """A text from the data, made harmless and not too long."""
    text = str(value)
    return whole(text if len(text) <= longest else f"{text[: longest - 12]}…{text[-11:]}")


def whole(text: str) -> str:
    """A text from the data, made harmless, however long."""
    return escape(STRANGE.sub("\ufffd", text))


def count(number: int, one: str, many: str = "") -> str:
    """``1 record``, ``1,200 records``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def paragraph(text: str) -> str:
    """A paragraph; the text is HTML."""
    return f"<p>{text}</p>"


def note(text: str) -> str:
    """A remark in a softer colour; the text is HTML."""
    return f'<p class="note">{text}</p>'


def warning(text: str) -> str:
    """Something that needs attention; the text is HTML."""
    return f'<div class="warn"><b>Attention:</b> {text}</div>'


def items(rows: Iterable[str]) -> str:
    """A list; the rows are HTML."""
    return "<ul>" + "".join(f"<li>{row}</li>" for row in rows) + "</ul>"


def section(key: str, title: str, body: str) -> str:
    """A part of the page that the list of contents leads to."""
    return f'<section id="{key}"><h2>{escape(title)}</h2>{body}</section>\n'


def figure(drawing: str, title: str, caption: str) -> str:
    """A drawing with its title and the sentence that says how to read it (HTML)."""
    inline = drawing.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    return f"<figure>{inline}<figcaption><b>{escape(title)}.</b> {caption}</figcaption></figure>"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Numeric)) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if isinstance(value, Numeric):
        return f'<td class="n">{value}</td>'
    if isinstance(value, Markup):
        return f"<td>{value}</td>"
    if isinstance(value, bool) or value is None:
        return f"<td>{'' if value is None else 'yes' if value else 'no'}</td>"
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    if isinstance(value, float):
        return f'<td class="n">{round(value, 3) + 0.0:.3f}</td>' if value == value else '<td class="n"></td>'
    text = str(value)
    return f"<td{' class=any' if max(map(len, text.split()), default=0) > UNBROKEN else ''}>{named(text, 200)}</td>"


def table(rows: Sequence[Sequence[Any]], head: Sequence[str], rest: str = "", shown: int = SHOWN) -> str:
    """A table; rows beyond the first ones are folded away.

    Parameters
    ----------
    rows : sequence of sequence
        Texts, which are escaped; :class:`Markup`, which is not; whole numbers, and numbers shown with three decimals.
    head : sequence of str
    rest : str
        Where the rows are that did not find room.
    shown : int
    """
    numeric = [bool(rows) and _is_number(rows[0][i]) for i in range(len(head))]
    cells = (
        f'<th scope="col"{" class=n" * right}>{escape(name)}</th>' for name, right in zip(head, numeric, strict=True)
    )
    top = f"<thead><tr>{''.join(cells)}</tr></thead>"
    lines = ["<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows]
    text = f'<div class="wide"><table>{top}<tbody>{"".join(lines[:shown])}</tbody></table></div>'
    hidden, size = [], 0
    for line in lines[shown:]:
        size += len(line.encode())
        if size > MOST_HIDDEN:
            break
        hidden.append(line)
    if not hidden:
        return text
    left = len(lines) - shown - len(hidden)
    more = note(f"{count(left, 'further row')}{': ' + rest if rest else ''}.") if left else ""
    return (
        f"{text}<details><summary>{count(len(hidden), 'more row')}</summary>"
        f'<div class="wide"><table>{top}<tbody>{"".join(hidden)}</tbody></table></div>{more}</details>'
    )


def pairs(rows: Iterable[tuple[str, Any]]) -> str:
    """Names and what they have, one a line; texts are escaped, :class:`Markup` is not."""
    lines = "".join(f'<tr><th scope="row">{escape(name)}</th>{_cell(value)}</tr>' for name, value in rows)
    return f'<div class="wide"><table class="pairs"><tbody>{lines}</tbody></table></div>'
