"""Lines that say what is going on, with the time since the start."""

import sys
import time

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """A line on standard error."""
    minutes, seconds = divmod(int(time.monotonic() - _BEGAN), 60)
    print(f"{minutes:3d}:{seconds:02d}  {text}", file=sys.stderr, flush=True)
