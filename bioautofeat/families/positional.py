"""Codes and properties of each position."""

from __future__ import annotations
