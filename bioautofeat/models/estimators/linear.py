"""Linear models that do not complain: one stopped before it converged is a model like any other, judged by its score."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression

__all__ = ["Elastic", "Logistic"]


class Logistic(LogisticRegression):
    """Logistic regression, without the warning of an optimiser that used up its iterations."""

    def fit(self, rows: Any, y: Any, sample_weight: Any = None) -> Logistic:
        """As scikit-learn's."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(rows, y, sample_weight=sample_weight)
        return self


class Elastic(ElasticNet):
    """Elastic net, without that warning."""

    def fit(self, rows: Any, y: Any, sample_weight: Any = None) -> Elastic:
        """As scikit-learn's."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(rows, y, sample_weight=sample_weight)
        return self
