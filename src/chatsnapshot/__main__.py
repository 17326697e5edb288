"""`python -m chatsnapshot`: the command line."""

import sys

from chatsnapshot.cli import main

if __name__ == "__main__":
    sys.exit(main())
