"""The process that fits: it waits for requests on its standard input and answers on its standard output."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import IO, Any

from bioautofeat.automl.executor import OUT_OF_MEMORY, receive, send, short_reason

__all__ = ["main"]

PR_SET_PDEATHSIG = 1


def main(folder: str, memory: int | None) -> None:
    """Serve requests until the other side is gone.

    Parameters
    ----------
    folder : str
        For tables that survive this process.
    memory : int or None
        Bytes of data that the process may hold.
    """
    _depend_on_parent()
    # whatever a library prints must not stand between the answers
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit(memory)
    try:
        _serve(sys.stdin.buffer, answers, folder)
    except MemoryError:
        # not enough is left to tell of it in order
        os._exit(OUT_OF_MEMORY)


def _serve(requests: IO[bytes], answers: IO[bytes], folder: str) -> None:
    """Read a method, then its arguments, and answer; to a problem there is no answer, but to what is asked of it."""
    shop: Any = None
    lacking: tuple[Any, ...] = ("error", "there is no problem to work on", False)
    while True:
        try:
            method = receive(requests)
        except EOFError:
            return
        try:
            arguments = receive(requests)
            if method == "load":
                shop = None  # makes room for the next one
                shop = _loaded(arguments[0], folder)
                continue
            answer: tuple[Any, ...] = lacking if shop is None else ("done", getattr(shop, method)(*arguments))
        except Exception as error:  # noqa: BLE001  # why: whatever a library raises costs this fit alone
            answer = ("error", short_reason(error), isinstance(error, MemoryError))
            if method == "load":
                shop, lacking = None, answer
                continue
        try:
            send(answers, answer)
        except BrokenPipeError:
            return


def _loaded(problem: Any, folder: str) -> Any:
    """A workshop for a problem."""
    from bioautofeat.automl.workshop import Workshop

    shop = Workshop(problem, folder)
    with suppress(ImportError):
        import sklearn  # noqa: F401  # why: it takes a second, which passes while the other side still reads
    return shop


def _depend_on_parent() -> None:
    """Leave interrupts to the process that started this one, and die with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _limit(memory: int | None) -> None:
    """Make the system refuse more memory than allowed, so that it costs one fit and not the run."""
    if memory is None or sys.platform == "win32":
        return
    import resource

    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
