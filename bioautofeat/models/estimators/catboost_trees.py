"""CatBoost: its training on numbers, and its symmetric trees in our own layout."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.models.estimators.job import Job
from bioautofeat.models.predictors.trees import Trees

__all__ = ["model_of", "train", "trees_of_json"]

SETTINGS = {
    "learning_rate": "learning_rate",
    "depth": "depth",
    "row_share": "subsample",
    "column_share": "rsm",
    "ridge": "l2_leaf_reg",
    "bins": "border_count",
}
"""Our names and CatBoost's."""

LOWEST = np.float32(np.finfo(np.float32).min)


def _symmetric(columns: NDArray[np.int64], borders: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Nodes and thresholds of a tree that asks one question on each level; leaves in the order of CatBoost's.

    Level ``i`` holds ``2^i`` nodes; the answers so far are the bits of a node's place on its level, the first answer
    the lowest bit.  A missing value is below every border, so it goes left.
    """
    depth = len(columns)
    nodes = np.zeros((2 ** (depth + 1) - 1, 4), np.int64)
    thresholds = np.zeros(len(nodes))
    for level in range(depth):
        size = 2**level
        here = slice(size - 1, 2 * size - 1)
        nodes[here] = [columns[level], size, 2 * size, size]
        thresholds[here] = borders[level]
    nodes[2**depth - 1 :, 0] = np.arange(2**depth)
    return nodes, thresholds


def trees_of_json(model: dict[str, Any], job: Job) -> Trees:
    """The trees of a fitted CatBoost model, from its JSON form."""
    features = model["features_info"]["float_features"]
    places = {row["feature_index"]: row["flat_feature_index"] for row in features}
    starts, nodes, thresholds, values = [], [], [], []
    offset = n_values = 0
    for tree in model["oblivious_trees"]:
        splits = tree["splits"] or []
        columns = np.array([places[split["float_feature_index"]] for split in splits], np.int64)
        borders = np.array([split["border"] for split in splits], np.float32).astype(np.float64)
        table, split = _symmetric(columns, borders)
        table[table[:, 1] == 0, 0] += n_values
        leaves = np.array(tree["leaf_values"], np.float64).reshape(2 ** len(splits), job.outputs)
        starts.append((offset, 0))
        nodes.append(table)
        thresholds.append(split)
        values.append(leaves)
        offset, n_values = offset + len(table), n_values + len(leaves)
    scale, base = model["scale_and_bias"]
    return Trees(
        np.array(starts, np.int64), np.concatenate(nodes).astype(np.int32), np.concatenate(thresholds),
        scale * np.concatenate(values), np.broadcast_to(np.array(base, np.float64), job.outputs).copy(),
        job.rows.shape[1], job.link, True,
    )  # fmt: skip


def _without_columns(job: Job) -> Trees:
    """What there is to say where no column varies: class frequencies, or the mean."""
    weight = np.ones(len(job.target)) if job.weight is None else job.weight
    if job.classes:
        shares = np.bincount(job.target, weight, job.classes) / weight.sum()
        base = np.log(shares) if job.classes > 2 else np.log(shares[1:] / shares[:1])
    else:
        base = np.array([np.average(job.target, weights=weight)])
    start, leaf = np.zeros((1, 2), np.int64), np.zeros((1, 4), np.int32)
    return Trees(start, leaf, np.zeros(1), np.zeros((1, 1)), base, job.rows.shape[1], job.link, True)


def _settings(job: Job) -> dict[str, Any]:
    settings = job.named(SETTINGS)
    if settings.pop("subsample", 1.0) < 1.0:
        settings |= {"bootstrap_type": "Bernoulli", "subsample": job.settings["row_share"]}
    else:
        settings["bootstrap_type"] = "No"
    return settings | {
        "loss_function": job.objective("Logloss", "MultiClass", "RMSE"), "iterations": job.rounds,
        "random_seed": job.seed, "thread_count": job.threads, "boosting_type": "Plain", "grow_policy": "SymmetricTree",
        "nan_mode": "Min", "allow_writing_files": False, "logging_level": "Silent",
    }  # fmt: skip


def _gapless(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Missing values as the lowest number, which goes the same way."""
    return np.where(np.isnan(rows), LOWEST, rows)


def model_of(job: Job) -> Any:
    """A model trained on all rows; with rows held back, on the others, as many rounds as help those."""
    import catboost

    rows, target, weight = job.part(~job.held)
    taught = catboost.Pool(rows, target, weight=weight)
    if not job.held.any():
        return catboost.CatBoost(_settings(job)).fit(taught)
    rows, target, weight = job.part(job.held)
    # a gap in a column that had none when taught would be refused
    judged = catboost.Pool(_gapless(rows), target, weight=weight)
    model = catboost.CatBoost(_settings(job) | {"use_best_model": True})
    return model.fit(taught, eval_set=judged, early_stopping_rounds=job.patience)


def train(job: Job) -> Trees:
    """The trees of a job."""
    known = _gapless(job.part(~job.held)[0])
    if np.all(known.min(axis=0) == known.max(axis=0)):
        return _without_columns(job)
    model = model_of(job)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return trees_of_json(json.loads(path.read_text(encoding="utf-8")), job)
