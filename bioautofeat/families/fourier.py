"""Spectra of numerical mappings."""

from __future__ import annotations
