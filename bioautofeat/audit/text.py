"""The audit in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from bioautofeat.audit.findings import APART, Audit, TestAudit

__all__ = ["describe"]


def describe(found: Audit, task: str = "classification") -> str:
    """The findings, one a line, what needs attention marked by ``!``."""
    return "\n".join([*_data(found, task), *_relations(found), *_shortcuts(found), *_test(found.test)]) + "\n"


def _data(found: Audit, task: str) -> Iterator[str]:
    lengths = found.lengths
    yield f"  records            {found.records:,}"
    yield f"  lengths            {lengths['min']:,} to {lengths['max']:,}, median {lengths['median']:,.0f}"
    total = max(1, sum(found.letters.values()))
    shares = ", ".join(f"{name} {100 * count / total:.1f} %" for name, count in found.letters.items() if count)
    yield f"  letters            {shares}"
    if found.classes and task == "regression":
        yield f"  values             {found.classes['min']:g} to {found.classes['max']:g}, median {found.classes['median']:g}"
    elif found.classes:
        counts = sorted(found.classes.items(), key=lambda row: -row[1])
        shown = ", ".join(f"{name} {count:,}" for name, count in counts[:12])
        more = f" and {len(counts) - 12} more classes" if len(counts) > 12 else ""
        uneven = counts[0][1] >= 5 * counts[-1][1]
        yield f"{_mark(uneven)} classes            {shown}{more}"


def _mark(odd: bool) -> str:
    return "!" if odd else " "


def _relations(found: Audit) -> Iterator[str]:
    yield f"{_mark(found.duplicates > 0)} duplicates         {found.duplicates:,} records identical to an earlier one"
    example = f", e.g. {' and '.join(found.conflict_ids[0][:3])}" if found.conflict_ids else ""
    yield f"{_mark(found.conflicts > 0)} conflicts          {found.conflicts:,} sequences under two labels{example}"
    sizes = found.group_sizes
    several = sizes[sizes > 1]
    yield (
        f"{_mark(len(several) > 0)} related records    {len(several):,} groups hold {int(several.sum()):,} records"
        f" (largest {int(sizes.max(initial=0)):,}); splits should keep them together"
    )


def _shortcuts(found: Audit) -> Iterator[str]:
    for name, values in found.shortcuts.items():
        strong = values.get("auc", 0.0) >= 0.9 or values.get("r2", 0.0) >= 0.5
        shown = ", ".join(f"{measure} {value:.3f}" for measure, value in values.items())
        yield f"{_mark(strong)} {name + ' alone':<18} {shown} (out of fold)"


def _test(test: TestAudit | None) -> Iterator[str]:
    if test is None:
        return
    n = len(test.exact)
    yield f"  test records       {n:,}, {int(test.clean.sum()):,} of them no copy of a training record"
    rows = (
        ("exact copies", test.exact, "sequences that stand in the training part"),
        ("other strand", test.reverse_complement, "reverse complements of training records"),
        ("near copies", test.near, "share half of their words with the training part (exact copies among them)"),
        ("contradictions", test.conflicting, "copies with another label than in training"),
    )
    for name, mask, words in rows:
        yield f"{_mark(bool(mask.any()))} {name:<18} {int(mask.sum()):,} {words}"
    if test.same_ids:
        yield f"! same ids           {test.same_ids:,} ids stand in both parts"
    if test.novelty_auc is not None:
        yield (
            f"{_mark(test.novelty_auc > APART)} novelty            AUC {test.novelty_auc:.3f}: how often a test record is less related "
            "to the training part than its folds are to each other (0.5: alike)"
        )
    yield f"{_mark(test.shift_auc > APART)} shift              AUC {test.shift_auc:.3f} of telling training from test records (0.5: alike)"
