"""A worker under test: a module of the tests as a process of its own, told what to do by JSON."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

REPOSITORY = Path(__file__).parents[2]
WITHIN_S = 60.0
"""No test waits longer for anything; what is waited for usually takes a second."""


@dataclass
class WorkerProcess:
    """`module` is run with `arguments`; what it says goes to `log`."""

    module: ClassVar[str]

    told: dict[str, Any]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def arguments(self) -> dict[str, Any]:
        return self.told

    def start(self) -> Self:
        command = [sys.executable, "-m", self.module, json.dumps(self.arguments())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log)
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(WITHIN_S)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """End it in order; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def said(self) -> str:
        return self.log.read_text()
