"""The one place where numba is set up: compiled code is cached where that is possible, and never breaks a run.

numba refuses to import a cached function when no cache folder can be written, and fails for good when a
cache file is damaged or the disk is full.  Here the folders are chosen by ourselves, every failure of the cache
falls back to compiling without it, and a damaged index is begun anew.

Compiled code is kept in the first of these folders that this user can write and no one else can:
``NUMBA_CACHE_DIR``, the package's own ``__pycache__``, the user's cache folder, a private folder for temporary
files.  Those before it are still read, if root or this user owns them: an image may bring its code along.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import stat
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba as _compiler
from numba.core import caching as _caching

__all__ = ["njit"]

F = TypeVar("F", bound=Callable[..., Any])

# numba has no annotations
numba: Any = _compiler
caching: Any = _caching

PROBE = b"0" * 65536
"""A full disk shows when this is written, and not in the middle of a run."""


def _candidates() -> Iterator[Path]:
    """Folders for compiled code, the best first."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        yield Path(chosen)
    yield Path(__file__).parent / "__pycache__" / "kernels"
    cache = os.environ.get("XDG_CACHE_HOME")
    home = Path(os.path.expanduser("~"))
    if cache:
        yield Path(cache) / "bioautofeat"
    elif home.is_absolute() and home.is_dir():
        yield home / ".cache" / "bioautofeat"
    yield Path(tempfile.gettempdir()) / f"bioautofeat-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def _trusted(folder: Path) -> bool:
    """Whether nobody but root and this user can have put code there: cached code is run unchecked."""
    if not hasattr(os, "getuid"):
        return folder.is_dir()
    try:
        seen = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid in (0, os.getuid()) and not seen.st_mode & stat.S_IWOTH


def _writable(folder: Path) -> bool:
    """Whether files can be made in the folder (made first, for this user alone)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(PROBE)
            probe.flush()
    except OSError:
        return False
    return True


def _folders() -> list[Path]:
    """The folder to write to, then those to read from as well; empty where there is none."""
    readable: list[Path] = []
    for folder in _candidates():
        # a link to a folder is followed first: what counts is who owns that
        folder = Path(os.path.realpath(folder))
        if _writable(folder) and _trusted(folder):
            return [folder, *readable]
        if _trusted(folder):
            readable.append(folder)
    return readable


_cache_folders = _folders()


class _Locator(caching.UserProvidedCacheLocator):
    """Finds the first of our folders, whether it can be written or not."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        self._py_file, self._lineno = py_file, py_func.__code__.co_firstlineno
        self._cache_path = str(_cache_folders[0] / self.get_suitable_cache_subpath(py_file))

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        return cls(py_func, py_file)

    def ensure_cache_path(self) -> None:
        os.makedirs(self._cache_path, exist_ok=True)


class _Implementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012  # why: numba's own name


def _stamp(function: Any, own: Any) -> bytes:
    """What the compiled code depends on: its own file, and the files of the kernels that it calls."""
    called = (value for value in function.__globals__.values() if hasattr(value, "py_func"))
    files = sorted({inspect.getfile(value.py_func) for value in called} - {inspect.getfile(function)})
    digest = hashlib.sha256(repr(own).encode())
    for file in files:
        digest.update(Path(file).read_bytes())
    return digest.digest()


class _TolerantCache(caching.FunctionCache):
    """numba's own cache on disk, in which any failure means "not cached"."""

    _impl_class = _Implementation

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        stamp = _stamp(py_func, self._impl.locator.get_source_stamp())
        inside = Path(self._cache_path).name
        self._files = [
            caching.IndexDataCacheFile(str(folder / inside), self._impl.filename_base, stamp)
            for folder in _cache_folders
        ]
        self._cache_file = self._files[0]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        for number, file in enumerate(self._files):
            self._cache_file = file
            try:
                found = super().load_overload(sig, target_context)
            except Exception:  # noqa: BLE001  # why: numba lets any unpickling error of a damaged file through
                found = None
                if number == 0:
                    self._begin_anew()
            finally:
                self._cache_file = self._files[0]
            if found is not None:
                return found
        return None

    def _begin_anew(self) -> None:
        """Replace a damaged index by an empty one, so that what is compiled now can be kept."""
        try:
            self.flush()
        except Exception:  # noqa: BLE001  # why: a full disk must cost the cache, not the run
            return

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            self._impl.locator.ensure_cache_path()
            super().save_overload(sig, data)
        except Exception:  # noqa: BLE001  # why: a full disk or a closed folder must cost the cache, not the run
            return


def _ignore_literals(compiled: Any) -> None:
    """Let a call of the kernel from another one with 0 or True compile the code for any number, not one for each."""
    ask = compiled.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        return ask([numba.types.unliteral(kind) for kind in args], kws)

    compiled.get_call_template = get_call_template


def njit(function: F) -> F:
    """Compile a kernel: no Python objects, no global lock, cached on disk where that works."""
    # a name that begins with _ is called by kernels alone, which need none of the wrappers for calls from outside
    inner = function.__name__.startswith("_")
    compiled: Any = numba.njit(nogil=True, no_cpython_wrapper=inner, no_cfunc_wrapper=True)(function)
    if not numba.config.DISABLE_JIT:
        _ignore_literals(compiled)
    if _cache_folders and not numba.config.DISABLE_JIT:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compiled._cache = _TolerantCache(compiled.py_func)
        except (RuntimeError, OSError):
            compiled._cache = caching.NullCache()
    return compiled
