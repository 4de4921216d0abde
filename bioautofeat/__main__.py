"""``python -m bioautofeat``."""

import sys

from bioautofeat.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
