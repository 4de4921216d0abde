"""Which columns a model sees: chosen on its training rows, kept as indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import unknown

__all__ = ["METHODS", "Selection", "selected"]

METHODS = ("anova", "gain")
"""``anova``: the F test of each column by itself; ``gain``: what a column has gained in a short run of XGBoost."""


@dataclass(frozen=True)
class Selection:
    """The columns that say most of the target.

    Parameters
    ----------
    method : {"anova", "gain"}
        Order the columns by the F test of their class means (values: of their correlation), or by the gain of their splits
        in a short run of XGBoost, equal ones by F.  Columns that do not vary come last.
    columns : int or float
        How many are kept (an int; all where there are fewer), or which share of them (a float above 0 and up to 1; at
        least one).

    Examples
    --------
    >>> Selection("anova", 0.25).count(1000), Selection("gain", 300).count(1000), Selection("gain", 300).count(40)
    (250, 300, 40)
    """

    method: str
    columns: int | float

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown("method of selection", str(self.method), METHODS)
        whole = isinstance(self.columns, int) and not isinstance(self.columns, bool)
        if not (whole and self.columns >= 1) and not (isinstance(self.columns, float) and 0 < self.columns <= 1):
            raise ParameterError(
                f"selection: {self.columns!r} is neither a number of columns (1 or more) nor a share of them (0.01 .. 1.0)"
            )

    def count(self, width: int) -> int:
        """How many of ``width`` columns are kept."""
        return max(1, round(self.columns * width)) if isinstance(self.columns, float) else min(self.columns, width)


def selected(estimator: Any, selection: Selection, classifies: bool, seed: int, threads: int) -> Any:
    """The estimator behind a step that chooses columns."""
    from sklearn.pipeline import Pipeline

    from bioautofeat.models.estimators.choose import ChooseColumns

    chooser = ChooseColumns(selection.method, selection.columns, classifies, threads, seed)
    after = estimator.steps if isinstance(estimator, Pipeline) else [("model", estimator)]
    return Pipeline([("select", chooser), *after])
