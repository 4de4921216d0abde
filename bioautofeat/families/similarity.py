"""Similarity to labelled records."""

from __future__ import annotations
