"""Automated learning: from labelled sequences to an honestly judged model."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_home = {"AutoClassifier": "bioautofeat.automl.estimator", "AutoRegressor": "bioautofeat.automl.estimator"}

__all__ = ["AutoClassifier", "AutoRegressor"]


def __getattr__(name: str) -> Any:
    if name not in _home:
        raise AttributeError(f"module 'bioautofeat.automl' has no attribute {name!r}")
    return getattr(import_module(_home[name]), name)
