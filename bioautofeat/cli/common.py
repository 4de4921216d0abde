"""What all commands share: options, messages, progress, signals and exit codes.  Standard library only."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn, TextIO

from bioautofeat import __version__
from bioautofeat.errors import BioautofeatError, BioautofeatWarning

__all__ = ["Parser", "Progress", "Terminated", "add_common", "guarded", "positive", "say"]

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Terminated(BaseException):
    """SIGTERM came: end in order, keeping what is finished."""


def say(kind: str, message: object) -> None:
    """Write ``error: ...`` or ``warning: ...`` to stderr, as one line."""
    line = " ".join(str(message).splitlines())
    # a name of a file may hold what a terminal would obey
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{kind}: {shown}\n")
        sys.stderr.flush()


class Parser(argparse.ArgumentParser):
    """argparse, with usage errors as one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        say("error", f"{message} (see {self.prog} --help)")
        raise SystemExit(2)


def positive(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return number


def _seed(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^32 - 1")
    return number


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options of every command."""
    group = parser.add_argument_group("for every command")
    group.add_argument("--threads", type=positive, metavar="N", help="default: the cores this process may use")
    group.add_argument("--seed", type=_seed, default=0, metavar="N", help="of everything random (default 0)")
    group.add_argument("--quiet", action="store_true", help="no progress on stderr")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")
    group.add_argument("--version", action="version", version=f"bioautofeat {__version__}")


class Progress:
    """What is done and what is left, on stderr: a line that is redrawn on a terminal, else a line now and then.

    Parameters
    ----------
    what : str
        What is counted, e.g. ``records``.
    quiet : bool
    """

    def __init__(self, what: str, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.what, self.stream = what, stream or sys.stderr
        self.terminal = bool(self.stream and self.stream.isatty())
        self.wait = 0.2 if self.terminal else 15.0
        self.quiet, self.start = quiet or self.stream is None, time.monotonic()
        self.last, self.drawn = self.start, 0

    def __call__(self, done: int, total: int) -> None:
        """Show how far the work is, unless that was just shown."""
        now = time.monotonic()
        if self.quiet or now - self.last < self.wait:
            return
        self.last = now
        left = (now - self.start) * (total - done) / max(done, 1)
        text = f"{done:,} of {total:,} {self.what} ({100 * done // max(total, 1)} %), {left:.0f} s left"
        with suppress(OSError, ValueError):
            if self.terminal:
                self.stream.write("\r" + text.ljust(self.drawn))
                self.drawn = len(text)
            else:
                self.stream.write(text + "\n")
            self.stream.flush()

    def close(self) -> None:
        """Wipe the line."""
        if self.drawn:
            with suppress(OSError, ValueError):
                self.stream.write("\r" + " " * self.drawn + "\r")
                self.stream.flush()
            self.drawn = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Signals:
    """The first Ctrl-C or SIGTERM ends the work in order, the second is let pass, the third ends it at once."""

    def __init__(self) -> None:
        self.count = 0
        self.before: dict[int, Any] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            raise (KeyboardInterrupt if number == signal.SIGINT else Terminated)
        if self.count > 2:
            os._exit(128 + number)

    def __enter__(self) -> _Signals:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError, OSError):
                self.before[number] = signal.signal(number, self)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            with suppress(ValueError, OSError, TypeError):
                signal.signal(number, handler)


def _show_warning(debug: bool) -> Callable[..., None]:
    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, BioautofeatWarning):
            say("warning", message)
        elif debug:
            say("warning", f"{category.__name__}: {message}")

    return show


def guarded(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; whatever goes wrong becomes one line and an exit code."""
    with _Signals(), warnings.catch_warnings():
        warnings.simplefilter("always", BioautofeatWarning)
        warnings.showwarning = _show_warning(options.debug)
        try:
            code = run(options)
            sys.stdout.flush()
            return code
        except BaseException as error:  # noqa: BLE001  # why: this is where each becomes a line and a code
            if options.debug and not isinstance(error, (SystemExit, BrokenPipeError)):
                import traceback

                traceback.print_exc()
            return _exit_code(error)


def _exit_code(error: BaseException) -> int:
    """Say what happened, in one line; the exit code."""
    if isinstance(error, SystemExit):
        return int(error.code) if isinstance(error.code, int) else 0 if error.code is None else 2
    if isinstance(error, BioautofeatError):
        say("error", error)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        say("error", "interrupted")
        return 130
    if isinstance(error, Terminated):
        say("error", "terminated")
        return 143
    if isinstance(error, MemoryError):
        more = f" ({error})" if str(error) else ""
        say("error", f"out of memory{more}; use fewer columns or records, fewer --threads, or a larger machine")
        return 1
    if isinstance(error, BrokenPipeError):
        # whoever read our output has gone; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename else ""
        say("error", f"{place}{error.strerror}")
        return 1 if error.errno in (*FULL_DISK, errno.ENOMEM) else 2
    say("error", f"this should not happen: {type(error).__name__}: {error}; run again with --debug and report it")
    return 1
