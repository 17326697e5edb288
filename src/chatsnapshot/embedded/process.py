"""One child process: started in a session of its own, with its output in a log file, and stopped within a bound."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chatsnapshot.embedded import launch
from chatsnapshot.embedded.process_identity import ProcessIdentity, identify
from chatsnapshot_schemas.errors import StackFailed

POLL_S = 0.02
KILL_WAIT_S = 5.0
"""SIGKILL is immediate but for a process in uninterruptible I/O."""


@dataclass(frozen=True)
class Command:
    """What to run: program and arguments, whole environment, working directory (None: this one's), log file."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    cwd: Path | None = None


class ChildProcess:
    """A running child. Make it on the main thread: on Linux the kernel ends it when the starting thread ends."""

    def __init__(self, command: Command) -> None:
        launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()))
        command.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with command.log.open("ab") as log:
                self._popen = subprocess.Popen(
                    (*launcher, *command.argv),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(command.environment),
                    cwd=command.cwd,
                    start_new_session=True,  # a Ctrl-C in the terminal reaches the supervisor only
                )
        except OSError as error:
            raise StackFailed(f"{command.argv[0]} could not be started: {error}") from error
        self.started_at = time.monotonic()
        self.identity: ProcessIdentity = identify(self._popen.pid)

    @property
    def pid(self) -> int:
        """The process id; also that of its group."""
        return self._popen.pid

    def poll(self) -> int | None:
        """None while it runs, else the exit status (negative: the signal that ended it)."""
        return self._popen.poll()

    def uptime_s(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.started_at

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        if self.poll() is None:
            self._popen.terminate()

    def kill(self) -> None:
        """End it and whatever it started, now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(KILL_WAIT_S)

    def stop(self, within_s: float, hurried: Callable[[], bool] = lambda: False) -> bool:
        """Ask, wait at most `within_s` (less when `hurried` says so), then kill. True when it ended by itself."""
        self.terminate()
        deadline = time.monotonic() + within_s
        while self.poll() is None and time.monotonic() < deadline and not hurried():
            time.sleep(POLL_S)
        ended_by_itself = self.poll() is not None
        self.kill()  # also what the child left behind in its group
        return ended_by_itself


def describe_exit(status: int) -> str:
    """`exit 3`, or `killed by SIGKILL`."""
    if status >= 0:
        return f"exit {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"
