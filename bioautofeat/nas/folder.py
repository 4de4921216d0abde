"""The folder of a search: held by one process, and what in it lets the same command go on after an interrupt."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bioautofeat.io.run_folder import RunFolder

if TYPE_CHECKING:
    from bioautofeat.audit import Part

__all__ = ["SearchFolder", "data_of"]

CONFIGURATION = "config.json"


class SearchFolder(RunFolder):
    """The folder of ``nas search``, and the one beside the output of ``nas train``.

    While the command runs it holds the configuration and the trainings; both go when all is done.
    """

    command = "nas search"
    files = ("model.baf", "report.html", "architecture.json", "architecture.svg", "history.csv", CONFIGURATION)
    parts = ("checkpoints", "*.pt*")

    @property
    def checkpoints(self) -> Path:
        """Where trainings are kept."""
        return self.path / self.parts[0]

    def finish(self) -> None:
        """Nothing is left to go on with."""
        (self.path / CONFIGURATION).unlink(missing_ok=True)
        self.clear_parts()

    def let_go(self) -> None:
        """After an error: without a training there is nothing to go on with, and the folder is as it was."""
        if self.held and not any(self.checkpoints.glob(self.parts[1])):
            with suppress(OSError):
                self.finish()
        self.discard_if_empty()


def data_of(part: Part) -> str:
    """A hash of the records and their labels."""
    digest = hashlib.sha256(part.sequences.codes.tobytes() + part.sequences.offsets.tobytes())
    digest.update("\n".join(part.require_labels()).encode())
    return digest.hexdigest()
