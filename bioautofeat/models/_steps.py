"""What the builders of models share: gaps filled and columns scaled before the model, names of class weightings."""

from __future__ import annotations

from typing import Any

from bioautofeat.parameters import Choice

__all__ = ["WEIGHTING", "Weighting", "scaled", "steps"]

WEIGHTING = Choice("none", "balanced")
"""``balanced`` weighs each class by the inverse of its size."""

Weighting = {"none": None, "balanced": "balanced"}
"""scikit-learn's names for them."""


def steps(*parts: Any) -> Any:
    """A pipeline that fills gaps first, then the parts, the last of which is called ``model``."""
    from sklearn.pipeline import Pipeline

    from bioautofeat.models.estimators.prepare import FillMissing

    *before, last = parts
    named = [(type(part).__name__.lower(), part) for part in before]
    return Pipeline([("fill", FillMissing()), *named, ("model", last)])


def scaled(*parts: Any) -> Any:
    """As :func:`steps`, on standardised columns."""
    from bioautofeat.models.estimators.prepare import Standardise

    return steps(Standardise(), *parts)
