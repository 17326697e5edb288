"""A ClickHouse endpoint of a test's own, which it may stop, kill and start again on the same data and the same port."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chatsnapshot.embedded import launch
from tests.fixtures.ports import unused_port

STOP_WITHIN_S = 30.0


@dataclass
class OwnClickHouse:
    """The real endpoint over the embedded engine, one process; `folder` holds its data and its log."""

    folder: Path
    port: int
    _process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        """The same after a restart."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "OwnClickHouse":
        """Start the process on what is on the disk; returns when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ends_with_us = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        arguments = ["--data-dir", str(self.folder / "data"), "--port", str(self.port)]
        command = [*ends_with_us, sys.executable, "-m", "chatsnapshot.embedded.clickhouse", *arguments]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        assert "ready on" in ready, (self.folder / "log").read_text()
        return self

    def stop(self) -> None:
        """In order: what runs is ended, nothing answers afterwards."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(STOP_WITHIN_S) == 0

    def kill(self) -> None:
        """SIGKILL, wherever it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_WITHIN_S)

    def end(self) -> None:
        """Kill it if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def own_clickhouse(folder: Path) -> Iterator[OwnClickHouse]:
    """A running endpoint with its data below `folder`; killed at the end."""
    endpoint = OwnClickHouse(folder / "clickhouse", unused_port())
    try:
        yield endpoint.start()
    finally:
        endpoint.end()
