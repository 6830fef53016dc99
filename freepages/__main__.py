"""`python -m freepages COMMAND`."""

import sys

from freepages.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
