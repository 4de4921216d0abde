"""Forests and boosting."""

from __future__ import annotations

from typing import Annotated, Any

from bioautofeat.models._registry import Setting, model
from bioautofeat.models._steps import WEIGHTING, Weighting
from bioautofeat.parameters import Choice, Flag, Int, Real

__all__ = ["catboost", "extra_trees", "hist_boosting", "lightgbm", "random_forest", "xgboost"]

SHARES = {"sqrt": "sqrt", "log2": "log2", "tenth": 0.1, "third": 1 / 3, "all": 1.0}
"""How many columns a node may choose from, and scikit-learn's names for it."""

COLUMNS = Choice(*SHARES)


def _forest(setting: Setting, kinds: tuple[Any, Any], class_weight: str, **settings: Any) -> Any:
    common = {"n_jobs": setting.threads, "random_state": setting.seed, **settings}
    return kinds[0](class_weight=Weighting[class_weight], **common) if setting.classifies else kinds[1](**common)


@model("Random forest", reference="Breiman 2001, Mach Learn 45:5", simplicity=30)
def random_forest(
    setting: Setting,
    trees: Annotated[int, Int(10, 2000)] = 300,
    columns: Annotated[str, COLUMNS] = "sqrt",
    leaf: Annotated[int, Int(1, 50)] = 1,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """Trees on rows drawn with replacement, the best of a few columns at each node; ``leaf`` rows at least in a leaf."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kinds = (RandomForestClassifier, RandomForestRegressor)
    return _forest(
        setting, kinds, class_weight, n_estimators=trees, max_features=SHARES[columns], min_samples_leaf=leaf
    )


@model("Extremely randomised trees", reference="Geurts 2006, Mach Learn 63:3", simplicity=29)
def extra_trees(
    setting: Setting,
    trees: Annotated[int, Int(10, 2000)] = 200,
    columns: Annotated[str, COLUMNS] = "sqrt",
    leaf: Annotated[int, Int(1, 50)] = 1,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """Trees on all rows, thresholds drawn at random; ``leaf`` rows at least in a leaf.

    From 200 to 500 trees the held-out log loss of six sets fell by .001 to .003, for two and a half times the cost.
    """
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kinds = (ExtraTreesClassifier, ExtraTreesRegressor)
    return _forest(
        setting, kinds, class_weight, n_estimators=trees, max_features=SHARES[columns], min_samples_leaf=leaf
    )


@model("Histogram gradient boosting", reference="Ke 2017, NIPS 30:3146", simplicity=40, sparse=False)
def hist_boosting(
    setting: Setting,
    rounds: Annotated[int, Int(5, 2000)] = 100,
    learning_rate: Annotated[float, Real(0.01, 0.5, log=True)] = 0.1,
    leaves: Annotated[int, Int(3, 255)] = 31,
    leaf: Annotated[int, Int(1, 200)] = 20,
    ridge: Annotated[float, Real(0, 100)] = 0.0,
    columns: Annotated[float, Real(0.05, 1)] = 1.0,
    class_weight: Annotated[str, WEIGHTING] = "none",
    early_stopping: Annotated[bool, Flag()] = False,
) -> Any:
    """scikit-learn's boosting; ``columns`` is the share of columns that each node may choose from."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    common = {
        "max_iter": rounds, "learning_rate": learning_rate, "max_leaf_nodes": leaves, "min_samples_leaf": leaf,
        "l2_regularization": ridge, "max_features": columns, "early_stopping": early_stopping, "random_state": setting.seed,
    }  # fmt: skip
    if setting.classifies:
        return HistGradientBoostingClassifier(class_weight=Weighting[class_weight], **common)
    return HistGradientBoostingRegressor(**common)


@model("XGBoost", reference="Chen and Guestrin 2016, KDD 22:785", simplicity=41)
def xgboost(
    setting: Setting,
    rounds: Annotated[int, Int(5, 5000)] = 100,
    learning_rate: Annotated[float, Real(0.005, 0.5, log=True)] = 0.2,
    depth: Annotated[int, Int(1, 14)] = 4,
    min_weight: Annotated[float, Real(0, 100)] = 1.0,
    row_share: Annotated[float, Real(0.2, 1)] = 1.0,
    column_share: Annotated[float, Real(0.02, 1)] = 1.0,
    ridge: Annotated[float, Real(0, 1000)] = 1.0,
    lasso: Annotated[float, Real(0, 100)] = 0.0,
    bins: Annotated[int, Int(8, 512)] = 64,
    class_weight: Annotated[str, WEIGHTING] = "none",
    patience: Annotated[int, Int(0, 500)] = 0,
) -> Any:
    """Boosting on binned columns; with ``patience`` a seventh of the rows is held back to find the number of rounds."""
    from bioautofeat.models.estimators.boosted import BoostedClassifier, BoostedRegressor

    settings = {
        "learning_rate": learning_rate, "depth": depth, "min_weight": min_weight, "row_share": row_share,
        "column_share": column_share, "ridge": ridge, "lasso": lasso, "bins": bins,
    }  # fmt: skip
    if setting.classifies:
        return BoostedClassifier(rounds, settings, class_weight, patience, setting.threads, setting.seed)
    return BoostedRegressor(rounds, settings, patience, setting.threads, setting.seed)


@model("LightGBM", reference="Ke 2017, NIPS 30:3146", simplicity=42, library="lightgbm")
def lightgbm(
    setting: Setting,
    rounds: Annotated[int, Int(5, 5000)] = 100,
    learning_rate: Annotated[float, Real(0.005, 0.5, log=True)] = 0.1,
    leaves: Annotated[int, Int(2, 255)] = 15,
    leaf: Annotated[int, Int(1, 200)] = 5,
    row_share: Annotated[float, Real(0.2, 1)] = 1.0,
    column_share: Annotated[float, Real(0.02, 1)] = 1.0,
    ridge: Annotated[float, Real(0, 1000)] = 1.0,
    lasso: Annotated[float, Real(0, 100)] = 0.0,
    bins: Annotated[int, Int(8, 512)] = 64,
    class_weight: Annotated[str, WEIGHTING] = "none",
    patience: Annotated[int, Int(0, 500)] = 0,
) -> Any:
    """Boosting by trees grown leaf by leaf, ``leaf`` rows at least in each; columns that exclude each other are bundled."""
    from bioautofeat.models.estimators.boosted import LightGBMClassifier, LightGBMRegressor

    settings = {
        "learning_rate": learning_rate, "leaves": leaves, "leaf": leaf, "row_share": row_share,
        "column_share": column_share, "ridge": ridge, "lasso": lasso, "bins": bins,
    }  # fmt: skip
    if setting.classifies:
        return LightGBMClassifier(rounds, settings, class_weight, patience, setting.threads, setting.seed)
    return LightGBMRegressor(rounds, settings, patience, setting.threads, setting.seed)


@model("CatBoost", reference="Prokhorenkova 2018, NeurIPS 31:6638", simplicity=43, library="catboost")
def catboost(
    setting: Setting,
    rounds: Annotated[int, Int(5, 5000)] = 200,
    learning_rate: Annotated[float, Real(0.005, 0.5, log=True)] = 0.1,
    depth: Annotated[int, Int(1, 10)] = 5,
    row_share: Annotated[float, Real(0.2, 1)] = 0.8,
    column_share: Annotated[float, Real(0.02, 1)] = 1.0,
    ridge: Annotated[float, Real(0, 1000)] = 3.0,
    bins: Annotated[int, Int(8, 254)] = 64,
    class_weight: Annotated[str, WEIGHTING] = "none",
    patience: Annotated[int, Int(0, 500)] = 0,
) -> Any:
    """Boosting by symmetric trees: one question for all nodes of a level, so ``2^depth`` leaves and little to overfit."""
    from bioautofeat.models.estimators.boosted import CatBoostClassifier, CatBoostRegressor

    settings = {
        "learning_rate": learning_rate, "depth": depth, "row_share": row_share, "column_share": column_share,
        "ridge": ridge, "bins": bins,
    }  # fmt: skip
    if setting.classifies:
        return CatBoostClassifier(rounds, settings, class_weight, patience, setting.threads, setting.seed)
    return CatBoostRegressor(rounds, settings, patience, setting.threads, setting.seed)
