"""Composition in reduced alphabets."""

from __future__ import annotations
