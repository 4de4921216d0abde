"""The command line: one small module a command, with heavy imports inside the command."""

from bioautofeat.cli.main import main

__all__ = ["main"]
