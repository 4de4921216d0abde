"""Profiles of property windows."""

from __future__ import annotations
