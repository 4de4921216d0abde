"""Model files: one zip archive without any code, checked part by part and by a self-test before it is used."""

from bioautofeat.bundle.model import FittedModel, Prediction
from bioautofeat.bundle.store import load, save

__all__ = ["FittedModel", "Prediction", "load", "save"]
