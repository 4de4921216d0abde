"""Time: of the whole command, from the start of its process, and never by a clock that can be set."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["Clock", "parse_duration", "process_age"]

from bioautofeat.errors import ParameterError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``10m``, ``2h`` or ``1d``."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in UNITS else (text, "s")
    try:
        seconds = float(number) * UNITS[unit]
    except ValueError:
        raise ParameterError(f"{text!r} is no duration: write seconds, or 10m, 2h") from None
    if not 0 < seconds < 1e9:
        raise ParameterError(f"{text!r} is no duration: it must be above 0")
    return seconds


def process_age() -> float:
    """Seconds since this process was started, its imports included; at least its processor time."""
    try:
        started = int(Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()
    return age if 0 <= age < 3600 else time.process_time()


class Clock:
    """What is left of a time budget.

    Parameters
    ----------
    budget : float or None
        Seconds; None for no limit.
    spent : float
        Seconds that had passed when the clock was made.
    """

    def __init__(self, budget: float | None = None, spent: float = 0.0) -> None:
        self.budget = budget
        self.started = time.monotonic() - spent

    def part(self, share: float) -> Clock:
        """A clock that was started with this one, for the first part of its budget."""
        return Clock(None if self.budget is None else share * self.budget, self.spent)

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def left(self) -> float:
        """Seconds to the end of the budget; negative when it is over, infinite without one."""
        return float("inf") if self.budget is None else self.budget - self.spent

    @property
    def reserve(self) -> float:
        """Seconds to keep for what has to be done at the end: a tenth, between one second and three minutes."""
        return 0.0 if self.budget is None else min(max(0.1 * self.budget, 1.0), 180.0)

    @property
    def free(self) -> float:
        """Seconds left for more models."""
        return self.left - self.reserve
