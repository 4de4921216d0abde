"""The files of a run, each written whole or not at all."""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.audit import Part
from bioautofeat.automl.board import Board, Champion
from bioautofeat.automl.prepare import RELATION_SECONDS, Options, Prepared
from bioautofeat.automl.problem import Problem
from bioautofeat.automl.trial import Trial
from bioautofeat.bundle import FittedModel, Prediction
from bioautofeat.evaluation.estimate import Interval
from bioautofeat.evaluation.metrics import usual_metrics
from bioautofeat.evaluation.signatures import write_signatures
from bioautofeat.io.output import replacing
from bioautofeat.io.run_folder import write_json
from bioautofeat.io.text import quoted
from bioautofeat.table import FeatureTable

if TYPE_CHECKING:
    from bioautofeat.automl.run import Result

__all__ = [
    "as_arrays",
    "leaderboard_rows",
    "metrics_of",
    "predict_part",
    "report_page",
    "write_all",
    "write_leaderboard",
    "write_tables",
]

Array = NDArray[Any]
REPORT_SECONDS = 10.0
"""What the dear parts of the report may take where no time is given."""


def _write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    for row in rows:
        text.write(",".join(quoted(list(row), ",")) + "\n")
    with replacing(str(path)) as stream:
        stream.write(text.getvalue().encode("utf-8"))


def _number(value: float, digits: int = 6) -> str:
    return f"{value:.{digits}g}" if np.isfinite(value) else ""


def leaderboard_rows(board: Board) -> list[dict[str, str]]:
    """One row a trial and one for what is delivered, the best first."""
    return _leaderboard(board, board.champion)


def _leaderboard(board: Board, champion: Champion | None) -> list[dict[str, str]]:
    """The same where something else is delivered, or nothing."""
    problem = board.problem
    measures = [problem.metric, *(name for name in usual_metrics(problem.task) if name != problem.metric)]
    weights: Mapping[str, float] = {} if champion is None else champion.weights
    rows = []
    if champion is not None:
        model = f"blend of {len(weights)}" if len(weights) > 1 else "single model"
        scores = {name: _number(champion.scores[name]) for name in measures}
        rest = {"loss": _number(champion.loss), "weight": "", "seconds": "", "state": "finished", "reason": ""}
        rows.append({"name": "delivered", "model": model, "descriptors": ""} | scores | rest)
    rows += [_trial_row(trial, measures, weights.get(trial.candidate.key, 0.0)) for trial in board.ranked()]
    return [{"rank": str(place)} | row for place, row in enumerate(rows, 1)]


def _trial_row(trial: Trial, measures: Sequence[str], weight: float) -> dict[str, str]:
    scores = {name: _number(trial.scores[name]) if trial.scores else "" for name in measures}
    return (
        {
            "name": f"trial {trial.number}",
            "model": trial.candidate.title,
            "descriptors": " ".join(trial.candidate.specs),
        }
        | scores
        | {"loss": _number(trial.loss), "weight": _number(weight, 4), "seconds": f"{trial.seconds:.2f}"}
        | {"state": trial.state, "reason": trial.reason}
    )


def write_leaderboard(folder: Path, board: Board, champion: Champion | None) -> None:
    """``leaderboard.csv``, with what ``model.baf`` holds as what is delivered (None: nothing yet)."""
    rows = _leaderboard(board, champion)
    if rows:
        _write_csv(folder / "leaderboard.csv", [list(rows[0]), *(list(row.values()) for row in rows)])


def predict_part(model: FittedModel, part: Part | FeatureTable, threads: int) -> Prediction:
    """What a model says of a test part."""
    if isinstance(part, FeatureTable):
        return model.predict_rows(part.dense()[:, model.columns_of(part.names)], part.ids, threads)
    return model.predict(part.sequences, threads, part.features)


def as_arrays(prediction: Prediction) -> tuple[Array, Array | None]:
    """Probabilities and codes of classes, or values and None."""
    if prediction.probabilities is None:
        assert prediction.values is not None
        return prediction.values, None
    place = {name: code for code, name in enumerate(prediction.classes)}
    return prediction.probabilities, np.array([place[label] for label in prediction.labels], np.int64)


def metrics_of(result: Result, prepared: Prepared, problem: Problem) -> dict[str, Any]:
    """``metrics.json``."""

    def rows(found: Mapping[str, Interval]) -> dict[str, Any]:
        return {name: value.as_dict() for name, value in found.items()}

    content: dict[str, Any] = {
        "task": problem.task,
        "metric": problem.metric,
        "corrected": rows(result.estimate.corrected),
        "naive": rows(result.estimate.naive),
        "records": len(problem),
        "judged": len(problem.judged_rows),
        "folds": int(problem.folds.max()) + 1,
        "groups": len(np.unique(problem.groups)),
        "bootstraps": result.estimate.repeats,
        "trials": len(result.board.trials),
    }
    if result.shuffled:
        content["shuffled"] = result.shuffled
    if result.test is not None:
        content["test"] = rows(result.test)
        content["test_clean"] = None if result.test_clean is None else rows(result.test_clean)
    if prepared.test_audit is not None and prepared.test_audit.shift_auc is not None:
        content["shift"] = prepared.test_audit.shift_auc
    if prepared.audit is not None and prepared.audit.test is not None:
        content["novelty"] = prepared.audit.test.novelty_auc
    return content


def _oof_rows(board: Board, problem: Problem) -> Iterable[list[str]]:
    champion = board.champion
    assert champion is not None
    ids, judged = problem.source.ids, problem.judged_rows
    if not problem.classes:
        yield ["id", "label", "prediction", "fold"]
        for row, value in zip(judged.tolist(), champion.predictions.tolist(), strict=True):
            yield [ids[row], repr(float(problem.truth[row])), repr(value), str(problem.folds[row])]
        return
    chosen = champion.chosen
    assert chosen is not None
    yield ["id", "label", "prediction", *(f"p_{name}" for name in problem.classes), "fold"]
    for row, code, values in zip(judged.tolist(), chosen.tolist(), champion.predictions.tolist(), strict=True):
        names = problem.classes
        yield [ids[row], names[problem.truth[row]], names[code], *map(repr, values), str(problem.folds[row])]


def _test_rows(prediction: Prediction, truth: Array | None, classes: tuple[str, ...]) -> Iterable[list[str]]:
    head, *body = [prediction.columns, *prediction.rows()]
    yield [head[0], *(["label"] if truth is not None else []), *head[1:]]
    for i, row in enumerate(body):
        label = [] if truth is None else [classes[int(truth[i])] if classes else repr(float(truth[i]))]
        yield [row[0], *label, *row[1:]]


def write_tables(folder: Path, prepared: Prepared, problem: Problem, result: Result) -> dict[str, Any]:
    """What a run leaves beside the model and the report; the content of ``metrics.json``."""
    write_leaderboard(folder, result.board, result.board.champion)
    _write_csv(folder / "predictions_oof.csv", _oof_rows(result.board, problem))
    if result.test_prediction is not None:
        rows = _test_rows(result.test_prediction, prepared.test_truth, problem.classes)
        _write_csv(folder / "predictions_test.csv", rows)
    if result.signatures is not None:
        write_signatures(folder / "signatures.csv", result.signatures)
    write_json(folder / "audit.json", prepared.findings)
    content = metrics_of(result, prepared, problem)
    write_json(folder / "metrics.json", content)
    return content


def write_all(folder: Path, prepared: Prepared, problem: Problem, result: Result, options: Options) -> None:
    """Everything that a finished run leaves, the model apart."""
    started = time.monotonic()
    content = write_tables(folder, prepared, problem, result)
    spent = result.seconds + time.monotonic() - started
    _write_report(folder, prepared, content, result, options, spent)


def report_page(prepared: Prepared, result: Result, options: Options) -> str:
    """The report of a run that has no folder."""
    with tempfile.TemporaryDirectory() as name:
        content = metrics_of(result, prepared, result.board.problem)
        _write_report(Path(name), prepared, content, result, options, 0.0)
        return Path(name, "report.html").read_text(encoding="utf-8")


def _relations_sought(prepared: Prepared, options: Options) -> bool:
    """Whether there was time to look for related records."""
    if prepared.audit is None or options.time_budget is None:
        return True
    return RELATION_SECONDS * sum(prepared.audit.letters.values()) <= options.time_budget / 4


def _write_report(
    folder: Path, prepared: Prepared, content: Mapping[str, Any], result: Result, options: Options, spent: float
) -> None:
    """``report.html``; what in it is dear gets three hundredths of the budget, and never what is not left of it."""
    from bioautofeat.report import Facts, write_report

    config = folder / "config.json"
    facts = Facts(
        prepared.findings, content, leaderboard_rows(result.board), result, options,
        config=json.loads(config.read_text(encoding="utf-8")) if config.exists() else {},
        test=prepared.test, test_truth=prepared.test_truth, clean=prepared.clean_test,
        sought=_relations_sought(prepared, options),
    )  # fmt: skip
    seconds = REPORT_SECONDS
    if options.time_budget is not None:
        seconds = min(max(0.03 * options.time_budget, 0.0), 3 * REPORT_SECONDS, options.time_budget - spent)
    write_report(folder / "report.html", facts, max(seconds, 0.0))
