"""Calls at the end of the process, also of a `multiprocessing` child, which skips `atexit`."""

import atexit
import sys
from collections.abc import Callable


def call_at_exit(callback: Callable[[], None]) -> None:
    """Call once when this process ends in an orderly way; take back with `forget_at_exit`."""
    atexit.register(callback)
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, callback, exitpriority=0)


def forget_at_exit(callback: Callable[[], None]) -> None:
    """Do not call it any more (a `multiprocessing` child calls it all the same)."""
    atexit.unregister(callback)
