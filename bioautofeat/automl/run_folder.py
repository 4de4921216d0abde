"""What a fit leaves in its folder."""

from __future__ import annotations

from bioautofeat.io.run_folder import RunFolder

__all__ = ["FitFolder"]


class FitFolder(RunFolder):
    """The folder of ``fit``."""

    command = "fit"
    files = (
        "model.baf", "report.html", "leaderboard.csv", "metrics.json", "signatures.csv", "predictions_oof.csv",
        "predictions_test.csv", "audit.json", "config.json", "journal.jsonl",
    )  # fmt: skip
    parts = ("journal", "*.npy")
