"""Where sequences come from: plain and compressed files, standard input and pipes, read as blocks of bytes."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import shutil
import stat
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import FastaError, UnfinishedError

__all__ = ["BLOCK", "Source", "check_sources", "parse_input"]

BLOCK = 1 << 18
"""Bytes read at a time."""

BOM = b"\xef\xbb\xbf"

MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))
"""First bytes of each kind of compression; suffixes are not looked at."""


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _decompressed(raw: Any, kind: str) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=raw)
    if kind == "bzip2":
        return bz2.BZ2File(raw)
    if kind == "xz":
        return lzma.LZMAFile(raw)
    return _zstd().ZstdFile(raw)


class Source:
    """One input as the user named it; it can be read more than once, for pipes are kept in a temporary file.

    Parameters
    ----------
    path : str
        ``-`` is standard input.
    label : str, optional
        Class of every record in it.
    """

    def __init__(self, path: str, label: str | None = None) -> None:
        self.path, self.label = path, label
        self._spool: IO[bytes] | None = None

    @property
    def name(self) -> str:
        """The input as messages name it."""
        return "standard input" if self.path == "-" else self.path

    def __repr__(self) -> str:
        return f"<source {self.name}>"

    def error(self, message: str) -> FastaError:
        """An error about this input as a whole."""
        return FastaError(message, file=self.name)

    def check(self) -> None:
        """Refuse an input that is not there or cannot be read, before any work is done."""
        if self.path == "-":
            return
        try:
            mode = os.stat(self.path).st_mode
            if stat.S_ISREG(mode):
                os.close(os.open(self.path, os.O_RDONLY))
        except OSError as error:
            raise self.error(f"cannot be read: {error.strerror}") from None
        except ValueError:
            raise self.error("is no name of a file") from None
        if stat.S_ISDIR(mode):
            raise self.error("is a directory; name the FASTA files in it")

    def _raw(self) -> io.FileIO:
        """The bytes as they stand, from the start."""
        if self._spool is None:
            if self.path != "-" and stat.S_ISREG(os.stat(self.path).st_mode):
                return open(self.path, "rb", buffering=0)
            self._spool = self._spooled()
        copy = os.fdopen(os.dup(self._spool.fileno()), "rb", buffering=0)
        copy.seek(0)
        return copy

    def _spooled(self) -> IO[bytes]:
        spool = tempfile.TemporaryFile()  # noqa: SIM115  # why: it lives as long as the source
        weakref.finalize(self, spool.close)
        if self.path == "-" and sys.stdin is None:
            raise self.error("is closed")
        stream = sys.stdin.buffer if self.path == "-" else open(self.path, "rb", buffering=0)  # noqa: SIM115
        try:
            shutil.copyfileobj(stream, spool, 1 << 20)
            spool.flush()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise UnfinishedError(
                    f"{self.name} is kept in {tempfile.gettempdir()}, where it does not fit: {error.strerror}; "
                    "set TMPDIR to a roomier folder"
                ) from None
            raise
        finally:
            if stream is not getattr(sys.stdin, "buffer", None):
                stream.close()
        return spool

    def compression(self) -> str:
        """Kind of compression, by the first bytes; empty where there is none."""
        with self._raw() as raw:
            head = raw.read(8)
        return next((kind for magic, kind in MAGIC if head.startswith(magic)), "")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The decompressed bytes; damage is named as such while they are read."""
        kind = ""
        try:
            kind = self.compression()
            with self._raw() as raw:
                if not kind:
                    yield raw
                    return
                with io.BufferedReader(raw, BLOCK) as packed, _decompressed(packed, kind) as stream:
                    yield stream
        except EOFError:
            raise self.error(
                f"the {kind} stream ends early: the file is cut short; copy or download it again"
            ) from None
        except (zlib.error, lzma.LZMAError) as error:
            raise self._corrupt(kind, error) from None
        except OSError as error:
            if error.errno is None:
                raise self._corrupt(kind, error) from None
            raise self.error(f"cannot be read: {error.strerror}") from None
        except Exception as error:
            if kind == "zstd" and type(error).__name__ == "ZstdError":
                raise self._corrupt(kind, error) from None
            raise

    def _corrupt(self, kind: str, error: Exception) -> FastaError:
        return self.error(f"corrupt {kind} file ({error}); copy or download it again")

    def blocks(self, size: int = BLOCK) -> Iterator[NDArray[np.uint8]]:
        """The decompressed bytes, less a byte-order mark; each block is overwritten by the next."""
        buffer = bytearray(max(size, 1))
        view = np.frombuffer(buffer, np.uint8)
        with self.open() as stream:
            head = b""
            while len(head) < len(BOM) and (more := stream.read(len(BOM) - len(head))):
                head += more
            if head and head != BOM:
                yield np.frombuffer(head, np.uint8)
            while count := stream.readinto(buffer):  # type: ignore[attr-defined]
                yield view[:count]

    def head(self, size: int = 4096) -> bytes:
        """The first decompressed bytes."""
        found = b""
        for block in self.blocks(size):
            found += block.tobytes()
            if len(found) >= size:
                break
        return found[:size]


def parse_input(text: str) -> Source:
    """The source that an argument names: a path, ``-``, or ``CLASS=FILE``."""
    label, equals, path = text.partition("=")
    if not equals or not label or not path or os.path.exists(text):
        return Source(text)
    return Source(path, label)


def check_sources(sources: list[Source]) -> None:
    """Refuse inputs that cannot be read, or standard input given twice."""
    for source in sources:
        source.check()
    if sum(source.path == "-" for source in sources) > 1:
        raise FastaError("can be read once only", file="standard input")
