"""A process that makes load: it gets ready, waits for the word, works, and answers with one JSON object."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from benchmarks.failing import BenchmarkFailed
from benchmarks.options import REPOSITORY
from chatsnapshot.embedded import launch

READY_WITHIN_S = 120.0
ENDS_WITHIN_S = 10.0
READY, GO = "ready", "go"
TICK_S = 0.005
"""A paced producer sends what is due every 5 ms: finer would be busy waiting."""


class LoadProcess:
    """The near end. `told` is the module's argument; the process ends with this one, and at the end of `with`.

    `wrapper`: a module that runs the module, and its arguments.
    """

    def __init__(
        self, module: str, told: dict[str, Any], environment: dict[str, str], wrapper: tuple[str, ...] = ()
    ) -> None:
        launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()))
        self._popen = subprocess.Popen(
            (*launcher, sys.executable, "-m", *wrapper, module, json.dumps(told)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._popen.wait(0 if kind else ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._popen.pid

    def go(self) -> None:
        """Wait until it is ready, then let it begin. Raises BenchmarkFailed when it ended instead."""
        if self._line() != READY:
            raise BenchmarkFailed(f"a load process ended with {self._popen.poll()}")
        assert self._popen.stdin is not None
        self._popen.stdin.write(GO + "\n")
        self._popen.stdin.flush()

    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._popen.poll() is not None

    def answer(self) -> dict[str, Any]:
        """What it found; waits for it. Raises BenchmarkFailed when there is nothing."""
        line = self._line()
        if not line:
            raise BenchmarkFailed(f"a load process ended with {self._popen.wait()} and said nothing")
        found: dict[str, Any] = json.loads(line)
        return found

    def _line(self) -> str:
        assert self._popen.stdout is not None
        return self._popen.stdout.readline().strip()


def wait_for_go() -> None:
    """In the process: say that everything is prepared, and wait."""
    print(READY, flush=True)
    if sys.stdin.readline().strip() != GO:
        sys.exit("told to stop")


def paced(rate: float, seconds: float, send: Callable[[int], None]) -> float:
    """Call `send(how many are due)` every tick, at `rate` a second; returns the most seconds that it was behind."""
    began = time.perf_counter()
    sent, total, behind_max = 0, round(rate * seconds), 0.0
    while sent < total:
        elapsed = time.perf_counter() - began
        due = min(total, int(rate * elapsed)) - sent
        if due:
            behind_max = max(behind_max, due / rate - TICK_S)
            send(due)
            sent += due
        time.sleep(max(0.0, TICK_S - (time.perf_counter() - began - elapsed)))
    return behind_max
