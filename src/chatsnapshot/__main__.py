"""`python -m chatsnapshot`: the command line."""

import sys

from chatsnapshot.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
