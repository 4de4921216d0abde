"""Z-curve parameters."""

from __future__ import annotations
