"""Global properties of peptides and proteins."""

from __future__ import annotations
