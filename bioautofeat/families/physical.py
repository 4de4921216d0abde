"""Physical summaries of nucleic acids."""

from __future__ import annotations
