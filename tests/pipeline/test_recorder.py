"""From `record()` to the events topic of a real broker: nothing is lost, order and numbers are kept."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import NewTopic

from chatsnapshot.cli.app import main
from chatsnapshot.kafka.admin import admin_client
from chatsnapshot.kafka.partition_log import read_partition, reader
from chatsnapshot.recording import Recorder
from chatsnapshot_schemas.codec import decode_envelope
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.envelope import EventEnvelope
from chatsnapshot_schemas.errors import Undelivered
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.json_form import envelope_from_json
from chatsnapshot_schemas.partitioning import message_key, partition_of
from tests.pipeline.broker_gate import BrokerGate

PARTITIONS = 4
WITHIN_S = 60.0


class EventsTopic:
    """The events topic of one test, and what is in it."""

    def __init__(self, bootstrap_servers: str, name: str) -> None:
        self.kafka = KafkaConnection(bootstrap_servers=bootstrap_servers)
        self.name = name

    def create(self, **config: str) -> None:
        topic = NewTopic(self.name, PARTITIONS, 1, config=config)
        admin = admin_client(self.kafka)
        for future in admin.create_topics([topic]).values():
            future.result(WITHIN_S)

    def messages(self) -> list[Message]:
        consumer = reader(self.kafka)
        try:
            return [
                message
                for partition in range(PARTITIONS)
                for message in read_partition(consumer, self.kafka, self.name, partition)
            ]
        finally:
            consumer.close()

    def envelopes(self) -> list[EventEnvelope]:
        return [envelope_of(message) for message in self.messages()]


def envelope_of(message: Message) -> EventEnvelope:
    return decode_envelope(Framing().envelope_body(message.value()))


@pytest.fixture
def unmade_topic(kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EventsTopic:
    prefix = f"t{uuid.uuid4().hex[:8]}"
    for name, value in {"URL": f"kafka://{kafka_bootstrap}", "TOPIC_PREFIX": prefix, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"CHATSNAPSHOT_{name}", value)
    return EventsTopic(kafka_bootstrap, f"{prefix}.events")


@pytest.fixture
def topic(unmade_topic: EventsTopic) -> EventsTopic:
    unmade_topic.create()
    return unmade_topic


@pytest.fixture
def gate(topic: EventsTopic, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokerGate]:
    """The broker cannot be reached until the gate is opened."""
    with BrokerGate(topic.kafka.bootstrap_servers) as made:
        monkeypatch.setenv("CHATSNAPSHOT_URL", f"kafka://{made.address}")
        yield made


def numbers_by_run(envelopes: list[EventEnvelope]) -> dict[str, list[int | None]]:
    """Source numbers as they lie in the topic, per run and instance."""
    found: dict[str, list[int | None]] = defaultdict(list)
    for envelope in envelopes:
        found[f"{envelope.correlation_id} {envelope.source.instance}"].append(envelope.source_seq)
    return dict(found)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def child(way: str, **more: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.pipeline.recording_child", way]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload, no-any-return]


def test_the_order_in_the_topic_is_the_order_of_source_numbers(topic: EventsTopic) -> None:
    recorder = Recorder.connect()

    def work() -> None:
        for number in range(500):
            recorder.run(f"run-{number % 7}").record("execution.message", {"content": "x" * number})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.flush(WITHIN_S)
    recorder.close()
    messages = topic.messages()
    assert len(messages) == 2_000
    for numbers in numbers_by_run([envelope_of(message) for message in messages]).values():
        assert numbers == list(range(len(numbers)))
    for message in messages:
        envelope = envelope_of(message)
        assert message.key() == message_key("default", envelope.correlation_id)
        assert message.partition() == partition_of(message.key() or b"", PARTITIONS)


def test_after_a_crash_the_next_start_sends_everything_once_and_in_order(topic: EventsTopic, gate: BrokerGate) -> None:
    with child("burst") as process:
        assert process.stdout is not None
        told = [line.strip() for line in islice(process.stdout, 1_500)]
        process.kill()  # in the middle of the burst
        told += [line.strip() for line in process.stdout if line.endswith("\n")]
    gate.open()
    with Recorder.connect() as recorder:
        recorder.flush(WITHIN_S)
        assert recorder.status().adopted == 1
    envelopes = topic.envelopes()
    sent = [envelope.event_id for envelope in envelopes]
    assert len(sent) == len(set(sent)) >= len(told)
    assert set(told) <= set(sent)
    numbers = numbers_by_run(envelopes)
    assert len(numbers) == 5
    assert all(of_run == list(range(len(of_run))) for of_run in numbers.values())
    assert not list(Path(os.environ["CHATSNAPSHOT_DATA_DIR"], "spool").iterdir())


def test_events_wait_for_a_broker_that_cannot_be_reached(
    topic: EventsTopic, gate: BrokerGate, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder.connect()
    run = recorder.run("patient")
    for number in range(100):
        run.record("execution.message", {"n": number})
    with pytest.raises(Undelivered, match=r"100 events are not acknowledged yet") as caught:
        recorder.flush(5)
    assert len(caught.value.remaining) == 100
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert not recorder.status().connected
    gate.open()
    run.record("execution.message", {"n": 100})
    recorder.flush(WITHIN_S)
    assert recorder.status().connected
    recorder.close()
    assert [envelope.source_seq for envelope in topic.envelopes()] == list(range(101))


def test_a_missing_topic_is_said_and_waited_for(unmade_topic: EventsTopic, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder.connect()
    run = recorder.run("early")
    events = [run.record("execution.message").event_id for _ in range(10)]
    wait_until(lambda: "does not exist; `chatsnapshot migrate` makes it" in (recorder.status().last_error or ""))
    unmade_topic.create()
    recorder.flush(WITHIN_S)
    recorder.close()
    assert list(dict.fromkeys(envelope.event_id for envelope in unmade_topic.envelopes())) == events
    assert len(caplog.records) == 1


def test_what_is_too_large_for_the_broker_is_kept_and_the_rest_goes_on(
    unmade_topic: EventsTopic, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    unmade_topic.create(**{"max.message.bytes": "20000"})
    recorder = Recorder.connect()
    run = recorder.run("large")
    for number in range(16):
        run.record("execution.message", {"content": "x" * (50_000 if number in (7, 12) else 500)})
    recorder.flush(WITHIN_S)
    recorder.close()
    sent = list(dict.fromkeys(envelope.source_seq for envelope in unmade_topic.envelopes()))
    assert sent == [number for number in range(16) if number not in (7, 12)]
    assert (recorder.status().rejected, recorder.status().spooled) == (2, 0)
    (kept,) = (tmp_path / "spool" / "rejected").glob("*Z-*[0-9a-f].ndjson")
    assert [envelope_from_json(line).source_seq for line in kept.read_text().splitlines()] == [7, 12]
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 2
    assert "payload: the broker does not take an event of 50" in caplog.text


def test_a_fork_with_a_live_connection_ends_well_on_both_sides(topic: EventsTopic) -> None:
    process = child("fork")
    assert process.wait(WITHIN_S) == 0
    by_instance: dict[str | None, list[tuple[int | None, str]]] = defaultdict(list)
    for envelope in topic.envelopes():
        by_instance[envelope.source.instance].append((envelope.source_seq, json.loads(envelope.payload)["by"]))
    assert sorted(by_instance.values()) == [[(0, "child")], [(0, "parent"), (1, "parent")]]


def test_record_by_command_line(topic: EventsTopic, capsys: pytest.CaptureFixture[str]) -> None:
    payload = '{ "content" : "kept as it is" }'
    assert main(["record", "user_message", payload, "--run", "by-hand", "--key", "k-1", "--subject", "u-17"]) == 0
    event_id = capsys.readouterr().out.strip()
    assert main(["record", "tool_called", "{}", "--run", "by-hand", "--cause", event_id, "--json"]) == 0
    printed = envelope_from_json(capsys.readouterr().out)
    first, second = topic.envelopes()
    assert (first.event_id, first.event_type, first.payload) == (event_id, "execution.message", payload)
    assert first.subject_id == "u-17"
    assert second == printed
    assert second.causation_id == event_id
    assert main(["record", "nonsense", "{}", "--run", "by-hand"]) == 1
    assert capsys.readouterr().err.startswith("error: event_type: ")


def test_record_by_command_line_without_a_broker_keeps_the_event(
    topic: EventsTopic, gate: BrokerGate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "message", "{}", "--run", "r", "--wait", "0.5"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: 1 event is not acknowledged yet")
    gate.open()
    with Recorder.connect() as recorder:
        recorder.flush(WITHIN_S)
    assert [envelope.correlation_id for envelope in topic.envelopes()] == ["r"]


def test_import_takes_the_good_lines_untouched_and_keeps_the_bad_ones(
    topic: EventsTopic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [specified_form(number) for number in range(50)]
    bad = ['{"event_type": "execution.message"}', "no json", good[0].replace("execution.message", "nonsense")]
    file = tmp_path / "events.ndjson"
    file.write_text("\n".join([*good[:20], bad[0], "", *bad[1:], *good[20:]]))
    assert main(["import", str(file)]) == 1
    said = capsys.readouterr()
    assert "50 events acknowledged, 3 lines refused" in said.out
    assert [line.split(": ")[0] for line in said.err.splitlines()] == [f"{file}:{number}" for number in (21, 23, 24)]
    rejected = tmp_path / "events.ndjson.rejected.ndjson"
    assert rejected.read_text().splitlines() == bad
    envelopes = topic.envelopes()
    assert envelopes == [envelope_from_json(line) for line in good]
    assert envelopes[0].payload == '{ "n" : 0 }'


def specified_form(number: int) -> str:
    """The seven fields of the original specification."""
    members = {
        "event_id": f"01980000-0000-7000-8000-{number:012d}",
        "event_type": "execution.message",
        "timestamp": "2026-01-01T00:00:00Z",
        "source": {"origin": "agent", "runtime": "ag2"},
        "correlation_id": "imported",
        "causation_id": None,
    }
    return json.dumps(members)[:-1] + f', "payload": {{ "n" : {number} }}}}'
