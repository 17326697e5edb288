"""Becomes a child of the supervisor: `python -I -S launch.py SUPERVISOR_PID PROGRAM ARGUMENT...`.

Asks the kernel (on Linux) to kill this process when the supervisor dies, then turns into the program, keeping its
process id. Standard library only, and run as a file, so that it costs milliseconds.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main(arguments: list[str]) -> None:
    """Never returns."""
    supervisor_pid, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor_pid:
        sys.exit("the supervisor died before its child began")
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
