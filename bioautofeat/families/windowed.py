"""Words inside windows along the sequence."""

from __future__ import annotations
