"""What the reader and the writer of tables must give, written slowly and plainly from the definitions."""

from __future__ import annotations

import re

MASK64 = (1 << 64) - 1


class NotFastaError(Exception):
    """The text is not FASTA as the package reads it."""


def parse_fasta(raw):
    """Line of the header, id and letters (upper case, a final stop kept) of each record; raises where one is wrong."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    records = []
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", raw), 1):
        if line.startswith(b">"):
            words = re.split(rb"[ \t\v\f]+", line[1:].strip(b" \t\v\f"))
            if not words[0] or b"\0" in words[0]:
                raise NotFastaError(number)
            records.append((number, words[0].decode("utf-8"), []))
        else:
            letters = re.sub(rb"[ \t\v\f]", b"", line)
            if letters and (not records or re.search(rb"[^A-Za-z*]", letters)):
                raise NotFastaError(number)
            if letters:
                records[-1][2].append(letters.upper().decode())
    found = [(line, name, "".join(parts)) for line, name, parts in records]
    if not found or any(not letters.strip("*") for _, _, letters in found):
        raise NotFastaError
    return found


def hash_id(name):
    """The two hashes of an id: FNV-1a, and a sum that is multiplied at each step."""
    a, b = 0xCBF29CE484222325, 0x9E3779B97F4A7C15
    for byte in name.encode():
        a = ((a ^ byte) * 0x00000100000001B3) & MASK64
        b = ((b + byte + 1) * 0xD6E8FEB86659FD93) & MASK64
    return a, b


def mask(name, letters):
    """The bits that a record has, by its letters and its id."""
    body = letters.removesuffix("*") if letters.count("*") == 1 else letters
    found = sum(1 << (ord(letter) - 64) for letter in set(letters) - {"*"})
    found |= (1 << 27) * (letters.endswith("*") and "*" not in body)
    found |= (1 << 28) * ("*" in body)
    found |= (1 << 29) * (name[0] in "=+-@")
    found |= (1 << 30) * (not name.isascii())
    return found


def number_values(values):
    """Number of each value, in the order they come first."""
    known = {}
    return [known.setdefault(value, len(known)) for value in values]


def write_rows(codes, texts, edges):
    """Rows of text: what stands before, the numbered texts, what stands after."""
    return b"".join(
        edges[2 * row] + b"".join(texts[code] for code in codes[row]) + edges[2 * row + 1] for row in range(len(codes))
    )
