"""A fitted model as users hold it: from sequences, or from rows of a table, to labels and probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet
from bioautofeat.errors import AlphabetError, ModelError, TableError
from bioautofeat.extraction import DENSE_COLUMNS, Extractor
from bioautofeat.models.predictors import Predictor
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

__all__ = ["FittedModel", "Prediction"]

CELLS = 1 << 22
"""About as many cells of the feature table are held at a time (32 MB)."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of records, in their order.

    Parameters
    ----------
    ids : tuple of str, length n
    labels : tuple of str, length n
        Classes by the model's decision rule; empty for regression.
    probabilities : ndarray of float64, shape (n, classes), optional
    values, low, high : ndarray of float64, shape (n,), optional
        Values and the bounds of a 90 % interval, for regression.
    classes : tuple of str
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...] = ()
    probabilities: NDArray[np.float64] | None = None
    values: NDArray[np.float64] | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of :meth:`rows`."""
        if self.values is None:
            return ["id", "prediction", *(f"p_{name}" for name in self.classes)]
        return ["id", "prediction", *(["low", "high"] if self.low is not None else [])]

    def rows(self) -> Iterator[list[str]]:
        """One row a record: id, prediction, and the probabilities or the bounds as shortest decimals."""
        if self.values is None and self.probabilities is not None:
            for name, label, row in zip(self.ids, self.labels, self.probabilities.tolist(), strict=True):
                yield [name, label, *map(repr, row)]
            return
        numbers = [column for column in (self.values, self.low, self.high) if column is not None]
        for name, row in zip(self.ids, np.column_stack(numbers).tolist(), strict=True):
            yield [name, *map(repr, row)]

    @staticmethod
    def joined(parts: Sequence[Prediction]) -> Prediction:
        """Predictions of consecutive batches as one."""

        def stacked(name: str) -> Any:
            arrays = [getattr(part, name) for part in parts]
            return None if arrays[0] is None else np.concatenate(arrays)

        ids, labels = (tuple(x for part in parts for x in getattr(part, name)) for name in ("ids", "labels"))
        numbers = {name: stacked(name) for name in ("probabilities", "values", "low", "high")}
        return Prediction(ids, labels, classes=parts[0].classes, **numbers)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Descriptors with all they have learnt, a predictor, and the rule that turns probabilities into a class.

    Parameters
    ----------
    predictor : Predictor
    task : {"classification", "regression"}
    classes : tuple of str
        In the order of the predictor's probabilities; empty for regression.
    extractor : Extractor or None
        Fitted descriptors; None for a model of a table's columns.
    names : tuple of str
        The columns; those of the extractor and the external ones where there is an extractor.
    ambiguous : {"skip", "error"}
    dtype : {"float64", "float32"}
        Of the feature table that the model was trained on.
    rule : ndarray of float64, shape (classes,), optional
        The class with the largest probability times its weight here is predicted; equal weights without it.
    interval : (float, float), optional
        What is added to a value for the bounds of its 90 % interval.
    metadata : mapping
        JSON: metrics, seed, hash of the training set, whatever else belongs to the model's history.
    files : mapping of str to str, optional
        Texts of the users' files that the descriptors' specs name; read from the disk when the model is saved.
    external : tuple of str
        Columns made elsewhere that stand after those of the extractor (which may have none of its own); whoever
        predicts brings them.
    beside : FeatureTable, optional
        Such columns of the records to come, joined by id; not saved.  See :meth:`with_features`.
    """

    predictor: Predictor
    task: str
    classes: tuple[str, ...] = ()
    extractor: Extractor | None = None
    names: tuple[str, ...] = ()
    ambiguous: str = "skip"
    dtype: str = "float64"
    rule: NDArray[np.float64] | None = None
    interval: tuple[float, float] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] | None = None
    external: tuple[str, ...] = ()
    beside: FeatureTable | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(str(name) for name in self.classes))
        object.__setattr__(self, "external", tuple(self.external))
        width = len(self.names) if self.extractor is None else self.extractor.width + len(self.external)
        if width != self.predictor.n_columns:
            raise ModelError(f"the model has {self.predictor.n_columns:,} columns, its descriptors give {width:,}")
        if self.extractor is not None:
            object.__setattr__(self, "names", (*self.extractor.names, *self.external))
        elif self.external:
            raise ModelError("a model of a table has no columns beside it")
        self._check_task()
        if self.ambiguous not in ("skip", "error") or self.dtype not in ("float64", "float32"):
            raise ModelError(f"unknown setting {self.ambiguous!r} or {self.dtype!r} of the descriptors")

    def _check_task(self) -> None:
        if self.task not in ("classification", "regression"):
            raise ModelError(f"unknown task {self.task!r}")
        if self.predictor.n_classes != (len(self.classes) if self.task == "classification" else 0):
            raise ModelError(f"{len(self.classes)} classes, but the predictor has {self.predictor.n_classes}")
        if len(set(self.classes)) != len(self.classes):
            raise ModelError("a class stands twice")
        if self.rule is not None:
            rule = np.asarray(self.rule, np.float64)
            if rule.shape != (len(self.classes),) or not np.all(rule > 0) or not np.isfinite(rule).all():
                raise ModelError("the decision rule must have one positive weight a class")
            object.__setattr__(self, "rule", rule)
        if self.interval is not None:
            low, high = (float(bound) for bound in self.interval)
            if self.task != "regression" or not np.isfinite([low, high]).all() or low > high:
                raise ModelError("an interval has two finite bounds, and belongs to regression")
            object.__setattr__(self, "interval", (low, high))

    @property
    def alphabet(self) -> Alphabet | None:
        """The alphabet of the sequences it takes; None for a model of a table's columns."""
        return None if self.extractor is None else self.extractor.alphabet

    @property
    def keeps(self) -> tuple[str, ...]:
        """What of the training set the model holds: ``rows`` of features, ``sequences``, neither."""
        rows = any(part.keeps_rows for part in self.predictor.parts_below())
        sequences = self.extractor is not None and any(map(_holds_sequences, self.extractor.terms))
        return ("rows",) * rows + ("sequences",) * sequences

    def features(self, seqs: Sequences, threads: int = 1, columns: NDArray[Any] | None = None) -> Any:
        """The feature table of sequences as the predictor takes it (sparse where it is very wide).

        Parameters
        ----------
        seqs : Sequences
        threads : int
        columns : ndarray, shape (n, external), optional
            The external columns of these very records; by default those of ``beside``, joined by id.
        """
        if self.extractor is None:
            raise ModelError("the model takes rows of a table, not sequences")
        if seqs.alphabet != self.extractor.alphabet:
            raise AlphabetError(f"{seqs.alphabet.name} sequences given to a model of {self.extractor.alphabet.name}")
        wide = self.extractor.width > DENSE_COLUMNS
        ambiguous: Any = self.ambiguous
        table = self.extractor.transform(
            seqs, short="zero", ambiguous=ambiguous, threads=threads, dtype=np.dtype(self.dtype), sparse=wide
        )
        if not self.external:
            return table
        more = self.columns_for(seqs.ids, repeats=True) if columns is None else columns
        return _side_by_side(table, np.asarray(more, np.dtype(self.dtype)))

    def with_features(self, table: FeatureTable) -> FittedModel:
        """The model with the external columns of the records it will be given, joined by id."""
        return replace(self, beside=table)

    def columns_for(
        self, ids: Sequence[str], table: FeatureTable | NDArray[Any] | None = None, *, repeats: bool = False
    ) -> NDArray[Any] | None:
        """The external columns of records; None where the model has none.

        Parameters
        ----------
        ids : sequence of str, length n
        table : FeatureTable or ndarray of shape (n, d), optional
            Joined by id (rows of an array are those of the records); by default ``beside``.
        repeats : bool
            Whether an id may stand for several records.

        Raises
        ------
        TableError
            Where there is no table, or a record or a column is not in it.
        """
        from bioautofeat.io.joined import columns_beside, rows_by_id

        if not self.external:
            return None
        table = self.beside if table is None else table
        if table is None:
            raise TableError(
                f"the model needs {len(self.external)} columns made elsewhere ({_listed(self.external)}): give features (--features FILE)"
            )
        rows = rows_by_id(table, ids, repeats=True) if repeats and isinstance(table, FeatureTable) else None
        found = columns_beside(table, ids) if rows is None else rows
        return found.dense()[:, _places(self.external, found.names)]

    def predict(
        self, seqs: Sequences, threads: int = 1, features: FeatureTable | NDArray[Any] | None = None
    ) -> Prediction:
        """Labels and probabilities, or values and intervals, of sequences; memory is bounded whatever their number.

        Parameters
        ----------
        seqs : Sequences
        threads : int
        features : FeatureTable or ndarray, optional
            The external columns, where the model needs any; see :meth:`columns_for`.
        """
        size = int(np.clip(CELLS // max(1, self.predictor.n_columns) // 128 * 128, 128, 4096))
        columns = self.columns_for(seqs.ids, features, repeats=features is None)
        parts = []
        for start in range(0, max(1, len(seqs)), size):
            batch = seqs[start : start + size]
            own = None if columns is None else columns[start : start + size]
            parts.append(self.predict_rows(self.features(batch, threads, own), batch.ids, threads))
        return Prediction.joined(parts)

    def predict_rows(self, rows: Any, ids: Sequence[str] | None = None, threads: int = 1) -> Prediction:
        """As :meth:`predict`, from rows of the columns ``names``."""
        named = tuple(ids) if ids is not None else tuple(str(i + 1) for i in range(rows.shape[0]))
        if self.task == "classification":
            found = self.predictor.predict_proba(rows, threads)
            chosen = (found if self.rule is None else found * self.rule).argmax(axis=1)
            labels = tuple(self.classes[c] for c in chosen.tolist())
            return Prediction(named, labels, found, classes=self.classes)
        values = self.predictor.predict(rows, threads)
        if self.interval is None:
            return Prediction(named, values=values)
        return Prediction(named, values=values, low=values + self.interval[0], high=values + self.interval[1])

    def columns_of(self, names: Sequence[str]) -> list[int]:
        """Where a table's columns hold those of the model; :class:`TableError` names a missing one."""
        return _places(self.names, names)

    def save(self, path: str, *, created: str | None = None) -> str:
        """Write the model to a file that holds no code; returns its SHA-256.  See :func:`bioautofeat.bundle.save`."""
        from bioautofeat.bundle.store import save

        return save(path, self, created=created)


def _places(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where a table's columns hold those of a model; :class:`TableError` names a missing one."""
    places = {name: i for i, name in enumerate(names)}
    missing = [name for name in wanted if name not in places]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise TableError(f"column {missing[0]!r}{more} of the model is missing in the table")
    return [places[name] for name in wanted]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _side_by_side(table: Any, columns: NDArray[Any]) -> Any:
    if isinstance(table, np.ndarray):
        return np.hstack([table, columns])
    from scipy.sparse import csr_matrix, hstack

    return hstack([table, csr_matrix(columns)], format="csr")


def _holds_sequences(value: Any) -> bool:
    """Whether a term, or a part of it, holds training sequences."""
    from dataclasses import fields, is_dataclass

    if isinstance(value, Sequences):
        return True
    if isinstance(value, (tuple, list)):
        return any(map(_holds_sequences, value))
    if is_dataclass(value) and not isinstance(value, (type, Alphabet)):
        return any(_holds_sequences(getattr(value, place.name)) for place in fields(value))
    return False
