"""Linear models that do not complain: one stopped before it converged is a model like any other, judged by its score."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression

__all__ = ["Discriminant", "Elastic", "Logistic"]


class Discriminant(LinearDiscriminantAnalysis):
    """Linear discriminant analysis with Ledoit and Wolf's shrinkage, whose classes may count alike however large they are.

    Parameters
    ----------
    weighting : {"none", "balanced"}
    """

    def __init__(self, weighting: str = "none") -> None:
        super().__init__(solver="lsqr", shrinkage="auto")
        self.weighting = weighting

    def fit(self, rows: Any, y: Any) -> Discriminant:
        """As scikit-learn's; the classes' frequencies are taken out of the intercepts where they are to count alike."""
        super().fit(rows, y)
        if self.weighting == "balanced":
            shares = np.log(self.priors_)
            self.intercept_ -= shares[1:] - shares[:1] if len(shares) == 2 else shares
        return self


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
