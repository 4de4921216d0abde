"""Who fits: this process, or one worker that can be killed when a fit overruns and is started anew.

One worker, one fit at a time: two programs that both spawn threads make each other wait.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Self

from bioautofeat.automl.problem import Problem
from bioautofeat.automl.workshop import Workshop
from bioautofeat.errors import BioautofeatError, UnfinishedError

__all__ = ["OUT_OF_MEMORY", "Executor", "FitError", "Inline", "Worker", "environment", "late", "receive", "send"]

OUT_OF_MEMORY = 77
"""Exit code of a worker that has no memory left to say so."""

MOST_DEATHS = 5
"""So often a worker is started that ends before it has answered anything."""

SKIPPED = 1 << 16
"""Bytes that are read at a time where a message is passed over."""


class FitError(Exception):
    """One fit could not be finished; the message says why, in a few words.

    Parameters
    ----------
    message : str
    stopped : bool
        It ran out of time or memory, or was interrupted; it is no fault of the model.
    """

    def __init__(self, message: str, stopped: bool = False) -> None:
        super().__init__(message)
        self.stopped = stopped


def send(stream: IO[bytes], message: Any) -> None:
    """Write one message: its length, then its bytes."""
    content = pickle.dumps(message, protocol=5)
    for part in (struct.pack("<Q", len(content)), content):
        rest = memoryview(part)
        while rest:
            rest = rest[stream.write(rest) :]
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one message; EOFError where the other side is gone.  Both sides are processes of this run.

    A message too large for the memory there is is passed over before the MemoryError is raised, so that the next one can
    be read.
    """
    size = struct.unpack("<Q", _exactly(stream, 8))[0]
    try:
        content = bytearray(size)
    except MemoryError:
        for start in range(0, size, SKIPPED):
            _exactly(stream, min(SKIPPED, size - start))
        raise
    return pickle.loads(_filled(stream, content))


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    """So many bytes, in however many pieces they come."""
    return _filled(stream, bytearray(size))


def _filled(stream: IO[bytes], content: bytearray) -> bytearray:
    view, filled = memoryview(content), 0
    while filled < len(content):
        # an unbuffered stream may give less than asked for
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        filled += count
    return content


class Executor(ABC):
    """Runs methods of a :class:`Workshop`.

    Attributes
    ----------
    memory : int or None
        Bytes that each process which fits may allocate; None without a limit.
    """

    memory: int | None = None

    @abstractmethod
    def load(self, problem: Problem) -> None:
        """Take a problem; everything before it is forgotten."""

    @abstractmethod
    def split(self, problem: Problem) -> None:
        """Take the same problem in other folds; what has been computed is kept."""

    @abstractmethod
    def call(self, method: str, *arguments: Any, limit: float = float("inf")) -> Any:
        """The result of a method; :class:`FitError` where it fails or takes more than ``limit`` seconds."""

    @property
    def width(self) -> int:
        """Number of calls that are worked on at the same time."""
        return 1

    def gather(self, method: str, calls: Sequence[tuple[Any, ...]], limit: float = float("inf")) -> list[Any]:
        """The results of a method for several sets of arguments, in their order; in place of one that failed its error."""
        deadline, found = time.monotonic() + limit, []
        for arguments in calls:
            try:
                found.append(self.call(method, *arguments, limit=deadline - time.monotonic()))
            except FitError as error:
                found.append(error)
        return found

    def call_each(self, method: str, calls: Sequence[tuple[Any, ...]], limit: float = float("inf")) -> list[Any]:
        """As :meth:`gather`, all of them or the first :class:`FitError`."""
        found = self.gather(method, calls, limit)
        for result in found:
            if isinstance(result, FitError):
                raise result
        return found

    def call_everywhere(self, method: str, *arguments: Any, limit: float = float("inf")) -> list[Any]:
        """The results of a method in every workshop there is."""
        return [self.call(method, *arguments, limit=limit)]

    def close(self) -> None:  # noqa: B027  # why: this process has nothing to end
        """End at once what is running."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def short_reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    if isinstance(error, MemoryError):
        return "out of memory"
    text = " ".join(str(error).split())
    return (f"{type(error).__name__}: {text}" if not isinstance(error, BioautofeatError) else text)[:300]


def late() -> FitError:
    """What is said of a fit that overran."""
    return FitError("stopped: it took longer than the time left for it", stopped=True)


class Inline(Executor):
    """Fits in this process: for data so small that no fit can take long."""

    def load(self, problem: Problem) -> None:
        self.shop = Workshop(problem)

    def split(self, problem: Problem) -> None:
        self.shop.split(problem.folds, problem.judged)

    def call(self, method: str, *arguments: Any, limit: float = float("inf")) -> Any:
        try:
            return getattr(self.shop, method)(*arguments)
        except Exception as error:  # why: whatever a library raises costs this model alone
            raise FitError(short_reason(error), isinstance(error, MemoryError)) from error


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker: threads of libraries, and no word of folders that a stopped fit leaves, which are removed."""
    quiet = "ignore:resource_tracker:UserWarning"
    return dict(
        os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1",
        OMP_WAIT_POLICY="passive", PYTHONWARNINGS=",".join(filter(None, (os.environ.get("PYTHONWARNINGS"), quiet))),
    )  # fmt: skip


class Worker(Executor):
    """Fits in one other process, which is killed on overrun.

    Parameters
    ----------
    threads : int
    memory : int, optional
        Bytes that the process may allocate.
    alive : callable
        Called every tenth of a second while the worker works.
    folder : str, optional
        For tables; by default one of its own, which is removed at the end.
    """

    def __init__(
        self,
        threads: int,
        memory: int | None = None,
        alive: Callable[[], None] = lambda: None,
        folder: str | None = None,
    ) -> None:
        self.threads, self.memory, self.alive = threads, memory, alive
        self._own = None if folder is not None else tempfile.TemporaryDirectory(prefix="bioautofeat-")
        self.folder = folder if self._own is None else self._own.name
        self.problem: Problem | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.answered, self.deaths = False, 0
        self._start()

    def _start(self) -> None:
        # modules come from where this process finds them, and from nowhere else: the current folder may hold a random.py
        code = (
            f"import sys; sys.path[:] = {[str(path) for path in sys.path]!r}; "
            f"from bioautofeat.automl.worker import main; main({self.folder!r}, {self.memory!r})"
        )
        # unbuffered: what stands in a buffer would not wake the wait for an answer
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(self.threads),
            bufsize=0,
        )

    def load(self, problem: Problem) -> None:
        self.problem, self.answered, self.deaths = problem, False, 0
        if not self._told("load", problem):
            self.restart()

    def split(self, problem: Problem) -> None:
        self.problem = problem
        try:
            self.call("split", problem.folds, problem.judged)
        except FitError:
            # a new process is handed the problem as it is now; what keeps it from work is told by the fits
            self.restart()

    def _told(self, method: str, *arguments: Any) -> bool:
        """Hand over a request; False where the process is gone."""
        if self.process is None or self.process.stdin is None:
            return False
        try:
            send(self.process.stdin, method)
            send(self.process.stdin, arguments)
        except OSError:
            return False
        return True

    def restart(self) -> None:
        """End at once what is running, and start anew."""
        self.kill()
        self._start()
        if self.problem is not None:
            # a process that cannot even take the problem is found out by the next request
            self._told("load", self.problem)

    def call(self, method: str, *arguments: Any, limit: float = float("inf")) -> Any:
        deadline = time.monotonic() + limit
        self.submit(method, *arguments)
        try:
            while not select.select([self.answers], [], [], 0.1)[0]:
                self.alive()
                if time.monotonic() > deadline:
                    self.restart()
                    raise late()
            return self.collect()
        except FitError:
            raise
        except BaseException:
            # an interrupt leaves a worker that no one listens to
            self.kill()
            raise

    @property
    def answers(self) -> IO[bytes]:
        """Where the answers come from."""
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout

    def submit(self, method: str, *arguments: Any) -> None:
        """Ask for the result of a method without waiting for it; :class:`FitError` where the process ends before it is asked."""
        if self.process is None:
            self.restart()
        elif self.process.poll() is not None:
            self._buried()
        if not self._told(method, *arguments):
            raise self._buried()

    def collect(self) -> Any:
        """The result of what was asked for; it is waited for."""
        try:
            kind, *content = receive(self.answers)
        except EOFError:
            raise self._buried() from None
        self.answered = True
        if kind == "error":
            raise FitError(content[0], content[1])
        return content[0]

    def _buried(self) -> FitError:
        """Why the process has ended, once another one is started; :class:`UnfinishedError` where none has ever answered."""
        assert self.process is not None
        code = self.process.wait()
        why = f"killed by signal {-code}, likely out of memory" if code < 0 else f"the process ended with {code}"
        why = "out of memory" if code == OUT_OF_MEMORY else why
        self.deaths += 1
        if self.deaths >= MOST_DEATHS and not self.answered:
            self.kill()
            more = "; raise --memory-limit, or lower --threads" if self.memory is not None else ""
            raise UnfinishedError(f"no process that fits models can be kept alive: {why}{more}")
        self.restart()
        return FitError(why, stopped=code in (-signal.SIGKILL, OUT_OF_MEMORY))

    def kill(self) -> None:
        """End at once what is running."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            self.process = None

    def close(self) -> None:
        self.kill()
        if self._own is not None:
            self._own.cleanup()
