"""The two ends of a sequence."""

from __future__ import annotations
