"""Codon usage."""

from __future__ import annotations
