"""Finding the command and running it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from bioautofeat import __version__
from bioautofeat.cli.common import Parser, add_common, guarded, say

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "extract": "FASTA in, table of features out",
    "descriptors": "list every descriptor, or explain one",
    "check": "audit data before anyone trains on them",
    "fit": "search and train models, estimate honestly how good they are",
    "predict": "apply a model to new sequences",
    "evaluate": "metrics of a model on labelled sequences, with intervals",
    "explain": "which descriptors, k-mers and positions speak for predictions",
    "nas": "search the architecture of a network for sequences",
}
"""Each is the module of that name in this package, with ``add_arguments(parser)`` and ``run(args) -> int``."""

EXAMPLES = """\
examples:
  bioautofeat extract genes.fa.gz -d kmer:k=3 -o features.csv
  bioautofeat descriptors --alphabet dna
  bioautofeat COMMAND --help
"""


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    listed = "\n".join(f"  {name:<{width}}{summary}" for name, summary in COMMANDS.items())
    return (
        "usage: bioautofeat COMMAND [options]\n"
        "       bioautofeat --help | --version\n\n"
        "Biological sequences into features, and into models people can trust.\n\n"
        f"commands:\n{listed}\n\n{EXAMPLES}"
    )


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(COMMANDS)}"
    say("error", f"unknown command {name!r}; {hint}")
    return 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if hasattr(sys.stdout, "reconfigure"):
        # the same bytes in every locale; a name of a file need not be text
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not arguments:
        sys.stderr.write(_help())
        return 2
    name = arguments[0]
    if name in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return 0
    if name in ("-V", "--version"):
        sys.stdout.write(f"bioautofeat {__version__}\n")
        return 0
    if name not in COMMANDS:
        return _unknown(name)
    try:
        command = import_module(f"bioautofeat.cli.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"bioautofeat.cli.{name}":
            raise
        say("error", f"the command {name!r} is not part of this installation")
        return 2
    parser = Parser(prog=f"bioautofeat {name}", description=COMMANDS[name])
    command.add_arguments(parser)
    add_common(parser)
    try:
        options = parser.parse_intermixed_args(arguments[1:])
    except SystemExit as stop:
        return int(stop.code or 0)
    return guarded(command.run, options)
