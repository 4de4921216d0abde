"""Which alphabet records are written in, and which letters they may then hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bioautofeat.alphabet import DNA, PROTEIN, RNA, Alphabet, get_alphabet
from bioautofeat.errors import FastaError, ParameterError
from bioautofeat.io.diagnosis import find_letter
from bioautofeat.kernels import fasta as kernel

if TYPE_CHECKING:
    from bioautofeat.io.survey import FileFacts

__all__ = ["TRAITS", "bits", "judge", "notes"]


def bits(letters: str) -> int:
    """The mask of a set of letters."""
    return sum(1 << (ord(letter) - 64) for letter in letters)


NUCLEOTIDES = "ACGTURYSWKMBDHVN"
FOREIGN = "EFIJLOPQXZ"
"""Letters of proteins that are no code of a nucleotide."""

TRAITS = {
    "foreign": bits(FOREIGN) | kernel.STOP | kernel.STOP_INSIDE,
    "t": bits("T"),
    "u": bits("U"),
    "ambiguous nucleotide": bits(DNA.ambiguous),
    "ambiguous residue": bits(PROTEIN.ambiguous),
    "beyond acgtun": bits("BDEFHIJKLMOPQRSVWXYZ") | kernel.STOP | kernel.STOP_INSIDE,
    "stop": kernel.STOP,
    "stop inside": kernel.STOP_INSIDE,
    "formula": kernel.FORMULA,
}
"""What a record may have about it: any of these bits."""

Files = Sequence["FileFacts"]


def _count(files: Files, trait: str) -> int:
    return sum(file.counts.get(trait, 0) for file in files)


def _having(files: Files, trait: str) -> list[FileFacts]:
    return [file for file in files if trait in file.first]


def _where(files: Files) -> str:
    """Files as a message names them."""
    more = len(files) - 1
    return files[0].source.name + (f" and {more} more" if more else "")


def _error(files: Files, trait: str, letters: str, message: str) -> FastaError:
    """The error at the first record with a trait; ``{letter}`` in the message becomes what stands there."""
    file = _having(files, trait)[0]
    place = find_letter(file.source, file.first[trait], letters.encode())
    return FastaError(
        message.replace("{letter}", repr(place.letter)), file.source.name, place.line, place.record, place.position
    )


def judge(files: Files, asked: str, ambiguous: str = "skip") -> Alphabet:
    """The alphabet of all records, asked for or judged; :class:`FastaError` where they do not fit it."""
    alphabet = _guess(files) if asked == "auto" else get_alphabet(asked)
    if alphabet == PROTEIN:
        if _having(files, "stop inside"):
            message = "a stop '*' inside a protein; split the translation there or remove the record"
            raise _error(files, "stop inside", "*", message)
    else:
        _check_nucleotides(files, alphabet, asked)
    if ambiguous == "error":
        _refuse_ambiguous(files, alphabet)
    elif ambiguous != "skip":
        raise ParameterError(f"ambiguous: {ambiguous!r} is neither skip nor error")
    return alphabet


def _guess(files: Files) -> Alphabet:
    records, foreign = sum(file.records for file in files), _count(files, "foreign")
    if not foreign:
        return RNA if _having(files, "u") else DNA
    if 2 * foreign > records:
        return PROTEIN
    message = (
        f"{{letter}} is no nucleotide, but {records - foreign} of {records} records hold nucleotides only: "
        "the types are mixed; give --alphabet (alphabet=) or take the record out"
    )
    raise _error(files, "foreign", FOREIGN + "*", message)


def _check_nucleotides(files: Files, alphabet: Alphabet, asked: str) -> None:
    if _having(files, "foreign"):
        message = f"{{letter}} is not a letter of {alphabet.name}, nor an ambiguity code; correct it, or give another --alphabet (alphabet=)"
        raise _error(files, "foreign", FOREIGN + "*", message)
    with_u, with_t = _having(files, "u"), _having(files, "t")
    if alphabet == DNA and with_u:
        raise _error(
            files,
            "u",
            "U",
            _mixture(files, "U", "T") or "U is a letter of RNA, not of DNA; use --alphabet rna (alphabet='rna')",
        )
    mixed = [file for file in with_u if file in with_t]
    if asked == "auto" and with_u and with_t:
        mixed = list(files)
    if mixed:
        odd, usual = ("U", "T") if asked == "auto" and _count(mixed, "u") <= _count(mixed, "t") else ("T", "U")
        raise _error(mixed, odd.lower(), odd, _mixture(mixed, odd, usual))


def _mixture(files: Files, odd: str, usual: str) -> str:
    """What to say of a letter among records with the other one; empty where there is none of the other."""
    pairs = [file for file in files if "t and u" in file.first]
    if pairs and pairs[0].first["t and u"] == pairs[0].first[odd.lower()]:
        return f"{odd} and {usual} are mixed in one record: it is neither DNA nor RNA; correct it"
    others = _having(files, usual.lower())
    if not others:
        return ""
    place = find_letter(others[0].source, others[0].first[usual.lower()], usual.encode())
    return (
        f"the record has {odd}, while record {place.record!r} of {others[0].source.name} (line {place.line}) has {usual}: "
        "DNA and RNA are mixed; write all of them in one way"
    )


def _refuse_ambiguous(files: Files, alphabet: Alphabet) -> None:
    trait = "ambiguous residue" if alphabet == PROTEIN else "ambiguous nucleotide"
    if _having(files, trait):
        message = "{letter} is an ambiguity code; use --ambiguous skip (ambiguous='skip') to leave out the windows that hold one"
        raise _error(files, trait, alphabet.ambiguous, message)


def notes(files: Files, asked: str, alphabet: Alphabet) -> list[str]:
    """What a user should know about records that were accepted, one message a kind."""
    found = []
    trait = "ambiguous residue" if alphabet == PROTEIN else "ambiguous nucleotide"
    odd = _having(files, trait)
    if odd:
        counts = {letter: sum(int(file.histogram[ord(letter) - 64]) for file in odd) for letter in alphabet.ambiguous}
        shown = ", ".join(letter for letter, count in counts.items() if count)
        found.append(
            f"{_where(odd)}: {sum(counts.values())} ambiguity codes ({shown}) in {_count(odd, trait)} of "
            f"{sum(file.records for file in odd)} records; the windows that hold one are left out"
        )
    if alphabet == PROTEIN:
        stopped = _having(files, "stop")
        if stopped:
            found.append(f"{_where(stopped)}: {_count(stopped, 'stop')} records end with a stop '*'; it is dropped")
        if not _having(files, "beyond acgtun"):
            found.append(f"{_where(files)}: every letter is a nucleotide; this looks like DNA given as protein")
    if alphabet == RNA:
        in_t = _having(files, "t")
        if in_t:
            found.append(f"{_where(in_t)}: {_count(in_t, 't')} records are written with T; it is read as U")
    return found
