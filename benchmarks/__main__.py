"""The benchmarks: ``python -m benchmarks NAME ...`` for one of them with its arguments (``--help`` tells them).

``python -m benchmarks`` alone runs those that need nothing: ``io``, then ``descriptors``.  ``nas`` needs a table of
architectures, ``automl`` a folder of labelled sets and other tools, ``networks`` such a folder and torch, ``coverage`` such a folder.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

ALONE, GIVEN = ("io", "descriptors"), ("nas", "automl", "networks", "coverage")

name, rest = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
if name and name not in (*ALONE, *GIVEN):
    sys.exit(f"no benchmark {name!r}: there are {', '.join((*ALONE, *GIVEN))}")
for chosen in (name,) if name else ALONE:
    script = str(Path(__file__).parent / f"{chosen}.py")
    sys.argv = [script, *rest]
    runpy.run_path(script, run_name="__main__")
