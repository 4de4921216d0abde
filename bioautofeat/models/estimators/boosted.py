"""Gradient boosting by XGBoost, with class labels as they are, class weights, and trees in our own layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.estimators._base import OwnClassifier, OwnRegressor, class_weights, dense_rows
from bioautofeat.models.predictors.trees import Trees

__all__ = ["BoostedClassifier", "BoostedRegressor", "trees_of_booster"]

SETTINGS = {
    "learning_rate": "eta",
    "depth": "max_depth",
    "min_weight": "min_child_weight",
    "row_share": "subsample",
    "column_share": "colsample_bytree",
    "ridge": "reg_lambda",
    "lasso": "reg_alpha",
    "bins": "max_bin",
}
"""Our names and XGBoost's."""


def trees_of_booster(booster: Any, n_columns: int) -> Trees:
    """The trees of a fitted XGBoost booster, read from its JSON form."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    model, objective = learner["gradient_booster"]["model"], learner["objective"]["name"]
    base = np.atleast_1d(np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float64))
    link = {"binary:logistic": "sigmoid", "multi:softprob": "softmax", "reg:squarederror": "identity"}[objective]
    if link == "sigmoid":
        base = np.log(base / (1.0 - base))
    if link == "softmax":
        base = np.broadcast_to(base, int(learner["learner_model_param"]["num_class"])).copy()
    starts, nodes, thresholds = [], [], []
    values: list[NDArray[np.float64]] = []
    offset = n_values = 0
    for tree in model["trees"]:
        left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
        split = np.array(tree["split_conditions"], np.float32)
        leaf, at = left < 0, np.arange(len(left))
        missing = np.where(np.array(tree["default_left"]) > 0, left, right)
        table = np.column_stack([np.array(tree["split_indices"]), left - at, right - at, missing - at])
        table[leaf] = 0
        table[leaf, 0] = np.arange(leaf.sum()) + n_values
        starts.append(offset)
        nodes.append(table)
        # XGBoost asks "below", we ask "not above": the next smaller single-precision number says the same
        thresholds.append(np.where(leaf, 0.0, np.nextafter(split, np.float32(-np.inf)).astype(np.float64)))
        values.append(split[leaf].astype(np.float64))
        offset, n_values = offset + len(left), n_values + int(leaf.sum())
    return Trees(
        np.column_stack([starts, model["tree_info"]]).astype(np.int64), np.concatenate(nodes).astype(np.int32),
        np.concatenate(thresholds), np.concatenate(values)[:, None], base, n_columns, link, True,
    )  # fmt: skip


class _Boosted:
    """What classification and regression share: the training loop."""

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

    def _train(
        self,
        rows: Any,
        target: NDArray[Any],
        weight: NDArray[np.float64] | None,
        held: NDArray[np.bool_],
        objective: dict[str, Any],
    ) -> Trees:
        """Trees on all rows; with ``patience``, on the rows not held back, as many as help these."""
        import xgboost

        rows = dense_rows(rows, np.float32)  # an entry that a sparse matrix leaves out is a zero here, not a gap
        settings = {SETTINGS[name]: value for name, value in (self.settings or {}).items()}
        bins = settings.get("max_bin", 256)
        settings |= {
            "tree_method": "hist",
            "seed": self.random_state,
            "nthread": self.threads,
            "verbosity": 0,
            **objective,
        }

        def data(chosen: NDArray[np.bool_], reference: Any = None) -> Any:
            part = None if weight is None else weight[chosen]
            taken = (rows, target) if chosen.all() else (rows[chosen], target[chosen])
            return xgboost.QuantileDMatrix(*taken, weight=part, max_bin=bins, ref=reference, nthread=self.threads)

        taught = data(~held)
        if not held.any():
            return trees_of_booster(xgboost.train(settings, taught, self.rounds), rows.shape[1])
        booster = xgboost.train(
            settings, taught, self.rounds, evals=[(data(held, taught), "held")],
            early_stopping_rounds=self.patience, verbose_eval=False,
        )  # fmt: skip
        return trees_of_booster(booster[: booster.best_iteration + 1], rows.shape[1])

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
        objective = {"objective": "binary:logistic"} if k == 2 else {"objective": "multi:softprob", "num_class": k}
        self.predictor_ = self._train(rows, codes, weight, self._held(codes, len(codes)), objective)
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
        found = self._train(
            rows, (y - centre) / spread, None, self._held(None, len(y)), {"objective": "reg:squarederror"}
        )
        base = found.base * spread + centre
        self.predictor_ = Trees(
            found.trees, found.nodes, found.thresholds, found.values * spread, base, found.n_columns, "identity", True
        )
        return self
