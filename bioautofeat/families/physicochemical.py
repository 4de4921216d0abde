"""Composition weighted by properties."""

from __future__ import annotations
