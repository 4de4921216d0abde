"""The search as scikit-learn estimators: sequences in, probabilities or values out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from bioautofeat.audit import Part
from bioautofeat.automl.clock import Clock
from bioautofeat.automl.crew import executor_for
from bioautofeat.automl.executor import Executor, Inline
from bioautofeat.automl.joint import strategy_for
from bioautofeat.automl.outputs import leaderboard_rows, predict_part, report_page
from bioautofeat.automl.own import makers_of, travels
from bioautofeat.automl.prepare import Options, Prepared, prepare_records, prepare_table
from bioautofeat.automl.run import Result, Run
from bioautofeat.automl.signing import clock_of_run
from bioautofeat.bundle import FittedModel, Prediction
from bioautofeat.errors import LabelError, NotFittedError, ParameterError, TableError
from bioautofeat.evaluation.metrics import own_metric, using
from bioautofeat.extraction import available_threads
from bioautofeat.io.joined import columns_beside
from bioautofeat.io.output import replacing
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


def _executor(given: FeatureTable | Part, options: Options, tell: Callable[[str], None]) -> Executor:
    """Who fits: this process, too, where what the user brings cannot be handed to another one."""
    if not travels(makers_of(options.descriptors), options.models):
        tell(
            "what a script defines is not known to another process: models are fitted in this one, none is stopped halfway"
        )
        return Inline()
    source = given.values if isinstance(given, FeatureTable) else given.sequences
    return executor_for(source, options)


class _AutoModel(BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    task = "classification"
    model_: FittedModel
    _run: tuple[Prepared, Options]

    def __init__(
        self, *, alphabet: str = "auto", metric: str | Callable[..., float] | None = None, time_budget: float | None = 600.0,
        trials: int | None = None, preset: str = "balanced", descriptors: Sequence[str] = (), groups: Any = "auto",
        memory_limit: int | None = None, threads: int | None = None, random_state: int = 0,
        tell: Callable[[str], None] | None = None, models: Mapping[str, Any] | Sequence[str] | None = None, splitter: Any = None,
        strategy: Any = "tpe", nas: bool = False, signatures: bool | None = None,
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
        self.models = models
        self.splitter = splitter
        self.strategy = strategy
        self.nas = nas
        self.signatures = signatures

    def _options(self) -> Options:
        groups = self.groups if isinstance(self.groups, str) else tuple(str(group) for group in self.groups)
        metric = own_metric(self.metric, self.task).name if callable(self.metric) else self.metric
        strategy_for(self.strategy)
        if self.nas:
            from bioautofeat.nas.ops import blocks

            blocks()
        return Options(
            self.task, metric, self.time_budget, self.trials, self.preset, tuple(self.descriptors), groups,
            self.memory_limit, int(self.random_state), self.threads or available_threads(), strategy=self.strategy, nas=self.nas,
            splitter=self.splitter, models={} if self.models is None else self.models, signatures=self.signatures,
        )  # fmt: skip

    def _measuring(self) -> AbstractContextManager[None]:
        """While it lasts, a measure of the user's own is known by its name."""
        return using(own_metric(self.metric, self.task) if callable(self.metric) else None)

    def fit(self, seqs: Any, y: Any = None, features: Any = None) -> Self:
        """Search for a model.

        Parameters
        ----------
        seqs : Sequences, path of a FASTA file, sequence of str, or FeatureTable
        y : sequence, length n
            Class or value of each record; a table may bring its own labels.
        features : FeatureTable, path (or several), or array or data frame of shape (n, d), optional
            Columns made elsewhere that stand beside the descriptors: joined by id, rows of an array or a data frame as
            the records are.  NaN is a missing value.  Predictions then need them, too, if the model has come to use them.
        """
        options = self._options()
        clock = Clock(options.time_budget)
        tell = self.tell or (lambda line: None)
        given = self._given(seqs, y, features)
        with self._measuring(), _executor(given, options, tell) as executor:
            if isinstance(given, FeatureTable):
                prepared = prepare_table(given, None, options, "the table")
            else:
                prepared = prepare_records(given, None, options)
            timed = clock_of_run(clock, prepared.problem, options)
            result = Run(prepared, options, timed, executor, None, tell).go()
            self.signatures_ = result.signatures
            self._run = prepared, options
            self._take(result, y)
        return self

    def _given(self, seqs: Any, y: Any, features: Any) -> FeatureTable | Part:
        """The records with their labels as texts."""
        labels = None if y is None else tuple(str(label) for label in y)
        if isinstance(seqs, FeatureTable):
            if features is not None:
                raise TableError("features stand beside sequences; join them into the table instead")
            return FeatureTable(seqs.values, seqs.names, seqs.ids, seqs.labels if labels is None else labels)
        records = _as_sequences(seqs, self.alphabet)
        if labels is None:
            raise LabelError("no labels: give one a record, fit(seqs, y)")
        if len(labels) != len(records):
            raise LabelError(f"{len(labels)} labels for {len(records)} records")
        columns = None if features is None else columns_beside(features, records.ids)
        return Part(records, labels, "the sequences", "the labels", columns)

    def _take(self, result: Result, y: Any) -> None:
        self.result_ = result
        self.model_ = result.model
        self.leaderboard_ = leaderboard_rows(result.board)
        self.metrics_ = {name: row.as_dict() for name, row in result.estimate.corrected.items()}

    def _fitted(self) -> FittedModel:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit(seqs, y) first")
        return self.model_

    def _prediction(self, seqs: Any, features: Any = None) -> Prediction:
        model, threads = self._fitted(), self.threads or available_threads()
        if isinstance(seqs, FeatureTable):
            return predict_part(model, seqs, threads)
        if model.alphabet is None:
            raise TableError("the model was trained on a table: give a FeatureTable")
        records = _as_sequences(seqs, model.alphabet.name)
        columns = None if features is None or not model.external else columns_beside(features, records.ids)
        return model.predict(records, threads, columns)

    def report(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report of the search, one HTML page that needs nothing else.

        Parameters
        ----------
        path : path, optional
            Where it is written, too.

        Returns
        -------
        str
        """
        self._fitted()
        prepared, options = self._run
        with self._measuring():
            page = report_page(prepared, self.result_, options)
        if path is not None:
            with replacing(os.fspath(path)) as stream:
                stream.write(page.encode("utf-8"))
        return page

    def save(self, path: str) -> str:
        """Write the model to a file that holds no code; returns its SHA-256.  ``bioautofeat.load`` reads it."""
        return self._fitted().save(path)


class AutoClassifier(ClassifierMixin, _AutoModel):  # type: ignore[misc]
    """Searches descriptors and models for a classification, and says honestly how good the result is.

    Parameters
    ----------
    alphabet : {"auto", "dna", "rna", "protein"}
    metric : str or callable, optional
        What the decision rule is chosen for: ``mcc`` (default), ``acc``, ``balanced_acc``, ``f1_macro``, ``auc``,
        ``log_loss``.  Or a function ``f(truth, probabilities)`` that gives a number, larger is better: ``truth`` holds
        the column of each record's class, classes sorted.
    time_budget : float, optional
        Seconds.
    trials : int, optional
        Number of models to try; with ``time_budget=None`` the result is the same on every machine.
    preset : {"fast", "balanced", "best"}
        ``best`` searches more, and fits and judges what it delivers on shuffled labels, too.
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
    models : mapping of str to estimator, or sequence of str, optional
        Estimators of scikit-learn that take part under these names.  One that cannot be kept in a model file without
        code is refused.  Names alone (in a mapping: with None) are models of ``bioautofeat.models.find(square=True)`` that
        take part, too: those that no search chooses by itself, such as ``hist_boosting``, ``multinomial_bayes``,
        ``kernel_svm`` and ``kernel_knn``.
    splitter : scikit-learn splitter or sequence of int, optional
        The folds: each record held out once, or, as numbers, those of -1 never.
    nas : bool
        Whether neural networks, searched ones among them, take part (needs the extra ``[nas]``).
    strategy : str or type of Strategy
        How models are chosen after the first ones: a name of ``bioautofeat.search.STRATEGIES``, or a class.
    signatures : bool, optional
        Whether small sets of features that carry what all know are looked for; by default in wide tables.

    Attributes
    ----------
    classes_ : ndarray
        In the order of the columns of ``predict_proba``; of the type of the labels given.
    leaderboard_ : list of dict
    metrics_ : dict
        Corrected measures with 95 % intervals.
    signatures_ : list of Signature, or None
        None where none were looked for.
    model_ : FittedModel
    """

    def _take(self, result: Result, y: Any) -> None:
        super()._take(result, y)
        given = {str(label): label for label in (y if y is not None else result.model.classes)}
        self.classes_ = np.array([given[name] for name in result.model.classes])

    def predict(self, seqs: Any, features: Any = None) -> Array:
        """Class of each record by the decision rule chosen for the metric; ``features`` as in :meth:`fit`."""
        found = self._prediction(seqs, features)
        place = {name: code for code, name in enumerate(self.model_.classes)}
        return np.asarray(self.classes_[[place[label] for label in found.labels]])

    def predict_proba(self, seqs: Any, features: Any = None) -> NDArray[np.float64]:
        """Calibrated probability of each class, shape ``(n, classes)``."""
        found = self._prediction(seqs, features).probabilities
        assert found is not None
        return found


class AutoRegressor(RegressorMixin, _AutoModel):  # type: ignore[misc]
    """As :class:`AutoClassifier`, for values; ``predict_interval`` gives a 90 % interval."""

    task = "regression"

    def predict(self, seqs: Any, features: Any = None) -> NDArray[np.float64]:
        """Value of each record; ``features`` as in :meth:`fit`."""
        found = self._prediction(seqs, features).values
        assert found is not None
        return found

    def predict_interval(self, seqs: Any, features: Any = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of a 90 % interval of each record."""
        found = self._prediction(seqs, features)
        assert found.low is not None
        assert found.high is not None
        return found.low, found.high
