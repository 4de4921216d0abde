"""Choosing columns: by the F test of each by itself, or by what they gain in a short run of XGBoost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from bioautofeat.models.estimators._base import dense_rows
from bioautofeat.models.estimators.job import Job
from bioautofeat.models.estimators.prepare import FillMissing
from bioautofeat.models.predictors.transforms import Select
from bioautofeat.models.selection import Selection

__all__ = ["ChooseColumns", "f_of_classes", "f_of_values", "gains"]

CELLS = 1 << 21
"""Cells of the table that are looked at together."""

ROUNDS, DEPTH, RATE, LEAST = 50, 3, 0.15, 2.0
"""The short run: shallow trees, for deep ones gain from noise as well."""

LOOKED_AT = 200
"""Columns that each tree of the short run may choose from, at least; half of them where there are more."""


def _block(rows: Any, start: int, stop: int) -> NDArray[np.float64]:
    """Some columns in double precision, their gaps filled."""
    block = rows[:, start:stop]
    if hasattr(block, "toarray"):
        return dense_rows(block)
    gaps = np.isnan(block)
    filled = FillMissing().fit_transform(block) if gaps.any() else block
    return np.asarray(filled, np.float64)


def _ratio(explained: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over the other: infinite where nothing is left over."""
    out = np.full(explained.shape, np.inf)
    return np.divide(explained, rest, out=out, where=rest > 0)


def f_of_classes(block: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float64]:
    """F of the class means of each column: variance between classes over variance within; Fisher 1925.

    Sums run row by row, so that no bit depends on the number of threads.  A column that does not vary has -1.
    """
    n, counts = len(block), np.bincount(codes)
    mean = block.mean(axis=0)
    between, within = np.zeros(block.shape[1]), np.zeros(block.shape[1])
    for c, count in enumerate(counts.tolist()):
        part = block[codes == c]
        centre = part.mean(axis=0) if count else mean
        between += count * (centre - mean) ** 2
        within += ((part - centre) ** 2).sum(axis=0)
    freedom = max(1, n - len(counts)) / max(1, len(counts) - 1)
    return np.where(_varies(block), freedom * _ratio(between, within), -1.0)


def f_of_values(block: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """F of the correlation of each column with the values, ``r^2 / (1 - r^2) (n - 2)``; -1 for one that does not vary."""
    centred, wanted = block - block.mean(axis=0), values - values.mean()
    total, spread = (centred**2).sum(axis=0), float((wanted**2).sum())
    share = (centred * wanted[:, None]).sum(axis=0) ** 2
    explained = np.divide(share, total * spread, out=np.zeros_like(share), where=total * spread > 0)
    explained = np.minimum(explained, 1.0)
    return np.where(_varies(block), max(1, len(block) - 2) * _ratio(explained, 1.0 - explained), -1.0)


def _varies(block: NDArray[np.float64]) -> NDArray[np.bool_]:
    varies: NDArray[np.bool_] = block.min(axis=0) < block.max(axis=0)
    return varies


def gains(job: Job) -> NDArray[np.float64]:
    """What the splits of each column have gained in all, over the trees of a job of XGBoost; shape ``(columns,)``."""
    from bioautofeat.models.estimators.xgboost_trees import booster_of

    found = booster_of(job).get_score(importance_type="total_gain")
    out = np.zeros(job.rows.shape[1])
    for name, gain in found.items():
        out[int(name[1:])] = gain
    return out


class ChooseColumns(SelectorMixin, TransformerMixin, BaseEstimator):
    """Keep the columns that say most of the target, in the order of the table.

    Parameters
    ----------
    method : {"anova", "gain"}
    columns : int or float
        Number of columns, or share; see :class:`bioautofeat.models.Selection`.
    classifies : bool
        Whether the targets are classes.
    threads, random_state : int
    """

    def __init__(
        self, method: str = "anova", columns: int | float = 0.5, classifies: bool = True, threads: int = 1, random_state: int = 0
    ) -> None:  # fmt: skip
        self.method = method
        self.columns = columns
        self.classifies = classifies
        self.threads = threads
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        return tags

    def _rows(self, rows: Any, y: Any = "no_validation") -> Any:
        given = {} if isinstance(y, str) else {"y": y}
        return validate_data(
            self, rows, **given, reset=bool(given), accept_sparse="csr", dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )  # fmt: skip

    def fit(self, rows: Any, y: Any) -> ChooseColumns:
        """Choose, by these rows and their targets alone."""
        selection = Selection(self.method, self.columns)
        rows, y = self._rows(rows, y)
        target = np.unique(y, return_inverse=True)[1] if self.classifies else np.asarray(y, np.float64)
        scores = self._f(rows, target)
        keys = [np.arange(len(scores)), -scores]
        if selection.method == "gain" and (scores >= 0).any():
            keys.append(-self._gains(rows, target))
        chosen = np.sort(np.lexsort(keys)[: selection.count(len(scores))])
        self.transform_ = Select(chosen.astype(np.int64), len(scores))
        return self

    def _f(self, rows: Any, target: NDArray[Any]) -> NDArray[np.float64]:
        test = f_of_classes if self.classifies else f_of_values
        width = rows.shape[1]
        size = max(1, CELLS // max(1, rows.shape[0]))
        rows = rows.tocsc() if hasattr(rows, "tocsc") else rows
        parts = [test(_block(rows, start, min(width, start + size)), target) for start in range(0, width, size)]
        return np.concatenate(parts)

    def _gains(self, rows: Any, target: NDArray[Any]) -> NDArray[np.float64]:
        n, width = rows.shape
        share = min(1.0, max(LOOKED_AT / width, 0.5))
        settings = {
            "learning_rate": RATE, "depth": DEPTH, "bins": 64, "column_share": share, "row_share": 0.8, "min_weight": LEAST,
        }  # fmt: skip
        classes, values = (int(target.max()) + 1, target) if self.classifies else (0, target - target.mean())
        job = Job(
            dense_rows(rows, np.float32), values, classes, None, np.zeros(n, bool), ROUNDS, settings, 0, self.threads, self.random_state
        )  # fmt: skip
        return gains(job)

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self, "transform_")
        mask = np.zeros(self.transform_.n_columns, bool)
        mask[self.transform_.columns] = True
        return mask

    def transform(self, rows: Any) -> Any:
        """The chosen columns."""
        check_is_fitted(self, "transform_")
        return self._rows(rows)[:, self.transform_.columns]
