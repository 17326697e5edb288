"""Progress of long work, on standard error: a live line on a terminal, one line elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REFRESH_S = 0.1
"""A person sees no more; a loop over millions of records must not pay for more."""

Told = Callable[[str], None]
"""Told what is being done right now, as `subject: figures`."""


@contextmanager
def progress_line(*, quiet: bool = False) -> Iterator[Told]:
    """Yields a function that shows its text; call it as often as you like."""
    if quiet:
        yield lambda text: None
        return
    from chatsnapshot.embedded.progress import progress_for

    progress = progress_for(sys.stderr)
    shown_at = 0.0

    def told(text: str) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if now - shown_at >= REFRESH_S:
            shown_at = now
            progress.busy(text)

    try:
        yield told
    finally:
        progress.busy("")
