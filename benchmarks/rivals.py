"""One rival of ``automl.py``: a table in, predictions out.  It runs in the rival's own environment, without bioautofeat.

Started by ``automl.py``::

    python -I benchmarks/rivals.py flaml table.npz predictions.npz --task classification --seconds 120 --threads 2 --seed 0

The table holds ``training`` (records x columns), ``labels`` (codes of classes, or values) and ``test``.  The predictions
hold ``scores`` (probabilities by class, or values), ``classes`` (predicted codes; classification alone), ``chosen`` (the
rival's own name of its model), ``fit_seconds`` and ``versions``.

Settings are the ones that each documentation recommends, one for each task:

- ``flaml``: log loss (regression: R2), ``time_budget``; all estimators of its list that are installed; the class is the
  most probable one.
- ``autogluon``: MCC (regression: R2), ``time_limit``, ``medium_quality``, which stops early once its models are fitted.
- ``autogluon_best``: the same with ``best_quality`` (bagging and stacking), which uses the time it is given, and fails
  where that is so short that its trial run fits no model.
  AutoGluon moves the threshold between two classes by itself where the metric is MCC.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np

PACKAGES = (
    "flaml", "autogluon.tabular", "scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "catboost", "torch", "ray",
    "pandas", "numpy",
)  # fmt: skip
"""What a rival's models may come from; those that are installed are told with their versions."""

TARGET = "target of the benchmark"


def flaml(table, options):
    """FLAML's search and its prediction."""
    from flaml import AutoML

    metric = "log_loss" if options.task == "classification" else "r2"
    start, found = time.perf_counter(), AutoML()
    found.fit(
        X_train=table["training"], y_train=table["labels"], task=options.task, metric=metric, seed=options.seed,
        time_budget=options.seconds, n_jobs=options.threads, verbose=1,
    )  # fmt: skip
    seconds, test = time.perf_counter() - start, table["test"]
    if options.task == "regression":
        return {"scores": found.predict(test)}, found.best_estimator, seconds
    return {"scores": found.predict_proba(test), "classes": found.predict(test)}, found.best_estimator, seconds


def autogluon(table, options):
    """AutoGluon's models and their prediction."""
    import pandas
    from autogluon.tabular import TabularPredictor

    labels = table["labels"]
    codes = np.unique(labels)
    kind, metric = "regression", "r2"
    if options.task == "classification":
        kind, metric = "binary" if len(codes) == 2 else "multiclass", "mcc"
    start, frame = time.perf_counter(), pandas.DataFrame(table["training"])
    frame[TARGET] = labels
    with tempfile.TemporaryDirectory() as folder:
        found = TabularPredictor(label=TARGET, problem_type=kind, eval_metric=metric, path=folder)
        found.fit(
            frame, time_limit=options.seconds, presets=options.presets, num_cpus=options.threads, num_gpus=0
        )  # fmt: skip
        seconds, test = time.perf_counter() - start, pandas.DataFrame(table["test"])
        predicted = {"scores" if kind == "regression" else "classes": found.predict(test).to_numpy()}
        if kind != "regression":  # a class that it left out as too rare has no column
            predicted["scores"] = found.predict_proba(test).reindex(columns=codes, fill_value=0.0).to_numpy()
        return predicted, found.model_best, seconds


RIVALS = {
    "flaml": (flaml, ""),
    "autogluon": (autogluon, "medium_quality"),
    "autogluon_best": (autogluon, "best_quality"),
}


def versions():
    """Versions of what is installed here."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main():
    """Fit, predict, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("table")
    parser.add_argument("predictions")
    parser.add_argument("--task", choices=("classification", "regression"), required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    fit, options.presets = RIVALS[options.rival]
    with np.load(options.table) as arrays:
        table = dict(arrays)
    predicted, chosen, seconds = fit(table, options)
    told = {"chosen": str(chosen), "fit_seconds": seconds, "versions": json.dumps(versions())}
    np.savez(options.predictions, **predicted, **told)


if __name__ == "__main__":
    main()
