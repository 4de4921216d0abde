"""What every descriptor must do, as one function: for the package's own tests and for descriptors of your own.

>>> from bioautofeat.testing import check_descriptor
>>> check_descriptor("kmer:k=2", "dna")
"""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.extraction import DENSE_COLUMNS, Extractor
from bioautofeat.families import Descriptor, Spec, parse
from bioautofeat.parameters import Choice, Flag, Int, Range, Real, Slug
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Term, Training
from bioautofeat.terms.join import Concat
from bioautofeat.terms.reduce import ClassCount, Count, OrderedPairs, PooledWindows, Window

__all__ = ["check_descriptor", "example_sequences", "missing_package", "parameter_corners"]

SEED = 20261124
LENGTH = 40
"""Number of positions that per-position descriptors describe in the checks."""

PACKAGES = {"structure": "RNA"}
"""Module that a family's descriptors need beyond the package's own requirements."""


def missing_package(row: Descriptor) -> str | None:
    """Name of a module that the descriptor needs and that is not installed, or None."""
    module = PACKAGES.get(row.family)
    return module if module and find_spec(module) is None else None


def example_sequences(alphabet: Alphabet) -> Sequences:
    """Some thirty records: ordinary ones, and all kinds that break careless code.

    Lengths 0 to 10, all unknown, one repeated letter, a repeated pair, unknown letters at the ends and inside.
    """
    rng = np.random.default_rng(SEED)
    letters, unknown = alphabet.letters, alphabet.ambiguous[-1]
    records = {f"random{n}": "".join(rng.choice(list(letters), n)) for n in (LENGTH, LENGTH, 33, 57, 21, 120, 90, 64)}
    records |= {f"again{n}": "".join(rng.choice(list(letters), n)) for n in (LENGTH, LENGTH, 45, 28)}
    records |= {f"length{n}": "".join(rng.choice(list(letters), n)) for n in range(11)}
    records |= {f"one{letter}": letter * 17 for letter in letters[:: len(letters) - 1]}
    records["pair"] = letters[:2] * 15
    records["unknown"] = unknown * 14
    inside = list(records["random57"])
    inside[3] = inside[20] = inside[21] = inside[50] = unknown
    records["inside"] = "".join(inside)
    records["ends"] = unknown * 3 + records["random33"] + unknown * 2
    return Sequences.from_strings(records.values(), alphabet, list(records))


@dataclass(frozen=True)
class _Case:
    """A descriptor over an alphabet, fitted, with the rows of the example sequences."""

    spec: Spec
    alphabet: Alphabet
    seqs: Sequences
    blank: Extractor
    fitted: Extractor

    @classmethod
    def of(cls, spec: Spec, alphabet: Alphabet) -> _Case:
        seqs, blank = example_sequences(alphabet), Extractor.of([spec], alphabet)
        return cls(spec, alphabet, seqs, blank, blank.fit(_training(seqs[:12])))

    def rows(self, seqs: Sequences, extractor: Extractor | None = None, **options: Any) -> NDArray[Any]:
        """The rows of a batch, short records as zeros."""
        values = (extractor or self.fitted).transform(seqs, short="zero", **options)
        return values if isinstance(values, np.ndarray) else np.asarray(values.toarray())

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The rows of the example sequences."""
        return self.rows(self.seqs)

    def require(self, holds: bool, what: str) -> None:
        """Raise an error that names the descriptor."""
        if not holds:
            raise AssertionError(f"{self.spec} for {self.alphabet.name}: {what}")

    def require_same(self, ours: NDArray[Any], what: str, rows: slice = slice(None)) -> None:
        """Raise an error that names the first record and column of which the bits differ."""
        theirs = self.values[rows]
        self.require(ours.shape == theirs.shape, f"{what}: shape {ours.shape} instead of {theirs.shape}")
        differing = np.argwhere(~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))))
        if len(differing):
            row, column = differing[0]
            place = f"record {self.seqs.ids[rows][row]!r}, column {self.fitted.names[column]!r}"
            values = f"{ours[row, column]} instead of {theirs[row, column]} ({len(differing)} cells differ)"
            self.require(False, f"{what}: {place}: {values}")


def _training(seqs: Sequences) -> Training:
    """Training records of two classes."""
    return Training(LENGTH, seqs, np.array(["yes", "no"])[np.arange(len(seqs)) % 2])


def _names(case: _Case) -> None:
    names, width = case.fitted.names, case.values.shape[1]
    case.require(
        len(names) == case.fitted.width == width, f"{len(names)} names, width {case.fitted.width}, {width} columns"
    )
    double = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    case.require(double is None, f"column {double!r} stands twice")
    odd = next((name for name in names if not re.fullmatch(r"[A-Za-z0-9_.+-]+", name)), None)
    case.require(odd is None, f"column {odd!r} has letters beyond A-Z a-z 0-9 _ . + -")
    if not case.blank.needs:
        case.require(case.blank.names == names, "the names of the columns change in fit")


def _finite(case: _Case) -> None:
    bad = np.argwhere(~np.isfinite(case.values) | (np.abs(case.values) > 1e300))
    if len(bad):
        row, column = bad[0]
        case.require(
            False, f"record {case.seqs.ids[row]!r}, column {case.fitted.names[column]!r}: {case.values[row, column]}"
        )


def _short(case: _Case) -> None:
    rows = case.values[case.seqs.lengths < case.fitted.terms[0].shortest]
    case.require(not rows.any(), f"records below {case.fitted.terms[0].shortest} letters have rows that are not zero")


def _compositions(term: Term, start: int = 0) -> Iterator[tuple[int, int]]:
    """Bounds of columns that are plain frequencies and sum to 1."""
    if isinstance(term, Concat):
        for part in term.terms:
            yield from _compositions(part, start)
            start += part.width
    elif isinstance(term, (Count, ClassCount, OrderedPairs, PooledWindows)) and term.norm == "frequency":
        parts = term.phases if isinstance(term, Count) and term.by_phase else 1
        step = term.width // parts
        yield from ((start + i * step, start + (i + 1) * step) for i in range(parts))
    elif isinstance(term, Window) and term.norm == "frequency":
        n = term.words.n_words
        yield from ((start + i * n, start + (i + 1) * n) for i in range(term.n_windows))


def _sums(case: _Case) -> None:
    unknown = case.seqs.ids.index("unknown")
    for start, stop in _compositions(case.fitted.terms[0]):
        sums = case.values[:, start:stop].sum(axis=1)
        bad = np.flatnonzero((np.abs(sums - 1) > 1e-9) & (sums != 0))
        where = f"columns {start}..{stop - 1}: frequencies of record"
        case.require(not len(bad), f"{where} {[case.seqs.ids[row] for row in bad[:1]]} sum to {sums[bad[:1]]}")
        case.require(sums[unknown] == 0, f"{where} 'unknown' sum to {sums[unknown]} instead of 0")


def _independent(case: _Case) -> None:
    seqs, n = case.seqs, len(case.seqs)
    case.require_same(case.rows(seqs), "a second time")
    case.require_same(case.rows(seqs[::-1])[::-1], "in reverse order")
    for row in (0, 4, n - 1):
        case.require_same(case.rows(seqs[row : row + 1]), "alone", slice(row, row + 1))
    case.require_same(np.concatenate([case.rows(seqs[start : start + 5]) for start in range(0, n, 5)]), "in chunks")
    case.require_same(case.rows(seqs, threads=2), "by two threads")
    case.require(case.rows(seqs[:0]).shape == (0, case.fitted.width), "no records do not give a table without rows")


def _letters(case: _Case) -> None:
    strings = [text.replace("?", case.alphabet.ambiguous[0]).lower() for text in case.seqs]
    lower = Sequences.from_strings(strings, case.alphabet, case.seqs.ids)
    case.require_same(case.rows(lower), "in lower case, with another unknown letter")


def _storage(case: _Case) -> None:
    case.require_same(case.rows(case.seqs, pickle.loads(pickle.dumps(case.fitted))), "after pickling")
    case.require_same(case.rows(case.seqs, copy.deepcopy(case.fitted)), "after copying")
    blank, fitted = case.blank.terms[0], case.fitted.terms[0]
    restored = replace(case.fitted, terms=(blank.with_state(fitted.state(blank)),))
    case.require_same(case.rows(case.seqs, restored), "after storing what was learnt")
    case.require(restored.names == case.fitted.names, "the names of the columns change when what was learnt is stored")


def _precision(case: _Case) -> None:
    single = case.rows(case.seqs, dtype=np.float32).astype(np.float64)
    close = np.abs(single - case.values) <= 1e-6 * np.abs(case.values) + 1e-37
    case.require(bool(close.all()), "float32 differs from float64 by more than 1e-6")
    if case.fitted.width <= DENSE_COLUMNS:
        sparse = case.rows(case.seqs, sparse=True)
        gap = np.abs(sparse - case.values).max(initial=0.0)
        case.require(gap <= 1e-12 * max(1.0, np.abs(case.values).max(initial=0.0)), f"sparse rows differ by {gap}")


def _fitting(case: _Case) -> None:
    again = case.blank.fit(_training(case.seqs[:12]))
    case.require_same(case.rows(case.seqs, again), "after fitting to the same records again")
    other = case.blank.fit(_training(case.seqs[4:12]))
    if case.blank.needs <= {"length"}:
        case.require_same(case.rows(case.seqs, other), "after fitting to other records, from which it learns nothing")


def _spelling(case: _Case) -> None:
    text = str(case.spec)
    case.require(parse(text) == case.spec, f"the text {text!r} reads back as {parse(text)}")
    case.require(re.fullmatch(r"[A-Za-z0-9_.+-]+", case.spec.prefix) is not None, f"prefix {case.spec.prefix!r}")


def _documentation(case: _Case) -> None:
    row = case.spec.descriptor
    for field in ("title", "reference", "columns", "documentation"):
        case.require(bool(getattr(row, field).strip()), f"no {field}")
    case.require(row.documentation.split("\n\n")[0].rstrip().endswith("."), "the first sentence has no end")


def _refused(limits: Range) -> list[Any]:
    """Values just outside a range."""
    if isinstance(limits, Int):
        return [limits.low - 1] + ([limits.high + 1] if limits.high is not None else [])
    if isinstance(limits, Real):
        return [limits.low - 1.0, limits.high + 1.0]
    return ["no-such-option"] if isinstance(limits, Choice) else []


def _bounds(case: _Case) -> None:
    row = case.spec.descriptor
    for name, parameter in row.parameters.items():
        for value in _refused(parameter.range):
            for build in (lambda n=name, v=value: row(**{n: v}), lambda n=name, v=value: parse(f"{row.name}:{n}={v}")):
                message = _message_of(build)
                told = parameter.range.describe() in message and name in message
                case.require(told, f"{name}={value} is not refused with its range, but: {message or 'taken'}")


def _message_of(build: Callable[[], Any]) -> str:
    try:
        build()
    except ParameterError as error:
        return str(error)
    return ""


QUICK = (_names, _finite, _short, _sums, _spelling)
THOROUGH = (*QUICK, _independent, _letters, _storage, _precision, _fitting, _documentation, _bounds)


def check_descriptor(descriptor: str | Spec | Descriptor, alphabet: str | Alphabet, *, thorough: bool = True) -> None:
    """Check that a descriptor does over an alphabet what every descriptor must do.

    Its names are as many as its columns, unique and safe; its rows are finite for all kinds of degenerate records,
    zero for records below ``Term.shortest``, depend on their own record alone to the last bit, survive pickling,
    copying and storing; unknown letters are all one; plain frequencies sum to 1; float32 and sparse rows agree with
    float64 ones; its spec reads back; bounds are kept; title, source, formula and documentation are there.

    Parameters
    ----------
    descriptor : str, Spec or Descriptor
        A row of the registry stands for its default parameters.
    alphabet : str or Alphabet
    thorough : bool
        Whether to make all checks, or only those of names, values and spelling.

    Raises
    ------
    AssertionError
        With the descriptor, the alphabet, and what does not hold.
    """
    spec = descriptor() if isinstance(descriptor, Descriptor) else parse(descriptor)
    case = _Case.of(spec, get_alphabet(alphabet))
    for check in THOROUGH if thorough else QUICK:
        check(case)


def _fits(spec: Spec, alphabet: Alphabet, widest: int) -> bool:
    """Whether the descriptor takes this combination of parameters, and makes no more columns than that."""
    try:
        return Extractor.of([spec], alphabet).fit(_training(example_sequences(alphabet)[:12])).width <= widest
    except ParameterError:
        return False


def parameter_corners(row: Descriptor, alphabet: Alphabet, *, samples: int = 2, widest: int = 5000) -> list[Spec]:
    """Specs of a descriptor: each option of each parameter, the smallest values, and some drawn at random.

    Combinations that the descriptor refuses, or that make more columns than ``widest``, are left out.
    """
    rng = np.random.default_rng(SEED)
    ranges = {name: parameter.range for name, parameter in row.parameters.items()}
    numbers = {name: limits for name, limits in ranges.items() if isinstance(limits, (Int, Real))}
    chosen: list[dict[str, Any]] = [{name: limits.low for name, limits in numbers.items()}]
    for name, limits in ranges.items():
        options = limits.options if isinstance(limits, Choice) else (True, False) if isinstance(limits, Flag) else ()
        chosen += [{name: option} for option in options]
    free = {name: limits for name, limits in ranges.items() if isinstance(limits, (Int, Real, Choice, Flag, Slug))}
    chosen += [{name: limits.sample(rng) for name, limits in free.items()} for _ in range(samples if free else 0)]
    specs = {str(spec): spec for spec in (row(**values) for values in chosen)}
    specs.pop(str(row()), None)
    return [spec for spec in specs.values() if _fits(spec, alphabet, widest)]
