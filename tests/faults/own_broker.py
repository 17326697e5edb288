"""A broker of a test's own, which it may kill, start again, stop and continue: real Kafka, one node on loopback."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chatsnapshot.embedded.kafka_broker import QUICK_START, KafkaNode, java_environment
from chatsnapshot.embedded.kafka_jars import bring_kafka_jars, java_command
from chatsnapshot.embedded.log_file import last_lines
from chatsnapshot.embedded.ports import choose_ports
from chatsnapshot.embedded.process import ChildProcess, Command
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot.embedded.readiness import broker_answers
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection

START_WITHIN_S = 120.0
SMALL_HEAP = ("-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", QUICK_START)
"""Enough for some hundred thousand small records; several brokers fit beside each other."""


@dataclass
class OwnBroker:
    """One node: the same ports and the same log every time it is started."""

    node: KafkaNode
    log: Path
    _process: ChildProcess | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port`; the same after a restart."""
        return self.node.bootstrap_servers

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self, *, wait: bool = True) -> "OwnBroker":
        """Start the process on what is on the disk; `wait`: until it answers. Call it on the main thread."""
        self.node.prepare()
        command = Command(self.node.command(), java_environment(), self.log, cwd=self.node.folder)
        self._process = ChildProcess(command)
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        """Return when it answers; fail with the end of its log when it ends or stays silent."""
        assert self._process is not None
        give_up = time.monotonic() + START_WITHIN_S
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise AssertionError("Kafka did not start:\n" + "\n".join(last_lines(self.log, 20)))
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it gives its metadata now."""
        return broker_answers(KafkaConnection(bootstrap_servers=self.bootstrap))

    def kill(self) -> None:
        """SIGKILL, as when the machine's memory ran out; what was written stays in its folder."""
        assert self._process is not None
        self.cont()
        self._process.kill()

    def stop_signal(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """SIGCONT: it goes on where it was."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, number)

    def end(self) -> None:
        """Kill it if it runs."""
        if self._process is not None:
            self.kill()


def node_in(folder: Path, more_properties: tuple[str, ...] = ()) -> KafkaNode:
    """A node on two free ports, its data in `folder`."""
    jars = bring_kafka_jars(Settings().cache_dir, PlainProgress())
    port, controller_port = (choice.port for choice in choose_ports(("kafka", "controller"), {}, {"kafka": 0}))
    return KafkaNode(folder, port, controller_port, java_command(), jars, SMALL_HEAP, more_properties)


def with_second_listener(node: KafkaNode, port: int, advertised: int) -> KafkaNode:
    """The node, listening on a port more, whose clients are told to come to another one."""
    plain, controller = f"PLAINTEXT://{node.bootstrap_servers}", f"CONTROLLER://127.0.0.1:{node.controller_port}"
    lines = (
        f"listeners={plain},{controller},GATED://127.0.0.1:{port}",
        f"advertised.listeners={plain},GATED://127.0.0.1:{advertised}",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GATED:PLAINTEXT",
    )
    return replace(node, more_properties=(*node.more_properties, *lines))


@contextmanager
def own_broker(
    folder: Path, more_properties: tuple[str, ...] = (), second_listener: tuple[int, int] | None = None
) -> Iterator[OwnBroker]:
    """A running broker with its data below `folder`; killed at the end. `more_properties`: lines of its configuration;
    `second_listener`: a port more, and the one that its clients are told.

    A laboratory on it: `with own_broker(tmp_path) as broker, Lab.created(broker.bootstrap, url, tmp_path, choices)`.
    """
    node = node_in(folder / "kafka", more_properties)
    node = node if second_listener is None else with_second_listener(node, *second_listener)
    broker = OwnBroker(node, folder / "kafka.log")
    try:
        yield broker.start()
    finally:
        broker.end()
