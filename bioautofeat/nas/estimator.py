"""Architecture search as scikit-learn estimators: sequences in, the probabilities or values of searched networks out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from bioautofeat.alphabet import get_alphabet
from bioautofeat.bundle import FittedModel
from bioautofeat.errors import LabelError, NotFittedError, ParameterError
from bioautofeat.evaluation.calibration import fit_calibration, fit_decision, interval_offsets
from bioautofeat.extraction import Extractor, available_threads
from bioautofeat.features import as_sequences
from bioautofeat.models.predictors import Predictor
from bioautofeat.models.predictors.joined import Blend, Calibrated
from bioautofeat.nas.genotype import Architecture, read_architecture
from bioautofeat.nas.ops import blocks
from bioautofeat.terms.base import Training

if TYPE_CHECKING:
    from bioautofeat.nas.problem import Problem
    from bioautofeat.nas.search_whole import Record
    from bioautofeat.nas.whole import Candidate, Conditions, Member

__all__ = ["NASClassifier", "NASRegressor"]

Array = NDArray[Any]
STRANDS = ("given", "both", "symmetric")

PASSES = 40
"""Epochs of a supernet or a hypernetwork of which nothing else is said: it is many networks in one."""


class _Searched(BaseEstimator):
    """What both estimators share."""

    task = "classification"

    def __init__(
        self, *, strategy: str = "evolution", space: Any = "sequence", evaluator: str = "training",
        time_budget: float | None = 600.0, trials: int | None = None, epochs: int | None = None, members: int = 3,
        architecture: Architecture | Mapping[str, Any] | str | None = None, alphabet: str = "auto", strands: str = "given",
        encoders: tuple[str, ...] = (), metric: str | None = None, longest: int = 1000,
        settings: Mapping[str, Any] | None = None, groups: Any = None,
        threads: int | None = None,
        random_state: int = 0, device: str = "auto", tell: Callable[[str], None] | None = None,
        checkpoints: str | os.PathLike[str] | None = None,
    ) -> None:  # fmt: skip
        self.strategy = strategy
        self.space = space
        self.evaluator = evaluator
        self.time_budget = time_budget
        self.trials = trials
        self.epochs = epochs
        self.members = members
        self.architecture = architecture
        self.alphabet = alphabet
        self.strands = strands
        self.encoders = encoders
        self.metric = metric
        self.longest = longest
        self.settings = settings
        self.groups = groups
        self.threads = threads
        self.random_state = random_state
        self.device = device
        self.tell = tell
        self.checkpoints = checkpoints

    def fit(self, seqs: Any, y: Any) -> Self:
        """Search for an architecture, and train networks of the best ones.

        Parameters
        ----------
        seqs : Sequences, sequence of str, or ndarray of numbers, shape (n, length)
            Numbers are rows of letters, the columns of the descriptor ``letters``; ``alphabet`` must then be named.
        y : sequence, length n
            Class or value of each record.

        Raises
        ------
        ParameterError
            Without torch, for a GPU that is not there, for records shorter than a network's first layer.
        LabelError
            For one class alone, or values that are not finite.
        UnfinishedError
            For a budget too small for one epoch.

        Notes
        -----
        After an interrupt ``history_`` tells of what was tried, and where a network was trained the estimator is fitted
        with it.
        """
        start = time.monotonic()
        blocks()
        from bioautofeat.nas.running import device_of, threads_of_torch
        from bioautofeat.nas.whole import Conditions

        device = device_of(self.device)
        self._check()
        problem = self._problem(seqs, y)
        deadline = None if self.time_budget is None else start + 0.97 * float(self.time_budget)
        # sums over several threads depend on their number, and a training carries its smallest differences on
        threads = 1 if self.time_budget is None else self.threads or available_threads()
        conditions = Conditions(self.random_state, device, deadline, self._folder())
        with threads_of_torch(threads):
            self._train(problem, conditions, start)
        return self

    def _train(self, problem: Problem, conditions: Conditions, start: float) -> None:
        """Search, train the networks of the model, and take them; after an interrupt those that are finished."""
        from bioautofeat.nas.choosing import chosen_together
        from bioautofeat.nas.search_whole import Record
        from bioautofeat.nas.whole import train_members, trainable

        record = Record()
        members: list[Member] = []
        try:
            found = self._candidates(problem, conditions, start, record)
            candidates = trainable(found, self.members, len(problem.folds), conditions.deadline)
            held = problem.targets[problem.folds == 0].numpy()
            best = chosen_together(candidates, self.members, held, problem.n_classes)
            for member in train_members(problem, best, self.members, conditions, self._say):
                members.append(member)
        except BaseException as stop:  # why: an interrupt, by whatever signal, leaves an estimator of what is finished
            finished = members or ([] if record.finished is None else [record.finished])
            self.candidates_ = record.tried
            if finished and not isinstance(stop, Exception):
                self._take(problem, finished)
            raise
        self.candidates_ = record.tried
        self._take(problem, members)

    def _folder(self) -> Path | None:
        """Where trainings are kept, made where it is not there."""
        if self.checkpoints is None:
            return None
        folder = Path(self.checkpoints)
        folder.mkdir(exist_ok=True)
        return folder

    def _check(self) -> None:
        if self.strands not in STRANDS:
            raise ParameterError(f"strands: {self.strands!r} is not one of {', '.join(STRANDS)}")
        if self.time_budget is None and self.trials is None and self.architecture is None:
            raise ParameterError("a search needs an end: give time_budget or trials")
        if any(n is not None and n < 1 for n in (self.members, self.longest, self.trials, self.epochs)):
            raise ParameterError("members, longest, trials and epochs are whole numbers from 1 on")

    def _problem(self, seqs: Any, y: Any) -> Problem:
        from bioautofeat.nas.problem import Problem, classes_of, values_of

        rows = isinstance(seqs, np.ndarray) and seqs.ndim == 2 and seqs.dtype.kind in "iuf"
        if rows and self.alphabet == "auto":
            raise ParameterError("rows of letters say nothing of their alphabet: name it")
        records = seqs if rows else as_sequences(seqs, self.alphabet)
        if y is None or len(y) != len(records):
            raise LabelError(f"{0 if y is None else len(y)} labels for {len(records)} records")
        if self.task == "classification":
            self.classes_, codes = classes_of(y)
            targets: Array = codes
        else:
            targets = values_of(y)
        n_classes = len(self.classes_) if self.task == "classification" else 0
        problem = Problem.of(
            records, targets, n_classes=n_classes, alphabet=self.alphabet, longest=self.longest, groups=self.groups,
            seed=self.random_state,
        )  # fmt: skip
        if self.strands != "given" and problem.alphabet != get_alphabet("dna"):
            raise ParameterError(f"strands={self.strands!r} is for DNA: {problem.alphabet.name} has no other strand")
        return problem

    def _candidates(self, problem: Problem, conditions: Conditions, start: float, record: Record) -> list[Candidate]:
        """The architectures to train, the best first: the given one, or what the search has found."""
        from bioautofeat.nas.problem import check_length
        from bioautofeat.nas.search_whole import Plan, search_whole
        from bioautofeat.nas.train import Settings
        from bioautofeat.nas.whole import ENOUGH, Candidate

        usual = {
            "epochs": self.epochs or ENOUGH,
            "other_strand": self.strands == "both",
            "metric": self.metric or "",
            "decide": True,
            # the learning rate falls to nothing: a training that is stopped before is worth less than one that was shorter
            "patience": 0,
        }
        try:
            settings = Settings(**{**usual, **(self.settings or {})})
        except TypeError as error:
            raise ParameterError(f"settings: {error}") from None
        if self.architecture is not None:
            given = self.architecture
            chosen = given if isinstance(given, Architecture) else read_architecture(given)
            check_length(chosen, problem.length)
            record.others.append(Candidate(chosen, settings))
            return record.others
        plan = Plan(
            self.space, self.strategy, self.evaluator, self.trials, start, conditions.deadline, self.random_state,
            conditions.device, self.strands == "symmetric", self._say, tuple(self.encoders), conditions.folder, record,
            self.members, self.epochs or PASSES,
        )  # fmt: skip
        return search_whole(problem, plan, settings)

    def _say(self, line: str) -> None:
        if self.tell is not None:
            self.tell(line)

    def _take(self, problem: Problem, members: list[Member]) -> None:
        """The final model: the members' mean, with what their held-out records teach about its numbers."""
        from bioautofeat.nas.running import probabilities

        truths = [problem.targets[member.rows].numpy() for member in members]
        outputs, truth = [member.outputs for member in members], np.concatenate(truths)
        parts: list[Predictor] = [member.predictor for member in members]
        rule, interval = None, None
        names: tuple[str, ...] = ()
        if problem.n_classes:
            # each by itself: networks differ in how sure they are, and one rule is to fit all of them
            outputs = [probabilities(own) for own in outputs]
            fitted_to = [fit_calibration(own, known) for own, known in zip(outputs, truths, strict=True)]
            parts = [
                Calibrated.of(part, found.exponent, found.bias) for part, found in zip(parts, fitted_to, strict=True)
            ]
            shares = np.concatenate([found.apply(own) for found, own in zip(fitted_to, outputs, strict=True)])
            rule = np.array(fit_decision(shares, truth, self.metric or "mcc").multipliers)
            names = tuple(map(str, self.classes_))
        else:
            interval = interval_offsets(truth * problem.scale, np.concatenate(outputs)[:, 0] * problem.scale)
        blend = parts[0] if len(parts) == 1 else Blend(tuple(parts), np.full(len(parts), 1 / len(parts)))
        letters = Extractor.of([f"letters:longest={max(problem.length, 1)}"], problem.alphabet)
        fitted = letters.fit(Training(length=problem.length))
        self.architectures_ = [member.candidate.architecture for member in members]
        self.score_ = float(np.mean([member.candidate.score for member in members]))
        metadata = {"nas": {"strategy": self.strategy, "tried": len(self.candidates_), "validation": self.score_}}
        self.model_ = FittedModel(
            blend, self.task, names, fitted, rule=rule, interval=interval, metadata=metadata,
        )  # fmt: skip

    @property
    def predictor_(self) -> Predictor:
        """The fitted model of rows of letters."""
        return self._fitted().predictor

    @property
    def history_(self) -> list[dict[str, Any]]:
        """The search as a table: a row for each time that an architecture was tried, the best first, failures last.

        ``fidelity`` is the share of the full cost, ``evaluator`` what gave the score; one that trains no network of its own
        has no epochs.
        """
        if not hasattr(self, "candidates_"):
            self._fitted()
        return [
            {
                "score": candidate.score, "parameters": candidate.parameters, "epochs": candidate.epochs,
                "seconds": round(candidate.seconds, 2), "error": candidate.error,
                "architecture": candidate.architecture.to_json(), "fidelity": candidate.fidelity,
                "evaluator": candidate.evaluator,
            }
            for candidate in self.candidates_
        ]  # fmt: skip

    def _fitted(self) -> FittedModel:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted: call fit(seqs, y) first")
        return self.model_

    def _prediction(self, seqs: Any) -> Any:
        model, threads = self._fitted(), self.threads or available_threads()
        if isinstance(seqs, np.ndarray) and seqs.ndim == 2 and seqs.dtype.kind in "iuf":
            return model.predict_rows(seqs, threads=threads)
        assert model.alphabet is not None
        return model.predict(as_sequences(seqs, model.alphabet), threads)

    def save(self, path: str) -> str:
        """Write the model to a file that holds no code; returns its SHA-256.  ``bioautofeat.load`` reads it."""
        return self._fitted().save(path)


class NASClassifier(ClassifierMixin, _Searched):
    """A classifier of sequences whose networks are found by architecture search.

    The search has 60 % of the time, or all that the training of the best architectures leaves it, as far as the first network
    tells.  Each of these is trained without another part of the records and calibrated on that part; the model is their
    mean.  The best comes first, then those that help the mean most: networks that err on different records.

    Parameters
    ----------
    strategy : str
        Of ``bioautofeat nas strategies``.
    space : {"sequence", "edge-cell", "cell", "chain"} or Space
    evaluator : str
        How an architecture is judged in the search.
    time_budget : float or None
        Seconds for everything.  With None and ``trials`` the result does not depend on the machine's speed.
    trials : int, optional
        Architectures to try, at most.
    epochs : int, optional
        At most, of each training; the learning rate falls with them, or with the time where that is shorter.  By default 15,
        and 40 of what many networks share.
    members : int
        Networks of the final model.
    architecture : Architecture, mapping or JSON text, optional
        Train this one, without any search.
    alphabet : {"auto", "dna", "rna", "protein"}
    strands : {"given", "both", "symmetric"}
        DNA alone.  ``both``: half of the records are read from the other strand in training; ``symmetric``: networks
        that give both strands the same output.  Only where the strand says nothing.
    encoders : tuple of str
        How letters become numbers: ``one-hot``, ``ncp``, ``embedding:k=3``, ``properties:names=NAME+NAME`` (tracks), or
        ``fcgr:k=4`` (one chaos-game image).  The space ``sequence`` chooses among several; by default among its own.
    metric : str, optional
        What picks epochs, architectures and the decision rule: ``mcc`` by default.
    longest : int
        Letters of a record that are looked at; a longer one keeps its ends.
    settings : mapping, optional
        Of the training, as ``bioautofeat.nas.train.Settings`` names them; the search may draw some of them itself.
    groups : sequence, optional
        Related records, which stay in one fold.
    threads : int, optional
        Of the training within a time budget.  Without one each network is trained on one thread, so that the result does
        not depend on their number.
    random_state : int
    device : {"auto", "cpu", "cuda"}
    tell : callable, optional
        Told in a line what happens.
    checkpoints : path, optional
        A folder in which every training is kept after each epoch: the same search on the same records takes them up where
        an earlier one was ended.  Without a time budget the result is that of a search that was not.

    Attributes
    ----------
    classes_ : ndarray
    model_ : FittedModel
    architectures_ : list of Architecture
        Of the networks of the model.
    history_ : list of dict
    score_ : float
        Mean validation score of the networks.
    """

    def predict(self, seqs: Any) -> Array:
        """Class of each record, by the decision rule chosen for the metric."""
        found = self._prediction(seqs)
        place = {name: code for code, name in enumerate(found.classes)}
        return np.asarray(self.classes_[[place[label] for label in found.labels]])

    def predict_proba(self, seqs: Any) -> NDArray[np.float64]:
        """Calibrated probability of each class, shape ``(n, classes)``."""
        return np.asarray(self._prediction(seqs).probabilities)


class NASRegressor(RegressorMixin, _Searched):
    """As :class:`NASClassifier`, for values."""

    task = "regression"

    def predict(self, seqs: Any) -> NDArray[np.float64]:
        """Value of each record."""
        return np.asarray(self._prediction(seqs).values)

    def predict_interval(self, seqs: Any) -> NDArray[np.float64]:
        """Bounds of a 90 % interval of each value, shape ``(n, 2)``."""
        found = self._prediction(seqs)
        return np.column_stack([found.low, found.high])
