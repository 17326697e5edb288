"""`POST /v1/events` while the broker cannot be reached: nothing is promised, and nothing is lost that was taken."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaError

from chatsnapshot_producers.ingest_delivery import Delivery, Problem
from chatsnapshot_producers.ingest_producer import IngestProducer
from chatsnapshot_producers.ingest_reading import Proposed
from chatsnapshot_schemas.codec import encode_envelope
from chatsnapshot_schemas.connections import KafkaConnection
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import message_key
from tests.pipeline.broker_gate import BrokerGate
from tests.pipeline.events_topic import WITHIN_S, EventsTopic, seven_fields
from tests.pipeline.http_server import HttpServer
from tests.unit.schemas.strategies import some_envelope

LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def topic(kafka_bootstrap: str) -> EventsTopic:
    return EventsTopic(kafka_bootstrap).create()


@pytest.fixture
def gate(topic: EventsTopic) -> Iterator[BrokerGate]:
    with BrokerGate(topic.kafka.bootstrap_servers) as made:
        yield made


def post(server: HttpServer, *events: str) -> httpx.Response:
    content = "\n".join(events)
    return httpx.post(f"{server.url}/v1/events", content=content, headers=LINES, timeout=60, trust_env=False)


def ready(server: HttpServer) -> httpx.Response:
    return httpx.get(f"{server.url}/readyz", timeout=60, trust_env=False)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def test_an_unknown_fate_is_said_and_the_event_arrives_once_the_broker_is_back(
    topic: EventsTopic, gate: BrokerGate, tmp_path: Path
) -> None:
    settings = topic.settings(KAFKA_BOOTSTRAP_SERVERS=gate.address, INGEST_ACK_S=1)
    with HttpServer(tmp_path, **settings) as server:
        assert ready(server).status_code == 503
        first = seven_fields()
        answer = post(server, first, "no json")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        unknown, rejected = answer.json()["results"]
        assert (unknown["status"], unknown["error"]["reason"]) == ("unknown", "broker_unavailable")
        assert unknown["event_id"] == json.loads(first)["event_id"]
        assert rejected["status"] == "rejected"
        # one request a second is let through to find out; the others are refused at once and leave nothing behind
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: post(server, seven_fields()), range(20)))
        assert {each.status_code for each in answers} == {503}
        assert any("results" not in each.json() and each.headers["Retry-After"] for each in answers)
        gate.open()
        wait_until(lambda: post(server, first).status_code == 202)
        assert ready(server).text == "ready\n"
        last = seven_fields()
        assert post(server, last).status_code == 202
    found = [envelope.event_id for envelope in topic.envelopes()]
    assert found.count(json.loads(first)["event_id"]) >= 2  # what was handed over and what came again: the same fact
    assert json.loads(last)["event_id"] in found


@pytest.mark.parametrize("bound", [{"INGEST_INFLIGHT_BYTES_MAX": 20_000}, {"INGEST_INFLIGHT_REQUESTS_MAX": 1}])
def test_what_is_not_settled_takes_room_and_new_requests_are_told_to_come_back(
    topic: EventsTopic, gate: BrokerGate, tmp_path: Path, bound: dict[str, int]
) -> None:
    events = [seven_fields(run=uuid.uuid4().hex) for _ in range(20)]
    settings = topic.settings(KAFKA_BOOTSTRAP_SERVERS=gate.address, INGEST_ACK_S=30, **bound)
    with HttpServer(tmp_path, **settings) as server, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(post, server, *events)
        inflight = "chatsnapshot_ingest_inflight_requests 1.0"
        wait_until(lambda: inflight in httpx.get(f"{server.url}/metrics", trust_env=False).text)
        wait_until(lambda: post(server, seven_fields()).status_code == 429)
        refused = post(server, seven_fields())
        assert (refused.json()["error"]["code"], refused.headers["Retry-After"]) == ("ingest_busy", "2")
        gate.open()
        assert waiting.result(WITHIN_S).status_code == 202
        assert post(server, seven_fields()).status_code == 202
    assert {envelope.event_id for envelope in topic.envelopes()} >= {json.loads(event)["event_id"] for event in events}


def test_what_was_answered_as_unknown_takes_room_until_the_broker_has_it(
    topic: EventsTopic, gate: BrokerGate, tmp_path: Path
) -> None:
    settings = topic.settings(KAFKA_BOOTSTRAP_SERVERS=gate.address, INGEST_ACK_S=1, INGEST_INFLIGHT_REQUESTS_MAX=1)
    with HttpServer(tmp_path, **settings) as server:
        event = seven_fields()
        assert post(server, event).json()["unknown"] == 1
        wait_until(lambda: post(server, seven_fields()).status_code == 429)
        gate.open()
        wait_until(lambda: post(server, seven_fields()).status_code == 202)
    assert [envelope.event_id for envelope in topic.envelopes()].count(json.loads(event)["event_id"]) == 1


def test_a_topic_that_is_not_there_is_said(kafka_bootstrap: str, tmp_path: Path) -> None:
    topic = EventsTopic(kafka_bootstrap)
    with HttpServer(tmp_path, **topic.settings()) as server:
        assert "does not exist; `chatsnapshot migrate` makes it" in ready(server).text
        answer = post(server, seven_fields())
        assert answer.status_code == 503
        assert "does not exist" in answer.json()["results"][0]["error"]["message"]
        topic.create()
        wait_until(lambda: post(server, seven_fields()).status_code == 202)


def test_a_producer_that_cannot_go_on_is_replaced_and_its_events_are_told_unknown(
    topic: EventsTopic, gate: BrokerGate
) -> None:
    connection = KafkaConnection(bootstrap_servers=gate.address)
    producer = IngestProducer(connection, topic.name, Framing(), silent_s=10, queue_events_max=100)
    producer.prepare()
    producer.start()
    try:
        lost, delivered = (proposed(number) for number in (1, 2))
        producer.hand_over([lost], waiting := Waiting())
        producer._hear(KafkaError(KafkaError._FATAL, "made up", fatal=True))
        assert waiting.settled.wait(WITHIN_S)
        (problem,) = waiting.problems(Problem("open", refused=False))
        assert problem is not None
        assert not problem.refused
        assert "_PURGE_QUEUE" in problem.message
        gate.open()
        producer.hand_over([delivered], again := Waiting())
        assert again.settled.wait(WITHIN_S)
        assert again.problems(Problem("open", refused=False)) == [None]
    finally:
        producer.close()
    assert [envelope.event_id for envelope in topic.envelopes()] == [delivered.event_id]


class Waiting(Delivery):
    """Of one event."""

    def __init__(self) -> None:
        self.settled = threading.Event()
        super().__init__(1, self.settled.set)


def proposed(number: int) -> Proposed:
    envelope = some_envelope(event_id=f"01980000-0000-7000-8000-{number:012d}")
    key = message_key(envelope.tenant_id, envelope.correlation_id)
    return Proposed(envelope.event_id, envelope.correlation_id, key, encode_envelope(envelope))
