"""Open reading frames and coding potential."""

from __future__ import annotations
