"""The whole explanation of a model on some records, part by part, each at a stated cost."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit.part import class_codes, label_values
from bioautofeat.bundle import FittedModel, load
from bioautofeat.errors import BioautofeatWarning, LabelError, ParameterError, TableError
from bioautofeat.evaluation.metrics import CLASSIFICATION, REGRESSION, get_metric
from bioautofeat.evaluation.splits import keys_of_sequences
from bioautofeat.explanation.findings import Findings, Global, Shares
from bioautofeat.explanation.members import member_shapley, members
from bioautofeat.explanation.networks import explain_networks
from bioautofeat.explanation.permutation import Permuter, block_importance, feature_importance, find_features
from bioautofeat.explanation.positions import explain_positions, explain_words, variants_of
from bioautofeat.explanation.sampling import block_shares
from bioautofeat.explanation.subject import Settings, Subject, operations, operations_of_record, used_columns
from bioautofeat.explanation.tables import Explanation
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

__all__ = ["explain"]

Array = NDArray[Any]
Tell = Callable[[str, int, int], None]

OPERATIONS = 1e11
"""Multiplications that each part may cost, by the sizes of the model's arrays: a minute or so.  Records are fewer where
they are dear, so that the result does not depend on a clock."""

FEWEST = 10
"""Fewer records than this are no background to compare one with."""

FEATURE_PASSES = 200
SHARE_REPEATS = 12
SHAPLEY_BACKGROUND = 50
SHAPLEY_WORK = 3e6
"""Walks (pairs of records times trees) for one member of trees."""

CELLS = 1 << 25
"""Cells of the feature table (256 MB) that a member is explained on, beside those of the records explained one by one."""


def explain(
    model: Any,
    data: Any,
    labels: Sequence[Any] | None = None,
    *,
    background: Any = None,
    settings: Settings | None = None,
    tell: Tell = lambda part, done, total: None,
    features: Any = None,
) -> Explanation:
    """Which blocks, features, k-mers and positions speak for a model's predictions.

    Parameters
    ----------
    model : FittedModel, path of a model file, or a fitted AutoClassifier or AutoRegressor
    data : Sequences, path of a FASTA file, list of text; FeatureTable for a model of a table
        The records that are explained.
    labels : sequence, length n, optional
        Their true classes or values.  With them, importance is a drop of the metric.
    background : as ``data``, optional
        Usual records, with which single ones are compared; by default ``data``.
    settings : Settings, optional
    tell : callable
        Told ``(part, done, total)``.
    features : FeatureTable, path (or several), or array of shape (n, d), optional
        Columns made elsewhere, where the model needs some: joined by id to ``data`` and ``background``, rows of an array
        to those of ``data``.

    Returns
    -------
    Explanation
        Tables and drawings; ``save(folder)`` writes them.
    """
    settings = settings or Settings()
    model = load(os.fspath(model)) if isinstance(model, (str, os.PathLike)) else getattr(model, "model_", model)
    if features is not None:
        model = _beside(model, features, data)
    subject = Subject.of(model, settings)
    if settings.metric is not None and labels is None:
        raise ParameterError("a metric needs labels; without them importance is the change of predictions")
    metric = _metric(subject, settings)
    records = _records(model, data)
    if not len(records):
        raise ParameterError("no records to explain")
    found = _predicted(subject, records, labels, tell)
    _note_training(found)
    truth = _truth(found) if found.labels else None
    usual = records if background is None else _records(model, background)
    _choose_examples(found, settings)
    _explain_globally(found, records, truth, metric, settings, tell)
    _explain_columns(found, records, usual, settings, tell)
    if found.sequences is not None:
        explain_positions(found, settings, tell)
        explain_words(found, settings, OPERATIONS, tell)
        explain_networks(found, settings.seed)
    for note in found.notes:
        warnings.warn(note, BioautofeatWarning, stacklevel=2)
    return Explanation.of(found, settings)


def _beside(model: FittedModel, features: Any, data: Any) -> FittedModel:
    """The model with the columns made elsewhere of the records it is given."""
    from bioautofeat.io.joined import columns_beside, read_features

    if isinstance(features, (str, os.PathLike)):
        features = read_features([os.fspath(features)])
    if not isinstance(features, FeatureTable):
        features = columns_beside(features, _records(model, data).ids)
    return model.with_features(features)


def _records(model: FittedModel, data: Any) -> Sequences | FeatureTable:
    """Records as the model takes them."""
    if isinstance(data, FeatureTable):
        if model.extractor is not None:
            raise TableError("the model takes sequences, not a table")
        values = data.values[:, model.columns_of(data.names)]
        return FeatureTable(values, model.names, data.ids, data.labels)
    if model.alphabet is None:
        raise TableError("the model was trained on a table: give a table of features")
    if isinstance(data, (str, os.PathLike)):
        from bioautofeat.io import read_fasta

        return read_fasta(data, alphabet=model.alphabet.name)
    from bioautofeat.features import as_sequences

    return as_sequences(data, model.alphabet)


def _predicted(subject: Subject, records: Sequences | FeatureTable, labels: Any, tell: Tell) -> Findings:
    """Predictions of all records."""
    if labels is not None and len(labels) != len(records):
        raise LabelError(f"{len(labels)} labels for {len(records)} records")
    known = () if labels is None else tuple(str(label) for label in labels)
    table = isinstance(records, FeatureTable)
    outputs = subject.outputs(records.values) if isinstance(records, FeatureTable) else subject.outputs_of(records)
    tell("records predicted", len(records), len(records))
    return Findings(subject, records.ids, known, None if table else records, outputs)  # type: ignore[arg-type]


def _note_training(found: Findings) -> None:
    """Say so where the records are those of the training: what is asked then is what the model remembers."""
    if found.sequences is None:
        return
    keys = np.sort(keys_of_sequences(found.sequences))
    if found.subject.model.metadata.get("training_sha256") == hashlib.sha256(keys.tobytes()).hexdigest():
        found.notes.append(
            "these are the records that the model was trained on: importance tells what it remembers; give it others to learn "
            "what it relies on"
        )


def _truth(found: Findings) -> Array:
    """Codes of the model's classes, or values."""
    classes = found.subject.model.classes
    if not found.subject.classifies:
        return label_values(found.labels, found.ids, "labels")
    strange = sorted(set(found.labels) - set(classes))
    if strange:
        raise LabelError(f"class {strange[0]!r} is none of the model's ({', '.join(classes[:6])})")
    return class_codes(found.labels, classes)


def _metric(subject: Subject, settings: Settings) -> str:
    """The measure asked for, else that of the model's training, else the usual one."""
    task = subject.model.task
    if settings.metric is not None:
        return get_metric(settings.metric, task).name
    usual = CLASSIFICATION if subject.classifies else REGRESSION
    trained = subject.model.metadata.get("metric")
    return str(trained) if trained in usual else usual[0]


def _choose_examples(found: Findings, settings: Settings) -> None:
    """Records that are explained one by one: those named, else some of each predicted class."""
    if settings.only:
        place = {name: row for row, name in enumerate(found.ids)}
        missing = [name for name in settings.only if name not in place]
        if missing:
            raise ParameterError(f"no record has the id {missing[0]!r}")
        found.examples = np.array([place[name] for name in settings.only], np.int64)
        return
    most = _affordable(found, settings)
    if most < settings.records and most < len(found.ids):
        found.notes.append(f"the model is slow to predict: {most} records are explained one by one (name them: only)")
    order = np.random.default_rng([settings.seed, 1]).permutation(len(found.ids))
    labels = found.subject.labels(found.outputs)[order]
    turn = np.zeros(len(order), np.int64)
    for label in np.unique(labels):
        turn[labels == label] = np.arange((labels == label).sum())
    # the first of each class, then the second of each, and so on
    found.examples = np.sort(order[np.argsort(turn, kind="stable")[:most]])


def _affordable(found: Findings, settings: Settings) -> int:
    """How many records can be explained one by one."""
    if found.sequences is None:
        return settings.records
    length = float(np.median(found.sequences.lengths))
    cost = operations_of_record(found.subject.model, length)
    variants = max(1.0, variants_of(length, found.sequences.alphabet.size))
    return int(min(settings.records, max(3.0, OPERATIONS / (variants * cost))))


def _rows(found: Findings, records: Sequences | FeatureTable, places: Array) -> Any:
    """Rows of the feature table."""
    if isinstance(records, FeatureTable):
        return records.values[places]
    return found.subject.model.features(records.take(places), found.subject.threads)


def _sample(n: int, most: float, seed: Sequence[int]) -> NDArray[np.int64]:
    """Some of ``n`` records, in their order."""
    size = int(min(n, most))
    return np.sort(np.random.default_rng(list(seed)).permutation(n)[:size])


def _explain_globally(
    found: Findings, records: Any, truth: Array | None, metric: str, settings: Settings, tell: Tell
) -> None:
    """Permutation importance of blocks and of features."""
    if len(records) < FEWEST:
        found.notes.append(
            f"{len(records)} records: too few to permute (at least {FEWEST}); the importance of blocks and features is left out"
        )
        return
    subject, cost = found.subject, operations(found.subject.model.predictor)

    def permuter(passes: float, rows: int, stage: int) -> Permuter:
        most = np.clip(OPERATIONS / (passes * cost), 50, rows)
        places = _sample(len(records), most, (settings.seed, 2))
        rng = np.random.default_rng([settings.seed, stage])
        known = None if truth is None else truth[places]
        return Permuter(subject, _rows(found, records, places), known, metric, settings.repeats, rng)

    whole = permuter(2 * settings.repeats * len(subject.blocks), settings.rows, 3)
    blocks = block_importance(whole, lambda done, total: tell("blocks permuted", done, total))
    passes = min(FEATURE_PASSES, 2 * int(used_columns(subject.model.predictor).sum()))
    single = permuter(passes + settings.features * settings.repeats, settings.rows // 2, 4)
    columns = find_features(single, passes, lambda done, total: tell("parts of blocks permuted", done, total))
    features = feature_importance(
        single, columns[: settings.features], lambda done, total: tell("features permuted", done, total)
    )
    shown = "" if truth is None else metric
    found.importance = Global(whole.rows.shape[0], shown, whole.value, blocks, features)


def _explain_columns(found: Findings, records: Any, usual: Any, settings: Settings, tell: Tell) -> None:
    """Shares of blocks and of features in the scores of single records."""
    if len(usual) < FEWEST:
        found.notes.append(
            f"{len(usual)} records: too few to compare a record with (at least {FEWEST}; give others as background); "
            "the shares of blocks and features are left out"
        )
        return
    subject = found.subject
    background = _rows(found, usual, _sample(len(usual), settings.rows, (settings.seed, 5)))
    if len(found.examples) and len(subject.blocks) > 1:
        rng = np.random.default_rng([settings.seed, 6])
        rows = _rows(found, records, found.examples)
        found.block_shares = block_shares(
            subject, rows, background, SHARE_REPEATS, rng,
            lambda done, total: tell("orders of blocks", done, total),
        )  # fmt: skip
    _explain_members(found, records, background[:SHAPLEY_BACKGROUND], settings, tell)


def _explain_members(found: Findings, records: Any, background: Any, settings: Settings, tell: Tell) -> None:
    """Exact shares for the members that allow them, of the examples and of a sample of all records."""
    subject = found.subject
    titles = [str(row.get("model", "")) for row in subject.model.metadata.get("members", []) if isinstance(row, dict)]
    suited = members(subject.model.predictor, titles)
    for done, member in enumerate(suited):
        trees = len(member.model.trees) if hasattr(member.model, "trees") else 1
        more = max(0.0, SHAPLEY_WORK / (background.shape[0] * trees) - len(found.examples))
        held = CELLS // max(1, subject.model.predictor.n_columns)
        others = np.setdiff1d(_sample(len(records), min(more, 200, held), (settings.seed, 7)), found.examples)
        places = np.concatenate([found.examples, others]).astype(np.int64)
        if not len(places):
            continue
        rows = _rows(found, records, places)
        chosen = found.chosen[places]
        values = member_shapley(member, rows, background, chosen, subject.threads)
        found.shares.append(Shares(member, places, member.table(rows), values))
        tell("members explained", done + 1, len(suited))
