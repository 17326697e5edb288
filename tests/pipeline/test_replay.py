"""History again: the same bytes, in order, to another topic or to standard output."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import NewTopic

from chatsnapshot import Recorder
from chatsnapshot.connecting import kafka_connection
from chatsnapshot.kafka.admin import admin_client
from chatsnapshot.kafka.partition_log import read_partition, reader
from tests.fixtures.whole_stack import WholeStack
from tests.pipeline.test_record_to_sql import count, wait_until

PARTITIONS = 3
EVENTS = 5
LEDGER = "chatsnapshot.ledger"
PAYLOAD = '{"role": "user",  "content":"gr\\u00fc\\u00dfe – ünïcode", "n": 1.0}'


def records(stack: WholeStack, topic: str) -> Iterator[Message]:
    kafka = kafka_connection(stack.settings)
    consumer = reader(kafka)
    try:
        for partition in range(PARTITIONS):
            yield from read_partition(consumer, kafka, topic, partition)
    finally:
        consumer.close()


def stored(stack: WholeStack, topic: str) -> dict[bytes, list[tuple[Any, ...]]]:
    """Partition, value and headers of every record, by key, in order."""
    found: dict[bytes, list[tuple[Any, ...]]] = {}
    for message in records(stack, topic):
        found.setdefault(bytes(message.key() or b""), []).append(
            (message.partition(), message.value(), message.headers())
        )
    return found


def printed(stack: WholeStack, *arguments: str) -> list[dict[str, Any]]:
    done = stack.run("replay", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def new_topic() -> str:
    return f"copy{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def runs(whole_stack: WholeStack) -> list[str]:
    """Some runs, recorded in turns."""
    ids = [f"replay-{uuid.uuid4().hex[:6]}" for _ in range(3)]
    broker = kafka_connection(whole_stack.settings).bootstrap_servers
    with Recorder.connect(f"kafka://{broker}", service="replay") as recorder:
        for _ in range(EVENTS):
            for run_id in ids:
                recorder.run(run_id).record("execution.message", PAYLOAD)
        recorder.flush(timeout=30)
    wait_until(lambda: all(count(whole_stack, run_id) == EVENTS for run_id in ids))
    return ids


def test_a_run_goes_to_a_topic_byte_for_byte_and_in_order(whole_stack: WholeStack, runs: list[str]) -> None:
    topic = new_topic()
    summary = whole_stack.json("replay", runs[0], "--to", topic, "--create")
    assert summary == {"topic": topic, "read": EVENTS, "delivered": EVENTS}
    key = f"default/{runs[0]}".encode()
    assert stored(whole_stack, topic) == {key: stored(whole_stack, LEDGER)[key]}


def test_a_run_is_printed_with_its_payload_text_untouched(whole_stack: WholeStack, runs: list[str]) -> None:
    done = whole_stack.run("replay", runs[1])
    lines = done.stdout.splitlines()
    assert [json.loads(line)["sequence_no"] for line in lines] == list(range(1, EVENTS + 1))
    assert all(f'"payload":{PAYLOAD}}}}}' in line for line in lines)


def test_a_span_of_time_has_everything_and_keeps_each_runs_order(whole_stack: WholeStack, runs: list[str]) -> None:
    topic = new_topic()
    whole_stack.json("replay", "--from", "1d", "--to", topic, "--create")
    copy, ledger = stored(whole_stack, topic), stored(whole_stack, LEDGER)
    assert {f"default/{run_id}".encode() for run_id in runs} <= copy.keys()
    assert copy == ledger


def test_spans_that_touch_give_every_record_once_also_one_that_was_held(whole_stack: WholeStack) -> None:
    run_id, broker = f"held-{uuid.uuid4().hex[:6]}", kafka_connection(whole_stack.settings).bootstrap_servers
    with Recorder.connect(f"kafka://{broker}", service="replay") as recorder:
        recorder.run(run_id).record("execution.message", {"n": 1}, cause=str(uuid.uuid4()))
        recorder.flush(timeout=30)
    with Recorder.connect(f"kafka://{broker}", service="replay") as recorder:  # another source: it waits for nobody
        for number in (2, 3):
            recorder.run(run_id).record("execution.message", {"n": number})
            recorder.flush(timeout=30)
    wait_until(lambda: count(whole_stack, run_id) == 3)
    run = printed(whole_stack, run_id)
    assert [record["envelope"]["payload"]["n"] for record in run] == [2, 3, 1], "the held one comes last"
    assert run[2]["recorded_at"] < run[0]["recorded_at"] < run[1]["recorded_at"]

    def numbers(*arguments: str) -> list[int]:
        found = printed(whole_stack, *arguments)
        return [each["sequence_no"] for each in found if each["envelope"]["correlation_id"] == run_id]

    cut = run[1]["recorded_at"]
    assert datetime.fromisoformat(cut)
    assert numbers("--from", "1d", "--until", cut) == [1]
    assert numbers("--from", cut) == [2, 3]


def test_only_one_tenant_when_one_is_named(whole_stack: WholeStack, runs: list[str]) -> None:
    assert printed(whole_stack, "--from", "1d", "--tenant", "somebody-else") == []
    assert len(printed(whole_stack, "--from", "1d", "--tenant", "default")) >= len(runs) * EVENTS


@pytest.mark.parametrize("own", ["events", "ledger", "quarantine", "state"])
def test_the_installations_own_topics_are_refused(whole_stack: WholeStack, runs: list[str], own: str) -> None:
    before = stored(whole_stack, f"chatsnapshot.{own}")
    done = whole_stack.run("replay", runs[0], "--to", f"chatsnapshot.{own}", "--create")
    assert done.returncode == 1
    assert "one of this installation's own topics" in done.stderr
    assert stored(whole_stack, f"chatsnapshot.{own}") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "no run 'nobody'"),
        (("nobody", "--to", "absent"), "--create makes it"),
        (("--from", "yesterday"), "--from: 'yesterday' is no time"),
        ((), "say which run"),
        (("x", "--until", "1h"), "--until goes with --from"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_line(
    whole_stack: WholeStack, arguments: tuple[str, ...], said: str
) -> None:
    done = whole_stack.run("replay", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_records_that_a_topic_does_not_take_are_an_error_with_the_way_out(
    whole_stack: WholeStack, runs: list[str]
) -> None:
    topic = new_topic()
    small = NewTopic(topic, PARTITIONS, 1, config={"max.message.bytes": "100"})
    admin = admin_client(kafka_connection(whole_stack.settings))
    admin.create_topics([small])[topic].result()
    done = whole_stack.run("replay", runs[0], "--to", topic)
    assert done.returncode == 1
    assert "0 of " in done.stderr
    assert "set its max.message.bytes" in done.stderr
    assert stored(whole_stack, topic) == {}
