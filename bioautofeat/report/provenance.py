"""How to do it again: versions, seeds, hashes, the command."""

from __future__ import annotations

import platform
import shlex
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bioautofeat import __version__
from bioautofeat.report.facts import Facts
from bioautofeat.report.markup import Markup, count, named, note, pairs, paragraph, whole

LONG = 4_000
"""Characters of a command that are seen at once; a longer one is folded away, whole."""

__all__ = ["again_section", "command_line", "delivered", "n_numbers"]

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "xgboost",
    "xgboost-cpu",
    "numba",
    "polars",
    "optuna",
    "torch",
    "ViennaRNA",
)
NOT_OPTIONS = frozenset({"command", "version", "data_sha256", "input", "threads", "output"})


def command_line(config: Mapping[str, Any], threads: int, folder: str = "RUN") -> str:
    """The command that repeats a run, quoted for a shell; empty where the run was not started by one."""
    if not config:
        return ""
    words = ["bioautofeat", str(config.get("command", "fit"))]
    for name, value in config.items():
        if name in NOT_OPTIONS or value is None or value is False or value == []:
            continue
        option = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list) else [value]:
            words += [option] if one is True else [option, f"{one:g}" if isinstance(one, float) else str(one)]
    # what begins with a dash would be taken for an option
    words += ["--threads", str(threads), "-o", f"./{folder}" if folder.startswith("-") else folder]
    given = [str(name) for name in config.get("input") or []]
    return shlex.join([*words[:2], *given, *words[2:]])


def again_section(facts: Facts, folder: str) -> str:
    """Versions, seeds and the command."""
    command = command_line(facts.config, facts.options.threads, folder)
    if command:
        how = paragraph("In the folder where it was first given (files are named as they were then):") + (
            _folded(f'<pre class="command">{whole(command)}</pre>', len(command))
        )
    else:
        how = paragraph("The run was not started by the command line, so there is no command to repeat it.")
    if facts.options.trials is not None and facts.options.time_budget is None:
        how += note(
            "The number of trials decided alone: the same command gives the same model, on any number of threads."
        )
    else:
        how += note("A clock decided how much was tried: another run may differ a little. With --trials N instead, every run gives the same model.")  # fmt: skip
    return how + pairs(_versions(facts))


def _folded(text: str, size: int) -> str:
    return text if size <= LONG else f"<details><summary>{count(size, 'character')}</summary>{text}</details>"


def _versions(facts: Facts) -> Iterator[tuple[str, Any]]:
    yield "bioautofeat", __version__
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
    yield "platform", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "threads", str(facts.options.threads)
    yield "seed", str(facts.options.seed)
    if facts.config.get("data_sha256"):
        yield "SHA-256 of training records and labels", Markup(f"<code>{named(facts.config['data_sha256'])}</code>")
    digest = facts.result.model.metadata.get("training_sha256")
    if digest:
        yield "SHA-256 of training records, in any order", Markup(f"<code>{named(digest)}</code>")


def n_numbers(facts: Facts) -> int:
    """Numbers that the fitted model holds, hyperparameters apart."""
    from dataclasses import fields

    import numpy as np

    total = 0
    for part in facts.result.model.predictor.parts_below():
        values = (getattr(part, place.name) for place in fields(part))  # type: ignore[arg-type]
        total += sum(value.size for value in values if isinstance(value, np.ndarray))
    return int(total)


def delivered(facts: Facts, folder: Path) -> str:
    """What is delivered: columns, calibration, decision, what of the training data it holds."""
    return pairs(_delivered(facts, folder / "model.baf"))


def _delivered(facts: Facts, file: Path) -> Iterator[tuple[str, Any]]:
    model, champion = facts.result.model, facts.champion
    how = "" if len(champion.weights) == 1 else ", their probabilities multiplied, each to the power of its weight (a logarithmic pool)" if champion.log else ", averaged by weight"  # fmt: skip
    yield "made of", count(len(champion.weights), "model") + how
    yield "features", len(model.names)
    if model.extractor is not None:
        specs = ", ".join(f"<code>{named(spec, 120)}</code>" for spec in model.extractor.specs)
        yield "descriptors", Markup(specs)
    yield "numbers held", n_numbers(facts)
    if champion.decision is not None:
        calibration = champion.calibration
        changed = f"probabilities to the power {calibration.exponent:.3f}" + (", with an offset for each class" if any(calibration.bias) else "")  # fmt: skip
        yield "calibration", changed
        yield "decision", _decision(facts)
    elif champion.interval is not None:
        low, high = champion.interval
        yield "90 % interval", f"the value {low:+.4g} to {high:+.4g}"
    kept = {"rows": "rows of features of training records", "sequences": "training sequences"}
    held = [kept[name] for name in model.keeps]
    yield "holds of the training data", " and ".join(held) + ": mind who may have them" if held else "no records"
    if file.exists():
        yield "file", f"{file.name}, {file.stat().st_size / 1e6:.2f} MB"


def _decision(facts: Facts) -> str:
    multipliers = facts.result.model.rule
    if multipliers is None or len(set(multipliers.tolist())) == 1:
        return "the most probable class"
    if len(multipliers) == 2:
        threshold = float(multipliers[0] / multipliers.sum())
        return f"{facts.classes[1]} where its probability is above {threshold:.3f}, chosen for the {facts.metric}"
    return f"the largest probability times a weight of its class, chosen for the {facts.metric}"
