"""Position-specific tables learnt from labelled records."""

from __future__ import annotations
