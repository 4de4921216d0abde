"""Fitted models as arrays; free of scikit-learn and of every booster."""

from bioautofeat.models.predictors._base import Part, Parts, Predictor, Transform, restore, take_apart

__all__ = ["Part", "Parts", "Predictor", "Transform", "restore", "take_apart"]
