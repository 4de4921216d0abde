"""The journal of a run: every trial that ended, with its predictions, so that a killed run goes on where it stopped."""

from __future__ import annotations

import io
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bioautofeat.automl.trial import Candidate, Trial
from bioautofeat.errors import BioautofeatWarning
from bioautofeat.io.output import replacing, writing

__all__ = ["Journal"]


class Journal:
    """One line of JSON a trial; predictions in a folder beside it.

    Parameters
    ----------
    path : path
        The file; its folder of predictions has the same name without the suffix.
    fingerprint : str
        Of the data; a journal of others is not read.

    Attributes
    ----------
    plan : list of int, optional
        Number of folds, then the folds that are judged, as an earlier run of the same data had them.
    hunt : dict, optional
        What an earlier run's search for networks came to.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.folder, self.fingerprint = path, path.with_suffix(""), fingerprint
        self.plan: list[int] | None = None
        self.hunt: dict[str, Any] | None = None

    def read(self) -> dict[str, Trial]:
        """Trials by the key of their candidate.  A line cut short by a kill is removed, with a warning."""
        if not self.path.exists():
            return {}
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        lines: list[dict[str, Any]] = []
        for line in whole.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                whole = b"".join(part + b"\n" for part in whole.splitlines()[: len(lines)])
                break
        if len(whole) < len(content):
            warnings.warn(
                f"{self.path}: cut after line {len(lines)}: the rest was not written whole (a killed run?); its trial is run again",
                BioautofeatWarning,
                stacklevel=2,
            )
            with writing(str(self.path)), open(self.path, "r+b") as stream:
                stream.truncate(len(whole))
        if not lines or lines[0].get("fingerprint") != self.fingerprint:
            return {}
        self.plan = lines[0].get("plan")
        self.hunt = next((line["hunt"] for line in lines if "hunt" in line), None)
        found = (self._trial(line) for line in lines[1:] if "hunt" not in line)
        return {trial.candidate.key: trial for trial in found if trial is not None}

    def start(self, plan: list[int]) -> None:
        """Begin an empty journal, unless one of the same data and folds has been read."""
        if self.plan == plan:
            return
        self.plan = plan
        self.folder.mkdir(exist_ok=True)
        with replacing(str(self.path)) as stream:
            stream.write(json.dumps({"fingerprint": self.fingerprint, "plan": plan}).encode() + b"\n")

    def write(self, trial: Trial) -> None:
        """Append a trial: its predictions first, so that a line never points to nothing."""
        if trial.predictions is not None:
            self.folder.mkdir(exist_ok=True)
            content = io.BytesIO()
            np.save(content, trial.predictions, allow_pickle=False)
            with replacing(str(self.folder / f"{trial.candidate.key}.npy")) as stream:
                stream.write(content.getvalue())
        self._append(trial.as_dict())

    def keep_hunt(self, hunt: dict[str, Any]) -> None:
        """Append what a search for networks came to, so that it is not done again."""
        self.hunt = hunt
        self._append({"hunt": hunt})

    def _append(self, row: dict[str, Any]) -> None:
        with writing(str(self.path)), open(self.path, "ab") as log:
            log.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n")
            log.flush()
            os.fsync(log.fileno())

    def _trial(self, row: dict[str, Any]) -> Trial | None:
        """The trial of a line; None where it has to be run again."""
        try:
            candidate = Candidate.of(row["candidate"])
            predictions = None
            if row["state"] == "finished":
                predictions = np.load(self.folder / f"{candidate.key}.npy", allow_pickle=False)
            elif row["state"] not in ("failed", "raced", "screened"):
                return None
            loss = float("inf") if row["loss"] is None else row["loss"]
            return Trial(
                row["number"], candidate, row["state"], row["reason"], row["seconds"], loss, row["scores"],
                tuple(row["fold_losses"]), predictions,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, OSError):
            return None
