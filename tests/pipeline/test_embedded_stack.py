"""The supervisor with stand-in processes, and with the real broker: order, restarts, stops, kills, refusals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from chatsnapshot.embedded.background import stop_running
from chatsnapshot.embedded.data_folder import DataFolder
from chatsnapshot.embedded.endpoints import read_endpoints
from chatsnapshot.embedded.kafka_broker import HEAP, QUICK_START, KafkaNode, java_environment
from chatsnapshot.embedded.kafka_jars import java_command
from chatsnapshot.embedded.ports import free_port
from chatsnapshot.embedded.process import ChildProcess, Command
from chatsnapshot.embedded.progress import PlainProgress
from chatsnapshot.embedded.status import stack_status
from chatsnapshot.embedded.supervision_state import SupervisionRecord, read_record
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.errors import StackNotRunning
from tests.fixtures.kafka import wait_for_broker

PATIENCE_S = 60.0
ALL_OK = {"backends": ["kafka:ok", "clickhouse:ok"], "setup": "ok", "workers": ["sequencer:ok", "sink:ok", "http:ok"]}


class StandInStack:
    """One supervisor process on one folder."""

    def __init__(self, folder: Path, spec: dict[str, object]) -> None:
        self.folder = DataFolder(folder)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fixtures.stand_in_stack", str(folder), json.dumps(spec)],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""

    def record(self) -> SupervisionRecord:
        record = read_record(self.folder.state_file)
        assert record is not None
        return record

    def pids(self) -> dict[str, int]:
        return {role.role: role.process.pid for role in self.record().roles if role.process}

    def wait_up(self) -> "StandInStack":
        wait_until(lambda: read_endpoints(self.folder.path) is not None or self.process.poll() is not None)
        assert self.process.poll() is None, self.end()
        wait_until(lambda: self.record().phase == "up" and self.record().supervisor.pid == self.process.pid)
        return self

    def end(self, number: int | None = None) -> str:
        """Send the signal, wait for the end, return everything it said."""
        if number is not None:
            self.process.send_signal(number)
        self.said += self.process.communicate(timeout=PATIENCE_S)[1]
        return self.said

    def order(self) -> list[str]:
        return (self.folder.path / "order.txt").read_text().splitlines()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Callable[..., StandInStack]]:
    started: list[StandInStack] = []

    def start(**changes: object) -> StandInStack:
        started.append(StandInStack(tmp_path, ALL_OK | changes))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def all_gone(pids: dict[str, int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_starts_in_order_and_stops_in_reverse_order_leaving_nothing(
    stack: Callable[..., StandInStack], number: int
) -> None:
    running = stack().wait_up()
    pids = running.pids()
    assert set(pids) == {"kafka", "clickhouse", "sequencer", "sink", "http"}
    running.end(number)
    assert running.process.returncode == 0
    assert all_gone(pids)
    assert read_endpoints(running.folder.path) is None
    assert running.record().phase == "stopped"
    starts = [line for line in running.order() if line.startswith("start")]
    assert starts[2] == "start setup"
    assert set(starts[:2]) == {"start kafka", "start clickhouse"}
    assert [line for line in running.order() if line.startswith("stop")] == [
        "stop http",
        "stop sink",
        "stop sequencer",
        "stop clickhouse",
        "stop kafka",
    ]


def test_starts_again_what_dies(stack: Callable[..., StandInStack]) -> None:
    running = stack().wait_up()
    before = running.pids()
    os.kill(before["sink"], signal.SIGKILL)
    wait_until(lambda: running.pids().get("sink", before["sink"]) != before["sink"])
    wait_until(lambda: all(role.state == "ready" for role in running.record().roles))
    after = running.pids()
    assert {name: pid for name, pid in after.items() if name != "sink"} == {
        name: pid for name, pid in before.items() if name != "sink"
    }
    said = running.end(signal.SIGTERM)
    assert "sink died (ended by SIGKILL)" in said
    assert all_gone(after)


def test_a_worker_that_keeps_dying_is_said_loudly_and_the_others_go_on(stack: Callable[..., StandInStack]) -> None:
    running = stack(workers=["sequencer:dies", "sink:ok", "http:ok"]).wait_up()
    states = {role.role: role.state for role in running.record().roles}
    assert states["sequencer"] == "failing"
    assert states["sink"] == states["http"] == "ready"
    said = running.end(signal.SIGTERM)
    assert said.count("sequencer FAILED") == 1
    assert "sequencer cannot live" in said


def test_a_worker_that_is_not_ready_in_time_does_not_hold_up_the_others(stack: Callable[..., StandInStack]) -> None:
    running = stack(workers=["sequencer:silent", "http:ok"]).wait_up()
    assert "sequencer is not ready yet" in running.end(signal.SIGTERM)
    assert running.process.returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"backends": ["kafka:ok", "clickhouse:dies"]}, "clickhouse does not start: clickhouse cannot live"),
        ({"backends": ["kafka:ok", "clickhouse:silent"]}, "clickhouse did not answer in 1 s"),
        ({"setup": "dies"}, "setup failed: setup cannot live"),
    ],
)
def test_a_start_that_cannot_succeed_says_why_and_leaves_nothing(
    stack: Callable[..., StandInStack], change: dict[str, object], words: str
) -> None:
    failed = stack(**change)
    said = failed.end()
    assert failed.process.returncode == 1
    assert f"error: {words}" in said
    assert failed.order()[-1] == "stop kafka"
    assert words in (failed.record().error or "")
    assert failed.pids() == {}


def test_a_second_instance_is_refused_and_the_first_goes_on(stack: Callable[..., StandInStack]) -> None:
    first = stack().wait_up()
    second = stack()
    assert "already runs" in second.end()
    assert second.process.returncode == 1
    assert read_endpoints(first.folder.path) is not None
    assert not all_gone(first.pids())
    first.end(signal.SIGTERM)
    assert first.process.returncode == 0


def test_a_child_that_does_not_end_is_killed_within_its_bound(stack: Callable[..., StandInStack]) -> None:
    running = stack(workers=["sequencer:deaf", "http:ok"]).wait_up()
    pids = running.pids()
    assert "sequencer did not stop by itself and was killed" in running.end(signal.SIGTERM)
    assert running.process.returncode == 0
    assert all_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_kill_9_of_the_supervisor_leaves_no_child_and_the_next_start_works(stack: Callable[..., StandInStack]) -> None:
    killed = stack().wait_up()
    pids = killed.pids()
    killed.end(signal.SIGKILL)
    wait_until(lambda: all_gone(pids))
    assert (killed.folder.path / "endpoints.json").exists()
    assert read_endpoints(killed.folder.path) is None
    again = stack().wait_up()
    again.end(signal.SIGTERM)
    assert again.process.returncode == 0


def test_down_stops_it_from_another_process(stack: Callable[..., StandInStack]) -> None:
    running = stack().wait_up()
    pids = running.pids()
    stop_running(running.folder, PlainProgress())
    assert all_gone(pids)
    running.end()
    assert running.process.returncode == 0
    with pytest.raises(StackNotRunning):
        stop_running(running.folder, PlainProgress())


def test_status_shows_each_process_with_its_memory(
    stack: Callable[..., StandInStack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatsnapshot.kafka.admin.ANSWER_TIMEOUT_S", 0.5)  # the stand-in is no broker
    running = stack(workers=["sequencer:ok", "sink:dies"]).wait_up()
    status = stack_status(Settings(data_dir=running.folder.path))
    shown = {process.role: process for process in status.processes}
    assert list(shown) == ["kafka", "clickhouse", "sequencer", "sink"]
    assert shown["kafka"].pid == running.pids()["kafka"]
    assert (shown["kafka"].memory_bytes or 0) > 1_000_000
    assert shown["sink"].state == "failing"
    assert shown["sink"].last_exit == "exit 3"
    assert status.running
    assert not status.is_healthy
    assert status.kafka is None
    assert len(status.notes) == 2
    running.end(signal.SIGTERM)
    assert not stack_status(Settings(data_dir=running.folder.path)).running


def test_a_disk_that_fills_stops_the_stack_in_good_order(stack: Callable[..., StandInStack]) -> None:
    too_full = stack(free_bytes_floor=2**60)
    said = too_full.end()
    assert too_full.process.returncode == 1
    assert "MB are needed" in said
    assert too_full.pids() == {}


def test_the_broker_keeps_what_it_acknowledged_over_a_kill_and_a_change_of_port(
    tmp_path: Path, kafka_jars: Path
) -> None:
    topic, log = "kept", tmp_path / "kafka.log"
    broker, node = start_kafka(tmp_path, kafka_jars, log)
    try:
        admin = AdminClient({"bootstrap.servers": node.bootstrap_servers})
        admin.create_topics([NewTopic(topic, 1)])[topic].result(30)
        producer = Producer({"bootstrap.servers": node.bootstrap_servers, "acks": "all", "log_level": 0})
        for number in range(500):
            producer.produce(topic, str(number).encode())
        assert producer.flush(30) == 0
    finally:
        broker.kill()
    identity = (tmp_path / "kafka" / "log" / "meta.properties").read_text()
    broker, node = start_kafka(tmp_path, kafka_jars, log)
    try:
        consumer = Consumer({"bootstrap.servers": node.bootstrap_servers, "group.id": "g", "log_level": 0})
        consumer.assign([TopicPartition(topic, 0, 0)])
        values = [message.value() for message in consumer.consume(500, 30)]
        consumer.close()
    finally:
        assert broker.stop(20.0)
    assert values == [str(number).encode() for number in range(500)]
    assert (tmp_path / "kafka" / "log" / "meta.properties").read_text() == identity


def start_kafka(folder: Path, jars: Path, log: Path) -> tuple[ChildProcess, KafkaNode]:
    node = KafkaNode(folder / "kafka", free_port(), free_port(), java_command(), jars, (*HEAP, QUICK_START))
    node.prepare()
    broker = ChildProcess(Command(node.command(), java_environment(), log, cwd=node.folder))
    wait_for_broker(broker, KafkaConnection(bootstrap_servers=node.bootstrap_servers), log)
    return broker, node
