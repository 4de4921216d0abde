"""A table of features: values, names of columns, ids of rows, and labels where they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError, TableError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["FeatureTable"]


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of records, one row a record.

    Parameters
    ----------
    values : ndarray or csr_matrix, shape (n, d)
        float64 or float32.
    names : tuple of str, length d
    ids : tuple of str, length n
    labels : tuple of (str or None), length n, optional
        Empty where no labels are known.
    metadata : mapping
        What the columns were made of: specs, alphabet, whether anything was fitted on these records.
    """

    values: NDArray[Any] | csr_matrix
    names: tuple[str, ...]
    ids: tuple[str, ...]
    labels: tuple[str | None, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("names", "ids", "labels"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.values.shape != (len(self.ids), len(self.names)):
            raise TableError(f"values of shape {self.values.shape} for {len(self.ids)} ids and {len(self.names)} names")
        if self.labels and len(self.labels) != len(self.ids):
            raise TableError(f"{len(self.labels)} labels for {len(self.ids)} ids")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.ids), len(self.names)

    @property
    def is_sparse(self) -> bool:
        """Whether the values are a sparse matrix."""
        return not isinstance(self.values, np.ndarray)

    def dense(self) -> NDArray[Any]:
        """The values as an array."""
        return self.values if isinstance(self.values, np.ndarray) else np.asarray(self.values.toarray())

    def to_frame(self, library: str = "pandas") -> Any:
        """The table as a data frame, ids as its index (pandas) or first column (polars)."""
        if library == "polars":
            import polars

            columns: dict[str, Any] = {"id": list(self.ids)}
            columns.update(zip(self.names, self.dense().T, strict=True))
            return polars.DataFrame(columns | ({"label": list(self.labels)} if self.labels else {}))
        if library != "pandas":
            raise ParameterError(f"unknown library {library!r}: use pandas or polars")
        import pandas

        frame = pandas.DataFrame(
            self.dense(),
            index=pandas.Index(self.ids, name="id"),
            columns=list(self.names),
        )
        return frame.assign(label=list(self.labels)) if self.labels else frame

    @staticmethod
    def beside(tables: Sequence[FeatureTable]) -> FeatureTable:
        """Tables of the same records side by side."""
        if any(table.ids != tables[0].ids for table in tables):
            raise TableError("only tables of the same records, in the same order, can stand side by side")
        names = _unique(name for table in tables for name in table.names)
        if any(table.is_sparse for table in tables):
            from scipy.sparse import hstack

            values = hstack([table.values for table in tables], format="csr")
        else:
            values = np.hstack([table.values for table in tables])
        return FeatureTable(values, names, tables[0].ids, tables[0].labels, tables[0].metadata)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    listed = tuple(names)
    if len(set(listed)) != len(listed):
        seen: set[str] = set()
        double = next(name for name in listed if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise TableError(f"column {double!r} would stand twice")
    return listed
