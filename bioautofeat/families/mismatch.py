"""Words with mismatches and with gaps anywhere."""

from __future__ import annotations
