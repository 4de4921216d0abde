"""Errors class by class, and the records to look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.metrics import confusion
from bioautofeat.report.curves import average_precision, pr_points
from bioautofeat.report.facts import Facts
from bioautofeat.report.judged import area
from bioautofeat.report.markup import Markup, Numeric, named, note, paragraph, table

__all__ = ["mistakes_section", "most_wrong"]

Array = NDArray[Any]
MOST_OF_A_PAIR = 20
MOST_RECORDS = 60
MOST_VALUES = 40
LONG_ID = 44
MOST_CELLS = 2e7
"""Records times classes whose ranking is worked out class by class."""


def mistakes_section(facts: Facts) -> str:
    """Classes one by one, then records one by one."""
    if facts.classifies:
        return _classes(facts) + "<h3>Records to look at</h3>" + _records(facts)
    return "<h3>Records to look at</h3>" + _values(facts)


def _classes(facts: Facts) -> str:
    head = [
        "class",
        "records",
        "wrong",
        "recall",
        "precision",
        "F1",
        "AUC",
        "average precision",
        "most often taken for",
    ]
    rest = "in predictions_oof.csv every record can be counted"
    return table(list(_class_rows(facts)), head, rest) + note(
        "Recall: share of the class that is found. Precision: share right of those called so. AUC and average precision: the class against all others."
    )


def _class_rows(facts: Facts) -> Iterator[list[Any]]:
    counts = confusion(facts.truth, facts.chosen, len(facts.classes))
    true, called, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    for c, name in enumerate(facts.classes):
        row: list[Any] = [name, int(true[c]), int(true[c] - right[c])]
        row += [
            float(part)
            for part in (
                _share(right[c], true[c]),
                _share(right[c], called[c]),
                _share(2 * right[c], true[c] + called[c]),
            )
        ]
        hits = facts.truth == c
        judged = 0 < true[c] < len(facts.truth) and facts.predictions.size <= MOST_CELLS
        scores = facts.predictions[:, c]
        row += [area(hits, scores), average_precision(*pr_points(hits, scores))] if judged else [float("nan")] * 2
        others = counts[c].copy()
        others[c] = 0
        row.append(f"{facts.classes[int(others.argmax())]}\u00a0({others.max()})" if others.any() else "")
        yield row


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")


def most_wrong(facts: Facts) -> NDArray[np.int64]:
    """Places of the judged records that are most surely wrong, the surest first: at most some of each pair of classes."""
    places = np.flatnonzero(facts.wrong)
    said, true = facts.chosen[places], facts.truth[places]
    sure = facts.predictions[places, said] - facts.predictions[places, true]
    order = np.argsort(-sure.round(12), kind="stable")
    pair = true * len(facts.classes) + said
    seen: dict[int, int] = {}
    kept: list[int] = []
    for i in order.tolist():
        seen[int(pair[i])] = seen.get(int(pair[i]), 0) + 1
        if seen[int(pair[i])] <= MOST_OF_A_PAIR and len(kept) < MOST_RECORDS:
            kept.append(int(places[i]))
    return np.array(kept, np.int64)


def _relatives(facts: Facts, rows: Array) -> tuple[list[int], list[int]]:
    """Number of other records in the group of each of these, and how many of those have another label."""
    groups, truth = facts.problem.groups, facts.problem.truth
    found, other = [], []
    for row in rows.tolist():
        inside = np.flatnonzero(groups == groups[row])
        found.append(len(inside) - 1)
        other.append(int((truth[inside] != truth[row]).sum()))
    return found, other


def _records(facts: Facts) -> str:
    places = most_wrong(facts)
    if not len(places):
        return paragraph("Every judged record is given its class.")
    rows, predictions = facts.rows[places], facts.predictions[places]
    relatives, other = _relatives(facts, rows)
    body = []
    for i, place in enumerate(places.tolist()):
        said, true = int(facts.chosen[place]), int(facts.truth[place])
        body.append(
            [
                _id(facts, int(rows[i])), facts.classes[true], facts.classes[said],
                float(predictions[i, said]), float(predictions[i, true]), relatives[i], other[i],
            ]
        )  # fmt: skip
    lead = (
        f"{int(facts.wrong.sum()):,} of {len(facts.wrong):,} judged records are given a wrong class. These {len(places)} are the ones the model is "
        "surest of: look at their labels first. A relative with another label points to a mistake in the labels, or to a difference "
        "of a few letters that matters."
    )
    head = ["id", "true", "predicted", "p of predicted", "p of true", "relatives", "with another label"]
    return paragraph(lead) + table(body, head, shown=25)


def _id(facts: Facts, row: int) -> Markup:
    """A record's id; one too long for a column may be broken anywhere."""
    name = str(facts.problem.source.ids[row])
    return Markup(f"<code{' class=long' if len(name) > LONG_ID else ''}>{named(name)}</code>")


def _values(facts: Facts) -> str:
    error = facts.predictions - facts.truth
    places = np.argsort(-np.abs(error).round(12), kind="stable")[:MOST_VALUES]
    rows = facts.rows[places]
    groups = np.bincount(np.unique(facts.problem.groups, return_inverse=True)[1])
    sizes = groups[np.unique(facts.problem.groups, return_inverse=True)[1]][rows]
    body = [
        [
            _id(facts, int(rows[i])), *(Numeric(f"{value:.5g}") for value in (facts.truth[place], facts.predictions[place], error[place])),
            not bool(facts.wrong[place]), int(sizes[i]) - 1,
        ]
        for i, place in enumerate(places.tolist())
    ]  # fmt: skip
    lead = f"The {len(places)} judged records with the largest errors."
    return paragraph(lead) + table(body, ["id", "true", "predicted", "error", "inside its 90 % interval", "relatives"], shown=20)  # fmt: skip
