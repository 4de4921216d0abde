"""Models of similarity between rows: support vector machines, landmarks, nearest neighbours."""

from __future__ import annotations

from typing import Annotated, Any

from bioautofeat.models._registry import Setting, model
from bioautofeat.models._steps import WEIGHTING, Weighting, scaled
from bioautofeat.parameters import Choice, Int, Real

__all__ = ["kernel_knn", "kernel_svm", "knn", "nystroem", "svm"]


@model(
    "Support vector machine with the radial kernel, calibrated",
    reference="Cortes and Vapnik 1995, Mach Learn 20:273; Platt 1999; Wu 2004, J Mach Learn Res 5:975",
    simplicity=20, rows=8000, classes=40, keeps_rows=True,
)  # fmt: skip
def svm(
    setting: Setting,
    c: Annotated[float, Real(1e-2, 1e3, log=True)] = 10.0,
    width: Annotated[float, Real(1e-2, 1e2, log=True)] = 1.0,
    epsilon: Annotated[float, Real(1e-3, 1, log=True)] = 0.1,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """Classification: one machine a pair of classes; regression: errors below ``epsilon`` deviations cost nothing.

    ``width`` is relative: gamma is ``width / (columns x variance)``.
    """
    from bioautofeat.models.estimators.machines import RadialMachine, RadialRegressor

    if setting.classifies:
        return scaled(RadialMachine(c, width, class_weight, random_state=setting.seed))
    return scaled(RadialRegressor(c, width, epsilon))


@model(
    "Support vector machine on string kernels, calibrated",
    reference="Leslie 2002, Pac Symp Biocomput 7:564; Platt 1999; Wu 2004, J Mach Learn Res 5:975",
    simplicity=22, rows=3000, classes=40, sparse=False, square=True,
)  # fmt: skip
def kernel_svm(
    setting: Setting,
    c: Annotated[float, Real(1e-2, 1e3, log=True)] = 1.0,
    epsilon: Annotated[float, Real(1e-3, 1, log=True)] = 0.1,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """For the table of ``string_kernel`` and no other: its columns are the kernels with the training rows, in their order."""
    from bioautofeat.models.estimators.tables import TableMachine, TableRegressor

    if setting.classifies:
        return TableMachine(c, class_weight, random_state=setting.seed)
    return TableRegressor(c, epsilon)


@model(
    "Radial kernel with landmarks, and a linear model on it",
    reference="Williams and Seeger 2001, NIPS 13:682", simplicity=21, keeps_rows=True,
)  # fmt: skip
def nystroem(
    setting: Setting,
    landmarks: Annotated[int, Int(10, 5000)] = 1000,
    c: Annotated[float, Real(1e-2, 1e3, log=True)] = 10.0,
    width: Annotated[float, Real(1e-2, 1e2, log=True)] = 1.0,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """For more rows than a support vector machine can take: logistic or ridge regression on landmark kernels."""
    from sklearn.linear_model import Ridge

    from bioautofeat.models.estimators.linear import Logistic
    from bioautofeat.models.estimators.machines import LandmarkMap

    mapped = LandmarkMap(landmarks, width, setting.seed)
    if setting.classifies:
        last = Logistic(C=c, class_weight=Weighting[class_weight], max_iter=200, random_state=setting.seed)
        return scaled(mapped, last)
    return scaled(mapped, Ridge(alpha=1.0 / c, random_state=setting.seed))


@model(
    "Nearest neighbours",
    reference="Cover and Hart 1967, IEEE Trans Inf Theory 13:21", simplicity=6, rows=20_000, keeps_rows=True,
)  # fmt: skip
def knn(
    setting: Setting,
    k: Annotated[int, Int(1, 100)] = 5,
    metric: Annotated[str, Choice("cosine", "euclidean")] = "cosine",
    weights: Annotated[str, Choice("uniform", "distance")] = "distance",
) -> Any:
    """Shares of the classes, or the mean value, among the ``k`` nearest training rows on standardised columns."""
    from bioautofeat.models.estimators.nearest import NearestClassifier, NearestRegressor

    return scaled((NearestClassifier if setting.classifies else NearestRegressor)(k, metric, weights))


@model(
    "Nearest neighbours by similarity of sequences",
    reference="Cover and Hart 1967, IEEE Trans Inf Theory 13:21",
    simplicity=7, rows=3000, sparse=False, square=True,
)  # fmt: skip
def kernel_knn(
    setting: Setting,
    k: Annotated[int, Int(1, 100)] = 5,
    weights: Annotated[str, Choice("uniform", "similarity")] = "uniform",
) -> Any:
    """For the table of ``string_kernel``, as ``kernel_svm``: the ``k`` training records that are most similar vote."""
    from bioautofeat.models.estimators.tables import TableNearestClassifier, TableNearestRegressor

    return (TableNearestClassifier if setting.classifies else TableNearestRegressor)(k, weights)
