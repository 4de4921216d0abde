"""Every benchmark, one after the other: ``python -m benchmarks`` (or ``python benchmarks/io.py`` for one of them)."""

from __future__ import annotations

import runpy
from pathlib import Path

for script in ("io.py", "descriptors.py"):
    runpy.run_path(str(Path(__file__).parent / script), run_name="__main__")
