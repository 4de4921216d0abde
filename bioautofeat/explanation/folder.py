"""Writing an explanation: all files are made beside their place first, and then moved there."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bioautofeat.errors import OutputError
from bioautofeat.explanation.drawing import standalone
from bioautofeat.io.output import json_bytes, writing
from bioautofeat.io.text import quoted

if TYPE_CHECKING:
    from bioautofeat.explanation.tables import Explanation, Table

__all__ = ["check_folder", "write"]

INDEX, FACTS = "index.html", "explanation.json"
OURS = re.compile(
    r"[a-z_]{1,30}\.csv|[a-z]{1,20}(_[0-9]{1,3})?(_(positions|blocks))?\.svg|index\.html|explanation\.json"
)
"""Names that this command gives."""


def check_folder(folder: str, *, force: bool = False) -> None:
    """Refuse a folder where nothing may or can be written, before any work is done.

    Raises
    ------
    OutputError
        It is a file, cannot be written in, or is not empty and ``force`` is not given.
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{folder}: is a file; name a folder")
    place = path if path.is_dir() else path.resolve().parent
    if not place.is_dir():
        raise OutputError(f"{folder}: the folder {place} does not exist (no such directory); make it first")
    if not os.access(place, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no permission to write in {place}")
    held = sorted(os.listdir(path)) if path.is_dir() else []
    if held and not force:
        raise OutputError(
            f"{folder}: is not empty (it holds {held[0]!r}); choose another folder, or use --force, which replaces only files of this command"
        )


def _csv(table: Table) -> bytes:
    text = io.StringIO()
    for row in table.texts():
        text.write(",".join(quoted(row, ",")) + "\n")
    return text.getvalue().encode("utf-8")


def _content(explanation: Explanation) -> dict[str, bytes]:
    """Every file; the page last, so that it is there only when all is."""
    files = {f"{name}.csv": _csv(table) for name, table in explanation.tables.items()}
    files |= {f"{name}.svg": standalone(svg).encode("utf-8") for name, svg in explanation.drawings.items()}
    facts = {**explanation.facts, "files": sorted([*files, FACTS, INDEX])}
    files[FACTS] = json_bytes(facts)
    return files | {INDEX: explanation.page.encode("utf-8")}


def _earlier(path: Path) -> set[str]:
    """Files that this command wrote here before, by its own list."""
    try:
        listed = json.loads((path / FACTS).read_text(encoding="utf-8")).get("files", [])
    except (OSError, ValueError, AttributeError):
        return set()
    return (
        {name for name in listed if isinstance(name, str) and OURS.fullmatch(name)}
        if isinstance(listed, list)
        else set()
    )


def write(folder: str, explanation: Explanation, *, force: bool = False) -> None:
    """Write an explanation into a folder, whole or not at all; nothing else in it is touched.

    Raises
    ------
    OutputError, UnfinishedError
        As :func:`check_folder`; for a full disk.
    """
    check_folder(folder, force=force)
    path = Path(folder)
    exists = path.is_dir()
    mark = f".part-{secrets.token_hex(4)}"
    part = path / mark if exists else path.resolve().with_name(f"{mark}-{path.resolve().name}"[:60])
    files = _content(explanation)
    with writing(folder):
        try:
            part.mkdir()
            for name, content in files.items():
                with open(part / name, "xb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            if not exists:
                os.rename(part, path.resolve())
                return
            before = _earlier(path)
            for name in files:
                os.replace(part / name, path / name)
            for name in sorted(before - set(files)):
                with suppress(OSError):
                    (path / name).unlink()
        finally:
            shutil.rmtree(part, ignore_errors=True)
