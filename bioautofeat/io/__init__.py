"""Reading sequences and labels, writing tables."""

from bioautofeat.io.fasta import read_fasta

__all__ = ["read_fasta"]
