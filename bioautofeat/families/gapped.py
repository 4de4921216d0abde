"""Gapped words: pairs and triples of letters at a distance."""

from __future__ import annotations
