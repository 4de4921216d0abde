"""XGBoost: its training, and its trees in our own layout."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.estimators.job import Job
from bioautofeat.models.predictors.trees import Trees

__all__ = ["booster_of", "train", "trees_of_booster"]

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


def booster_of(job: Job) -> Any:
    """A booster trained on all rows; with rows held back, on the others, as many rounds as help those."""
    import xgboost

    settings = job.named(SETTINGS)
    bins = settings.get("max_bin", 256)
    settings |= {"tree_method": "hist", "seed": job.seed, "nthread": job.threads, "verbosity": 0}
    settings["objective"] = job.objective("binary:logistic", "multi:softprob", "reg:squarederror")
    if job.classes > 2:
        settings["num_class"] = job.classes

    def data(chosen: NDArray[np.bool_], reference: Any = None) -> Any:
        rows, target, weight = job.part(chosen)
        return xgboost.QuantileDMatrix(
            rows, target, weight=weight, max_bin=bins, ref=reference, nthread=job.threads
        )  # fmt: skip

    taught = data(~job.held)
    if not job.held.any():
        return xgboost.train(settings, taught, job.rounds)
    booster = xgboost.train(
        settings, taught, job.rounds, evals=[(data(job.held, taught), "held")],
        early_stopping_rounds=job.patience, verbose_eval=False,
    )  # fmt: skip
    return booster[: booster.best_iteration + 1]


def train(job: Job) -> Trees:
    """The trees of a job."""
    return trees_of_booster(booster_of(job), job.rows.shape[1])
