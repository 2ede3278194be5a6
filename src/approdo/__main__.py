"""`python -m approdo`, and what the installed command `approdo` calls."""

import sys

from approdo.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
