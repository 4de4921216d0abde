"""Composition, transition and distribution of residue classes."""

from __future__ import annotations
