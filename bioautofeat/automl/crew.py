"""Several workers: the folds of a candidate are judged side by side, each fit on its share of the threads."""

from __future__ import annotations

import select
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from bioautofeat.automl.costs import free_memory
from bioautofeat.automl.executor import Executor, FitError, Inline, Worker, late
from bioautofeat.automl.prepare import Options
from bioautofeat.automl.problem import Problem
from bioautofeat.sequences import Sequences

__all__ = ["Crew", "executor_for"]

SMALL = 400_000
"""Cells of a table (3,000 columns a record are reckoned with) that are fitted in this process where nothing limits them."""

MOST_WORKERS = 5
"""There are no more folds."""


class Crew(Executor):
    """Workers with one folder of tables.

    Parameters
    ----------
    size : int
        Number of workers.
    threads : int
        Of all together.
    memory : int, optional
        Bytes that each of them may allocate.
    alive : callable
        Called every tenth of a second while one of them works.
    """

    def __init__(
        self, size: int, threads: int, memory: int | None = None, alive: Callable[[], None] = lambda: None
    ) -> None:
        self.memory, self.alive = memory, alive
        self.folder = tempfile.TemporaryDirectory(prefix="bioautofeat-")
        self.workers = [Worker(threads, memory, alive, self.folder.name) for _ in range(size)]

    @property
    def width(self) -> int:
        return len(self.workers)

    def load(self, problem: Problem) -> None:
        for worker in self.workers:
            worker.load(problem)

    def split(self, problem: Problem) -> None:
        for worker in self.workers:
            worker.split(problem)

    def call(self, method: str, *arguments: Any, limit: float = float("inf")) -> Any:
        return self.workers[0].call(method, *arguments, limit=limit)

    def gather(self, method: str, calls: Sequence[tuple[Any, ...]], limit: float = float("inf")) -> list[Any]:
        deadline = time.monotonic() + limit
        found: list[Any] = []
        for start in range(0, len(calls), self.width):
            found += self._together(method, calls[start : start + self.width], deadline)
        return found

    def call_everywhere(self, method: str, *arguments: Any, limit: float = float("inf")) -> list[Any]:
        found = self._together(method, [arguments] * self.width, time.monotonic() + limit)
        for result in found:
            if isinstance(result, FitError):
                raise result
        return found

    def _together(self, method: str, calls: Sequence[tuple[Any, ...]], deadline: float) -> list[Any]:
        """One call for each worker; what each gave, or its error."""
        working = dict(enumerate(self.workers[: len(calls)]))
        found: dict[int, Any] = {}
        try:
            for place, worker in list(working.items()):
                try:
                    worker.submit(method, *calls[place])
                except FitError as error:
                    found[place] = error
                    del working[place]
            while working and time.monotonic() <= deadline:
                ready = select.select([worker.answers for worker in working.values()], [], [], 0.1)[0]
                self.alive()
                for place in [place for place, worker in working.items() if worker.answers in ready]:
                    try:
                        found[place] = working.pop(place).collect()
                    except FitError as error:
                        found[place] = error
        except BaseException:
            # an interrupt leaves workers that no one listens to
            for worker in working.values():
                worker.kill()
            raise
        for place, worker in working.items():
            worker.restart()
            found[place] = late()
        return [found[place] for place in range(len(calls))]

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.folder.cleanup()


def executor_for(source: Any, options: Options) -> Executor:
    """Workers, or this process for small data where neither time nor memory is limited.

    This process cannot be stopped, be it at work on a model or, in a fresh installation, still compiling a descriptor.
    Under a number of trials each worker has the memory that it would have in the largest crew, whatever the number of
    threads: what a model may take decides which ones are tried.

    Parameters
    ----------
    source : Sequences, or the values of a table
    options : Options
        Less memory is shared by fewer workers.
    """
    threads, memory = options.threads, options.memory_limit
    columns = 3000 if isinstance(source, Sequences) else source.shape[1]
    size = columns * len(source) + (source.n_letters if isinstance(source, Sequences) else 0)
    if size <= SMALL and options.time_budget is None and memory is None:
        return Inline()
    available = memory or free_memory()
    # a fit holds its table about three times, and a table may be twice as wide as the first one
    affordable = MOST_WORKERS if available is None else int(available / (8.0 * size * 4 + 5e8))
    most = max(1, min(MOST_WORKERS, affordable))
    workers = min(threads, most)
    share = None if memory is None else memory // (workers if options.by_clock else most)
    return Worker(threads, share) if workers == 1 else Crew(workers, threads, share)
