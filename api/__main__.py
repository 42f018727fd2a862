"""`python -m api`: the HTTP face as a process."""

import sys

from api.cli import main

if __name__ == "__main__":
    sys.exit(main())
