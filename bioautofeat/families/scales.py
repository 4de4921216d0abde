"""Scales of residues averaged over a sequence."""

from __future__ import annotations
