"""FASTA to sequences."""

from __future__ import annotations

from Bio.SeqIO.FastaIO import SimpleFastaParser

from bioautofeat.alphabet import get_alphabet
from bioautofeat.sequences import Sequences

__all__ = ["read_fasta"]


def read_fasta(path: str, alphabet: str = "auto") -> Sequences:
    """The records of a FASTA file."""
    with open(path, encoding="utf-8") as handle:
        records = list(SimpleFastaParser(handle))
    return Sequences.from_strings([r[1] for r in records], get_alphabet(alphabet), [r[0].split()[0] for r in records])
