"""Models: a registry of estimators, and the form in which fitted ones are kept, free of code.

Neither scikit-learn nor a booster is imported before an estimator is built; a fitted model predicts without them.
"""

from __future__ import annotations

from typing import Any

from bioautofeat.models import kernel, linear, trees
from bioautofeat.models._registry import Model, Setting, find, get
from bioautofeat.models.predictors import Parts, Predictor, restore, take_apart
from bioautofeat.models.selection import Selection

__all__ = [
    "FAMILIES",
    "Model",
    "Parts",
    "Predictor",
    "Selection",
    "Setting",
    "can_export",
    "compiled",
    "export",
    "find",
    "get",
    "restore",
]

FAMILIES = (linear, kernel, trees)
"""Every family of models; a new one is added here."""


def can_export(estimator: Any) -> bool:
    """Whether a model of the registry, or an estimator, fitted or not, can be kept in a model file."""
    from bioautofeat.models.convert import no_safe_form

    return isinstance(estimator, (Model, Predictor)) or not no_safe_form(estimator)


def compiled(estimator: Any) -> Predictor:
    """The predictor of a fitted estimator: the same numbers, from arrays alone (a predictor is its own).

    Raises
    ------
    ModelError
        For an estimator that has no form free of code; :func:`can_export` says so before it is fitted.
    """
    from bioautofeat.models.convert import convert

    return estimator if isinstance(estimator, Predictor) else convert(estimator)


def export(estimator: Any) -> Parts:
    """A fitted estimator, or a predictor, as settings and arrays; :func:`restore` gives the predictor back."""
    return take_apart(compiled(estimator))
