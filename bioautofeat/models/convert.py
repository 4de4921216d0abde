"""From a fitted scikit-learn estimator to a predictor: which estimators can be kept in a model file, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ModelError
from bioautofeat.models.predictors import Part, Predictor, Transform
from bioautofeat.models.predictors.joined import Blend, Steps
from bioautofeat.models.predictors.linear import Constant, GaussianBayes, Linear
from bioautofeat.models.predictors.transforms import Fill, Scale, Select, Unit
from bioautofeat.models.predictors.trees import Trees

__all__ = ["convert", "no_safe_form"]


def _floats(values: Any) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, np.float64)


def _own(estimator: Any) -> Part:
    return estimator.predictor_ if hasattr(estimator, "predictor_") else estimator.transform_


def _linear_classifier(estimator: Any) -> Predictor:
    link = "sigmoid" if len(estimator.classes_) == 2 else "softmax"
    return Linear(_floats(estimator.coef_.T), _floats(estimator.intercept_), link)


def _linear_regressor(estimator: Any) -> Predictor:
    weights = _floats(estimator.coef_).reshape(-1, 1)
    return Linear(weights, np.broadcast_to(_floats(estimator.intercept_).ravel(), (1,)).copy(), "identity")


def _multinomial_bayes(estimator: Any) -> Predictor:
    weights, prior = _floats(estimator.feature_log_prob_.T), _floats(estimator.class_log_prior_)
    if len(prior) == 2:
        return Linear(_floats(weights[:, 1:] - weights[:, :1]), _floats(prior[1:] - prior[:1]), "sigmoid")
    return Linear(weights, prior, "softmax")


def _gaussian_bayes(estimator: Any) -> Predictor:
    return GaussianBayes(_floats(estimator.theta_), _floats(estimator.var_), _floats(np.log(estimator.class_prior_)))


def _dummy_classifier(estimator: Any) -> Predictor:
    if estimator.strategy not in ("prior", "most_frequent"):
        raise ModelError(f"a dummy of strategy {estimator.strategy!r} has no form that a model file can keep")
    prior = _floats(estimator.class_prior_)
    values = prior if estimator.strategy == "prior" else np.eye(len(prior))[prior.argmax()]
    return Constant(values, int(estimator.n_features_in_))


def _dummy_regressor(estimator: Any) -> Predictor:
    return Constant(_floats(estimator.constant_).reshape(1), int(estimator.n_features_in_))


def _below(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest single-precision numbers not above the thresholds: the same answer for single-precision rows."""
    largest = float(np.finfo(np.float32).max)
    thresholds = np.clip(thresholds, -largest, largest)  # infinite where a node tells missing values apart
    single = thresholds.astype(np.float32)
    return np.where(single > thresholds, np.nextafter(single, np.float32(-np.inf)), single).astype(np.float64)


def _forest(estimator: Any) -> Predictor:
    """Trees of scikit-learn, their leaves' fractions or means; pure leaves share one row of values for each class."""
    members = getattr(estimator, "estimators_", [estimator])
    width = len(estimator.classes_) if hasattr(estimator, "classes_") else 1
    values = [np.eye(width)] if width > 1 else []
    starts, nodes, thresholds, offset, n_values = [], [], [], 0, width if width > 1 else 0
    for member in members:
        tree = member.tree_
        left, right, at = tree.children_left, tree.children_right, np.arange(tree.node_count)
        leaf = left < 0
        missing = np.where(tree.missing_go_to_left > 0, left, right)
        table = np.column_stack([tree.feature, left - at, right - at, missing - at])
        table[leaf] = 0
        found = tree.value[leaf, 0, :]
        mixed = found.max(axis=1) < 1.0 if width > 1 else np.ones(len(found), bool)
        table[leaf, 0] = np.where(mixed, n_values + np.cumsum(mixed) - 1, found.argmax(axis=1))
        values.append(found[mixed])
        starts.append((offset, 0))
        nodes.append(table)
        thresholds.append(np.where(leaf, 0.0, _below(tree.threshold)))
        offset, n_values = offset + tree.node_count, n_values + int(mixed.sum())
    return Trees(
        np.array(starts, np.int64), np.concatenate(nodes).astype(np.int32), np.concatenate(thresholds),
        _floats(np.concatenate(values)), np.zeros(width), int(estimator.n_features_in_), "mean", True,
    )  # fmt: skip


def _histogram_boosting(estimator: Any) -> Predictor:
    if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
        raise ModelError("histogram boosting over categories cannot be kept in a model file")
    classes = len(getattr(estimator, "classes_", ()))
    if not classes and estimator.loss not in ("squared_error", "absolute_error", "quantile"):
        raise ModelError(f"histogram boosting with the loss {estimator.loss!r} cannot be kept in a model file")
    starts, nodes, thresholds = [], [], []
    values: list[NDArray[np.float64]] = []
    offset = n_values = 0
    for iteration in estimator._predictors:
        for target, member in enumerate(iteration):
            node, at = member.nodes, np.arange(len(member.nodes))
            leaf = node["is_leaf"] > 0
            left, right = node["left"].astype(np.int64), node["right"].astype(np.int64)
            missing = np.where(node["missing_go_to_left"] > 0, left, right)
            table = np.column_stack([node["feature_idx"].astype(np.int64), left - at, right - at, missing - at])
            table[leaf] = 0
            table[leaf, 0] = np.arange(leaf.sum()) + n_values
            starts.append((offset, target))
            nodes.append(table)
            thresholds.append(np.where(leaf, 0.0, np.clip(node["num_threshold"], -1.7e308, 1.7e308)))
            values.append(node["value"][leaf])
            offset, n_values = offset + len(node), n_values + int(leaf.sum())
    link = "identity" if not classes else "sigmoid" if classes == 2 else "softmax"
    return Trees(
        np.array(starts, np.int64), np.concatenate(nodes).astype(np.int32), _floats(np.concatenate(thresholds)),
        _floats(np.concatenate(values))[:, None], _floats(estimator._baseline_prediction).reshape(-1),
        int(estimator.n_features_in_), link, False,
    )  # fmt: skip


def _voting(estimator: Any) -> Predictor:
    if getattr(estimator, "voting", "soft") != "soft":
        raise ModelError("only soft voting can be kept in a model file")
    members = tuple(_predictor(member) for member in estimator.estimators_)
    given = estimator.weights
    kept = (
        [w for w, (_, m) in zip(given, estimator.estimators, strict=True) if m != "drop"] if given is not None else None
    )
    weights = _floats(kept if kept is not None else np.ones(len(members)))
    return Blend(members, weights / weights.sum())


def _pipeline(estimator: Any) -> Part:
    parts = [_part(step) for _, step in estimator.steps if step not in ("passthrough", None)]
    *before, last = parts
    if isinstance(last, Transform) or any(not isinstance(step, Transform) for step in before):
        raise ModelError("a pipeline must be transforms and then one model")
    if not before:
        return last
    return Steps(tuple(step for step in before if isinstance(step, Transform)), _model(last))


def _searched(estimator: Any) -> Part:
    return _part(estimator.best_estimator_)


def _standard(step: Any) -> Transform:
    ones = np.ones(step.n_features_in_)
    centre = step.mean_ if step.with_mean else 0 * ones
    return Scale(_floats(centre), _floats(step.scale_ if step.with_std else ones))


def _robust(step: Any) -> Transform:
    ones = np.ones(step.n_features_in_)
    centre = step.center_ if step.with_centering else 0 * ones
    return Scale(_floats(centre), _floats(step.scale_ if step.with_scaling else ones))


def _imputer(step: Any) -> Transform:
    if step.add_indicator or not (isinstance(step.missing_values, float) and np.isnan(step.missing_values)):
        raise ModelError("an imputer with an indicator or another mark than NaN cannot be kept in a model file")
    if np.isnan(step.statistics_).any():
        raise ModelError("an imputer that drops empty columns cannot be kept in a model file; use keep_empty_features")
    return Fill(_floats(step.statistics_))


def _selector(step: Any) -> Transform:
    return Select(step.get_support(indices=True).astype(np.int64), int(step.n_features_in_))


def _minmax(step: Any) -> Transform:
    if step.clip and tuple(step.feature_range) == (0, 1):
        return Unit(_floats(step.data_min_), _floats(1.0 / step.scale_))
    if step.clip:
        raise ModelError("a MinMaxScaler that clips to another range than 0..1 cannot be kept in a model file")
    return Scale(_floats(-step.min_ / step.scale_), _floats(1.0 / step.scale_))


_OWN = """
RadialMachine RadialRegressor LinearMachine TableMachine TableRegressor NearestClassifier NearestRegressor
TableNearestClassifier TableNearestRegressor
BoostedClassifier BoostedRegressor LightGBMClassifier LightGBMRegressor CatBoostClassifier CatBoostRegressor
NASClassifier NASRegressor NetworkEstimator FillMissing Standardise ZeroToOne ChooseColumns LandmarkMap
"""

_forms: dict[str, Callable[[Any], Part]] = {
    **{f"bioautofeat:{name}": _own for name in _OWN.split()},
    **dict.fromkeys(
        (
            "sklearn:LogisticRegression",
            "sklearn:LinearDiscriminantAnalysis",
            "bioautofeat:Logistic",
            "bioautofeat:Discriminant",
        ),
        _linear_classifier,
    ),
    "bioautofeat:Elastic": _linear_regressor,
    **{
        f"sklearn:{name}": _linear_regressor
        for name in [
            "LinearRegression",
            "Ridge",
            "Lasso",
            "ElasticNet",
            "BayesianRidge",
            "ARDRegression",
            "HuberRegressor",
            "LinearSVR",
            "RidgeCV",
            "LassoCV",
            "ElasticNetCV",
        ]
    },
    "sklearn:GaussianNB": _gaussian_bayes,
    "sklearn:MultinomialNB": _multinomial_bayes,
    "sklearn:DummyClassifier": _dummy_classifier,
    "sklearn:DummyRegressor": _dummy_regressor,
    **{
        f"sklearn:{name}{kind}": _forest
        for name in ("RandomForest", "ExtraTrees", "DecisionTree", "ExtraTree")
        for kind in ("Classifier", "Regressor")
    },
    "sklearn:HistGradientBoostingClassifier": _histogram_boosting,
    "sklearn:HistGradientBoostingRegressor": _histogram_boosting,
    "sklearn:VotingClassifier": _voting,
    "sklearn:VotingRegressor": _voting,
    "sklearn:Pipeline": _pipeline,
    "sklearn:GridSearchCV": _searched,
    "sklearn:RandomizedSearchCV": _searched,
    "sklearn:StandardScaler": _standard,
    "sklearn:RobustScaler": _robust,
    "sklearn:MinMaxScaler": _minmax,
    "sklearn:SimpleImputer": _imputer,
    **{
        f"sklearn:{name}": _selector
        for name in [
            "SelectKBest",
            "SelectPercentile",
            "SelectFpr",
            "SelectFdr",
            "SelectFromModel",
            "VarianceThreshold",
            "RFE",
            "RFECV",
        ]
    },
}
"""Estimators that can be kept, by package and class."""


def _key(estimator: Any) -> str:
    return f"{type(estimator).__module__.split('.')[0]}:{type(estimator).__name__}"


def _part(estimator: Any) -> Part:
    key = _key(estimator)
    if key not in _forms:
        raise ModelError(no_safe_form(estimator))
    return _forms[key](estimator)


def _model(part: Part) -> Predictor:
    if not isinstance(part, Predictor):
        raise ModelError("a transform alone is no model")
    return part


def _predictor(estimator: Any) -> Predictor:
    return _model(_part(estimator))


def no_safe_form(estimator: Any) -> str:
    """Why an estimator, fitted or not, cannot be kept in a model file; empty where it can."""
    if _key(estimator) not in _forms:
        return (
            f"{type(estimator).__name__} has no form that a model file can keep without code; "
            "use a model of bioautofeat.models, or one of scikit-learn's linear models, trees and histogram boosting"
        )
    inner = [
        step
        for _, step in getattr(estimator, "steps", getattr(estimator, "estimators", []))
        if not isinstance(step, str)
    ]
    if _forms[_key(estimator)] is _searched:
        inner = [estimator.estimator]
    return next((reason for step in inner if step is not None and (reason := no_safe_form(step))), "")


def convert(estimator: Any) -> Predictor:
    """The predictor of a fitted estimator.

    Raises
    ------
    ModelError
        For an estimator that has no form free of code.
    """
    return _predictor(estimator)
