"""Compiled code is kept where that is possible, and whatever happens to the cache never breaks a run."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bioautofeat
from bioautofeat import _numba

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="rights are taken away as Linux does it")

SCRIPT = """
import numpy as np
from bioautofeat import _numba
from bioautofeat.kernels import fasta
out = np.empty(2, np.uint64)
fasta.hash_id(np.frombuffer(b"a", np.uint8), out)
stats = fasta.hash_id.stats
print(hex(int(out[0])), sum(stats.cache_hits.values()), _numba._cache_folders[0] if _numba._cache_folders else None)
"""
ANSWER = "0xaf63dc4c8601ec8c"


@pytest.fixture
def package(tmp_path):
    """A copy of the package that nobody can write to."""
    folder = tmp_path / "site"
    shutil.copytree(
        Path(bioautofeat.__file__).parent, folder / "bioautofeat", ignore=shutil.ignore_patterns("__pycache__", "*.csv")
    )
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


def run(package, size=None, **settings):
    """What the script prints: the hash, hits of the cache, the folder; as a user whom rights bind."""

    def before():
        if os.getuid() == 0:
            # root may write everywhere: let go of CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
            libc = ctypes.CDLL(None)
            libc.prctl(24, 1, 0, 0, 0)
            libc.prctl(24, 2, 0, 0, 0)
        if size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    keep = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "TMPDIR")}
    environment = {
        **keep,
        "PYTHONPATH": str(package),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/nonexistent",
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, preexec_fn=before, cwd=package
    )
    assert done.returncode == 0, done.stderr
    answer, hits, folder = done.stdout.split()
    assert answer == ANSWER
    assert done.stderr == ""
    return int(hits), folder


def closed(tmp_path):
    """A folder that cannot be written."""
    folder = tmp_path / "closed"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)
    return str(folder)


def test_nowhere_to_write(package, tmp_path):
    assert run(package, TMPDIR=closed(tmp_path))[0] == 0


def test_no_home_but_temporary_files(package, tmp_path):
    (tmp_path / "tmp").mkdir()
    folder = str(tmp_path / "tmp" / f"bioautofeat-{os.getuid()}")
    assert run(package, TMPDIR=str(tmp_path / "tmp")) == (0, folder)
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert run(package, TMPDIR=str(tmp_path / "tmp")) == (1, folder)


def test_the_users_own_folder_comes_before(package, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    folder = str(home / ".cache" / "bioautofeat")
    assert run(package, HOME=str(home)) == (0, folder)
    assert run(package, HOME=str(home)) == (1, folder)
    assert not Path("/nonexistent").exists()


def test_the_chosen_folder_comes_first(package, tmp_path):
    chosen = str(tmp_path / "chosen")
    assert run(package, NUMBA_CACHE_DIR=chosen, HOME=str(tmp_path)) == (0, chosen)
    assert run(package, NUMBA_CACHE_DIR=chosen, HOME=str(tmp_path)) == (1, chosen)


def test_code_that_an_image_brings_along_is_read(package, tmp_path):
    chosen = tmp_path / "image"
    run(package, NUMBA_CACHE_DIR=str(chosen))
    for path in [*chosen.rglob("*"), chosen]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (tmp_path / "tmp").mkdir()
    hits, folder = run(package, NUMBA_CACHE_DIR=str(chosen), TMPDIR=str(tmp_path / "tmp"))
    assert hits == 1
    assert folder.startswith(str(tmp_path / "tmp"))
    assert run(package, NUMBA_CACHE_DIR=str(chosen), TMPDIR=closed(tmp_path))[0] == 1
    chosen.chmod(0o755)


@pytest.mark.parametrize("size", [4096, len(_numba.PROBE), len(_numba.PROBE) + 4096])
def test_a_full_disk(package, tmp_path, size):
    for _ in range(2):
        run(package, size, NUMBA_CACHE_DIR=str(tmp_path / "small"))


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [b"", b"\x80\x04rubbish", None], ids=["empty", "rubbish", "cut"])
def test_a_damaged_file_is_replaced(package, tmp_path, kind, damage):
    chosen = tmp_path / "cache"
    run(package, NUMBA_CACHE_DIR=str(chosen))
    for path in chosen.rglob(f"*hash_id*.{kind}"):
        raw = path.read_bytes()
        path.write_bytes(raw[: len(raw) // 2] if damage is None else damage)
    assert run(package, NUMBA_CACHE_DIR=str(chosen))[0] == 0
    assert run(package, NUMBA_CACHE_DIR=str(chosen))[0] == 1


def test_a_folder_that_others_can_write_is_not_trusted(package, tmp_path):
    chosen = tmp_path / "public"
    chosen.mkdir()
    chosen.chmod(0o777)
    (tmp_path / "tmp").mkdir()
    assert run(package, NUMBA_CACHE_DIR=str(chosen), TMPDIR=str(tmp_path / "tmp"))[1] != str(chosen)
    assert list(chosen.iterdir()) == []


def test_code_depends_on_the_kernels_that_it_calls(tmp_path):
    helper = tmp_path / "helper.py"
    helper.write_text("def twice(x):\n    return 2 * x\n")
    sys.path.insert(0, str(tmp_path))
    try:
        from helper import twice
    finally:
        sys.path.remove(str(tmp_path))

    def kernel(x):
        return x

    called = _numba.njit(twice)
    function = type(kernel)(kernel.__code__, {"twice": called, "number": 3})
    before = _numba._stamp(function, b"own")
    assert before == _numba._stamp(function, b"own")
    assert before != _numba._stamp(function, b"other")
    helper.write_text("def twice(x):\n    return x + x\n")
    assert before != _numba._stamp(function, b"own")
