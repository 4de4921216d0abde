"""What the audit found, in plain words, and what needs attention first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bioautofeat.audit.findings import APART
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Markup, count, items, named, note, pairs, paragraph, warning

__all__ = ["audit_section", "concerns"]

STRONG_AUC, STRONG_R2 = 0.9, 0.5
UNEVEN = 5.0
FEW_GROUPS = 100
OTHER_LETTERS = 0.01
"""From where on a finding is a concern."""

SHORTCUTS = {"length": "The length of a record alone", "composition": "The shares of single letters alone"}


def audit_section(facts: Facts) -> str:
    """The first part of a report."""
    found = list(concerns(facts))
    fine = list(_in_order(facts))
    body = "".join(warning(text) for text in found)
    if not found:
        body = paragraph("Nothing was found that needs attention.")
    if fine:
        body += "<h3>In order</h3>" + items(fine)
    return body + "<h3>The data in numbers</h3>" + pairs(_numbers(facts)) + _shortcut_note(facts)


def concerns(facts: Facts) -> Iterator[str]:
    """Everything that a reader has to know before believing a number, as HTML."""
    yield from _labels(facts)
    yield from _relations(facts)
    yield from _shortcuts(facts)
    yield from _test(facts)
    yield from _evaluation(facts)


def _labels(facts: Facts) -> Iterator[str]:
    found, unit = facts.findings, "row" if facts.from_table else "sequence"
    if found.get("conflicts"):
        ids = found.get("conflict_ids") or []
        example = f", for example records {' and '.join(map(named, ids[0][:3]))}" if ids else ""
        yield (
            f"{count(found['conflicts'], unit)} {'stands' if found['conflicts'] == 1 else 'stand'} under two labels{example}. No model can be right about both; "
            "find out which label is true."
        )
    if found.get("duplicates"):
        yield (
            f"{count(found['duplicates'], 'training record')} {'is' if found['duplicates'] == 1 else 'are'} identical to an earlier one. "
            "Copies stay on one side of every split, so they do not flatter the estimate, but each counts again in training."
        )
    sizes = found.get("classes") or {}
    if facts.classifies and sizes and max(sizes.values()) >= UNEVEN * min(sizes.values()):
        most, least = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
        yield (
            f"the classes are uneven: {count(sizes[most], 'record')} of {named(most)}, {sizes[least]:,} of {named(least)}. "
            "Accuracy says little then; look at the classes one by one."
        )
    letters = found.get("letters") or {}
    other, total = letters.get("other", 0), sum(letters.values())
    if other > OTHER_LETTERS * total:
        yield f"{100 * other / total:.1f} % of the letters are ambiguous; the words that hold one are left out."


def _relations(facts: Facts) -> Iterator[str]:
    found = facts.findings
    if facts.from_table:
        if not isinstance(facts.options.groups, tuple):
            yield (
                "a table does not tell which records are related by descent. Relatives on both sides of a split make the "
                "estimate too good; groups can be given (--groups FILE)."
            )
        return
    if facts.options.groups == "none":
        yield "related records were not kept together (groups: none); the estimate is too good for unrelated records."
    elif not facts.sought:
        yield "there was no time to look for related records; where there are some, the estimate is too good."
    sizes = found.get("group_sizes") or {}
    if facts.options.groups == "auto" and facts.metrics["groups"] > sizes.get("all_groups", facts.metrics["groups"]):
        yield (
            f"related records could not all be kept together (the largest group holds {sizes['largest']:,} of "
            f"{found['records']:,} records); the estimate is partly one for records with relatives in training."
        )


def _shortcuts(facts: Facts) -> Iterator[str]:
    for name, values in (facts.findings.get("shortcuts") or {}).items():
        key = "auc" if "auc" in values else "r2"
        strong = values[key] >= (STRONG_AUC if key == "auc" else STRONG_R2)
        own = facts.metrics["corrected"][key]
        as_good = not strong and values[key] >= own["low"] and values[key] > (0.6 if key == "auc" else 0.1)
        tells = "tells the classes apart" if facts.classifies else "tells the value"
        shown = f"{'an AUC' if key == 'auc' else 'an R2'} of {values[key]:.3f}, out of fold"
        if strong:
            yield (
                f"{SHORTCUTS.get(name, named(name) + ' alone')} {tells} ({shown}). Make sure that this is biology and not the way "
                "in which the records were collected."
            )
        elif as_good:
            yield f"{SHORTCUTS.get(name, named(name) + ' alone')} {tells} about as well as the model does ({shown})."


def _test(facts: Facts) -> Iterator[str]:
    test = facts.findings.get("test")
    if not test:
        return
    rows = (
        ("exact", "has the sequence of a training record", "have the sequence of a training record"),
        ("reverse_complement", "is the other strand of a training record", "are the other strand of a training record"),
        ("near", "shares half of its words with training records", "share half of their words with training records"),
        ("conflicting", "contradicts the label of its copy in training", "contradict the labels of their copies in training"),
    )  # fmt: skip
    for key, one, many in rows:
        if test.get(key):
            yield (
                f"{count(test[key], 'test record')} of {test['records']:,} {one if test[key] == 1 else many}"
                + (" (exact copies among them)" if key == "near" and test.get("exact") else "")
                + ". Scores are given with and without copies."
            )
    if test.get("same_ids"):
        yield f"{count(test['same_ids'], 'identifier')} {'stands' if test['same_ids'] == 1 else 'stand'} in the training part and in the test part."
    if test.get("shift_auc", 0.5) > APART:
        yield (
            f"training and test records differ: a simple model tells them apart with an AUC of {test['shift_auc']:.3f} "
            "(0.5: alike). The estimate is for records like the training part."
        )
    if (test.get("novelty_auc") or 0.5) > APART:
        yield (
            f"test records are less related to the training part than its folds are to each other (in {test['novelty_auc']:.0%} of pairs; "
            "50 %: alike). The estimate is for records as related as the folds; on less related ones, expect a lower score."
        )
    if 0 < test.get("clean", 30) < 30:
        yield f"only {count(test['clean'], 'test record')} {'is' if test['clean'] == 1 else 'are'} no copy of a training record; a score on so few says little."


def _evaluation(facts: Facts) -> Iterator[str]:
    groups = facts.metrics["groups"]
    if groups < FEW_GROUPS:
        yield f"the estimate rests on {count(groups, 'group')} of related records; its interval is wide, and a lucky split matters."
    if facts.holds_out:
        yield (
            f"time allowed for one split only: {facts.metrics['judged']:,} of {facts.metrics['records']:,} records were judged, "
            "by models of the others."
        )
    elif facts.metrics["folds"] < 5:
        yield f"there are {facts.metrics['folds']} folds instead of 5: each model of the estimate saw fewer records than the delivered one."


def _in_order(facts: Facts) -> Iterator[str]:
    found, test = facts.findings, facts.findings.get("test")
    if not found.get("duplicates"):
        yield "No training record stands twice."
    if facts.classifies and not found.get("conflicts"):
        yield f"No {'row' if facts.from_table else 'sequence'} stands under two labels."
    if found.get("groups") and facts.options.groups == "auto" and facts.sought:
        sizes = found["group_sizes"]
        yield (
            f"{count(sizes['records_in_groups'], 'record')} belong to {count(found['groups'], 'group')} of related ones (the largest holds "
            f"{sizes['largest']:,}); groups stay on one side of every split."
        )
    elif found.get("groups") == 0 and facts.sought:
        yield "No related records were found."
    if isinstance(facts.options.groups, tuple):
        yield f"Related records are those of the groups given ({facts.metrics['groups']:,})."
    if test and not test.get("exact") and not test.get("near"):
        yield "No test record is a copy of a training record."
    if test and test.get("shift_auc", 1.0) <= APART:
        yield f"Training and test records look alike (AUC of telling them apart {test['shift_auc']:.3f}; 0.5: not at all)."


def _numbers(facts: Facts) -> Iterator[tuple[str, Any]]:
    found = facts.findings
    yield "training records", int(found["records"])
    if "columns" in found:
        yield "columns of the table", int(found["columns"])
    lengths = found.get("lengths")
    if lengths:
        yield "lengths", f"{lengths['min']:,} to {lengths['max']:,}, median {lengths['median']:,.0f}"
    letters = {name: number for name, number in (found.get("letters") or {}).items() if number}
    if letters:
        total = sum(letters.values())
        shares = ", ".join(f"{named(name)} {100 * number / total:.1f}" for name, number in letters.items())
        yield "letters, in %", Markup(shares)
    yield "identical to an earlier record", int(found.get("duplicates", 0))
    yield f"{'rows' if facts.from_table else 'sequences'} under two labels", int(found.get("conflicts", 0))
    for name, values in (found.get("shortcuts") or {}).items():
        shown = ", ".join(f"{key.upper()} {value:.3f}" for key, value in values.items())
        yield f"{name} alone", shown
    for name, value in (found.get("test") or {}).items():
        yield f"test part: {name.replace('_', ' ')}", value


def _shortcut_note(facts: Facts) -> str:
    if not facts.findings.get("shortcuts"):
        return ""
    return note("What length or composition alone can tell, out of fold, is a baseline that a model has to beat.")
