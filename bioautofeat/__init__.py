"""bioautofeat: biological sequences into features, and into models people can trust.

Nothing heavy is imported before it is used: neither numpy nor numba, scikit-learn or torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from bioautofeat.automl.estimator import AutoClassifier, AutoRegressor
    from bioautofeat.bundle import load
    from bioautofeat.explanation import explain
    from bioautofeat.extraction import descriptors, extract
    from bioautofeat.features import Features
    from bioautofeat.io import read_fasta
    from bioautofeat.sequences import Sequences
    from bioautofeat.table import FeatureTable

_home = {
    "AutoClassifier": "bioautofeat.automl",
    "AutoRegressor": "bioautofeat.automl",
    "Features": "bioautofeat.features",
    "FeatureTable": "bioautofeat.table",
    "Sequences": "bioautofeat.sequences",
    "descriptors": "bioautofeat.extraction",
    "explain": "bioautofeat.explanation",
    "extract": "bioautofeat.extraction",
    "load": "bioautofeat.bundle",
    "read_fasta": "bioautofeat.io",
}

__all__ = [
    "AutoClassifier",
    "AutoRegressor",
    "FeatureTable",
    "Features",
    "Sequences",
    "__version__",
    "descriptors",
    "explain",
    "extract",
    "load",
    "read_fasta",
]


def __getattr__(name: str) -> Any:
    if name not in _home:
        raise AttributeError(f"module 'bioautofeat' has no attribute {name!r}")
    value = getattr(import_module(_home[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
