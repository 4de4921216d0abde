"""The search as scikit-learn estimators: sequences in, probabilities or values out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from bioautofeat.audit import Part
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.executor import executor_for
from bioautofeat.automl.outputs import leaderboard_rows, predict_part
from bioautofeat.automl.prepare import Options, prepare_records, prepare_table
from bioautofeat.automl.run import Result, Run
from bioautofeat.bundle import FittedModel, Prediction
from bioautofeat.errors import LabelError, NotFittedError, ParameterError, TableError
from bioautofeat.extraction import available_threads
from bioautofeat.io.records import read_fasta
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

__all__ = ["AutoClassifier", "AutoRegressor"]

Array = NDArray[Any]


def _as_sequences(given: Any, alphabet: str) -> Sequences:
    """Sequences from a batch, a path, or strings."""
    if isinstance(given, Sequences):
        return given
    if isinstance(given, (str, os.PathLike)):
        return read_fasta(os.fspath(given), alphabet)
    texts = [str(text) for text in given]
    return Sequences.from_strings(texts, _guessed(texts) if alphabet == "auto" else alphabet)


def _guessed(texts: Sequence[str]) -> str:
    """The alphabet of strings: nucleotide codes alone are RNA where U stands and DNA else; more than half with another letter, protein."""
    nucleotides = set("ACGTURYSWKMBDHVN")
    foreign = sum(not set(text.upper()) <= nucleotides for text in texts)
    if not foreign:
        return "rna" if any("U" in text.upper() for text in texts) else "dna"
    if foreign * 2 <= len(texts):
        raise ParameterError(f"{foreign} of {len(texts)} sequences are no nucleotides: say which alphabet they are in")
    return "protein"


class _AutoModel(BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    task = "classification"
    model_: FittedModel

    def __init__(
        self, *, alphabet: str = "auto", metric: str | None = None, time_budget: float | None = 600.0, trials: int | None = None,
        preset: str = "balanced", descriptors: Sequence[str] = (), groups: Any = "auto", memory_limit: int | None = None,
        threads: int | None = None, random_state: int = 0, tell: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self.alphabet = alphabet
        self.metric = metric
        self.time_budget = time_budget
        self.trials = trials
        self.preset = preset
        self.descriptors = descriptors
        self.groups = groups
        self.memory_limit = memory_limit
        self.threads = threads
        self.random_state = random_state
        self.tell = tell

    def _options(self) -> Options:
        groups = self.groups if isinstance(self.groups, str) else tuple(str(group) for group in self.groups)
        return Options(
            self.task, self.metric, self.time_budget, self.trials, self.preset, tuple(self.descriptors), groups,
            self.memory_limit, int(self.random_state), self.threads or available_threads(),
        )  # fmt: skip

    def fit(self, seqs: Any, y: Any = None) -> Self:
        """Search for a model.

        Parameters
        ----------
        seqs : Sequences, path of a FASTA file, sequence of str, or FeatureTable
        y : sequence, length n
            Class or value of each record; a table may bring its own labels.
        """
        options = self._options()
        clock = Clock(options.time_budget)
        given = self._given(seqs, y)
        source = given.values if isinstance(given, FeatureTable) else given.sequences
        with executor_for(source, options.threads, options.memory_limit) as executor:
            if isinstance(given, FeatureTable):
                prepared = prepare_table(given, None, options, "the table")
            else:
                prepared = prepare_records(given, None, options)
            result = Run(prepared, options, clock, executor, None, self.tell or (lambda line: None)).go()
        self._take(result, y)
        return self

    def _given(self, seqs: Any, y: Any) -> FeatureTable | Part:
        """The records with their labels as texts."""
        labels = None if y is None else tuple(str(label) for label in y)
        if isinstance(seqs, FeatureTable):
            return FeatureTable(seqs.values, seqs.names, seqs.ids, seqs.labels if labels is None else labels)
        records = _as_sequences(seqs, self.alphabet)
        if labels is None:
            raise LabelError("no labels: give one a record, fit(seqs, y)")
        if len(labels) != len(records):
            raise LabelError(f"{len(labels)} labels for {len(records)} records")
        return Part(records, labels, "the sequences", "the labels")

    def _take(self, result: Result, y: Any) -> None:
        self.result_ = result
        self.model_ = result.model
        self.leaderboard_ = leaderboard_rows(result.board)
        self.metrics_ = {name: row.as_dict() for name, row in result.estimate.corrected.items()}

    def _fitted(self) -> FittedModel:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit(seqs, y) first")
        return self.model_

    def _prediction(self, seqs: Any) -> Prediction:
        model, threads = self._fitted(), self.threads or available_threads()
        if isinstance(seqs, FeatureTable):
            return predict_part(model, seqs, threads)
        if model.alphabet is None:
            raise TableError("the model was trained on a table: give a FeatureTable")
        return model.predict(_as_sequences(seqs, model.alphabet.name), threads)

    def save(self, path: str) -> str:
        """Write the model to a file that holds no code; returns its SHA-256.  ``bioautofeat.load`` reads it."""
        return self._fitted().save(path)


class AutoClassifier(ClassifierMixin, _AutoModel):  # type: ignore[misc]
    """Searches descriptors and models for a classification, and says honestly how good the result is.

    Parameters
    ----------
    alphabet : {"auto", "dna", "rna", "protein"}
    metric : str, optional
        What the decision rule is chosen for: ``mcc`` (default), ``acc``, ``balanced_acc``, ``f1_macro``, ``auc``,
        ``log_loss``.
    time_budget : float, optional
        Seconds.
    trials : int, optional
        Number of models to try; with ``time_budget=None`` the result is the same on every machine.
    preset : {"fast", "balanced", "best"}
    descriptors : sequence of str
        Specs to which the search is restricted.
    groups : {"auto", "none"} or sequence
        Related records, which stay on one side of every split: found by shared words, none, or a name each.
    memory_limit : int, optional
        Bytes.
    threads : int, optional
    random_state : int
    tell : callable, optional
        Told in a line what happens.

    Attributes
    ----------
    classes_ : ndarray
        In the order of the columns of ``predict_proba``; of the type of the labels given.
    leaderboard_ : list of dict
    metrics_ : dict
        Corrected measures with 95 % intervals.
    model_ : FittedModel
    """

    def _take(self, result: Result, y: Any) -> None:
        super()._take(result, y)
        given = {str(label): label for label in (y if y is not None else result.model.classes)}
        self.classes_ = np.array([given[name] for name in result.model.classes])

    def predict(self, seqs: Any) -> Array:
        """Class of each record by the decision rule chosen for the metric."""
        found = self._prediction(seqs)
        place = {name: code for code, name in enumerate(self.model_.classes)}
        return np.asarray(self.classes_[[place[label] for label in found.labels]])

    def predict_proba(self, seqs: Any) -> NDArray[np.float64]:
        """Calibrated probability of each class, shape ``(n, classes)``."""
        found = self._prediction(seqs).probabilities
        assert found is not None
        return found


class AutoRegressor(RegressorMixin, _AutoModel):  # type: ignore[misc]
    """As :class:`AutoClassifier`, for values; ``predict_interval`` gives a 90 % interval."""

    task = "regression"

    def predict(self, seqs: Any) -> NDArray[np.float64]:
        """Value of each record."""
        found = self._prediction(seqs).values
        assert found is not None
        return found

    def predict_interval(self, seqs: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of a 90 % interval of each record."""
        found = self._prediction(seqs)
        assert found.low is not None
        assert found.high is not None
        return found.low, found.high
