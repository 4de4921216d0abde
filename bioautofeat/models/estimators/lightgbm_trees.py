"""LightGBM: its training, and its trees in our own layout."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.estimators.job import Job
from bioautofeat.models.predictors.trees import Trees

__all__ = ["booster_of", "train", "trees_of_text"]

SETTINGS = {
    "learning_rate": "learning_rate",
    "leaves": "num_leaves",
    "leaf": "min_data_in_leaf",
    "row_share": "bagging_fraction",
    "column_share": "feature_fraction",
    "ridge": "lambda_l2",
    "lasso": "lambda_l1",
    "bins": "max_bin",
}
"""Our names and LightGBM's."""

LEAST_GAIN = 1e-6
"""A split that gains less is rounding, and rounding depends on the number of threads."""

DEFAULT_LEFT, MISSING_KIND, MISSING_IS_NAN = 2, 12, 8
"""Bits of a node's decision: whether missing values go left, and what counts as missing."""


def _numbers(field: str, kind: Any) -> NDArray[Any]:
    return np.array(field.split(), kind)


def _tree(fields: dict[str, str]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Nodes (the index of a leaf's value in this tree's own), thresholds and values of one tree: inner nodes, then leaves."""
    values = _numbers(fields["leaf_value"], np.float64)
    inner = len(values) - 1
    nodes = np.zeros((inner + len(values), 4), np.int64)
    nodes[inner:, 0] = np.arange(len(values))
    thresholds = np.zeros(len(nodes))
    if not inner:
        return nodes, thresholds, values
    split, decision = _numbers(fields["threshold"], np.float64), _numbers(fields["decision_type"], np.int64)
    children = [_numbers(fields[name], np.int64) for name in ("left_child", "right_child")]
    left, right = (np.where(child < 0, inner + ~child, child) - np.arange(inner) for child in children)
    # where no value was missing in training, a missing one counts as zero
    goes_left = np.where(decision & MISSING_KIND == MISSING_IS_NAN, decision & DEFAULT_LEFT > 0, split >= 0)
    column = _numbers(fields["split_feature"], np.int64)
    nodes[:inner] = np.column_stack([column, left, right, np.where(goes_left, left, right)])
    thresholds[:inner] = np.clip(split, -1.7e308, 1.7e308)
    return nodes, thresholds, values


def trees_of_text(text: str, job: Job) -> Trees:
    """The trees of a fitted LightGBM booster, read from its text form."""
    starts: list[tuple[int, int]] = []
    nodes, thresholds, values = [], [], []
    offset = n_values = 0
    for block in text.partition("end of trees")[0].split("\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        table, split, leaves = _tree(fields)
        table[table[:, 1] == 0, 0] += n_values
        starts.append((offset, len(starts) % job.outputs))
        nodes.append(table)
        thresholds.append(split)
        values.append(leaves)
        offset, n_values = offset + len(table), n_values + len(leaves)
    return Trees(
        np.array(starts, np.int64), np.concatenate(nodes).astype(np.int32), np.concatenate(thresholds),
        np.concatenate(values)[:, None], np.zeros(job.outputs), job.rows.shape[1], job.link, True,
    )  # fmt: skip


def booster_of(job: Job) -> Any:
    """A booster trained on all rows; with rows held back, on the others, as many rounds as help those."""
    import lightgbm

    settings = job.named(SETTINGS) | {
        "objective": job.objective("binary", "multiclass", "regression"), "seed": job.seed, "num_threads": job.threads,
        "deterministic": True, "force_row_wise": True, "feature_pre_filter": False, "min_gain_to_split": LEAST_GAIN,
        "verbosity": -1, "bagging_freq": 1,
    }  # fmt: skip
    if job.classes > 2:
        settings["num_class"] = job.classes
    rows, target, weight = job.part(~job.held)
    taught = lightgbm.Dataset(rows, target, weight=weight, params=settings)
    if not job.held.any():
        return lightgbm.train(settings, taught, job.rounds)
    rows, target, weight = job.part(job.held)
    judged = lightgbm.Dataset(rows, target, weight=weight, reference=taught, params=settings)
    stopping = lightgbm.early_stopping(job.patience, verbose=False)
    return lightgbm.train(settings, taught, job.rounds, valid_sets=[judged], callbacks=[stopping])


def train(job: Job) -> Trees:
    """The trees of a job."""
    # its text form ends with the best round where one was looked for
    return trees_of_text(booster_of(job).model_to_string(), job)
