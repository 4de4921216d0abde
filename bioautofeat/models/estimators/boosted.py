"""Gradient boosting by any library, with class labels as they are, class weights, and trees in our own layout."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.estimators._base import OwnClassifier, OwnRegressor, class_weights, dense_rows
from bioautofeat.models.estimators.job import Job
from bioautofeat.models.estimators.xgboost_trees import trees_of_booster
from bioautofeat.models.predictors.trees import Trees

__all__ = [
    "BoostedClassifier",
    "BoostedRegressor",
    "CatBoostClassifier",
    "CatBoostRegressor",
    "LightGBMClassifier",
    "LightGBMRegressor",
    "trees_of_booster",
]


class _Boosted:
    """What classification and regression share: the training."""

    library: ClassVar[str] = "xgboost"
    """Its module here is named after it and trains."""

    rounds: int
    settings: Mapping[str, Any] | None
    patience: int
    threads: int
    random_state: int

    _finite = "allow-nan"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.allow_nan = True
        return tags

    def _train(self, rows: Any, target: NDArray[Any], classes: int, weight: NDArray[np.float64] | None = None) -> Trees:
        """Trees on all rows; with ``patience``, on the rows not held back, as many as help these."""
        rows = dense_rows(rows, np.float32)  # an entry that a sparse matrix leaves out is a zero here, not a gap
        held = self._held(target if classes else None, len(target))
        job = Job(
            rows, target, classes, weight, held, self.rounds, self.settings or {}, self.patience, self.threads, self.random_state
        )  # fmt: skip
        found: Trees = import_module(f"bioautofeat.models.estimators.{self.library}_trees").train(job)
        return found

    def _held(self, codes: NDArray[np.int64] | None, n: int) -> NDArray[np.bool_]:
        """Rows held back to find the number of rounds: a seventh, of every class; none without ``patience``."""
        held = np.zeros(n, bool)
        if self.patience > 0:
            order = np.random.default_rng(self.random_state).permutation(n)
            if codes is not None:
                order = order[np.argsort(codes[order], kind="stable")]
            held[order[3::7]] = True
        return held


class BoostedClassifier(_Boosted, OwnClassifier):
    """Gradient-boosted trees for classes: Chen and Guestrin 2016, KDD 22:785.

    Parameters
    ----------
    rounds : int
        Trees for each class (for two classes: trees).
    settings : mapping, optional
        ``learning_rate``, ``depth``, ``min_weight``, ``row_share``, ``column_share``, ``ridge``, ``lasso`` and ``bins``
        are XGBoost's ``eta``, ``max_depth``, ``min_child_weight``, ``subsample``, ``colsample_bytree``, ``lambda``,
        ``alpha`` and ``max_bin``, and have its defaults.
    weighting : {"none", "balanced"}
        Of the classes.
    patience : int
        Stop when this many rounds did not help a seventh of the rows that is held back; 0 trains all rounds on all rows.
    threads, random_state : int
    """

    def __init__(
        self, rounds: int = 100, settings: Mapping[str, Any] | None = None, weighting: str = "none",
        patience: int = 0, threads: int = 1, random_state: int = 0,
    ) -> None:  # fmt: skip
        self.rounds = rounds
        self.settings = settings
        self.weighting = weighting
        self.patience = patience
        self.threads = threads
        self.random_state = random_state

    def fit(self, rows: Any, y: Any) -> BoostedClassifier:
        """Fit on rows and their classes."""
        rows, codes = self._encoded(rows, y)
        k = len(self.classes_)
        weight = class_weights(codes, k, self.weighting)[codes] if self.weighting == "balanced" else None
        self.predictor_ = self._train(rows, codes, k, weight)
        return self


class BoostedRegressor(_Boosted, OwnRegressor):
    """Gradient-boosted trees for values, standardised while they are fitted; parameters as in :class:`BoostedClassifier`."""

    def __init__(
        self,
        rounds: int = 100,
        settings: Mapping[str, Any] | None = None,
        patience: int = 0,
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self.rounds = rounds
        self.settings = settings
        self.patience = patience
        self.threads = threads
        self.random_state = random_state

    def fit(self, rows: Any, y: Any) -> BoostedRegressor:
        """Fit on rows and their values."""
        rows, y = self._checked(rows, y)
        centre, spread = float(y.mean()), float(y.std()) or 1.0
        found = self._train(rows, (y - centre) / spread, 0)
        base = found.base * spread + centre
        self.predictor_ = Trees(
            found.trees, found.nodes, found.thresholds, found.values * spread, base, found.n_columns, "identity", True
        )
        return self


class LightGBMClassifier(BoostedClassifier):
    """Trees grown leaf by leaf: Ke et al. 2017, NIPS 30:3146.

    As :class:`BoostedClassifier`; ``settings`` are ``learning_rate``, ``leaves``, ``leaf``, ``row_share``, ``column_share``,
    ``ridge``, ``lasso`` and ``bins``, LightGBM's ``learning_rate``, ``num_leaves``, ``min_data_in_leaf``,
    ``bagging_fraction``, ``feature_fraction``, ``lambda_l2``, ``lambda_l1`` and ``max_bin``, with its defaults.
    """

    library = "lightgbm"


class LightGBMRegressor(BoostedRegressor):
    """As :class:`LightGBMClassifier`, for values."""

    library = "lightgbm"


class CatBoostClassifier(BoostedClassifier):
    """Symmetric trees, one question a level: Prokhorenkova et al. 2018, NeurIPS 31:6638.

    As :class:`BoostedClassifier`; ``settings`` are ``learning_rate``, ``depth``, ``row_share``, ``column_share``, ``ridge``
    and ``bins``, CatBoost's ``learning_rate``, ``depth``, ``subsample``, ``rsm``, ``l2_leaf_reg`` and ``border_count``, with
    its defaults (but every row and every column is used where nothing is said).
    """

    library = "catboost"


class CatBoostRegressor(BoostedRegressor):
    """As :class:`CatBoostClassifier`, for values."""

    library = "catboost"
