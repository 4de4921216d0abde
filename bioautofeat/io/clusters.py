"""Clusters of sequences as other programs write them: CD-HIT's ``.clstr`` and MMseqs2's pairs of ids."""

from __future__ import annotations

from collections.abc import Iterator

from bioautofeat.errors import LabelError

__all__ = ["read_clusters"]


def read_clusters(text: str, source: str) -> dict[str, str] | None:
    """Cluster of each id, or None where the text is neither of the two formats.

    Parameters
    ----------
    text : str
        CD-HIT: lines ``>Cluster 0`` and ``0 120aa, >name... *``.  MMseqs2: lines of two ids parted by a tab, the
        representative first, without a header.
    source : str
        The file, for messages.

    Raises
    ------
    LabelError
        For a line of another form, and an id in two clusters.
    """
    lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        return None
    if lines[0][1].startswith(">Cluster"):
        rows = _members(lines, source)
    elif all(line.count("\t") == 1 and all(map(str.strip, line.split("\t"))) for _, line in lines):
        rows = ((number, line.split("\t")[1].strip(), line.split("\t")[0].strip()) for number, line in lines)
    else:
        return None
    found: dict[str, str] = {}
    for number, name, cluster in rows:
        if found.setdefault(name, cluster) != cluster:
            raise LabelError(
                f"{source}, line {number}: {name!r} stands in two clusters, {found[name]!r} and {cluster!r}"
            )
    return found


def _members(lines: list[tuple[int, str]], source: str) -> Iterator[tuple[int, str, str]]:
    """Line, id and cluster of each member that CD-HIT lists."""
    cluster = ""
    for number, line in lines:
        if line.startswith(">Cluster"):
            cluster = line[1:].strip()
            continue
        start, end = line.find(", >"), line.rfind("...")
        if start < 0 or end <= start + 3:
            raise LabelError(f"{source}, line {number}: {line[:60]!r} is no member of a CD-HIT cluster")
        yield number, line[start + 3 : end], cluster
