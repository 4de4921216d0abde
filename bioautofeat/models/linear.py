"""Linear models, naive Bayes, and the answer that ignores the row."""

from __future__ import annotations

from typing import Annotated, Any

from bioautofeat.models._registry import CLASSIFICATION, REGRESSION, Setting, model
from bioautofeat.models._steps import WEIGHTING, Weighting, scaled, steps
from bioautofeat.parameters import Choice, Real

__all__ = ["dummy", "elastic_net", "gaussian_bayes", "lda", "linear_svm", "logistic", "multinomial_bayes", "ridge"]


@model("Class frequencies or the mean, whatever the row", reference="none: the baseline", simplicity=0)
def dummy(setting: Setting) -> Any:
    """The baseline: frequencies of the training classes, or the mean of the training values."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return DummyClassifier(strategy="prior") if setting.classifies else DummyRegressor()


@model("Logistic regression", reference="Cox 1958, J R Stat Soc B 20:215", simplicity=10, tasks=(CLASSIFICATION,))
def logistic(
    setting: Setting,
    c: Annotated[float, Real(1e-4, 1e3, log=True)] = 0.1,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """Multinomial logistic regression with a squared penalty on standardised columns; ``c`` is its inverse strength."""
    from bioautofeat.models.estimators.linear import Logistic

    return scaled(Logistic(C=c, class_weight=Weighting[class_weight], max_iter=200, random_state=setting.seed))


@model(
    "Linear discriminant analysis with shrinkage",
    reference="Ledoit and Wolf 2004, J Multivar Anal 88:365", simplicity=11, tasks=(CLASSIFICATION,), sparse=False,
)  # fmt: skip
def lda(setting: Setting, class_weight: Annotated[str, WEIGHTING] = "none") -> Any:
    """Normal classes of one covariance, drawn towards the diagonal as far as Ledoit and Wolf's estimate says."""
    from bioautofeat.models.estimators.linear import Discriminant

    return scaled(Discriminant(class_weight))


@model(
    "Linear support vector machine, calibrated",
    reference="Cortes and Vapnik 1995, Mach Learn 20:273", simplicity=12, tasks=(CLASSIFICATION,),
)  # fmt: skip
def linear_svm(
    setting: Setting,
    c: Annotated[float, Real(1e-5, 1e2, log=True)] = 0.01,
    class_weight: Annotated[str, WEIGHTING] = "none",
) -> Any:
    """One machine against the rest for each class; probabilities from decision values on held-out folds."""
    from bioautofeat.models.estimators.machines import LinearMachine

    return scaled(LinearMachine(c, class_weight, random_state=setting.seed))


@model("Ridge regression", reference="Hoerl and Kennard 1970, Technometrics 12:55", simplicity=10, tasks=(REGRESSION,))
def ridge(setting: Setting, strength: Annotated[float, Real(1e-3, 1e6, log=True)] = 100.0) -> Any:
    """Least squares on standardised columns with a squared penalty of this strength."""
    from sklearn.linear_model import Ridge

    return scaled(Ridge(alpha=strength, random_state=setting.seed))


@model("Elastic net", reference="Zou and Hastie 2005, J R Stat Soc B 67:301", simplicity=11, tasks=(REGRESSION,))
def elastic_net(
    setting: Setting,
    strength: Annotated[float, Real(1e-4, 1e2, log=True)] = 0.05,
    lasso_share: Annotated[float, Real(0.01, 1)] = 0.5,
) -> Any:
    """Least squares with an absolute and a squared penalty: few columns keep a weight."""
    from bioautofeat.models.estimators.linear import Elastic

    return scaled(Elastic(alpha=strength, l1_ratio=lasso_share, max_iter=2000, random_state=setting.seed))


@model(
    "Gaussian naive Bayes",
    reference="Hand and Yu 2001, Int Stat Rev 69:385", simplicity=5, tasks=(CLASSIFICATION,), sparse=False,
)  # fmt: skip
def gaussian_bayes(setting: Setting, smoothing: Annotated[float, Real(1e-9, 1, log=True)] = 1e-3) -> Any:
    """Columns as independent normal variables; ``smoothing``, a share of the largest variance, is added to each."""
    from sklearn.naive_bayes import GaussianNB

    return scaled(GaussianNB(var_smoothing=smoothing))


@model(
    "Multinomial naive Bayes",
    reference="McCallum and Nigam 1998, AAAI Workshop 752:41", simplicity=5, tasks=(CLASSIFICATION,), sparse=False,
)  # fmt: skip
def multinomial_bayes(
    setting: Setting,
    smoothing: Annotated[float, Real(1e-3, 1e2, log=True)] = 1.0,
    priors: Annotated[str, Choice("classes", "uniform")] = "classes",
) -> Any:
    """Columns, brought to 0..1, as counts of words; ``smoothing`` is added to each."""
    from sklearn.naive_bayes import MultinomialNB

    from bioautofeat.models.estimators.prepare import ZeroToOne

    return steps(ZeroToOne(), MultinomialNB(alpha=smoothing, fit_prior=priors == "classes"))
