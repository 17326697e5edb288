"""SIGTERM for a container's first process: the kernel drops a signal that process 1 has no handler for."""

import os
import signal
import sys
from types import FrameType

FIRST = 1
EXIT_TERMINATED = 128 + signal.SIGTERM
"""As a shell reports it, and as an init that passed the signal on would."""


def end_on_sigterm(pid: int | None = None) -> None:
    """As process 1: end in order on SIGTERM until a daemon puts its own handler in place. Else nothing is changed.

    Commands without a handler (`migrate`), and daemons while they still load, could only be killed otherwise.
    """
    if (os.getpid() if pid is None else pid) == FIRST:
        signal.signal(signal.SIGTERM, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(EXIT_TERMINATED)
