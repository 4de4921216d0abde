"""Pseudo composition."""

from __future__ import annotations
