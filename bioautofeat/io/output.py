"""Writing a file so that it is whole or not there: under another name beside its place, then renamed."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from bioautofeat.errors import OutputError, UnfinishedError

if sys.platform != "win32":
    import fcntl
else:  # pragma: no cover
    fcntl = None

__all__ = ["check_output", "json_bytes", "remove_stale_parts", "replacing", "writing"]

PART = re.compile(r"\.part-[0-9a-f]{8}-.+", re.DOTALL)
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _is_special(path: str) -> bool:
    """Whether the path is a device or a pipe, which is written to as it stands."""
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))


def check_output(path: str, *, force: bool = False, inputs: Iterable[str] = ()) -> None:
    """Refuse a place where an output may not or cannot be written, before any work is done.

    Raises
    ------
    OutputError
        The folder is missing or closed, the output exists and ``force`` is not given, or it is one of the inputs.
    """
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise OutputError(f"{path}: the folder {folder} does not exist (no such directory); make it first")
    if os.path.isdir(path):
        raise OutputError(f"{path}: is a directory; name a file")
    for source in inputs:
        if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise OutputError(f"{path}: the output is the same file as an input; choose another name")
    if _is_special(path):
        return
    if os.path.exists(path) and not force:
        raise OutputError(f"{path}: already exists; use --force to replace it, or choose another name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: no permission to write in the folder {folder}")


def remove_stale_parts(folder: Path) -> None:
    """Remove the unfinished files of runs that have died: those that nobody holds a lock on."""
    with suppress(OSError):
        for path in folder.iterdir():
            if PART.fullmatch(path.name) and fcntl is not None:
                with suppress(OSError):
                    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                    try:
                        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        if stat.S_ISREG(os.fstat(handle).st_mode):
                            path.unlink()
                    finally:
                        os.close(handle)


def _new_part(target: Path) -> tuple[io.BufferedWriter, Path]:
    """A new, locked file beside the target."""
    while True:
        # the name is cut, for it must not be longer than a file system takes
        part = target.with_name(f".part-{secrets.token_hex(4)}-{target.name}"[:60])
        stream = open(part, "xb")  # noqa: SIM115  # why: the caller closes it
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        # another run may have taken it for a stale one before it was locked
        if part.exists():
            return stream, part
        stream.close()


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn what the system says about writing into one clear error."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if isinstance(error, (OutputError, UnfinishedError)) or error.errno is None:
            raise
        if error.errno in FULL_DISK:
            raise UnfinishedError(f"{path}: the disk is full, nothing was written: {error.strerror}") from None
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from None


def json_bytes(content: Any) -> bytes:
    """JSON for a file; names of files that are not text become escapes of it."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


@contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of ``path`` once the block ends well, and leaves no trace otherwise."""
    with writing(path):
        if _is_special(path):
            with open(path, "wb") as special:
                yield special
            return
        target = Path(os.path.realpath(path))
        remove_stale_parts(target.parent)
        stream, part = _new_part(target)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                os.replace(part, target)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
