"""Which drawings show the findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bioautofeat.alphabet import NUCLEIC
from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.explanation.drawing import Bar, Line, bars, letters, lines
from bioautofeat.explanation.findings import Findings, Profile
from bioautofeat.explanation.networks import motif_drawings
from bioautofeat.explanation.tables import mean_profiles

__all__ = ["MOST_CLASSES", "drawings_of"]

TOP = 15
MOST_CLASSES = 6
"""Classes that get drawings of their own."""


def drawings_of(found: Findings) -> dict[str, str]:
    """SVG by name: ``blocks``, ``features``, ``shap_1`` ..., ``kmers_1`` ..., ``positions``, ``logo_1`` ..., ``motif_1`` ..., and of each
    example ``record_001_positions`` and ``record_001_blocks``.
    """
    drawn = {**_importance(found), **_shap(found), **_words(found), **_positions(found), **motif_drawings(found)}
    return drawn | _examples(found)


def _importance(found: Findings) -> dict[str, str]:
    whole = found.importance
    if whole is None:
        return {}
    change = "change of the prediction"
    unit = f"drop of the {METRICS[whole.metric].title} (of {whole.value:.3f})" if whole.metric else change
    pairs = sorted(zip(found.subject.blocks, whole.blocks, strict=True), key=lambda pair: pair[1].order)
    rows = [
        Bar(block.name, float(row.main.mean()), float(row.main.std()), None if row.alone is None else float(row.alone.mean()))
        for block, row in pairs
    ]  # fmt: skip
    names = found.subject.model.names
    # a metric of classes hardly moves by one feature of many
    moved = any(row.main.any() for row in whole.features)
    tall = [(row, row.main if moved else row.change) for row in whole.features[: 2 * TOP]]
    single = [Bar(names[row.start], float(value.mean()), float(value.std())) for row, value in tall]
    drawn = {"blocks": bars(rows, "Descriptors, permuted", unit, "what the block brings back alone")}
    return drawn | (
        {"features": bars(single, "Features, permuted one by one", unit if moved else change)} if single else {}
    )


def _shap(found: Findings) -> dict[str, str]:
    """Mean absolute shares, coloured by direction: a larger value speaks for or against."""
    drawn, names = {}, found.subject.model.names
    for number, part in enumerate(found.shares, 1):
        mean = np.abs(part.values).mean(axis=0)
        order = [j for j in np.argsort(-mean.round(12), kind="stable")[:TOP].tolist() if mean[j] > 0]
        rows = []
        for j in order:
            left, right = part.table[:, j] - part.table[:, j].mean(), part.values[:, j] - part.values[:, j].mean()
            rows.append(
                Bar(names[part.member.columns[j]], float(mean[j]) * (1.0 if (left * right).sum() >= 0 else -1.0))
            )
        if rows:
            title = f"{part.member.name}, weight {part.member.weight:.2f}: mean share of a feature"
            unit = f"{part.member.unit}; to the right where larger values speak for, to the left where against"
            drawn[f"shap_{number}"] = bars(rows, title, unit)
    return drawn


def _words(found: Findings) -> dict[str, str]:
    drawn: dict[str, str] = {}
    for target in sorted({word.chosen for word in found.words})[:MOST_CLASSES]:
        own = [word for word in found.words if word.chosen == target][:TOP]
        rows = [
            Bar(f"{w.word} (in {w.records})", w.total, w.error * w.records / max(1, found.word_records)) for w in own
        ]
        name = found.subject.named(target)
        title = f"k-mers that speak for {name}" if name else "k-mers that raise the value"
        drawn[f"kmers_{len(drawn) + 1}"] = bars(rows, title, f"{found.subject.unit}, mean over all records looked at")
    return drawn


def _positions(found: Findings) -> dict[str, str]:
    rows = mean_profiles(found)
    if not rows:
        return {}
    length = len(rows[0][2])
    title = "Positions: what a letter adds to the score, mean over records"
    span, axis = ((1.0, float(length)), "position") if found.aligned else ((0.0, 100.0), "% of the record's length")
    drawn_lines = [
        Line(f"predicted {name} ({n})" if found.subject.classifies else name, mean, mean - sd / np.sqrt(n), mean + sd / np.sqrt(n))
        for name, n, mean, sd in rows[:MOST_CLASSES]
    ]  # fmt: skip
    drawn = {"positions": lines(drawn_lines, title, axis, found.subject.unit, span)}
    return drawn | (_logos(found) if found.aligned else {})


def _logos(found: Findings) -> dict[str, str]:
    """Mean logos of records of one length: each letter at its position as tall as what it adds, over all records."""
    drawn: dict[str, str] = {}
    groups: dict[str, list[Profile]] = {}
    for profile in found.profiles:
        if profile.mutated is not None:
            name = found.predicted[profile.row] if found.subject.classifies else ""
            groups.setdefault(name, []).append(profile)
    for name, profiles in sorted(groups.items())[:MOST_CLASSES]:
        stacks: list[dict[str, float]] = [{} for _ in profiles[0].letters]
        for profile in profiles:
            for stack, letter, value in zip(stacks, profile.letters, profile.own.tolist(), strict=True):
                stack[letter] = stack.get(letter, 0.0) + value / len(profiles)
        title = f"Letters, mean over {len(profiles)} records{f' predicted {name}' if name else ''}"
        drawn[f"logo_{len(drawn) + 1}"] = _logo(found, [list(stack.items()) for stack in stacks], title)
    return drawn


def _logo(found: Findings, stacks: Sequence[Sequence[tuple[str, float]]], title: str) -> str:
    assert found.sequences is not None
    return letters(stacks, title, found.subject.unit, found.sequences.alphabet not in NUCLEIC)


def _examples(found: Findings) -> dict[str, str]:
    """Each example: its letters or its profile, and its blocks."""
    drawn: dict[str, str] = {}
    profiles = {profile.row: profile for profile in found.profiles}
    for i, row in enumerate(found.examples.tolist()):
        name, number = found.ids[row], f"record_{i + 1:03d}"
        if row in profiles:
            drawn[f"{number}_positions"] = _profile(found, profiles[row], name)
        shares = found.block_shares
        if shares is not None:
            order = np.argsort(-np.abs(shares.values[i]).round(12), kind="stable")[:TOP].tolist()
            rows: list[Any] = [
                Bar(found.subject.blocks[j].name, float(shares.values[i, j]), float(shares.errors[i, j])) for j in order
            ]
            unit = f"{found.subject.unit}; base {shares.base[i]:.2f}, this record {found.scores[row]:.2f}"
            drawn[f"{number}_blocks"] = bars(rows, f"{name}: shares of the descriptors", unit)
    return drawn


def _profile(found: Findings, profile: Profile, name: str) -> str:
    if profile.mutated is not None:
        stacks = [[(letter, value)] for letter, value in zip(profile.letters, profile.own.tolist(), strict=True)]
        return _logo(found, stacks, f"{name}: what each letter adds, against its replacements")
    title = f"{name}: what each letter adds, in masked windows"
    return lines([Line("", profile.windows)], title, "position", found.subject.unit, (1.0, float(len(profile.letters))))
