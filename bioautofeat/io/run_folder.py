"""The folder of a run: who may write in it, and what in it is its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, ClassVar

from bioautofeat.errors import OutputError
from bioautofeat.io.output import json_bytes, replacing, writing

if sys.platform != "win32":
    import fcntl
else:  # pragma: no cover
    fcntl = None

__all__ = ["RunFolder", "configuration", "write_json"]

LOCK = ".lock"
LEFT_OUT = ("output", "force", "quiet", "debug", "threads")
"""Options of a command that do not change what is found."""


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole or not at all."""
    with replacing(str(path)) as stream:
        stream.write(json_bytes(content))


def configuration(options: Mapping[str, Any], data: str) -> dict[str, Any]:
    """What has to be equal for a command to go on where another stopped: its options, and a hash of the data."""
    from bioautofeat import __version__

    given = {name: value for name, value in sorted(options.items()) if name not in LEFT_OUT}
    return {"version": __version__, "data_sha256": data, **given}


class RunFolder:
    """A run's folder, held by this process while it is open; each command that has one says what it writes there.

    Parameters
    ----------
    path : str
    force : bool
        Replace what an earlier run wrote.
    """

    command: ClassVar[str]
    """What writes here."""

    files: ClassVar[tuple[str, ...]]
    """What it writes; nothing else is ever removed."""

    parts: ClassVar[tuple[str, str]]
    """A folder of further files, and their names."""

    def __init__(self, path: str, force: bool = False) -> None:
        self.path, self.force = Path(path), force
        self._lock: IO[str] | None = None
        self._check()

    def _check(self) -> None:
        """Refuse at once what can be refused before any data are read."""
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path}: is a file; name a folder for the run")
        parent = self.path.resolve().parent
        if not self.path.exists() and not parent.is_dir():
            raise OutputError(f"{self.path}: the folder {parent} does not exist (no such directory); make it first")
        place = self.path if self.path.exists() else parent
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(f"{self.path}: no permission to write in {place}")
        self._refuse_held()
        if not self.force and self._entries() and not (self.path / "config.json").exists():
            shown = sorted(self._entries())[0]
            raise OutputError(
                f"{self.path}: is not empty (it holds {shown!r}); choose another folder, or use --force, which replaces only files that {self.command} wrote"
            )

    def _entries(self) -> set[str]:
        return set(os.listdir(self.path)) - {LOCK} if self.path.is_dir() else set()

    def _refuse_held(self) -> None:
        """Refuse where another process holds the folder."""
        lock = self.path / LOCK
        if fcntl is None or not lock.exists():
            return
        with open(lock, encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                raise self._held(stream) from None

    def _held(self, stream: IO[str]) -> OutputError:
        stream.seek(0)
        pid = stream.read(20).strip() or "unknown"
        return OutputError(
            f"{self.path}: another run (pid {pid}) is writing here (lock {self.path / LOCK}); wait for it, or choose another folder"
        )

    def open(self, config: Mapping[str, Any]) -> bool:
        """Hold the folder and say what is to be done; True where an earlier run with the same configuration stopped here.

        Raises
        ------
        OutputError
            Where another process holds it, or it belongs to a run with another configuration.
        """
        self.hold()
        known = self._configuration()
        resumed = known is not None and known == json.loads(json.dumps(config))
        if not resumed and self._entries():
            if not self.force:
                changed = sorted(
                    key
                    for key in {*config, *(known or {})}
                    if (known or {}).get(key) != json.loads(json.dumps(config)).get(key)
                )
                raise OutputError(
                    f"{self.path}: holds another run ({', '.join(changed[:5])} differ); choose another folder, or use --force"
                )
            self._clear()
        if not resumed:
            write_json(self.path / "config.json", config)
        return resumed

    def hold(self) -> None:
        """Make the folder and keep every other process out of it.

        Raises
        ------
        OutputError
            Where another process holds it; its lock is left alone.
        """
        with writing(str(self.path)):
            while self._lock is None:
                self.path.mkdir(exist_ok=True)
                self._lock = self._locked()
            self._lock.truncate(0)
            self._lock.write(f"{os.getpid()}\n")
            self._lock.flush()

    def _locked(self) -> IO[str] | None:
        """The lock, held as long as it is open; None where whoever held it has just removed it."""
        lock = open(self.path / LOCK, "a+", encoding="utf-8")  # noqa: SIM115  # why: the lock lasts as long as the file is open
        if fcntl is None:
            return lock
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held = self._held(lock)
            lock.close()
            raise held from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock.fileno()), os.stat(self.path / LOCK)):
                return lock
        lock.close()
        return None

    def _configuration(self) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _clear(self) -> None:
        """Remove what an earlier run wrote, and nothing else."""
        for name in self.files:
            with writing(str(self.path / name)):
                (self.path / name).unlink(missing_ok=True)
        self.clear_parts()

    def clear_parts(self) -> None:
        """Remove the folder of further files, and in it nothing else."""
        folder = self.path / self.parts[0]
        if folder.is_dir() and not folder.is_symlink():
            for path in folder.glob(self.parts[1]):
                path.unlink()
            with suppress(OSError):
                folder.rmdir()

    @property
    def held(self) -> bool:
        """Whether this process holds the folder."""
        return self._lock is not None

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            with suppress(OSError):
                (self.path / LOCK).unlink()
            self._lock.close()
            self._lock = None

    def discard_if_empty(self) -> None:
        """Let go of the folder, and remove it where nothing was written into it."""
        self.close()
        with suppress(OSError):
            self.path.rmdir()
