"""Numerical mappings of a sequence."""

from __future__ import annotations
