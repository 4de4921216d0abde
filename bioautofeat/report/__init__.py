"""The report of a run: one HTML file that needs nothing else."""

from bioautofeat.report.facts import Facts
from bioautofeat.report.page import write_report

__all__ = ["Facts", "write_report"]
