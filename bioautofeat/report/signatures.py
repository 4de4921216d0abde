"""Small sets of features that carry what all of them know."""

from __future__ import annotations

from collections.abc import Iterable

from bioautofeat.evaluation.metrics import METRICS
from bioautofeat.evaluation.signatures import Signature
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Markup, named, note, paragraph, table

__all__ = ["signatures_part"]

MOST_FEATURES = 12
"""Names of features that are shown of a signature; ``signatures.csv`` holds all."""


def signatures_part(facts: Facts) -> str:
    """The signatures of a run as a part of a section; empty where none were looked for."""
    found = facts.result.signatures
    if found is None:
        return ""
    head = "<h3>Small sets of features (signatures)</h3>"
    if not found:
        return head + note(
            "Looked for, and none was found: no feature depends on the label once chance is reckoned with."
        )
    lead = (
        "Each set carries, as far as these records can tell, what the whole table knows. The estimate is of the procedure: in each "
        "fold sets are selected anew on the other records, and the one of the same rank is judged on the fold."
    )
    name = METRICS[found[0].metric].title
    rows = [(len(row.features), row.score, row.low, row.high, _features(row)) for row in found]
    rest = "<code>signatures.csv</code>"
    return head + paragraph(lead) + table(rows, ["features", name, "low", "high", "names (share of folds)"], rest)


def _features(row: Signature) -> Markup:
    """The names, each with the share of the folds that selected it."""
    support: Iterable[float] = row.support or [float("nan")] * len(row.features)
    shown = [
        f"<code>{named(name, 60)}</code>" + (f" ({100 * share:.0f} %)" if share == share else "")
        for name, share in zip(row.features, support, strict=True)
    ]
    more = f" and {len(shown) - MOST_FEATURES} more" if len(shown) > MOST_FEATURES else ""
    return Markup(", ".join(shown[:MOST_FEATURES]) + more)
