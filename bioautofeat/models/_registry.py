"""The registry of models: one row each, written once by ``@model`` above the function that builds its estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from bioautofeat.errors import ParameterError
from bioautofeat.models.selection import Selection, selected
from bioautofeat.parameters import Parameter, parameters_of, unknown

__all__ = ["CLASSIFICATION", "REGRESSION", "Model", "Setting", "find", "get", "model"]

CLASSIFICATION = "classification"
REGRESSION = "regression"


@dataclass(frozen=True)
class Setting:
    """What a builder is told beside the model's own parameters: the task, the seed, the number of threads."""

    task: str
    seed: int = 0
    threads: int = 1

    @property
    def classifies(self) -> bool:
        """Whether the task is classification."""
        return self.task == CLASSIFICATION


@dataclass(frozen=True)
class Model:
    """What is known of a model before any data are seen.

    Parameters
    ----------
    name, title : str
    tasks : frozenset of str
        ``"classification"``, ``"regression"``.
    parameters : mapping of str to Parameter
    reference : str
    simplicity : int
        Place in the order of models from simple to complex; of two that score alike the smaller is preferred.
    sparse : bool
        Whether sparse tables are taken as they are.
    rows, classes : int or None
        Number of training rows and of classes beyond which the model is too dear to be worth it.
    keeps_rows : bool
        Whether a fitted one holds training rows.
    library : str
        Name of a library beyond the package's own requirements that fits it; empty where none is needed.
    square : bool
        Whether it takes nothing but a table with one column for each training row, as ``string_kernel`` makes it.
    builder : callable
        ``builder(setting, **parameters)`` gives the scikit-learn estimator.
    """

    name: str
    title: str
    tasks: frozenset[str]
    parameters: Mapping[str, Parameter]
    reference: str
    simplicity: int
    sparse: bool
    rows: int | None
    classes: int | None
    keeps_rows: bool
    library: str
    square: bool
    builder: Callable[..., Any]

    @property
    def available(self) -> bool:
        """Whether the library that fits it is installed (it is looked for, not imported)."""
        return not self.library or find_spec(self.library) is not None

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters, those not given at their defaults; :class:`ParameterError` for what is outside its range."""
        found = {name: parameter.default for name, parameter in self.parameters.items()}
        for name, value in values.items():
            if name not in self.parameters:
                raise ParameterError(f"{self.name}: {unknown('parameter', name, self.parameters)}")
            try:
                found[name] = self.parameters[name].range.check(value)
            except ParameterError as error:
                raise ParameterError(f"{self.name}: {name}: {error}") from None
        return found

    def build(
        self, task: str, values: Mapping[str, Any], *, seed: int = 0, threads: int = 1, selection: Selection | None = None
    ) -> Any:  # fmt: skip
        """An estimator, not fitted, with the scaling and filling it needs.

        Parameters
        ----------
        task : {"classification", "regression"}
        values : mapping of str to value
            Parameters that differ from their defaults.
        seed, threads : int
        selection : Selection, optional
            Which columns it sees, chosen on the rows that it is fitted on and before anything else is done to them.

        Raises
        ------
        ParameterError
            For another task, a value outside its range, a library that is not installed.
        """
        if task not in self.tasks:
            raise ParameterError(f"{self.name} is for {' and '.join(sorted(self.tasks))}, not for {task!r}")
        setting, checked = Setting(task, seed, threads), self.checked(values)
        if not self.available:
            raise ParameterError(
                f"{self.name} needs the library {self.library}, which is not installed: pip install 'bioautofeat[{self.library}]'"
            )
        if selection is None:
            return self.builder(setting, **checked)
        if self.square:
            raise ParameterError(f"{self.name} needs all columns of its table: it cannot be given a selection")
        return selected(self.builder(setting, **checked), selection, setting.classifies, seed, threads)


_rows: dict[str, Model] = {}


def model(
    title: str,
    *,
    reference: str,
    simplicity: int,
    tasks: tuple[str, ...] = (CLASSIFICATION, REGRESSION),
    sparse: bool = True,
    rows: int | None = None,
    classes: int | None = None,
    keeps_rows: bool = False,
    library: str = "",
    square: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the function below as a model; its signature, after the setting, is its parameter table."""

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        name = build.__name__
        if name in _rows:
            raise ParameterError(f"model {name!r} is already registered")
        _rows[name] = Model(
            name, title, frozenset(tasks), parameters_of(build, skip=1), reference, simplicity, sparse, rows, classes, keeps_rows,
            library, square, build,
        )  # fmt: skip
        return build

    return register


def get(name: str) -> Model:
    """The model of that name."""
    if name not in _rows:
        raise unknown("model", name, _rows)
    return _rows[name]


def find(task: str | None = None, *, absent: bool = False, square: bool = False) -> list[Model]:
    """All models, or those of a task, from simple to complex.

    Parameters
    ----------
    task : {"classification", "regression"}, optional
    absent : bool
        Whether to list those as well whose library is not installed.
    square : bool
        Whether to list those as well that take nothing but a table of similarities to the training rows.
    """
    if task not in (None, CLASSIFICATION, REGRESSION):
        raise ParameterError(f"unknown task {task!r}: use {CLASSIFICATION} or {REGRESSION}")
    listed = (m for m in _rows.values() if (absent or m.available) and (square or not m.square))
    return sorted((m for m in listed if task is None or task in m.tasks), key=lambda m: (m.simplicity, m.name))
