"""Topics of one test's own, sequencer workers on them, and what comes out."""

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from chatsnapshot.migration import migrate_kafka
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.avro_schema import envelope_schema
from chatsnapshot_schemas.chain import genesis_hash, is_intact
from chatsnapshot_schemas.codec import decode_ledger_plain, encode_plain
from chatsnapshot_schemas.connections import TopicNames
from chatsnapshot_schemas.framing import Framing
from chatsnapshot_schemas.partitioning import PARTITIONER, message_key
from chatsnapshot_schemas.rules import Plain
from tests.pipeline.worker_process import WITHIN_S, WorkerProcess

FRAMING = Framing()
EOF = KafkaError._PARTITION_EOF
T = TypeVar("T")


@dataclass
class Installation:
    """One topic prefix on the test broker."""

    bootstrap: str
    folder: Path
    partitions: int = 2
    topics: TopicNames = field(default_factory=lambda: TopicNames(prefix=f"t{uuid.uuid4().hex[:8]}"))

    def migrate(self) -> None:
        migrate_kafka(
            Settings(
                kafka_bootstrap_servers=self.bootstrap, topic_prefix=self.topics.prefix, partitions=self.partitions
            ),
            dry_run=False,
        )

    @property
    def group_id(self) -> str:
        return f"{self.topics.prefix}-sequencer"

    def worker(self, name: str = "worker", **changes: Any) -> "Worker":
        told = {
            "bootstrap": self.bootstrap,
            "prefix": self.topics.prefix,
            "hold_micros": 30_000_000,
            "data_dir": str(self.folder / "data"),
            "session_timeout_s": 10.0,
            "instance_id": "one",
            "registry_url": None,
            "limits": {},
            **changes,
        }
        return Worker(told, self.folder / f"{name}.log")

    def send(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Key and value each, partitioned by key, all acknowledged."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": PARTITIONER, "linger.ms": 5})
        for key, value in records:
            producer.produce(self.topics.events, value, key)
            producer.poll(0)
        assert producer.flush(WITHIN_S) == 0

    def send_to(self, partition: int, value: bytes, key: bytes | None = None, **optional: Any) -> None:
        """One record to a partition of choice, whatever is in it."""
        settings = {"bootstrap.servers": self.bootstrap, "message.max.bytes": 100_000_000}
        producer = Producer({**settings, **optional.pop("settings", {})})
        failed: list[Any] = []
        producer.produce(
            self.topics.events,
            value,
            key,
            partition,
            on_delivery=lambda error, _: failed.append(error) if error else None,
            **optional,
        )
        assert producer.flush(WITHIN_S) == 0
        assert not failed, failed

    def records(self, topic: str) -> list[Message]:
        """Everything that is committed in a topic now, by partition and offset."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "reading",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        places = [TopicPartition(topic, partition, 0) for partition in range(self.partitions)]
        # a partition that somebody writes to all the time may never be at its end
        ends = {place.partition: eventually(lambda place=place: _end(consumer, place)) for place in places}
        consumer.assign(places)
        found: list[Message] = []
        while ends:
            for message in consumer.consume(10_000, 0.1):
                partition, offset = place_of(message)
                error = message.error()
                if error is None and offset < ends.get(partition, 0):
                    found.append(message)
                is_behind = offset + 1 >= ends.get(partition, 0) if error is None else error.code() == EOF
                if is_behind:
                    ends.pop(partition, None)
        consumer.close()
        return sorted(found, key=lambda message: (message.partition(), message.offset()))

    def ledger(self) -> list[Plain]:
        """Every ledger record's plain fields, by partition and offset."""
        return [decode_ledger_plain(body) for body in self.ledger_bodies()]

    def ledger_bodies(self) -> list[bytes]:
        return [FRAMING.ledger_body(value_of(message)) for message in self.records(self.topics.ledger)]

    def state(self) -> dict[tuple[int | None, bytes], bytes]:
        """Latest value of each (partition, key) of the state topic, tombstones left out."""
        latest: dict[tuple[int | None, bytes], bytes] = {}
        for message in self.records(self.topics.state):
            place = (message.partition(), bytes(message.key() or b""))
            latest.pop(place, None)
            if message.value() is not None:
                latest[place] = value_of(message)
        return latest

    def wait_for_ledger(self, count: int, within_s: float = WITHIN_S) -> list[Plain]:
        """The ledger once it has at least `count` records."""
        return eventually(lambda: found if len(found := self.ledger()) >= count else None, within_s)


@dataclass
class Worker(WorkerProcess):
    """One sequencer process."""

    module = "tests.pipeline.run_sequencer"

    @contextmanager
    def running(self) -> Iterator["Worker"]:
        """Started now, killed at the end unless it has ended."""
        with self.waiting():
            yield self.start()

    @contextmanager
    def waiting(self) -> Iterator["Worker"]:
        """To be started by the test, killed at the end unless it has ended."""
        try:
            yield self
        finally:
            if self.process is not None and self.process.poll() is None:
                self.signal(signal.SIGCONT)
                self.kill()


def eventually(look: Callable[[], T | None], within_s: float = WITHIN_S) -> T:
    """What `look` returns once it is not None."""
    give_up = time.monotonic() + within_s
    while time.monotonic() < give_up:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {within_s:g} s")


def _end(consumer: Consumer, place: TopicPartition) -> int | None:
    """Of what is committed; None while the partition has no leader."""
    try:
        return int(consumer.get_watermark_offsets(place, WITHIN_S)[1])
    except KafkaException:
        return None


def place_of(message: Message) -> tuple[int, int]:
    """Partition and offset."""
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    return partition, offset


def value_of(message: Message) -> bytes:
    value = message.value()
    assert isinstance(value, bytes)
    return value


def event(run: str, number: int, cause: str | None = None, **changes: Any) -> Plain:
    """A numbered event of a run; ids follow from run and number."""
    return {
        "event_id": event_id(run, number),
        "tenant_id": "default",
        "correlation_id": run,
        "causation_id": cause,
        "causation_correlation_id": None,
        "caused_by": [],
        "event_type": "execution.message",
        "timestamp": 1_700_000_000_000_000 + number,
        "source": {"origin": "agent", "runtime": "custom", "service": "tests", "instance": "i", "agent": None},
        "source_seq": number,
        "subject_id": None,
        "headers": {},
        "payload": json.dumps({"role": "user", "content": f"{run} {number}"}),
        "payload_ref": None,
        **changes,
    }


def event_id(run: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run}/{number}"))


def input_record(plain: Plain) -> tuple[bytes, bytes]:
    """Key and value of an event."""
    prefix = FRAMING.prefix("events", envelope_schema())
    return message_key(plain["tenant_id"], plain["correlation_id"]), prefix + encode_plain(plain)


def chained_events(runs: Iterable[str], numbers: Iterable[int]) -> list[tuple[bytes, bytes]]:
    """Events of several runs in turn, each caused by the one before it in its run."""
    names = list(runs)
    return [
        input_record(event(run, number, event_id(run, number - 1) if number else None))
        for number in numbers
        for run in names
    ]


def assert_intact(bodies: list[bytes]) -> None:
    """Every chain is dense from 1, linked by hashes, respects causes and holds each event once."""
    heads: dict[tuple[str, str], tuple[int, bytes]] = {}
    seen: set[tuple[str, str]] = set()
    for body in bodies:
        plain = decode_ledger_plain(body)
        envelope = plain["envelope"]
        whose = (envelope["tenant_id"], envelope["correlation_id"])
        number, last = heads.get(whose, (0, genesis_hash(*whose)))
        assert is_intact(body)
        assert (plain["sequence_no"], plain["prev_hash"]) == (number + 1, last)
        assert (whose[1], envelope["event_id"]) not in seen
        if plain["cause"] == "linked":
            assert (whose[1], envelope["causation_id"]) in seen
        seen.add((whose[1], envelope["event_id"]))
        heads[whose] = (plain["sequence_no"], plain["hash"])
