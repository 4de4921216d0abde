"""The folder of a run: who may write in it, and what in it is its own."""

from __future__ import annotations

import pytest

from bioautofeat.automl.run_folder import FitFolder
from bioautofeat.errors import (
    OutputError,
)

pytestmark = pytest.mark.filterwarnings("ignore::bioautofeat.errors.BioautofeatWarning")


def test_the_run_folder(tmp_path):
    config = {"seed": 1}
    first = FitFolder(str(tmp_path / "r"))
    assert not first.open(config)
    with pytest.raises(OutputError, match="another run"):
        FitFolder(str(tmp_path / "r"))
    first.close()
    second = FitFolder(str(tmp_path / "r"))
    assert second.open(config)
    second.close()
    (tmp_path / "r" / "thesis.txt").write_text("mine")
    other = FitFolder(str(tmp_path / "r"))
    with pytest.raises(OutputError, match="holds another run"):
        other.open({"seed": 2})
    other.close()
    (tmp_path / "r" / "model.baf").write_text("old")
    forced = FitFolder(str(tmp_path / "r"), force=True)
    assert not forced.open({"seed": 2})
    forced.close()
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["config.json", "thesis.txt"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        FitFolder(str(tmp_path / "full"))
    for bad in (tmp_path / "full" / "x", tmp_path / "no" / "such"):
        with pytest.raises(OutputError):
            FitFolder(str(bad))


def test_a_refused_run_leaves_the_lock_of_the_running_one(tmp_path):
    """Three commands at once: the second, refused, must not open the door for the third."""
    path = str(tmp_path / "r")
    first, second, third = FitFolder(path), FitFolder(path), FitFolder(path)
    assert not first.open({"seed": 1})
    for other in (second, third):
        with pytest.raises(OutputError, match="another run"):
            other.open({"seed": 1})
        other.discard_if_empty()
        assert (tmp_path / "r" / ".lock").exists()
    first.close()
    assert third.open({"seed": 1})
    third.close()


def test_a_lock_that_was_removed_while_it_was_taken_is_none(tmp_path, monkeypatch):
    """The file that is locked may be gone by then: whoever held it has ended, and another has made a new one."""
    import fcntl

    folder, kept = FitFolder(str(tmp_path / "r")), fcntl.flock
    removed = []

    def late(stream, operation):
        if not removed:
            removed.append((tmp_path / "r" / ".lock").unlink())
        kept(stream, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    folder.hold()
    assert (tmp_path / "r" / ".lock").read_text().strip().isdigit()
    folder.close()
