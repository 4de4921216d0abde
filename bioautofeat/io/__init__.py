"""Reading sequences and labels, writing tables."""

from bioautofeat.io.records import Records, read_fasta, read_records
from bioautofeat.io.source import Source, parse_input

__all__ = ["Records", "Source", "parse_input", "read_fasta", "read_records"]
