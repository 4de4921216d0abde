"""Reading FASTA: the compiled scan against a slow parser and Biopython, files of all kinds, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
import warnings

import numpy as np
import pytest
from Bio.SeqIO.FastaIO import SimpleFastaParser
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_io import NotFastaError, hash_id, mask, parse_fasta

from bioautofeat.alphabet import DNA, PROTEIN, RNA
from bioautofeat.errors import BioautofeatWarning, FastaError
from bioautofeat.io import Source, read_fasta, read_records
from bioautofeat.io import fasta as reader
from bioautofeat.io.diagnosis import explain
from bioautofeat.kernels import fasta as kernel


class Text(Source):
    """A source whose bytes are at hand."""

    def __init__(self, raw):
        super().__init__("text.fa")
        self.raw = raw

    def _raw(self):
        return io.BytesIO(self.raw)


def scanned(raw, records=1 << 16, letters=1 << 23, block=1 << 18):
    """Line, id, letters, mask and hashes of each record."""
    found = []
    for batch in reader.batches(Text(raw), reader.BatchSize(records, letters), block):
        assert batch.first == len(found)
        for i, name in enumerate(batch.names()):
            word = "".join(chr(64 + n) for n in batch.letters[batch.bounds[i] : batch.bounds[i + 1]])
            found.append((int(batch.lines[i]), name, word, int(batch.masks[i]), tuple(batch.hashes[i].tolist())))
    return found


def expected(raw):
    return [
        (line, name, letters.replace("*", ""), mask(name, letters), hash_id(name))
        for line, name, letters in parse_fasta(raw)
    ]


ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
letters = st.text("ACGTacgtNnUuXEf", min_size=1, max_size=12).map(str.encode)
ids = st.text(st.characters(codec="utf-8", exclude_characters=" \t\v\f\r\n\0"), min_size=1, max_size=8).map(str.encode)
blanks = st.sampled_from([b"", b" ", b"\t", b" \t "])


@st.composite
def fasta_texts(draw):
    """FASTA as people write it: any line ends, blanks, empty lines, wrapped, with or without a last line end."""
    parts = [draw(st.sampled_from([b"", b"\xef\xbb\xbf"])), draw(blanks), draw(ends)] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 5))):
        parts += [b">", draw(blanks), draw(ids), draw(st.sampled_from([b"", b" d > e", b"\tx  "])), draw(ends)]
        for line in draw(st.lists(letters, min_size=1, max_size=3)):
            parts += [draw(blanks), line, draw(blanks), draw(ends), *draw(st.lists(ends, max_size=2))]
        if draw(st.integers(0, 4)) == 0:
            parts += [b"*", draw(ends)]
    raw = b"".join(parts)
    return raw.rstrip(b"\r\n") if draw(st.booleans()) else raw


@settings(max_examples=300, deadline=None)
@given(fasta_texts())
def test_the_scan_agrees_with_a_slow_parser(raw):
    assert scanned(raw) == expected(raw)


@settings(max_examples=150, deadline=None)
@given(fasta_texts(), st.integers(1, 9), st.integers(1, 3), st.integers(1, 20))
def test_blocks_and_batches_of_any_size_give_the_same(raw, block, records, enough):
    assert scanned(raw, records, enough, block) == scanned(raw)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.text("ab1_|.", min_size=1, max_size=6), st.text("ACGTacgt", min_size=1, max_size=40)),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 15),
)
def test_the_scan_agrees_with_biopython(records, width):
    lines = []
    for name, word in records:
        lines += [f">{name} about it", *(word[i : i + width] for i in range(0, len(word), width))]
    text = "\n".join(lines) + "\n"
    known = [(title.split()[0], word.upper()) for title, word in SimpleFastaParser(io.StringIO(text))]
    assert [(found[1], found[2]) for found in scanned(text.encode())] == known


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from([b">", b"a", b"A", b"*", b" ", b"\n", b"\r", b"1", b"\0", b"\xe9", b";", b"\xc3\xa9"]),
        max_size=12,
    )
)
def test_what_is_wrong_is_refused_and_explained_whatever_the_blocks(pieces):
    raw = b"".join(pieces)
    try:
        good = expected(raw)
    except (NotFastaError, UnicodeDecodeError):
        good = None
    messages = set()
    for block in (1, 2, 1 << 18):
        try:
            assert scanned(raw, 2, 3, block) == good
        except FastaError as error:
            messages.add(str(error))
    assert len(messages) == (good is None)
    assert not any("changed" in message for message in messages)


def test_a_line_longer_than_many_blocks():
    word = "ACGT" * 5000
    assert scanned(f">a\n{word}\n>b\nA".encode(), block=64)[0][2] == word
    error = explain(Text(f">a\n{word}?".encode()))
    assert (error.line, error.position) == (2, 20001)


def test_scan_stops_where_a_batch_is_full_or_a_byte_is_wrong():
    state = np.zeros(kernel.STATE_SIZE, np.int64)
    state[[kernel.LINE, kernel.LAST]] = 1, ord("\n")
    arrays = reader._arrays(reader.BatchSize(2, 100))

    def scan(raw):
        return kernel.scan(np.frombuffer(raw, np.uint8), reader.CLASSES, state, arrays, 100)

    raw = b">a\nAC\n>b\nG\n>c\nT"
    assert (scan(raw), state[kernel.AT], state[kernel.RECORDS]) == (kernel.FULL, raw.index(b">c"), 2)
    state[[kernel.RECORDS, kernel.LETTERS, kernel.IDS]] = 0
    assert (scan(raw), state[kernel.AT]) == (kernel.DONE, len(raw))
    assert kernel.finish(state, arrays.letters, arrays.bounds, arrays.masks)
    assert (arrays.letters[0], arrays.masks[0], arrays.ids[:2].tobytes()) == (20, 1 << 20, b"c\n")
    state[[kernel.AT, kernel.MODE]] = 0, kernel.SEQUENCE
    assert (scan(b"AC-"), state[kernel.AT]) == (kernel.BAD, 2)
    state[kernel.LETTERS] = arrays.bounds[state[kernel.RECORDS]]
    assert not kernel.finish(state, arrays.letters, arrays.bounds, arrays.masks)


def test_hashes_of_ids():
    for name in ("a", "sp|P1|X", "é", "x" * 300):
        assert reader.id_hash(name) == hash_id(name)


def test_histogram_and_translate():
    values = np.array([1, 1, 1, 3, 20, 1, 7, 7, 26], np.uint8)
    counts = np.zeros((4, 32), np.int64)
    kernel.histogram(values, counts)
    assert counts.sum(axis=0).tolist() == [values.tolist().count(i) for i in range(32)]
    table = np.arange(32, dtype=np.uint8)[::-1].copy()
    out = np.empty_like(values)
    kernel.translate(values, table, out)
    assert out.tolist() == [int(table[v]) for v in values]


def test_codes_of_letters():
    assert reader.letter_codes(DNA)[[1, 3, 7, 20, 14]].tolist() == [0, 1, 2, 3, 4]
    assert reader.letter_codes(DNA)[21] == 255
    assert reader.letter_codes(RNA)[[20, 21]].tolist() == [3, 3]
    assert (reader.letter_codes(PROTEIN)[1:27] <= 20).all()


PLAIN = b">s1 first\nACGTAC\nGT\n>s2\nGGCC\n"
ANSWER = [("s1", "ACGTACGT"), ("s2", "GGCC")]


def put(folder, raw, name="x.fa"):
    path = folder / name
    path.write_bytes(raw)
    return str(path)


def pairs(seqs):
    return list(zip(seqs.ids, seqs, strict=True))


def zstandard(raw):
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.compress(raw, options={zstd.CompressionParameter.checksum_flag: 1})


def bgzip(raw):
    """gzip in members with an extra field, and an empty member at the end, as bgzip writes it."""
    return b"".join(gzip.compress(part, mtime=0) for part in (raw[:9], raw[9:], b""))


PACKED = {
    "plain": bytes,
    "gzip": gzip.compress,
    "members": bgzip,
    "bzip2": bz2.compress,
    "bzip2 twice": lambda raw: bz2.compress(raw[:7]) + bz2.compress(raw[7:]),
    "xz": lzma.compress,
    "zstd": zstandard,
}


@pytest.mark.parametrize("kind", PACKED)
def test_compression_is_told_by_content(tmp_path, kind):
    for name in ("x.fa", "x.gz"):
        assert pairs(read_fasta(put(tmp_path, PACKED[kind](PLAIN), name))) == ANSWER


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_file_cut_short_is_named_as_such(tmp_path, kind):
    raw = b"".join(
        b">r%d\n%s\n" % (i, bytes(np.random.default_rng(i).choice(list(b"ACGT"), 80).tolist())) for i in range(300)
    )
    whole = PACKED[kind](raw)
    for cut in (len(whole) - 1, len(whole) - 7, len(whole) // 2, 12):
        with pytest.raises(FastaError, match=r"x\.fa.*(ends early|corrupt)"):
            read_fasta(put(tmp_path, whole[:cut]))
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0x55
    with pytest.raises(FastaError, match=r"x\.fa"):
        read_fasta(put(tmp_path, bytes(damaged)))


def test_rubbish_after_gzip_is_refused(tmp_path):
    with pytest.raises(FastaError, match="corrupt gzip"):
        read_fasta(put(tmp_path, gzip.compress(PLAIN) + b"rubbish here"))


def test_several_files_are_one_input(tmp_path):
    paths = [put(tmp_path, b">a\nACGT\n", "a.fa"), put(tmp_path, gzip.compress(b">b\nGG"), "b.fa")]
    assert pairs(read_fasta(paths)) == [("a", "ACGT"), ("b", "GG")]
    again = read_records([Source(paths[0], "x"), Source(paths[1], "y")])
    assert again.labels == ("x", "y")
    with pytest.warns(BioautofeatWarning, match="1 ids occur in more than one input"):
        read_fasta([paths[0], paths[0]])


def test_a_pipe_is_read_more_than_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: path.write_bytes(PLAIN))
    thread.start()
    source = Source(str(path))
    assert len(scanned_source(source)) == len(scanned_source(source)) == 2
    thread.join()


def scanned_source(source):
    return [name for batch in reader.batches(source) for name in batch.names()]


def test_records_are_read_only(tmp_path):
    seqs = read_fasta(put(tmp_path, b">a\nacgt\n"), alphabet="dna")
    assert not seqs.codes.flags.writeable
    assert list(seqs) == ["ACGT"]


REFUSED = {
    "empty": (b"", "no records: the file is empty"),
    "blank": (b"\n \n", "no records"),
    "fastq": (b"@r\nACGT\n+\nIIII\n", r"line 1: .*FASTQ"),
    "genbank": (b"LOCUS       X 5 bp\n", "line 1: .*GenBank"),
    "embl": (b"ID   X; SV 1\n", "line 1: .*EMBL"),
    "html": (b"<!DOCTYPE html>\n", "line 1: .*web page"),
    "clustal": (b"CLUSTAL W (1.83)\n", "Clustal"),
    "zip": (b"PK\x03\x04 rest", "zip archive"),
    "json": (b'{"a": 1}', "JSON"),
    "letters": (b"\nACGT\nACGT\n", "line 2: .*>name"),
    "text": (b"my sequences\n>a\nAC\n", "line 1: .*'>'"),
    "comment": (b"; old\n>a\nAC\n", "line 1: .*';'"),
    "blank before >": (b" >a\nAC\n", "line 1: blanks stand before"),
    "utf16": (">a\nACGT\n".encode("utf-16"), "UTF-16"),
    "utf16 without mark": (">a\nACGT\n".encode("utf-16-le"), "(UTF-16|zero byte)"),
    "binary": (bytes(range(256)), "binary"),
    "no id": (b">\nACGT\n", "line 1: the header has no id"),
    "no id, blanks": (b">s\nA\n> \t\nACGT\n", "line 3: the header has no id"),
    "latin id": (b">caf\xe9 x\nAC\n", "line 1: the id is not UTF-8 text .byte 0xE9"),
    "zero in id": (b">a\0b\nAC\n", "line 1: a zero byte in the id"),
    "empty record": (b">a\n>b\nAC\n", "line 1, record 'a': the record has no sequence"),
    "empty last": (b">a\nAC\n>b x\n\n", "line 3, record 'b': the record has no sequence"),
    "empty last without line end": (b">a\nAC\n>b", "line 3, record 'b': the record has no sequence"),
    "only a stop": (b">a\n*\n", "record 'a': the record has no sequence"),
    "digit": (b">a\n1 ACGT\n", "line 2, record 'a', position 1: '1' .*line numbers"),
    "gap": (b">a\nAC\nG-T\n", "line 3, record 'a', position 4: '-' .*gaps"),
    "header in line": (b">a\nAC GT>b\n", "line 2, record 'a', position 5: '>' .*line end"),
    "homoglyph": (">a\nACGТ\n".encode(), r"position 4: 'Т' \(U\+0422\)"),
    "nbsp": (">a\nAC\xa0GT\n".encode(), r"position 3: non-breaking space \(U\+00A0\)"),
    "byte": (b">a\nAC\xff\n", "position 3: byte 0xFF"),
    "zero": (b">a\nAC\0\n", r"position 3: .*U\+0000.*binary"),
    "twice": (
        b">a\nAC\n>b\nA\n>a x\nG\n",
        r"line 5, record 'a': the id 'a' stands twice, on line 1 \(record 1\) and on line 5 \(record 3\)",
    ),
    "twice, more": (b">a\nA\n>a\nC\n>b\nA\n>b\nA\n", "2 ids are doubled"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_says_where_and_why(tmp_path, case):
    raw, message = REFUSED[case]
    with pytest.raises(FastaError, match=message) as caught:
        read_fasta(put(tmp_path, raw))
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "message"),
    [("nothing.fa", "No such file"), (".", "is a directory"), ("a\0b", "is no name of a file")],
)
def test_files_that_cannot_be_read(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FastaError, match=message):
        read_fasta(path)


def judged(tmp_path, raw, alphabet="auto"):
    """Alphabet and texts, or the message; and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seqs = read_fasta(put(tmp_path, raw), alphabet=alphabet)
        except FastaError as error:
            return str(error), [], []
    return seqs.alphabet.name, list(seqs), [str(one.message) for one in caught]


JUDGED = {
    "dna": (b">a\nACGT\n>b\nNRY\n", "dna", "auto"),
    "rna": (b">a\nACGU\n>b\nAC\n", "rna", "auto"),
    "no t nor u": (b">a\nACG\n", "dna", "auto"),
    "protein": (b">a\nMLV\n>b\nMEF\n>c\nACGT\n", "protein", "auto"),
    "protein with U": (b">a\nMEUT\n", "protein", "auto"),
    "half": (b">a\nMEF\n>b\nACGT\n", "line 2, record 'a', position 2: 'E' is no nucleotide", "auto"),
    "late": (b">a\nAC\n>b\nAC\n>c\nMEF\n", "record 'c'", "auto"),
    "t and u": (b">a\nAC\n>b\nTCU\n", "line 4, record 'b', position 3: U and T are mixed in one record", "auto"),
    "u among t": (b">a\nACT\n>b\nACT\n>c\nACU\n", "record 'c', position 3: the record has U, while record 'a'", "auto"),
    "t among u": (b">a\nACU\n>b\nACU\n>c\nACT\n", "record 'c', position 3: the record has T, while record 'a'", "auto"),
    "u in dna": (b">a\nACU\n", "record 'a', position 3: U is a letter of RNA", "dna"),
    "t in rna": (b">a\nACU\n>b\nACT\n", "record 'b', position 3: the record has T", "rna"),
    "stop in dna": (b">a\nACT*\n", "position 4: '\\*' is not a letter of dna", "dna"),
    "bad letter": (b">a\nACTJ\n", "position 4: 'J' is not a letter of dna", "dna"),
    "stop inside": (b">a\nMK\nV*L\n", "line 3, record 'a', position 4: a stop '\\*' inside", "protein"),
    "two stops": (b">a\nMKV**\n", "a stop '\\*' inside", "protein"),
    "braces": (b">{0}\nACT\n>b\nACU\n>c\nACT\n", "record '{0}'", "auto"),
}


@pytest.mark.parametrize("case", JUDGED)
def test_the_alphabet_is_judged_over_all_records(tmp_path, case):
    raw, answer, asked = JUDGED[case]
    found, _, _ = judged(tmp_path, raw, asked)
    assert answer.replace("\\", "") in found
    assert case == "braces" or "{" not in found


def test_rna_written_with_t(tmp_path):
    name, texts, said = judged(tmp_path, b">a\nACT\n>b\nGG\n", "rna")
    assert (name, texts) == ("rna", ["ACU", "GG"])
    assert len(said) == 1
    assert "1 records are written with T" in said[0]


def test_warnings_are_given_once_with_counts(tmp_path):
    _, texts, said = judged(tmp_path, b">a\nACGTNNR\n>b\nAN\n>c\nAC\n")
    assert texts == ["ACGT???", "A?", "AC"]
    assert len(said) == 1
    assert "4 ambiguity codes (R, N) in 2 of 3 records" in said[0]
    _, texts, said = judged(tmp_path, b">a\nMKV*\n>b\nMEX\n", "protein")
    assert texts == ["MKV", "ME?"]
    assert [("stop '*'" in one, "ambiguity codes (X)" in one) for one in said] == [(False, True), (True, False)]
    _, _, said = judged(tmp_path, b">a\nACGT\n", "protein")
    assert "looks like DNA given as protein" in said[0]
    _, _, said = judged(tmp_path, b">=cmd\nACGT\n>-1\nAC\n")
    assert "2 ids begin with = + - or @, e.g. '=cmd'" in said[0]
    _, _, said = judged(tmp_path, ">\u00e9\nACGT\n>e\u0301\nAC\n>ok\nA\n".encode())
    assert "1 ids look alike" in said[0]


def test_ambiguity_can_be_refused(tmp_path):
    path = put(tmp_path, b">a\nAC\n>b\nAC\nGN\n")
    with pytest.raises(FastaError, match="line 5, record 'b', position 4: 'N' is an ambiguity code"):
        read_records([Source(path)], ambiguous="error")


def test_files_of_both_kinds_of_nucleic_acid(tmp_path):
    paths = [put(tmp_path, b">a\nACT\n", "a.fa"), put(tmp_path, b">b\nACU\n", "b.fa")]
    with pytest.raises(FastaError, match="mixed"):
        read_fasta(paths)
    with pytest.warns(BioautofeatWarning, match="a.fa: 1 records are written with T"):
        assert list(read_fasta(paths, alphabet="rna")) == ["ACU", "ACU"]
