"""A Kafka and a ClickHouse of our own, as the embedded stack runs them, and the product's processes on them."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.failing import BenchmarkFailed
from benchmarks.options import REPOSITORY
from chatsnapshot.embedded.kafka_broker import KafkaNode, java_environment
from chatsnapshot.embedded.kafka_jars import bring_kafka_jars, java_command
from chatsnapshot.embedded.log_file import last_lines
from chatsnapshot.embedded.ports import LOOPBACK, free_port
from chatsnapshot.embedded.process import ChildProcess, Command
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot.embedded.readiness import accepts_connections, broker_answers, clickhouse_answers
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection

START_WITHIN_S = 120.0
STOP_WITHIN_S = 12.0
"""A second more than the slowest process gives itself."""
LOOK_AGAIN_AFTER_S = 0.05
LOG_LINES = 15


class Stage:
    """Started by `with`; at its end every process is stopped and the folder is gone."""

    def __init__(self, folder: Path | None = None) -> None:
        self._parent = folder
        self._processes: dict[str, tuple[ChildProcess, Path]] = {}
        self.bootstrap = ""
        self.clickhouse_url = ""

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="chatsnapshot-bench-", dir=self._parent)).resolve()
        try:
            self._start_kafka()
            self._start_clickhouse()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def kafka(self) -> KafkaConnection:
        """The broker."""
        return KafkaConnection(bootstrap_servers=self.bootstrap)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name, of those that run now."""
        return {name: process.pid for name, (process, _) in self._processes.items() if process.poll() is None}

    def start(self, name: str, argv: tuple[str, ...], environment: dict[str, str] | None = None) -> ChildProcess:
        """A process that ends with this stage; its output goes to a log file."""
        log = self.folder / f"{name}.log"
        process = ChildProcess(Command(argv, environment or clean_environment(), log, cwd=REPOSITORY))
        self._processes[name] = (process, log)
        return process

    def stop(self, name: str) -> None:
        """Ask it to end, kill it when it does not."""
        process, _ = self._processes.pop(name)
        process.stop(STOP_WITHIN_S)

    def check(self) -> None:
        """Raises BenchmarkFailed, with the end of its log, when a process has ended."""
        for name, (process, log) in self._processes.items():
            if process.poll() is not None:
                said = "\n".join(last_lines(log, LOG_LINES))
                raise BenchmarkFailed(f"{name} ended with {process.poll()}:\n{said}")

    def until(self, condition: Callable[[], bool], what: str, within_s: float = START_WITHIN_S) -> None:
        """Wait. Raises BenchmarkFailed when it does not happen, or a process ends meanwhile."""
        deadline = time.monotonic() + within_s
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise BenchmarkFailed(f"not within {within_s:g} s: {what}\n{self._logs()}")
            time.sleep(LOOK_AGAIN_AFTER_S)

    def _start_kafka(self) -> None:
        port = free_port()
        controller = free_port(frozenset({port}))
        jars = bring_kafka_jars(Settings().cache_dir, PlainProgress())
        node = KafkaNode(self.folder / "kafka", port, controller, java_command(), jars)
        node.prepare()
        self.bootstrap = node.bootstrap_servers
        log = self.folder / "kafka.log"
        command = Command(node.command(), java_environment(), log, cwd=node.folder)
        self._processes["kafka"] = (ChildProcess(command), log)
        self.until(lambda: accepts_connections(LOOPBACK, port) and broker_answers(self.kafka), "Kafka answers")

    def _start_clickhouse(self) -> None:
        port = free_port()
        self.clickhouse_url = f"http://{LOOPBACK}:{port}"
        arguments = ("--data-dir", str(self.folder / "clickhouse"), "--host", LOOPBACK, "--port", str(port))
        self.start("clickhouse", (sys.executable, "-P", "-m", "chatsnapshot.embedded.clickhouse", *arguments))
        self.until(lambda: clickhouse_answers(self.clickhouse_url), "ClickHouse answers")

    def _logs(self) -> str:
        lines = [f"-- {name}\n" + "\n".join(last_lines(log, 5)) for name, (_, log) in self._processes.items()]
        return "\n".join(lines)

    def _end(self) -> None:
        for name in reversed(list(self._processes)):
            self.stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)


def clean_environment() -> dict[str, str]:
    """This environment without the settings of the person who measures."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHATSNAPSHOT_", "OTEL_"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}
