"""``bioautofeat nas``: search an architecture for labelled sequences, train one, compare strategies on a table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bioautofeat.cli.common import Terminated, positive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bioautofeat.audit import Part
    from bioautofeat.nas.genotype import Architecture

__all__ = ["add_arguments", "run"]

EPILOG = """\
actions:
  search TRAIN... -o RUN      search, train the best networks; RUN holds model.baf, report.html, architecture.json and .svg,
                              history.csv; after an interrupt it holds what was finished, and the same command goes on
  train TRAIN... -o MODEL     train the network of --architecture, without any search; after an interrupt the same command
                              goes on with what MODEL.unfinished holds
  predict MODEL INPUT...      as bioautofeat predict
  bench [TABLE] --set NAME    strategies on a table of trained architectures (by default the package's own, of sequences):
                              what each picks, mean over seeds
  spaces | strategies         what there is

search and train need torch: pip install 'bioautofeat[nas]'

examples:
  bioautofeat nas search pos=positive.fa neg=negative.fa -o run --time-budget 10m
  bioautofeat nas train all.fa --labels header --architecture run/architecture.json -o model.baf
  bioautofeat nas predict model.baf new.fa -o predictions.csv
  bioautofeat nas bench --set splice --strategy random --strategy evolution --trials 50
"""

ACTIONS = ("search", "train", "predict", "bench", "spaces", "strategies")


def _duration(text: str) -> float:
    from bioautofeat.automl.clock import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.epilog = EPILOG
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument("input", nargs="*", metavar="INPUT", help="FASTA (CLASS=FILE labels its records), model, table")
    parser.add_argument("-o", "--output", metavar="OUT", help="folder of the search, or file")
    parser.add_argument("--labels", metavar="header|FILE", help="as in fit")
    parser.add_argument("--alphabet", choices=("auto", "dna", "rna", "protein"), default="auto")
    parser.add_argument("--task", choices=("classification", "regression"), default="classification")
    parser.add_argument("--metric", metavar="NAME", help="what picks networks; as in fit")
    parser.add_argument(
        "--time-budget",
        type=_duration,
        metavar="TIME",
        help="90, 10m, 2h (search without --trials: 10m; train: no limit)",
    )
    parser.add_argument(
        "--trials", type=positive, metavar="N", help="architectures to try; table look-ups in bench (50)"
    )
    parser.add_argument("--strategy", action="append", default=[], metavar="NAME", help="see nas strategies")
    parser.add_argument("--space", default="sequence", metavar="NAME", help="see nas spaces")
    parser.add_argument(
        "--encoder", action="append", default=[], metavar="NAME",
        help="one-hot, ncp, embedding:k=3, properties:names=NAME+NAME, fcgr:k=4; several to choose from (sequence)",
    )  # fmt: skip
    parser.add_argument("--evaluator", default="training", metavar="NAME", help="how architectures are judged")
    parser.add_argument("--architecture", metavar="FILE", help="JSON, for train")
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="of each training, at most (default 15; of supernets 40)"
    )
    parser.add_argument("--members", type=positive, default=3, metavar="N", help="networks of the model (default 3)")
    parser.add_argument("--strands", choices=("given", "both", "symmetric"), default="given", help="DNA: what they say")
    parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda")
    parser.add_argument("--set", metavar="NAME", help="records of a table, for bench (of NAS-Bench-201: cifar10)")
    parser.add_argument("--seeds", type=positive, default=20, metavar="N", help="of bench (default 20)")
    parser.add_argument("--force", action="store_true", help="replace an existing output")


def run(options: argparse.Namespace) -> int:
    """Do the action; the exit code."""
    from bioautofeat.errors import ParameterError

    actions = {
        "search": _search, "train": _train, "predict": _predict, "bench": _bench, "spaces": _spaces,
        "strategies": _strategies,
    }  # fmt: skip
    if options.action not in ("bench", "spaces", "strategies") and not options.input:
        raise ParameterError(f"nas {options.action}: no input is named")
    if options.action in ("search", "train") and not options.output:
        raise ParameterError(f"nas {options.action}: name the output, -o")
    return actions[options.action](options)


def _listed(rows: dict[str, str]) -> int:
    import sys

    sys.stdout.write("".join(f"{name}\t{summary}\n" for name, summary in rows.items()))
    return 0


def _spaces(options: argparse.Namespace) -> int:
    from bioautofeat.nas.catalogue import SPACES

    return _listed(SPACES)


def _strategies(options: argparse.Namespace) -> int:
    from bioautofeat.nas.catalogue import STRATEGIES

    return _listed(STRATEGIES)


def _estimator(options: argparse.Namespace, **more: Any) -> Any:
    """The estimator that the options describe."""
    import sys
    import time

    from bioautofeat.nas.estimator import NASClassifier, NASRegressor

    start = time.monotonic()

    def tell(line: str) -> None:
        if not options.quiet:
            sys.stderr.write(f"[{time.monotonic() - start:.0f} s] {line}\n")
            sys.stderr.flush()

    budget = options.time_budget
    if budget is None and options.trials is None and options.action == "search":
        budget = 600.0
    kind = NASClassifier if options.task == "classification" else NASRegressor
    return kind(
        strategy=options.strategy[-1] if options.strategy else "evolution", space=options.space,
        evaluator=options.evaluator, time_budget=budget, trials=options.trials, epochs=options.epochs,
        members=options.members, strands=options.strands, encoders=tuple(options.encoder),
        metric=options.metric, threads=options.threads,
        random_state=options.seed, device=options.device, tell=tell, **more,
    )  # fmt: skip


def _part(options: argparse.Namespace) -> Part:
    """Records with the labels of all of them."""
    from bioautofeat.cli.fit import read_part
    from bioautofeat.nas.ops import blocks

    blocks()  # without torch, say so before anything is read
    part = read_part(options.input, options.alphabet, options.labels)
    part.require_labels()
    return part


def _search(options: argparse.Namespace) -> int:
    from bioautofeat.io.run_folder import configuration
    from bioautofeat.nas.folder import SearchFolder, data_of

    folder = SearchFolder(options.output, options.force)
    try:
        part = _part(options)
        resumed = folder.open(configuration(vars(options), data_of(part)))
        model = _estimator(options, checkpoints=folder.checkpoints)
        if resumed:
            model.tell("an earlier search with the same configuration is taken up")
        try:
            model.fit(part.sequences, part.require_labels())
        except (KeyboardInterrupt, Terminated):
            _deliver(model, options, folder.path, "interrupted: the same command goes on from here")
            raise
        _deliver(model, options, folder.path)
        folder.finish()
    finally:
        folder.let_go()
    model.tell(f"validation {model.score_:.4f}; {folder.path / 'model.baf'}")
    return 0


def _deliver(model: Any, options: argparse.Namespace, folder: Path, note: str = "") -> None:
    """Write what was found, as far as there is something."""
    rows = model.history_ if hasattr(model, "candidates_") else []
    if rows:
        _write(folder / "history.csv", _table(rows))
    if not hasattr(model, "model_"):
        return
    model.save(str(folder / "model.baf"))
    _write(folder / "architecture.json", [model.architectures_[0].to_json() + "\n"])
    _write(folder / "architecture.svg", [_pictures(model)])
    _write(folder / "report.html", [_page(model, options, note)])


def _pictures(model: Any) -> str:
    """The network that did best, as a drawing by itself."""
    from bioautofeat.explanation.drawing import standalone
    from bioautofeat.nas.picture import drawn

    return standalone(drawn(model.architectures_[0]))


def _page(model: Any, options: argparse.Namespace, note: str) -> str:
    """What was found, its picture, and everything that was tried."""
    from bioautofeat import __version__
    from bioautofeat.explanation.drawing import STYLE
    from bioautofeat.explanation.page import LAYOUT
    from bioautofeat.nas.picture import drawn, summary
    from bioautofeat.report.markup import figure, named, pairs, section

    chosen = list(dict.fromkeys(model.architectures_))
    asked = pairs([
        ("space", options.space), ("strategy", options.strategy[-1] if options.strategy else "evolution"),
        ("evaluator", options.evaluator), ("networks tried", len(model.history_)), ("networks of the model", len(model.architectures_)),
        ("their mean validation score", float(model.score_)), ("seed", options.seed), *([("note", note)] if note else []),
    ])  # fmt: skip
    pictures = "".join(figure(drawn(one), summary(one), "Boxes are layers, lines what they read.") for one in chosen)
    body = section("asked", "What was asked", asked) + section("networks", "Networks of the model", pictures)
    body += section("history", "What was tried", _history(model))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>bioautofeat: architecture search</title><style>{STYLE}{LAYOUT}</style></head>\n"
        f"<body><h1>Architecture search: {named(options.task)}</h1><main>{body}</main>"
        f'<p class="note">Made by bioautofeat {__version__}.</p></body></html>\n'
    )


def _history(model: Any) -> str:
    """The table of the page; what failed comes last, with its reason."""
    from bioautofeat.nas.genotype import read_architecture
    from bioautofeat.nas.picture import summary
    from bioautofeat.report.markup import table

    rows = [
        ("" if row["error"] else float(row["score"]), row["evaluator"], float(row["fidelity"]), row["parameters"],
         row["epochs"], float(row["seconds"]), row["error"] or summary(read_architecture(row["architecture"])))
        for row in model.history_
    ]  # fmt: skip
    columns = ("score", "by", "share of the cost", "weights", "epochs", "seconds", "network")
    return table(rows, columns, "history.csv")


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The history as CSV; failures have no score."""
    from math import isfinite

    from bioautofeat.io.text import quoted

    yield ",".join(rows[0]) + "\n"
    for row in rows:
        cells = ["" if isinstance(v, float) and not isfinite(v) else str(v) for v in row.values()]
        yield ",".join(quoted(cells, ",")) + "\n"


def _write(path: Any, lines: Any) -> None:
    from bioautofeat.io.output import replacing

    with replacing(str(path)) as stream:
        for line in lines:
            stream.write(line.encode())


def _train(options: argparse.Namespace) -> int:
    from pathlib import Path

    from bioautofeat.errors import ParameterError
    from bioautofeat.io.output import check_output
    from bioautofeat.io.source import parse_input
    from bioautofeat.nas.genotype import read_architecture

    if not options.architecture:
        raise ParameterError("nas train: name the network, --architecture FILE (nas search writes one)")
    inputs = [options.architecture, *(parse_input(text).path for text in options.input), options.labels or ""]
    check_output(options.output, force=options.force, inputs=inputs)
    try:
        text = Path(options.architecture).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{options.architecture}: cannot be read: {error}") from None
    architecture, part = read_architecture(text), _part(options)
    model = _trained(options, part, architecture)
    model.tell(f"validation {model.score_:.4f}; {options.output}")
    return 0


def _trained(options: argparse.Namespace, part: Part, architecture: Architecture) -> Any:
    """The model of a given network, saved; its trainings are kept beside it until then, where it is a file."""
    import os

    from bioautofeat.io.run_folder import configuration
    from bioautofeat.nas.folder import SearchFolder, data_of

    if os.path.exists(options.output) and not os.path.isfile(options.output):
        model = _estimator(options, architecture=architecture).fit(part.sequences, part.require_labels())
        model.save(options.output)
        return model
    folder = SearchFolder(f"{options.output}.unfinished", force=True)
    try:
        given = {**vars(options), "architecture": architecture.to_json()}
        resumed = folder.open(configuration(given, data_of(part)))
        model = _estimator(options, architecture=architecture, checkpoints=folder.checkpoints)
        if resumed:
            model.tell("an earlier training with the same configuration is taken up")
        model.fit(part.sequences, part.require_labels())
        model.save(options.output)
        folder.finish()
    finally:
        folder.let_go()
    return model


def _predict(options: argparse.Namespace) -> int:
    from bioautofeat.cli.predict import run as predict
    from bioautofeat.errors import ParameterError

    options.model, *options.input = options.input
    options.features = []  # a network reads letters, no columns of a user's own
    if not options.input:
        raise ParameterError("nas predict: name the model and then the sequences")
    return predict(options)


def _bench(options: argparse.Namespace) -> int:
    import sys

    from bioautofeat.errors import ParameterError
    from bioautofeat.nas.bench import OWN, contest, picks

    if options.time_budget is not None:
        raise ParameterError(
            "nas bench: nothing is trained, so there is no --time-budget; --trials says how much to look up"
        )
    found = contest(options.input[0] if options.input else OWN, options.set)
    trials = options.trials or 50
    sys.stdout.write("strategy,trials,seeds,test,sd,best\n")
    for name in options.strategy or ["random", "local", "evolution", "tpe"]:
        test = picks(found, name, [trials], options.seeds, options.seed)[:, 0, 0]
        sys.stdout.write(f"{name},{trials},{options.seeds},{test.mean():.4f},{test.std():.4f},{found.best:.4f}\n")
        sys.stdout.flush()
    return 0
