"""From the champion to what users get: a fitted model, tables of predictions, measures, the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.automl.board import Board, Champion
from bioautofeat.automl.problem import TABLE_SPEC, Problem, TableSource
from bioautofeat.automl.store import extractor_for
from bioautofeat.bundle import FittedModel
from bioautofeat.extraction import Extractor
from bioautofeat.models.predictors import Predictor
from bioautofeat.models.predictors.joined import Blend, Calibrated, LogPool, Steps
from bioautofeat.models.predictors.transforms import Select

__all__ = ["fitted_model"]

Array = NDArray[Any]


def fitted_model(
    board: Board, refits: Mapping[str, Predictor], extractors: dict[str, Extractor], metadata: Mapping[str, Any]
) -> FittedModel:
    """The champion as a model that predicts and can be saved.

    Parameters
    ----------
    board : Board
        With a champion.
    refits : mapping of str to Predictor
        Each member fitted on all rows.
    extractors : dict of str to Extractor
        Fitted extractors by spec; new ones are added, so that each is fitted once.
    metadata : mapping
    """
    champion, problem = board.champion, board.problem
    assert champion is not None
    candidates = {t.candidate.key: t.candidate for t in board.trials}
    keys = list(champion.weights)
    specs = list(dict.fromkeys(spec for key in keys for spec in candidates[key].specs))
    # columns joined to sequences come last, whoever named them first
    specs.sort(key=lambda spec: spec == TABLE_SPEC)
    extractor = _joined_extractor(specs, problem, extractors)
    widths = _widths(specs, problem, extractors)
    members = [_member(refits[key], candidates[key].specs, widths) for key in keys]
    predictor = _blended(members, np.array([champion.weights[key] for key in keys]), champion)
    names = () if problem.table is None or TABLE_SPEC not in specs else problem.table.names
    return FittedModel(
        predictor=predictor,
        task=problem.task,
        classes=problem.classes,
        extractor=extractor,
        names=names if extractor is None else (),
        external=() if extractor is None else names,
        dtype="float32",
        rule=None if champion.decision is None else np.array(champion.decision.multipliers),
        interval=champion.interval,
        metadata=dict(metadata),
    )


def _joined_extractor(specs: Sequence[str], problem: Problem, extractors: dict[str, Extractor]) -> Extractor | None:
    """One extractor of all descriptors, each fitted on all training records; None for a problem without sequences."""
    if isinstance(problem.source, TableSource):
        return None
    described = [spec for spec in specs if spec != TABLE_SPEC]
    for spec in described:
        if spec not in extractors:
            extractors[spec] = extractor_for((spec,), problem)
    parts = [extractors[spec] for spec in described]
    return Extractor(
        tuple(spec for part in parts for spec in part.specs),
        problem.source.alphabet,
        tuple(t for part in parts for t in part.terms),
    )


def _widths(specs: Sequence[str], problem: Problem, extractors: Mapping[str, Extractor]) -> dict[str, tuple[int, int]]:
    """First and last column of each spec."""
    found, start = {}, 0
    for spec in specs:
        table = problem.table if spec == TABLE_SPEC else None
        width = extractors[spec].width if table is None else len(table.names)
        found[spec] = (start, start + width)
        start += width
    return found


def _member(predictor: Predictor, specs: Sequence[str], widths: Mapping[str, tuple[int, int]]) -> Predictor:
    """A member that picks its columns out of the whole table."""
    total = max(stop for _, stop in widths.values())
    columns = np.concatenate([np.arange(*widths[spec]) for spec in specs])
    if len(columns) != total or not np.array_equal(columns, np.arange(total)):
        predictor = Steps((Select(columns.astype(np.int64), total),), predictor)
    return predictor


def _blended(members: Sequence[Predictor], weights: Array, champion: Champion) -> Predictor:
    joined: Predictor
    if champion.log:
        joined = LogPool(tuple(members), weights)
    else:
        joined = members[0] if len(members) == 1 else Blend(tuple(members), weights / weights.sum())
    if champion.decision is None:
        return joined
    return Calibrated.of(joined, champion.calibration.exponent, champion.calibration.bias)
