"""Codes and properties of each residue."""

from __future__ import annotations
