"""The container of a model file: a zip archive with a manifest, read with suspicion.

Nothing is ever unpacked to the disk.  What is looked at, in this order: size, magic, the directory (number of entries,
names, kinds, declared sizes), the manifest, and of every part its length and its SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any

from bioautofeat.errors import ModelError

__all__ = ["FORMAT", "VERSION", "check_identity", "parse_json", "read_archive", "write_archive"]

FORMAT = "bioautofeat-model"
VERSION = 2
"""The newest form that is read: 2 has columns beside the descriptors.  A model without them is written as 1."""

MANIFEST = "manifest.json"
KINDS = (".json", ".npy", ".safetensors")
MAX_ENTRIES = 200
MAX_DIRECTORY = 1 << 20
MAX_BYTES = 1 << 30
MAX_RATIO = 200
MAX_MANIFEST = 1 << 20
MAX_DIGITS = 20
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that one model is one file, byte for byte."""


def parse_json(content: bytes, name: str) -> Any:
    """Read JSON from an untrusted part: no doubled keys, no huge numbers, nothing that is no JSON number."""

    def whole(text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise ValueError(f"a number of {len(text)} digits")
        return int(text)

    def constant(text: str) -> Any:
        raise ValueError(f"{text} is no number")

    def pairs(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(entries)
        if len(found) != len(entries):
            raise ValueError("a key stands twice")
        return found

    try:
        return json.loads(content.decode("utf-8"), parse_int=whole, parse_constant=constant, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ModelError(f"{name} is corrupt: {reason}") from None


def _check_end(stream: IO[bytes], size: int) -> None:
    """The end of the directory: few entries, nothing before the archive, nothing after it, no 64-bit extension."""
    stream.seek(0)
    head = stream.read(4)
    if not head:
        raise ModelError("is empty, not a model bundle")
    if head != b"PK\x03\x04":
        raise ModelError(
            "is not a model bundle of bioautofeat (it does not start as a zip archive); nothing in it was run"
        )
    stream.seek(max(0, size - 22))
    end = stream.read(22)
    if len(end) < 22 or end[:4] != b"PK\x05\x06" or end[20:] != b"\0\0":
        raise ModelError("is truncated or corrupt: the end of the archive is missing; copy or make it again")
    disks, entries = end[4:8], int.from_bytes(end[8:10], "little")
    length, start = int.from_bytes(end[12:16], "little"), int.from_bytes(end[16:20], "little")
    if disks != b"\0" * 4 or end[8:10] != end[10:12] or start + length != size - 22:
        raise ModelError("is corrupt: the directory of the archive does not fit the file")
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY:
        raise ModelError(
            f"holds {entries:,} entries in {length:,} bytes of directory, more than a model bundle may have"
        )


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Names that are plain, single and of an allowed kind; sizes that memory can hold."""
    names: set[str] = set()
    if len(entries) > MAX_ENTRIES:
        raise ModelError(f"holds {len(entries):,} entries, more than the {MAX_ENTRIES} of a model bundle")
    for entry in entries:
        name = entry.filename
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ModelError(f"entry {name!r} is a symbolic link: not allowed")
        if not name or any(mark in name for mark in ("/", "\\", ":", "..", "\0")) or name != entry.orig_filename:
            raise ModelError(f"entry {entry.orig_filename!r} has an unsafe path: a model bundle has no folders")
        if name in names:
            raise ModelError(f"entry {name!r} stands twice")
        names.add(name)
        if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelError(f"entry {name!r} is encrypted or compressed in a way that is not allowed")
        if entry.file_size > MAX_RATIO * max(1, entry.compress_size) or entry.file_size > MAX_BYTES:
            raise ModelError(
                f"entry {name!r} is too large: {entry.file_size:,} bytes declared for {entry.compress_size:,} packed ones"
            )
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        raise ModelError(f"is too large: {total:,} bytes unpacked, {MAX_BYTES:,} are allowed")
    if MANIFEST not in names:
        raise ModelError(f"is not a model bundle: {MANIFEST} is missing")


def _read_entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """The content of an entry; of one that is longer than ``limit`` bytes, one byte more than that."""
    with archive.open(name) as stream:
        return stream.read(limit + 1)


def _manifest(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_MANIFEST:
        raise ModelError(f"{MANIFEST} is too large: more than {MAX_MANIFEST:,} bytes")
    found = parse_json(content, MANIFEST)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelError(f"is not a model bundle: {MANIFEST} does not name the format {FORMAT!r}")
    version = found.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ModelError(f"{MANIFEST} has no valid format_version")
    if version > VERSION:
        raise ModelError(
            f"format_version {version} is newer than this bioautofeat reads (up to {VERSION}); upgrade bioautofeat to use it"
        )
    return found


def _listed(manifest: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Length and hash of each part by name."""
    rows = manifest.get("parts")
    if not isinstance(rows, list) or len(rows) > MAX_ENTRIES:
        raise ModelError(f"{MANIFEST} has no list of parts")
    found: dict[str, tuple[int, str]] = {}
    for row in rows:
        sound = isinstance(row, dict) and isinstance(row.get("path"), str) and isinstance(row.get("sha256"), str)
        if not sound or not isinstance(row.get("bytes"), int) or row["bytes"] < 0 or row["path"] in found:
            raise ModelError(f"{MANIFEST} lists a part that is not described as it must be")
        found[row["path"]] = (row["bytes"], row["sha256"])
    return found


def _read_parts(archive: zipfile.ZipFile, listed: Mapping[str, tuple[int, str]]) -> dict[str, bytes]:
    names = {entry.filename for entry in archive.infolist()} - {MANIFEST}
    for name in sorted(names - set(listed)):
        raise ModelError(f"entry {name!r} is not listed in {MANIFEST}")
    for name in sorted(set(listed) - names):
        raise ModelError(f"part {name!r} is listed in {MANIFEST} but missing")
    for name in listed:
        if not name.endswith(KINDS):
            raise ModelError(f"part {name!r} is of a kind that is not allowed; known are {', '.join(KINDS)}")
    parts = {}
    for name, (length, digest) in listed.items():
        content = _read_entry(archive, name, length)
        if len(content) != length or hashlib.sha256(content).hexdigest() != digest:
            raise ModelError(f"part {name!r} does not match its sha256 in {MANIFEST}: it is damaged or was changed")
        parts[name] = content
    return parts


def _identity(listed: Mapping[str, tuple[int, str]]) -> str:
    """One hash for the whole model: that of the parts' names and hashes in order."""
    lines = "".join(f"{name} {digest}\n" for name, (_, digest) in sorted(listed.items()))
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


def read_archive(path: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the parts of a model file, every part whole and as the manifest says.

    Of the manifest only the version and the list of parts have been looked at; :func:`check_identity` is next.

    Raises
    ------
    ModelError
        For anything that is not as it must be; the message does not begin with the file's name.
    """
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ModelError("is not a model bundle but a device or a pipe; name a file")
            if status.st_size > MAX_BYTES:
                raise ModelError(f"is too large: {status.st_size:,} bytes, {MAX_BYTES:,} are allowed")
            _check_end(stream, status.st_size)
            with zipfile.ZipFile(stream) as archive:
                _check_entries(archive.infolist())
                manifest = _manifest(_read_entry(archive, MANIFEST, MAX_MANIFEST))
                listed = _listed(manifest)
                parts = _read_parts(archive, listed)
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"is truncated or corrupt: {error}") from None
    return manifest, parts


def check_identity(manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest whose hash of the whole model is not that of its parts."""
    if manifest.get("model_sha256") != _identity(_listed(manifest)):
        raise ModelError(f"{MANIFEST} does not hold the model's own sha256: it is damaged or was changed")


def write_archive(stream: IO[bytes], manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> str:
    """Write a model file, the same bytes for the same content; returns the model's SHA-256.

    ``manifest`` may name an older ``format_version`` than the newest one.
    """
    listed = {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in parts.items()}
    rows = [{"path": name, "bytes": length, "sha256": digest} for name, (length, digest) in sorted(listed.items())]
    head = {"format": FORMAT, "format_version": VERSION, **manifest, "parts": rows, "model_sha256": _identity(listed)}
    text = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8")
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in [(MANIFEST, text), *sorted(parts.items())]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            packed = len(zlib.compress(content, 6))
            dense = packed * MAX_RATIO > 2 * len(content)  # what packs too well would be refused as a bomb
            entry.compress_type = zipfile.ZIP_DEFLATED if dense and packed < len(content) else zipfile.ZIP_STORED
            archive.writestr(entry, content, compresslevel=6)
    return _identity(listed)
