"""The findings as tables, and the explanation as a whole: tables, drawings, a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bioautofeat
from bioautofeat.explanation.findings import Findings
from bioautofeat.explanation.permutation import Importance
from bioautofeat.explanation.subject import Settings

__all__ = ["Explanation", "Table", "mean_profiles"]

Array = NDArray[Any]
TOP = 10
"""Features of each record that are listed for each member."""

BINS = 50
"""Parts of which a record's length is made up where records differ in length."""


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under named columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[Any]:
        """The cells of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def to_frame(self) -> Any:
        """The table as a pandas data frame."""
        import pandas

        return pandas.DataFrame(self.rows, columns=list(self.columns))

    def texts(self) -> Iterator[list[str]]:
        """Head and rows as text, numbers with six digits."""
        yield list(self.columns)
        for row in self.rows:
            yield [f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row]


@dataclass(frozen=True, eq=False)
class Explanation:
    """An explanation of a model.

    Parameters
    ----------
    tables : mapping of str to Table
        ``records``, ``blocks``, ``features``, ``shap``, ``record_blocks``, ``record_features``, ``positions``,
        ``record_positions``, ``mutations``, ``kmers``, ``motifs``, ``saliency``; those that there are.
    drawings : mapping of str to str
        SVG, by name.
    facts : mapping
        What was computed: settings, numbers of records, versions, notes.
    page : str
        A web page that needs nothing else.
    """

    tables: Mapping[str, Table]
    drawings: Mapping[str, str]
    facts: Mapping[str, Any]
    page: str

    @classmethod
    def of(cls, found: Findings, settings: Settings) -> Explanation:
        """The explanation that these findings make."""
        from bioautofeat.explanation.figures import drawings_of
        from bioautofeat.explanation.page import page_of

        tables = {name: table for name, make in _tables.items() if len(table := make(found))}
        drawings, facts = drawings_of(found), _facts(found, settings)
        return cls(tables, drawings, facts, page_of(found, tables, drawings, facts))

    def save(self, folder: str, *, force: bool = False) -> None:
        """Write all files into a folder: all of them or none; see :func:`bioautofeat.explanation.folder.write`."""
        from bioautofeat.explanation.folder import write

        write(folder, self, force=force)


def _facts(found: Findings, settings: Settings) -> dict[str, Any]:
    model = found.subject.model
    facts: dict[str, Any] = {
        "bioautofeat": bioautofeat.__version__, "task": model.task, "classes": list(model.classes), "score": found.subject.unit,
        "explained": found.subject.named(found.subject.target) if found.subject.target is not None else "the predicted class",
        "columns": len(model.names), "records": len(found.ids), "examples": len(found.examples),
        "kmer": {"letters": found.word_length, "records": found.word_records}, "window": found.window,
        "settings": {name: value for name, value in asdict(settings).items() if name != "threads"}, "notes": list(found.notes),
    }  # fmt: skip
    if found.importance is not None:
        facts["importance"] = {
            "records": found.importance.records, "metric": found.importance.metric, "value": found.importance.value,
        }  # fmt: skip
    if not found.subject.classifies:
        facts.pop("explained")
    return facts


def _record_table(found: Findings) -> Table:
    chosen, labels = found.chosen, found.labels or ("",) * len(found.ids)
    columns: tuple[str, ...] = ("id", *(["label"] if found.labels else []), "prediction")
    rows = zip(found.ids, labels, found.predicted, strict=True)
    heads = [row if found.labels else (row[0], row[2]) for row in rows]
    if not found.subject.classifies:
        return Table(columns, heads)
    own = found.outputs[np.arange(len(chosen)), chosen].tolist()
    more = zip(chosen.tolist(), own, found.scores.tolist(), strict=True)
    tails = [(found.subject.named(c), p, s) for c, p, s in more]
    return Table((*columns, "explained", "p", "score"), [(*a, *b) for a, b in zip(heads, tails, strict=True)])


def _importance(row: Importance) -> tuple[float, ...]:
    parts = (row.main, row.change) if row.alone is None else (row.main, row.change, row.alone)
    return tuple(float(f(part)) for part in parts for f in (np.mean, np.std))


MEASURES = ("importance", "importance_sd", "change", "change_sd")


def _block_table(found: Findings) -> Table:
    columns = ("block", "columns", *MEASURES, "alone", "alone_sd")
    if found.importance is None:
        return Table(columns, [])
    rows = zip(found.subject.blocks, found.importance.blocks, strict=True)
    ordered = sorted(rows, key=lambda pair: pair[1].order)
    return Table(columns, [(b.name, b.stop - b.start, *_importance(row)) for b, row in ordered])


def _feature_table(found: Findings) -> Table:
    columns = ("feature", "block", *MEASURES)
    if found.importance is None:
        return Table(columns, [])
    names, rows = found.subject.model.names, found.importance.features
    return Table(columns, [(names[r.start], found.subject.block_of(r.start), *_importance(r)) for r in rows])


def _direction(values: Array, shares: Array) -> float:
    """Correlation of a feature with its shares; 0 where one side is constant."""
    left, right = values - values.mean(), shares - shares.mean()
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    return float((left * right).sum()) / spread if spread > 0 else 0.0


def _shap_table(found: Findings) -> Table:
    rows, names = [], found.subject.model.names
    for part in found.shares:
        mean = np.abs(part.values).mean(axis=0)
        order = np.argsort(-mean.round(12), kind="stable")
        for j in order[mean[order] > 0].tolist():
            column = int(part.member.columns[j])
            rows.append(
                (part.member.name, part.member.weight, part.member.unit, names[column], found.subject.block_of(column),
                 float(mean[j]), _direction(part.table[:, j], part.values[:, j]))
            )  # fmt: skip
    return Table(("member", "weight", "unit", "feature", "block", "mean_abs", "direction"), rows)


def _record_feature_table(found: Findings) -> Table:
    rows: list[tuple[Any, ...]] = []
    names, chosen = found.subject.model.names, found.chosen
    place = {int(row): i for i, row in enumerate(found.examples)}
    for part in found.shares:
        for i, row in enumerate(part.rows.tolist()):
            if row not in place:
                continue
            order = np.argsort(-np.abs(part.values[i]).round(12), kind="stable")[:TOP]
            rows.extend(
                (place[row], found.ids[row], found.subject.named(chosen[row]), part.member.name, part.member.unit,
                 names[part.member.columns[j]], float(part.table[i, j]), float(part.values[i, j]))
                for j in order.tolist() if part.values[i, j] != 0
            )  # fmt: skip
    rows.sort(key=lambda row: row[0])
    columns = ("id", "explained", "member", "unit", "feature", "seen_as", "share")
    return Table(columns, [row[1:] for row in rows])


def _record_block_table(found: Findings) -> Table:
    columns, shares = ("id", "explained", "score", "base", "block", "share", "share_se"), found.block_shares
    rows: list[tuple[Any, ...]] = []
    if shares is not None:
        scores, chosen = found.scores, found.chosen
        for i, row in enumerate(found.examples.tolist()):
            head = (found.ids[row], found.subject.named(chosen[row]), float(scores[row]), float(shares.base[i]))
            cells = zip(found.subject.blocks, shares.values[i].tolist(), shares.errors[i].tolist(), strict=True)
            rows.extend((*head, block.name, value, error) for block, value, error in cells)
    return Table(columns, rows)


def mean_profiles(found: Findings) -> list[tuple[str, int, Array, Array]]:
    """Mean profile of the examples of each predicted class.

    Returns
    -------
    list of (name, records, mean, sd)
        ``mean`` and ``sd`` of shape ``(positions,)``: positions where all examples have one length, else ``BINS`` equal
        parts of each record.
    """
    names = found.predicted if found.subject.classifies else ["all"] * len(found.ids)
    groups: dict[str, list[Array]] = {}
    for profile in found.profiles:
        own = profile.windows if found.aligned else _binned(profile.windows)
        groups.setdefault(names[profile.row], []).append(own)
    return [
        (name, len(rows), np.mean(rows, axis=0), np.std(rows, axis=0))
        for name, rows in sorted(groups.items())
    ]  # fmt: skip


def _binned(values: Array) -> NDArray[np.float64]:
    """Means over ``BINS`` equal parts, a letter shared by two parts counting in both."""
    bounds = np.linspace(0, len(values), BINS + 1)
    first = np.minimum(bounds[:-1].astype(int), len(values) - 1)
    last = np.maximum(np.ceil(bounds[1:]).astype(int), first + 1)
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((total[last] - total[first]) / (last - first))


def _position_table(found: Findings) -> Table:
    columns = ("predicted", "unit", "position", "records", "effect", "effect_sd")
    unit = "letter" if found.aligned else f"of {BINS} parts"
    return Table(columns, [
        (name, unit, place, n, float(mean), float(sd))
        for name, n, means, sds in mean_profiles(found)
        for place, (mean, sd) in enumerate(zip(means, sds, strict=True), 1)
    ])  # fmt: skip


def _record_position_table(found: Findings) -> Table:
    rows: list[tuple[Any, ...]] = []
    chosen = found.chosen
    for profile in found.profiles:
        head = (found.ids[profile.row], found.subject.named(chosen[profile.row]))
        own = [""] * len(profile.letters) if profile.mutated is None else profile.own.tolist()
        cells = zip(profile.letters, profile.windows.tolist(), own, strict=True)
        rows.extend((*head, place, letter, masked, changed) for place, (letter, masked, changed) in enumerate(cells, 1))
    return Table(("id", "explained", "position", "letter", "masked", "changed"), rows)


def _mutation_table(found: Findings) -> Table:
    rows: list[tuple[Any, ...]] = []
    chosen = found.chosen
    for profile in found.profiles:
        if profile.mutated is None or found.sequences is None:
            continue
        symbols = found.sequences.alphabet.symbols
        head = (found.ids[profile.row], found.subject.named(chosen[profile.row]))
        for place, (letter, effects) in enumerate(zip(profile.letters, profile.mutated.tolist(), strict=True), 1):
            if letter in symbols:
                pairs = zip(symbols, effects, strict=True)
                rows.extend((*head, place, letter, to, effect) for to, effect in pairs if to != letter)
    return Table(("id", "explained", "position", "letter", "to", "effect"), rows)


def _word_table(found: Findings) -> Table:
    columns = ("explained", "kmer", "records", "occurrences", "effect", "effect_se", "total")
    return Table(columns, [
        (found.subject.named(w.chosen), w.word, w.records, w.occurrences, w.effect, w.error, w.total) for w in found.words
    ])  # fmt: skip


def _motif_table(found: Findings) -> Table:
    """Every motif: the letters that a filter of a first layer answers to."""
    columns = ("network", "weight", "filter", "consensus", "sites", "bits", "threshold")
    return Table(columns, [
        (view.name, view.weight, motif.filter, motif.consensus, motif.sites, float(motif.information.sum()), motif.threshold)
        for view in found.networks for motif in view.motifs
    ])  # fmt: skip


def _saliency_table(found: Findings) -> Table:
    """Gradient times input of each letter of the records explained one by one, mean over the networks by their weights."""
    rows: list[tuple[Any, ...]] = []
    views = [view for view in found.networks if view.saliency]
    total = sum(view.weight for view in views)
    for place, row in enumerate(found.examples.tolist() if views else []):
        shares = np.sum([view.weight / total * view.saliency[place] for view in views], axis=0)
        symbols = found.sequences[row] if found.sequences is not None else ""
        name = found.subject.named(found.chosen[row])
        rows += [
            (found.ids[row], name, number, letter, float(value))
            for number, (letter, value) in enumerate(zip(symbols, shares, strict=False), 1)
        ]
    return Table(("id", "explained", "position", "letter", "saliency"), rows)


_tables: Mapping[str, Any] = {
    "records": _record_table,
    "blocks": _block_table,
    "features": _feature_table,
    "shap": _shap_table,
    "record_blocks": _record_block_table,
    "record_features": _record_feature_table,
    "positions": _position_table,
    "record_positions": _record_position_table,
    "mutations": _mutation_table,
    "kmers": _word_table,
    "motifs": _motif_table,
    "saliency": _saliency_table,
}

TABLES: Sequence[str] = tuple(_tables)
"""Every table there can be."""
