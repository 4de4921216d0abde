"""The careful pass: once the fast scan has found a file wanting, read it again line by line and say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bioautofeat.errors import FastaError
from bioautofeat.io.source import Source

__all__ = ["Place", "explain", "find_letter", "read_lines"]

BLANKS = b" \t\v\f"
ILLEGAL = re.compile(rb"[^A-Za-z* \t\v\f]")

BINARY = (
    (b"PK\x03\x04", "this is a zip archive; unpack it first"),
    (b"PAR1", "this is a Parquet table, not sequences"),
    (b"%PDF", "this is a PDF document, not sequences"),
)

FORMATS = (
    (rb"@", "this looks like FASTQ; convert it to FASTA (>name, then the sequence; no qualities)"),
    (rb"LOCUS\s", "this looks like a GenBank flat file; export it as FASTA"),
    (rb"(ID|AC) {3}", "this looks like an EMBL or UniProt flat file; export it as FASTA"),
    (rb"(?i)<(!doctype|\?xml|html|[a-z])", "this looks like a web page or XML; a download may have failed"),
    (rb"CLUSTAL", "this looks like a Clustal alignment; export the sequences as FASTA, without gaps"),
    (rb"(?i)#nexus|# stockholm", "this looks like an alignment; export the sequences as FASTA, without gaps"),
    (rb"##gff|##fileformat|track |browser ", "this looks like a file of annotations or variants, not of sequences"),
    (rb"[{\[]", "this looks like JSON"),
    (rb";", "old comment lines that begin with ';' are not read; remove them"),
    (rb"[A-Za-z*\s]+$", "letters stand before the first header; put a line such as >name before them"),
)


class Place(NamedTuple):
    """Where something stands: line of the file, record, 1-based position in it, and what stands there."""

    line: int
    record: str
    position: int
    letter: str


def read_lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line, whichever of the three line ends it has."""
    pieces: list[bytes] = []
    number = 0
    for block in source.blocks():
        text = block.tobytes()
        pieces.append(text)
        if b"\n" not in text and b"\r" not in text:
            continue
        lines = b"".join(pieces).splitlines(keepends=True)
        # a \r at the end of a block may be the first half of \r\n
        pieces = [] if lines[-1].endswith(b"\n") else [lines.pop()]
        for line in lines:
            number += 1
            yield number, line.rstrip(b"\r\n")
    for line in b"".join(pieces).splitlines():
        number += 1
        yield number, line


def shown(line: bytes, at: int = 0) -> str:
    """The character at a place of a line, as a message names it."""
    for width in range(1, 5):
        try:
            letter = line[at : at + width].decode("utf-8")
        except UnicodeDecodeError:
            continue
        code = ord(letter)
        if code == 0xA0:
            return "non-breaking space (U+00A0)"
        return repr(letter) if 32 < code < 127 else f"{letter!r} (U+{code:04X})"
    return f"byte 0x{line[at]:02X}"


def _hint(line: bytes, at: int, alone: bool) -> str:
    """What to do about a character that may not stand in a sequence."""
    letter = line[at : at + 1]
    if letter == b">":
        return "a line end is missing before it, or a sequence was pasted into a header"
    if letter in b"-.~":
        return "sequences must hold no gaps; remove them from the alignment"
    if letter in b"0123456789":
        return "remove line numbers and positions"
    if letter in b"@+" and at == 0 and alone:
        return "this looks like FASTQ; convert it to FASTA"
    if letter == b";":
        return "comments are not read; remove them"
    if letter == b"\0":
        return "the file is binary or damaged"
    if letter >= b"\x80":
        return "only ASCII letters may stand in a sequence; retype it or save the file as plain text"
    return "remove it"


def _position(line: bytes, at: int, letters: int) -> int:
    return letters + len(line[:at].translate(None, BLANKS)) + 1


def _not_fasta(source: Source, number: int, line: bytes) -> FastaError:
    head = source.head()
    text = line.strip()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[1:8:2] == b"\0\0\0\0" or head[0:8:2] == b"\0\0\0\0":
        return FastaError("the encoding is UTF-16; save the file as plain text (UTF-8 or ASCII)", source.name, number)
    known = next((hint for magic, hint in BINARY if head.startswith(magic)), "")
    if known:
        return FastaError(f"not FASTA: {known}", source.name, number)
    unprintable = sum(byte < 9 or 13 < byte < 32 for byte in head)
    if b"\0" in head or unprintable > len(head) // 50 + 1:
        return FastaError("binary data, not FASTA: no header that begins with '>'", source.name, number)
    if text.startswith(b">"):
        return FastaError("blanks stand before the '>' of a header; remove them", source.name, number)
    found = (hint for pattern, hint in FORMATS if re.match(pattern, text))
    hint = next(found, "the text before the first '>' must go")
    return FastaError(
        f"not FASTA: expected a header that begins with '>', found {shown(text)}; {hint}", source.name, number
    )


def _header_id(source: Source, number: int, line: bytes) -> str:
    """The id of a header line."""
    words = line[1:].split(None, 1)
    if not words:
        raise FastaError("the header has no id; write >name", source.name, number)
    if b"\0" in words[0]:
        raise FastaError("a zero byte in the id; the file is binary or damaged", source.name, number)
    try:
        return words[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FastaError(
            f"the id is not UTF-8 text (byte 0x{words[0][error.start]:02X}); save the file as UTF-8",
            source.name,
            number,
        ) from None


def _empty(source: Source, header: tuple[int, str]) -> FastaError:
    return FastaError("the record has no sequence; remove it or fill it in", source.name, header[0], header[1])


def explain(source: Source) -> FastaError:
    """The first thing that is wrong with a file, as an error to be raised."""
    header: tuple[int, str] | None = None
    letters, length = 0, 0
    try:
        for number, line in read_lines(source):
            if line.startswith(b">"):
                if header and not length:
                    return _empty(source, header)
                header, letters, length = (number, _header_id(source, number, line)), 0, 0
            elif not header:
                if line.strip():
                    return _not_fasta(source, number, line)
            else:
                bad = ILLEGAL.search(line)
                if bad:
                    at = bad.start()
                    message = f"{shown(line, at)} may not stand in a sequence; {_hint(line, at, letters > 0)}"
                    return FastaError(message, source.name, number, header[1], _position(line, at, letters))
                letters += len(line.translate(None, BLANKS))
                length += len(line.translate(None, BLANKS + b"*"))
    except FastaError as error:
        return error
    if header and not length:
        return _empty(source, header)
    return source.error("no records: the file is empty" if header is None else "the file changed while it was read")


def find_letter(source: Source, record: int, letters: bytes = b"") -> Place:
    """Where the first of these letters stands in a record (0-based number), or the record's header without letters."""
    wanted = re.compile(b"[" + re.escape(letters + letters.lower()) + b"]") if letters else None
    at_record, name, header, before = -1, "", 0, 0
    for number, line in read_lines(source):
        if line.startswith(b">"):
            if at_record == record:
                break
            at_record += 1
            if at_record == record:
                name, header = _header_id(source, number, line), number
                if wanted is None:
                    break
        elif at_record == record and wanted is not None:
            found = wanted.search(line)
            if found:
                return Place(number, name, _position(line, found.start(), before), found[0].decode())
            before += len(line.translate(None, BLANKS))
    return Place(header, name, 0, "")
