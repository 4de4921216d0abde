"""Autocorrelation of properties along the sequence."""

from __future__ import annotations
