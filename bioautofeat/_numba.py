"""The one place where numba is set up: compiled code is cached where that is possible, and never breaks a run.

numba refuses to import a cached function when no cache folder can be written, and fails for good when a
cache file is damaged or the disk is full.  Here the folder is chosen before numba is imported, every
failure of the cache falls back to compiling without it, and a damaged entry is compiled anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["njit"]

F = TypeVar("F", bound=Callable[..., Any])


def _writable(folder: Path) -> bool:
    """Whether a private file can be made in the folder (made first, for this user alone)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0" * 65536)  # a full disk shows here and not in the middle of a run
        return folder.stat().st_uid == os.getuid() if hasattr(os, "getuid") else True
    except OSError:
        return False


def _cache_folder() -> str | None:
    """The first folder that can hold compiled code: the user's choice, the user's cache, none."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    candidates = ([Path(chosen)] if chosen else []) + ([home / "bioautofeat"] if home.is_absolute() else [])
    return next((str(folder) for folder in candidates if _writable(folder)), None)


_folder = _cache_folder()
if _folder is None:
    os.environ.pop("NUMBA_CACHE_DIR", None)
elif "numba" not in sys.modules:
    os.environ["NUMBA_CACHE_DIR"] = _folder

# imported here because the cache folder has to stand before numba reads it
numba: Any = import_module("numba")
caching: Any = import_module("numba.core.caching")


class _TolerantCache(caching.FunctionCache):
    """numba's own cache on disk, in which any failure means "not cached"."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001  # why: numba lets any unpickling error of a damaged file through
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception:  # noqa: BLE001  # why: a full disk or a damaged index must cost the cache, not the run
            return


def njit(function: F) -> F:
    """Compile a kernel: no Python objects, no global lock, cached on disk where that works."""
    compiled: Any = numba.njit(nogil=True)(function)
    if _folder is not None and not numba.config.DISABLE_JIT:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compiled._cache = _TolerantCache(compiled.py_func)
        except (RuntimeError, OSError):
            compiled._cache = caching.NullCache()
    return compiled
