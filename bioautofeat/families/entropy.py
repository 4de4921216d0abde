"""Entropy and mutual information of words."""

from __future__ import annotations
