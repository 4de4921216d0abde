"""Complex networks of neighbouring words."""

from __future__ import annotations
