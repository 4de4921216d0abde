"""Chaos game representation."""

from __future__ import annotations
