"""Secondary structure of RNA."""

from __future__ import annotations
